/* Enrolling a YubiKey's one-time passwords, step by step. */
#include "cowkey/enroll/yubiotp.h"

#include "course.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/mailcow/factor.h"
#include "cowkey/otp/yubiotp.h"

enum { REFUSALS_MAX = 5 };

struct yubikey {
    const struct ck_yubiotp_wish *wish;
    struct ck_secret *otp; /* the one that enrolled it */
};

/* The server drops an older row of the same key. It is not known before which that is. */
static void note_replaced(struct course *course)
{
    const struct ck_page *page = ck_session_page(course->session);
    uint64_t lost = 0;
    size_t kept = 0;

    for (size_t i = 0; i < course->done->before_count; i++) {
        if (ck_page_find_factor(page, course->done->before[i]) == NULL)
            lost = course->done->before[i];
        else
            course->done->before[kept++] = course->done->before[i];
    }
    course->done->before_count = kept;
    course->done->replaced_id = lost;
    if (course->replace_id == lost)
        course->replace_id = 0;
}

static enum ck_err submit(struct course *course, const struct yubikey *key, struct ck_error *err)
{
    const struct ck_login *login = course->login;
    enum ck_err r = course_prepare(course, err);

    if (r != CK_OK)
        return r;
    login->person->tell_stage(login->person->data, CK_STAGE_SUBMIT);
    course->done->submitted = true;
    r = ck_factor_add_yubiotp(course->session, course->wish->label, key->wish->client_id,
                              key->wish->client_key, key->otp, login->password, err);
    if (r == CK_ERR_UNCHANGED) {
        struct ck_error said = *err;
        return ck_error_hint(err,
                             "Check the client ID and key; the server also has to reach Yubico's "
                             "service.%s%.300s",
                             said.hint[0] != '\0' ? " " : "", said.hint);
    }
    if (r != CK_OK)
        return outcome_unknown(r, "the YubiKey", err);
    r = course_read_back(course, CK_ERR_UNCHANGED, err);
    if (r == CK_OK)
        note_replaced(course);
    return r;
}

/* All steps up to the moment when the server has something new in its list. */
static enum ck_err record(struct course *course, struct yubikey *key, struct ck_error *err)
{
    const struct ck_person *person = course->login->person;
    enum ck_err r = course_open(course, err);

    if (r == CK_OK)
        r = course_warn_mail_programs(course, err);
    if (r == CK_OK)
        r = person->ask_yubico_otp(person->data, &key->otp, err);
    if (r == CK_OK)
        r = ck_yubiotp_check(key->otp, err);
    return r == CK_OK ? submit(course, key, err) : r;
}

/*
 * The server says no in the same way when Yubico's service did not answer it: only when the person
 * does not want to touch the key once more it is a refusal.
 */
static enum ck_verdict prove(struct course *course, const void *data, struct ck_error *ret_why)
{
    const struct ck_person *person = course->login->person;
    const struct yubikey *key = data;
    enum ck_verdict verdict = CK_VERDICT_REFUSED;
    bool again = true;

    for (int i = 0; again && i < REFUSALS_MAX; i++) {
        struct ck_error ignored;
        verdict = ck_prove_yubiotp(course->login, key->otp, NULL, ret_why);
        if (verdict != CK_VERDICT_REFUSED)
            return verdict;
        ck_error_set(ret_why, CK_ERR_REFUSED,
                     "the server did not take the one-time password; Yubico's service may not have "
                     "answered it");
        again = false;
        if (person->ask_retry_proof(person->data, ret_why, &again, &ignored) != CK_OK)
            break;
    }
    return verdict;
}

enum ck_err ck_enroll_yubiotp(struct ck_login *login, const struct ck_yubiotp_wish *wish,
                              struct ck_enrollment *ret_enrollment, struct ck_error *err)
{
    struct course course = {.login = login, .wish = &wish->common, .done = ret_enrollment};
    struct yubikey key = {.wish = wish};

    *ret_enrollment = (struct ck_enrollment){.result = CK_ENROLL_FAILED};
    enum ck_err r = record(&course, &key, err);
    if (r == CK_OK)
        r = course_conclude(&course, prove, &key, err);
    ck_secret_free(&key.otp);
    return course_end(&course, r, err);
}
