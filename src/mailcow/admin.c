/* Who manages accounts: the two clients, their exchanges, and what they read. */
#include "cowkey/mailcow/admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin_internal.h"
#include "admin_json.h"
#include "answer.h"
#include "change.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/encode.h"
#include "session_internal.h"

/* --- the two clients --- */

enum ck_err ck_admin_open_key(const struct ck_http_settings *settings, enum ck_dialect dialect,
                              const struct ck_secret *api_key, struct ck_admin **ret_admin,
                              struct ck_error *err)
{
    CK_CLEANUP(ck_admin_close) struct ck_admin *admin = calloc(1, sizeof(*admin));

    if (admin == NULL)
        return ck_error_no_memory(err);
    admin->settings = settings;
    admin->dialect = dialect;
    enum ck_err r = ck_http_new_with_key(settings, api_key, &admin->http, err);
    if (r == CK_OK)
        *ret_admin = CK_TAKE(admin);
    return r;
}

static enum ck_err check_session(const struct ck_session *session, struct ck_error *err)
{
    const char *name = session->account.name;

    if (session->account.role == CK_ROLE_MAILBOX)
        return ck_error_set(err, CK_ERR_USAGE, "'%s' is a mailbox: it manages no accounts", name);
    if (session->state == CK_SESSION_HELD) {
        ck_error_set(err, CK_ERR_REFUSED, "the server holds the login of '%s'", name);
        return ck_error_hint(
            err, "%s",
            session->page.setup_factor
                ? "It insists on a second factor: 'cowkey enroll totp' sets one up."
                : "It insists on a new password: 'cowkey password' changes it.");
    }
    return ck_change_check_open(session, err);
}

enum ck_err ck_admin_open_session(struct ck_session *session, struct ck_admin **ret_admin,
                                  struct ck_error *err)
{
    enum ck_err r = check_session(session, err);

    if (r != CK_OK)
        return r;
    struct ck_admin *admin = calloc(1, sizeof(*admin));
    if (admin == NULL)
        return ck_error_no_memory(err);
    admin->session = session;
    *ret_admin = admin;
    return CK_OK;
}

void ck_admin_close(struct ck_admin **admin)
{
    if (*admin == NULL)
        return;
    ck_http_free(&(*admin)->http);
    free(CK_TAKE(*admin));
}

static struct ck_http *http_of(const struct ck_admin *admin)
{
    return admin->session != NULL ? admin->session->http : admin->http;
}

void ck_admin_set_cancel(struct ck_admin *admin, const volatile sig_atomic_t *cancel)
{
    ck_http_set_cancel(http_of(admin), cancel);
}

void ck_admin_wait_turn(struct ck_admin *admin)
{
    ck_http_wait_turn(http_of(admin));
}

bool ck_admin_not_taken(const struct ck_admin *admin)
{
    return ck_http_not_taken(http_of(admin));
}

const struct ck_account *ck_admin_account(const struct ck_admin *admin)
{
    return admin->session != NULL ? &admin->session->account : NULL;
}

bool ck_admin_manages(const struct ck_admin *admin, enum ck_role role)
{
    return admin->session == NULL || admin->session->account.role == CK_ROLE_ADMIN ||
           role == CK_ROLE_MAILBOX;
}

enum ck_err ck_admin_check_manages(const struct ck_admin *admin, enum ck_role role,
                                   struct ck_error *err)
{
    if (ck_admin_manages(admin, role))
        return CK_OK;
    ck_error_set(err, CK_ERR_UNCHANGED, "the domain admin '%s' manages mailboxes only",
                 admin->session->account.name);
    return ck_error_hint(err,
                         "Log in as an admin, or give an API key, for accounts of the role %s.",
                         ck_role_name(role));
}

/* --- exchanges --- */

/*
 * The texts of these answers are constants of the server's API, in every language; should one
 * change, the first sentence is still true.
 */
static enum ck_err key_refused(const struct ck_response *response, struct ck_error *err)
{
    static const char other_address[] = "api access denied for ip ";
    char message[CK_ANSWER_MESSAGE_MAX] = "";
    const char *counted = "The server counts this as a failed login: do not simply try again.";

