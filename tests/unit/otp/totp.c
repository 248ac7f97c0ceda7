#include "cowkey/otp/totp.h"

#include <stdio.h>

#include "../base/allocation.h"

/* The keys of RFC 6238's reference implementation: of 20, 32 and 64 bytes. */
static const char key_digits[] = "1234567890123456789012345678901234567890"
                                 "123456789012345678901234";
static const size_t key_sizes[] = {
    [CK_TOTP_SHA1] = 20, [CK_TOTP_SHA256] = 32, [CK_TOTP_SHA512] = 64};

static struct ck_secret *rfc_key(enum ck_totp_algorithm algorithm)
{
    return secret_of_bytes(key_digits, key_sizes[algorithm]);
}

/* RFC 6238 appendix B. */
static const struct {
    int64_t now_s;
    const char *codes[3];
} vectors[] = {
    {59, {"94287082", "46119246", "90693936"}},
    {1111111109, {"07081804", "68084774", "25091201"}},
    {1111111111, {"14050471", "67062674", "99943326"}},
    {1234567890, {"89005924", "91819424", "93441116"}},
    {2000000000, {"69279037", "90698825", "38618901"}},
    {20000000000, {"65353130", "77737706", "47863826"}},
};
enum { VECTORS = sizeof(vectors) / sizeof(vectors)[0] };

static void test_code_of_rfc6238(void **state)
{
    char code[CK_TOTP_CODE_MAX];
    struct ck_error err;

    (void)state;
    for (enum ck_totp_algorithm a = CK_TOTP_SHA1; a <= CK_TOTP_SHA512; a++) {
        struct ck_secret *key = rfc_key(a);
        for (size_t i = 0; i < VECTORS; i++) {
            for (unsigned digits = 6; digits <= 8; digits++) {
                const struct ck_totp_params params = {a, digits, 30};
                assert_int_equal(ck_totp_code(key, &params, vectors[i].now_s, code, &err), CK_OK);
                assert_string_equal(code, vectors[i].codes[a] + 8 - digits);
            }
        }
        ck_secret_free(&key);
    }
}

/* RFC 4226 appendix D: the counters 0 to 9, as the first ten steps. */
static void test_code_of_rfc4226(void **state)
{
    static const char *const codes[] = {"755224", "287082", "359152", "969429", "338314",
                                        "254676", "287922", "162583", "399871", "520489"};
    struct ck_secret *key = rfc_key(CK_TOTP_SHA1);
    char code[CK_TOTP_CODE_MAX];
    struct ck_error err;

    (void)state;
    for (int64_t step = 0; step < 10; step++) {
        for (int64_t second = 0; second < 30; second += 29) {
            assert_int_equal(ck_totp_code(key, &ck_totp_default, 30 * step + second, code, &err),
                             CK_OK);
            assert_string_equal(code, codes[step]);
        }
    }
    ck_secret_free(&key);
}

static void test_default(void **state)
{
    (void)state;
    assert_int_equal(ck_totp_default.algorithm, CK_TOTP_SHA1);
    assert_int_equal(ck_totp_default.digits, 6);
    assert_int_equal(ck_totp_default.period_s, 30);
}

static void check(const struct ck_secret *key, const struct ck_totp_params *params,
                  const char *code, int64_t now_s, unsigned window, bool *ret_valid,
                  int *ret_offset)
{
    struct ck_error err;

    *ret_offset = 1000;
    if (ck_totp_check(key, params, code, now_s, window, ret_valid, ret_offset, &err) != CK_OK)
        fail_msg("%s", err.text);
    if (!*ret_valid)
        assert_int_equal(*ret_offset, 1000);
}

static void assert_fits(const struct ck_secret *key, const struct ck_totp_params *params,
                        const char *code, int64_t now_s, unsigned window, int offset)
{
    bool valid;
    int found;

    check(key, params, code, now_s, window, &valid, &found);
    assert_true(valid);
    assert_int_equal(found, offset);
}

static void assert_fits_not(const struct ck_secret *key, const struct ck_totp_params *params,
                            const char *code, int64_t now_s, unsigned window)
{
    bool valid;
    int found;

    check(key, params, code, now_s, window, &valid, &found);
    assert_false(valid);
}

