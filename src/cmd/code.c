/* cowkey code */
#include <jansson.h>

#include "command.h"
#include "cowkey/base/cleanup.h"
#include "output.h"
#include "prompt.h"
#include "source.h"
#include "target.h"

static enum ck_err read_secret(const struct options *options, struct ck_otpauth *ret_otpauth,
                               struct ck_error *err)
{
    enum ck_err r = source_read_totp(options, OPTION_SECRET_FILE, "secret", ret_otpauth, err);
    if (r != CK_OK || ret_otpauth->key != NULL)
        return r;
    CK_CLEANUP(ck_secret_free) struct ck_secret *text = NULL;
    r = prompt_secret("Secret (base32 or otpauth URI): ", "the secret",
                      "Give it with --secret-file, --secret-fd or --secret-command.", &text, err);
    return r == CK_OK ? ck_otpauth_parse_any(text, ret_otpauth, err) : r;
}

static int run(const struct options *options)
{
    CK_CLEANUP(ck_otpauth_clear) struct ck_otpauth otpauth = {0};
    char code[CK_TOTP_CODE_MAX];
    struct ck_error err = {.code = CK_OK};

    enum ck_err r = read_secret(options, &otpauth, &err);
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

static const enum option_id own_options[] = {OPTION_SECRET_FILE, OPTION_SECRET_FD,
                                             OPTION_SECRET_COMMAND, OPTION_COUNT};

const struct command command_code = {
    .words = "code",
    .summary = "the current TOTP code of a secret; no server needed",
    .options = own_options,
    .run = run,
};
