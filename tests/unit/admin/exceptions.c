#include "cowkey/admin/exceptions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cowkey/base/cleanup.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A255 A64 A64 A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A511 A255 A255 "a"

/* 2027-01-31 begins and 2027-02-01 begins. */
static const int64_t last_day_s = 1801353600, day_after_s = 1801440000;

static struct ck_exceptions parse(const char *text)
{
    struct ck_exceptions exceptions = {0};
    struct ck_error err = {0};

    if (ck_exceptions_parse(text, strlen(text), &exceptions, &err) != CK_OK)
        fail_msg("refused: %s", err.text);
    return exceptions;
}

/* The error's text has to hold words. */
static void expect_refused(const char *text, size_t size, const char *words)
{
    struct ck_exceptions exceptions = {.count = 77};
    struct ck_error err = {0};

    assert_int_equal(ck_exceptions_parse(text, size, &exceptions, &err), CK_ERR_USAGE);
    assert_int_equal(exceptions.count, 77);
    assert_int_equal(err.code, CK_ERR_USAGE);
    if (strstr(err.text, words) == NULL)
        fail_msg("'%s' lacks '%s'", err.text, words);
}

static void expect_bad(const char *text, const char *words)
{
    expect_refused(text, strlen(text), words);
}

static void expect_state(const struct ck_exceptions *exceptions, const char *name, int64_t now_s,
                         enum ck_exception_state state, size_t line)
{
    const struct ck_exception *row = NULL;

    assert_int_equal(ck_exceptions_find(exceptions, name, now_s, &row), state);
    if (line == 0)
        assert_null(row);
    else
        assert_int_equal(row->line, line);
}

static void test_lines_are_read(void **state)
{
    (void)state;
    CK_CLEANUP(ck_exceptions_clear)
    struct ck_exceptions exceptions = parse("# who and why\n"
                                            "\n"
                                            "Alice@Example.test 2027-01-31 broken phone, T#4711\r\n"
                                            "   \t\n"
                                            "\tprinter-*@example.test\t \t2028-02-29  it's  Öl \n"
                                            "  # more\n"
                                            "da1 1970-01-01 x");

    assert_int_equal(exceptions.count, 3);
    assert_string_equal(exceptions.rows[0].pattern, "alice@example.test");
    assert_string_equal(exceptions.rows[0].last_day, "2027-01-31");
    assert_string_equal(exceptions.rows[0].reason, "broken phone, T#4711");
    assert_int_equal(exceptions.rows[0].line, 3);
    assert_int_equal(exceptions.rows[0].ends_s, day_after_s);
    assert_string_equal(exceptions.rows[1].pattern, "printer-*@example.test");
    assert_string_equal(exceptions.rows[1].reason, "it's  Öl");
    assert_int_equal(exceptions.rows[1].line, 5);
    assert_string_equal(exceptions.rows[2].reason, "x");
    assert_int_equal(exceptions.rows[2].ends_s, 86400);
}

static void test_files_without_any(void **state)
{
    (void)state;
    CK_CLEANUP(ck_exceptions_clear) struct ck_exceptions none = parse("");
    assert_int_equal(none.count, 0);
    CK_CLEANUP(ck_exceptions_clear) struct ck_exceptions comment = parse("\xef\xbb\xbf# none");
    assert_int_equal(comment.count, 0);
    CK_CLEANUP(ck_exceptions_clear)
    struct ck_exceptions marked = parse("\xef\xbb\xbf"
                                        "a 2027-01-31 x\n");
    assert_int_equal(marked.count, 1);
    assert_string_equal(marked.rows[0].pattern, "a");
}