/* Each vector is accepted; with one digit, one bit of the key or another algorithm it is not. */
static void test_check_of_rfc6238(void **state)
{
    (void)state;
    for (enum ck_totp_algorithm a = CK_TOTP_SHA1; a <= CK_TOTP_SHA512; a++) {
        struct ck_secret *key = rfc_key(a);
        struct ck_totp_params params = {a, 8, 30}, other = {(a + 1) % 3, 8, 30};
        for (size_t i = 0; i < VECTORS; i++) {
            char code[CK_TOTP_CODE_MAX];
            strcpy(code, vectors[i].codes[a]);
            assert_fits(key, &params, code, vectors[i].now_s, 0, 0);
            assert_fits_not(key, &other, code, vectors[i].now_s, 0);
            for (size_t digit = 0; digit < 8; digit++) {
                char right = code[digit];
                code[digit] = (char)('0' + (right - '0' + 1) % 10);
                assert_fits_not(key, &params, code, vectors[i].now_s, 1);
                code[digit] = right;
            }
            for (size_t byte = 0; byte < ck_secret_size(key); byte++) {
                ck_secret_bytes(key)[byte] ^= 1;
                assert_fits_not(key, &params, code, vectors[i].now_s, 0);
                ck_secret_bytes(key)[byte] ^= 1;
            }
        }
        ck_secret_free(&key);
    }
}

static void test_check_window(void **state)
{
    struct ck_secret *key = rfc_key(CK_TOTP_SHA1);
    const struct ck_totp_params params = {CK_TOTP_SHA1, 8, 30};
    const int64_t now_s = 2000000000;
    char code[CK_TOTP_CODE_MAX];
    struct ck_error err;

    (void)state;
    for (int offset = -CK_TOTP_WINDOW_MAX; offset <= CK_TOTP_WINDOW_MAX; offset++) {
        unsigned distance = (unsigned)abs(offset);
        assert_int_equal(ck_totp_code(key, &params, now_s + 30 * offset, code, &err), CK_OK);
        assert_fits(key, &params, code, now_s, CK_TOTP_WINDOW_MAX, offset);
        assert_fits(key, &params, code, now_s, distance, offset);
        if (distance > 0)
            assert_fits_not(key, &params, code, now_s, distance - 1);
    }
    for (int beyond = -1; beyond <= 1; beyond += 2) {
        int64_t there_s = now_s + beyond * 30 * (CK_TOTP_WINDOW_MAX + 1);
        assert_int_equal(ck_totp_code(key, &params, there_s, code, &err), CK_OK);
        assert_fits_not(key, &params, code, now_s, CK_TOTP_WINDOW_MAX);
    }
    ck_secret_free(&key);
}

/* The first and the last second of a step, and its neighbours. */
static void test_check_at_the_edges_of_a_step(void **state)
{
    struct ck_secret *key = rfc_key(CK_TOTP_SHA1);

    (void)state;
    assert_fits(key, &ck_totp_default, "287082", 30, 1, 0);
    assert_fits(key, &ck_totp_default, "287082", 59, 1, 0);
    assert_fits(key, &ck_totp_default, "287082", 29, 1, 1);
    assert_fits(key, &ck_totp_default, "287082", 60, 1, -1);
    assert_fits(key, &ck_totp_default, "287082", 89, 1, -1);
    assert_fits_not(key, &ck_totp_default, "287082", 90, 1);
    ck_secret_free(&key);
}

/* There are no steps before 1970; the window is cut there. */
static void test_check_near_1970(void **state)
{
    struct ck_secret *key = rfc_key(CK_TOTP_SHA1);

    (void)state;
    assert_fits(key, &ck_totp_default, "755224", 0, CK_TOTP_WINDOW_MAX, 0);
    assert_fits(key, &ck_totp_default, "755224", 30, CK_TOTP_WINDOW_MAX, -1);
    assert_fits(key, &ck_totp_default, "520489", 0, CK_TOTP_WINDOW_MAX, 9);
    assert_fits(key, &ck_totp_default, "520489", 29, 9, 9);
    assert_fits_not(key, &ck_totp_default, "520489", 29, 8);
    ck_secret_free(&key);
}

/*
 * Of steps that have the same code, the nearest is meant, and of two as near the past one. Such
 * steps are searched for: among so many 6-digit codes there are some.
 */
