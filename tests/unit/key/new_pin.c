#include "cowkey/key/pin.h"

#include <stdio.h>

#include "tests/unit/base/allocation.h"

#define A32 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A31 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* --- rules --- */

static void expect_pin(const void *bytes, size_t size, int64_t length_min, enum ck_err wanted,
                       const char *says)
{
    struct ck_secret *pin = secret_of_bytes(bytes, size);
    struct ck_error err = {.code = CK_OK};

    assert_int_equal(ck_pin_check(pin, length_min, &err), wanted);
    if (wanted != CK_OK)
        assert_error(&err, wanted, says);
    ck_secret_free(&pin);
}

static void expect_good(const char *pin, int64_t length_min)
{
    expect_pin(pin, strlen(pin), length_min, CK_OK, "");
}

static void expect_bad(const char *pin, int64_t length_min, const char *says)
{
    expect_pin(pin, strlen(pin), length_min, CK_ERR_USAGE, says);
}

static void test_length_counts_code_points(void **state)
{
    (void)state;
    expect_good("1234", 0);
    expect_bad("123", 0, "4 characters");
    expect_good("äöüß", 0);
    expect_bad("äöü", 0, "4 characters"); /* 6 bytes */
    expect_good("\U0001F511\U0001F511\U0001F511\U0001F511", 4);
    expect_bad("\U0001F511\U0001F511\U0001F511", 4, "4 characters"); /* 12 bytes */
}

/* Composed and decomposed letters are the same PIN, and the composed ones are counted and sent. */
static void expect_normalized(const char *text, const char *wanted)
{
    struct ck_secret *pin = secret_of(text), *normal = NULL;
    struct ck_error err = {.code = CK_OK};

    assert_int_equal(ck_pin_normalize(pin, &normal, &err), CK_OK);
    assert_int_equal(ck_secret_size(normal), strlen(wanted));
    assert_memory_equal(ck_secret_bytes(normal), wanted, strlen(wanted));
    ck_secret_free(&normal);
    ck_secret_free(&pin);
}

#define DECOMPOSED "u\u0308" /* u and a diaeresis, which are one letter */

static void test_normal_form(void **state)
{
    (void)state;
    expect_normalized("1234", "1234");
    expect_normalized("\u00fc234", "\u00fc234");
    expect_normalized(DECOMPOSED "234", "\u00fc234");
    expect_normalized("\u212b ngstrom", "\u00c5 ngstrom"); /* the sign, the letter */
    expect_normalized("\U0001D160 23", "\U0001D158\U0001D165\U0001D16E 23"); /* grows threefold */
    expect_normalized("\ufb01sh", "\ufb01sh"); /* the ligature stays: that would be NFKC */
    expect_normalized("12\xff\xff", "12\xff\xff");
    expect_normalized("", "");
}

