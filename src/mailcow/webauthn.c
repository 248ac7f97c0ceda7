#include "cowkey/mailcow/webauthn.h"

#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "change.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/mailcow/factor.h"
#include "cowkey/mailcow/log_in_as.h"
#include "webauthn_json.h"
#include "webauthn_session.h"

static const struct {
    const char *options_path;
    const char *register_path;
} requests[] = {
    [CK_WEBAUTHN_FACTOR] = {"/api/v1/get/webauthn-tfa-registration",
                            "/api/v1/add/webauthn-tfa-registration"},
    [CK_WEBAUTHN_PASSKEY] = {"/api/v1/get/fido2-registration", "/api/v1/add/fido2-registration"},
};

/* --- options --- */

static enum ck_err check_host(const struct ck_host *host, struct ck_error *err)
{
    if (!host->is_ip)
        return CK_OK;
    ck_error_set(err, CK_ERR_USAGE, "a security key works for a name, and '%s' is an address",
                 host->name);
    return ck_error_hint(err, "Give the name that people write in their browsers as --server.");
}

enum ck_err ck_webauthn_get_options(struct ck_session *session, const char *path,
                                    struct ck_response *ret_response, struct ck_error *err)
{
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    enum ck_err r = check_host(&session->host, err);

    if (r == CK_OK)
        r = ck_session_get(session, path, &response, err);
    if (r != CK_OK)
        return r;
    if (response.status != 200)
        return ck_session_bad_status(response.status, CK_ERR_UNREACHABLE, err);
    if (response.size == 0) {
        ck_error_set(err, CK_ERR_UNREACHABLE, "the server gave '%s' no options for a security key",
                     session->account.name);
        return ck_error_hint(err, "It did not keep the login, or a proxy is in the way.");
    }
    *ret_response = response;
    response = (struct ck_response){0};
    return CK_OK;
}

/*
 * As with other factors, what the server's page does not offer an account (those of an outside
 * directory) is not set up.
 */
static enum ck_err check_offered(const struct ck_session *session, enum ck_webauthn_kind kind,
                                 struct ck_error *err)
{
    enum ck_err r = ck_change_check_open(session, err);
    const struct ck_page *page = &session->page;
    bool factor = kind == CK_WEBAUTHN_FACTOR;

    if (r == CK_OK && (factor ? page->factors_state : page->passkeys_state) != CK_LIST_PRESENT)
        r = ck_error_set(err, CK_ERR_UNCHANGED, "the server offers '%s' no %s",
                         session->account.name, factor ? "second factors" : "passkeys");
    return r;
}

/* A browser would not take it, and no key has room for it. */
static enum ck_err check_name(const struct ck_account *account, struct ck_error *err)
{
    if (strlen(account->name) <= CK_USER_ID_MAX)
        return CK_OK;
    return ck_error_set(err, CK_ERR_UNCHANGED,
                        "the name '%s' is longer than the %d bytes that a security key keeps",
                        account->name, CK_USER_ID_MAX);
}

enum ck_err ck_webauthn_creation_options(struct ck_session *session, enum ck_webauthn_kind kind,
                                         struct ck_creation_options *ret_options,
                                         struct ck_error *err)
{
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    enum ck_err r = session->state == CK_SESSION_HELD ? CK_OK : check_offered(session, kind, err);

    if (r == CK_OK)
        r = check_name(&session->account, err);
    if (r == CK_OK)
        r = ck_webauthn_get_options(session, requests[kind].options_path, &response, err);
    if (r == CK_OK)
        r = ck_webauthn_json_read_creation(response.body, response.size, &session->host,
                                           &session->account, ret_options, err);
    return r;
}

/*
 * Asked past the checks above: those are for making a credential, and what the server has stored it
 * also tells of accounts that it offers none.
 */
enum ck_err ck_session_count_security_keys(struct ck_session *session, int *ret_count,
                                           struct ck_error *err)
{
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    enum ck_err r =
        ck_session_get(session, requests[CK_WEBAUTHN_FACTOR].options_path, &response, err);

    if (r != CK_OK)
        return r;
    if (response.status != 200)
        return ck_session_bad_status(response.status, CK_ERR_UNREACHABLE, err);
    return ck_webauthn_json_count_excluded(response.body, response.size, &session->account,
                                           ret_count, err);
}

/* --- registration --- */

/* What the messages of the server's library come from; they are never translated. */
static const struct {
    const char *words;
    const char *advice;
} causes[] = {
    {"root certificate", "The server takes the keys of some makers only, and this one's is not "
                         "among them, or the key does not tell its maker."},
    {"trusted root", "The server takes the keys of some makers only, and this one's is not among "
                     "them."},
    {"user not verified", "A passkey needs the key's PIN or fingerprint."},
    {"rpId", "A proxy before mailcow seems to change the name that it is asked for."},
    {"origin", "A proxy before mailcow seems to change the name that it is asked for."},
    {"keyHandle", "The key's credential id is too long for the server: use another key."},
    {"key type", "The server can't use this kind of key."},
    {"unsupported alg", "The server can't use this kind of key."},
};

static const char *advice_for(const char *message)
{
    for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
        if (strstr(message, causes[i].words) != NULL)
            return causes[i].advice;
    }
    return NULL;
}

static enum ck_err refused(const struct ck_session *session, const char *message,
                           struct ck_error *err)
{
    const char *advice = advice_for(message);

