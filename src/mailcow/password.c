/* Changing the own password in a session. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/encode.h"
#include "cowkey/base/json.h"
#include "session_internal.h"

/* How each role asks for a new password of its own (protocol 1.3). */
static const struct {
    const char *path;
    const char *done;
    const char *new_password;
    const char *new_password_again;
} requests[] = {
    [CK_ROLE_MAILBOX] = {"/api/v1/edit/self", "mailbox_modified", "user_new_pass",
                         "user_new_pass2"},
    [CK_ROLE_DOMAIN_ADMIN] = {"/api/v1/edit/self", "domain_admin_modified", "user_new_pass",
                              "user_new_pass2"},
    [CK_ROLE_ADMIN] = {"/api/v1/edit/admin", "admin_modified", "password", "password2"},
};

static json_t *json_of(const struct ck_secret *secret)
{
    return json_stringn(ck_secret_bytes(secret), ck_secret_size(secret));
}

/*
 * An admin's own edit takes away its forced second factor unless told to keep it (protocol 7.3),
 * and only the admin's record knows whether there is one. A held session is spared that.
 */
static enum ck_err keep_force(struct ck_session *session, json_t *attributes, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *name = NULL;
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    char path[CK_HTTP_PATH_MAX];
    int force_tfa = -1;
    enum ck_err r =
        ck_percent_encode(&name, session->account.name, strlen(session->account.name), err);

    if (r != CK_OK)
        return r;
    snprintf(path, sizeof(path), "/api/v1/get/admin/%s", ck_secret_bytes(name));
    r = ck_session_get(session, path, &response, err);
    if (r == CK_OK && response.status != 200)
        r = ck_session_bad_status(response.status, CK_ERR_UNCHANGED, err);
    if (r == CK_OK)
        r = ck_answer_read_admin(response.body, response.size, session->account.name, &force_tfa,
                                 err);
    if (r != CK_OK || force_tfa < 0)
        return r;
    if (json_object_set_new(attributes, "force_tfa", json_string(force_tfa ? "1" : "0")) != 0 ||
        json_object_set_new(attributes, "force_pw_update", json_string("0")) != 0)
        return ck_error_no_memory(err);
    return CK_OK;
}

static enum ck_err fill_attributes(struct ck_session *session, const struct ck_secret *old_password,
                                   const struct ck_secret *new_password, json_t *attributes,
                                   struct ck_error *err)
{
    enum ck_role role = session->account.role;
    bool held = session->state == CK_SESSION_HELD;
    int failed = 0;

    failed |= json_object_set_new(attributes, requests[role].new_password, json_of(new_password));
    failed |=
        json_object_set_new(attributes, requests[role].new_password_again, json_of(new_password));
    if (!held && role != CK_ROLE_ADMIN)
        failed |= json_object_set_new(attributes, "user_old_pass", json_of(old_password));
    if (failed)
        return ck_error_set(err, CK_ERR_USAGE, "the password is not UTF-8, or memory is short");
    return !held && role == CK_ROLE_ADMIN ? keep_force(session, attributes, err) : CK_OK;
}

/* The admin's edit names whom it edits; the others edit themselves. */
static json_t *items_of(const struct ck_session *session)
{
    return session->account.role == CK_ROLE_ADMIN ? json_pack("[s]", session->account.name)
                                                  : json_null();
}

/*
 * A JSON body, which the server takes without the form token: the token of a page is used up by
 * each try, also one that the password policy refuses.
 */
static enum ck_err make_body(struct ck_session *session, const struct ck_secret *old_password,
                             const struct ck_secret *new_password, struct ck_secret **ret_body,
                             struct ck_error *err)
{
    CK_CLEANUP(ck_json_free) json_t *body = json_object();
    json_t *attributes = json_object(); /* body's, once it is in there */

    if (json_object_set_new(body, "attr", attributes) != 0 ||
        json_object_set_new(body, "items", items_of(session)) != 0)
        return ck_error_no_memory(err);
    enum ck_err r = fill_attributes(session, old_password, new_password, attributes, err);
    if (r != CK_OK)
        return r;
    return ck_json_dump(body, JSON_COMPACT, ret_body, err);
}

static enum ck_err judge(const struct ck_session *session, const struct ck_response *response,
                         struct ck_error *err)
{
    char message[CK_ANSWER_MESSAGE_MAX];

    /*
     * 403 is how the server tells a session that has ended, in words of its own like any refusal.
     */
    if (response->status != 200 && response->status != 403)
        return ck_session_bad_status(response->status, CK_ERR_UNKNOWN, err);
    enum ck_err r = ck_answer_read_edit(response->body, response->size,
                                        requests[session->account.role].done, message, err);
    if (r != CK_ERR_UNCHANGED)
        return r;
    ck_error_set(err, CK_ERR_UNCHANGED, "the server refused the new password of '%s'",
                 session->account.name);
    if (ck_session_shows_sent(session, message))
        return err->code;
    return ck_error_hint(err, "The server says: '%s'.", message);
}

/* Without the old one an old release answers "success" and changes nothing (dialects 2.5). */
static enum ck_err check_ready(const struct ck_session *session,
                               const struct ck_secret *old_password,
                               const struct ck_secret *new_password, struct ck_error *err)
{
    bool held = session->state == CK_SESSION_HELD && session->page.change_password;

    if (!held && session->state != CK_SESSION_OPEN)
        return ck_error_set(err, CK_ERR_UNCHANGED, "the login of '%s' is not complete",
                            session->account.name);
    if (!held && (old_password == NULL || ck_secret_size(old_password) == 0))
        return ck_error_set(err, CK_ERR_USAGE, "the present password of '%s' is missing",
                            session->account.name);
    if (old_password != NULL && ck_secret_equal(old_password, new_password))
        return ck_error_set(err, CK_ERR_USAGE, "the new password of '%s' is the present one",
                            session->account.name);
    return CK_OK;
}

enum ck_err ck_session_change_password(struct ck_session *session,
                                       const struct ck_secret *old_password,
                                       const struct ck_secret *new_password, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *body = NULL;
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    enum ck_err r = check_ready(session, old_password, new_password, err);

    if (r == CK_OK)
        r = make_body(session, old_password, new_password, &body, err);
    if (r == CK_OK)
        r = ck_session_note_sent(session, ck_secret_bytes(new_password),
                                 ck_secret_size(new_password), err);
    if (r == CK_OK)
        r = ck_session_post_json(session, requests[session->account.role].path, body, &response,
                                 err);
    return r == CK_OK ? judge(session, &response, err) : r;
}
