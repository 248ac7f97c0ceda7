#include "cowkey/base/bytes.h"

#include <stdio.h>

#include "allocation.h"

/* RFC 4648 section 10, and the digits in which the alphabets differ. */
static const struct {
    const char *bytes, *standard, *url;
} pairs[] = {
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"\xfb\xef\xbe\xff\xff", "++++//8=", "----__8"},
    {"\xff", "/w==", "_w"},
};

static enum ck_err decode(enum ck_base64 alphabet, const char *text, size_t size,
                          struct ck_bytes *ret_bytes, struct ck_error *err)
{
    /* A copy without a NUL behind it, so that a checker sees a byte too much being read. */
    char *exact = malloc(size + (size == 0));
    memcpy(exact, text, size);
    enum ck_err r =
        ck_base64_decode(alphabet, exact, size, "the thing", CK_ERR_UNREACHABLE, ret_bytes, err);
    free(exact);
    return r;
}

static void assert_decodes(enum ck_base64 alphabet, const char *text, const void *bytes,
                           size_t size)
{
    struct ck_bytes decoded;
    struct ck_error err;

    if (decode(alphabet, text, strlen(text), &decoded, &err) != CK_OK)
        fail_msg("%s: %s", text, err.text);
    assert_int_equal(decoded.size, size);
    assert_memory_equal(decoded.data, bytes, size);
    if (size == 0)
        assert_null(decoded.data);
    ck_bytes_clear(&decoded);
}

static void assert_refused(enum ck_base64 alphabet, const char *text, size_t size)
{
    struct ck_bytes bytes = {(uint8_t *)UNTOUCHED, 7};
    struct ck_error err;

    if (decode(alphabet, text, size, &bytes, &err) != CK_ERR_UNREACHABLE)
        fail_msg("%.*s was read", (int)size, text);
    assert_error(&err, CK_ERR_UNREACHABLE, "the thing is not valid base64");
    assert_ptr_equal(bytes.data, UNTOUCHED);
    assert_int_equal(bytes.size, 7);
}

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        size_t size = strlen(pairs[i].bytes);
        char *standard = ck_base64_encode(CK_BASE64_STANDARD, pairs[i].bytes, size);
        char *url = ck_base64_encode(CK_BASE64_URL, pairs[i].bytes, size);

        assert_string_equal(standard, pairs[i].standard);
        assert_string_equal(url, pairs[i].url);
        assert_decodes(CK_BASE64_STANDARD, standard, pairs[i].bytes, size);
        assert_decodes(CK_BASE64_URL, url, pairs[i].bytes, size);
        free(standard);
        free(url);
    }
}

static void test_padding_is_optional(void **state)
{
    (void)state;
    assert_decodes(CK_BASE64_STANDARD, "Zg", "f", 1);
    assert_decodes(CK_BASE64_STANDARD, "Zm8", "fo", 2);
    assert_decodes(CK_BASE64_URL, "Zg==", "f", 1);
    assert_decodes(CK_BASE64_URL, "Zm8=", "fo", 2);
}

static void test_refuses_padding(void **state)
{
    static const char *const texts[] = {
        "=",        "==",   "===",  "====",     "Zg=",  "Zg===",  "Zm8==", "Zm9v=", "Zm9v==",
        "Zm9v====", "Z===", "Z=g=", "Zg==Zg==", "=Zg=", "Zg==\n", "Zm=8",  "Zg= =", "Zm8=Zm9v"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_refused(CK_BASE64_STANDARD, texts[i], strlen(texts[i]));
        assert_refused(CK_BASE64_URL, texts[i], strlen(texts[i]));
    }
}

static void test_refuses_impossible_lengths(void **state)
{
    (void)state;
    assert_refused(CK_BASE64_STANDARD, "Z", 1);
    assert_refused(CK_BASE64_STANDARD, "Zm9vY", 5);
    assert_refused(CK_BASE64_URL, "Zm9vYmFyZ", 9);
}

/* The last digit carries 2 or 4 bits that belong to no byte: just one of its values is right. */
static void test_refuses_left_over_bits(void **state)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    (void)state;
    for (unsigned i = 0; i < 64; i++) {
        char one[] = {'A', alphabet[i], '\0'}, two[] = {'A', 'A', alphabet[i], '\0'};
        uint8_t bytes[] = {0, 0};

        if (i % 16 == 0) {
            bytes[0] = (uint8_t)(i / 16);
            assert_decodes(CK_BASE64_STANDARD, one, bytes, 1);
        } else {
            assert_refused(CK_BASE64_STANDARD, one, 2);
        }
        bytes[0] = 0;
        if (i % 4 == 0) {
            bytes[1] = (uint8_t)(i / 4);
            assert_decodes(CK_BASE64_STANDARD, two, bytes, 2);
        } else {
            assert_refused(CK_BASE64_STANDARD, two, 3);
        }
    }
}

