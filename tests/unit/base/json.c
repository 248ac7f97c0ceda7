#include "cowkey/base/json.h"

#include <jansson.h>
#include <malloc.h>
#include <stdio.h>

#include "allocation.h"
#include "cowkey/base/secret.h"
#include "expect.h"

static json_t *parse(const char *text)
{
    json_t *value = NULL;
    struct ck_error err;

    assert_int_equal(ck_json_parse(text, strlen(text), "the answer", CK_ERR_USAGE, &value, &err),
                     CK_OK);
    assert_non_null(value);
    return value;
}

static void assert_refused(const char *bytes, size_t size, const char *part)
{
    json_t *value = (json_t *)UNTOUCHED;
    struct ck_error err;

    assert_int_equal(ck_json_parse(bytes, size, "the answer", CK_ERR_UNREACHABLE, &value, &err),
                     CK_ERR_UNREACHABLE);
    assert_ptr_equal(value, UNTOUCHED);
    assert_error(&err, CK_ERR_UNREACHABLE, "the answer");
    assert_error(&err, CK_ERR_UNREACHABLE, part);
}

static void assert_text_refused(const char *text, const char *part)
{
    assert_refused(text, strlen(text), part);
}

static void test_accepts(void **state)
{
    json_t *value = parse(" {\"a\": [1, 2.5, true, null, \"ä\\u20ac\"], \"b\": {\"a\": {}}} \n");

    (void)state;
    assert_int_equal(json_object_size(value), 2);
    assert_string_equal(json_string_value(json_array_get(json_object_get(value, "a"), 4)), "ä€");
    ck_json_free(&value);
    assert_null(value);
    ck_json_free(&value);
}

static void test_accepts_scalars(void **state)
{
    static const char *const texts[] = {"true", "\"x\"", "-1", "null"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        json_t *value = parse(texts[i]);
        ck_json_free(&value);
    }
}

static void test_refuses_malformed(void **state)
{
    static const char *const texts[] = {
        "",
        " ",
        "{",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "'a'",
        "[1] [2]",
        "{}x",
        "nul",
        "[01]",
        "\"\\x\"",
        "\"\x01\"",
        "\"\xff\"",
        "\"\xc0\x80\"",
        "\"\\ud800\"",
        "[\"a\\u0000b\"]",
        "{\"\\u0000\":1}",
        "[1e999]",
        "\xef\xbb\xbf{}",
        "[NaN]",
        "/**/{}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_text_refused(texts[i], "not valid JSON");
    assert_refused("[1]\0", 4, "not valid JSON");
    assert_refused("[1\0]", 4, "has a NUL byte");
    assert_refused("[true\0]", 7, "has a NUL byte");
}

static void test_reads_no_further_than_size(void **state)
{
    json_t *value = NULL;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_json_parse("[1]junk", 3, "x", CK_ERR_USAGE, &value, &err), CK_OK);
    ck_json_free(&value);
    assert_refused("[1]", 2, "not valid JSON");
}

static void test_refuses_duplicate_keys(void **state)
{
    (void)state;
    assert_text_refused("{\"a\":1,\"a\":1}", "a key twice");
    assert_text_refused("[{\"x\":{\"a\":1,\"b\":2,\"a\":3}}]", "a key twice");
    assert_text_refused("{\"a\":1,\"\\u0061\":1}", "a key twice");

    json_t *value = parse("{\"a\":1,\"A\":1,\"b\":{\"a\":1}}");
    ck_json_free(&value);
}

static void nest(char *to, const char *open, const char *close, unsigned depth)
{
    *to = '\0';
    for (unsigned i = 0; i < depth; i++)
        strcat(to, open);
    strcat(to, "1");
    for (unsigned i = 0; i < depth; i++)
        strcat(to, close);
}

static void test_depth_bound(void **state)
{
    static const char *const pairs[][2] = {
        {"[", "]"}, {"{\"a\":", "}"}, {"[0,{\"b\":0,\"a\":", "}]"}};
    char text[1024];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        unsigned levels = i == 2 ? 2 : 1;
        nest(text, pairs[i][0], pairs[i][1], CK_JSON_DEPTH_MAX / levels);
        json_t *value = parse(text);
        ck_json_free(&value);
        nest(text, pairs[i][0], pairs[i][1], CK_JSON_DEPTH_MAX / levels + 1);
        assert_text_refused(text, "nests more than 32");
    }
}

/* Deeper than jansson's own bound of 2048, and never closed. */
static void test_depth_far_beyond(void **state)
{
    static char text[3 * 2048];

    (void)state;
    memset(text, '[', sizeof(text));
    assert_refused(text, sizeof(text), "nests more than 32");
}

static void test_size_bound(void **state)
{
    char *text = malloc(CK_JSON_SIZE_MAX + 1);
    json_t *value = NULL;
    struct ck_error err;

    (void)state;
    memset(text, ' ', CK_JSON_SIZE_MAX + 1);
    memcpy(text, "[]", 2);
    assert_int_equal(ck_json_parse(text, CK_JSON_SIZE_MAX, "x", CK_ERR_USAGE, &value, &err), CK_OK);
    ck_json_free(&value);
    assert_refused(text, CK_JSON_SIZE_MAX + 1, "larger than 4194304");
    free(text);
}

