/* The steps that the enrollments of second factors have in common. */
#include "course.h"

#include <inttypes.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/enroll/app_password.h"
#include "cowkey/mailcow/factor.h"
#include "cowkey/mailcow/webauthn.h"
#include "takeback.h"

enum { PROOF_ATTEMPTS_MAX = 10 };

void ck_enrollment_clear(struct ck_enrollment *enrollment)
{
    ck_credential_clear(&enrollment->credential);
}

/* Remembers the list as it was: later, "ours" is what it gained. */
static enum ck_err look_before(struct course *course, struct ck_error *err)
{
    const struct ck_page *page = ck_session_page(course->session);

    course->done->forced = ck_session_state(course->session) == CK_SESSION_HELD;
    course->done->clock_offset_s =
        ck_session_clock_offset_s(course->session, &course->done->clock_known);
    if (!course->done->forced && page->factors_state == CK_LIST_ABSENT) {
        ck_error_set(err, CK_ERR_UNCHANGED,
                     "the server's page offers no second factors for the account '%s'",
                     course->login->account->name);
        return ck_error_hint(err,
                             "Accounts that log in through an outside provider (LDAP, Keycloak, "
                             "OIDC) set up their second factor there.");
    }
    /* Held for a set-up means that there is no factor yet; the login page lists none. */
    course->done->before_count = course->done->forced ? 0 : page->factors_count;
    for (size_t i = 0; i < course->done->before_count; i++)
        course->done->before[i] = page->factors[i].id;

    if (course->wish->replace == NULL)
        return CK_OK;
    const struct ck_factor *old;
    enum ck_err r = ck_factor_pick(page, course->wish->replace, &old, err);
    if (r == CK_OK)
        course->replace_id = old->id;
    return r;
}

enum ck_err course_open(struct course *course, struct ck_error *err)
{
    enum ck_err r = ck_login_open(course->login, &course->session, err);

    return r == CK_OK ? look_before(course, err) : r;
}

enum ck_err course_warn_mail_programs(struct course *course, struct ck_error *err)
{
    const struct ck_login *login = course->login;
    int app_passwords;

    course->done->mail_programs = CK_MAIL_UNAFFECTED;
    if (login->account->role != CK_ROLE_MAILBOX || course->done->before_count > 0)
        return CK_OK;
    enum ck_err r = ck_session_count_app_passwords(course->session, &app_passwords, err);
    if (r != CK_OK)
        return r;
    course->done->mail_programs = course->wish->app_password != NULL ? CK_MAIL_APP_PASSWORDS
                                  : app_passwords < 0                ? CK_MAIL_NOT_VISIBLE
                                  : app_passwords > 0                ? CK_MAIL_APP_PASSWORDS
                                                                     : CK_MAIL_WILL_STOP;
    return login->person->ask_mail_programs(login->person->data, course->done->mail_programs, err);
}

/* Whether the account has the app password already, as far as a label tells. */
static enum ck_err find_app_password(const struct course *course, bool *ret_listed,
                                     struct ck_error *err)
{
    CK_CLEANUP(ck_app_passwords_clear) struct ck_app_passwords list = {0};
    const struct ck_app_password_wish *wish = course->wish->app_password;

    if (!wish->if_needed)
        return CK_OK;
    enum ck_err r = ck_app_passwords_read(course->session, &list, err);
    for (size_t i = 0; r == CK_OK && i < list.count; i++)
        *ret_listed =
            *ret_listed || (list.rows[i].active && strcmp(list.rows[i].label, wish->label) == 0);
    return r;
}

static enum ck_err make_app_password(struct course *course, struct ck_error *err)
{
    const struct ck_app_password_wish *wish = course->wish->app_password;
    bool listed = wish->if_needed && course->done->before_count > 0;
    enum ck_err r = listed ? CK_OK : find_app_password(course, &listed, err);

    if (r != CK_OK || listed)
        return r;
    r = wish->give(wish->data, err);
    return r == CK_OK ? ck_app_password_add(course->session, wish->label, wish->protocols,
                                            wish->password, &course->done->app_password_id, err)
                      : r;
}

enum ck_err course_prepare(struct course *course, struct ck_error *err)
{
    const struct ck_app_password_wish *wish = course->wish->app_password;
    const struct ck_person *person = course->login->person;
    struct ck_enrollment *done = course->done;

    enum ck_err r = ck_login_witness(course->login, err);
    if (r != CK_OK || wish == NULL)
        return r;
    person->tell_stage(person->data, CK_STAGE_APP_PASSWORD);
    r = make_app_password(course, err);
    done->app_password_unknown = r == CK_ERR_UNKNOWN;
    if (r == CK_ERR_UNKNOWN) {
        struct ck_error cause = *err;
        done->submitted = true;
        ck_error_set(err, r, "it is not known whether the app password was made: %.300s",
                     cause.text);
        return ck_error_hint(err, "The factor was not enrolled. 'cowkey app-password list' shows "
                                  "the app passwords.");
    }
    /* The page would mention it together with the factor's outcome. */
    if (r == CK_OK && !done->forced)
        r = ck_session_visit(course->session, err);
    return r;
}

