/* The app passwords of the own mailbox: counted, listed, made and removed. */
#include "cowkey/mailcow/app_password.h"

#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "app_password_json.h"
#include "change.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/mailcow/factor.h"
#include "session_internal.h"

enum { STORED_LABEL_MAX = 255 }; /* characters: the server's column */

static const char list_path[] = "/api/v1/get/app-passwd/all";

enum ck_err ck_session_count_app_passwords(struct ck_session *session, int *ret_count,
                                           struct ck_error *err)
{
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};

    if (session->account.role != CK_ROLE_MAILBOX || session->state == CK_SESSION_ASKS_FACTOR) {
        *ret_count = -1;
        return CK_OK;
    }
    enum ck_err r = ck_session_get(session, list_path, &response, err);
    if (r != CK_OK)
        return r;
    *ret_count = -1;
    if (response.status == 200)
        *ret_count =
            ck_answer_count_app_passwords(response.body, response.size, session->account.name);
    return CK_OK;
}

enum ck_err ck_app_password_label_check(const char *label, struct ck_error *err)
{
    enum ck_err r = ck_factor_label_check(label, err);

    if (r == CK_OK && ck_app_password_stored_length(label) > STORED_LABEL_MAX)
        return ck_error_set(err, CK_ERR_USAGE,
                            "the label is longer than the server keeps: %d characters, where each "
                            "of &, <, >, \" and ' takes four to six",
                            STORED_LABEL_MAX);
    if (r == CK_OK && strcmp(label, "0") == 0)
        return ck_error_set(err, CK_ERR_USAGE, "the server takes a label of '0' for none");
    return r;
}

enum ck_err ck_app_passwords_read(struct ck_session *session, struct ck_app_passwords *ret_list,
                                  struct ck_error *err)
{
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    const char *name = session->account.name;

    if (session->account.role != CK_ROLE_MAILBOX)
        return ck_error_set(err, CK_ERR_USAGE, "'%s' is no mailbox: only those have app passwords",
                            name);
    if (session->state != CK_SESSION_OPEN && session->state != CK_SESSION_HELD)
        return ck_error_set(err, CK_ERR_UNCHANGED, "the login of '%s' is not complete", name);
    enum ck_err r = ck_session_get(session, list_path, &response, err);
    if (r != CK_OK)
        return r;
    if (response.status != 200)
        return ck_session_bad_status(response.status, CK_ERR_UNREACHABLE, err);
    if (response.size == 0)
        return ck_error_set(err, CK_ERR_UNREACHABLE, "the server did not keep the login of '%s'",
                            name);
    return ck_app_passwords_parse(response.body, response.size, name, ret_list, err);
}

static const struct ck_app_password *find(const struct ck_app_passwords *list, uint64_t id)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->rows[i].id == id)
            return &list->rows[i];
    }
    return NULL;
}

static enum ck_err unknown(enum ck_err r, struct ck_error *err)
{
    if (r == CK_OK)
        return CK_OK;
    err->code = CK_ERR_UNKNOWN;
    return ck_error_hint(err, "List the app passwords before you try again.");
}

/*
 * Posts a change of the list. CK_OK: the answer was understood; *ret_message is the word of a
 * refusal, or "".
 */
static enum ck_err post(struct ck_session *session, const char *path, const struct ck_secret *body,
                        const char *done, char ret_message[static CK_ANSWER_MESSAGE_MAX],
                        struct ck_error *err)
{
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    enum ck_err r = ck_session_post_json(session, path, body, &response, err);

    ret_message[0] = '\0';
    if (r != CK_OK)
        return r == CK_ERR_UNKNOWN ? unknown(r, err) : r;
    /* 403 is how the server tells a session that has ended. */
    if (response.status != 200 && response.status != 403)
        return unknown(ck_session_bad_status(response.status, CK_ERR_UNKNOWN, err), err);
    r = ck_answer_read_edit(response.body, response.size, done, ret_message, err);
    if (r == CK_ERR_UNCHANGED && *ret_message == '\0')
        snprintf(ret_message, CK_ANSWER_MESSAGE_MAX, "no");
    return r == CK_ERR_UNCHANGED ? CK_OK : unknown(r, err);
}