static void test_check_reports_the_nearest(void **state)
{
    enum { STEPS = 8000 };
    static char codes[STEPS][CK_TOTP_CODE_MAX];
    struct ck_secret *key = rfc_key(CK_TOTP_SHA1);
    struct ck_error err;
    int nearer = 0, as_near = 0;

    (void)state;
    for (int i = 0; i < STEPS; i++)
        assert_int_equal(ck_totp_code(key, &ck_totp_default, 30 * i, codes[i], &err), CK_OK);
    for (int a = 0; a < STEPS; a++) {
        for (int b = a + 1; b < STEPS && b <= a + 2 * CK_TOTP_WINDOW_MAX; b++) {
            if (memcmp(codes[a], codes[b], 6) != 0)
                continue;
            int middle = (a + b) / 2;
            int nearest = b - middle < middle - a ? b : a;
            assert_fits(key, &ck_totp_default, codes[a], 30 * middle, CK_TOTP_WINDOW_MAX,
                        nearest - middle);
            assert_fits(key, &ck_totp_default, codes[a], 30 * (middle + 1), CK_TOTP_WINDOW_MAX,
                        (b - (middle + 1) < middle + 1 - a ? b : a) - (middle + 1));
            nearer++;
            as_near += (b - a) % 2 == 0;
        }
    }
    assert_true(nearer > 0);
    assert_true(as_near > 0);
    ck_secret_free(&key);
}

static void test_check_of_what_is_no_code(void **state)
{
    static const char *const no_codes[] = {
        "",        "28708",   "2870820",  "28708x", "28708 ",       " 287082",  "+87082",
        "-287082", "287 082", "287082\n", "0x1234", "２８７０８２", "28708\xb2"};
    struct ck_secret *key = rfc_key(CK_TOTP_SHA1);

    (void)state;
    assert_fits(key, &ck_totp_default, "287082", 59, 0, 0);
    for (size_t i = 0; i < sizeof(no_codes) / sizeof(no_codes)[0]; i++)
        assert_fits_not(key, &ck_totp_default, no_codes[i], 59, CK_TOTP_WINDOW_MAX);
    ck_secret_free(&key);
}

static void assert_input_refused(const struct ck_secret *key, const struct ck_totp_params *params,
                                 int64_t now_s, unsigned window, const char *part)
{
    char code[CK_TOTP_CODE_MAX] = "untouch";
    bool valid = true;
    int offset = 1000;
    struct ck_error err;

    assert_int_equal(ck_totp_check(key, params, "123456", now_s, window, &valid, &offset, &err),
                     CK_ERR_USAGE);
    assert_true(valid);
    assert_int_equal(offset, 1000);
    assert_error(&err, CK_ERR_USAGE, part);
    if (window <= CK_TOTP_WINDOW_MAX) {
        assert_int_equal(ck_totp_code(key, params, now_s, code, &err), CK_ERR_USAGE);
        assert_error(&err, CK_ERR_USAGE, part);
        assert_string_equal(code, "untouch");
    }
}

static void test_bounds_of_params(void **state)
{
    static const struct ck_totp_params good[] = {
        {CK_TOTP_SHA1, 6, 1}, {CK_TOTP_SHA1, 8, 3600}, {CK_TOTP_SHA512, 7, 30}};
    static const struct ck_totp_params bad[] = {
        {CK_TOTP_SHA1, 5, 30},   {CK_TOTP_SHA1, 9, 30},
        {CK_TOTP_SHA1, 0, 30},   {CK_TOTP_SHA1, 6, 0},
        {CK_TOTP_SHA1, 6, 3601}, {(enum ck_totp_algorithm)3, 6, 30},
        {CK_TOTP_SHA1, 6, -1U},  {(enum ck_totp_algorithm) - 1, 6, 30}};
    static const char *const parts[] = {"6 to 8 digits",     "6 to 8 digits",     "6 to 8 digits",
                                        "1 to 3600 seconds", "1 to 3600 seconds", "SHA1, SHA256",
                                        "1 to 3600 seconds", "SHA1, SHA256"};
    struct ck_secret *key = rfc_key(CK_TOTP_SHA1);
    struct ck_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good)[0]; i++)
        assert_int_equal(ck_totp_params_check(&good[i], &err), CK_OK);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad)[0]; i++) {
        assert_int_equal(ck_totp_params_check(&bad[i], &err), CK_ERR_USAGE);
        assert_input_refused(key, &bad[i], 59, 0, parts[i]);
    }
    ck_secret_free(&key);
}

