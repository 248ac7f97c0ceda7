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

/* One more than the value of each digit; 0 for another character. */
#define COMMON_VALUES                                                                              \
    ['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6, ['G'] = 7, ['H'] = 8,        \
    ['I'] = 9, ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16, \
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23,            \
    ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30,            \
    ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37,            \
    ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44,            \
    ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49, ['x'] = 50, ['y'] = 51,            \
    ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56, ['4'] = 57, ['5'] = 58,            \
    ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62

static const uint8_t values[][256] = {
    [CK_BASE64_STANDARD] = {COMMON_VALUES, ['+'] = 63, ['/'] = 64},
    [CK_BASE64_URL] = {COMMON_VALUES, ['-'] = 63, ['_'] = 64},
};

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

/* The first character that is no digit. */
static size_t find_other(enum ck_base64 alphabet, const char *text, size_t count)
{
    size_t i = 0;

    while (i < count && values[alphabet][(unsigned char)text[i]] != 0)
        i++;
    return i;
}

/* Decodes whole groups; false when one has a character that is no digit. */
static bool decode_groups(const uint8_t value[256], const char *text, size_t groups, uint8_t *to)
{
    const unsigned char *from = (const unsigned char *)text;

    for (; groups > 0; groups--, from += GROUP_DIGITS, to += GROUP_BYTES) {
        unsigned a = value[from[0]], b = value[from[1]], c = value[from[2]], d = value[from[3]];
        if (a == 0 || b == 0 || c == 0 || d == 0)
            return false;
        unsigned group = (a - 1) << 18 | (b - 1) << 12 | (c - 1) << 6 | (d - 1);
        to[0] = (uint8_t)(group >> 16);
        to[1] = (uint8_t)(group >> 8);
        to[2] = (uint8_t)group;
    }
    return true;
}

/*
 * Decodes what is behind the groups: nothing, or 2 or 3 digits. false when one is none; *ret_left
 * is what the last one holds too many.
 */
static bool decode_last(const uint8_t value[256], const char *text, size_t digits_count,
                        uint8_t *to, unsigned *ret_left)
{
    unsigned group = 0;

    *ret_left = 0;
    if (digits_count == 0)
        return true;
    for (size_t i = 0; i < digits_count; i++) {
        unsigned digit = value[(unsigned char)text[i]];
        if (digit == 0)
            return false;
        group = group << 6 | (digit - 1);
    }
    unsigned left = digits_count == 2 ? 4 : 2; /* bits */
    *ret_left = group & ((1U << left) - 1);
    group >>= left;
    if (digits_count == 3)
        *to++ = (uint8_t)(group >> 8);
    *to = (uint8_t)group;
    return true;
}

enum ck_err ck_base64_decode(enum ck_base64 alphabet, const char *text, size_t size,
                             const char *what, enum ck_err code, struct ck_bytes *ret_bytes,
                             struct ck_error *err)
{
    size_t padding, count = without_padding(text, size, &padding);
    size_t groups = count / GROUP_DIGITS, last = count % GROUP_DIGITS;
    size_t whole = groups * GROUP_BYTES;
    struct ck_bytes bytes = {NULL, whole + (last > 0 ? last - 1 : 0)};
    unsigned left = 0;

    if (last == 1 || (padding > 0 && last + padding != GROUP_DIGITS))
        return ck_error_set(err, code, "%s is not valid base64: it has %zu characters", what, size);
    if (count == 0) {
        *ret_bytes = (struct ck_bytes){0};
        return CK_OK;
    }
    bytes.data = malloc(bytes.size);
    if (bytes.data == NULL)
        return ck_error_no_memory(err);
    if (!decode_groups(values[alphabet], text, groups, bytes.data) ||
        !decode_last(values[alphabet], text + groups * GROUP_DIGITS, last, bytes.data + whole,
                     &left)) {
        ck_bytes_clear(&bytes);
        return ck_error_set(err, code, "%s is not valid base64 (character %zu)", what,
                            find_other(alphabet, text, count) + 1);
    }
    /* Otherwise one value would have several texts. */
    if (left != 0) {
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