static void test_lines_that_are_none(void **state)
{
    (void)state;
    expect_bad("alice@example.test\n", "line 1 of the exceptions names no last day");
    expect_bad("#\nalice@example.test 2027-01-31\n", "line 2 of the exceptions gives no reason");
    expect_bad("alice@example.test 2027-01-31  \t\r\n", "gives no reason");
    expect_bad("alice@example.test broken phone\n", "no last day behind the name");
    expect_bad("a 2027-1-31 x", "no last day");
    expect_bad("a 2027-01-31Z x", "no last day");
    expect_bad("a 2027/01/31 x", "no last day");
    expect_bad("a 2027-02-29 x", "no last day");
    expect_bad("a 2027-13-01 x", "no last day");
    expect_bad("a 2027-00-01 x", "no last day");
    expect_bad("a 2027-01-00 x", "no last day");
    expect_bad("a 1969-12-31 x", "no last day");
    expect_bad("a 2027-01-31 \xff", "not text in UTF-8");
    expect_bad("a\xc3 2027-01-31 x", "not text in UTF-8");
    expect_bad("a 2027-01-31 x\x1b[2J", "control characters");
    expect_bad("a\x7f 2027-01-31 x", "control characters");
    expect_refused("a 2027-01-31 x\0y", 16, "control characters");
}

static void test_the_first_bad_line_is_told_and_the_others_counted(void **state)
{
    (void)state;
    expect_bad("a 2027-01-31 x\nb\n", "line 2 of the exceptions names no last day and no reason");
    expect_bad("a 2027-01-31 x\nb\nc 2027-01-31\n", "no reason; 1 more line is wrong, too");
    expect_bad("a\nb\nc 2027-01-31 fine\nd 9\n", "line 1 of");
    expect_bad("a\nb\nc 2027-01-31 fine\nd 9\n", "; 2 more lines are wrong, too");
}

static void test_names_that_stand_there_twice(void **state)
{
    (void)state;
    expect_bad("a 2027-01-31 x\n\nA 2028-01-31 y\n",
               "line 3 of the exceptions repeats the name of line 1");
    CK_CLEANUP(ck_exceptions_clear)
    struct ck_exceptions two = parse("a* 2027-01-31 x\na? 2027-01-31 x\n");
    assert_int_equal(two.count, 2);
}

static void test_an_exception_holds_through_its_last_day(void **state)
{
    (void)state;
    CK_CLEANUP(ck_exceptions_clear)
    struct ck_exceptions exceptions = parse("alice@example.test 2027-01-31 x\n");

    expect_state(&exceptions, "alice@example.test", 0, CK_EXCEPTION_ACTIVE, 1);
    expect_state(&exceptions, "alice@example.test", last_day_s, CK_EXCEPTION_ACTIVE, 1);
    expect_state(&exceptions, "alice@example.test", day_after_s - 1, CK_EXCEPTION_ACTIVE, 1);
    expect_state(&exceptions, "alice@example.test", day_after_s, CK_EXCEPTION_EXPIRED, 1);
    expect_state(&exceptions, "alice@example.tes", last_day_s, CK_EXCEPTION_NONE, 0);
    expect_state(&exceptions, "malice@example.test", last_day_s, CK_EXCEPTION_NONE, 0);
}

static void test_patterns(void **state)
{
    (void)state;
    CK_CLEANUP(ck_exceptions_clear)
    struct ck_exceptions exceptions = parse("*@example.test 2027-01-31 x\n"
                                            "printer-[0-9]@* 2027-01-31 x\n"
                                            "da? 2027-01-31 x\n"
                                            "\\*odd 2027-01-31 x\n"
                                            "[open 2027-01-31 x\n");

    expect_state(&exceptions, "bob@example.test", 0, CK_EXCEPTION_ACTIVE, 1);
    expect_state(&exceptions, "bob@example.test.evil", 0, CK_EXCEPTION_NONE, 0);
    expect_state(&exceptions, "printer-3@elsewhere.test", 0, CK_EXCEPTION_ACTIVE, 2);
    expect_state(&exceptions, "printer-x@elsewhere.test", 0, CK_EXCEPTION_NONE, 0);
    expect_state(&exceptions, "da1", 0, CK_EXCEPTION_ACTIVE, 3);
    expect_state(&exceptions, "da10", 0, CK_EXCEPTION_NONE, 0);
    expect_state(&exceptions, "*odd", 0, CK_EXCEPTION_ACTIVE, 4);
    expect_state(&exceptions, "very odd", 0, CK_EXCEPTION_NONE, 0);
    expect_state(&exceptions, "[open", 0, CK_EXCEPTION_ACTIVE, 5);
}

