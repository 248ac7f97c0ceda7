#include "cowkey/base/encode.h"

#include <stdio.h>

#include "allocation.h"

static const char unreserved[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

static void test_encode_keeps_only_unreserved(void **state)
{
    struct ck_error err;

    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        struct ck_secret *out = NULL;
        char c = (char)byte;
        char expected[4] = {c};

        if (byte == 0 || strchr(unreserved, c) == NULL)
            snprintf(expected, sizeof(expected), "%%%02X", byte);
        assert_int_equal(ck_percent_encode(&out, &c, 1, &err), CK_OK);
        assert_secret(out, expected);
        ck_secret_free(&out);
    }
}

static void test_encode_appends(void **state)
{
    struct ck_secret *out = secret_of("a b=");
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_percent_encode(&out, "ä +&", 5, &err), CK_OK);
    assert_secret(out, "a b=%C3%A4%20%2B%26");
    assert_int_equal(ck_percent_encode(&out, "", 0, &err), CK_OK);
    assert_secret(out, "a b=%C3%A4%20%2B%26");
    ck_secret_free(&out);
}

static void test_encode_of_its_own_output(void **state)
{
    struct ck_secret *out = secret_of("%");
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_percent_encode(&out, ck_secret_bytes(out), ck_secret_size(out), &err),
                     CK_OK);
    assert_secret(out, "%%25");
    ck_secret_free(&out);
}

static void test_encode_bound(void **state)
{
    static const char spaces[CK_SECRET_MAX / 3 + 1];
    struct ck_secret *out = NULL;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_percent_encode(&out, spaces, sizeof(spaces), &err), CK_ERR_USAGE);
    assert_null(out);
    assert_int_equal(ck_percent_encode(&out, spaces, sizeof(spaces) - 1, &err), CK_OK);
    assert_int_equal(ck_secret_size(out), CK_SECRET_MAX / 3 * 3);
    assert_int_equal(ck_percent_encode(&out, spaces, 1, &err), CK_ERR_USAGE);
    assert_int_equal(ck_secret_size(out), CK_SECRET_MAX / 3 * 3);
    ck_secret_free(&out);
}

static void test_decode(void **state)
{
    static const char *const pairs[][2] = {
        {"", ""},         {"abc", "abc"},       {"a%20b", "a b"}, {"a+b", "a+b"},
        {"%3a%3A", "::"}, {"%25%2525", "%%25"}, {"%C3%a4", "ä"},  {"%ff%80", "\xff\x80"},
        {"ä", "ä"},       {"a b&c=", "a b&c="},
    };
    struct ck_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct ck_secret *bytes = NULL;
        assert_int_equal(ck_percent_decode(pairs[i][0], strlen(pairs[i][0]), &bytes, &err), CK_OK);
        assert_secret(bytes, pairs[i][1]);
        ck_secret_free(&bytes);
    }
}

static void test_decode_refuses(void **state)
{
    static const char *const malformed[] = {"%",  "%2",   "%g0", "%0g", "%%20", "a%2",
                                            "a%", "% 20", "%-1", "%+1", "%x1",  "%2\xc3\xa4"};
    struct ck_secret *bytes = UNTOUCHED;
    struct ck_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        assert_int_equal(ck_percent_decode(malformed[i], strlen(malformed[i]), &bytes, &err),
                         CK_ERR_USAGE);
        assert_error(&err, CK_ERR_USAGE, "'%'");
    }
    assert_int_equal(ck_percent_decode("a%00", 4, &bytes, &err), CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, "NUL");
    assert_int_equal(ck_percent_decode("a\0b", 3, &bytes, &err), CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, "NUL");
    assert_ptr_equal(bytes, UNTOUCHED);
}

/* What stands after size does not count, not even as the digits of a '%'. */
static void test_decode_stops_at_size(void **state)
{
    struct ck_secret *bytes = NULL;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_percent_decode("ab%20", 2, &bytes, &err), CK_OK);
    assert_secret(bytes, "ab");
    ck_secret_free(&bytes);
    assert_int_equal(ck_percent_decode("ab%20", 4, &bytes, &err), CK_ERR_USAGE);
    assert_int_equal(ck_percent_decode("ab%20", 3, &bytes, &err), CK_ERR_USAGE);
}

static void test_decode_bound(void **state)
{
    static char text[CK_SECRET_MAX + 1];
    struct ck_secret *bytes = NULL;
    struct ck_error err;

    (void)state;
    memset(text, 'x', sizeof(text));
    assert_int_equal(ck_percent_decode(text, sizeof(text), &bytes, &err), CK_ERR_USAGE);
    assert_int_equal(ck_percent_decode(text, sizeof(text) - 1, &bytes, &err), CK_OK);
    assert_secret_bytes(bytes, text, sizeof(text) - 1);
    ck_secret_free(&bytes);
}

static void test_decode_undoes_encode(void **state)
{
    char bytes[255];
    struct ck_secret *encoded = NULL, *decoded = NULL;
    struct ck_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i + 1);
    assert_int_equal(ck_percent_encode(&encoded, bytes, sizeof(bytes), &err), CK_OK);
    assert_int_equal(
        ck_percent_decode(ck_secret_bytes(encoded), ck_secret_size(encoded), &decoded, &err),
        CK_OK);
    assert_secret_bytes(decoded, bytes, sizeof(bytes));
    ck_secret_free(&encoded);
    ck_secret_free(&decoded);
}

static enum ck_err encode_and_decode(struct ck_error *err)
{
    struct ck_secret *encoded = NULL, *decoded = UNTOUCHED;
    enum ck_err r = ck_percent_encode(&encoded, "a b", 3, err);

    if (r != CK_OK) {
        assert_null(encoded);
        return r;
    }
    r = ck_percent_decode("a%20b", 5, &decoded, err);
    ck_secret_free(&encoded);
    if (r == CK_OK)
        ck_secret_free(&decoded);
    else
        assert_ptr_equal(decoded, UNTOUCHED);
    return r;
}

static void test_allocations_fail(void **state)
{
    (void)state;
    fail_each_allocation(encode_and_decode, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encode_keeps_only_unreserved),
        cmocka_unit_test(test_encode_appends),
        cmocka_unit_test(test_encode_of_its_own_output),
        cmocka_unit_test(test_encode_bound),
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_decode_refuses),
        cmocka_unit_test(test_decode_stops_at_size),
        cmocka_unit_test(test_decode_bound),
        cmocka_unit_test(test_decode_undoes_encode),
        cmocka_unit_test(test_allocations_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
