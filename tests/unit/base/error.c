#include "cowkey/base/error.h"

#include <errno.h>
#include <stdio.h>

#include "expect.h"

static void test_set_fills_everything(void **state)
{
    struct ck_error err = {.hint = "an old hint"};

    (void)state;
    assert_int_equal(ck_error_set(&err, CK_ERR_REFUSED, "%s has %d", "it", 7), CK_ERR_REFUSED);
    assert_int_equal(err.code, CK_ERR_REFUSED);
    assert_string_equal(err.text, "it has 7");
    assert_string_equal(err.hint, "");
}

static void test_hint_keeps_code_and_text(void **state)
{
    struct ck_error err;

    (void)state;
    ck_error_set(&err, CK_ERR_KEY, "no key");
    assert_int_equal(ck_error_hint(&err, "Plug in %d.", 1), CK_ERR_KEY);
    assert_int_equal(err.code, CK_ERR_KEY);
    assert_string_equal(err.text, "no key");
    assert_string_equal(err.hint, "Plug in 1.");
}

static void test_codes_are_the_exit_statuses(void **state)
{
    (void)state;
    assert_int_equal(CK_OK, 0);
    assert_int_equal(CK_ERR_USAGE, 2);
    assert_int_equal(CK_ERR_UNCHANGED, 3);
    assert_int_equal(CK_ERR_UNKNOWN, 4);
    assert_int_equal(CK_ERR_REFUSED, 5);
    assert_int_equal(CK_ERR_UNREACHABLE, 6);
    assert_int_equal(CK_ERR_KEY, 7);
    assert_int_equal(CK_ERR_INTERRUPTED, 130);
}

static void test_long_text_is_cut_at_the_bound(void **state)
{
    char text[2 * CK_ERROR_TEXT_MAX];
    struct ck_error err;

    (void)state;
    memset(text, 'x', sizeof(text));
    text[CK_ERROR_TEXT_MAX - 1] = '\0';
    ck_error_set(&err, CK_ERR_USAGE, "%s", text);
    assert_string_equal(err.text, text);

    text[CK_ERROR_TEXT_MAX - 1] = 'x';
    text[CK_ERROR_TEXT_MAX] = '\0';
    ck_error_set(&err, CK_ERR_USAGE, "%s", text);
    ck_error_hint(&err, "%s", text);
    assert_int_equal(strlen(err.text), CK_ERROR_TEXT_MAX - 1);
    assert_int_equal(strlen(err.hint), CK_ERROR_HINT_MAX - 1);
}

/* With each number of its bytes before the bound, a character is there whole or not at all. */
static void test_cut_is_between_characters(void **state)
{
    static const char *const characters[] = {"ö", "€", "😀"};
    char text[CK_ERROR_TEXT_MAX + 8];
    struct ck_error err;

    (void)state;
    for (size_t c = 0; c < 3; c++) {
        size_t size = strlen(characters[c]);
        for (size_t inside = 0; inside <= size; inside++) {
            size_t before = CK_ERROR_TEXT_MAX - 1 - inside;
            memset(text, 'x', before);
            strcpy(text + before, characters[c]);
            strcat(text, "!!!!");
            ck_error_set(&err, CK_ERR_USAGE, "%s", text);
            assert_int_equal(strlen(err.text), inside == size ? before + size : before);
            assert_memory_equal(err.text, text, strlen(err.text));
        }
    }
}

/* Bytes that are no UTF-8 do not make the cut run away. */
static void test_cut_of_stray_bytes(void **state)
{
    char text[CK_ERROR_TEXT_MAX + 8];
    struct ck_error err;

    (void)state;
    memset(text, '\x80', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    ck_error_set(&err, CK_ERR_USAGE, "%s", text);
    assert_int_equal(strlen(err.text), CK_ERROR_TEXT_MAX - 1);

    memset(text, '\xff', sizeof(text) - 1);
    ck_error_set(&err, CK_ERR_USAGE, "%s", text);
    assert_int_equal(strlen(err.text), CK_ERROR_TEXT_MAX - 2);
}

static void test_arguments_may_be_the_old_text(void **state)
{
    struct ck_error err;

    (void)state;
    ck_error_set(&err, CK_ERR_USAGE, "inner");
    ck_error_hint(&err, "Do it.");
    ck_error_set(&err, CK_ERR_UNKNOWN, "outer: %s (%s)", err.text, err.hint);
    assert_string_equal(err.text, "outer: inner (Do it.)");
    ck_error_hint(&err, "see %s", err.text);
    assert_string_equal(err.hint, "see outer: inner (Do it.)");
}

static void test_text_knows_errno(void **state)
{
    struct ck_error err;

    (void)state;
    errno = ENOENT;
    ck_error_set(&err, CK_ERR_USAGE, "open: %m");
    assert_string_equal(err.text, "open: No such file or directory");
}

static void test_no_memory(void **state)
{
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_error_no_memory(&err), CK_ERR_UNCHANGED);
    assert_error(&err, CK_ERR_UNCHANGED, "memory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_fills_everything),
        cmocka_unit_test(test_hint_keeps_code_and_text),
        cmocka_unit_test(test_codes_are_the_exit_statuses),
        cmocka_unit_test(test_long_text_is_cut_at_the_bound),
        cmocka_unit_test(test_cut_is_between_characters),
        cmocka_unit_test(test_cut_of_stray_bytes),
        cmocka_unit_test(test_arguments_may_be_the_old_text),
        cmocka_unit_test(test_text_knows_errno),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
