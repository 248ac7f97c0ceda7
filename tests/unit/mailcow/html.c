#include "src/mailcow/html.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct ck_html html;

static int tear_down(void **state)
{
    (void)state;
    ck_html_clear(&html);
    return 0;
}

static const struct ck_html_node *parse(const char *text)
{
    struct ck_error err;

    ck_html_clear(&html);
    assert_int_equal(ck_html_parse(text, strlen(text), &html, &err), CK_OK);
    return html.nodes;
}

/* How many nodes are in the element with this id, itself included. */
static size_t size_of(const char *id)
{
    for (size_t i = 0; i < html.count; i++) {
        if (ck_html_has_attribute(&html.nodes[i], "id", id))
            return html.nodes[i].size;
    }
    fail_msg("no %s", id);
    return 0;
}

static void test_nesting(void **state)
{
    (void)state;
    parse("<div id=a>1<p id=b>2<br>3</p><input id=c>4</div>5");
    assert_int_equal(html.count, 9);
    assert_int_equal(size_of("a"), 8);
    assert_int_equal(size_of("b"), 4);
    assert_int_equal(size_of("c"), 1);
    assert_int_equal(html.nodes[8].size, 1);
}

static void test_nothing(void **state)
{
    (void)state;
    parse("");
    assert_int_equal(html.count, 0);
    parse("<!-- a --></p>");
    assert_int_equal(html.count, 0);
}

static void test_tags_that_are_left_open(void **state)
{
    (void)state;
    parse("<div id=a><p id=b><b id=c>1</div>2");
    assert_int_equal(size_of("a"), 4);
    assert_int_equal(size_of("b"), 3);
    assert_int_equal(size_of("c"), 2);
    parse("<div id=a><p id=b>1");
    assert_int_equal(size_of("a"), 3);
    assert_int_equal(size_of("b"), 2);
}

static void test_stray_end_tags(void **state)
{
    (void)state;
    parse("<div id=a>1</p></span>2</DIV>3");
    assert_int_equal(size_of("a"), 3);
    parse("</div><div id=a>1</div></div>");
    assert_int_equal(size_of("a"), 2);
}

/* What is open outside of a table's cell is not closed from within. */
static void test_cells(void **state)
{
    (void)state;
    parse("<div id=a><table id=b><tr id=c><td id=d>1</div></form>2</td></tr></table></div>");
    assert_int_equal(size_of("d"), 3);
    assert_int_equal(size_of("a"), 6);
    parse("<div id=a><table id=b><tr id=c><td id=d><p>1</tr>2</table>3");
    assert_int_equal(size_of("c"), 4);
    assert_int_equal(size_of("b"), 6);
    parse("<table id=a><td id=b><table id=c><td id=d>1</tr></table>2</td></table>3");
    assert_int_equal(size_of("c"), 3);
    assert_int_equal(size_of("b"), 5);
}

static void test_classes(void **state)
{
    const struct ck_html_node *node = parse("<b class=' one\ntwo\tthree-4 '>");

    (void)state;
    assert_true(ck_html_has_class(node, "one"));
    assert_true(ck_html_has_class(node, "two"));
    assert_true(ck_html_has_class(node, "three-4"));
    assert_false(ck_html_has_class(node, "three"));
    assert_false(ck_html_has_class(node, "One"));
    assert_false(ck_html_has_class(parse("<b class>"), "one"));
    assert_false(ck_html_has_class(parse("<b id=one>"), "one"));
    assert_false(ck_html_has_class(parse(" class=one"), "one"));
}

static void test_finding(void **state)
{
    const struct ck_html_node *top =
        parse("<p><i class=x></i><b></b><i class=y></i><input name=n></p><i class=z>");

    (void)state;
    assert_ptr_equal(ck_html_find(top, "i", NULL), top + 1);
    assert_ptr_equal(ck_html_find(top, "i", "y"), top + 3);
    assert_null(ck_html_find(top, "i", "z"));
    assert_null(ck_html_find(top, "p", NULL));
    assert_ptr_equal(ck_html_find_input(top, NULL), top + 4);
    assert_ptr_equal(ck_html_find_input(top, "n"), top + 4);
    assert_null(ck_html_find_input(top, "m"));
}

static void expect_text(const char *text, const char *expected)
{
    char *own = ck_html_own_text(parse(text));

    assert_string_equal(own, expected);
    free(own);
}

static void test_own_text(void **state)
{
    (void)state;
    expect_text("<p> \n one <b>two</b> three<br>four\r\n</p>five", "one  threefour");
    expect_text("<p></p>x", "");
    expect_text("<p> </p>x", "");
    expect_text("<p><b>x</b></p>", "");
}

static void test_references(void **state)
{
    (void)state;
    expect_text("<p>&lt;a b=&quot;c&quot;&gt; &amp;amp; &#039;&apos;&#39;",
                "<a b=\"c\"> &amp; '''");
    expect_text("<p>&#xFC;&#X20ac;&#128273;", "ü€🔑");
    expect_text("<p>&#0;&#xD800;&#x110000;&#99999999999999999999;",
                "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    expect_text("<p>&lt &#39 &#; &#x; &#xg; & &; &nbsp; &LT; a&b",
                "&lt &#39 &#; &#x; &#xg; & &; &nbsp; &LT; a&b");
    expect_text("<p>&#1a;&", "&#1a;&");
}

static void test_bytes_that_are_no_text(void **state)
{
    static const char bytes[] = "<p>a\0b\xff\xc3";
    struct ck_error err;

    (void)state;
    ck_html_clear(&html);
    assert_int_equal(ck_html_parse(bytes, sizeof(bytes) - 1, &html, &err), CK_OK);
    char *own = ck_html_own_text(html.nodes);
    assert_string_equal(own, "a\xef\xbf\xbd"
                             "b\xef\xbf\xbd\xef\xbf\xbd");
    free(own);
}

static void test_scripts(void **state)
{
    struct ck_html_slice text = ck_html_script(parse("<script> a &lt; <b> </script>"));

    (void)state;
    assert_true(ck_html_equals(text, " a &lt; <b> "));
    text = ck_html_script(parse("<script></script><b>"));
    assert_int_equal(text.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nesting),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_tags_that_are_left_open),
        cmocka_unit_test(test_stray_end_tags),
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_finding),
        cmocka_unit_test(test_own_text),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_bytes_that_are_no_text),
        cmocka_unit_test(test_scripts),
    };

    return cmocka_run_group_tests(tests, NULL, tear_down);
}
