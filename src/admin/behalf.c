/* The ways and the papers of an enrollment for somebody else. */
#include "cowkey/admin/behalf.h"

#include <string.h>

#include "cowkey/admin/reset.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/key/info.h"
#include "deed.h"

enum ck_err ck_behalf_account(const char *name, struct ck_account *ret_account,
                              struct ck_error *err)
{
    struct ck_account account;
    enum ck_err r = ck_account_parse(name, strchr(name, '@') != NULL ? "mailbox" : "domain-admin",
                                     &account, err);

    if (r != CK_OK)
        return r;
    if (strcmp(account.name, "admin") == 0) {
        ck_error_set(err, CK_ERR_USAGE, "'admin' is an admin, whose account nobody else can enter");
        return ck_error_hint(err, "It enrolls for itself: --account admin, without --for.");
    }
    *ret_account = account;
    return CK_OK;
}

static enum ck_err enter(void *data, struct ck_session **ret_session, struct ck_error *err)
{
    const struct ck_behalf *behalf = data;
    const struct ck_person *person = behalf->login->person;

    person->tell_stage(person->data, CK_STAGE_ENTER);
    return ck_operator_enter(behalf->by, &behalf->record, ret_session, err);
}

/* Model and serial number of the key that is in use; either may stay "". */
struct key_marks {
    char aaguid[CK_AAGUID_TEXT_MAX];
    char serial[CK_KEY_TEXT_MAX];
};

static const char *text_or_null(const char *text)
{
    return *text != '\0' ? text : NULL;
}

static void read_marks(const struct ck_behalf *behalf, struct key_marks *marks)
{
    struct ck_plugged_key plugged;
    struct ck_error ignored;

    *marks = (struct key_marks){0};
    if (behalf->done == NULL || !behalf->done->credential_known)
        return;
    ck_aaguid_format(behalf->done->credential.aaguid, marks->aaguid);
    if (behalf->login->key != NULL &&
        ck_key_describe(behalf->login->key, &plugged, &ignored) == CK_OK)
        memcpy(marks->serial, plugged.serial, sizeof(marks->serial));
}

static enum ck_err intend(const struct ck_behalf *behalf, const char *action, const char *method,
                          const struct key_marks *marks, char ret_id[CK_JOURNAL_ID_SIZE + 1],
                          struct ck_error *err)
{
    struct ck_journal_deed deed = deed_of(behalf->deed, behalf->login->account, action);

    deed.method = method;
    if (marks != NULL) {
        deed.aaguid = text_or_null(marks->aaguid);
        deed.serial = text_or_null(marks->serial);
    }
    return ck_journal_intend(behalf->journal, &deed, ret_id, err);
}

static enum ck_err write_intent(void *data, struct ck_error *err)
{
    struct ck_behalf *behalf = data;
    struct key_marks marks;

    read_marks(behalf, &marks);
    enum ck_err r = intend(behalf, "enroll", behalf->method, &marks, behalf->intent, err);
    behalf->intended = r == CK_OK;
    return r;
}

enum ck_err ck_behalf_begin(struct ck_behalf *behalf, bool needs_password, struct ck_error *err)
{
    struct ck_login *login = behalf->login;
    enum ck_err r = CK_OK;

    if (behalf->by != NULL) {
        r = ck_operator_check(behalf->by, login->account, err);
        if (r == CK_OK)
            r = ck_admin_read(behalf->by->admin, login->account, &behalf->record, err);
        if (r != CK_OK)
            return r;
        if (ck_operator_may_enter(behalf->by, &behalf->record)) {
            behalf->entrance = (struct ck_entrance){behalf, enter};
            login->entrance = &behalf->entrance;
        } else if (!needs_password) {
            struct ck_session *never;
            return ck_operator_enter(behalf->by, &behalf->record, &never, err);
        }
    }
    behalf->witness = (struct ck_witness){behalf, write_intent};
    login->witness = &behalf->witness;
    return CK_OK;
}

enum ck_err ck_behalf_check_proof(const struct ck_behalf *behalf, struct ck_error *err)
{
    const struct ck_record *record = &behalf->record;

