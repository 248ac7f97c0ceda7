/*
 * The way into a session: the password, and where it is asked for the second factor. Each is sent
 * once. A login changes nothing on an account, so one whose answer got lost is CK_ERR_UNREACHABLE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "session_internal.h"

enum ck_err ck_session_nothing_changed(const struct ck_session *session, enum ck_err r,
                                       struct ck_error *err)
{
    if (r != CK_ERR_UNKNOWN)
        return r;
    err->code =
        session->cancel != NULL && *session->cancel ? CK_ERR_INTERRUPTED : CK_ERR_UNREACHABLE;
    return err->code;
}

/* The server's own redirects leave out the final slash. */
static bool leads_to(const char *location, const char *path)
{
    size_t size = strlen(path);

    if (size > 1 && path[size - 1] == '/')
        size--;
    return strncmp(location, path, size) == 0 &&
           (location[size] == '\0' || strcmp(location + size, "/") == 0);
}

bool ck_session_leads_to_login(const struct ck_session *session, const char *location)
{
    return leads_to(location, ck_session_login_path(session)) || leads_to(location, "/");
}

/*
 * Back to its login page is where a login leads that the server holds until a factor is set up or
 * the password changed; which of them, only that page tells (dialects 3.4).
 */
static enum ck_err read_hold(struct ck_session *session, struct ck_error *err)
{
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    CK_CLEANUP(ck_page_clear) struct ck_page page = {0};
    enum ck_err r = ck_session_get(session, ck_session_login_path(session), &response, err);

    if (r != CK_OK)
        return r;
    if (response.status == 302) {
        session->state = CK_SESSION_OPEN;
        return CK_OK;
    }
    r = ck_session_read_page(&response, &page, err);
    if (r == CK_OK)
        r = ck_session_check_owner(session, &page, err);
    if (r == CK_OK && !page.setup_factor && !page.change_password)
        r = ck_error_set(err, CK_ERR_UNREACHABLE,
                         "the server holds the login of '%s' for a reason that it does not tell",
                         session->account.name);
    if (r != CK_OK)
        return r;
    ck_session_keep_page(session, &page);
    session->state = CK_SESSION_HELD;
    return CK_OK;
}

static enum ck_err other_role(const struct ck_session *session, enum ck_role role,
                              struct ck_error *err)
{
    ck_error_set(err, CK_ERR_REFUSED, "'%s' logged in at %s as %s, not as %s",
                 session->account.name, ck_session_login_path(session), ck_role_name(role),
                 ck_role_name(session->account.role));
    return ck_error_hint(err, "Say --role %s if that is the account you mean.", ck_role_name(role));
}

enum ck_err ck_session_settle(struct ck_session *session, const char *location,
                              struct ck_error *err)
{
    enum ck_role role;

    if (ck_dialect_start_role(session->dialect, location, &role) && role != session->account.role)
        return other_role(session, role, err);
    if (leads_to(location, ck_session_login_path(session)))
        return read_hold(session, err);
    session->state = CK_SESSION_OPEN;
    return CK_OK;
}

enum ck_err ck_session_resettle(struct ck_session *session, struct ck_error *err)
{
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    enum ck_err r = ck_session_get(session, ck_session_factor_path(session), &response, err);

    if (r == CK_OK && response.status == 302) {
        r = ck_session_settle(session, response.location, err);
        /* It leads elsewhere, so that nothing was read yet. */
        return r == CK_OK && session->state == CK_SESSION_OPEN ? ck_session_visit(session, err) : r;
    }
    if (r == CK_OK)
        r = ck_session_read_factor_page(session, &response, err);
    if (r == CK_OK)
        session->state = CK_SESSION_OPEN;
    return r;
}

static enum ck_err refused(struct ck_session *session, struct ck_page *page, struct ck_error *err)
{
    const char *advice =
        session->dialect == CK_DIALECT_SINGLE
            ? "Check the name and the password; the account may be deactivated."
            : "Check the name, the password and the role (--role); the account may "
              "be deactivated.";

    session->live = false;
    ck_error_set(err, CK_ERR_REFUSED, "the server refused '%s' as %s at its login page %s",
                 session->account.name, ck_role_name(session->account.role),
                 ck_session_login_path(session));
    ck_session_censor(session, page);
    return ck_session_hint(err, advice, page);
}

static enum ck_err judge_page(struct ck_session *session, const struct ck_response *response,
                              struct ck_error *err)
{
    CK_CLEANUP(ck_page_clear) struct ck_page page = {0};
    enum ck_err r = ck_session_read_page(response, &page, err);

    if (r != CK_OK)
        return r;
    if (!page.confirm_factor)
        return refused(session, &page, err);
    ck_session_keep_page(session, &page);
    session->state = CK_SESSION_ASKS_FACTOR;
    return CK_OK;
}

