#include "cowkey/base/json_walk.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "cowkey/base/json.h"
#include "expect.h"

/* Walks size bytes, and joins what the elements are as "[a|b]"; NULL when the text is refused. */
static const char *walk_bytes(const char *text, size_t size, struct ck_error *err)
{
    static char joined[512];
    /* Exactly as large as the text, so that reading behind it is noticed. */
    char *copy = memcpy(malloc(size + (size == 0)), text, size);
    struct ck_json_walk walk;
    json_t *element = NULL;

    strcpy(joined, "[");
    enum ck_err r = ck_json_walk_begin(&walk, copy, size, "the list", CK_ERR_UNREACHABLE, err);
    while (r == CK_OK && (r = ck_json_walk_next(&walk, &element, err)) == CK_OK && element) {
        char *dumped = json_dumps(element, JSON_COMPACT | JSON_ENCODE_ANY);
        if (joined[1] != '\0')
            strcat(joined, "|");
        strcat(joined, dumped);
        free(dumped);
        json_decref(element);
    }
    if (r == CK_OK) { /* and so it stays */
        assert_int_equal(ck_json_walk_next(&walk, &element, err), CK_OK);
        assert_null(element);
    }
    free(copy);
    strcat(joined, "]");
    return r == CK_OK ? joined : NULL;
}

static const char *walk_text(const char *text)
{
    struct ck_error err;

    return walk_bytes(text, strlen(text), &err);
}

static void test_elements(void **state)
{
    (void)state;
    assert_string_equal(walk_text("[]"), "[]");
    assert_string_equal(walk_text(" [ \n\t\r] \n"), "[]");
    assert_string_equal(walk_text("[1]"), "[1]");
    assert_string_equal(walk_text("[1,2]"), "[1|2]");
    assert_string_equal(walk_text(" [ 1 , null ,true , \"a\" ] "), "[1|null|true|\"a\"]");
    assert_string_equal(walk_text("[{\"a\":[1,{\"b\":2}]},[[],{}]]"),
                        "[{\"a\":[1,{\"b\":2}]}|[[],{}]]");
}

/* What would end an element, inside a string. */
static void test_strings(void **state)
{
    (void)state;
    assert_string_equal(walk_text("[\"],[\",\"}{\"]"), "[\"],[\"|\"}{\"]");
    assert_string_equal(walk_text("[\"a\\\"],\",2]"), "[\"a\\\"],\"|2]");
    assert_string_equal(walk_text("[\"\\\\\",\"]\"]"), "[\"\\\\\"|\"]\"]");
    assert_string_equal(walk_text("[{\"a\\\"}\":\"]\"},3]"), "[{\"a\\\"}\":\"]\"}|3]");
}

static void test_no_array(void **state)
{
    static const char *const texts[] = {"",          " ",         "{}",
                                        "1",         "\"[]\"",    "[",
                                        "[1",        "[1,",       "[1,]",
                                        "[,1]",      "[,]",       "[1 2]",
                                        "[1,,2]",    "[1]]",      "[1] x",
                                        "[1][2]",    "[[1]",      "[{]",
                                        "[{]}",      "[[}]",      "[1}",
                                        "[}",        "[\"a]",     "[\"a\\",
                                        "[\"a\\\"",  "[\"a\\\"]", "[1:2]",
                                        "[{\"a\"}]", "[a]",       "[\"a\"\"b\"]",
                                        "[] ,",      "]",         "[{\"a\":1,\"a\":2}]"};
    struct ck_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        if (walk_bytes(texts[i], strlen(texts[i]), &err) != NULL)
            fail_msg("%s", texts[i]);
        assert_error(&err, CK_ERR_UNREACHABLE, "the list");
    }
    assert_null(walk_bytes("[1]\0", 4, &err));
    assert_null(walk_bytes("[1,\0]", 5, &err));
    assert_null(walk_bytes("\0[1]", 4, &err));
    assert_null(walk_bytes("[\"\xff\"]", 5, &err));
}

/* The bounds are those of one element: the list may be larger than a document. */
static void test_bounds(void **state)
{
    enum { ELEMENT = 1024 * 1024, COUNT = 6 };
    char *text = malloc((ELEMENT + 1) * COUNT + 2), *at = text;
    struct ck_json_walk walk;
    struct ck_error err;
    json_t *element = NULL;
    size_t count = 0;

    (void)state;
    *at++ = '[';
    for (int i = 0; i < COUNT; i++) {
        memset(at, 'a', ELEMENT);
        at[0] = at[ELEMENT - 1] = '"';
        at += ELEMENT;
        *at++ = i < COUNT - 1 ? ',' : ']';
    }
    size_t size = (size_t)(at - text);
    assert_true(size > CK_JSON_SIZE_MAX);
    assert_int_equal(ck_json_walk_begin(&walk, text, size, "x", CK_ERR_USAGE, &err), CK_OK);
    while (ck_json_walk_next(&walk, &element, &err) == CK_OK && element != NULL) {
        json_decref(element);
        count++;
    }
    assert_null(element);
    assert_int_equal(count, COUNT);

    for (char *c = text + 1; c < at - 1; c++)
        *c = *c == ',' || *c == '"' ? 'a' : *c;
    text[1] = at[-2] = '"';
    assert_int_equal(ck_json_walk_begin(&walk, text, size, "x", CK_ERR_USAGE, &err), CK_OK);
    assert_int_equal(ck_json_walk_next(&walk, &element, &err), CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, "larger");
    free(text);

    char deep[2 * (CK_JSON_DEPTH_MAX + 2) + 1] = "";
    memset(deep, '[', CK_JSON_DEPTH_MAX + 1);
    memset(deep + CK_JSON_DEPTH_MAX + 1, ']', CK_JSON_DEPTH_MAX + 1);
    assert_non_null(walk_text(deep));
    memset(deep, '[', CK_JSON_DEPTH_MAX + 2);
    memset(deep + CK_JSON_DEPTH_MAX + 2, ']', CK_JSON_DEPTH_MAX + 2);
    assert_null(walk_text(deep));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elements),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_no_array),
        cmocka_unit_test(test_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
