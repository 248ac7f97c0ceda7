/* Codes of HOTP. */
#include "cowkey/otp/hotp.h"

#include <string.h>
#include <time.h>

#include "step.h"

static enum ck_err check_input(const struct ck_secret *key, const struct ck_totp_params *params,
                               int64_t counter, struct ck_error *err)
{
    if (ck_step_check_key(key, err) != CK_OK || ck_step_check_params(params, err) != CK_OK)
        return err->code;
    /* liboath takes it as a time_t, which has 32 bits in some places. */
    if (counter < 0 || counter > CK_HOTP_COUNTER_MAX ||
        (time_t)(counter + CK_HOTP_WINDOW_MAX) != counter + CK_HOTP_WINDOW_MAX)
        return ck_error_set(err, CK_ERR_USAGE, "the counter is out of range");
    return CK_OK;
}

enum ck_err ck_hotp_code(const struct ck_secret *key, const struct ck_totp_params *params,
                         int64_t counter, char ret_code[CK_TOTP_CODE_MAX], struct ck_error *err)
{
    char code[CK_TOTP_CODE_MAX] = "";

    if (check_input(key, params, counter, err) != CK_OK ||
        ck_step_code(key, params, counter, code, err) != CK_OK)
        return err->code;
    memcpy(ret_code, code, sizeof(code));
    ck_secret_erase(code, sizeof(code));
    return CK_OK;
}

enum ck_err ck_hotp_check(const struct ck_secret *key, const struct ck_totp_params *params,
                          const char *code, int64_t counter, unsigned window, bool *ret_valid,
                          int *ret_offset, struct ck_error *err)
{
    struct ck_step_match match = {0};

    if (check_input(key, params, counter, err) != CK_OK)
        return err->code;
    if (window > CK_HOTP_WINDOW_MAX)
        return ck_error_set(err, CK_ERR_USAGE, "a check looks at most %d counters ahead",
                            CK_HOTP_WINDOW_MAX);
    if (!ck_step_is_code(code, params->digits)) {
        *ret_valid = false;
        return CK_OK;
    }
    for (int offset = 0; offset <= (int)window; offset++) {
        if (ck_step_try(key, NULL, params, code, counter, offset, &match, err) != CK_OK)
            return err->code;
    }
    *ret_valid = match.found != 0;
    if (*ret_valid)
        *ret_offset = (int)match.offset;
    return CK_OK;
}
