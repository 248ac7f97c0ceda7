/* What the parts of a Yubico OTP enrollment have to look like. */
#include "cowkey/otp/yubiotp.h"

#include <string.h>

enum ck_err ck_yubiotp_check(const struct ck_secret *otp, struct ck_error *err)
{
    const char *text = ck_secret_bytes(otp);

    if (ck_secret_size(otp) == CK_YUBIOTP_SIZE &&
        strspn(text, "cbdefghijklnrtuv") == CK_YUBIOTP_SIZE)
        return CK_OK;
    ck_error_set(err, CK_ERR_USAGE,
                 "that is no Yubico OTP: those have %d letters, all out of cbdefghijklnrtuv",
                 CK_YUBIOTP_SIZE);
    return ck_error_hint(err,
                         "Touch the key shortly, with Caps Lock off and a keyboard layout that "
                         "has these letters where the US one has them.");
}

bool ck_yubiotp_same_key(const struct ck_secret *a, const struct ck_secret *b)
{
    return memcmp(ck_secret_bytes(a), ck_secret_bytes(b), CK_YUBIOTP_KEY_SIZE) == 0;
}

enum ck_err ck_yubico_id_check(const char *id, struct ck_error *err)
{
    size_t size = strlen(id);

    if (size >= 1 && size < CK_YUBICO_ID_MAX && strspn(id, "0123456789") == size)
        return CK_OK;
    return ck_error_set(err, CK_ERR_USAGE, "the Yubico client ID is a number, not '%.50s'", id);
}

enum ck_err ck_yubico_key_check(const struct ck_secret *key, struct ck_error *err)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *text = ck_secret_bytes(key);
    size_t size = ck_secret_size(key), body = strspn(text, letters);
    size_t padding = strspn(text + body, "=");

    if (size >= CK_YUBICO_KEY_MIN && size <= CK_YUBICO_KEY_MAX && size % 4 == 0 && padding <= 2 &&
        body + padding == size)
        return CK_OK;
    ck_error_set(err, CK_ERR_USAGE, "the Yubico client key is not base64 of %d to %d characters",
                 CK_YUBICO_KEY_MIN, CK_YUBICO_KEY_MAX);
    return ck_error_hint(err,
                         "https://upgrade.yubico.com/getapikey/ shows it together with the ID.");
}