static void test_of_several_the_one_that_holds_longest(void **state)
{
    (void)state;
    CK_CLEANUP(ck_exceptions_clear)
    struct ck_exceptions exceptions = parse("alice@example.test 2026-01-31 x\n"
                                            "*@example.test 2027-01-31 y\n"
                                            "al* 2026-06-30 z\n");

    expect_state(&exceptions, "alice@example.test", last_day_s, CK_EXCEPTION_ACTIVE, 2);
    expect_state(&exceptions, "alice@example.test", day_after_s, CK_EXCEPTION_EXPIRED, 2);
    expect_state(&exceptions, "alex", last_day_s, CK_EXCEPTION_EXPIRED, 3);
}

static void test_expired_ones_are_listed(void **state)
{
    (void)state;
    CK_CLEANUP(ck_exceptions_clear)
    struct ck_exceptions exceptions = parse("a 2026-01-31 x\nb 2027-01-31 y\nc 2026-06-30 z\n");
    size_t at = 0;

    assert_int_equal(ck_exceptions_next_expired(&exceptions, last_day_s, &at)->line, 1);
    assert_int_equal(ck_exceptions_next_expired(&exceptions, last_day_s, &at)->line, 3);
    assert_null(ck_exceptions_next_expired(&exceptions, last_day_s, &at));
    at = 1;
    assert_int_equal(ck_exceptions_next_expired(&exceptions, day_after_s, &at)->line, 2);
    at = 0;
    assert_null(ck_exceptions_next_expired(&exceptions, 0, &at));
}

static void test_bounds_of_a_line(void **state)
{
    (void)state;
    CK_CLEANUP(ck_exceptions_clear)
    struct ck_exceptions exceptions = parse(A255 " 2027-01-31 " A511 "\n");

    _Static_assert(sizeof(A255) == CK_ACCOUNT_NAME_MAX, "the longest name");
    _Static_assert(sizeof(A511) == CK_EXCEPTION_REASON_MAX, "the longest reason");
    assert_string_equal(exceptions.rows[0].pattern, A255);
    assert_string_equal(exceptions.rows[0].reason, A511);
    expect_bad(A255 "a 2027-01-31 x", "name that is too long");
    expect_bad("a 2027-01-31 " A511 "a", "reason that is too long");
}

static void test_bound_of_the_number(void **state)
{
    (void)state;
    enum { ROW = sizeof("a00000 2027-01-31 x\n") - 1 };
    CK_CLEANUP(ck_free_p) char *text = malloc((CK_EXCEPTIONS_MAX + 1) * (size_t)ROW + 1);
    CK_CLEANUP(ck_exceptions_clear) struct ck_exceptions exceptions = {0};
    struct ck_error err;

    for (int i = 0; i <= CK_EXCEPTIONS_MAX; i++)
        snprintf(text + i * ROW, ROW + 1, "a%05d 2027-01-31 x\n", i);
    assert_int_equal(ck_exceptions_parse(text, CK_EXCEPTIONS_MAX * (size_t)ROW, &exceptions, &err),
                     CK_OK);
    assert_int_equal(exceptions.count, CK_EXCEPTIONS_MAX);
    expect_bad(text, "more than 10000 of them");
}

static void test_bound_of_the_file(void **state)
{
    (void)state;
    CK_CLEANUP(ck_free_p) char *text = malloc(CK_EXCEPTIONS_FILE_MAX + 1);
    CK_CLEANUP(ck_exceptions_clear) struct ck_exceptions exceptions = {0};
    struct ck_error err;

    memset(text, '\n', CK_EXCEPTIONS_FILE_MAX + 1);
    assert_int_equal(ck_exceptions_parse(text, CK_EXCEPTIONS_FILE_MAX, &exceptions, &err), CK_OK);
    expect_refused(text, CK_EXCEPTIONS_FILE_MAX + 1, "more than 1048576 bytes");
}

static void test_files(void **state)
{
    (void)state;
    char path[] = "exceptions.XXXXXX";
    int fd = mkstemp(path);
    static const char text[] = "a 2027-01-31 x\n";
    CK_CLEANUP(ck_exceptions_clear) struct ck_exceptions exceptions = {0};
    struct ck_error err;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    enum ck_err r = ck_exceptions_load(path, &exceptions, &err);
    unlink(path);
    assert_int_equal(r, CK_OK);
    assert_int_equal(exceptions.count, 1);

    struct ck_exceptions untouched = {.count = 77};
    assert_int_equal(ck_exceptions_load(path, &untouched, &err), CK_ERR_USAGE);
    assert_non_null(strstr(err.text, path));
    assert_int_equal(ck_exceptions_load("/", &untouched, &err), CK_ERR_USAGE);
    assert_int_equal(untouched.count, 77);
}

