/* Checks that keep a struct ck_otp_mac: whatever came before, they say what liboath says. */
#include "cowkey/otp/mac.h"

#include "../base/allocation.h"
#include "cowkey/otp/totp.h"

/* The keys of RFC 6238's reference implementation: of 20, 32 and 64 bytes. */
static const char key_digits[] = "1234567890123456789012345678901234567890"
                                 "123456789012345678901234";
static const size_t key_sizes[] = {
    [CK_TOTP_SHA1] = 20, [CK_TOTP_SHA256] = 32, [CK_TOTP_SHA512] = 64};

static struct ck_otp_mac *new_mac(void)
{
    struct ck_otp_mac *mac = NULL;
    struct ck_error err;

    assert_int_equal(ck_otp_mac_new(&mac, &err), CK_OK);
    return mac;
}

static bool fits(struct ck_otp_mac *mac, const struct ck_secret *key,
                 const struct ck_totp_params *params, const char *code, int64_t now_s,
                 unsigned window, int *ret_offset)
{
    struct ck_error err;
    bool valid;

    *ret_offset = 1000;
    if (ck_totp_check_by(mac, key, params, code, now_s, window, &valid, ret_offset, &err) != CK_OK)
        fail_msg("%s", err.text);
    if (!valid)
        assert_int_equal(*ret_offset, 1000);
    return valid;
}

/* RFC 6238 appendix B, each moment with the three hashes after another. */
static void test_rfc6238(void **state)
{
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
    struct ck_otp_mac *mac = new_mac();
    char code[CK_TOTP_CODE_MAX];
    int offset;

    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors)[0]; i++) {
        for (enum ck_totp_algorithm a = CK_TOTP_SHA1; a <= CK_TOTP_SHA512; a++) {
            struct ck_secret *key = secret_of_bytes(key_digits, key_sizes[a]);
            for (unsigned digits = 6; digits <= 8; digits++) {
                const struct ck_totp_params params = {a, digits, 30},
                                            other = {(a + 1) % 3, digits, 30};
                strcpy(code, vectors[i].codes[a] + 8 - digits);
                assert_true(fits(mac, key, &params, code, vectors[i].now_s, 1, &offset));
                assert_int_equal(offset, 0);
                assert_false(fits(mac, key, &other, code, vectors[i].now_s, 1, &offset));
                code[digits - 1] ^= 1;
                assert_false(fits(mac, key, &params, code, vectors[i].now_s, 1, &offset));
            }
            ck_secret_free(&key);
        }
    }
    ck_otp_mac_free(&mac);
    assert_null(mac);
}

/* The code of each step of the window is found there, and not with a window less. */
static void test_window(void **state)
{
    struct ck_secret *key = secret_of_bytes(key_digits, 20);
    struct ck_otp_mac *mac = new_mac();
    const struct ck_totp_params params = {CK_TOTP_SHA1, 8, 30};
    char code[CK_TOTP_CODE_MAX];
    struct ck_error err;
    int offset;

    (void)state;
    for (int wanted = -CK_TOTP_WINDOW_MAX; wanted <= CK_TOTP_WINDOW_MAX; wanted++) {
        unsigned distance = (unsigned)abs(wanted);
        assert_int_equal(ck_totp_code(key, &params, 2000000000 + 30 * wanted, code, &err), CK_OK);
        assert_true(fits(mac, key, &params, code, 2000000000, distance, &offset));
        assert_int_equal(offset, wanted);
        if (distance > 0)
            assert_false(fits(mac, key, &params, code, 2000000000, distance - 1, &offset));
    }
    ck_secret_free(&key);
    ck_otp_mac_free(&mac);
}

/* Of all sizes, below and above the block of the hash; liboath computes the codes. */
static void test_keys_of_all_sizes(void **state)
{
    struct ck_otp_mac *mac = new_mac();
    char bytes[CK_TOTP_KEY_MAX], code[CK_TOTP_CODE_MAX];
    struct ck_error err;
    int offset;

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(41 * i + 7);
    for (size_t size = 1; size <= sizeof(bytes); size++) {
        struct ck_secret *key = secret_of_bytes(bytes, size);
        for (enum ck_totp_algorithm a = CK_TOTP_SHA1; a <= CK_TOTP_SHA512; a++) {
            const struct ck_totp_params params = {a, 8, 30};
            for (int64_t now_s = 0; now_s < INT64_MAX / 64; now_s = 37 * now_s + 1000000007) {
                assert_int_equal(ck_totp_code(key, &params, now_s, code, &err), CK_OK);
                assert_true(fits(mac, key, &params, code, now_s, 0, &offset));
                assert_true(fits(NULL, key, &params, code, now_s, 0, &offset));
            }
        }
        ck_secret_free(&key);
    }
    ck_otp_mac_free(&mac);
}

