/*
 * The TOTP enrollment, step by step. Each step may end it; what has happened up to there is in the
 * struct ck_enrollment, which is filled as it goes.
 */
#include "cowkey/enroll/totp.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/enroll/proof.h"
#include "cowkey/mailcow/factor.h"
#include "takeback.h"

enum {
    CODE_TRIES_MAX = 5,
    PROOF_ATTEMPTS_MAX = 10,
};

/* What an enrollment in progress holds on to. */
struct course {
    struct ck_login *login;
    const struct ck_totp_wish *wish;
    struct ck_enrollment *done;
    struct ck_session *session; /* the one that adds, takes back and removes */
    uint64_t before[CK_PAGE_FACTORS_MAX];
    size_t before_count;
    uint64_t replace_id; /* 0: nothing to replace */
};

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
    course->before_count = course->done->forced ? 0 : page->factors_count;
    for (size_t i = 0; i < course->before_count; i++)
        course->before[i] = page->factors[i].id;

    if (course->wish->replace == NULL)
        return CK_OK;
    const struct ck_factor *old;
    enum ck_err r = ck_factor_pick(page, course->wish->replace, &old, err);
    if (r == CK_OK)
        course->replace_id = old->id;
    return r;
}

/* A first second factor shuts out the mail programs that use the password: say so before. */
static enum ck_err warn_mail_programs(struct course *course, struct ck_error *err)
{
    const struct ck_login *login = course->login;
    int app_passwords;

    course->done->mail_programs = CK_MAIL_UNAFFECTED;
    if (login->account->role != CK_ROLE_MAILBOX || course->before_count > 0)
        return CK_OK;
    enum ck_err r = ck_session_count_app_passwords(course->session, &app_passwords, err);
    if (r != CK_OK)
        return r;
    course->done->mail_programs = app_passwords < 0   ? CK_MAIL_NOT_VISIBLE
                                  : app_passwords > 0 ? CK_MAIL_APP_PASSWORDS
                                                      : CK_MAIL_WILL_STOP;
    return login->person->ask_mail_programs(login->person->data, course->done->mail_programs, err);
}

static enum ck_err check_clocks(const struct course *course, struct ck_error *err)
{
    const struct ck_enrollment *done = course->done;

    if (done->clock_known && llabs(done->clock_offset_s) <= CK_CLOCK_SKEW_MAX_S)
        return CK_OK;
    if (!course->wish->unattended) {
        if (done->clock_known)
            course->login->person->tell_clock(course->login->person->data, done->clock_offset_s);
        return CK_OK;
    }
    if (course->wish->accept_clock_skew)
        return CK_OK;
    if (!done->clock_known) {
        ck_error_set(
            err, CK_ERR_UNCHANGED,
            "the server does not tell its time, so it is not known whether the clocks agree");
        return ck_error_hint(err, "Pass --accept-clock-skew to go on all the same.");
    }
    ck_error_set(
        err, CK_ERR_UNCHANGED,
        "the server's clock is %" PRId64 " s %s this computer's: a computed code would not "
        "show that a phone's code will work",
        (int64_t)llabs(done->clock_offset_s), done->clock_offset_s > 0 ? "ahead of" : "behind");
    return ck_error_hint(err, "Set the clock that is wrong, or pass --accept-clock-skew.");
}

/* Asks for the app's code until it fits the server's clock; no wrong code ever goes to the server.
 */
static enum ck_err ask_code(struct course *course, char ret_code[CK_TOTP_CODE_MAX],
                            struct ck_error *err)
{
    const struct ck_login *login = course->login;
    const struct ck_otpauth *otpauth = course->wish->otpauth;
    struct ck_code_misfit misfit = {.tries_left = CODE_TRIES_MAX};

    while (misfit.tries_left > 0) {
        bool fits, first = misfit.tries_left == CODE_TRIES_MAX;
        int steps;
        enum ck_err r =
            login->person->ask_new_code(login->person->data, first ? NULL : &misfit, ret_code, err);
        if (r != CK_OK)
            return r;
        int64_t now_s = ck_login_server_now_s(login, course->session);
        r = ck_totp_check(otpauth->key, &otpauth->params, ret_code, now_s, CK_TOTP_WINDOW_MAX,
                          &fits, &steps, err);
        if (r != CK_OK || (fits && abs(steps) <= CK_FACTOR_TOTP_WINDOW))
            return r;
        misfit.tries_left--;
        misfit.other_step = fits;
        misfit.phone_off_s = fits ? (int64_t)steps * otpauth->params.period_s : 0;
        misfit.server_off_s = course->done->clock_offset_s;
    }
    ck_error_set(err, CK_ERR_REFUSED, "none of %d codes fitted the new secret", CODE_TRIES_MAX);
    return ck_error_hint(err,
                         "Remove the entry from the app, check the clocks of phone and computer, "
                         "and start again.");
}

static enum ck_err get_code(struct course *course, char ret_code[CK_TOTP_CODE_MAX],
                            struct ck_error *err)
{
    const struct ck_otpauth *otpauth = course->wish->otpauth;
    enum ck_err r = CK_OK;

    if (course->wish->unattended)
        r = ck_totp_code(otpauth->key, &otpauth->params,
                         ck_login_server_now_s(course->login, course->session), ret_code, err);
    else
        r = ask_code(course, ret_code, err);
    if (r == CK_OK) {
        course->done->code_known = true;
        course->done->code_computed = course->wish->unattended;
    }
    return r;
}

static bool was_there_before(const struct course *course, uint64_t id)
{
    for (size_t i = 0; i < course->before_count; i++) {
        if (course->before[i] == id)
            return true;
    }
    return false;
}

