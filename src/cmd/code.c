/* cowkey code */
#include <jansson.h>

#include "command.h"
#include "cowkey/base/cleanup.h"
#include "otp_secret.h"
#include "output.h"
#include "target.h"
#include "watch.h"

/* What is asked of it can't be done, so not even the secret is asked for. */
static enum ck_err check_watch(const struct options *options, struct ck_error *err)
{
    if (!option_given(options, OPTION_WATCH))
        return CK_OK;
    if (option_given(options, OPTION_JSON))
        return ck_error_set(err, CK_ERR_USAGE, "--watch is for a person, --json for a program");
    return watch_check(err);
}

static int watch(const struct options *options, const struct ck_otpauth *otpauth)
{
    struct ck_error err = {.code = CK_OK};

    say(options, "Ctrl-C ends this.");
    return watch_run(otpauth, &err) == CK_OK ? 0 : say_error(&err);
}

static int run(const struct options *options)
{
    CK_CLEANUP(ck_otpauth_clear) struct ck_otpauth otpauth = {0};
    char code[CK_TOTP_CODE_MAX];
    struct ck_error err = {.code = CK_OK};

    enum ck_err r = check_watch(options, &err);
    if (r == CK_OK)
        r = otp_secret_read(options, CK_OTPAUTH_TOTP, &otpauth, &err);
    if (r == CK_OK && option_given(options, OPTION_WATCH))
        return watch(options, &otpauth);
    int64_t now_s = clock_now_s(); /* only now: the secret may have taken its time */
    if (r == CK_OK)
        r = ck_totp_code(otpauth.key, &otpauth.params, now_s, code, &err);
    if (r != CK_OK)
        return report_error(option_given(options, OPTION_JSON), &err);
    int period_s = (int)otpauth.params.period_s;
    if (option_given(options, OPTION_JSON))
        print_json(json_pack("{s:s, s:s, s:i, s:i}", "schema", "cowkey.code/1", "code", code,
                             "valid_s", period_s - (int)(now_s % period_s), "period_s", period_s));
    else
        print_result("%s", code);
    ck_secret_erase(code, sizeof(code));
    return 0;
}

static const enum option_id own_options[] = {
    OPTION_SECRET_FILE, OPTION_SECRET_FD, OPTION_SECRET_COMMAND, OPTION_ALGORITHM,
    OPTION_DIGITS,      OPTION_PERIOD,    OPTION_WATCH,          OPTION_COUNT};

const struct command command_code = {
    .words = "code",
    .summary = "the current TOTP code of a secret; no server needed",
    .options = own_options,
    .run = run,
};
