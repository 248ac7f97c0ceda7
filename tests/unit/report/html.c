/* Tests of text in pages. */
#include "cowkey/report/html.h"

#include "tests/unit/base/expect.h"

#include "cowkey/base/cleanup.h"

static void expect_escaped(const char *text, const char *expected)
{
    CK_CLEANUP(ck_free_p) char *escaped = ck_html_escape(text);

    assert_non_null(escaped);
    assert_string_equal(escaped, expected);
}

static void test_markup_is_shown_as_text(void **state)
{
    (void)state;
    expect_escaped("<script>alert('1')</script>",
                   "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;");
    expect_escaped("\" onload=\"x", "&quot; onload=&quot;x");
    expect_escaped("&amp;", "&amp;amp;");
}

static void test_plain_text_stays(void **state)
{
    (void)state;
    expect_escaped("", "");
    expect_escaped("J\xc3\xb6rg@example.test", "J\xc3\xb6rg@example.test");
}

static void test_what_would_steer_is_escaped(void **state)
{
    (void)state;
    expect_escaped("a\nb\x1b[1m", "a\\nb\\x1b[1m");
    expect_escaped("\xe2\x80\xae<", "\\u{202e}&lt;");
    expect_escaped("\xff", "\\xff");
}

/* --- pages --- */

static char *page_of(void (*write)(FILE *to))
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);

    assert_non_null(to);
    write(to);
    assert_int_equal(ferror(to), 0);
    fclose(to);
    return text;
}

static size_t count(const char *text, const char *what)
{
    size_t found = 0;

    for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what))
        found++;
    return found;
}

static const char *const parts[] = {"present", "absent", "disabled", "not visible"};

static void write_page(FILE *to)
{
    const struct ck_chart_bar bars[] = {
        {"<admins>", {1, 2, 0, 1}}, {"nobody", {0, 0, 0, 0}}, {"mailboxes", {1000000, 1, 0, 0}}};

    ck_html_begin(to, "<b>hostile</b>");
    ck_html_chart(to, "chart \"of\"", parts, 4, bars, 3);
    ck_html_end(to);
}

static void test_page_is_complete_in_itself(void **state)
{
    CK_CLEANUP(ck_free_p) char *page = page_of(write_page);
    static const char *const outside[] = {"http:",   "https:", "url(", "src=",      "@import",
                                          "<script", "<link",  "<img", "javascript"};

    (void)state;
    assert_ptr_equal(strstr(page, "<!DOCTYPE html>"), page);
    assert_non_null(strstr(page, "default-src 'none'"));
    for (size_t i = 0; i < sizeof(outside) / sizeof(*outside); i++)
        assert_null(strstr(page, outside[i]));
    assert_null(strstr(page, "<b>hostile"));
    assert_int_equal(count(page, "&lt;b&gt;hostile&lt;/b&gt;"), 2); /* title and heading */
    assert_non_null(strstr(page, "</html>"));
}

static void test_chart_shows_each_part(void **state)
{
    CK_CLEANUP(ck_free_p) char *page = page_of(write_page);

    (void)state;
    assert_non_null(strstr(page, "aria-label=\"chart &quot;of&quot;\""));
    assert_non_null(strstr(page, "&lt;admins&gt;, absent: 2"));
    assert_non_null(strstr(page, ">25% of 4<"));
    assert_non_null(strstr(page, "mailboxes, absent: 1<")); /* a millionth is seen */
    assert_non_null(strstr(page, ">99% of 1000001<"));      /* and not rounded away */
    assert_null(strstr(page, "nobody"));
    assert_int_equal(count(page, "<rect"), 3 + 2 + 4); /* bars and legend */
    assert_int_equal(count(page, "width=\"0\""), 0);
}

static void write_empty_chart(FILE *to)
{
    const struct ck_chart_bar bars[] = {{"nobody", {0, 0, 0, 0}}};

    fputs("x", to);
    ck_html_chart(to, "chart", parts, 4, bars, 1);
}

static void test_chart_of_nobody_is_left_out(void **state)
{
    CK_CLEANUP(ck_free_p) char *page = page_of(write_empty_chart);

    (void)state;
    assert_string_equal(page, "x");
}