/* The list must have gained exactly one entry, with our label; the server's "success" says nothing.
 */
static enum ck_err read_back(struct course *course, struct ck_error *err)
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
        return ck_error_set(err, CK_ERR_UNCHANGED,
                            "the server stored nothing, whatever it says ('%.200s')",
                            alert != NULL ? alert : "no message");
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

static enum ck_err submit(struct course *course, const char *code, struct ck_error *err)
{
    const struct ck_login *login = course->login;
    CK_CLEANUP(ck_secret_free) struct ck_secret *base32 = NULL;
    enum ck_err r = ck_totp_key_format(course->wish->otpauth->key, &base32, err);

    if (r != CK_OK)
        return r;
    login->person->tell_stage(login->person->data, CK_STAGE_SUBMIT);
    course->done->submitted = true;
    r = ck_factor_add_totp(course->session, course->wish->label, base32, code, login->password,
                           err);
    if (r == CK_OK)
        return read_back(course, err);
    if (r == CK_ERR_UNKNOWN) {
        struct ck_error cause = *err;
        ck_error_set(err, r, "it is not known whether the server stored the new factor: %.300s",
                     cause.text);
        ck_error_hint(err,
                      "Keep the app's entry and the file with the secret until you have looked: "
                      "if it was stored, logins ask for it.");
    }
    return r;
}

/*
 * Proves until there is a verdict. What was merely in the way (network) is tried once more unasked
 * and then as often as the person wants; a password that is suddenly refused is not tried again.
 */
static enum ck_verdict prove(struct course *course, struct ck_error *ret_why)
{
    const struct ck_person *person = course->login->person;

    for (int attempt = 1;; attempt++) {
        enum ck_verdict verdict =
            ck_prove_totp(course->login, course->done->factor_id, course->wish->otpauth, ret_why);
        if (verdict != CK_VERDICT_NOT_CARRIED_OUT || ret_why->code != CK_ERR_UNREACHABLE ||
            attempt == PROOF_ATTEMPTS_MAX)
            return verdict;
        if (attempt == 1) {
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

static const char *why_refused(enum ck_verdict verdict)
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
                                 course->before_count > 0, err);
    if (r != CK_OK)
        return r;
    course->done->factor_id = 0;
    course->done->evidence = CK_EVIDENCE_NONE;
    ck_error_set(err, CK_ERR_UNCHANGED, "the server stored the factor, but %s; it was taken back",
                 why_refused(verdict));
    return ck_error_hint(err,
                         "Remove the entry from the app. If it happens again, ask the server's "
                         "admin to look at its log.");
}

static enum ck_err prove_or_take_back(struct course *course, struct ck_error *err)
{
    struct ck_error why = {.code = CK_OK};
    enum ck_verdict verdict = prove(course, &why);

    if (verdict == CK_VERDICT_ACCEPTED) {
        course->done->evidence = CK_EVIDENCE_LOGIN;
        course->done->result = CK_ENROLL_ENROLLED;
        return CK_OK;
    }
    if (verdict != CK_VERDICT_NOT_CARRIED_OUT)
        return take_back(course, verdict, err);
    ck_error_set(err, CK_ERR_UNKNOWN,
                 "the factor is in the server's list (ID %" PRIu64
                 "), but the proof could not be carried "
                 "out: %.300s",
                 course->done->factor_id, why.text);
    return ck_error_hint(
        err,
        "Logins ask for it now. Prove it with 'cowkey prove totp --login-factor %" PRIu64
        "' before you rely on it.",
        course->done->factor_id);
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

/* All steps up to the moment when the server has something new in its list. */
static enum ck_err record(struct course *course, struct ck_error *err)
{
    const struct ck_person *person = course->login->person;
    char code[CK_TOTP_CODE_MAX];

    enum ck_err r = look_before(course, err);
    if (r == CK_OK)
        r = warn_mail_programs(course, err);
    if (r == CK_OK)
        r = check_clocks(course, err);
    if (r == CK_OK)
        r = person->give_totp(person->data, course->wish->otpauth, err);
    if (r != CK_OK)
        return r;
    r = get_code(course, code, err);
    if (r == CK_OK)
        r = submit(course, code, err);
    ck_secret_erase(code, sizeof(code));
    return r;
}

static enum ck_err run(struct course *course, struct ck_error *err)
{
    enum ck_err r = ck_login_open(course->login, &course->session, err);
    if (r != CK_OK)
        return r;
    r = record(course, err);
    if (r == CK_OK && course->wish->evidence == CK_EVIDENCE_LOGIN)
        r = prove_or_take_back(course, err);
    else if (r == CK_OK)
        course->done->result = CK_ENROLL_RECORDED;
    return r == CK_OK ? remove_replaced(course, err) : r;
}

enum ck_err ck_enroll_totp(struct ck_login *login, const struct ck_totp_wish *wish,
                           struct ck_enrollment *ret_enrollment, struct ck_error *err)
{
    struct ck_enrollment *done = ret_enrollment;
    struct course course = {.login = login, .wish = wish, .done = done};

    *done = (struct ck_enrollment){.result = CK_ENROLL_FAILED};
    enum ck_err r = run(&course, err);
    ck_session_close(&course.session);
    if (r == CK_OK)
        return CK_OK;
    if (!done->submitted || r != CK_ERR_UNKNOWN)
        login->person->void_totp(login->person->data);
    else if (done->result == CK_ENROLL_FAILED)
        done->result = CK_ENROLL_UNKNOWN;
    return ck_login_note_change(login, err);
}
