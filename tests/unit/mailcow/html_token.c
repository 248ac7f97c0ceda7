/* How bytes become tags and text. Whether others read them so too is for tests/agree. */
#include "src/mailcow/html_token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/*
 * The tokens of html, written plainly: [text] <name|attributes> and </name>, one after the other.
 */
static const char *tokens_of(const char *html)
{
    static char written[1024];
    struct ck_html_reader reader = {.at = html, .end = html + strlen(html)};
    struct ck_html_token token;
    char *to = written;

    *to = '\0';
    while (ck_html_read(&reader, &token)) {
        int size = (int)token.text.size, more = (int)token.attributes.size;
        if (token.kind == CK_HTML_TEXT)
            to += sprintf(to, "[%.*s]", size, token.text.bytes);
        else if (token.kind == CK_HTML_START)
            to += sprintf(to, "<%.*s|%.*s>", size, token.text.bytes, more, token.attributes.bytes);
        else
            to += sprintf(to, "</%.*s>", size, token.text.bytes);
    }
    assert_ptr_equal(reader.at, reader.end);
    return written;
}

static void test_tags_and_text(void **state)
{
    (void)state;
    assert_string_equal(tokens_of(""), "");
    assert_string_equal(tokens_of("a b"), "[a b]");
    assert_string_equal(tokens_of("<a>b</a>"), "<a|>[b]</a>");
    assert_string_equal(tokens_of("<A HREF=x>b</A \n x>"), "<A| HREF=x>[b]</A>");
    assert_string_equal(tokens_of("<br/><h1/>"), "<br|/><h1|/>");
    assert_string_equal(tokens_of("a<b"), "[a]");
    assert_string_equal(tokens_of("a<b x='>"), "[a]");
    assert_string_equal(tokens_of("a<b>c</b"), "[a]<b|>[c]");
}

static void test_less_than_in_text(void **state)
{
    (void)state;
    assert_string_equal(tokens_of("1 < 2 <3 <= <"), "[1 < 2 <3 <= <]");
    assert_string_equal(tokens_of("<<a>"), "[<]<a|>");
    assert_string_equal(tokens_of("a</"), "[a</]");
    assert_string_equal(tokens_of("a</>b</ >c</3>d"), "[a][b][c][d]");
}

static void test_comments(void **state)
{
    (void)state;
    assert_string_equal(tokens_of("a<!-- <b> -- > -->c"), "[a][c]");
    assert_string_equal(tokens_of("<!-->a<!--->b<!---->c<!----->d"), "[a][b][c][d]");
    assert_string_equal(tokens_of("<!--a--!>b"), "[b]");
    assert_string_equal(tokens_of("<!--a--!b-->c"), "[c]");
    assert_string_equal(tokens_of("<!---!>a-->b"), "[b]");
    assert_string_equal(tokens_of("a<!--b->"), "[a]");
    assert_string_equal(tokens_of("<!DOCTYPE html \">\">b<?x?>c<![CDATA[d>e]]>"),
                        "[\">b][c][e]]>]");
    assert_string_equal(tokens_of("a<!b"), "[a]");
}

static void test_text_without_tags(void **state)
{
    (void)state;
    assert_string_equal(tokens_of("<script><b></b></scriptx></script>c"),
                        "<script|>[<b></b></scriptx>]</script>[c]");
    assert_string_equal(tokens_of("<style></style><b>"), "<style|></style><b|>");
    assert_string_equal(tokens_of("<TITLE>a<b></title x>c"), "<TITLE|>[a<b>]</title>[c]");
    assert_string_equal(tokens_of("<textarea></text</textarea/>"),
                        "<textarea|>[</text]</textarea>");
    assert_string_equal(tokens_of("<title>a</title"), "<title|>[a</title]");
    assert_string_equal(tokens_of("<titles><b>"), "<titles|><b|>");
}

/* "<!--" hides a script in a script, whose end tag is not the end. */
static void test_scripts_in_scripts(void **state)
{
    (void)state;
    assert_string_equal(tokens_of("<script><!--<script></script>--></script>a"),
                        "<script|>[<!--<script></script>-->]</script>[a]");
    assert_string_equal(tokens_of("<script><!--<scripts></script>a"),
                        "<script|>[<!--<scripts>]</script>[a]");
    assert_string_equal(tokens_of("<script><!--><script></script>a"),
                        "<script|>[<!--><script>]</script>[a]");
    assert_string_equal(tokens_of("<script><!--<script >--></script>a"),
                        "<script|>[<!--<script >-->]</script>[a]");
    assert_string_equal(tokens_of("<script><!--<script></script></script>a"),
                        "<script|>[<!--<script></script>]</script>[a]");
    assert_string_equal(tokens_of("<script><!--<script>a</script>"),
                        "<script|>[<!--<script>a</script>]");
}

static const char *value_of(const char *attributes, const char *name)
{
    static char written[256];
    struct ck_html_slice value;

    if (!ck_html_attribute_of((struct ck_html_slice){attributes, strlen(attributes)}, name, &value))
        return NULL;
    snprintf(written, sizeof(written), "%.*s", (int)value.size, value.bytes);
    return written;
}

static void test_attributes(void **state)
{
    (void)state;
    assert_string_equal(value_of(" a=1 b='2 >' c=\"'3\" d", "a"), "1");
    assert_string_equal(value_of(" a=1 b='2 >' c=\"'3\" d", "b"), "2 >");
    assert_string_equal(value_of(" a=1 b='2 >' c=\"'3\" d", "c"), "'3");
    assert_string_equal(value_of(" a=1 b='2 >' c=\"'3\" d", "d"), "");
    assert_null(value_of(" a=1 b='2 >' c=\"'3\" d", "e"));
    assert_null(value_of("", "a"));
    assert_string_equal(value_of(" A\n=\n1", "a"), "1");
    assert_string_equal(value_of(" a=1 a=2", "a"), "1");
    assert_string_equal(value_of(" a=b=c/d", "a"), "b=c/d");
    assert_string_equal(value_of("/a/b=x", "b"), "x");
    assert_string_equal(value_of(" x='1'a='2'", "a"), "2");
    assert_null(value_of(" x='a=1'", "a"));
    assert_null(value_of(" =a", "a"));
    assert_null(value_of(" a-b=1", "a"));
    assert_string_equal(value_of(" a=", "a"), "");
    assert_string_equal(value_of(" a='\"&quot;'", "a"), "\"&quot;");
}

/* A NUL in the page is no end of a name, nor of anything else. */
static void test_nul(void **state)
{
    static const char name[] = "id\0x";
    struct ck_html_reader reader = {.at = "<b\0>c\0d", .end = reader.at + 7};
    struct ck_html_token token;

    (void)state;
    assert_false(ck_html_name_is((struct ck_html_slice){name, 4}, "id"));
    assert_true(ck_html_name_is((struct ck_html_slice){name, 2}, "id"));
    assert_true(ck_html_read(&reader, &token));
    assert_int_equal(token.text.size, 2);
    assert_true(ck_html_read(&reader, &token));
    assert_int_equal(token.text.size, 3);
    assert_false(ck_html_read(&reader, &token));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tags_and_text),
        cmocka_unit_test(test_less_than_in_text),
        cmocka_unit_test(test_comments),
        cmocka_unit_test(test_text_without_tags),
        cmocka_unit_test(test_scripts_in_scripts),
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_nul),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
