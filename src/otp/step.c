/* The code of a step, by liboath or by HMAC that is set up, and comparing with it. */
#include "step.h"

#include <liboath/oath.h>
#include <openssl/crypto.h>
#include <string.h>
#include <time.h>

#include "mac.h"

enum ck_err ck_step_check_key(const struct ck_secret *key, struct ck_error *err)
{
    size_t size = ck_secret_size(key);

    if (size == 0 || size > CK_TOTP_KEY_MAX)
        return ck_error_set(err, CK_ERR_USAGE, "a key has 1 to %d bytes", CK_TOTP_KEY_MAX);
    return CK_OK;
}

enum ck_err ck_step_check_params(const struct ck_totp_params *params, struct ck_error *err)
{
    if (params->algorithm != CK_TOTP_SHA1 && params->algorithm != CK_TOTP_SHA256 &&
        params->algorithm != CK_TOTP_SHA512)
        return ck_error_set(err, CK_ERR_USAGE, "codes are made with SHA1, SHA256 or SHA512");
    if (params->digits < CK_TOTP_DIGITS_MIN || params->digits > CK_TOTP_DIGITS_MAX)
        return ck_error_set(err, CK_ERR_USAGE, "a code has %d to %d digits", CK_TOTP_DIGITS_MIN,
                            CK_TOTP_DIGITS_MAX);
    return CK_OK;
}

bool ck_step_is_code(const char *code, unsigned digits)
{
    for (unsigned i = 0; i < digits; i++) {
        if (code[i] < '0' || code[i] > '9')
            return false;
    }
    return code[digits] == '\0';
}

static int oath_flags(enum ck_totp_algorithm algorithm)
{
    switch (algorithm) {
    case CK_TOTP_SHA256:
        return OATH_TOTP_HMAC_SHA256;
    case CK_TOTP_SHA512:
        return OATH_TOTP_HMAC_SHA512;
    case CK_TOTP_SHA1:
        break;
    }
    return 0;
}

/* liboath's HOTP knows SHA1 only; its TOTP, of steps of one second, is HOTP with all three. */
enum ck_err ck_step_code(const struct ck_secret *key, const struct ck_totp_params *params,
                         int64_t step, char ret_code[CK_TOTP_CODE_MAX], struct ck_error *err)
{
    int rc = oath_totp_generate2(ck_secret_bytes(key), ck_secret_size(key), (time_t)step, 1,
                                 OATH_TOTP_DEFAULT_START_TIME, params->digits,
                                 oath_flags(params->algorithm), ret_code);

    if (rc != OATH_OK)
        return ck_error_set(err, CK_ERR_UNCHANGED, "no code could be computed: %s",
                            oath_strerror(rc));
    return CK_OK;
}

enum ck_err ck_step_try(const struct ck_secret *key, struct ck_otp_mac *mac,
                        const struct ck_totp_params *params, const char *code, int64_t start,
                        int offset, struct ck_step_match *match, struct ck_error *err)
{
    char expected[CK_TOTP_CODE_MAX] = "";

    if (start + offset < 0)
        return CK_OK;
    if (mac != NULL)
        ck_otp_mac_code(mac, params->digits, start + offset, expected);
    else if (ck_step_code(key, params, start + offset, expected, err) != CK_OK)
        return err->code;

    /* CRYPTO_memcmp gives 0 to 255, so the subtraction borrows from all upper bits for 0 only. */
    unsigned equal = -(((unsigned)CRYPTO_memcmp(expected, code, params->digits) - 1) >> 31);
    unsigned take = equal & ~match->found;
    match->offset |= (unsigned)offset & take;
    match->found |= equal;
    ck_secret_erase(expected, sizeof(expected));
    return CK_OK;
}