/* Each byte in each place of a group: 64 are digits, and no more. */
static void test_alphabets(void **state)
{
    (void)state;
    for (enum ck_base64 alphabet = CK_BASE64_STANDARD; alphabet <= CK_BASE64_URL; alphabet++) {
        for (unsigned place = 0; place < 4; place++) {
            unsigned digits = 0;

            for (unsigned byte = 0; byte < 256; byte++) {
                char text[5] = "AAAA";
                struct ck_bytes bytes;
                struct ck_error err;

                text[place] = (char)byte;
                if (decode(alphabet, text, 4, &bytes, &err) != CK_OK)
                    continue;
                /* A digit and not padding, which is fine in the last place only. */
                digits += byte != '=';
                ck_bytes_clear(&bytes);
            }
            assert_int_equal(digits, 64);
        }
    }
    assert_refused(CK_BASE64_STANDARD, "--__", 4);
    assert_refused(CK_BASE64_URL, "++//", 4);
    assert_refused(CK_BASE64_URL, "AA\0A", 4);
    assert_refused(CK_BASE64_STANDARD, " AAA", 4);
    assert_refused(CK_BASE64_STANDARD, "AAA\n", 4);
}

static void test_size_counts(void **state)
{
    struct ck_bytes bytes;
    struct ck_error err;

    (void)state;
    assert_int_equal(
        ck_base64_decode(CK_BASE64_URL, "Zm9v!", 4, "the thing", CK_ERR_USAGE, &bytes, &err),
        CK_OK);
    assert_int_equal(bytes.size, 3);
    ck_bytes_clear(&bytes);
}

static void test_decode_undoes_encode(void **state)
{
    uint8_t data[1024];

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 167 + i / 256);
    for (size_t size = 0; size <= sizeof(data); size += size < 64 ? 1 : 191) {
        for (enum ck_base64 alphabet = CK_BASE64_STANDARD; alphabet <= CK_BASE64_URL; alphabet++) {
            char *text = ck_base64_encode(alphabet, data, size);
            assert_decodes(alphabet, text, data, size);
            free(text);
        }
    }
}

static void test_error_quotes_nothing(void **state)
{
    struct ck_bytes bytes;
    struct ck_error err;

    (void)state;
    assert_int_equal(decode(CK_BASE64_URL, "hunter2!hunter2", 15, &bytes, &err),
                     CK_ERR_UNREACHABLE);
    assert_error(&err, CK_ERR_UNREACHABLE, "character 8");
    assert_null(strstr(err.text, "hunter2"));
}

static void test_bytes(void **state)
{
    static const char data[] = "abc\0d";
    struct ck_bytes a, b, empty;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_bytes_copy(data, 5, &a, &err), CK_OK);
    assert_int_equal(ck_bytes_copy(data, 5, &b, &err), CK_OK);
    assert_int_equal(ck_bytes_copy(NULL, 0, &empty, &err), CK_OK);
    assert_memory_equal(a.data, data, 5);
    assert_null(empty.data);
    assert_int_equal(empty.size, 0);
    assert_true(ck_bytes_equal(&a, &b));
    assert_true(ck_bytes_equal(&empty, &empty));
    assert_false(ck_bytes_equal(&a, &empty));
    b.data[4] ^= 1;
    assert_false(ck_bytes_equal(&a, &b));
    b.data[4] ^= 1;
    b.size = 4;
    assert_false(ck_bytes_equal(&a, &b));
    ck_bytes_clear(&a);
    ck_bytes_clear(&a);
    ck_bytes_clear(&b);
    assert_null(a.data);
    assert_int_equal(a.size, 0);
}

static void test_hex(void **state)
{
    char *text = ck_hex_encode("\x00\x09\x0a\x7f\x80\xff", 6);

    (void)state;
    assert_string_equal(text, "00090a7f80ff");
    free(text);
    text = ck_hex_encode(NULL, 0);
    assert_string_equal(text, "");
    free(text);
}

static enum ck_err convert(struct ck_error *err)
{
    struct ck_bytes bytes = {(uint8_t *)UNTOUCHED, 7};
    char *text = ck_base64_encode(CK_BASE64_URL, "foo", 3), *hex = ck_hex_encode("foo", 3);
    bool is_short = text == NULL || hex == NULL;

    free(text);
    free(hex);
    if (is_short)
        return ck_error_no_memory(err);
    if (ck_base64_decode(CK_BASE64_URL, "Zm9v", 4, "x", CK_ERR_USAGE, &bytes, err) != CK_OK ||
        (ck_bytes_clear(&bytes), ck_bytes_copy("foo", 3, &bytes, err) != CK_OK)) {
        assert_true(bytes.data == (uint8_t *)UNTOUCHED || bytes.data == NULL);
        return err->code;
    }
    ck_bytes_clear(&bytes);
    return CK_OK;
}

static void test_allocations_fail(void **state)
{
    (void)state;
    fail_each_allocation(convert, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_padding_is_optional),
        cmocka_unit_test(test_refuses_padding),
        cmocka_unit_test(test_refuses_impossible_lengths),
        cmocka_unit_test(test_refuses_left_over_bits),
        cmocka_unit_test(test_alphabets),
        cmocka_unit_test(test_size_counts),
        cmocka_unit_test(test_decode_undoes_encode),
        cmocka_unit_test(test_error_quotes_nothing),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_allocations_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
