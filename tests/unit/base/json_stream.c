#include "cowkey/base/json_stream.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "cowkey/base/json.h"
#include "expect.h"

static char joined[512];
static size_t elements, stop_at; /* stop_at 0: never */

static enum ck_err join(void *data, const json_t *element, struct ck_error *err)
{
    char *dumped = json_dumps(element, JSON_COMPACT | JSON_ENCODE_ANY);

    assert_null(data);
    if (joined[1] != '\0')
        strcat(joined, "|");
    if (strlen(joined) + strlen(dumped) + 2 < sizeof(joined))
        strcat(joined, dumped);
    free(dumped);
    return ++elements == stop_at ? ck_error_set(err, CK_ERR_REFUSED, "enough") : CK_OK;
}

/* As it comes in pieces of so many bytes: what the elements are as "[a|b]", NULL when refused. */
static const char *stream_pieces(const char *text, size_t size, size_t piece, struct ck_error *err)
{
    struct ck_json_stream stream = {.what = "the list", .code = CK_ERR_UNREACHABLE, .take = join};
    size_t begin = 0, end = 0;
    enum ck_err r = CK_OK;

    elements = 0;
    strcpy(joined, "[");
    while (r == CK_OK && end < size) {
        end += piece < size - end ? piece : size - end;
        /* Exactly as large as what is at hand, so that reading behind it is noticed. */
        char *copy = memcpy(malloc(end - begin), text + begin, end - begin);
        size_t used = 0;
        r = ck_json_stream_take(&stream, copy, end - begin, &used, err);
        assert_true(used <= end - begin);
        begin += used;
        free(copy);
    }
    if (r == CK_OK)
        r = ck_json_stream_end(&stream, text + begin, size - begin, err);
    strcat(joined, "]");
    return r == CK_OK ? joined : NULL;
}

static void expect(const char *text, const char *wanted)
{
    static const size_t pieces[] = {1, 2, 3, 7, 1000};
    struct ck_error err;

    for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
        const char *told = stream_pieces(text, strlen(text), pieces[i], &err);
        if (told == NULL)
            fail_msg("%s: %s", text, err.text);
        assert_string_equal(told, wanted);
    }
}

static void expect_refused(const char *text, size_t size)
{
    static const size_t pieces[] = {1, 2, 3, 1000};
    struct ck_error err;

    for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
        if (stream_pieces(text, size, pieces[i], &err) != NULL)
            fail_msg("%s", text);
        assert_error(&err, CK_ERR_UNREACHABLE, "the list");
    }
}

static void test_elements(void **state)
{
    (void)state;
    expect("[]", "[]");
    expect(" [ \n\t\r] \n", "[]");
    expect("[1]", "[1]");
    expect("[12,345]", "[12|345]");
    expect(" [ 1 , null ,true , \"a\" ] ", "[1|null|true|\"a\"]");
    expect("[{\"a\":[1,{\"b\":2}]},[[],{}]]", "[{\"a\":[1,{\"b\":2}]}|[[],{}]]");
    expect("[\"],[\",\"}{\"]", "[\"],[\"|\"}{\"]");
    expect("[\"a\\\"],\",2]", "[\"a\\\"],\"|2]");
    expect("[\"\\\\\",\"]\"]", "[\"\\\\\"|\"]\"]");
    expect("[{\"a\\\"}\":\"]\"},3]", "[{\"a\\\"}\":\"]\"}|3]");
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
                                        "[1:2]",     "[a]",       "[\"a\"\"b\"]",
                                        "[{\"a\"}]", "[] ,",      "]",
                                        "[\"a\\\"",  "[\"a\\\"]", "[{\"a\":1,\"a\":2}]"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        expect_refused(texts[i], strlen(texts[i]));
    expect_refused("[1]\0", 4);
    expect_refused("[1,\0]", 5);
    expect_refused("\0[1]", 4);
    expect_refused("[\"\xff\"]", 5);
}

static void test_bound_of_an_element(void **state)
{
    enum { SIZE = CK_JSON_ELEMENT_MAX + 3 };
    char *text = malloc(SIZE);
    struct ck_error err;

    (void)state;
    memset(text, 'a', SIZE);
    text[0] = '[';
    text[1] = text[SIZE - 3] = '"';
    text[SIZE - 2] = ']';
    assert_non_null(stream_pieces(text, SIZE - 1, 16384, &err));
    assert_int_equal(elements, 1);
    text[SIZE - 3] = 'a';
    text[SIZE - 2] = '"';
    text[SIZE - 1] = ']';
    assert_null(stream_pieces(text, SIZE, 16384, &err));
    assert_error(&err, CK_ERR_UNREACHABLE, "too large");
    /* Nor is it waited for. */
    text[SIZE - 2] = text[SIZE - 1] = 'a';
    assert_null(stream_pieces(text, SIZE, 16384, &err));
    assert_error(&err, CK_ERR_UNREACHABLE, "too large");
    free(text);
}

/* The array itself counts for nothing. */
static void test_bound_of_depth(void **state)
{
    enum { DEEP = CK_JSON_DEPTH_MAX + 1 };
    char text[2 * (DEEP + 1) + 1] = "";

    (void)state;
    memset(text, '[', DEEP);
    memset(text + DEEP, ']', DEEP);
    expect(text, text); /* joined in brackets, as it was */
    memset(text, '[', DEEP + 1);
    memset(text + DEEP + 1, ']', DEEP + 1);
    expect_refused(text, strlen(text));
}

static void test_the_taker_may_end_it(void **state)
{
    struct ck_error err;

    (void)state;
    stop_at = 2;
    assert_null(stream_pieces("[1,2,3]", 7, 7, &err));
    assert_error(&err, CK_ERR_REFUSED, "enough");
    assert_int_equal(elements, 2);
    stop_at = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elements),
        cmocka_unit_test(test_no_array),
        cmocka_unit_test(test_bound_of_an_element),
        cmocka_unit_test(test_bound_of_depth),
        cmocka_unit_test(test_the_taker_may_end_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