static void test_length_is_that_of_the_normal_form(void **state)
{
    (void)state;
    expect_bad(DECOMPOSED DECOMPOSED, 0, "4 characters"); /* 4 code points before */
    expect_good(DECOMPOSED DECOMPOSED DECOMPOSED DECOMPOSED, 0);
    expect_good(A31 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa" DECOMPOSED, 0);  /* 63 bytes before, 62 then */
    expect_good(A31 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" DECOMPOSED, 0); /* 64, 63 */
    expect_bad(A31 A31 DECOMPOSED, 0, "63 bytes");
}

static void test_length_that_the_key_wants(void **state)
{
    (void)state;
    expect_good("123456", 6);
    expect_bad("12345", 6, "6 characters");
    expect_bad("123", 1, "4 characters"); /* no key takes less */
}

static void test_size_bound(void **state)
{
    (void)state;
    expect_good(A32 A31, 0);
    expect_bad(A32 A32, 0, "63 bytes");
    expect_bad(A32 A31 "ä", 0, "63 bytes");
    expect_good(A31 A31, 62);
    expect_bad(A31 A31, 63, "63 characters");
}

static void test_text(void **state)
{
    (void)state;
    expect_bad("12\xff\xff", 0, "UTF-8");
    expect_bad("123\xc3", 0, "UTF-8");
    expect_pin("12\0"
               "345",
               6, 0, CK_ERR_USAGE, "UTF-8");
    expect_bad("", 0, "4 characters");
}

/* --- random PINs --- */

/* Random bytes of a script, which fails after its end. */
static const unsigned char *bytes_left;
static size_t bytes_left_count;

static int give(unsigned char *bytes, int size)
{
    if ((size_t)size > bytes_left_count)
        return 0;
    memcpy(bytes, bytes_left, (size_t)size);
    bytes_left += size;
    bytes_left_count -= (size_t)size;
    return 1;
}

static enum ck_err make(const unsigned char *bytes, size_t count, size_t length,
                        struct ck_secret **ret_pin, struct ck_error *err)
{
    bytes_left = bytes;
    bytes_left_count = count;
    return ck_pin_random(length, give, ret_pin, err);
}

static void test_random_uses_each_letter_alike(void **state)
{
    unsigned char bytes[256];
    unsigned seen[256] = {0};
    struct ck_secret *pin = NULL;
    struct ck_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)i;
    /* 248 of 256 values are taken: 8 for each of 31 letters. */
    for (size_t at = 0; at < 248; at += 62) {
        assert_int_equal(make(bytes + at, 62, 62, &pin, &err), CK_OK);
        for (size_t i = 0; i < ck_secret_size(pin); i++)
            seen[(unsigned char)ck_secret_bytes(pin)[i]]++;
        ck_secret_free(&pin);
    }
    for (unsigned c = 0; c < 256; c++) {
        bool wanted = c != 0 && strchr("23456789abcdefghjkmnpqrstuvwxyz", (int)c) != NULL;
        assert_int_equal(seen[c], wanted ? 8 : 0);
    }
}

static void test_random_rejects_what_would_favour_some(void **state)
{
    static const unsigned char bytes[] = {248, 255, 0, 249, 1, 252, 30, 254, 247};
    struct ck_secret *pin = NULL;
    struct ck_error err;

    (void)state;
    assert_int_equal(make(bytes, sizeof(bytes), 4, &pin, &err), CK_OK);
    assert_secret(pin, "23zz");
    assert_int_equal(bytes_left_count, 0);
    ck_secret_free(&pin);
}

static void test_random_length(void **state)
{
    unsigned char zeros[CK_PIN_MAX + 1] = {0};
    struct ck_secret *pin = UNTOUCHED;
    struct ck_error err;

    (void)state;
    assert_int_equal(make(zeros, sizeof(zeros), CK_PIN_MIN - 1, &pin, &err), CK_ERR_USAGE);
    assert_int_equal(make(zeros, sizeof(zeros), CK_PIN_MAX + 1, &pin, &err), CK_ERR_USAGE);
    assert_ptr_equal(pin, UNTOUCHED);
    assert_int_equal(make(zeros, sizeof(zeros), CK_PIN_MAX, &pin, &err), CK_OK);
    assert_int_equal(ck_secret_size(pin), CK_PIN_MAX);
    assert_int_equal(ck_pin_length(pin), CK_PIN_MAX);
    ck_secret_free(&pin);
    assert_int_equal(make(zeros, sizeof(zeros), CK_PIN_MIN, &pin, &err), CK_OK);
    assert_secret(pin, "2222");
    ck_secret_free(&pin);
}

static void test_random_without_random_numbers(void **state)
{
    static const unsigned char bytes[] = {1, 2, 3};
    struct ck_secret *pin = UNTOUCHED;
    struct ck_error err;

    (void)state;
    assert_int_equal(make(bytes, sizeof(bytes), 4, &pin, &err), CK_ERR_UNCHANGED);
    assert_error(&err, CK_ERR_UNCHANGED, "random");
    assert_ptr_equal(pin, UNTOUCHED);
}

static enum ck_err make_one(struct ck_error *err)
{
    static const unsigned char bytes[] = {1, 2, 3, 4};
    struct ck_secret *pin = UNTOUCHED;
    enum ck_err r = make(bytes, sizeof(bytes), 4, &pin, err);

    if (r == CK_OK)
        ck_secret_free(&pin);
    else
        assert_ptr_equal(pin, UNTOUCHED);
    return r;
}

static void test_allocations_fail(void **state)
{
    (void)state;
    fail_each_allocation(make_one, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_length_counts_code_points),
        cmocka_unit_test(test_normal_form),
        cmocka_unit_test(test_length_is_that_of_the_normal_form),
        cmocka_unit_test(test_length_that_the_key_wants),
        cmocka_unit_test(test_size_bound),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_random_uses_each_letter_alike),
        cmocka_unit_test(test_random_rejects_what_would_favour_some),
        cmocka_unit_test(test_random_length),
        cmocka_unit_test(test_random_without_random_numbers),
        cmocka_unit_test(test_allocations_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
