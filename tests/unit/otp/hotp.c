#include "cowkey/otp/hotp.h"

#include "../base/allocation.h"

/* RFC 4226 appendix D: the key of 20 bytes, and the codes of the counters 0 to 9. */
static const char key_digits[] = "12345678901234567890123456789012";
static const char *const codes[] = {"755224", "287082", "359152", "969429", "338314",
                                    "254676", "287922", "162583", "399871", "520489"};
enum { CODES = sizeof(codes) / sizeof(codes)[0] };

/* The truncated numbers there, of which a code is the end. */
static const char *const numbers[] = {"1284755224", "1094287082", "0137359152", "1726969429",
                                      "1640338314", "0868254676", "1918287922", "0082162583",
                                      "0673399871", "0645520489"};

static struct ck_secret *rfc_key(void)
{
    return secret_of_bytes(key_digits, 20);
}

static void test_code_of_rfc4226(void **state)
{
    struct ck_secret *key = rfc_key();
    char code[CK_TOTP_CODE_MAX];
    struct ck_error err;

    (void)state;
    for (int counter = 0; counter < CODES; counter++) {
        for (unsigned digits = 6; digits <= 8; digits++) {
            const struct ck_totp_params params = {CK_TOTP_SHA1, digits, 30};
            assert_int_equal(ck_hotp_code(key, &params, counter, code, &err), CK_OK);
            assert_string_equal(code, numbers[counter] + 10 - digits);
        }
        assert_int_equal(ck_hotp_code(key, &ck_totp_default, counter, code, &err), CK_OK);
        assert_string_equal(code, codes[counter]);
    }
    ck_secret_free(&key);
}

/* TOTP is HOTP over steps (RFC 6238 section 4.2), so its vectors are HOTP's with other hashes. */
static void test_code_of_rfc6238(void **state)
{
    static const struct {
        enum ck_totp_algorithm algorithm;
        size_t key_size;
        int64_t counter;
        const char *code;
    } vectors[] = {
        {CK_TOTP_SHA1, 20, 0x1, "94287082"},        {CK_TOTP_SHA256, 32, 0x1, "46119246"},
        {CK_TOTP_SHA1, 20, 0x23523EC, "07081804"},  {CK_TOTP_SHA256, 32, 0x23523EC, "68084774"},
        {CK_TOTP_SHA1, 20, 0x27BC86AA, "65353130"}, {CK_TOTP_SHA256, 32, 0x27BC86AA, "77737706"},
    };
    char code[CK_TOTP_CODE_MAX];
    struct ck_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors)[0]; i++) {
        const struct ck_totp_params params = {vectors[i].algorithm, 8, 30};
        struct ck_secret *key = secret_of_bytes(key_digits, vectors[i].key_size);
        assert_int_equal(ck_hotp_code(key, &params, vectors[i].counter, code, &err), CK_OK);
        assert_string_equal(code, vectors[i].code);
        ck_secret_free(&key);
    }
}

/* The period is none of HOTP's business, not even one that TOTP would refuse. */
static void test_period_does_not_matter(void **state)
{
    const struct ck_totp_params params = {CK_TOTP_SHA1, 6, 0};
    struct ck_secret *key = rfc_key();
    char code[CK_TOTP_CODE_MAX];
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_hotp_code(key, &params, 9, code, &err), CK_OK);
    assert_string_equal(code, codes[9]);
    ck_secret_free(&key);
}

static bool fits(const struct ck_secret *key, const char *code, int64_t counter, unsigned window,
                 int *ret_offset)
{
    struct ck_error err;
    bool valid;

    *ret_offset = 1000000;
    if (ck_hotp_check(key, &ck_totp_default, code, counter, window, &valid, ret_offset, &err) !=
        CK_OK)
        fail_msg("%s", err.text);
    if (!valid)
        assert_int_equal(*ret_offset, 1000000);
    return valid;
}

/* Each code is found from each counter that is before it by no more than the window. */
static void test_check_looks_ahead_only(void **state)
{
    struct ck_secret *key = rfc_key();
    int offset;

    (void)state;
    for (int own = 0; own < CODES; own++) {
        for (int counter = 0; counter < CODES; counter++) {
            for (int window = 0; window < CODES; window++) {
                bool wanted = own >= counter && own - counter <= window;
                assert_int_equal(fits(key, codes[own], counter, (unsigned)window, &offset), wanted);
                if (wanted)
                    assert_int_equal(offset, own - counter);
            }
        }
    }
    ck_secret_free(&key);
}

