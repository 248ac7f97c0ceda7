/* Reading the secret of one-time codes and what goes with it. */
#include "otp_secret.h"

#include <strings.h>

#include "cowkey/base/cleanup.h"
#include "number.h"
#include "prompt.h"
#include "source.h"

enum ck_err otp_algorithm_parse(const char *text, const char *what,
                                enum ck_totp_algorithm *ret_algorithm, struct ck_error *err)
{
    static const char *const names[] = {
        [CK_TOTP_SHA1] = "SHA1", [CK_TOTP_SHA256] = "SHA256", [CK_TOTP_SHA512] = "SHA512"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (strcasecmp(text, names[i]) == 0) {
            *ret_algorithm = (enum ck_totp_algorithm)i;
            return CK_OK;
        }
    }
    return ck_error_set(err, CK_ERR_USAGE, "%s takes SHA1, SHA256 or SHA512, not '%.100s'", what,
                        text);
}

static enum ck_err read_parameters(const struct options *options, struct ck_totp_params *params,
                                   struct ck_error *err)
{
    int64_t digits = params->digits, period_s = params->period_s;
    enum ck_err r = CK_OK;

    if (option_given(options, OPTION_ALGORITHM))
        r = otp_algorithm_parse(option_value(options, OPTION_ALGORITHM), "--algorithm",
                                &params->algorithm, err);
    if (r == CK_OK)
        r = number_read(options, OPTION_DIGITS, CK_TOTP_DIGITS_MIN, CK_TOTP_DIGITS_MAX, &digits,
                        err);
    if (r == CK_OK)
        r = number_read(options, OPTION_PERIOD, 1, CK_TOTP_PERIOD_MAX_S, &period_s, err);
    params->digits = (unsigned)digits;
    params->period_s = (unsigned)period_s;
    return r;
}

static enum ck_err refuse_parameters(const struct options *options, struct ck_error *err)
{
    static const enum option_id parameters[] = {OPTION_ALGORITHM, OPTION_DIGITS, OPTION_PERIOD};

    for (size_t i = 0; i < sizeof(parameters) / sizeof(*parameters); i++) {
        if (option_given(options, parameters[i])) {
            ck_error_set(err, CK_ERR_USAGE, "--%s is for a bare secret: an otpauth URI says it",
                         option_name(parameters[i]));
            return ck_error_hint(err, "Leave it out, or give the base32 secret alone.");
        }
    }
    return CK_OK;
}

/* text is NULL when none of the options gives the secret. */
static enum ck_err parse(const struct options *options, const struct ck_secret *text,
                         enum ck_otpauth_type type, struct ck_otpauth *ret_otpauth,
                         struct ck_error *err)
{
    CK_CLEANUP(ck_otpauth_clear) struct ck_otpauth otpauth = {.type = type, .counter = -1};
    struct ck_totp_params params = ck_totp_default;

    enum ck_err r = read_parameters(options, &params, err);
    if (r == CK_OK && text != NULL)
        r = type == CK_OTPAUTH_HOTP ? ck_otpauth_parse_any_hotp(text, &otpauth, err)
                                    : ck_otpauth_parse_any(text, &otpauth, err);
    if (r != CK_OK)
        return r;
    bool is_uri = otpauth.account[0] != '\0';
    if (is_uri && refuse_parameters(options, err) != CK_OK)
        return err->code;
    if (!is_uri)
        otpauth.params = params;
    *ret_otpauth = otpauth;
    otpauth.key = NULL;
    return CK_OK;
}

enum ck_err otp_secret_read_given(const struct options *options, enum ck_otpauth_type type,
                                  struct ck_otpauth *ret_otpauth, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *text = NULL;
    enum ck_err r = source_read(options, OPTION_SECRET_FILE, "secret", &text, err);

    return r == CK_OK ? parse(options, text, type, ret_otpauth, err) : r;
}

enum ck_err otp_secret_read(const struct options *options, enum ck_otpauth_type type,
                            struct ck_otpauth *ret_otpauth, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *text = NULL;
    struct ck_totp_params ignored = ck_totp_default;

    enum ck_err r = read_parameters(options, &ignored, err); /* before anybody is asked */
    if (r == CK_OK)
        r = source_read(options, OPTION_SECRET_FILE, "secret", &text, err);
    if (r == CK_OK && text == NULL)
        r = prompt_secret("Secret (base32 or otpauth URI): ", "the secret",
                          "Give it with --secret-file, --secret-fd or --secret-command.", &text,
                          err);
    return r == CK_OK ? parse(options, text, type, ret_otpauth, err) : r;
}

enum ck_err otp_code_parse(const char *text, size_t digits, char ret_code[CK_TOTP_CODE_MAX],
                           struct ck_error *err)
{
    size_t count = 0;

    for (size_t i = 0; text[i] != '\0'; i++) {
        if (text[i] == ' ')
            continue;
        if (text[i] < '0' || text[i] > '9')
            return ck_error_set(err, CK_ERR_USAGE, "character %zu of the code is not a digit",
                                i + 1);
        if (count < digits)
            ret_code[count] = text[i];
        count++;
    }
    if (count == 0)
        return ck_error_set(err, CK_ERR_USAGE, "the code is empty");
    if (count != digits)
        return ck_error_set(err, CK_ERR_USAGE,
                            "the code has %zu digits, and those of this secret have %zu", count,
                            digits);
    ret_code[digits] = '\0';
    return CK_OK;
}