static enum ck_err send_password(struct ck_session *session, const struct ck_secret *password,
                                 struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *form = NULL;
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    enum ck_err r = ck_form_add(&form, "login_user", session->account.name, err);

    if (r == CK_OK)
        r = ck_form_add_secret(&form, "pass_user", password, err);
    if (r == CK_OK)
        r = ck_session_note_sent(session, ck_secret_bytes(password), ck_secret_size(password), err);
    if (r == CK_OK)
        r = ck_session_post(session, ck_session_login_path(session), form, &response, err);
    session->live = r == CK_OK || r == CK_ERR_UNKNOWN;
    if (r != CK_OK)
        return ck_session_nothing_changed(session, r, err);
    if (response.status == 302)
        return ck_session_settle(session, response.location, err);
    return judge_page(session, &response, err);
}

enum ck_err ck_session_login(const struct ck_http_settings *settings, enum ck_dialect dialect,
                             const struct ck_account *account, const struct ck_secret *password,
                             struct ck_session **ret_session, struct ck_error *err)
{
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;
    enum ck_err r = ck_session_new(settings, dialect, account, &session, err);

    if (r == CK_OK)
        r = send_password(session, password, err);
    if (r == CK_OK)
        *ret_session = CK_TAKE(session);
    return r;
}

bool ck_session_is_another(const struct ck_session *session, const struct ck_page *page)
{
    return *session->page.csrf && *page->csrf && strcmp(session->page.csrf, page->csrf) != 0;
}

/*
 * A login page that complains of nothing, or of an answer that belongs to no login: the session was
 * lost, and the answer not looked at.
 */
static enum ck_err not_judged(const struct ck_session *session, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_UNREACHABLE, "the server forgot the login of '%s' in between",
                 session->account.name);
    return ck_error_hint(err, "It did not judge the second factor: start again.");
}

static enum ck_err judge_answer(struct ck_session *session, const struct ck_response *response,
                                struct ck_error *err)
{
    CK_CLEANUP(ck_page_clear) struct ck_page page = {0};

    if (response->status == 302)
        return ck_session_settle(session, response->location, err);
    enum ck_err r = ck_session_read_page(response, &page, err);
    if (r != CK_OK)
        return r;
    if (ck_page_alert(&page, "danger") == NULL || ck_session_is_another(session, &page))
        return not_judged(session, err);
    ck_error_set(err, CK_ERR_REFUSED, "the server refused the second factor of '%s'",
                 session->account.name);
    ck_session_censor(session, &page);
    return ck_session_hint(err, "", &page);
}

/*
 * Posted where the password was: elsewhere the server verifies, and logs nobody in (protocol 1.1).
 */
enum ck_err ck_session_answer(struct ck_session *session, const struct ck_secret *form,
                              struct ck_error *err)
{
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};

    if (session->state != CK_SESSION_ASKS_FACTOR)
        return ck_error_set(err, CK_ERR_UNCHANGED, "the server does not ask for a second factor");
    enum ck_err r = ck_session_post(session, ck_session_login_path(session), form, &response, err);
    if (r == CK_OK)
        r = judge_answer(session, &response, err);
    return ck_session_nothing_changed(session, r, err);
}

enum ck_err ck_session_answer_totp(struct ck_session *session, uint64_t id, const char *code,
                                   struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *form = NULL;
    char row[24];
    enum ck_err r = ck_form_add(&form, "verify_tfa_login", "", err);

    snprintf(row, sizeof(row), "%llu", (unsigned long long)id);
    if (r == CK_OK)
        r = ck_form_add(&form, "tfa_method", "totp", err);
    if (r == CK_OK)
        r = ck_form_add(&form, "id", row, err);
    if (r == CK_OK)
        r = ck_form_add(&form, "token", code, err);
    if (r == CK_OK)
        r = ck_session_note_sent(session, code, strlen(code), err);
    session->offers.answered_id = id;
    return r == CK_OK ? ck_session_answer(session, form, err) : r;
}

enum ck_err ck_session_answer_yubiotp(struct ck_session *session, const struct ck_secret *otp,
                                      struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *form = NULL;
    enum ck_err r = ck_form_add(&form, "verify_tfa_login", "", err);

    if (r == CK_OK)
        r = ck_form_add(&form, "tfa_method", "yubi_otp", err);
    if (r == CK_OK)
        r = ck_form_add_secret(&form, "token", otp, err);
    if (r == CK_OK)
        r = ck_session_note_sent(session, ck_secret_bytes(otp), ck_secret_size(otp), err);
    return r == CK_OK ? ck_session_answer(session, form, err) : r;
}