/* One bit of the code or of the key, and it fits no more. */
static void test_check_of_what_differs(void **state)
{
    struct ck_secret *key = rfc_key();
    char code[] = "755224";
    int offset;

    (void)state;
    for (size_t digit = 0; digit < 6; digit++) {
        char right = code[digit];
        code[digit] = (char)('0' + (right - '0' + 1) % 10);
        assert_false(fits(key, code, 0, 9, &offset));
        code[digit] = right;
    }
    for (size_t byte = 0; byte < ck_secret_size(key); byte++) {
        ck_secret_bytes(key)[byte] ^= 1;
        assert_false(fits(key, code, 0, 0, &offset));
        ck_secret_bytes(key)[byte] ^= 1;
    }
    assert_true(fits(key, code, 0, 0, &offset));
    ck_secret_free(&key);
}

static void test_check_of_what_is_no_code(void **state)
{
    static const char *const no_codes[] = {"",        "75522",  "7552240", "75522x",
                                           "755 224", "+55224", "755224\n"};
    struct ck_secret *key = rfc_key();
    int offset;

    (void)state;
    for (size_t i = 0; i < sizeof(no_codes) / sizeof(no_codes)[0]; i++)
        assert_false(fits(key, no_codes[i], 0, CK_HOTP_WINDOW_MAX, &offset));
    ck_secret_free(&key);
}

static void assert_refused(const struct ck_secret *key, const struct ck_totp_params *params,
                           int64_t counter, unsigned window, const char *part)
{
    char code[CK_TOTP_CODE_MAX] = "untouch";
    bool valid = true;
    int offset = 1000;
    struct ck_error err;

    assert_int_equal(ck_hotp_check(key, params, "123456", counter, window, &valid, &offset, &err),
                     CK_ERR_USAGE);
    assert_true(valid);
    assert_int_equal(offset, 1000);
    assert_error(&err, CK_ERR_USAGE, part);
    if (window > CK_HOTP_WINDOW_MAX)
        return;
    assert_int_equal(ck_hotp_code(key, params, counter, code, &err), CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, part);
    assert_string_equal(code, "untouch");
}

static void test_bounds(void **state)
{
    static const char bytes[CK_TOTP_KEY_MAX + 1];
    const struct ck_totp_params five = {CK_TOTP_SHA1, 5, 30}, nine = {CK_TOTP_SHA1, 9, 30},
                                other = {(enum ck_totp_algorithm)3, 6, 30};
    struct ck_secret *key = rfc_key(), *none = secret_of(""),
                     *large = secret_of_bytes(bytes, sizeof(bytes));
    char code[CK_TOTP_CODE_MAX];
    int offset;
    struct ck_error err;

    (void)state;
    assert_refused(key, &five, 0, 0, "6 to 8 digits");
    assert_refused(key, &nine, 0, 0, "6 to 8 digits");
    assert_refused(key, &other, 0, 0, "SHA1, SHA256 or SHA512");
    assert_refused(none, &ck_totp_default, 0, 0, "1 to 160 bytes");
    assert_refused(large, &ck_totp_default, 0, 0, "1 to 160 bytes");
    assert_refused(key, &ck_totp_default, -1, 0, "counter");
    assert_refused(key, &ck_totp_default, INT64_MIN, 0, "counter");
    assert_refused(key, &ck_totp_default, INT64_MAX, 0, "counter");
    assert_refused(key, &ck_totp_default, CK_HOTP_COUNTER_MAX + 1, 0, "counter");
    assert_refused(key, &ck_totp_default, 0, CK_HOTP_WINDOW_MAX + 1, "at most 1000 counters");
    assert_refused(key, &ck_totp_default, 0, -1U, "at most 1000 counters");

    const int64_t last = CK_HOTP_COUNTER_MAX;
    assert_int_equal(ck_hotp_code(key, &ck_totp_default, last, code, &err), CK_OK);
    assert_true(fits(key, code, last, CK_HOTP_WINDOW_MAX, &offset));
    assert_int_equal(offset, 0);
    ck_secret_free(&key);
    ck_secret_free(&none);
    ck_secret_free(&large);
}

static enum ck_err make_and_check(struct ck_error *err)
{
    struct ck_secret *key = NULL;
    char code[CK_TOTP_CODE_MAX] = "untouch";
    bool valid = false;
    int offset;
    enum ck_err r = ck_secret_new(key_digits, 20, &key, err);

    if (r == CK_OK)
        r = ck_hotp_code(key, &ck_totp_default, 3, code, err);
    if (r == CK_OK)
        r = ck_hotp_check(key, &ck_totp_default, "969429", 3, 0, &valid, &offset, err);
    ck_secret_free(&key);
    assert_int_equal(valid, r == CK_OK);
    return r;
}

static void test_allocations_fail(void **state)
{
    (void)state;
    fail_each_allocation(make_and_check, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_code_of_rfc4226),
        cmocka_unit_test(test_code_of_rfc6238),
        cmocka_unit_test(test_period_does_not_matter),
        cmocka_unit_test(test_check_looks_ahead_only),
        cmocka_unit_test(test_check_of_what_differs),
        cmocka_unit_test(test_check_of_what_is_no_code),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_allocations_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
