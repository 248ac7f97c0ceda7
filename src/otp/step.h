/* What TOTP and HOTP share: the code of one step, which is a counter that time or use moves on. */
#ifndef OTP_STEP_H
#define OTP_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "cowkey/base/error.h"
#include "cowkey/base/secret.h"
#include "cowkey/otp/mac.h"
#include "cowkey/otp/totp.h"

/* CK_ERR_USAGE when the key's size, the algorithm or the digits are out of bounds. */
enum ck_err ck_step_check_key(const struct ck_secret *key, struct ck_error *err);
enum ck_err ck_step_check_params(const struct ck_totp_params *params, struct ck_error *err);

/* Whether code can be a code at all. */
bool ck_step_is_code(const char *code, unsigned digits);

/* The code of a step >= 0; the input was checked. */
enum ck_err ck_step_code(const struct ck_secret *key, const struct ck_totp_params *params,
                         int64_t step, char ret_code[CK_TOTP_CODE_MAX], struct ck_error *err);

/* What a check has found so far; the result is a mask, since a branch on it could be timed. */
struct ck_step_match {
    unsigned found; /* 0, or all bits */
    unsigned offset;
};

/*
 * Looks at the step start + offset; the first that fits stays. Steps before 0 do not exist. mac is
 * ready for the key and the algorithm, or NULL: liboath computes the code then.
 */
enum ck_err ck_step_try(const struct ck_secret *key, struct ck_otp_mac *mac,
                        const struct ck_totp_params *params, const char *code, int64_t start,
                        int offset, struct ck_step_match *match, struct ck_error *err);

#endif