static void test_bounds_of_time_and_window(void **state)
{
    const int64_t last_s = INT64_MAX - 3600 * (CK_TOTP_WINDOW_MAX + 1);
    const struct ck_totp_params slow = {CK_TOTP_SHA1, 6, 3600};
    struct ck_secret *key = rfc_key(CK_TOTP_SHA1);
    char code[CK_TOTP_CODE_MAX];
    struct ck_error err;

    (void)state;
    assert_input_refused(key, &ck_totp_default, -1, 0, "time");
    assert_input_refused(key, &ck_totp_default, INT64_MIN, 0, "time");
    assert_input_refused(key, &ck_totp_default, INT64_MAX, 0, "time");
    assert_input_refused(key, &ck_totp_default, last_s + 1, 0, "time");
    assert_input_refused(key, &ck_totp_default, 59, CK_TOTP_WINDOW_MAX + 1, "at most 120 steps");
    assert_input_refused(key, &ck_totp_default, 59, -1U, "at most 120 steps");
    assert_int_equal(ck_totp_code(key, &slow, last_s, code, &err), CK_OK);
    assert_fits(key, &slow, code, last_s, CK_TOTP_WINDOW_MAX, 0);
    ck_secret_free(&key);
}

static void test_bounds_of_key(void **state)
{
    static const char bytes[CK_TOTP_KEY_MAX + 1];
    struct ck_secret *key = secret_of_bytes(bytes, CK_TOTP_KEY_MAX), *out = UNTOUCHED;
    char code[CK_TOTP_CODE_MAX];
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_totp_code(key, &ck_totp_default, 59, code, &err), CK_OK);
    ck_secret_free(&key);

    key = secret_of_bytes(bytes, CK_TOTP_KEY_MAX + 1);
    assert_input_refused(key, &ck_totp_default, 59, 0, "1 to 160 bytes");
    assert_int_equal(ck_totp_key_format(key, &out, &err), CK_ERR_USAGE);
    ck_secret_free(&key);

    key = secret_of("");
    assert_input_refused(key, &ck_totp_default, 59, 0, "1 to 160 bytes");
    assert_int_equal(ck_totp_key_format(key, &out, &err), CK_ERR_USAGE);
    assert_ptr_equal(out, UNTOUCHED);
    ck_secret_free(&key);
}

/* --- keys as text --- */

static void assert_key(const char *base32, const void *bytes, size_t size)
{
    struct ck_secret *text = secret_of(base32), *key = NULL;
    struct ck_error err;

    if (ck_totp_key_parse(text, &key, &err) != CK_OK)
        fail_msg("%s: %s", base32, err.text);
    assert_secret_bytes(key, bytes, size);
    ck_secret_free(&text);
    ck_secret_free(&key);
}

static void assert_no_key_bytes(const char *base32, size_t size, const char *part)
{
    struct ck_secret *text = secret_of_bytes(base32, size), *key = UNTOUCHED;
    struct ck_error err;

    if (ck_totp_key_parse(text, &key, &err) != CK_ERR_USAGE)
        fail_msg("%s was read as a key", base32);
    assert_error(&err, CK_ERR_USAGE, part);
    assert_ptr_equal(key, UNTOUCHED);
    ck_secret_free(&text);
}

static void assert_no_key(const char *base32, const char *part)
{
    assert_no_key_bytes(base32, strlen(base32), part);
}

/* RFC 4648 section 10, but for the empty string, which is no key. */
static void test_key_of_rfc4648(void **state)
{
    static const char *const pairs[][2] = {{"MY======", "f"},     {"MZXQ====", "fo"},
                                           {"MZXW6===", "foo"},   {"MZXW6YQ=", "foob"},
                                           {"MZXW6YTB", "fooba"}, {"MZXW6YTBOI======", "foobar"}};
    struct ck_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs)[0]; i++) {
        struct ck_secret *key = secret_of(pairs[i][1]), *base32 = NULL;
        char unpadded[32];

        strcpy(unpadded, pairs[i][0]);
        unpadded[strcspn(unpadded, "=")] = '\0';
        assert_key(pairs[i][0], pairs[i][1], strlen(pairs[i][1]));
        assert_key(unpadded, pairs[i][1], strlen(pairs[i][1]));
        assert_int_equal(ck_totp_key_format(key, &base32, &err), CK_OK);
        assert_secret(base32, unpadded);
        ck_secret_free(&key);
        ck_secret_free(&base32);
    }
}

