/* cowkey enroll webauthn, cowkey enroll passkey */
#include <jansson.h>

#include "command.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/file.h"
#include "cowkey/enroll/webauthn.h"
#include "enroll_for.h"
#include "enrollment.h"
#include "new_app_password.h"
#include "output.h"
#include "person.h"
#include "record.h"

static enum ck_err write_record(const char *path, const struct target *target, const char *by,
                                const struct ck_enrollment *done, struct ck_error *err)
{
    return record_write(path, &done->credential,
                        json_pack("{s:o, s:s, s:s*}", "account", text_json(target->account.name),
                                  "server", target->settings.host.origin, "enrolled_by", by),
                        err);
}

/*
 * The enrollment is done by then, whatever becomes of the record; err may hold what failed since.
 */
static enum ck_err keep_record(const struct options *options, const struct target *target,
                               const char *by, const struct ck_enrollment *done,
                               struct ck_error *err)
{
    const char *path = option_value(options, OPTION_CREDENTIAL_OUT);
    struct ck_error before = *err, cause;

    if (path == NULL || write_record(path, target, by, done, &cause) == CK_OK)
        return err->code;
    ck_error_set(err, CK_ERR_UNKNOWN, "%.300s, but its record was not written: %.300s",
                 before.code != CK_OK                 ? before.text
                 : done->result == CK_ENROLL_ENROLLED ? "the key is enrolled"
                                                      : "the key is in the server's list",
                 cause.text);
    return ck_error_hint(
        err, "%s",
        before.code != CK_OK ? before.hint : "The result with --json has what matters most of it.");
}

static int run(const struct options *options, const char *method,
               enum ck_err (*enroll)(struct ck_login *, const struct ck_wish *,
                                     struct ck_enrollment *, struct ck_error *))
{
    CK_CLEANUP(enroll_for_clear) struct enroll_for enroll_for = {0};
    CK_CLEANUP(target_clear) struct target target = {0};
    CK_CLEANUP(ck_enrollment_clear) struct ck_enrollment done = {0};
    struct speaker speaker = {.options = options, .target = &target};
    struct ck_person person = person_new(&speaker);
    struct ck_key_person key_person = key_person_new(&speaker);
    struct ck_error err = {.code = CK_OK};
    CK_CLEANUP(new_app_password_clear) struct new_app_password app_password = {0};
    struct wish wish;
    int64_t started_s = clock_now_s();

    enum ck_err r = wish_read(options, &wish, &err);
    if (r == CK_OK)
        r = new_app_password_read(&app_password, options, &err);
    wish.common.app_password = new_app_password_wish(&app_password);
    if (r == CK_OK)
        r = ck_file_check_new(option_value(options, OPTION_CREDENTIAL_OUT), &err);
    if (r == CK_OK)
        r = enroll_for_read(&enroll_for, options, method, &person, &key_person, &target, &err);
    if (r == CK_OK)
        r = target_check_name(&target, &err);
    if (r == CK_OK)
        r = enroll_for_open(&enroll_for, &target, &done, &err);
    if (r == CK_OK)
        r = enroll(&target.login, &wish.common, &done, &err);
    if (done.result >= CK_ENROLL_RECORDED)
        r = keep_record(options, &target, enroll_for_by(&enroll_for), &done, &err);
    enroll_for_conclude(&enroll_for, &target, r, &err);
    int status = enrollment_report(&(struct enrollment_report){.options = options,
                                                               .target = &target,
                                                               .method = method,
                                                               .label = wish.label,
                                                               .done = &done,
                                                               .started_s = started_s,
                                                               .enroll_for = &enroll_for},
                                   &err);
    new_app_password_conclude(&app_password, &done);
    return status;
}

static int run_webauthn(const struct options *options)
{
    return run(options, "webauthn", ck_enroll_webauthn);
}

static int run_passkey(const struct options *options)
{
    return run(options, "passkey", ck_enroll_passkey);
}

static const enum option_id webauthn_options[] = {ENROLL_OPTIONS,        FOR_OPTIONS,
                                                  FOR_PASSWORD_OPTIONS,  APP_PASSWORD_OPTIONS,
                                                  OPTION_CREDENTIAL_OUT, OPTION_COUNT};

static const enum option_id passkey_options[] = {ENROLL_OPTIONS, FOR_OPTIONS, OPTION_CREDENTIAL_OUT,
                                                 OPTION_COUNT};

const struct command command_enroll_webauthn = {
    .words = "enroll webauthn",
    .summary = "register a security key as second factor, and prove it by a login",
    .options = webauthn_options,
    .online = true,
    .changes = true,
    .run = run_webauthn,
};

const struct command command_enroll_passkey = {
    .words = "enroll passkey",
    .summary = "register a security key for the passwordless login, and prove it",
    .options = passkey_options,
    .online = true,
    .changes = true,
    .run = run_passkey,
};
