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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_markup_is_shown_as_text),
        cmocka_unit_test(test_plain_text_stays),
        cmocka_unit_test(test_what_would_steer_is_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