/* What is kept of a key is never taken for another that differs in one bit or in its size. */
static void test_keys_that_differ(void **state)
{
    struct ck_secret *key = secret_of_bytes(key_digits, 20);
    struct ck_otp_mac *mac = new_mac();
    int offset;

    (void)state;
    for (size_t bit = 0; bit < 8 * ck_secret_size(key); bit++) {
        assert_true(fits(mac, key, &ck_totp_default, "287082", 59, 0, &offset));
        ck_secret_bytes(key)[bit / 8] ^= (char)(1 << bit % 8);
        assert_false(fits(mac, key, &ck_totp_default, "287082", 59, 0, &offset));
        ck_secret_bytes(key)[bit / 8] ^= (char)(1 << bit % 8);
    }
    assert_true(fits(mac, key, &ck_totp_default, "287082", 59, 0, &offset));
    ck_secret_truncate(key, 19);
    assert_false(fits(mac, key, &ck_totp_default, "287082", 59, 0, &offset));
    ck_secret_free(&key);
    key = secret_of_bytes(key_digits, 21);
    assert_false(fits(mac, key, &ck_totp_default, "287082", 59, 0, &offset));
    ck_secret_free(&key);
    ck_otp_mac_free(&mac);
}

/* The bounds are those of the other check, and what they refuse leaves the next check right. */
static void test_bounds(void **state)
{
    static const char bytes[CK_TOTP_KEY_MAX + 1];
    const struct ck_totp_params five = {CK_TOTP_SHA1, 5, 30},
                                other = {(enum ck_totp_algorithm)3, 6, 30};
    struct ck_secret *key = secret_of_bytes(key_digits, 20), *none = secret_of(""),
                     *large = secret_of_bytes(bytes, sizeof(bytes));
    const struct {
        const struct ck_secret *key;
        const struct ck_totp_params *params;
        int64_t now_s;
        unsigned window;
        const char *part;
    } refused[] = {
        {none, &ck_totp_default, 59, 0, "1 to 160 bytes"},
        {large, &ck_totp_default, 59, 0, "1 to 160 bytes"},
        {key, &five, 59, 0, "6 to 8 digits"},
        {key, &other, 59, 0, "SHA1, SHA256"},
        {key, &ck_totp_default, -1, 0, "time"},
        {key, &ck_totp_default, 59, CK_TOTP_WINDOW_MAX + 1, "at most 120 steps"},
    };
    struct ck_otp_mac *mac = new_mac(), *nothing = NULL;
    struct ck_error err;
    int offset;

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused)[0]; i++) {
        bool valid = true;
        offset = 1000;
        assert_int_equal(ck_totp_check_by(mac, refused[i].key, refused[i].params, "287082",
                                          refused[i].now_s, refused[i].window, &valid, &offset,
                                          &err),
                         CK_ERR_USAGE);
        assert_error(&err, CK_ERR_USAGE, refused[i].part);
        assert_true(valid);
        assert_int_equal(offset, 1000);
        assert_true(fits(mac, key, &ck_totp_default, "287082", 59, 0, &offset));
    }
    assert_false(fits(mac, key, &ck_totp_default, "28708", 59, 1, &offset));
    assert_false(fits(mac, key, &ck_totp_default, "28708x", 59, 1, &offset));
    ck_otp_mac_free(&nothing);
    ck_otp_mac_free(&mac);
    ck_secret_free(&key);
    ck_secret_free(&none);
    ck_secret_free(&large);
}

static struct ck_secret *first_key, *second_key;

/* A failure in between must not let the wrong key's code pass in the next check. */
static enum ck_err check_two(struct ck_error *err)
{
    struct ck_otp_mac *mac = NULL;
    bool of_first = false, of_second = true;
    int offset;

    enum ck_err r = ck_otp_mac_new(&mac, err);
    if (r == CK_OK)
        r = ck_totp_check_by(mac, first_key, &ck_totp_default, "287082", 59, 1, &of_first, &offset,
                             err);
    if (r == CK_OK) {
        assert_true(of_first);
        r = ck_totp_check_by(mac, second_key, &ck_totp_default, "287082", 59, 1, &of_second,
                             &offset, err);
    }
    if (r == CK_OK)
        assert_false(of_second);
    allocation_.armed = false;
    if (mac != NULL) {
        assert_true(fits(mac, first_key, &ck_totp_default, "287082", 59, 0, &offset));
        assert_false(fits(mac, second_key, &ck_totp_default, "287082", 59, 0, &offset));
    }
    ck_otp_mac_free(&mac);
    return r;
}

static void test_allocations_fail(void **state)
{
    (void)state;
    first_key = secret_of_bytes(key_digits, 20);
    second_key = secret_of_bytes(key_digits, 19);
    fail_each_allocation(check_two, 2);
    ck_secret_free(&first_key);
    ck_secret_free(&second_key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc6238),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_keys_of_all_sizes),
        cmocka_unit_test(test_keys_that_differ),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_allocations_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
