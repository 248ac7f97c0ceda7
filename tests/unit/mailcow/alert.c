#include "src/mailcow/alert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cowkey/base/utf8.h"

static void expect_text(const char *script, const char *text)
{
    char *decoded = ck_alert_decode(script, strlen(script));

    assert_non_null(decoded);
    assert_string_equal(decoded, text);
    free(decoded);
}

static void test_plain_and_escaped_characters(void **state)
{
    (void)state;
    expect_text("", "");
    expect_text("Login failed", "Login failed");
    expect_text("a\\u0020b\\x20c", "a b c");
    expect_text("\\u00fc\\u20AC\\u65e5", "ü€日");
    expect_text("\\'\\\"\\\\\\/", "'\"\\/");
    expect_text("a\\nb\\tc\\rd", "a b c d");
    expect_text("raw ü", "raw ü");
}

static void test_surrogates(void **state)
{
    (void)state;
    expect_text("\\uD83D\\uDD11", "🔑");
    expect_text("\\uD83D", "\xef\xbf\xbd");
    expect_text("\\uD83Dx", "\xef\xbf\xbdx");
    expect_text("\\uD83D\\u0041", "\xef\xbf\xbd"
                                  "A");
    expect_text("\\uDD11\\uD83D", "\xef\xbf\xbd\xef\xbf\xbd");
    expect_text("\\u0000\\x00", "\xef\xbf\xbd\xef\xbf\xbd");
}

static void test_broken_escapes(void **state)
{
    (void)state;
    expect_text("a\\", "a");
    expect_text("\\u12", "\xef\xbf\xbd"
                         "12");
    expect_text("\\u12g4", "\xef\xbf\xbd"
                           "12g4");
    expect_text("\\xg1", "\xef\xbf\xbdg1");
    expect_text("\\u", "\xef\xbf\xbd");
    expect_text("\\\xff", "\xef\xbf\xbd");
}

static void test_html_becomes_text(void **state)
{
    (void)state;
    expect_text("a\\u003Cbr\\u003Eb", "a b");
    expect_text("a<hr class=\"alert-hr\">b<hr>c", "a; b; c");
    expect_text("&lt;b&gt; &amp;amp; &quot;x&quot; &#039;y&#039;", "<b> &amp; \"x\" 'y'");
    expect_text("a<hr", "a; ");
    expect_text("1 < 2 &", "1 < 2 &");
}

/* Out of valid UTF-8 nothing but valid UTF-8 is made, of no more bytes than there is room for. */
static void test_any_two_escapes(void **state)
{
    static const char *const parts[] = {"\\",     "\\u",     "\\uD83D", "\\uDD11", "\\x0",
                                        "\\x00",  "<br",     "<hr",     ">",       "&amp;",
                                        "&#039;", "\\u003C", "hr",      "amp;",    "\\u0026"};
    enum { COUNT = sizeof(parts) / sizeof(parts[0]) };
    char script[64];

    (void)state;
    for (size_t i = 0; i < COUNT * COUNT * COUNT; i++) {
        strcpy(script, parts[i % COUNT]);
        strcat(script, parts[i / COUNT % COUNT]);
        strcat(script, parts[i / COUNT / COUNT]);
        char *decoded = ck_alert_decode(script, strlen(script));
        assert_true(ck_utf8_valid(decoded, strlen(decoded)));
        free(decoded);
    }
}

static size_t read_line(const char *line, struct ck_page *page)
{
    struct ck_error err;

    assert_int_equal(ck_alert_read(line, strlen(line), page, &err), CK_OK);
    return page->alerts_count;
}

static void test_lines_that_are_alerts(void **state)
{
    struct ck_page page = {0};

    (void)state;
    assert_int_equal(read_line("mailcow_alert_box('it\\'s', 'danger');", &page), 1);
    assert_string_equal(page.alerts[0].text, "it's");
    assert_string_equal(page.alerts[0].type, "danger");
    assert_int_equal(read_line("mailcow_alert_box('', 'info');", &page), 2);
    assert_string_equal(page.alerts[1].text, "");
    ck_page_clear(&page);
}

static void test_lines_that_are_none(void **state)
{
    static const char *const lines[] = {
        "",
        "mailcow_alert_box",
        "mailcow_alert_box('",
        "mailcow_alert_box('x",
        "mailcow_alert_box('x\\",
        "mailcow_alert_box('x\\'",
        "mailcow_alert_box('x'",
        "mailcow_alert_box('x', ",
        "mailcow_alert_box('x', 'danger",
        "mailcow_alert_box('x', '');",
        "mailcow_alert_box('x', 'Danger');",
        "mailcow_alert_box('x', 'abcdefghijklmnop');",
        "mailcow_alert_box('x' + y, 'danger');",
        "mailcow_alert_box(lang.x, 'danger');",
        "x; mailcow_alert_box('x', 'danger');",
    };
    struct ck_page page = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        assert_int_equal(read_line(lines[i], &page), 0);
    assert_int_equal(read_line("mailcow_alert_box('x', 'abcdefghijklmno');", &page), 1);
    ck_page_clear(&page);
}

static void test_more_than_the_bound_are_dropped(void **state)
{
    struct ck_page page = {0};

    (void)state;
    for (size_t i = 0; i < CK_PAGE_ALERTS_MAX; i++)
        assert_int_equal(read_line("mailcow_alert_box('x', 'info');", &page), i + 1);
    assert_int_equal(read_line("mailcow_alert_box('x', 'info');", &page), CK_PAGE_ALERTS_MAX);
    ck_page_clear(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_and_escaped_characters),
        cmocka_unit_test(test_surrogates),
        cmocka_unit_test(test_broken_escapes),
        cmocka_unit_test(test_html_becomes_text),
        cmocka_unit_test(test_any_two_escapes),
        cmocka_unit_test(test_lines_that_are_alerts),
        cmocka_unit_test(test_lines_that_are_none),
        cmocka_unit_test(test_more_than_the_bound_are_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
