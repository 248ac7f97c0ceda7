/* Editing accounts for their admin (protocol 7.3). */
#include <string.h>

#include "admin_internal.h"
#include "admin_json.h"
#include "cowkey/base/cleanup.h"
#include "session_internal.h"

enum { UTF8_MAX = 4 }; /* bytes of a character */

static const char *const edits[] = {
    [CK_ROLE_MAILBOX] = "/api/v1/edit/mailbox",
    [CK_ROLE_DOMAIN_ADMIN] = "/api/v1/edit/domain-admin",
    [CK_ROLE_ADMIN] = "/api/v1/edit/admin",
};

static enum ck_err check_edit(const struct ck_admin *admin, const struct ck_record *now,
                              const struct ck_account_edit *edit, struct ck_error *err)
{
    const char *name = now->account.name;

    if (edit->disable_tfa && now->account.role == CK_ROLE_MAILBOX)
        return ck_error_set(err, CK_ERR_USAGE,
                            "the server can't switch off the factors of the mailbox '%s'", name);
    /* The server would say that it did. */
    if (edit->password != NULL && now->authsource != CK_AUTHSOURCE_MAILCOW) {
        ck_error_set(err, CK_ERR_UNCHANGED, "the password of '%s' is not kept by mailcow (%s)",
                     name, ck_authsource_name(now->authsource));
        return ck_error_hint(err, "Set it where it is kept.");
    }
    return ck_admin_check_manages(admin, now->account.role, err);
}

/* What the server says of it; neither yes nor no is CK_ERR_UNKNOWN. */
static enum ck_err send(struct ck_admin *admin, const struct ck_record *now,
                        const struct ck_account_edit *edit, struct ck_said *ret_said,
                        struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *body = NULL;
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    enum ck_err r = ck_edit_make_body(&now, 1, edit, &body, err);

    /* A page of the session may show it again. */
    if (r == CK_OK && admin->session != NULL && edit->password != NULL)
        r = ck_session_note_sent(admin->session, ck_secret_bytes(edit->password),
                                 ck_secret_size(edit->password), err);
    if (r == CK_OK)
        r = ck_admin_post(admin, edits[now->account.role], body, &response, err);
    if (r == CK_OK)
        r = ck_said_parse(response.body, response.size, &now, 1, ret_said, err);
    if (r == CK_OK && ret_said->done == ret_said->refused)
        r = ck_error_set(err, CK_ERR_UNKNOWN, "the server's answer does not say what was done");
    return r;
}

/* Some refusals come with what was posted; of one that was cut the end is not seen. */
static bool may_show_password(const char *message, const struct ck_secret *password)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *sent = NULL;
    struct ck_error ignored;

    if (password == NULL)
        return false;
    return strlen(message) + UTF8_MAX >= sizeof(((struct ck_said *)NULL)->message) ||
           ck_secret_append(&sent, ck_secret_bytes(password), ck_secret_size(password) + 1,
                            &ignored) != CK_OK ||
           ck_sent_shows(sent, message);
}

static enum ck_err refused(const struct ck_record *now, const struct ck_account_edit *edit,
                           const struct ck_said *said, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_UNCHANGED, "the server refused to change '%s'", now->account.name);
    if (said->message[0] == '\0' || may_show_password(said->message, edit->password))
        return err->code;
    return ck_error_hint(err, "The server says: '%s'.", said->message);
}

static enum ck_err unknown(const struct ck_record *now, struct ck_error *err)
{
    struct ck_error cause = *err;

    ck_error_set(err, CK_ERR_UNKNOWN, "it is not known whether '%s' was changed: %.300s",
                 now->account.name, cause.text);
    return ck_error_hint(err, "%s", cause.hint);
}

/* A refusal, and a record that is not what it was. */
static enum ck_err contradiction(const struct ck_record *now, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_UNKNOWN,
                 "the server refused to change '%s', and its record is not what it was",
                 now->account.name);
    return ck_error_hint(err, "Somebody else may have changed it just now: look at it again.");
}

/* A release that does not know a flag insists on nothing. */
static bool flag_is(int flag, int asked)
{
    return flag == asked || (flag < 0 && asked == 0);
}