static void test_key_as_people_write_it(void **state)
{
    (void)state;
    assert_key("mzxw6ytboi", "foobar", 6);
    assert_key("MzXw 6yTb oI", "foobar", 6);
    assert_key("MZXW-6YTB-OI", "foobar", 6);
    assert_key("  MZXW6YTBOI\r\n", "foobar", 6);
    assert_key("MZXW\t6YTB\nOI\n", "foobar", 6);
    assert_key("MZXW6YTB OI== ====\n", "foobar", 6);
    assert_key("MZ", "f", 1); /* bits after the last whole byte */
    assert_key("JBSWY3DPEHPK3PXP", "Hello!\xde\xad\xbe\xef", 10);
}

static void test_key_with_other_characters(void **state)
{
    static const char others[] = "0189!\"#$%&'()*+,./:;<>?@[\\]^_`{|}~\x01\x0b\x0c\x7f\x80\xff";
    char text[] = "MZXW6YTB";

    (void)state;
    for (size_t i = 0; i < sizeof(others); i++) { /* with the NUL */
        text[3] = others[i];
        assert_no_key_bytes(text, 8, "character 4");
    }
    assert_no_key("MZXW6YTä", "character 8");
    assert_no_key("ＭZXW6YTB", "character 1");
}

static void test_key_hint_names_lookalikes(void **state)
{
    struct ck_secret *text = secret_of("MZXW0YTB"), *key = NULL;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_totp_key_parse(text, &key, &err), CK_ERR_USAGE);
    assert_non_null(strstr(err.hint, "O, I or B"));
    assert_null(strstr(err.text, "MZXW"));
    ck_secret_free(&text);
}

/* All lengths of a last group, with any padding: only those that bytes encode to are keys. */
static void test_key_of_all_lengths(void **state)
{
    static const size_t padding_of[] = {0, 9, 6, 9, 4, 3, 9, 1}; /* 9: no bytes give this length */
    char text[32];

    (void)state;
    for (size_t count = 1; count <= 16; count++) {
        for (size_t padding = 0; padding <= 9; padding++) {
            size_t right = padding_of[count % 8];
            memset(text, 'A', count);
            memset(text + count, '=', padding);
            text[count + padding] = '\0';
            if (right != 9 && (padding == 0 || padding == right))
                assert_key(text, "\0\0\0\0\0\0\0\0\0\0", count * 5 / 8);
            else
                assert_no_key(text, "base32 characters");
        }
    }
}

static void test_key_with_padding_inside(void **state)
{
    (void)state;
    assert_no_key("MY======MY======", "character 9");
    assert_no_key("=MZXW6YT", "character 2");
    assert_no_key("MZXW6=YT", "character 7");
}

static void test_key_empty(void **state)
{
    (void)state;
    assert_no_key("", "empty");
    assert_no_key(" - \n", "empty");
    assert_no_key("========", "0 base32 characters");
}

static void test_key_text_bound(void **state)
{
    static const char zeros[CK_TOTP_KEY_MAX];
    char text[600] = "";

    (void)state;
    memset(text, 'A', 256);
    assert_key(text, zeros, sizeof(zeros));
    memset(text, 'A', 258);
    assert_no_key(text, "more than 256");
    memset(text, 'A', 264);
    assert_no_key(text, "more than 256");
    /* What is skipped does not count. */
    text[0] = '\0';
    for (int i = 0; i < 256; i++)
        strcat(text, "A ");
    assert_key(text, zeros, sizeof(zeros));
}

static void test_key_parse_undoes_format(void **state)
{
    char bytes[CK_TOTP_KEY_MAX];
    struct ck_error err;

    (void)state;
    srand(1);
    for (size_t size = 1; size <= sizeof(bytes); size++) {
        struct ck_secret *base32 = NULL, *key;
        for (size_t i = 0; i < size; i++)
            bytes[i] = (char)rand();
        key = secret_of_bytes(bytes, size);
        assert_int_equal(ck_totp_key_format(key, &base32, &err), CK_OK);
        assert_int_equal(ck_secret_size(base32), (size * 8 + 4) / 5);
        assert_key(ck_secret_bytes(base32), bytes, size);
        ck_secret_free(&key);
        ck_secret_free(&base32);
    }
}

