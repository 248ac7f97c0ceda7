/* Counter-based one-time passwords (RFC 4226), by liboath. */
#ifndef COWKEY_OTP_HOTP_H
#define COWKEY_OTP_HOTP_H

#include <stdbool.h>
#include <stdint.h>

#include "cowkey/base/error.h"
#include "cowkey/base/secret.h"
#include "cowkey/otp/totp.h"

enum {
    CK_HOTP_WINDOW_MAX = 1000, /* counters that a check may look ahead (RFC 4226 section 7.4) */
};

/* The largest counter: room for any window is left, also in a signed number of 64 bits. */
#define CK_HOTP_COUNTER_MAX (INT64_MAX - CK_HOTP_WINDOW_MAX - 1)

/*
 * The code of key (raw bytes) at counter, 0 to CK_HOTP_COUNTER_MAX. Of params the period does not
 * matter. RFC 4226 knows SHA1 only; otpauth URIs may ask for the other two as well.
 */
enum ck_err ck_hotp_code(const struct ck_secret *key, const struct ck_totp_params *params,
                         int64_t counter, char ret_code[CK_TOTP_CODE_MAX], struct ck_error *err);

/*
 * Looks for code among counter .. counter + window and reports the first that fits: *ret_offset is
 * how far it lies ahead. Never behind: a counter that was used is not used again. A code that fits
 * nowhere, or is not exactly params->digits digits, is *ret_valid = false, not an error. The time
 * taken does not depend on where the code fits.
 */
enum ck_err ck_hotp_check(const struct ck_secret *key, const struct ck_totp_params *params,
                          const char *code, int64_t counter, unsigned window, bool *ret_valid,
                          int *ret_offset, struct ck_error *err);

#endif
