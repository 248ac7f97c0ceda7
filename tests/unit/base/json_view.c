#include "cowkey/base/json_view.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "allocation.h"
#include "cowkey/base/json.h"

static struct ck_json_view view;

/* A copy without a NUL behind it, so that a checker sees a byte too much being read. */
static char *exact(const char *text, size_t size)
{
    char *copy = malloc(size + (size == 0));

    memcpy(copy, text, size);
    return copy;
}

/* --- agreement with the parser for everything else --- */

static void assert_same(const struct ck_json_item *item, const json_t *value);

static void assert_same_members(const struct ck_json_item *item, const json_t *value)
{
    size_t count = 0;

    for (unsigned i = 1; i < item->span; i += 1 + item[i + 1].span) {
        char key[256];
        assert_true(ck_json_item_copy(&item[i], key, sizeof(key), NULL));
        const json_t *member = json_object_get(value, key);
        assert_non_null(member);
        assert_same(&item[i + 1], member);
        const char *const keys[] = {"no such key", key};
        const struct ck_json_item *found[2];
        ck_json_view_find_all(item, keys, 2, found);
        assert_ptr_equal(found[1], &item[i + 1]);
        assert_ptr_equal(ck_json_view_find(item, key), &item[i + 1]);
        assert_true(ck_json_item_is(&item[i], key));
        count++;
    }
    assert_int_equal(count, json_object_size(value));
}

static void assert_same_values(const struct ck_json_item *item, const json_t *value)
{
    size_t count = 0;

    for (unsigned i = 1; i < item->span; i += item[i].span)
        assert_same(&item[i], json_array_get(value, count++));
    assert_int_equal(count, json_array_size(value));
}

static void assert_same(const struct ck_json_item *item, const json_t *value)
{
    static const json_type types[] = {
        [CK_JSON_OBJECT] = JSON_OBJECT, [CK_JSON_ARRAY] = JSON_ARRAY,
        [CK_JSON_STRING] = JSON_STRING, [CK_JSON_INTEGER] = JSON_INTEGER,
        [CK_JSON_REAL] = JSON_REAL,     [CK_JSON_TRUE] = JSON_TRUE,
        [CK_JSON_FALSE] = JSON_FALSE,   [CK_JSON_NULL] = JSON_NULL,
    };
    char text[256];
    size_t size;

    assert_int_equal(types[item->kind], json_typeof(value));
    if (item->kind == CK_JSON_OBJECT)
        assert_same_members(item, value);
    if (item->kind == CK_JSON_ARRAY)
        assert_same_values(item, value);
    if (item->kind == CK_JSON_INTEGER)
        assert_int_equal(ck_json_item_integer(item), json_integer_value(value));
    if (item->kind == CK_JSON_STRING) {
        assert_true(ck_json_item_copy(item, text, sizeof(text), &size));
        assert_int_equal(size, json_string_length(value));
        assert_string_equal(text, json_string_value(value));
        assert_true(ck_json_item_is(item, text));
    }
}

static void assert_agreement(const char *text, size_t size, bool is_accepted)
{
    char *copy = exact(text, size);
    json_t *value = NULL;
    struct ck_error err, other;

    enum ck_err r = ck_json_view_parse(&view, copy, size, "the text", CK_ERR_USAGE, &err);
    enum ck_err expected = ck_json_parse(copy, size, "the text", CK_ERR_USAGE, &value, &other);
    if ((r == CK_OK) != is_accepted || r != expected)
        fail_msg("%.*s: %s, %s", (int)size, text, r == CK_OK ? "accepted" : err.text,
                 expected == CK_OK ? "accepted" : other.text);
    if (r == CK_OK)
        assert_same(view.items, value);
    else
        assert_string_equal(err.text, other.text);
    json_decref(value);
    free(copy);
}

static void test_accepts(void **state)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        " [ ] ",
        "\t\n\r {\"a\" : 1 , \"b\":[ 2 , 3 ]}\n",
        "\"\"",
        "\"a\"",
        "0",
        "-0",
        "-1",
        "9223372036854775807",
        "-9223372036854775808",
        "123456789012345678",
        "1.5",
        "-1.5e3",
        "1E5",
        "1e+5",
        "1e-5",
        "0.0",
        "1e-999",
        "true",
        "false",
        "null",
        "{\"a\":{\"b\":{\"c\":[{},[],\"x\",{\"d\":null}]}},\"e\":true,\"f\":false}",
        "\"eight ch\"",
        "\"more than sixteen characters\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\u0041\\u00e4\\u20ac\\ud83d\\ude00\"",
        "\"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\"",
        "\"1234567\\n89\"",
        "{\"a\":1,\"A\":2,\"\":3,\"\\u0062\":4}",
        "\"\x7f\"",
        "[1,[2,[3,[4]]],5]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts)[0]; i++)
        assert_agreement(texts[i], strlen(texts[i]), true);
}

