#include "cowkey/base/ascii.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_lower_changes_letters_only(void **state)
{
    static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                      lower[] = "abcdefghijklmnopqrstuvwxyz";

    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        const char *found = byte != 0 ? strchr(upper, byte) : NULL;

        assert_int_equal(ck_ascii_lower((char)byte),
                         found != NULL ? lower[found - upper] : (char)byte);
    }
}

static void test_hex_value_of_each_byte(void **state)
{
    static const char digits[] = "0123456789abcdef", more[] = "0123456789ABCDEF";

    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        const char *found = byte != 0 ? strchr(digits, byte) : NULL;
        const char *other = byte != 0 ? strchr(more, byte) : NULL;
        int value = found != NULL   ? (int)(found - digits)
                    : other != NULL ? (int)(other - more)
                                    : -1;

        assert_int_equal(ck_ascii_hex_value((char)byte), value);
    }
}

static void test_has_control_finds_each(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        const char text[] = {'a', (char)byte, 'b'};

        assert_int_equal(ck_ascii_has_control(text, sizeof(text)), byte < 0x20 || byte == 0x7f);
    }
}

static void test_has_control_looks_at_all_and_no_more(void **state)
{
    (void)state;
    assert_false(ck_ascii_has_control("", 0));
    assert_false(ck_ascii_has_control("ab\n", 2));
    assert_true(ck_ascii_has_control("ab\n", 3));
    assert_true(ck_ascii_has_control("\nab", 3));
}

static void test_space_size_of_each_byte(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        const char text[] = {' ', (char)byte, ' ', 'b'};
        bool is_space = byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';

        assert_int_equal(ck_ascii_space_size(text, sizeof(text)), is_space ? 3 : 1);
    }
}

static void test_space_size_looks_no_further(void **state)
{
    (void)state;
    assert_int_equal(ck_ascii_space_size(NULL, 0), 0);
    assert_int_equal(ck_ascii_space_size("\n \t", 2), 2);
    assert_int_equal(ck_ascii_space_size("a ", 2), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lower_changes_letters_only),
        cmocka_unit_test(test_hex_value_of_each_byte),
        cmocka_unit_test(test_has_control_finds_each),
        cmocka_unit_test(test_has_control_looks_at_all_and_no_more),
        cmocka_unit_test(test_space_size_of_each_byte),
        cmocka_unit_test(test_space_size_looks_no_further),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
