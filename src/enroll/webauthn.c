/* Enrolling a security key as second factor, step by step. */
#include "cowkey/enroll/webauthn.h"

#include "course.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/mailcow/webauthn.h"
#include "new_credential.h"

/* The server's word is not enough: its options have to exclude our credential now. */
static enum ck_err check_excluded(struct course *course, const struct ck_bytes *id,
                                  struct ck_error *err)
{
    CK_CLEANUP(ck_creation_options_clear) struct ck_creation_options options = {0};
    enum ck_err r =
        ck_webauthn_creation_options(course->session, CK_WEBAUTHN_FACTOR, &options, err);

    for (size_t i = 0; r == CK_OK && i < options.exclude_count; i++) {
        if (ck_bytes_equal(&options.exclude[i], id))
            return CK_OK;
    }
    if (r == CK_OK)
        ck_error_set(err, CK_ERR_UNKNOWN,
                     "the server lists the new factor, but not its credential");
    return err->code = CK_ERR_UNKNOWN;
}

static enum ck_err submit(struct course *course, const struct ck_registration *registration,
                          struct ck_error *err)
{
    const struct ck_login *login = course->login;

    enum ck_err r = course_prepare(course, err);
    if (r != CK_OK)
        return r;
    login->person->tell_stage(login->person->data, CK_STAGE_SUBMIT);
    course->done->submitted = true;
    r = ck_webauthn_register(course->session, CK_WEBAUTHN_FACTOR, registration, course->wish->label,
                             login->password, err);
    if (r != CK_OK)
        return r == CK_ERR_UNKNOWN ? outcome_unknown(r, "the key", err)
                                   : course_check_refusal(course, r, err);
    r = course->done->forced ? ck_webauthn_settle(course->session, err)
                             : ck_session_visit(course->session, err);
    if (r != CK_OK)
        return outcome_unknown(err->code = CK_ERR_UNKNOWN, "the key", err);
    return course_read_back(course, CK_ERR_REFUSED, err);
}

/* All steps up to the moment when the server has something new in its list. */
static enum ck_err record(struct course *course, struct ck_error *err)
{
    CK_CLEANUP(ck_registration_clear) struct ck_registration registration = {0};

    enum ck_err r = course_open(course, err);
    if (r == CK_OK)
        r = course_warn_mail_programs(course, err);
    if (r == CK_OK)
        r = new_credential_make(course->login, course->session, CK_WEBAUTHN_FACTOR, &registration,
                                &course->done->credential, err);
    if (r != CK_OK)
        return r;
    course->done->credential_known = true;
    r = submit(course, &registration, err);
    if (r == CK_OK && course->wish->evidence == CK_EVIDENCE_RECORDED)
        r = check_excluded(course, &course->done->credential.id, err);
    return r;
}

static enum ck_verdict prove(struct course *course, const void *data, struct ck_error *ret_why)
{
    (void)data;
    return ck_prove_webauthn(course->login, course->done->factor_id, &course->done->credential.id,
                             ret_why);
}

enum ck_err ck_enroll_webauthn(struct ck_login *login, const struct ck_wish *wish,
                               struct ck_enrollment *ret_enrollment, struct ck_error *err)
{
    struct course course = {
        .login = login, .method = CK_METHOD_WEBAUTHN, .wish = wish, .done = ret_enrollment};

    *ret_enrollment = (struct ck_enrollment){.result = CK_ENROLL_FAILED};
    enum ck_err r = record(&course, err);
    if (r == CK_OK)
        r = course_conclude(&course, prove, NULL, err);
    return course_end(&course, r, err);
}