static void test_refuses(void **state)
{
    static const char *const texts[] = {
        "",
        " ",
        "{",
        "}",
        "[",
        "]",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":1,}",
        "{a:1}",
        "{1:1}",
        "{\"a\" 1}",
        "{\"a\":1 \"b\":2}",
        "[1 2]",
        "\"",
        "\"a",
        "\"\\",
        "\"\\\"",
        "\"\\x\"",
        "\"\\u\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800x\"",
        "\"\\ud800\\n\"",
        "\"\\ud800\\u0041\"",
        "\"\\ud800\\ud800\"",
        "\"\x01\"",
        "\"a\nb\"",
        "\"\xff\"",
        "\"\xc3\"",
        "\"\xc0\x80\"",
        "\"\xed\xa0\x80\"",
        "\"abcdefg\xff\"",
        "01",
        "-",
        "+1",
        ".5",
        "1.",
        "1.e5",
        "1e",
        "1e+",
        "--1",
        "0x10",
        "9223372036854775808",
        "-9223372036854775809",
        "1e999",
        "-1e999",
        "NaN",
        "Infinity",
        "tru",
        "True",
        "nul",
        "falsee",
        "1 1",
        "{} {}",
        "'a'",
        "// a\n1",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"\\u0061\":2}",
        "{\"b\":{\"a\":1},\"c\":[1],\"b\":2}",
        "\xef\xbb\xbf{}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts)[0]; i++)
        assert_agreement(texts[i], strlen(texts[i]), false);
    assert_agreement("\"a\0b\"", 5, false);
}

/* Where this one is the stricter: a NUL is no end, and a number has a bound. */
static void test_stricter(void **state)
{
    char number[80];
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_json_view_parse(&view, "1\0", 2, "it", CK_ERR_USAGE, &err), CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, "it is not usable: its JSON has a NUL byte");
    memset(number, '1', sizeof(number));
    number[1] = '.';
    assert_int_equal(ck_json_view_parse(&view, number, 63, "it", CK_ERR_USAGE, &err), CK_OK);
    assert_int_equal(ck_json_view_parse(&view, number, 64, "it", CK_ERR_USAGE, &err), CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, "a number of more than 63 characters");
}

/* Each byte of a text changed in each way, and each beginning of it. */
static void test_changes(void **state)
{
    static const char text[] = "{\"ab\":[1,-2.5e1,\"x\\u00e4\\n\"],\"c\":{\"d\":null,\"e\":true}}";
    char changed[sizeof(text)];

    (void)state;
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            json_t *value = NULL;
            struct ck_error err;

            memcpy(changed, text, sizeof(text));
            changed[i] = (char)byte;
            if (byte == 0)
                continue;
            bool is_accepted = ck_json_parse(changed, sizeof(text) - 1, "the text", CK_ERR_USAGE,
                                             &value, &err) == CK_OK;
            json_decref(value);
            assert_agreement(changed, sizeof(text) - 1, is_accepted);
        }
        assert_agreement(text, i, false);
    }
}

static void assert_depth(unsigned depth, char open, char close, bool is_accepted)
{
    char text[2 * 64];

    memset(text, open, depth);
    memset(text + depth, close, depth);
    assert_agreement(text, 2 * (size_t)depth, is_accepted);
}

static void test_depth(void **state)
{
    (void)state;
    assert_depth(CK_JSON_DEPTH_MAX, '[', ']', true);
    assert_depth(CK_JSON_DEPTH_MAX + 1, '[', ']', false);
}

/* --- bounds --- */

static void test_items(void **state)
{
    char *text = malloc(2 * CK_JSON_VIEW_ITEMS_MAX + 1);
    size_t size = 2 * CK_JSON_VIEW_ITEMS_MAX - 1;
    struct ck_error err;

    (void)state;
    /* The list itself is one. */
    for (size_t i = 0; i < size; i++)
        text[i] = i == 0 ? '[' : i == size - 1 ? ']' : i % 2 == 1 ? '1' : ',';
    assert_int_equal(ck_json_view_parse(&view, text, size, "the text", CK_ERR_USAGE, &err), CK_OK);
    assert_int_equal(view.count, CK_JSON_VIEW_ITEMS_MAX);
    memcpy(text + size - 1, ",1]", 3);
    assert_int_equal(ck_json_view_parse(&view, text, size + 2, "the text", CK_ERR_USAGE, &err),
                     CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, "the text is not usable: its JSON has more than 4096 values");
    free(text);
}

