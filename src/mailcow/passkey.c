/*
 * Passkeys: logging in with one, which needs neither password nor second factor and is never held
 * (protocol 6, dialects 2.4), and the names and the removal of those that the own page lists.
 */
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "change.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/hash.h"
#include "cowkey/mailcow/factor.h"
#include "cowkey/mailcow/webauthn.h"
#include "webauthn_json.h"
#include "webauthn_session.h"

/* --- logging in --- */

/*
 * What a refusal is told by from a session that got lost: an answer alone looks the same after both,
 * and who enrolls would have a good passkey taken back.
 */
static enum ck_err note_whose_session(struct ck_session *session, struct ck_error *err)
{
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    CK_CLEANUP(ck_page_clear) struct ck_page page = {0};
    enum ck_err r = ck_session_get(session, ck_session_login_path(session), &response, err);

    if (r == CK_OK)
        r = ck_session_read_page(&response, &page, err);
    if (r == CK_OK)
        ck_session_keep_page(session, &page);
    return r;
}

enum ck_err ck_passkey_begin(const struct ck_http_settings *settings, enum ck_dialect dialect,
                             const struct ck_account *account, struct ck_session **ret_session,
                             struct ck_request_options *ret_options, struct ck_error *err)
{
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    enum ck_err r = ck_session_new(settings, dialect, account, &session, err);

    if (r == CK_OK)
        r = note_whose_session(session, err);
    if (r == CK_OK)
        r = ck_webauthn_get_options(session, "/api/v1/get/fido2-get-args", &response, err);
    if (r == CK_OK)
        r = ck_webauthn_json_read_request(response.body, response.size, &session->host, ret_options,
                                          err);
    if (r != CK_OK)
        return r;
    session->state = CK_SESSION_ASKS_PASSKEY;
    *ret_session = CK_TAKE(session);
    return CK_OK;
}

/* The server logs in whom the key names, so this is looked at before. */
static enum ck_err check_handle(const struct ck_session *session,
                                const struct ck_assertion *assertion, struct ck_error *err)
{
    const struct ck_bytes *handle = &assertion->user_handle;
    const char *name = session->account.name;

    if (handle->size == 0 ||
        (handle->size == strlen(name) && memcmp(handle->data, name, handle->size) == 0))
        return CK_OK;
    return ck_error_set(err, CK_ERR_USAGE, "the passkey is that of '%.*s', not of '%s'",
                        (int)(handle->size < CK_USER_ID_MAX ? handle->size : CK_USER_ID_MAX),
                        (const char *)handle->data, name);
}

static enum ck_err refused(const struct ck_session *session, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_REFUSED, "the server refused the passkey of '%s' as %s",
                 session->account.name, ck_role_name(session->account.role));
    return ck_error_hint(err, "It may have been removed there, or be that of another account.");
}

static enum ck_err not_judged(const struct ck_session *session, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_UNREACHABLE, "the server did not keep the login of '%s'",
                 session->account.name);
    return ck_error_hint(err, "It did not judge the passkey: start again.");
}

/*
 * A page that leads to the login is that of nobody, which a lost session looks like, too, or of
 * somebody in another role. Only the login page tells: it complains of a passkey that was refused
 * (unless the answer said so), leads on who is logged in, and is another session's if ours was lost.
 */
static enum ck_err ask_why(struct ck_session *session, bool told_no, struct ck_error *err)
{
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    CK_CLEANUP(ck_page_clear) struct ck_page page = {0};
    enum ck_err r = ck_session_get(session, ck_session_login_path(session), &response, err);

    if (r == CK_OK && response.status == 302)
        return refused(session, err);
    if (r == CK_OK)
        r = ck_session_read_page(&response, &page, err);
    if (r != CK_OK)
        return r;
    bool judged = told_no || ck_page_alert(&page, "danger") != NULL;
    return judged && !ck_session_is_another(session, &page) ? refused(session, err)
                                                            : not_judged(session, err);
}

