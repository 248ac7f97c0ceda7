/* Codes and keys of TOTP. */
#include "cowkey/otp/totp.h"

#include <liboath/oath.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cowkey/base/cleanup.h"
#include "mac.h"
#include "step.h"

enum {
    BASE32_GROUP = 8, /* characters for so many bytes: */
    BASE32_GROUP_BYTES = 5,
    BASE32_MAX = CK_TOTP_KEY_MAX / BASE32_GROUP_BYTES * BASE32_GROUP,
};

const struct ck_totp_params ck_totp_default = {CK_TOTP_SHA1, 6, 30};

enum ck_err ck_totp_params_check(const struct ck_totp_params *params, struct ck_error *err)
{
    if (ck_step_check_params(params, err) != CK_OK)
        return err->code;
    if (params->period_s == 0 || params->period_s > CK_TOTP_PERIOD_MAX_S)
        return ck_error_set(err, CK_ERR_USAGE, "a TOTP period has 1 to %d seconds",
                            CK_TOTP_PERIOD_MAX_S);
    return CK_OK;
}

/* Leaves room for the last step of any window, also where time_t has 32 bits. */
static enum ck_err check_time(int64_t now_s, struct ck_error *err)
{
    const int64_t room_s = (CK_TOTP_WINDOW_MAX + 1) * CK_TOTP_PERIOD_MAX_S;

    if (now_s < 0 || now_s > INT64_MAX - room_s || (time_t)(now_s + room_s) != now_s + room_s)
        return ck_error_set(err, CK_ERR_USAGE, "the time is out of range");
    return CK_OK;
}

static enum ck_err check_input(const struct ck_secret *key, const struct ck_totp_params *params,
                               int64_t now_s, struct ck_error *err)
{
    if (ck_step_check_key(key, err) != CK_OK || ck_totp_params_check(params, err) != CK_OK)
        return err->code;
    return check_time(now_s, err);
}

enum ck_err ck_totp_code(const struct ck_secret *key, const struct ck_totp_params *params,
                         int64_t now_s, char ret_code[CK_TOTP_CODE_MAX], struct ck_error *err)
{
    char code[CK_TOTP_CODE_MAX] = "";

    if (check_input(key, params, now_s, err) != CK_OK ||
        ck_step_code(key, params, now_s / params->period_s, code, err) != CK_OK)
        return err->code;
    memcpy(ret_code, code, sizeof(code));
    ck_secret_erase(code, sizeof(code));
    return CK_OK;
}

enum ck_err ck_totp_check(const struct ck_secret *key, const struct ck_totp_params *params,
                          const char *code, int64_t now_s, unsigned window, bool *ret_valid,
                          int *ret_offset, struct ck_error *err)
{
    return ck_totp_check_by(NULL, key, params, code, now_s, window, ret_valid, ret_offset, err);
}

enum ck_err ck_totp_check_by(struct ck_otp_mac *mac, const struct ck_secret *key,
                             const struct ck_totp_params *params, const char *code, int64_t now_s,
                             unsigned window, bool *ret_valid, int *ret_offset,
                             struct ck_error *err)
{
    struct ck_step_match match = {0};

    if (check_input(key, params, now_s, err) != CK_OK)
        return err->code;
    if (window > CK_TOTP_WINDOW_MAX)
        return ck_error_set(err, CK_ERR_USAGE, "a check looks at most %d steps to either side",
                            CK_TOTP_WINDOW_MAX);
    if (!ck_step_is_code(code, params->digits)) {
        *ret_valid = false;
        return CK_OK;
    }
    if (mac != NULL)
        ck_otp_mac_set_key(mac, key, params->algorithm);

    /* From the present step outwards, so that the first step that fits is the nearest. */
    int64_t step = now_s / params->period_s;
    if (ck_step_try(key, mac, params, code, step, 0, &match, err) != CK_OK)
        return err->code;
    for (int distance = 1; distance <= (int)window; distance++) {
        if (ck_step_try(key, mac, params, code, step, -distance, &match, err) != CK_OK ||
            ck_step_try(key, mac, params, code, step, distance, &match, err) != CK_OK)
            return err->code;
    }
    *ret_valid = match.found != 0;
    if (*ret_valid)
        *ret_offset = (int)match.offset;
    return CK_OK;
}

/* Moves size bytes that liboath allocated into a secret, erases and frees them. */
static enum ck_err take_from_oath(char *bytes, size_t size, size_t size_used,
                                  struct ck_secret **ret_secret, struct ck_error *err)
{
    enum ck_err r = ck_secret_new(bytes, size_used, ret_secret, err);

    ck_secret_erase(bytes, size);
    free(bytes);
    return r;
}

enum ck_err ck_totp_key_make(ck_random_source *random, struct ck_secret **ret_key,
                             struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *key = NULL;
    enum ck_err r = ck_secret_new(NULL, CK_TOTP_KEY_SIZE, &key, err);

    if (r != CK_OK)
        return r;
    if (random((unsigned char *)ck_secret_bytes(key), CK_TOTP_KEY_SIZE) != 1)
        return ck_error_set(err, CK_ERR_UNCHANGED, "the system gave no random numbers");
    *ret_key = CK_TAKE(key);
    return CK_OK;
}

enum ck_err ck_totp_key_format(const struct ck_secret *key, struct ck_secret **ret_base32,
                               struct ck_error *err)
{
    char *base32;
    size_t size;