    if (!record->active) {
        ck_error_set(err, CK_ERR_UNCHANGED, "the account '%s' is deactivated",
                     record->account.name);
        return ck_error_hint(err, "No login could prove its factor. Activate it first, or go "
                                  "without that: --proof recorded.");
    }
    /* Releases that know one flag only hold no login. */
    if (record->force_pw_update != 1 || record->force_tfa < 0 ||
        record->authsource != CK_AUTHSOURCE_MAILCOW)
        return CK_OK;
    ck_error_set(err, CK_ERR_UNCHANGED,
                 "the server holds the logins of '%s' until its password is changed",
                 record->account.name);
    return ck_error_hint(err,
                         "None could prove its factor. --reset-password makes a new one; or go "
                         "without the proof: --proof recorded.");
}

enum ck_err ck_behalf_check_change(const struct ck_behalf *behalf, struct ck_error *err)
{
    return ck_reset_check(&behalf->record, err);
}

enum ck_err ck_behalf_check_reset(const struct ck_behalf *behalf, struct ck_error *err)
{
    enum ck_err r = ck_reset_check(&behalf->record, err);

    if (r != CK_OK || behalf->record.active)
        return r;
    ck_error_set(err, CK_ERR_UNCHANGED, "the account '%s' is deactivated",
                 behalf->record.account.name);
    return ck_error_hint(err, "No login could prove its factor. Activate it first.");
}

/* The server took the password, or may have: whatever goes wrong now leaves that behind. */
static enum ck_err after_reset(const char *state, struct ck_error *err)
{
    struct ck_error cause = *err;

    ck_error_set(err, CK_ERR_UNKNOWN, "%s: %.400s", state, cause.text);
    return ck_error_hint(
        err,
        "%.300s%sKeep the file with the new password. The same command again, with "
        "another file, begins anew.",
        cause.hint, cause.hint[0] != '\0' ? " " : "");
}

/* A login that is asked for a factor shows the password, but leads nowhere without another way. */
static enum ck_err check_goes_on(const struct ck_behalf *behalf, const struct ck_session *session,
                                 struct ck_error *err)
{
    if (ck_session_state(session) != CK_SESSION_ASKS_FACTOR)
        return CK_OK;
    /* Nor could the proof answer it. */
    if (ck_login_check_offers(behalf->login, ck_session_page(session), err) != CK_OK)
        return err->code;
    if (behalf->login->entrance != NULL || behalf->login->factor_key != NULL || behalf->keys_answer)
        return CK_OK;
    ck_error_set(err, CK_ERR_UNCHANGED,
                 "'%s' has a second factor already, which its login asks for",
                 behalf->login->account->name);
    return ck_error_hint(err, "An API key opens no mailbox: log in as an admin, or as the domain's "
                              "admin.");
}

static enum ck_err set_and_try(struct ck_behalf *behalf, const struct ck_secret *password,
                               bool *ret_proved, struct ck_error *err)
{
    const struct ck_reset reset = {.by = behalf->by, .password = password, .force_tfa = -1};
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;
    const struct ck_person *person = behalf->login->person;
    struct ck_record after = behalf->record;

    person->tell_stage(person->data, CK_STAGE_NEW_PASSWORD);
    enum ck_err r = ck_reset_set(&reset, &behalf->record, &after, err);
    behalf->record = after;
    behalf->password_set = r == CK_OK || r == CK_ERR_UNKNOWN;
    behalf->cut = r == CK_ERR_UNKNOWN;
    if (r == CK_ERR_UNKNOWN)
        return after_reset("it is not known whether the new password was set", err);
    if (r != CK_OK)
        return r;
    person->tell_stage(person->data, CK_STAGE_NEW_LOGIN);
    r = ck_reset_try(&reset, behalf->login->account, &session, err);
    behalf->cut = r == CK_ERR_UNREACHABLE;
    if (r != CK_OK)
        return after_reset("the new password was set, but not shown to be in force", err);
    *ret_proved = true;
    r = check_goes_on(behalf, session, err);
    return r == CK_OK ? CK_OK : after_reset("the account has the new password now, but", err);
}

enum ck_err ck_behalf_reset(struct ck_behalf *behalf, const struct ck_secret *password,
                            enum ck_err (*hand_out)(void *data, struct ck_error *err), void *data,
                            struct ck_error *err)
{
    char id[CK_JOURNAL_ID_SIZE + 1];
    bool proved = false;
    struct ck_error why;

