/* Time-based one-time passwords (RFC 6238), by liboath; many of them by OpenSSL. */
#ifndef COWKEY_OTP_TOTP_H
#define COWKEY_OTP_TOTP_H

#include <stdbool.h>
#include <stdint.h>

#include "cowkey/base/error.h"
#include "cowkey/base/random.h"
#include "cowkey/base/secret.h"
#include "cowkey/otp/mac.h"

enum ck_totp_algorithm { CK_TOTP_SHA1, CK_TOTP_SHA256, CK_TOTP_SHA512 };

enum {
    CK_TOTP_KEY_SIZE = 20,  /* bytes of a key that cowkey makes: 160 bits (RFC 4226 R6) */
    CK_TOTP_KEY_MAX = 160,  /* bytes of a key that cowkey reads: 256 base32 characters */
    CK_TOTP_DIGITS_MIN = 6, /* digits of a code */
    CK_TOTP_DIGITS_MAX = 8,
    CK_TOTP_CODE_MAX = CK_TOTP_DIGITS_MAX + 1, /* a code and NUL */
    CK_TOTP_PERIOD_MAX_S = 3600,               /* from 1 */
    CK_TOTP_WINDOW_MAX = 120, /* steps to either side that a check may look at: one hour */
};

/* Bounds: see above. mailcow (protocol 4.4) and many apps know only the default. */
struct ck_totp_params {
    enum ck_totp_algorithm algorithm;
    unsigned digits;
    unsigned period_s;
};

extern const struct ck_totp_params ck_totp_default; /* SHA1, 6 digits, 30 s */

/* CK_ERR_USAGE when params are out of bounds; all functions here that take params check them so. */
enum ck_err ck_totp_params_check(const struct ck_totp_params *params, struct ck_error *err);

/* The code of key (raw bytes) at now_s, seconds since 1970 UTC, >= 0. */
enum ck_err ck_totp_code(const struct ck_secret *key, const struct ck_totp_params *params,
                         int64_t now_s, char ret_code[CK_TOTP_CODE_MAX], struct ck_error *err);

/*
 * Looks for code among the steps now - window .. now + window and reports the nearest one that
 * fits: *ret_offset is 0 for the present step, negative when the code belongs to the past. A code
 * that fits nowhere, or is not exactly params->digits digits, is *ret_valid = false, not an error.
 * The time taken does not depend on where the code fits.
 */
enum ck_err ck_totp_check(const struct ck_secret *key, const struct ck_totp_params *params,
                          const char *code, int64_t now_s, unsigned window, bool *ret_valid,
                          int *ret_offset, struct ck_error *err);

/*
 * The same for those who check many codes. mac is kept between the checks, whichever keys and
 * parameters they are of; NULL for none.
 */
enum ck_err ck_totp_check_by(struct ck_otp_mac *mac, const struct ck_secret *key,
                             const struct ck_totp_params *params, const char *code, int64_t now_s,
                             unsigned window, bool *ret_valid, int *ret_offset,
                             struct ck_error *err);

/* A new key of CK_TOTP_KEY_SIZE bytes. A random that fails is CK_ERR_UNCHANGED. */
enum ck_err ck_totp_key_make(ck_random_source *random, struct ck_secret **ret_key,
                             struct ck_error *err);

/* A key as people write it: base32 (RFC 4648 section 6), upper case, unpadded. */
enum ck_err ck_totp_key_format(const struct ck_secret *key, struct ck_secret **ret_base32,
                               struct ck_error *err);

/*
 * The other way, forgiving: lower case, white space, dashes and padding are accepted, bits after
 * the last whole byte are ignored. Other characters, a last group that no bytes encode to (1, 3 or
 * 6 characters, or padded to another length than 8), an empty key and one over CK_TOTP_KEY_MAX are
 * CK_ERR_USAGE.
 */
enum ck_err ck_totp_key_parse(const struct ck_secret *base32, struct ck_secret **ret_key,
                              struct ck_error *err);

/*
 * The same for many keys one after another: base32, of size bytes, takes the place of *key, which
 * is made when it is NULL. Text that is refused leaves *key as it was; without memory it may be
 * empty.
 */
enum ck_err ck_totp_key_replace(struct ck_secret **key, const char *base32, size_t size,
                                struct ck_error *err);

#endif