/* Since 2025-03 the answer is empty, whatever it was. */
static enum ck_err post_form(struct ck_session *session, const struct ck_secret *token,
                             struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *form = NULL;
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    enum ck_err r = ck_form_add(&form, "verify_fido2_login", "true", err);

    if (r == CK_OK)
        r = ck_form_add_secret(&form, "token", token, err);
    if (r == CK_OK)
        r = ck_session_post(session, ck_session_login_path(session), form, &response, err);
    session->live = r == CK_OK || r == CK_ERR_UNKNOWN;
    if (r == CK_OK && response.status != 200)
        r = ck_session_bad_status(response.status, CK_ERR_UNREACHABLE, err);
    return r;
}

/* Before that it was told, and was true. */
static enum ck_err post_json(struct ck_session *session, const struct ck_secret *token,
                             struct ck_error *err)
{
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    char message[CK_ANSWER_MESSAGE_MAX];
    enum ck_err r =
        ck_session_post_script(session, "/api/v1/process/fido2-args", token, &response, err);

    session->live = r == CK_OK || r == CK_ERR_UNKNOWN;
    if (r == CK_OK && response.status != 200)
        r = ck_session_bad_status(response.status, CK_ERR_UNREACHABLE, err);
    if (r == CK_OK)
        r = ck_answer_read_success(response.body, response.size, message, err);
    if (r != CK_ERR_UNCHANGED)
        return r;
    session->live = false;
    return ask_why(session, true, err);
}

static enum ck_err look_in(struct ck_session *session, struct ck_error *err)
{
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    enum ck_err r = ck_session_get(session, ck_session_factor_path(session), &response, err);

    if (r == CK_OK && response.status == 302)
        return ck_session_leads_to_login(session, response.location)
                   ? ask_why(session, false, err)
                   : ck_session_bad_status(response.status, CK_ERR_UNREACHABLE, err);
    if (r == CK_OK)
        r = ck_session_read_factor_page(session, &response, err);
    if (r == CK_OK)
        session->state = CK_SESSION_OPEN;
    return r;
}

enum ck_err ck_passkey_finish(struct ck_session *session, const struct ck_assertion *assertion,
                              struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *token = NULL;

    if (session->state != CK_SESSION_ASKS_PASSKEY)
        return ck_error_set(err, CK_ERR_UNCHANGED, "the server does not ask for a passkey");
    enum ck_err r = check_handle(session, assertion, err);
    if (r == CK_OK)
        r = ck_webauthn_json_make_assertion(assertion, &token, err);
    if (r != CK_OK)
        return r;
    r = session->dialect == CK_DIALECT_SINGLE ? post_json(session, token, err)
                                              : post_form(session, token, err);
    if (r == CK_OK)
        r = look_in(session, err);
    return ck_session_nothing_changed(session, r, err);
}

/* --- changing --- */

enum ck_err ck_passkey_cid(const struct ck_bytes *credential_id, char ret_cid[CK_PAGE_CID_SIZE + 1],
                           struct ck_error *err)
{
    uint8_t hash[CK_SHA256_SIZE];
    enum ck_err r = ck_sha256(credential_id->data, credential_id->size, hash, err);

    if (r != CK_OK)
        return r;
    CK_CLEANUP(ck_free_p) char *hex = ck_hex_encode(hash, sizeof(hash));
    if (hex == NULL)
        return ck_error_no_memory(err);
    memcpy(ret_cid, hex, CK_PAGE_CID_SIZE + 1);
    return CK_OK;
}

/* The server says "success" for a passkey that it does not know, too. */
static enum ck_err check_listed(const struct ck_session *session, const char *cid,
                                struct ck_error *err)
{
    enum ck_err r = ck_change_check_open(session, err);

    if (r == CK_OK && session->page.passkeys_state != CK_LIST_PRESENT)
        r = ck_error_set(err, CK_ERR_UNCHANGED, "the server offers '%s' no passkeys",
                         session->account.name);
    if (r == CK_OK && ck_page_find_passkey(&session->page, cid) == NULL)
        r = ck_error_set(err, CK_ERR_UNCHANGED, "'%s' has no passkey %.*s", session->account.name,
                         CK_PAGE_CID_SIZE, cid);
    return r;
}