    if (ck_step_check_key(key, err) != CK_OK)
        return err->code;
    if (oath_base32_encode(ck_secret_bytes(key), ck_secret_size(key), &base32, &size) != OATH_OK)
        return ck_error_no_memory(err);
    return take_from_oath(base32, size, strcspn(base32, "="), ret_base32, err);
}

static bool is_gap(char c)
{
    return c == ' ' || c == '-' || c == '\t' || c == '\r' || c == '\n';
}

/* One more than what a character means in base32; 0 for those that mean nothing. */
static const unsigned char base32_values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 1,  ['b'] = 2,  ['c'] = 3,  ['d'] = 4,  ['e'] = 5,  ['f'] = 6,
    ['g'] = 7,  ['h'] = 8,  ['i'] = 9,  ['j'] = 10, ['k'] = 11, ['l'] = 12, ['m'] = 13, ['n'] = 14,
    ['o'] = 15, ['p'] = 16, ['q'] = 17, ['r'] = 18, ['s'] = 19, ['t'] = 20, ['u'] = 21, ['v'] = 22,
    ['w'] = 23, ['x'] = 24, ['y'] = 25, ['z'] = 26, ['2'] = 27, ['3'] = 28, ['4'] = 29, ['5'] = 30,
    ['6'] = 31, ['7'] = 32};

static enum ck_err refuse_character(size_t position, char c, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_USAGE, "character %zu of the TOTP key is not base32", position);
    if (c == '0' || c == '1' || c == '8')
        return ck_error_hint(err, "Base32 has no 0, 1 and 8: look for an O, I or B there.");
    return ck_error_hint(err, "A key consists of the letters A-Z and the digits 2-7.");
}

/*
 * Padding may be left out, but where it stands it must fill the last group: a key that lost a
 * character is found so.
 */
static enum ck_err check_lengths(size_t digits, size_t padding, struct ck_error *err)
{
    size_t rest = digits % BASE32_GROUP;
    bool impossible = rest == 1 || rest == 3 || rest == 6;

    if (impossible || (padding > 0 && (rest == 0 || rest + padding != BASE32_GROUP))) {
        ck_error_set(err, CK_ERR_USAGE, "no TOTP key has %zu base32 characters%s", digits,
                     impossible ? "" : " and this padding");
        return ck_error_hint(err, "One or more are missing at its end; copy it again.");
    }
    if (digits == 0)
        return ck_error_set(err, CK_ERR_USAGE, "the TOTP key is empty");
    if (digits > BASE32_MAX)
        return ck_error_set(err, CK_ERR_USAGE, "the TOTP key has more than %d base32 characters",
                            BASE32_MAX);
    return CK_OK;
}

/* The last group may be incomplete; what it lacks counts as zeros. */
static void store_group(uint64_t bits, unsigned char bytes[BASE32_GROUP_BYTES])
{
    for (size_t i = BASE32_GROUP_BYTES; i-- > 0; bits >>= 8)
        bytes[i] = (unsigned char)bits;
}

static enum ck_err decode(const char *text, size_t size, unsigned char bytes[CK_TOTP_KEY_MAX],
                          size_t *ret_size, struct ck_error *err)
{
    size_t i, digits = 0, padding = 0;
    uint64_t bits = 0;

    for (i = 0; i < size; i++) {
        uint64_t value = base32_values[(unsigned char)text[i]];
        if (value == 0 && is_gap(text[i]))
            continue;
        if (value == 0)
            break;
        bits = bits << 5 | (value - 1);
        if (++digits % BASE32_GROUP == 0 && digits <= BASE32_MAX)
            store_group(bits, bytes + (digits / BASE32_GROUP - 1) * BASE32_GROUP_BYTES);
    }
    for (; i < size; i++) {
        if (text[i] != '=' && !is_gap(text[i]))
            return refuse_character(i + 1, text[i], err);
        padding += text[i] == '=';
    }
    if (check_lengths(digits, padding, err) != CK_OK)
        return err->code;
    size_t rest = digits % BASE32_GROUP;
    if (rest > 0)
        store_group(bits << 5 * (BASE32_GROUP - rest),
                    bytes + digits / BASE32_GROUP * BASE32_GROUP_BYTES);
    *ret_size = digits * BASE32_GROUP_BYTES / BASE32_GROUP;
    return CK_OK;
}

enum ck_err ck_totp_key_replace(struct ck_secret **key, const char *base32, size_t size,
                                struct ck_error *err)
{
    unsigned char bytes[CK_TOTP_KEY_MAX];
    size_t count = 0;

    enum ck_err r = decode(base32, size, bytes, &count, err);
    if (r == CK_OK) {
        if (*key != NULL)
            ck_secret_truncate(*key, 0);
        r = ck_secret_append(key, bytes, count, err);
    }
    ck_secret_erase(bytes, sizeof(bytes));
    return r;
}

enum ck_err ck_totp_key_parse(const struct ck_secret *base32, struct ck_secret **ret_key,
                              struct ck_error *err)
{
    struct ck_secret *key = NULL;

    if (ck_totp_key_replace(&key, ck_secret_bytes(base32), ck_secret_size(base32), err) != CK_OK)
        return err->code;
    *ret_key = key;
    return CK_OK;
}
