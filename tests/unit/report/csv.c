/* Tests of CSV: what spreadsheets and RFC 4180 make of its cells. */
#include "cowkey/report/csv.h"

#include "tests/unit/base/expect.h"

#include "cowkey/base/cleanup.h"

static void expect_cell(const char *text, const char *expected)
{
    CK_CLEANUP(ck_free_p) char *cell = ck_csv_cell(text);

    assert_non_null(cell);
    assert_string_equal(cell, expected);
}

static void test_text_stays(void **state)
{
    (void)state;
    expect_cell("", "\"\"");
    expect_cell("alice@example.test", "\"alice@example.test\"");
    expect_cell("J\xc3\xb6rg, primary", "\"J\xc3\xb6rg, primary\"");
    expect_cell(" kept ", "\" kept \"");
    expect_cell("a=b+c-d@e", "\"a=b+c-d@e\"");
    expect_cell("'=1", "\"'=1\"");
}

static void test_quotes_are_doubled(void **state)
{
    (void)state;
    expect_cell("\"", "\"\"\"\"");
    expect_cell("\"=1\"", "\"\"\"=1\"\"\"");
}

static void test_formulas_are_text(void **state)
{
    (void)state;
    expect_cell("=1+1", "\"'=1+1\"");
    expect_cell("+1", "\"'+1\"");
    expect_cell("-1", "\"'-1\"");
    expect_cell("@SUM(A1)", "\"'@SUM(A1)\"");
    expect_cell("  =1", "\"'  =1\"");
    expect_cell("=", "\"'=\"");
    expect_cell("\xef\xbc\x9d"
                "1",
                "\"'\xef\xbc\x9d"
                "1\"");
    expect_cell("\xef\xbc\x8b", "\"'\xef\xbc\x8b\"");
    expect_cell("\xef\xbc\x8d", "\"'\xef\xbc\x8d\"");
    expect_cell("\xef\xbc\xa0", "\"'\xef\xbc\xa0\"");
    expect_cell("\xef\xbc\x9e", "\"\xef\xbc\x9e\""); /* a full-width > is no sign of a formula */
}

/* Excel breaks there where the decimal sign is a comma, and forgets the quotes. */
static void test_semicolons_begin_no_formula(void **state)
{
    (void)state;
    expect_cell("a;=1;b", "\"a;'=1;b\"");
    expect_cell("=1;=2; +3", "\"'=1;'=2;' +3\"");
    expect_cell(";", "\";\"");
    expect_cell("a; b", "\"a; b\"");
    expect_cell("a,=1", "\"a,=1\"");
}

static void test_what_would_steer_is_escaped(void **state)
{
    (void)state;
    expect_cell("\t=1", "\"\\t=1\"");
    expect_cell("\r=1", "\"\\x0d=1\"");
    expect_cell("a\r\n=1", "\"a\\x0d\\n=1\"");
    expect_cell("\x1b[1m", "\"\\x1b[1m\"");
    expect_cell("\xe2\x80\xae=1", "\"\\u{202e}=1\"");
    expect_cell("\xff", "\"\\xff\"");
}

/* Room for a text that grows at each character. */
static void test_growth_fits(void **state)
{
    char quotes[101], expected[204];

    (void)state;
    memset(quotes, '"', sizeof(quotes) - 1);
    quotes[sizeof(quotes) - 1] = '\0';
    memset(expected, '"', sizeof(expected) - 2);
    expected[sizeof(expected) - 2] = '\0';
    expect_cell(quotes, expected);
    expect_cell("=;=;=;=;=;=", "\"'=;'=;'=;'=;'=;'=\"");
    expect_cell("=\"", "\"'=\"\"\"");
}

static void test_rows_end_as_the_rfc_says(void **state)
{
    const char *const cells[] = {"a", NULL, "\"", "=1"}, *const one[] = {"b"};
    CK_CLEANUP(ck_free_p) char *text = NULL;
    struct ck_error err;
    size_t size;
    FILE *to = open_memstream(&text, &size);

    (void)state;
    assert_non_null(to);
    assert_int_equal(ck_csv_row(to, cells, 4, &err), CK_OK);
    assert_int_equal(ck_csv_row(to, one, 1, &err), CK_OK);
    fclose(to);
    assert_string_equal(text, "\"a\",\"\",\"\"\"\",\"'=1\"\r\n\"b\"\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_stays),
        cmocka_unit_test(test_quotes_are_doubled),
        cmocka_unit_test(test_formulas_are_text),
        cmocka_unit_test(test_semicolons_begin_no_formula),
        cmocka_unit_test(test_what_would_steer_is_escaped),
        cmocka_unit_test(test_growth_fits),
        cmocka_unit_test(test_rows_end_as_the_rfc_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