    if (!ck_api_error_parse(response->body, response->size, message, sizeof(message)))
        return ck_session_bad_status(response->status, CK_ERR_UNREACHABLE, err);
    if (response->status == 403) {
        ck_error_set(err, CK_ERR_REFUSED,
                     "the API key may only read, and this needs one that may "
                     "write");
        return ck_error_hint(err, "mailcow's admin makes both kinds in the configuration, at "
                                  "access.");
    }
    if (strncmp(message, other_address, strlen(other_address)) == 0) {
        ck_error_set(err, CK_ERR_REFUSED,
                     "the API key may not be used from this address, which is "
                     "%.64s to the server",
                     message + strlen(other_address));
        return ck_error_hint(err, "Add the address to those that the key is allowed from. %s",
                             counted);
    }
    ck_error_set(err, CK_ERR_REFUSED, "the server refused the API key");
    return ck_error_hint(err, "It is wrong, or not active. %s", counted);
}

/* An answer of the API without a body: nobody is logged in. */
static enum ck_err nobody(const struct ck_admin *admin, struct ck_error *err)
{
    if (admin->session != NULL)
        return ck_error_set(err, CK_ERR_UNREACHABLE, "the server did not keep the login of '%s'",
                            admin->session->account.name);
    ck_error_set(err, CK_ERR_UNREACHABLE, "the server answered without regard to the API key");
    return ck_error_hint(err, "A proxy before mailcow seems to drop the header X-API-Key.");
}

static enum ck_err check_answer(const struct ck_admin *admin, const struct ck_response *response,
                                struct ck_error *err)
{
    if (admin->session == NULL && (response->status == 401 || response->status == 403))
        return key_refused(response, err);
    if (response->status != 200)
        return ck_session_bad_status(response->status, CK_ERR_UNREACHABLE, err);
    return response->size + response->taken > 0 ? CK_OK : nobody(admin, err);
}

/* What was lent to another account speaks for that one. */
static enum ck_err check_free(struct ck_admin *admin, struct ck_error *err)
{
    return admin->session != NULL ? ck_session_check_returned(admin->session, err) : CK_OK;
}

enum ck_err ck_admin_get_piecewise(struct ck_admin *admin, const char *path, size_t size_max,
                                   const struct ck_http_taker *taker,
                                   struct ck_response *ret_response, struct ck_error *err)
{
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    enum ck_err r = check_free(admin, err);

    if (r == CK_OK && admin->session != NULL)
        r = ck_session_get_piecewise(admin->session, path, size_max, taker, &response, err);
    else if (r == CK_OK)
        r = ck_http_get_piecewise(admin->http, path, size_max, taker, &response, err);
    if (r == CK_OK)
        r = check_answer(admin, &response, err);
    if (r != CK_OK)
        return r;
    *ret_response = response;
    response = (struct ck_response){0};
    return CK_OK;
}

enum ck_err ck_admin_get(struct ck_admin *admin, const char *path, size_t body_max,
                         struct ck_response *ret_response, struct ck_error *err)
{
    return ck_admin_get_piecewise(admin, path, body_max, NULL, ret_response, err);
}

enum ck_err ck_admin_post(struct ck_admin *admin, const char *path, const struct ck_secret *json,
                          struct ck_response *ret_response, struct ck_error *err)
{
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    char ignored[CK_ANSWER_MESSAGE_MAX];
    enum ck_err r = check_free(admin, err);

    if (r == CK_OK && admin->session != NULL)
        r = ck_session_post_json(admin->session, path, json, &response, err);
    else if (r == CK_OK)
        r = ck_http_post(admin->http, path, "application/json", json, &response, err);
    if (r != CK_OK)
        return r;
    /* 403 is how the server tells a session that has ended. */
    if (admin->session != NULL && response.status == 403 &&
        ck_api_error_parse(response.body, response.size, ignored, sizeof(ignored)))
        return ck_change_session_over(admin->session, err);
    r = check_answer(admin, &response, err);
    if (r == CK_ERR_UNREACHABLE && !ck_admin_not_taken(admin))
        r = err->code = CK_ERR_UNKNOWN;
    if (r != CK_OK)
        return r;
    *ret_response = response;
    response = (struct ck_response){0};
    return CK_OK;
}

/* --- reads --- */

static const char *const kinds[] = {
    [CK_ROLE_MAILBOX] = "mailbox",
    [CK_ROLE_DOMAIN_ADMIN] = "domain-admin",
    [CK_ROLE_ADMIN] = "admin",
};