    ck_error_set(err, CK_ERR_UNCHANGED, "the server refused the security key of '%s'",
                 session->account.name);
    if (!*message || ck_session_shows_sent(session, message))
        return ck_error_hint(err, "%s", advice ? advice : "");
    return ck_error_hint(err, "%s%sThe server says: '%s'.", advice ? advice : "", advice ? " " : "",
                         message);
}

static enum ck_err judge(const struct ck_session *session, const struct ck_response *response,
                         struct ck_error *err)
{
    char message[CK_ANSWER_MESSAGE_MAX];

    /* 403, too, comes with words of the server's own; a proxy's has others. */
    if (response->status != 200 && response->status != 403)
        return ck_change_unknown(ck_session_bad_status(response->status, CK_ERR_UNKNOWN, err), err);
    enum ck_err r = ck_answer_read_success(response->body, response->size, message, err);
    if (r == CK_ERR_UNREACHABLE)
        return ck_change_session_over(session, err);
    if (r == CK_ERR_UNCHANGED)
        return refused(session, message, err);
    if (r != CK_OK && response->status != 200)
        ck_session_bad_status(response->status, CK_ERR_UNKNOWN, err);
    return ck_change_unknown(r, err);
}

static enum ck_err check_factor(const struct ck_session *session, const char *label,
                                const struct ck_secret *password, struct ck_error *err)
{
    enum ck_err r = ck_factor_label_check(label, err);

    if (r == CK_OK && !ck_change_is_setup(session) && password == NULL)
        r = ck_error_set(err, CK_ERR_USAGE, "the password of '%s' is missing",
                         session->account.name);
    return r;
}

enum ck_err ck_webauthn_register(struct ck_session *session, enum ck_webauthn_kind kind,
                                 const struct ck_registration *registration, const char *label,
                                 const struct ck_secret *password, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *body = NULL;
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    bool setup = ck_change_is_setup(session);
    bool factor = kind == CK_WEBAUTHN_FACTOR;
    enum ck_err r = setup ? CK_OK : check_offered(session, kind, err);

    if (r == CK_OK && factor)
        r = check_factor(session, label, password, err);
    if (r == CK_OK)
        r = ck_webauthn_json_make_registration(registration, factor ? label : NULL,
                                               factor && !setup ? password : NULL, &body, err);
    if (r == CK_OK && factor && !setup)
        r = ck_session_note_sent(session, ck_secret_bytes(password), ck_secret_size(password), err);
    if (r == CK_OK)
        r = ck_session_post_script(session, requests[kind].register_path, body, &response, err);
    if (r != CK_OK)
        return r == CK_ERR_UNKNOWN ? ck_change_unknown(r, err) : r;
    return judge(session, &response, err);
}

enum ck_err ck_webauthn_settle(struct ck_session *session, struct ck_error *err)
{
    if (session->state != CK_SESSION_HELD)
        return ck_session_visit(session, err);
    return ck_session_resettle(session, err);
}

/* --- answering --- */

static enum ck_err check_asked(const struct ck_session *session, struct ck_error *err)
{
    if (session->state == CK_SESSION_ASKS_FACTOR)
        return CK_OK;
    return ck_error_set(err, CK_ERR_UNCHANGED, "the server does not ask for a second factor");
}

enum ck_err ck_webauthn_request_options(struct ck_session *session,
                                        struct ck_request_options *ret_options,
                                        struct ck_error *err)
{
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    CK_CLEANUP(ck_request_options_clear) struct ck_request_options options = {0};
    enum ck_err r = check_asked(session, err);

    if (r == CK_OK)
        r = ck_webauthn_get_options(session, "/api/v1/get/webauthn-tfa-get-args", &response, err);
    if (r == CK_OK)
        r = ck_webauthn_json_read_request(response.body, response.size, &session->host, &options,
                                          err);
    if (r != CK_OK)
        return r;
    /* An empty list would mean any credential that the key finds, which no second factor is. */
    if (options.allow_count == 0)
        return ck_error_set(err, CK_ERR_UNREACHABLE,
                            "the server does not say which security keys '%s' has",
                            session->account.name);
    *ret_options = options;
    options = (struct ck_request_options){0};
    return CK_OK;
}

/* A wrong row would cost the login: the server takes the first answer only. */
static enum ck_err check_row(const struct ck_session *session, uint64_t id, struct ck_error *err)
{
    const struct ck_factor *row = ck_page_find_factor(&session->page, id);

    if (row != NULL && row->method == CK_METHOD_WEBAUTHN)
        return CK_OK;
    return ck_error_set(err, CK_ERR_UNCHANGED,
                        "the server does not ask '%s' for a security key with the number %llu",
                        session->account.name, (unsigned long long)id);
}

enum ck_err ck_webauthn_answer(struct ck_session *session, uint64_t id,
                               const struct ck_assertion *assertion, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *form = NULL;
    CK_CLEANUP(ck_secret_free) struct ck_secret *token = NULL;
    char row[24];
    enum ck_err r = check_asked(session, err);

    snprintf(row, sizeof(row), "%llu", (unsigned long long)id);
    if (r == CK_OK)
        r = check_row(session, id, err);
    if (r == CK_OK)
        r = ck_webauthn_json_make_assertion(assertion, &token, err);
    if (r == CK_OK)
        r = ck_form_add(&form, "verify_tfa_login", "", err);
    if (r == CK_OK)
        r = ck_form_add(&form, "tfa_method", "webauthn", err);
    if (r == CK_OK)
        r = ck_form_add(&form, "id", row, err);
    if (r == CK_OK)
        r = ck_form_add_secret(&form, "token", token, err);
    session->offers.answered_id = id;
    return r == CK_OK ? ck_session_answer(session, form, err) : r;
}