    enum ck_err r = ck_behalf_check_reset(behalf, err);
    if (r == CK_OK)
        r = hand_out(data, err);
    if (r == CK_OK)
        r = intend(behalf, "set-password", NULL, NULL, id, err);
    if (r != CK_OK)
        return r;
    r = set_and_try(behalf, password, &proved, err);
    enum ck_journal_outcome outcome = proved                 ? CK_JOURNAL_DONE
                                      : behalf->password_set ? CK_JOURNAL_UNKNOWN
                                                             : CK_JOURNAL_FAILED;
    if (ck_journal_conclude(behalf->journal, id, outcome, proved ? "login" : NULL, NULL, NULL,
                            r != CK_OK ? err->text : NULL, &why) != CK_OK)
        r = deed_untold(r, "it is done", &why, err);
    if (r == CK_OK)
        behalf->login->password = password;
    return r;
}

enum ck_err ck_behalf_conclude(struct ck_behalf *behalf, enum ck_err r, struct ck_error *err)
{
    static const enum ck_journal_outcome outcomes[] = {
        [CK_ENROLL_FAILED] = CK_JOURNAL_FAILED,
        [CK_ENROLL_UNKNOWN] = CK_JOURNAL_UNKNOWN,
        [CK_ENROLL_RECORDED] = CK_JOURNAL_DONE,
        [CK_ENROLL_ENROLLED] = CK_JOURNAL_DONE,
    };
    enum ck_enroll_result result = behalf->done->result;
    enum ck_journal_outcome outcome = outcomes[result];
    struct key_marks marks;
    struct ck_error why;

    if (!behalf->intended)
        return r;
    behalf->intended = false;
    /* A password that was changed on the way is not nothing. */
    if (outcome == CK_JOURNAL_FAILED && r == CK_ERR_UNKNOWN)
        outcome = CK_JOURNAL_UNKNOWN;
    read_marks(behalf, &marks);
    if (ck_journal_conclude(behalf->journal, behalf->intent, outcome,
                            result == CK_ENROLL_ENROLLED   ? "login"
                            : result == CK_ENROLL_RECORDED ? "recorded"
                                                           : NULL,
                            text_or_null(marks.aaguid), text_or_null(marks.serial),
                            r != CK_OK ? err->text : NULL, &why) == CK_OK)
        return r;
    return deed_untold(r, "it is done", &why, err);
}

/* Nothing is lost by another try: it sets what is to be set. */
static enum ck_err force_change(struct ck_behalf *behalf, struct ck_error *err)
{
    struct ck_record after = behalf->record;
    struct ck_error first;
    enum ck_err r = ck_reset_force_change(behalf->by, &behalf->record, -1, &after, &first);

    if (r == CK_ERR_UNKNOWN || r == CK_ERR_UNREACHABLE)
        r = ck_reset_force_change(behalf->by, &behalf->record, -1, &after, err);
    else if (r != CK_OK)
        *err = first;
    behalf->record = after;
    return r;
}

enum ck_err ck_behalf_force_change(struct ck_behalf *behalf, bool *ret_known, struct ck_error *err)
{
    char id[CK_JOURNAL_ID_SIZE + 1];
    struct ck_error why;

    *ret_known = behalf->record.force_pw_update >= 0;
    if (!*ret_known)
        return CK_OK;
    enum ck_err r = intend(behalf, "force-password-change", NULL, NULL, id, err);
    if (r == CK_OK) {
        r = force_change(behalf, err);
        enum ck_journal_outcome outcome = r == CK_OK            ? CK_JOURNAL_DONE
                                          : r == CK_ERR_UNKNOWN ? CK_JOURNAL_UNKNOWN
                                                                : CK_JOURNAL_FAILED;
        if (ck_journal_conclude(behalf->journal, id, outcome, r == CK_OK ? "read back" : NULL, NULL,
                                NULL, r != CK_OK ? err->text : NULL, &why) != CK_OK)
            r = deed_untold(r, "it is done", &why, err);
    }
    behalf->hindered = r;
    if (r == CK_OK)
        return CK_OK;
    struct ck_error cause = *err;
    ck_error_set(err, CK_ERR_UNKNOWN, "%s: %.350s",
                 behalf->password_set
                     ? "the account has the new password, but is not known to have to change it"
                     : "the account is not known to have to change its password",
                 cause.text);
    return ck_error_hint(err, "The enrollment stands. Tick the forced password update in the "
                              "server's web interface.");
}