/* A password that nobody was told of, for an enrollment that failed. */
static enum ck_err take_back_app_password(struct course *course, enum ck_err r,
                                          struct ck_error *err)
{
    struct ck_enrollment *done = course->done;
    struct ck_error why;

    if (done->app_password_id == 0 || done->result != CK_ENROLL_FAILED)
        return r;
    if (ck_app_password_remove(course->session, done->app_password_id, &why) == CK_OK) {
        done->app_password_id = 0;
        return r;
    }
    struct ck_error cause = *err;
    done->submitted = true;
    done->result = CK_ENROLL_UNKNOWN;
    ck_error_set(err, CK_ERR_UNKNOWN,
                 "%.250s; and the app password that was made for it (ID %" PRIu64
                 ") could not be removed: %.150s",
                 cause.text, done->app_password_id, why.text);
    return ck_error_hint(err, "Remove it with 'cowkey app-password remove'. %.300s", cause.hint);
}

static bool was_there_before(const struct course *course, uint64_t id)
{
    for (size_t i = 0; i < course->done->before_count; i++) {
        if (course->done->before[i] == id)
            return true;
    }
    return false;
}

enum ck_err course_read_back(struct course *course, enum ck_err stored_nothing,
                             struct ck_error *err)
{
    const struct ck_page *page = ck_session_page(course->session);
    const struct ck_factor *ours = NULL;
    size_t gained = 0;

    if (page->factors_state == CK_LIST_ABSENT)
        return ck_error_set(
            err, CK_ERR_UNKNOWN,
            "the server's answer does not show the list of factors, so it is not known "
            "whether the new one was stored");
    for (size_t i = 0; i < page->factors_count; i++) {
        if (!was_there_before(course, page->factors[i].id)) {
            ours = &page->factors[i];
            gained++;
        }
    }
    if (gained == 0) {
        const char *alert = ck_page_alert(page, NULL);
        ck_error_set(err, stored_nothing, "the server stored nothing, whatever it says ('%.200s')",
                     alert != NULL ? alert : "no message");
        return stored_nothing != CK_ERR_REFUSED
                   ? stored_nothing
                   : ck_error_hint(err, "That is how it tells a wrong password: was the password "
                                        "changed in the meantime?");
    }
    if (gained > 1)
        return ck_error_set(
            err, CK_ERR_UNKNOWN,
            "the server's list gained %zu factors instead of one: somebody else may "
            "be enrolling on this account. It is not known which is ours, and none was removed",
            gained);
    if (strcmp(ours->label, course->wish->label) != 0)
        return ck_error_set(err, CK_ERR_UNKNOWN,
                            "the server's list gained the factor '%.150s' (ID %" PRIu64
                            "), which is not what was asked for; it was not removed",
                            ours->label, ours->id);
    /* A no together with a gain is somebody else's gain, with the same label. */
    if (ck_page_alert(page, "danger") != NULL && ck_page_alert(page, "success") == NULL)
        return ck_error_set(
            err, CK_ERR_UNKNOWN,
            "the server says no ('%.200s'), and yet its list gained a factor of this "
            "label (ID %" PRIu64 "): it may be somebody else's, and was not removed",
            ck_page_alert(page, "danger"), ours->id);
    course->done->factor_id = ours->id;
    course->done->evidence = CK_EVIDENCE_RECORDED;
    return CK_OK;
}

enum ck_err course_check_refusal(struct course *course, enum ck_err r, struct ck_error *err)
{
    struct ck_session *session = course->session;
    struct ck_error cause = *err, ignored;

    if (r != CK_ERR_UNCHANGED || (course->done->forced ? ck_webauthn_settle(session, &ignored)
                                                       : ck_session_visit(session, &ignored)))
        return r;
    const struct ck_page *page = ck_session_page(session);
    for (size_t i = 0; i < page->factors_count; i++) {
        if (!was_there_before(course, page->factors[i].id)) {
            ck_error_set(err, CK_ERR_UNKNOWN,
                         "%.300s; and yet its list gained the factor '%.150s' (ID %" PRIu64
                         "), which was not removed",
                         cause.text, page->factors[i].label, page->factors[i].id);
            return ck_error_hint(err, "%s", cause.hint);
        }
    }
    return r;
}

enum ck_verdict prove_until_verdict(struct course *course, prove_once *once, const void *data,
                                    struct ck_error *ret_why)
{
    const struct ck_person *person = course->login->person;