static void write_long_labels(FILE *to)
{
    const struct ck_chart_bar bars[] = {
        {"sixteen letters_", {1, 0, 0, 0}},
        {"seventeen letters", {1, 0, 0, 0}},
        /* eight and nine letters of twice the width */
        {"\u4e00\u4e00\u4e00\u4e00\u4e00\u4e00\u4e00\u4e00", {1, 0, 0, 0}},
        {"\u4e00\u4e00\u4e00\u4e00\u4e00\u4e00\u4e00\u4e00\u4e00", {1, 0, 0, 0}},
        /* and sixteen of one width in twice as many bytes */
        {"\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc"
         "\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc",
         {1, 0, 0, 0}}};

    ck_html_chart(to, "chart", parts, 4, bars, 5);
}

/* 30 from bar to bar, 18 more where the label stands above. */
static void test_long_labels_stand_above(void **state)
{
    static const char *const places[] = {"y=\"0\" width=\"400\"",   "y=\"48\" width=\"400\"",
                                         "y=\"78\" width=\"400\"",  "y=\"126\" width=\"400\"",
                                         "y=\"156\" width=\"400\"", "viewBox=\"0 0 640 210\""};
    CK_CLEANUP(ck_free_p) char *page = page_of(write_long_labels);

    (void)state;
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        if (strstr(page, places[i]) == NULL)
            fail_msg("%s is not in %s", places[i], page);
    }
}

/* --- columns --- */

static void write_columns(FILE *to)
{
    const struct ck_chart_column columns[] = {
        {"<first>", 10}, {"second", 1000000}, {"third", 0}, {"last", 500000}};

    ck_html_columns(to, "pace \"of\"", columns, 4);
}

static void test_columns_show_each_count(void **state)
{
    CK_CLEANUP(ck_free_p) char *page = page_of(write_columns);

    (void)state;
    assert_non_null(strstr(page, "aria-label=\"pace &quot;of&quot;\""));
    assert_non_null(strstr(page, "height=\"1\"><title>&lt;first&gt;: 10<")); /* is seen */
    assert_non_null(strstr(page, "height=\"120\"><title>second: 1000000<"));
    assert_non_null(strstr(page, "height=\"60\"><title>last: 500000<"));
    assert_null(strstr(page, "third"));
    assert_int_equal(count(page, "<rect"), 3);
    assert_int_equal(count(page, ">1000000</text>"), 1);
    assert_non_null(strstr(page, ">&lt;first&gt;</text>"));
    assert_non_null(strstr(page, ">last</text>"));
}

static void write_many_columns(FILE *to)
{
    struct ck_chart_column columns[700];

    for (size_t i = 0; i < 700; i++)
        columns[i] = (struct ck_chart_column){"x", 1};
    ck_html_columns(to, "pace", columns, 700);
}

static void test_many_columns_have_a_width(void **state)
{
    CK_CLEANUP(ck_free_p) char *page = page_of(write_many_columns);

    (void)state;
    assert_int_equal(count(page, "width=\"1\""), 700);
}

static void write_no_columns(FILE *to)
{
    const struct ck_chart_column columns[] = {{"first", 0}};

    fputs("x", to);
    ck_html_columns(to, "pace", columns, 0);
    ck_html_columns(to, "pace", columns, 1);
}

static void test_columns_of_nothing_are_left_out(void **state)
{
    CK_CLEANUP(ck_free_p) char *page = page_of(write_no_columns);

    (void)state;
    assert_string_equal(page, "x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_markup_is_shown_as_text),
        cmocka_unit_test(test_plain_text_stays),
        cmocka_unit_test(test_what_would_steer_is_escaped),
        cmocka_unit_test(test_page_is_complete_in_itself),
        cmocka_unit_test(test_chart_shows_each_part),
        cmocka_unit_test(test_chart_of_nobody_is_left_out),
        cmocka_unit_test(test_long_labels_stand_above),
        cmocka_unit_test(test_columns_show_each_count),
        cmocka_unit_test(test_many_columns_have_a_width),
        cmocka_unit_test(test_columns_of_nothing_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
