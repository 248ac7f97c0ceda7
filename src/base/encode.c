/* Percent-encoding, straight into secrets. */
#include "cowkey/base/encode.h"

#include <stdbool.h>
#include <string.h>

#include "cowkey/base/ascii.h"
#include "cowkey/base/cleanup.h"

/* Written out, since isalnum() depends on the locale. */
static bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

/* Writes the encoded form of c and returns where the next one goes. */
static char *encode_byte(char c, char *to)
{
    static const char digits[] = "0123456789ABCDEF";

    if (is_unreserved(c)) {
        *to++ = c;
        return to;
    }
    *to++ = '%';
    *to++ = digits[(unsigned char)c >> 4];
    *to++ = digits[(unsigned char)c & 15];
    return to;
}

enum ck_err ck_percent_encode(struct ck_secret **out, const void *bytes, size_t size,
                              struct ck_error *err)
{
    const char *from = bytes;
    CK_CLEANUP(ck_secret_free) struct ck_secret *encoded = NULL;

    if (size > CK_SECRET_MAX / 3)
        return ck_error_set(err, CK_ERR_USAGE, "the text to encode is too long");
    if (ck_secret_new(NULL, 3 * size, &encoded, err) != CK_OK)
        return err->code;
    char *to = ck_secret_bytes(encoded);
    for (size_t i = 0; i < size; i++)
        to = encode_byte(from[i], to);
    return ck_secret_append(out, ck_secret_bytes(encoded), (size_t)(to - ck_secret_bytes(encoded)),
                            err);
}

/*
 * Reads one character, encoded or not, and returns how much text it took: 0 when it is malformed.
 */
static size_t decode_byte(const char *text, size_t size, char *ret_byte)
{
    if (text[0] != '%') {
        *ret_byte = text[0];
        return 1;
    }
    if (size < 3 || ck_ascii_hex_value(text[1]) < 0 || ck_ascii_hex_value(text[2]) < 0)
        return 0;
    *ret_byte = (char)(ck_ascii_hex_value(text[1]) << 4 | ck_ascii_hex_value(text[2]));
    return 3;
}

enum ck_err ck_percent_decode(const char *text, size_t size, struct ck_secret **ret_bytes,
                              struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *decoded = NULL;

    if (ck_secret_new(NULL, size, &decoded, err) != CK_OK)
        return err->code;
    char *to = ck_secret_bytes(decoded);
    for (size_t i = 0, taken; i < size; i += taken) {
        taken = decode_byte(text + i, size - i, to);
        if (taken == 0)
            return ck_error_set(err, CK_ERR_USAGE,
                                "a '%%' is not followed by two hexadecimal digits");
        if (*to++ == '\0')
            return ck_error_set(err, CK_ERR_USAGE, "the encoded text holds a NUL character");
    }
    ck_secret_truncate(decoded, (size_t)(to - ck_secret_bytes(decoded)));
    *ret_bytes = CK_TAKE(decoded);
    return CK_OK;
}