static void test_error_quotes_nothing(void **state)
{
    static const char *const texts[] = {"{\"password\": hunter2}", "[\"hunter2\" \"hunter2\"]",
                                        "{\"hunter2\":1,\"hunter2\":2}", "hunter2", "[1]hunter2"};
    json_t *value;
    struct ck_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(
            ck_json_parse(texts[i], strlen(texts[i]), "it", CK_ERR_USAGE, &value, &err),
            CK_ERR_USAGE);
        assert_null(strstr(err.text, "hunter"));
        assert_null(strstr(err.hint, "hunter"));
    }
}

static void test_dump(void **state)
{
    json_t *value = parse("{\"a\": [1, \"\\u00e9\"]}");
    struct ck_secret *text = NULL;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_json_dump(value, JSON_COMPACT, &text, &err), CK_OK);
    assert_secret(text, "{\"a\":[1,\"\xc3\xa9\"]}");
    ck_secret_free(&text);
    ck_json_free(&value);
}

static enum ck_err dump_one(struct ck_error *err)
{
    json_t *value = json_pack("{s:s}", "a", "text");
    struct ck_secret *text = UNTOUCHED;
    enum ck_err r = value != NULL ? ck_json_dump(value, 0, &text, err) : ck_error_no_memory(err);

    if (r == CK_OK)
        ck_secret_free(&text);
    else
        assert_ptr_equal(text, UNTOUCHED);
    ck_json_free(&value);
    return r;
}

static enum ck_err parse_one(struct ck_error *err)
{
    static const char text[] = "{\"a\":[1,2.5,\"text\",{\"b\":null}],\"c\":{}}";
    json_t *value = (json_t *)UNTOUCHED;
    enum ck_err r = ck_json_parse(text, strlen(text), "x", CK_ERR_USAGE, &value, err);

    if (r == CK_OK)
        ck_json_free(&value);
    else
        assert_ptr_equal(value, UNTOUCHED);
    return r;
}

static void test_allocations_fail(void **state)
{
    (void)state;
    fail_each_allocation(parse_one, 10);
    fail_each_allocation(dump_one, 3);
}

/*
 * Reading freed memory is what checkers forbid, so the blocks are looked at on their way to free.
 */
static struct {
    const char *wanted;
    unsigned found, frees;
} watch;

BEFORE_SANITIZERS static void look_at(const char *p, size_t size)
{
    watch.frees++;
    if (memmem(p, size, watch.wanted, strlen(watch.wanted)) != NULL)
        watch.found++;
}

#if HAS_ADDRESS_SANITIZER
void __interceptor_free(void *p);
#endif

BEFORE_SANITIZERS void free(void *p)
{
    if (watch.wanted != NULL && p != NULL)
        look_at(p, malloc_usable_size(p));
    NEXT(free)(p);
}

static void parse_dump_and_drop(void)
{
    static const char text[] =
        "{\"hunter2\":[\"hunter2\", \"a much longer hunter2, in another place\"]}";
    json_malloc_t allocate;
    json_free_t release;

    json_get_alloc_funcs(&allocate, &release);
    json_t *value = parse(text);
    char *dumped = json_dumps(value, 0);
    assert_non_null(strstr(dumped, "hunter2"));
    release(dumped);
    release(NULL);
    ck_json_free(&value);
}

static void watch_frees(void)
{
    watch.found = watch.frees = 0;
    watch.wanted = "hunter2";
    parse_dump_and_drop();
    watch.wanted = NULL;
}

static void test_what_is_freed_is_erased(void **state)
{
    (void)state;
    if (!allocations_can_fail())
        skip();
    watch_frees();
    assert_true(watch.frees > 5);
    assert_int_equal(watch.found, 0);
}

/* What is looked at must have been written once, or checkers complain. */
static void *allocate_zeroed(size_t size)
{
    return calloc(1, size);
}

/* The sibling: without ck_json_init the same frees hand the text on. */
static void test_jansson_alone_does_not_erase(void **state)
{
    (void)state;
    if (!allocations_can_fail())
        skip();
    json_set_alloc_funcs(allocate_zeroed, free);
    watch_frees();
    ck_json_init();
    assert_true(watch.found > 0);
}

/* Not erased then, but no harm. */
static void test_a_dump_may_be_given_to_free(void **state)
{
    json_t *value = parse("[1]");

    (void)state;
    free(json_dumps(value, 0));
    ck_json_free(&value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_accepts_scalars),
        cmocka_unit_test(test_refuses_malformed),
        cmocka_unit_test(test_reads_no_further_than_size),
        cmocka_unit_test(test_refuses_duplicate_keys),
        cmocka_unit_test(test_depth_bound),
        cmocka_unit_test(test_depth_far_beyond),
        cmocka_unit_test(test_size_bound),
        cmocka_unit_test(test_error_quotes_nothing),
        cmocka_unit_test(test_dump),
        cmocka_unit_test(test_what_is_freed_is_erased),
        cmocka_unit_test(test_jansson_alone_does_not_erase),
        cmocka_unit_test(test_a_dump_may_be_given_to_free),
        cmocka_unit_test(test_allocations_fail),
    };

    ck_json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