static enum ck_err check_shown(const struct ck_session *session, const struct ck_page *page,
                               struct ck_error *err)
{
    if (page->passkeys_state == CK_LIST_PRESENT)
        return CK_OK;
    ck_error_set(err, CK_ERR_UNKNOWN, "the server's answer does not show the passkeys of '%s'",
                 session->account.name);
    return ck_change_unknown(CK_ERR_UNKNOWN, err);
}

/*
 * A name that is there was given, whatever was answered. One that is not was not, unless the page
 * shows a third one. before may be NULL: a passkey that was registered since the page was read.
 */
static enum ck_err judge_name(const struct ck_passkey *before, const struct ck_passkey *after,
                              const char *label, const char *message, struct ck_error *err)
{
    if (after != NULL && strcmp(after->label, label) == 0)
        return CK_OK;
    if (before != NULL && (after == NULL || strcmp(after->label, before->label) != 0)) {
        ck_error_set(err, CK_ERR_UNKNOWN, "the server shows the passkey as '%.200s'",
                     after != NULL ? after->label : "removed");
        return ck_change_unknown(CK_ERR_UNKNOWN, err);
    }
    ck_error_set(err, CK_ERR_UNCHANGED, "the server did not rename the passkey");
    return *message ? ck_error_hint(err, "The server says: '%s'.", message) : err->code;
}

static enum ck_err read_back_name(struct ck_session *session, const char *cid, const char *label,
                                  const char *message, struct ck_error *err)
{
    CK_CLEANUP(ck_page_clear) struct ck_page before = session->page;

    session->page = (struct ck_page){0};
    enum ck_err r = ck_change_unknown(ck_session_visit(session, err), err);
    if (r == CK_OK)
        r = check_shown(session, &session->page, err);
    if (r == CK_OK)
        r = judge_name(ck_page_find_passkey(&before, cid),
                       ck_page_find_passkey(&session->page, cid), label, message, err);
    return r;
}

static enum ck_err check_label(const char *label, struct ck_error *err)
{
    /* The page shows such a name as none, so that it could not be read back. */
    if (strcmp(label, "0") == 0)
        return ck_error_set(err, CK_ERR_USAGE, "the server does not show a passkey's name of '0'");
    return ck_factor_label_check(label, err);
}

/* A JSON body, which the server takes without the form token and without using it up. */
enum ck_err ck_passkey_rename(struct ck_session *session, const char *cid, const char *label,
                              struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *body = NULL;
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    char message[CK_ANSWER_MESSAGE_MAX] = "";
    struct ck_error ignored;
    enum ck_err r = check_label(label, err);

    if (r == CK_OK)
        r = ck_webauthn_json_make_rename(cid, label, &body, err);
    if (r == CK_OK)
        r = ck_session_post_json(session, "/api/v1/edit/fido2-fn", body, &response, err);
    if (r != CK_OK)
        return r == CK_ERR_UNKNOWN ? ck_change_unknown(r, err) : r;
    /* 403 is how the server tells a session that has ended. */
    if (response.status != 200 && response.status != 403)
        return ck_change_unknown(ck_session_bad_status(response.status, CK_ERR_UNKNOWN, err), err);
    /* Only for its words: what was done is read from the page. */
    ck_answer_read_edit(response.body, response.size, "object_modified", message, &ignored);
    /* They may belong to an earlier request: the answer holds all alerts of the session. */
    if (ck_session_shows_sent(session, message))
        ck_secret_erase(message, sizeof(message));
    return read_back_name(session, cid, label, message, err);
}

enum ck_err ck_passkey_remove(struct ck_session *session, const char *cid, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *form = NULL;
    CK_CLEANUP(ck_page_clear) struct ck_page after = {0};
    enum ck_err r = check_listed(session, cid, err);

    if (r == CK_OK)
        r = ck_form_add(&form, "unset_fido2_key", cid, err);
    if (r == CK_OK)
        r = ck_change_submit(session, &form, &after, err);
    if (r == CK_OK)
        r = check_shown(session, &after, err);
    if (r != CK_OK)
        return r;
    bool still_there =
        ck_page_find_passkey(&after, cid) != NULL; /* cid may belong to the page that goes */
    ck_session_keep_page(session, &after);
    if (still_there)
        return ck_change_unchanged(&session->page, "the server did not remove the passkey", err);
    return CK_OK;
}
