/* Base64, percent encoding and TOTP keys: what is decoded and encoded again decodes the same. */
#include <string.h>

#include "cowkey/base/bytes.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/encode.h"
#include "cowkey/otp/totp.h"
#include "target.h"

static void try_base64(enum ck_base64 alphabet, const char *text, size_t size)
{
    CK_CLEANUP(ck_bytes_clear) struct ck_bytes decoded = {0}, again = {0};
    struct ck_error err;

    if (ck_base64_decode(alphabet, text, size, "it", CK_ERR_USAGE, &decoded, &err) != CK_OK) {
        require(err.code == CK_ERR_USAGE && decoded.data == NULL);
        return;
    }
    CK_CLEANUP(ck_free_p) char *encoded = ck_base64_encode(alphabet, decoded.data, decoded.size);
    require(encoded != NULL);
    require(ck_base64_decode(alphabet, encoded, strlen(encoded), "it", CK_ERR_USAGE, &again,
                             &err) == CK_OK);
    require(ck_bytes_equal(&decoded, &again));
}

static void try_percent(const char *text, size_t size)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *decoded = NULL, *encoded = NULL, *again = NULL;
    struct ck_error err;

    if (ck_percent_decode(text, size, &decoded, &err) != CK_OK) {
        require(decoded == NULL);
        return;
    }
    require(ck_percent_encode(&encoded, ck_secret_bytes(decoded), ck_secret_size(decoded), &err) ==
            CK_OK);
    require(ck_percent_decode(ck_secret_bytes(encoded), ck_secret_size(encoded), &again, &err) ==
            CK_OK);
    require(ck_secret_equal(decoded, again));
}

static void try_totp_key(const char *text, size_t size)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *secret = NULL, *key = NULL;
    struct ck_error err;

    if (ck_secret_new(text, size, &secret, &err) != CK_OK)
        return;
    require(ck_totp_key_parse(secret, &key, &err) == CK_OK
                ? ck_secret_size(key) > 0
                : key == NULL && err.code == CK_ERR_USAGE);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *text = size > 0 ? (const char *)bytes : "";

    try_base64(CK_BASE64_STANDARD, text, size);
    try_base64(CK_BASE64_URL, text, size);
    if (size < CK_SECRET_INPUT_MAX) {
        try_percent(text, size);
        try_totp_key(text, size);
    }
    return 0;
}
