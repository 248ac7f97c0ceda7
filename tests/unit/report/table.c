/* Tests of tables on a terminal. */
#include "cowkey/report/table.h"

#include <locale.h>
#include <stdlib.h>

#include "tests/unit/base/expect.h"

#include "cowkey/base/cleanup.h"

struct lines {
    char text[4096];
};

static void collect(void *data, const char *text)
{
    struct lines *lines = data;

    strncat(lines->text, text, sizeof(lines->text) - strlen(lines->text) - 1);
    strncat(lines->text, "\n", sizeof(lines->text) - strlen(lines->text) - 1);
}

static const char *const headers[] = {"NAME", "STATE", "FINDINGS"};
enum { COLUMNS = 3 };

static void expect_table(const char *const rows[][COLUMNS], size_t count, size_t width,
                         const char *expected)
{
    CK_CLEANUP(ck_table_free) struct ck_table *table = NULL;
    struct lines lines = {.text = ""};
    struct ck_error err;

    assert_int_equal(ck_table_new(headers, COLUMNS, &table, &err), CK_OK);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(ck_table_add(table, rows[i], &err), CK_OK);
    assert_int_equal(ck_table_print(table, width, collect, &lines, &err), CK_OK);
    assert_string_equal(lines.text, expected);
}

static void test_only_headers(void **state)
{
    (void)state;
    expect_table(NULL, 0, 0, "NAME  STATE  FINDINGS\n");
}

static void test_columns_are_aligned(void **state)
{
    static const char *const rows[][COLUMNS] = {
        {"alice@example.test", "absent", "one, two"}, {"b", "present", ""}, {"", "x", "three"}};

    (void)state;
    expect_table(rows, 3, 0,
                 "NAME                STATE    FINDINGS\n"
                 "alice@example.test  absent   one, two\n"
                 "b                   present\n"
                 "                    x        three\n");
}

static void test_by_what_characters_take(void **state)
{
    static const char *const rows[][COLUMNS] = {{"J\xc3\xb6rg", "a", "1"}, /* two bytes */
                                                {"\xe6\xbc\xa2\xe5\xad\x97", "b", "2"}, /* wide */
                                                {"e\xcc\x81t\xc3\xa9", "c", "3"}}; /* combining */

    (void)state;
    expect_table(rows, 3, 0,
                 "NAME  STATE  FINDINGS\n"
                 "J\xc3\xb6rg  a      1\n"
                 "\xe6\xbc\xa2\xe5\xad\x97  b      2\n"
                 "e\xcc\x81t\xc3\xa9   c      3\n");
}

static void test_foreign_text_is_shown_as_text(void **state)
{
    static const char *const rows[][COLUMNS] = {{"\x1b[1m\n", "\xff", "\xe2\x80\xae"}};

    (void)state;
    expect_table(rows, 1, 0,
                 "NAME       STATE  FINDINGS\n"
                 "\\x1b[1m\\n  \\xff   \\u{202e}\n");
}

static void test_last_column_is_broken_to_fit(void **state)
{
    static const char *const rows[][COLUMNS] = {
        {"alice", "absent", "not-forced, no-second-factor, mail-programs-stop"}, {"b", "c", "d"}};

    (void)state;
    expect_table(rows, 2, 45,
                 "NAME   STATE   FINDINGS\n"
                 "alice  absent  not-forced, no-second-factor,\n"
                 "               mail-programs-stop\n"
                 "b      c       d\n");
}

static void test_a_line_that_fits_is_left_whole(void **state)
{
    static const char *const rows[][COLUMNS] = {{"alice", "absent", "one, two, three, four, five"}};

    (void)state;
    expect_table(rows, 1, 42,
                 "NAME   STATE   FINDINGS\n"
                 "alice  absent  one, two, three, four, five\n");
    expect_table(rows, 1, 41,
                 "NAME   STATE   FINDINGS\n"
                 "alice  absent  one, two, three, four,\n"
                 "               five\n");
}

static void test_goes_below_where_names_are_long(void **state)
{
    static const char *const rows[][COLUMNS] = {{"somebody-with-a-long-name@example.test", "absent",
                                                 "no-second-factor, not-forced and more"}};

    (void)state;
    expect_table(rows, 1, 40,
                 "NAME                                    STATE\n"
                 "    FINDINGS\n"
                 "somebody-with-a-long-name@example.test  absent\n"
                 "    no-second-factor, not-forced and\n"
                 "    more\n");
}

static void test_a_word_that_fits_nowhere_is_whole(void **state)
{
    static const char *const rows[][COLUMNS] = {
        {"a", "b", "a-word-of-more-than-twenty-four-columns c"}};

    (void)state;
    expect_table(rows, 1, 10,
                 "NAME  STATE\n"
                 "    FINDINGS\n"
                 "a     b\n"
                 "    a-word-of-more-than-twenty-four-columns\n"
                 "    c\n");
}

static void test_many_rows(void **state)
{
    CK_CLEANUP(ck_table_free) struct ck_table *table = NULL;
    static const char *const cells[] = {"a", "b", "c"};
    struct lines lines = {.text = ""};
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_table_new(headers, COLUMNS, &table, &err), CK_OK);
    for (size_t i = 0; i < 200; i++)
        assert_int_equal(ck_table_add(table, cells, &err), CK_OK);
    assert_int_equal(ck_table_print(table, 0, collect, &lines, &err), CK_OK);
    assert_int_equal(strlen(lines.text),
                     strlen("NAME  STATE  FINDINGS\n") + 200 * strlen("a     b      c\n"));
}

static void test_width(void **state)
{
    (void)state;
    assert_int_equal(ck_text_width(""), 0);
    assert_int_equal(ck_text_width("abc"), 3);
    assert_int_equal(ck_text_width("\xe6\xbc\xa2"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_headers),
        cmocka_unit_test(test_columns_are_aligned),
        cmocka_unit_test(test_by_what_characters_take),
        cmocka_unit_test(test_foreign_text_is_shown_as_text),
        cmocka_unit_test(test_last_column_is_broken_to_fit),
        cmocka_unit_test(test_a_line_that_fits_is_left_whole),
        cmocka_unit_test(test_goes_below_where_names_are_long),
        cmocka_unit_test(test_a_word_that_fits_nowhere_is_whole),
        cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_width),
    };
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