/* One key after another in the same place, longer and shorter; what is refused leaves the last one. */
static void test_keys_one_after_another(void **state)
{
    static const struct {
        const char *base32, *key;
    } steps[] = {{"MZXW6", "foo"},
                 {"MZXW6YTBOI======", "foobar"},
                 {"MY", "f"},
                 {"mz\"XW6", NULL},
                 {"MZXW6==", NULL},
                 {"", NULL},
                 {"mzxw 6ytb", "fooba"},
                 {"MZXW6YTBOJ0", NULL},
                 {"MZXW6YTBO", NULL},
                 {"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "12345678901234567890"}};
    struct ck_secret *key = NULL;
    const char *last = NULL;
    struct ck_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps)[0]; i++) {
        assert_int_equal(ck_totp_key_replace(&key, steps[i].base32, strlen(steps[i].base32), &err),
                         steps[i].key != NULL ? CK_OK : CK_ERR_USAGE);
        last = steps[i].key != NULL ? steps[i].key : last;
        assert_secret(key, last);
    }
    ck_secret_free(&key);
}

static enum ck_err format_and_parse(struct ck_error *err)
{
    struct ck_secret *key = NULL, *base32 = UNTOUCHED, *again = UNTOUCHED;
    enum ck_err r = ck_secret_new("foobar", 6, &key, err);

    if (r != CK_OK)
        return r;
    r = ck_totp_key_format(key, &base32, err);
    if (r != CK_OK) {
        assert_ptr_equal(base32, UNTOUCHED);
        ck_secret_free(&key);
        return r;
    }
    r = ck_totp_key_parse(base32, &again, err);
    if (r == CK_OK) {
        assert_true(ck_secret_equal(key, again));
        ck_secret_free(&again);
    } else {
        assert_ptr_equal(again, UNTOUCHED);
    }
    ck_secret_free(&key);
    ck_secret_free(&base32);
    return r;
}

static void test_allocations_fail(void **state)
{
    (void)state;
    fail_each_allocation(format_and_parse, 4);
}

static int fill(unsigned char *bytes, int size)
{
    memset(bytes, 0x5a, (size_t)size);
    return 1;
}

static int give_nothing(unsigned char *bytes, int size)
{
    (void)bytes;
    (void)size;
    return 0;
}

static void test_new_key(void **state)
{
    struct ck_secret *key = NULL;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_totp_key_make(give_nothing, &key, &err), CK_ERR_UNCHANGED);
    assert_null(key);
    assert_int_equal(ck_totp_key_make(fill, &key, &err), CK_OK);
    assert_int_equal(ck_secret_size(key), CK_TOTP_KEY_SIZE);
    for (size_t at = 0; at < CK_TOTP_KEY_SIZE; at++)
        assert_int_equal(ck_secret_bytes(key)[at], 0x5a);
    ck_secret_free(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_key),
        cmocka_unit_test(test_default),
        cmocka_unit_test(test_code_of_rfc6238),
        cmocka_unit_test(test_code_of_rfc4226),
        cmocka_unit_test(test_check_of_rfc6238),
        cmocka_unit_test(test_check_window),
        cmocka_unit_test(test_check_at_the_edges_of_a_step),
        cmocka_unit_test(test_check_near_1970),
        cmocka_unit_test(test_check_reports_the_nearest),
        cmocka_unit_test(test_check_of_what_is_no_code),
        cmocka_unit_test(test_bounds_of_params),
        cmocka_unit_test(test_bounds_of_time_and_window),
        cmocka_unit_test(test_bounds_of_key),
        cmocka_unit_test(test_key_of_rfc4648),
        cmocka_unit_test(test_key_as_people_write_it),
        cmocka_unit_test(test_key_with_other_characters),
        cmocka_unit_test(test_key_hint_names_lookalikes),
        cmocka_unit_test(test_key_of_all_lengths),
        cmocka_unit_test(test_key_with_padding_inside),
        cmocka_unit_test(test_key_empty),
        cmocka_unit_test(test_key_text_bound),
        cmocka_unit_test(test_key_parse_undoes_format),
        cmocka_unit_test(test_keys_one_after_another),
        cmocka_unit_test(test_allocations_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