static enum ck_err refused(const struct ck_session *session, const char *text, const char *message,
                           struct ck_error *err)
{
    ck_error_set(err, CK_ERR_UNCHANGED, "%s", text);
    if (*message == '\0' || ck_session_shows_sent(session, message))
        return ck_error_hint(err, "It says that it did.");
    return ck_error_hint(err, "The server says: '%s'.", message);
}

/* The list must have gained exactly one row, which is ours. */
static enum ck_err read_back(struct ck_session *session, const struct ck_app_passwords *before,
                             const struct ck_app_password *wished, const char *message,
                             uint64_t *ret_id, struct ck_error *err)
{
    CK_CLEANUP(ck_app_passwords_clear) struct ck_app_passwords after = {0};
    const struct ck_app_password *ours = NULL;
    size_t gained = 0;

    enum ck_err r = unknown(ck_app_passwords_read(session, &after, err), err);
    for (size_t i = 0; i < after.count; i++) {
        if (find(before, after.rows[i].id) == NULL) {
            ours = &after.rows[i];
            gained++;
        }
    }
    if (r != CK_OK)
        return r;
    if (gained == 0)
        return refused(session, "the server did not store the app password", message, err);
    if (gained > 1 || *message != '\0' || strcmp(ours->label, wished->label) != 0 ||
        ours->protocols != wished->protocols || !ours->active) {
        ck_error_set(err, CK_ERR_UNKNOWN,
                     "the server's list gained %zu app passwords, and not just what was asked for",
                     gained);
        return unknown(CK_ERR_UNKNOWN, err);
    }
    *ret_id = ours->id;
    return CK_OK;
}

enum ck_err ck_app_password_add(struct ck_session *session, const char *label, unsigned protocols,
                                const struct ck_secret *password, uint64_t *ret_id,
                                struct ck_error *err)
{
    CK_CLEANUP(ck_app_passwords_clear) struct ck_app_passwords before = {0};
    CK_CLEANUP(ck_secret_free) struct ck_secret *body = NULL;
    const struct ck_app_password wished = {.label = (char *)label, .protocols = protocols};
    char message[CK_ANSWER_MESSAGE_MAX];

    enum ck_err r = ck_app_password_label_check(label, err);
    if (r == CK_OK)
        r = ck_app_passwords_read(session, &before, err);
    if (r == CK_OK)
        r = ck_app_password_make_body(label, protocols, password, &body, err);
    if (r == CK_OK)
        r = ck_session_note_sent(session, ck_secret_bytes(password), ck_secret_size(password), err);
    if (r == CK_OK)
        r = post(session, "/api/v1/add/app-passwd", body, "app_passwd_added", message, err);
    return r == CK_OK ? read_back(session, &before, &wished, message, ret_id, err) : r;
}

enum ck_err ck_app_password_remove(struct ck_session *session, uint64_t id, struct ck_error *err)
{
    CK_CLEANUP(ck_app_passwords_clear) struct ck_app_passwords after = {0};
    CK_CLEANUP(ck_secret_free) struct ck_secret *body = NULL;
    char items[32], message[CK_ANSWER_MESSAGE_MAX];

    snprintf(items, sizeof(items), "[\"%llu\"]", (unsigned long long)id);
    enum ck_err r = ck_secret_new(items, strlen(items), &body, err);
    if (r == CK_OK)
        r = post(session, "/api/v1/delete/app-passwd", body, "app_passwd_removed", message, err);
    if (r == CK_OK)
        r = unknown(ck_app_passwords_read(session, &after, err), err);
    if (r == CK_OK && find(&after, id) != NULL)
        return refused(session, "the server did not remove the app password", message, err);
    return r;
}
