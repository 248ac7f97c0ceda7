#include "cowkey/base/bytes.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP_BYTES = 3, GROUP_DIGITS = 4 };

/* The digits of 0 to 61 are the same in both alphabets. */
static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
static const char last_digits[][2] = {
    [CK_BASE64_STANDARD] = {'+', '/'}, [CK_BASE64_URL] = {'-', '_'}};

enum ck_err ck_bytes_copy(const void *data, size_t size, struct ck_bytes *ret_bytes,
                          struct ck_error *err)
{
    struct ck_bytes copy = {NULL, size};

    if (size > 0) {
        copy.data = malloc(size);
        if (copy.data == NULL)
            return ck_error_no_memory(err);
        memcpy(copy.data, data, size);
    }
    *ret_bytes = copy;
    return CK_OK;
}

bool ck_bytes_equal(const struct ck_bytes *a, const struct ck_bytes *b)
{
    return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

void ck_bytes_clear(struct ck_bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct ck_bytes){0};
}

/* --- base64 --- */

static char digit_of(enum ck_base64 alphabet, unsigned value)
{
    return value < 62 ? digits[value] : last_digits[alphabet][value - 62];
}

/* The value of a digit, -1 for another character. */
static int value_of(enum ck_base64 alphabet, char c)
{
    const char *found = c == '\0' ? NULL : strchr(digits, c);

    if (found != NULL)
        return (int)(found - digits);
    if (c == last_digits[alphabet][0])
        return 62;
    return c == last_digits[alphabet][1] ? 63 : -1;
}

char *ck_base64_encode(enum ck_base64 alphabet, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    size_t groups = size / GROUP_BYTES + 1;
    char *text = groups < SIZE_MAX / GROUP_DIGITS ? malloc(groups * GROUP_DIGITS + 1) : NULL;
    char *to = text;

    if (text == NULL)
        return NULL;
    for (size_t i = 0; i < size; i += GROUP_BYTES) {
        size_t left = size - i;
        unsigned group = (unsigned)bytes[i] << 16;

        group |= left > 1 ? (unsigned)bytes[i + 1] << 8 : 0;
        group |= left > 2 ? bytes[i + 2] : 0;
        *to++ = digit_of(alphabet, group >> 18);
        *to++ = digit_of(alphabet, group >> 12 & 63);
        if (left > 1)
            *to++ = digit_of(alphabet, group >> 6 & 63);
        if (left > 2)
            *to++ = digit_of(alphabet, group & 63);
    }
    while (alphabet == CK_BASE64_STANDARD && (to - text) % GROUP_DIGITS != 0)
        *to++ = '=';
    *to = '\0';
    return text;
}

/* The characters before the padding; *ret_padding is how many are padding. */
static size_t without_padding(const char *text, size_t size, size_t *ret_padding)
{
    size_t padding = 0;

    while (padding < GROUP_DIGITS - 2 && padding < size && text[size - padding - 1] == '=')
        padding++;
    *ret_padding = padding;
    return size - padding;
}

enum ck_err ck_base64_decode(enum ck_base64 alphabet, const char *text, size_t size,
                             const char *what, enum ck_err code, struct ck_bytes *ret_bytes,
                             struct ck_error *err)
{
    size_t padding, count = without_padding(text, size, &padding);
    size_t last = count % GROUP_DIGITS; /* digits of a last, short group */
    struct ck_bytes bytes = {0};
    unsigned group = 0;

    if (last == 1 || (padding > 0 && last + padding != GROUP_DIGITS))
        return ck_error_set(err, code, "%s is not valid base64: it has %zu characters", what, size);
    if (count > 0) {
        bytes.data = malloc(count / GROUP_DIGITS * GROUP_BYTES + last);
        if (bytes.data == NULL)
            return ck_error_no_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        int value = value_of(alphabet, text[i]);

        if (value < 0) {
            ck_bytes_clear(&bytes);
            return ck_error_set(err, code, "%s is not valid base64 (character %zu)", what, i + 1);
        }
        group = (group << 6 | (unsigned)value) & 0xffffff;
        /* After n digits of a group n - 1 bytes are complete: at 2, 4 and 6 bits less than read. */
        if (i % GROUP_DIGITS > 0)
            bytes.data[bytes.size++] = (uint8_t)(group >> (6 - 2 * (i % GROUP_DIGITS)));
    }
    /* Otherwise one value would have several texts. */
    if (last > 0 && (group & (last == 2 ? 0xfU : 0x3U)) != 0) {
        ck_bytes_clear(&bytes);
        return ck_error_set(err, code, "%s is not valid base64: bits are left over", what);
    }
    *ret_bytes = bytes;
    return CK_OK;
}

char *ck_hex_encode(const void *data, size_t size)
{
    static const char hex[] = "0123456789abcdef";
    const uint8_t *bytes = data;
    char *text = size <= (SIZE_MAX - 1) / 2 ? malloc(2 * size + 1) : NULL;

    if (text == NULL)
        return NULL;
    for (size_t i = 0; i < size; i++) {
        text[2 * i] = hex[bytes[i] >> 4];
        text[2 * i + 1] = hex[bytes[i] & 0xf];
    }
    text[2 * size] = '\0';
    return text;
}