static enum ck_err get_named(struct ck_admin *admin, const char *before, const char *name,
                             size_t body_max, struct ck_response *ret_response,
                             struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *encoded = NULL;
    char path[CK_HTTP_PATH_MAX];
    enum ck_err r = ck_percent_encode(&encoded, name, strlen(name), err);

    if (r != CK_OK)
        return r;
    snprintf(path, sizeof(path), "%s%s", before, ck_secret_bytes(encoded));
    return ck_admin_get(admin, path, body_max, ret_response, err);
}

enum ck_err ck_admin_read(struct ck_admin *admin, const struct ck_account *account,
                          struct ck_record *ret_record, struct ck_error *err)
{
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    char before[64];
    bool found = true;
    enum ck_err r = ck_admin_check_manages(admin, account->role, err);

    snprintf(before, sizeof(before), "/api/v1/get/%s/", kinds[account->role]);
    if (r == CK_OK)
        r = get_named(admin, before, account->name, CK_HTTP_BODY_MAX, &response, err);
    if (r == CK_OK)
        r = ck_record_parse(response.body, response.size, account, ret_record, &found, err);
    if (r != CK_OK || found)
        return r;
    ck_error_set(err, CK_ERR_USAGE, "the server has no %s '%s'", ck_role_name(account->role),
                 account->name);
    if (admin->session != NULL && admin->session->account.role == CK_ROLE_DOMAIN_ADMIN)
        return ck_error_hint(err, "Or it is not one that '%s' manages.",
                             admin->session->account.name);
    return err->code;
}

enum ck_err ck_admin_list(struct ck_admin *admin, enum ck_role role, struct ck_records *ret_records,
                          struct ck_error *err)
{
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    CK_CLEANUP(ck_records_clear) struct ck_records records = {0};
    char path[64];

    if (role == CK_ROLE_MAILBOX)
        return ck_error_set(err, CK_ERR_USAGE, "mailboxes are listed by domain");
    enum ck_err r = ck_admin_check_manages(admin, role, err);
    snprintf(path, sizeof(path), "/api/v1/get/%s/all", kinds[role]);
    if (r == CK_OK)
        r = ck_admin_get(admin, path, CK_ADMIN_LIST_MAX, &response, err);
    if (r == CK_OK)
        r = ck_records_parse(response.body, response.size, role, NULL, &records, err);
    /* Every server has an admin; an empty list is how it keeps them from somebody. */
    if (r == CK_OK && role == CK_ROLE_ADMIN && records.count == 0)
        r = ck_error_set(err, CK_ERR_UNREACHABLE, "the server does not show its admins");
    if (r != CK_OK)
        return r;
    *ret_records = records;
    records = (struct ck_records){0};
    return CK_OK;
}

enum ck_err ck_admin_list_domains(struct ck_admin *admin, struct ck_domains *ret_domains,
                                  struct ck_error *err)
{
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    enum ck_err r =
        ck_admin_get(admin, "/api/v1/get/domain/all", CK_ADMIN_LIST_MAX, &response, err);

    return r == CK_OK ? ck_domains_parse(response.body, response.size, ret_domains, err) : r;
}

/* The short form of the rows, which spares the server several questions for each mailbox. */
enum ck_err ck_admin_list_mailboxes(struct ck_admin *admin, const char *domain,
                                    struct ck_records *ret_records, struct ck_error *err)
{
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};

    if (!ck_domain_is_valid(domain))
        return ck_error_set(err, CK_ERR_USAGE, "'%.200s' is not a domain", domain);
    enum ck_err r =
        get_named(admin, "/api/v1/get/mailbox/reduced/", domain, CK_ADMIN_LIST_MAX, &response, err);
    if (r == CK_OK)
        r = ck_records_parse(response.body, response.size, CK_ROLE_MAILBOX, domain, ret_records,
                             err);
    return r;
}

enum ck_err ck_admin_count_app_passwords(struct ck_admin *admin, const struct ck_account *mailbox,
                                         int *ret_count, struct ck_error *err)
{
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};

    if (mailbox->role != CK_ROLE_MAILBOX)
        return ck_error_set(err, CK_ERR_USAGE, "'%s' is no mailbox: only those have app passwords",
                            mailbox->name);
    enum ck_err r = get_named(admin, "/api/v1/get/app-passwd/all/", mailbox->name, CK_HTTP_BODY_MAX,
                              &response, err);
    if (r == CK_OK)
        *ret_count = ck_answer_count_app_passwords(response.body, response.size, mailbox->name);
    return r;
}
