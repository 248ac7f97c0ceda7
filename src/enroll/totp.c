/* The TOTP enrollment, step by step. */
#include "cowkey/enroll/totp.h"

#include <inttypes.h>
#include <stdlib.h>

#include "course.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/mailcow/factor.h"

enum { CODE_TRIES_MAX = 5 };

enum ck_err ck_clocks_check(bool known, int64_t offset_s, struct ck_error *err)
{
    if (known && llabs(offset_s) <= CK_CLOCK_SKEW_MAX_S)
        return CK_OK;
    if (!known) {
        ck_error_set(
            err, CK_ERR_UNCHANGED,
            "the server does not tell its time, so it is not known whether the clocks agree");
        return ck_error_hint(err, "Pass --accept-clock-skew to go on all the same.");
    }
    ck_error_set(err, CK_ERR_UNCHANGED,
                 "the server's clock is %" PRId64
                 " s %s this computer's: a computed code would not "
                 "show that a phone's code will work",
                 (int64_t)llabs(offset_s), offset_s > 0 ? "ahead of" : "behind");
    return ck_error_hint(err, "Set the clock that is wrong, or pass --accept-clock-skew.");
}

static enum ck_err check_clocks(const struct course *course, const struct ck_totp_wish *wish,
                                struct ck_error *err)
{
    const struct ck_enrollment *done = course->done;

    if (done->clock_known && llabs(done->clock_offset_s) <= CK_CLOCK_SKEW_MAX_S)
        return CK_OK;
    if (!wish->unattended) {
        if (done->clock_known)
            course->login->person->tell_clock(course->login->person->data, done->clock_offset_s);
        return CK_OK;
    }
    return wish->accept_clock_skew ? CK_OK
                                   : ck_clocks_check(done->clock_known, done->clock_offset_s, err);
}

/*
 * Asks for the app's code until it fits the server's clock; no wrong code ever goes to the server.
 */
static enum ck_err ask_code(const struct course *course, const struct ck_otpauth *otpauth,
                            char ret_code[CK_TOTP_CODE_MAX], struct ck_error *err)
{
    const struct ck_login *login = course->login;
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

static enum ck_err get_code(struct course *course, const struct ck_totp_wish *wish,
                            char ret_code[CK_TOTP_CODE_MAX], struct ck_error *err)
{
    const struct ck_otpauth *otpauth = wish->otpauth;
    enum ck_err r = CK_OK;

    if (wish->unattended)
        r = ck_totp_code(otpauth->key, &otpauth->params,
                         ck_login_server_now_s(course->login, course->session), ret_code, err);
    else
        r = ask_code(course, otpauth, ret_code, err);
    if (r == CK_OK) {
        course->done->code_known = true;
        course->done->code_computed = wish->unattended;
    }
    return r;
}

static enum ck_err submit(struct course *course, const struct ck_totp_wish *wish, const char *code,
                          struct ck_error *err)
{
    const struct ck_login *login = course->login;
    CK_CLEANUP(ck_secret_free) struct ck_secret *base32 = NULL;
    enum ck_err r = ck_totp_key_format(wish->otpauth->key, &base32, err);

    if (r == CK_OK)
        r = course_prepare(course, err);
    if (r != CK_OK)
        return r;
    login->person->tell_stage(login->person->data, CK_STAGE_SUBMIT);
    course->done->submitted = true;
    r = ck_factor_add_totp(course->session, course->wish->label, base32, code, login->password,
                           err);
    if (r != CK_OK)
        return outcome_unknown(r, "the app's entry and the file with the secret", err);
    return course_read_back(course, CK_ERR_UNCHANGED, err);
}

/* All steps up to the moment when the server has something new in its list. */
static enum ck_err record(struct course *course, const struct ck_totp_wish *wish,
                          struct ck_error *err)
{
    const struct ck_person *person = course->login->person;
    char code[CK_TOTP_CODE_MAX];

    enum ck_err r = course_open(course, err);
    if (r == CK_OK)
        r = course_warn_mail_programs(course, err);
    if (r == CK_OK)
        r = check_clocks(course, wish, err);
    if (r == CK_OK)
        r = person->give_totp(person->data, wish->otpauth, err);
    if (r != CK_OK)
        return r;
    r = get_code(course, wish, code, err);
    if (r == CK_OK)
        r = submit(course, wish, code, err);
    ck_secret_erase(code, sizeof(code));
    return r;
}

static enum ck_verdict prove(struct course *course, const void *data, struct ck_error *ret_why)
{
    const struct ck_totp_wish *wish = data;

    return ck_prove_totp(course->login, course->done->factor_id, wish->otpauth, ret_why);
}

enum ck_err ck_enroll_totp(struct ck_login *login, const struct ck_totp_wish *wish,
                           struct ck_enrollment *ret_enrollment, struct ck_error *err)
{
    struct course course = {
        .login = login, .method = CK_METHOD_TOTP, .wish = &wish->common, .done = ret_enrollment};

    *ret_enrollment = (struct ck_enrollment){.result = CK_ENROLL_FAILED};
    enum ck_err r = record(&course, wish, err);
    if (r == CK_OK)
        r = course_conclude(&course, prove, wish, err);
    /* A certain failure leaves nothing on the server that knows the secret. */
    if (r != CK_OK && (!ret_enrollment->submitted || r != CK_ERR_UNKNOWN))
        login->person->void_totp(login->person->data);
    return course_end(&course, r, err);
}
