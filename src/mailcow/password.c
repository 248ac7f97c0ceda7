#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
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

static void dump_free(char **text)
{
    if (*text)
        ck_secret_erase(*text, strlen(*text));
    free(CK_TAKE(*text));
}

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
    enum ck_err e =
        ck_percent_encode(&name, session->account.name, strlen(session->account.name), err);

    if (e != CK_OK)
        return e;
    snprintf(path, sizeof(path), "/api/v1/get/admin/%s", ck_secret_bytes(name));
    e = ck_session_get(session, path, &response, err);
    if (e == CK_OK && response.status != 200)
        e = ck_session_bad_status(response.status, CK_ERR_UNCHANGED, err);
    if (e == CK_OK)
        e = ck_answer_read_admin(response.body, response.size, session->account.name, &force_tfa,
                                 err);
    if (e != CK_OK || force_tfa < 0)
        return e;
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

static enum ck_err add_json(struct ck_secret **form, const char *name, const json_t *value,
                            struct ck_error *err)
{
    CK_CLEANUP(dump_free) char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

    return text ? ck_form_add(form, name, text, err) : ck_error_no_memory(err);
}

/* The admin's edit names whom it edits; the others edit themselves. */
static enum ck_err add_items(const struct ck_session *session, struct ck_secret **form,
                             struct ck_error *err)
{
    CK_CLEANUP(ck_json_free) json_t *items = NULL;

    if (session->account.role != CK_ROLE_ADMIN)
        return ck_form_add(form, "items", "null", err);
    items = json_pack("[s]", session->account.name);
    return items ? add_json(form, "items", items, err) : ck_error_no_memory(err);
}

static enum ck_err make_form(struct ck_session *session, const struct ck_secret *old_password,
                             const struct ck_secret *new_password, struct ck_secret **form,
                             struct ck_error *err)
{
    CK_CLEANUP(ck_json_free) json_t *attributes = json_object();

    if (!attributes)
        return ck_error_no_memory(err);
    enum ck_err e = fill_attributes(session, old_password, new_password, attributes, err);
    if (e == CK_OK)
        e = add_json(form, "attr", attributes, err);
    if (e == CK_OK)
        e = add_items(session, form, err);
    if (e == CK_OK)
        e = ck_form_add(form, "csrf_token", session->page.csrf, err);
    return e;
}

static enum ck_err judge(const struct ck_session *session, const struct ck_response *response,
                         struct ck_error *err)
{
    char message[CK_ANSWER_MESSAGE_MAX];

    if (response->status != 200)
        return ck_session_bad_status(response->status, CK_ERR_UNKNOWN, err);
    enum ck_err e = ck_answer_read_edit(response->body, response->size,
                                        requests[session->account.role].done, message, err);
    if (e != CK_ERR_UNCHANGED)
        return e;
    ck_error_set(err, CK_ERR_UNCHANGED, "the server refused the new password of '%s'",
                 session->account.name);
    return ck_error_hint(err, "The server says: '%s'.", message);
}

/* Without the old one an old release answers "success" and changes nothing (dialects 2.5). */
static enum ck_err check_ready(const struct ck_session *session,
                               const struct ck_secret *old_password, struct ck_error *err)
{
    bool held = session->state == CK_SESSION_HELD && session->page.change_password;

    if (!held && session->state != CK_SESSION_OPEN)
        return ck_error_set(err, CK_ERR_UNCHANGED, "the login of '%s' is not complete",
                            session->account.name);
    if (!held && (!old_password || ck_secret_size(old_password) == 0))
        return ck_error_set(err, CK_ERR_USAGE, "the present password of '%s' is missing",
                            session->account.name);
    if (!*session->page.csrf)
        return ck_error_set(err, CK_ERR_UNCHANGED, "the page of '%s' was not read yet",
                            session->account.name);
    return CK_OK;
}

enum ck_err ck_session_change_password(struct ck_session *session,
                                       const struct ck_secret *old_password,
                                       const struct ck_secret *new_password, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *form = NULL;
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    enum ck_err e = check_ready(session, old_password, err);

    if (e == CK_OK)
        e = make_form(session, old_password, new_password, &form, err);
    if (e == CK_OK)
        e = ck_session_post(session, requests[session->account.role].path, form, &response, err);
    return e == CK_OK ? judge(session, &response, err) : e;
}