static void test_size(void **state)
{
    char *text = malloc(CK_JSON_SIZE_MAX + 1);
    struct ck_error err;

    (void)state;
    memset(text, ' ', CK_JSON_SIZE_MAX + 1);
    text[0] = '1';
    assert_int_equal(
        ck_json_view_parse(&view, text, CK_JSON_SIZE_MAX, "the text", CK_ERR_USAGE, &err), CK_OK);
    assert_int_equal(
        ck_json_view_parse(&view, text, CK_JSON_SIZE_MAX + 1, "the text", CK_ERR_USAGE, &err),
        CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, "the text is larger than");
    free(text);
}

static void test_copy(void **state)
{
    static const char text[] = "\"ab\\u20ac\"";
    char to[8] = "?";
    size_t size = 77;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_json_view_parse(&view, text, strlen(text), "it", CK_ERR_USAGE, &err),
                     CK_OK);
    assert_false(ck_json_item_copy(view.items, to, 5, &size));
    assert_int_equal(size, 77);
    assert_true(ck_json_item_copy(view.items, to, 6, &size));
    assert_int_equal(size, 5);
    assert_string_equal(to, "ab\xe2\x82\xac");
    assert_false(ck_json_item_is(view.items, "ab"));
    assert_false(ck_json_item_is(view.items, "ab\xe2\x82\xac "));
    assert_false(ck_json_item_is(NULL, ""));
}

static void test_find(void **state)
{
    static const char text[] = "{\"a\":{\"b\":1},\"b\":2,\"\\u0063\":3}";
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_json_view_parse(&view, text, strlen(text), "it", CK_ERR_USAGE, &err),
                     CK_OK);
    assert_int_equal(ck_json_item_integer(ck_json_view_find(view.items, "b")), 2);
    assert_int_equal(ck_json_item_integer(ck_json_view_find(view.items, "c")), 3);
    assert_null(ck_json_view_find(view.items, "d"));
    assert_null(ck_json_view_find(view.items, ""));
    assert_null(ck_json_view_find(NULL, "a"));
    assert_null(ck_json_view_find(ck_json_view_find(view.items, "b"), "a"));
}

static void test_find_all(void **state)
{
    static const char text[] = "{\"ab\":{\"b\":1},\"abc\":2,\"\\u0062\":3,\"\":4,\"z\":5}";
    static const char *const keys[] = {"b", "none", "a", "abc", "", "ab"};
    enum { KEYS = sizeof(keys) / sizeof(keys)[0] };
    const struct ck_json_item *found[KEYS];
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_json_view_parse(&view, text, strlen(text), "it", CK_ERR_USAGE, &err),
                     CK_OK);
    ck_json_view_find_all(view.items, keys, KEYS, found);
    for (size_t i = 0; i < KEYS; i++)
        assert_ptr_equal(found[i], ck_json_view_find(view.items, keys[i]));
    assert_int_equal(ck_json_item_integer(found[0]), 3);
    assert_null(found[1]);
    assert_null(found[2]);
    assert_int_equal(ck_json_item_integer(found[3]), 2);
    assert_int_equal(ck_json_item_integer(found[4]), 4);
    assert_int_equal(found[5]->kind, CK_JSON_OBJECT);
    const struct ck_json_item *number = found[3];
    ck_json_view_find_all(number, keys, KEYS, found);
    for (size_t i = 0; i < KEYS; i++)
        assert_null(found[i]);
    found[0] = number;
    ck_json_view_find_all(NULL, keys, 1, found);
    assert_null(found[0]);
}

/* --- allocations --- */

static enum ck_err parse(struct ck_error *err)
{
    static const char text[] =
        "[0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,"
        "4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9]";
    struct ck_json_view fresh = {0};
    enum ck_err r = ck_json_view_parse(&fresh, text, strlen(text), "it", CK_ERR_USAGE, err);

    if (r == CK_OK)
        assert_int_equal(fresh.count, 71);
    ck_json_view_clear(&fresh);
    return r;
}

static enum ck_err refuse(struct ck_error *err)
{
    struct ck_json_view fresh = {0};
    enum ck_err r = ck_json_view_parse(&fresh, "[1,}", 4, "it", CK_ERR_USAGE, err);

    ck_json_view_clear(&fresh);
    return r == CK_ERR_USAGE ? CK_OK : r;
}

static void test_allocations_fail(void **state)
{
    (void)state;
    fail_each_allocation(parse, 2);
    fail_each_allocation(refuse, 2);
}

static int teardown(void **state)
{
    (void)state;
    ck_json_view_clear(&view);
    ck_json_view_clear(&view);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_stricter),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_items),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_find_all),
        cmocka_unit_test(test_allocations_fail),
    };

    ck_json_init();
    return cmocka_run_group_tests(tests, NULL, teardown);
}
