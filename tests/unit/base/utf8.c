#include "cowkey/base/utf8.h"

#include "expect.h"

/* Each character is read as it was written. */
static void test_there_and_back(void **state)
{
    (void)state;
    for (uint32_t c = 1; c <= CK_UTF8_LAST; c++) {
        char bytes[CK_UTF8_MAX];
        uint32_t read = 0;
        size_t size = (size_t)(ck_utf8_write(bytes, c) - bytes);
        assert_int_equal(ck_utf8_read(bytes, size, &read), size);
        assert_int_equal(read, c >= 0xd800 && c <= 0xdfff ? CK_UTF8_REPLACEMENT : c);
        assert_int_equal(ck_utf8_read(bytes, size - 1 > 0 ? size - 1 : 1, &read),
                         size == 1 ? 1 : 0);
    }
}

static void expect_written(uint32_t character, const char *expected)
{
    char bytes[CK_UTF8_MAX + 1];

    *ck_utf8_write(bytes, character) = '\0';
    assert_string_equal(bytes, expected);
}

static void test_writing(void **state)
{
    (void)state;
    expect_written('a', "a");
    expect_written(0xe4, "ä");
    expect_written(0x20ac, "€");
    expect_written(0x1f511, "🔑");
    expect_written(0, "\xef\xbf\xbd");
    expect_written(0xd800, "\xef\xbf\xbd");
    expect_written(0x110000, "\xef\xbf\xbd");
    expect_written(UINT32_MAX, "\xef\xbf\xbd");
}

static void test_mending(void **state)
{
    static const char broken[] = "a\0\xc3\xa4\xc3z\xf0\x9f\x94";
    char mended[3 * sizeof(broken)];
    const char *at = broken, *end = broken + sizeof(broken) - 1;
    char *to = mended;

    (void)state;
    while (at < end)
        to = ck_utf8_mend(to, &at, end);
    *to = '\0';
    assert_ptr_equal(at, end);
    assert_string_equal(mended, "a\xef\xbf\xbdä\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

static void test_validity(void **state)
{
    static const char *const valid[] = {
        "",
        "\x01",
        "\x7f",
        "\xc2\x80",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xef\xbf\xbf",
        "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf",
        "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z",
    };
    static const char *const invalid[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf8\x88\x80\x80\x80",
        "\xfe",
        "\xff",
        "\xc2",
        "\xc2z",
        "\xc2\xc2",
        "\xe2\x82",
        "\xe2\x82z",
        "\xf0\x9f\x98",
        "\xf0\x9f\x98z",
        "a\xc3\xa4\xa4",
        "abc\xf0",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++)
        assert_true(ck_utf8_valid(valid[i], strlen(valid[i])));
    for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
        assert_false(ck_utf8_valid(invalid[i], strlen(invalid[i])));
    assert_true(ck_utf8_valid("a\0b", 3));
    assert_true(ck_utf8_valid("\xc3\xa4", 2));
    assert_false(ck_utf8_valid("\xc3\xa4", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_writing),
        cmocka_unit_test(test_mending),
        cmocka_unit_test(test_validity),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
