/* The single-use sign-on of a domain admin, by API key (protocol 8). */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "admin_internal.h"
#include "admin_json.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/json.h"
#include "session_internal.h"

/* Asking for it changes nothing on the account, so its outcome is never unknown. */
static enum ck_err ask_token(struct ck_admin *admin, const struct ck_account *account,
                             struct ck_secret **ret_token, struct ck_error *err)
{
    CK_CLEANUP(ck_json_free) json_t *body = json_pack("{s:s}", "username", account->name);
    CK_CLEANUP(ck_secret_free) struct ck_secret *json = NULL;
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};

    if (body == NULL)
        return ck_error_no_memory(err);
    enum ck_err r = ck_json_dump(body, JSON_COMPACT, &json, err);
    if (r == CK_OK)
        r = ck_admin_post(admin, "/api/v1/add/sso/domain-admin", json, &response, err);
    if (r == CK_ERR_UNKNOWN) {
        const volatile sig_atomic_t *cancel = admin->settings->cancel;
        r = err->code = cancel != NULL && *cancel ? CK_ERR_INTERRUPTED : CK_ERR_UNREACHABLE;
    }
    return r == CK_OK ? ck_sign_on_token_parse(response.body, response.size, ret_token, err) : r;
}

static enum ck_err not_given(const struct ck_account *account, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_UNCHANGED, "the server gives no sign-on for the domain admin '%s'",
                 account->name);
    return ck_error_hint(err, "It gives one for active domain admins only.");
}

/* Nobody is logged in by a token that is not good: the login page comes instead. */
static enum ck_err use_token(struct ck_session *session, const struct ck_secret *token,
                             struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *path = NULL;
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    const char *page = ck_session_login_path(session);
    static const char name[] = "?sso_token=";
    enum ck_err r = ck_secret_new(page, strlen(page), &path, err);

    if (r == CK_OK)
        r = ck_secret_append(&path, name, strlen(name), err);
    if (r == CK_OK)
        r = ck_secret_append(&path, ck_secret_bytes(token), ck_secret_size(token), err);
    if (r != CK_OK)
        return r;
    session->live = true;
    r = ck_session_get(session, ck_secret_bytes(path), &response, err);
    if (r == CK_OK && response.status == 200)
        return not_given(&session->account, err);
    if (r == CK_OK && response.status != 302)
        return ck_session_bad_status(response.status, CK_ERR_UNREACHABLE, err);
    return r;
}

enum ck_err ck_admin_sign_on(struct ck_admin *admin, const struct ck_account *domain_admin,
                             struct ck_session **ret_session, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *token = NULL;
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;

    if (admin->session != NULL)
        return ck_error_set(err, CK_ERR_USAGE, "a sign-on takes an API key");
    if (domain_admin->role != CK_ROLE_DOMAIN_ADMIN)
        return ck_error_set(err, CK_ERR_USAGE, "'%s' is no domain admin: only those can sign on",
                            domain_admin->name);
    enum ck_err r = ask_token(admin, domain_admin, &token, err);
    if (r == CK_ERR_UNCHANGED)
        return not_given(domain_admin, err);
    if (r == CK_OK)
        r = ck_session_new(admin->settings, admin->dialect, domain_admin, &session, err);
    if (r == CK_OK)
        r = use_token(session, token, err);
    if (r == CK_OK)
        r = ck_session_visit(session, err);
    if (r == CK_OK)
        *ret_session = CK_TAKE(session);
    return r;
}
