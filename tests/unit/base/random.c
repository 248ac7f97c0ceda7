#include "cowkey/base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Random bytes of a script, which fails after its end. */
static const unsigned char *bytes_left;
static size_t bytes_left_count;

static int give(unsigned char *bytes, int size)
{
    if ((size_t)size > bytes_left_count)
        return 0;
    memcpy(bytes, bytes_left, (size_t)size);
    bytes_left += size;
    bytes_left_count -= (size_t)size;
    return 1;
}

static void expect(const char *alphabet, const unsigned char *bytes, size_t count, const char *text)
{
    char drawn[32] = "";
    struct ck_error err;

    bytes_left = bytes;
    bytes_left_count = count;
    assert_int_equal(ck_random_text(alphabet, strlen(text), give, drawn, &err), CK_OK);
    assert_string_equal(drawn, text);
    assert_int_equal(bytes_left_count, 0);
}

/* 255 of 256 bytes are three letters' fair share, 250 those of ten. */
static void test_rejects_what_would_favour_some(void **state)
{
    static const unsigned char bytes[] = {0, 255, 1, 254, 3};
    static const unsigned char more[] = {250, 0, 255, 249, 251, 11};

    (void)state;
    expect("abc", bytes, sizeof(bytes), "abca");
    expect("0123456789", more, sizeof(more), "091");
}

static void test_takes_every_byte_where_all_are_fair(void **state)
{
    static const unsigned char bytes[] = {0, 255, 254, 129};

    (void)state;
    expect("ab", bytes, sizeof(bytes), "abab");
    expect("x", bytes, sizeof(bytes), "xxxx");
}

static void test_source_fails(void **state)
{
    static const unsigned char bytes[] = {0, 1};
    char drawn[4];
    struct ck_error err;

    (void)state;
    bytes_left = bytes;
    bytes_left_count = sizeof(bytes);
    assert_int_equal(ck_random_text("ab", 3, give, drawn, &err), CK_ERR_UNCHANGED);
    assert_non_null(strstr(err.text, "random"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rejects_what_would_favour_some),
        cmocka_unit_test(test_takes_every_byte_where_all_are_fair),
        cmocka_unit_test(test_source_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
