/* What ck_otpauth_parse accepts, ck_otpauth_format writes, and that reads as the same again. */
#include "cowkey/otp/otpauth.h"

#include <string.h>

#include "cowkey/base/cleanup.h"
#include "target.h"

static void require_equal(const struct ck_otpauth *a, const struct ck_otpauth *b)
{
    require(a->type == b->type);
    require(a->counter == b->counter);
    require(strcmp(a->issuer, b->issuer) == 0);
    require(strcmp(a->account, b->account) == 0);
    require(a->params.algorithm == b->params.algorithm);
    require(a->params.digits == b->params.digits);
    require(a->params.period_s == b->params.period_s);
    require(ck_secret_equal(a->key, b->key));
}

/* Names can be valid and yet too long for a URI, where each of their bytes becomes three. */
static bool is_too_long_to_format(const struct ck_otpauth *otpauth)
{
    return 3 * (2 * strlen(otpauth->issuer) + strlen(otpauth->account)) > CK_OTPAUTH_URI_MAX - 400;
}

static enum ck_err parse(const struct ck_secret *text, enum ck_otpauth_type type,
                         struct ck_otpauth *ret_otpauth, struct ck_error *err)
{
    return type == CK_OTPAUTH_HOTP ? ck_otpauth_parse_any_hotp(text, ret_otpauth, err)
                                   : ck_otpauth_parse_any(text, ret_otpauth, err);
}

/* A bare key has no account; a counter may be missing where a URI is read, not where it is written. */
static bool is_writable(const struct ck_otpauth *otpauth)
{
    return otpauth->account[0] != '\0' &&
           (otpauth->type == CK_OTPAUTH_TOTP || otpauth->counter >= 0);
}

static void require_round_trip(const struct ck_otpauth *otpauth)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *uri = NULL;
    CK_CLEANUP(ck_otpauth_clear) struct ck_otpauth again = {0};
    struct ck_error err;

    if (ck_otpauth_format(otpauth, &uri, &err) != CK_OK) {
        require(is_too_long_to_format(otpauth));
        return;
    }
    require(ck_secret_size(uri) <= CK_OTPAUTH_URI_MAX);
    require(parse(uri, otpauth->type, &again, &err) == CK_OK);
    require_equal(otpauth, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *text = NULL;
    CK_CLEANUP(ck_otpauth_clear) struct ck_otpauth otpauth = {0};
    struct ck_error err;

    if (size > CK_SECRET_MAX || ck_secret_new(bytes, size, &text, &err) != CK_OK)
        return 0;
    for (enum ck_otpauth_type type = CK_OTPAUTH_TOTP; type <= CK_OTPAUTH_HOTP; type++) {
        if (parse(text, type, &otpauth, &err) != CK_OK) {
            require(err.code == CK_ERR_USAGE && otpauth.key == NULL);
            continue;
        }
        require(otpauth.type == type);
        require(ck_secret_size(otpauth.key) > 0 && ck_secret_size(otpauth.key) <= CK_TOTP_KEY_MAX);
        if (is_writable(&otpauth))
            require_round_trip(&otpauth);
        ck_otpauth_clear(&otpauth);
    }
    require(ck_otpauth_parse(text, &otpauth, &err) == CK_OK || otpauth.key == NULL);
    return 0;
}