static const struct ck_exceptions_reach everybody = {
    .mailboxes = true, .domain_admins = true, .admins = true};

static void expect_unmatched(const struct ck_exceptions *exceptions,
                             const struct ck_exceptions_reach *reach, const char *patterns)
{
    const struct ck_exception *row;
    char found[256] = "";
    size_t at = 0;

    while ((row = ck_exceptions_next_unmatched(exceptions, reach, &at)) != NULL) {
        strcat(found, row->pattern);
        strcat(found, " ");
    }
    assert_string_equal(found, patterns);
}

static void test_exceptions_of_nobody(void **state)
{
    static const char text[] = "alice@example.test 2027-01-31 why\n"
                               "gone@example.test 2027-01-31 why\n"
                               "x*@example.* 2027-01-31 why\n"
                               "da7 2027-01-31 why\n"
                               "d[aeiou]8 2027-01-31 why\n";
    CK_CLEANUP(ck_exceptions_clear) struct ck_exceptions exceptions = {0};
    const struct ck_exception *found;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_exceptions_parse(text, strlen(text), &exceptions, &err), CK_OK);
    expect_unmatched(&exceptions, &everybody,
                     "alice@example.test gone@example.test x*@example.* da7 d[aeiou]8 ");
    assert_int_equal(ck_exceptions_find(&exceptions, "alice@example.test", 0, &found),
                     CK_EXCEPTION_ACTIVE);
    assert_int_equal(ck_exceptions_find(&exceptions, "dax", 0, &found), CK_EXCEPTION_NONE);
    expect_unmatched(&exceptions, &everybody, "gone@example.test x*@example.* da7 d[aeiou]8 ");

    /* Of what was not looked at nothing is said. */
    expect_unmatched(&exceptions, &(struct ck_exceptions_reach){0}, "");
    expect_unmatched(&exceptions, &(struct ck_exceptions_reach){.mailboxes = true},
                     "gone@example.test x*@example.* ");
    expect_unmatched(&exceptions,
                     &(struct ck_exceptions_reach){.mailboxes = true, .domain = "example.test"},
                     "gone@example.test ");
    expect_unmatched(&exceptions,
                     &(struct ck_exceptions_reach){.mailboxes = true, .domain = "example.org"}, "");
    expect_unmatched(&exceptions,
                     &(struct ck_exceptions_reach){.mailboxes = true, .domain_admins = true},
                     "gone@example.test x*@example.* ");
    expect_unmatched(&exceptions,
                     &(struct ck_exceptions_reach){.admins = true, .domain_admins = true}, "da7 ");
}

/* Also the one that does not hold longest was of use. */
static void test_all_that_match_are_marked(void **state)
{
    static const char text[] = "*@example.test 2028-01-31 why\n"
                               "alice@example.test 2027-01-31 why\n";
    CK_CLEANUP(ck_exceptions_clear) struct ck_exceptions exceptions = {0};
    const struct ck_exception *found;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_exceptions_parse(text, strlen(text), &exceptions, &err), CK_OK);
    ck_exceptions_find(&exceptions, "alice@example.test", 0, &found);
    assert_string_equal(found->last_day, "2028-01-31");
    expect_unmatched(&exceptions, &everybody, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_are_read),
        cmocka_unit_test(test_files_without_any),
        cmocka_unit_test(test_lines_that_are_none),
        cmocka_unit_test(test_the_first_bad_line_is_told_and_the_others_counted),
        cmocka_unit_test(test_names_that_stand_there_twice),
        cmocka_unit_test(test_an_exception_holds_through_its_last_day),
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_of_several_the_one_that_holds_longest),
        cmocka_unit_test(test_expired_ones_are_listed),
        cmocka_unit_test(test_bounds_of_a_line),
        cmocka_unit_test(test_bound_of_the_number),
        cmocka_unit_test(test_bound_of_the_file),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_exceptions_of_nobody),
        cmocka_unit_test(test_all_that_match_are_marked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