    for (int attempt = 1;; attempt++) {
        enum ck_verdict verdict = once(course, data, ret_why);
        course->login->key_failed = ret_why->code == CK_ERR_KEY;
        bool may_try = ret_why->code == CK_ERR_UNREACHABLE || ret_why->code == CK_ERR_KEY;
        course->done->proof_refused = verdict == CK_VERDICT_REFUSED;
        course->done->hindered = verdict == CK_VERDICT_NOT_CARRIED_OUT ? ret_why->code : CK_OK;
        if (verdict != CK_VERDICT_NOT_CARRIED_OUT || !may_try || attempt == PROOF_ATTEMPTS_MAX)
            return verdict;
        if (attempt == 1 && ret_why->code == CK_ERR_UNREACHABLE) {
            person->tell_stage(person->data, CK_STAGE_PROOF_AGAIN);
        } else {
            struct ck_error
                ignored; /* a person who can't be asked, or ends it, does not want more */
            bool again = false;
            if (person->ask_retry_proof(person->data, ret_why, &again, &ignored) != CK_OK || !again)
                return verdict;
        }
    }
}

const char *why_refused(enum ck_verdict verdict)
{
    switch (verdict) {
    case CK_VERDICT_NOT_ASKED:
        return "a fresh login was not asked for it";
    case CK_VERDICT_NOT_LISTED:
        return "a fresh login did not offer it";
    default:
        return "a fresh login with it was refused";
    }
}

static enum ck_err take_back(struct course *course, enum ck_verdict verdict, struct ck_error *err)
{
    enum ck_err r = ck_take_back(course->login, course->session, course->done->factor_id,
                                 course->done->before_count > 0, err);
    if (r != CK_OK)
        return r;
    course->done->factor_id = 0;
    course->done->evidence = CK_EVIDENCE_NONE;
    ck_error_set(err, CK_ERR_UNCHANGED, "the server stored the factor, but %s; it was taken back",
                 why_refused(verdict));
    return ck_error_hint(err, "%sIf it happens again, ask the server's admin to look at its log.",
                         course->method == CK_METHOD_TOTP ? "Remove the entry from the app. " : "");
}

static enum ck_err prove_or_take_back(struct course *course, prove_once *once, const void *data,
                                      struct ck_error *err)
{
    struct ck_error why = {.code = CK_OK};
    enum ck_verdict verdict = prove_until_verdict(course, once, data, &why);

    if (verdict == CK_VERDICT_ACCEPTED) {
        course->done->evidence = CK_EVIDENCE_LOGIN;
        course->done->result = CK_ENROLL_ENROLLED;
        return CK_OK;
    }
    if (verdict != CK_VERDICT_NOT_CARRIED_OUT)
        return take_back(course, verdict, err);
    ck_error_set(err, CK_ERR_UNKNOWN,
                 "the factor is in the server's list (ID %" PRIu64
                 "), but the proof could not be carried out: %.300s",
                 course->done->factor_id, why.text);
    return ck_error_hint(err,
                         "Logins ask for it now. Prove it with 'cowkey prove %s' before you rely "
                         "on it.",
                         ck_method_name(course->method));
}

static enum ck_err remove_replaced(struct course *course, struct ck_error *err)
{
    const struct ck_login *login = course->login;

    if (course->replace_id == 0)
        return CK_OK;
    login->person->tell_stage(login->person->data, CK_STAGE_REMOVE_OLD);
    if (ck_factor_remove(course->session, course->replace_id, err) == CK_OK) {
        course->done->replaced_id = course->replace_id;
        return CK_OK;
    }
    struct ck_error cause = *err;
    return ck_error_set(err, CK_ERR_UNKNOWN,
                        "the new factor works, but the old one (ID %" PRIu64
                        ") could not be removed: %.300s",
                        course->replace_id, cause.text);
}

enum ck_err course_conclude(struct course *course, prove_once *once, const void *data,
                            struct ck_error *err)
{
    enum ck_err r = CK_OK;

    if (course->wish->evidence == CK_EVIDENCE_LOGIN)
        r = prove_or_take_back(course, once, data, err);
    else
        course->done->result = CK_ENROLL_RECORDED;
    return r == CK_OK ? remove_replaced(course, err) : r;
}

enum ck_err outcome_unknown(enum ck_err r, const char *what, struct ck_error *err)
{
    if (r != CK_ERR_UNKNOWN)
        return r;
    struct ck_error cause = *err;
    ck_error_set(err, r, "it is not known whether the server stored the new factor: %.300s",
                 cause.text);
    return ck_error_hint(err, "Keep %s until you have looked: if it was stored, logins ask for it.",
                         what);
}

enum ck_err course_end(struct course *course, enum ck_err r, struct ck_error *err)
{
    struct ck_enrollment *done = course->done;

    if (r != CK_OK && r != CK_ERR_UNKNOWN)
        r = take_back_app_password(course, r, err);
    ck_session_close(&course->session);
    if (r == CK_OK)
        return CK_OK;
    if (done->submitted && r == CK_ERR_UNKNOWN && done->result == CK_ENROLL_FAILED)
        done->result = CK_ENROLL_UNKNOWN;
    return ck_login_note_change(course->login, err);
}