static bool flags_are(const struct ck_record *record, const struct ck_account_edit *edit)
{
    return flag_is(record->force_tfa, edit->force_tfa) &&
           flag_is(record->force_pw_update, edit->force_pw_update) &&
           !(edit->disable_tfa && record->tfa_active == 1);
}

static bool same_flags(const struct ck_record *a, const struct ck_record *b)
{
    return a->force_tfa == b->force_tfa && a->force_pw_update == b->force_pw_update &&
           a->tfa_active == b->tfa_active;
}

/* The server says success, and its record says something else. */
static enum ck_err not_as_asked(const struct ck_record *now, const struct ck_account_edit *edit,
                                const struct ck_record *after, struct ck_error *err)
{
    bool unchanged = same_flags(now, after) && edit->password == NULL;

    ck_error_set(err, unchanged ? CK_ERR_UNCHANGED : CK_ERR_UNKNOWN,
                 unchanged ? "the server says that it changed '%s', and did not"
                           : "the server changed '%s', and not as it was asked to",
                 now->account.name);
    if (after->force_tfa < 0 && edit->force_tfa == 1)
        return ck_error_hint(err, "Releases before 2026-03 can't insist on a second factor.");
    if (after->force_pw_update < 0 && edit->force_pw_update == 1)
        return ck_error_hint(err, "Releases before 2026-03 can't insist on a new password of "
                                  "admins and domain admins.");
    if (now->authsource != CK_AUTHSOURCE_MAILCOW)
        return ck_error_hint(err,
                             "Of accounts whose password is kept elsewhere (%s) the server "
                             "does not keep all flags.",
                             ck_authsource_name(now->authsource));
    return err->code;
}

enum ck_err ck_admin_edit(struct ck_admin *admin, const struct ck_record *now,
                          const struct ck_account_edit *edit, struct ck_record *ret_after,
                          struct ck_error *err)
{
    struct ck_account_edit whole = *edit;
    struct ck_record after;
    struct ck_error reading;
    struct ck_said said;

    /* What is left out is cleared; what this release does not know (-1) need not be sent. */
    if (whole.force_tfa < 0)
        whole.force_tfa = now->force_tfa;
    if (whole.force_pw_update < 0)
        whole.force_pw_update = now->force_pw_update;
    enum ck_err r = check_edit(admin, now, edit, err);
    if (r != CK_OK)
        return r;
    r = send(admin, now, &whole, &said, err);
    if (r != CK_OK)
        return r == CK_ERR_UNKNOWN ? unknown(now, err) : r;
    if (ck_admin_read(admin, &now->account, &after, &reading) != CK_OK) {
        if (said.refused)
            return refused(now, &whole, &said, err);
        *err = reading;
        return unknown(now, err);
    }
    if (said.done && !flags_are(&after, &whole))
        r = not_as_asked(now, &whole, &after, err);
    else if (said.refused && same_flags(now, &after))
        r = refused(now, &whole, &said, err);
    else if (said.refused)
        r = contradiction(now, err);
    if (r == CK_OK || r == CK_ERR_UNCHANGED)
        *ret_after = after;
    return r;
}

enum ck_err ck_admin_set_flags(struct ck_admin *admin, const struct ck_record *const *records,
                               size_t count, int force_tfa, int force_pw_update,
                               struct ck_said *ret_said, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *body = NULL;
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    const struct ck_account_edit edit = {.force_tfa = force_tfa,
                                         .force_pw_update = force_pw_update};
    enum ck_role role = count > 0 ? records[0]->account.role : CK_ROLE_MAILBOX;
    bool one_role = true;

    for (size_t i = 1; i < count; i++)
        one_role = one_role && records[i]->account.role == role;
    if (count < 1 || count > CK_ADMIN_EDIT_MAX || !one_role)
        return ck_error_set(err, CK_ERR_USAGE, "one edit is of 1 to %d accounts of one role",
                            CK_ADMIN_EDIT_MAX);
    enum ck_err r = ck_admin_check_manages(admin, role, err);
    if (r == CK_OK)
        r = ck_edit_make_body(records, count, &edit, &body, err);
    if (r == CK_OK)
        r = ck_admin_post(admin, edits[role], body, &response, err);
    if (r == CK_OK)
        r = ck_said_parse(response.body, response.size, records, count, ret_said, err);
    return r;
}
