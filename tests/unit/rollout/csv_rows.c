#include "src/rollout/csv_rows.h"

#include <stdio.h>
#include <stdlib.h>

#include "cowkey/base/cleanup.h"
#include "tests/unit/base/expect.h"

/* What was read, as one text: "1[a|b]" for a row of line 1, "2!" for a bad one. */
struct told {
    char text[4 * CSV_ROW_MAX];
    char why[256]; /* of the last bad one */
    size_t rows, stop_after;
};

static enum ck_err row(void *data, size_t line, const struct csv_cell *cells, size_t count,
                       struct ck_error *err)
{
    struct told *told = data;
    size_t used = strlen(told->text);

    used += (size_t)snprintf(told->text + used, sizeof(told->text) - used, "%zu[", line);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(cells[i].text[cells[i].size], '\0');
        used += (size_t)snprintf(told->text + used, sizeof(told->text) - used, "%s%s",
                                 i > 0 ? "|" : "", cells[i].text);
    }
    snprintf(told->text + used, sizeof(told->text) - used, "]");
    if (++told->rows == told->stop_after)
        return ck_error_set(err, CK_ERR_REFUSED, "enough");
    return CK_OK;
}

static enum ck_err bad(void *data, size_t line, const char *why, struct ck_error *err)
{
    struct told *told = data;
    size_t used = strlen(told->text);

    (void)err;
    snprintf(told->text + used, sizeof(told->text) - used, "%zu!", line);
    snprintf(told->why, sizeof(told->why), "%s", why);
    return CK_OK;
}

/* A text that comes in pieces of so many bytes. */
struct pieces {
    struct ck_text_rest rest;
    size_t piece;
};

static enum ck_err read_piece(void *data, char *to, size_t room, size_t *ret_size,
                              struct ck_error *err)
{
    struct pieces *pieces = data;

    return ck_text_rest_read(&pieces->rest, to, pieces->piece < room ? pieces->piece : room,
                             ret_size, err);
}

static void tell_pieces(const char *text, size_t size, size_t piece, struct told *told)
{
    struct pieces pieces = {{text, size}, piece};
    const struct ck_text_source source = {.data = &pieces, .read = read_piece};
    const struct csv_taker taker = {told, row, bad};
    CK_CLEANUP(text_window_clear) struct text_window window;
    struct ck_error err;

    *told = (struct told){.rows = 0};
    assert_int_equal(text_window_open(&window, &source, NULL, 0, &err), CK_OK);
    assert_int_equal(csv_read_window(&window, &taker, &err), CK_OK);
}

/* Whether it is at hand as a whole, or comes in pieces of any size. */
static void expect_bytes(const char *text, size_t size, const char *wanted)
{
    static const size_t sizes[] = {1, 1000, 100000};
    struct told told = {.rows = 0};
    const struct csv_taker taker = {&told, row, bad};
    struct ck_error err;

    assert_int_equal(csv_read(text, size, &taker, &err), CK_OK);
    assert_string_equal(told.text, wanted);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        tell_pieces(text, size, sizes[i], &told);
        assert_string_equal(told.text, wanted);
    }
}

static void expect(const char *text, const char *wanted)
{
    expect_bytes(text, strlen(text), wanted);
}

static void test_rows(void **state)
{
    (void)state;
    expect("", "");
    expect("a,b\nc,d\n", "1[a|b]2[c|d]");
    expect("a,b\r\nc,d", "1[a|b]2[c|d]");
    expect("a,b\rc,d\r", "1[a|b]1[c|d]");
    expect("a\rb", "1[a]1[b]");
    expect("\n \t\n\r\na\n\n", "4[a]");
    expect("a,\n,a\n,\n", "1[a|]2[|a]3[|]");
}

static void test_cells_are_what_stands_there(void **state)
{
    (void)state;
    expect(" a , b\n", "1[ a | b]");
    expect("=cmd|x,+1,@y,-2\n", "1[=cmd|x|+1|@y|-2]");
    expect("\"a,\"\"b\"\"\",\"\"\n", "1[a,\"b\"|]");
    expect("\"a\nb\",c\nd\n", "1[a\nb|c]3[d]");
    expect("\" a \"\n", "1[ a ]");
    expect_bytes("a\0b\n", 4, "1[a]");
}

static void test_quotes_that_are_wrong(void **state)
{
    (void)state;
    expect("a\"b\nc\n", "1!2[c]");
    expect("\"a\"b\nc\n", "1!2[c]");
    expect("\"a\" ,b\nc\n", "1!2[c]");
    expect("x\n\"a\nb\nc\n", "1[x]2!3[b]4[c]");
    expect("\"a\nb\nc\"d\ne\n", "1!2[b]3!4[e]");
    expect("\"", "1!");
    expect("a\r\"b\"c\nd\n", "1[a]1!2[d]");
    expect("a\r\"b\nc\n", "1[a]2!");
}

static void test_bound_of_cells(void **state)
{
    char text[3 * CSV_CELLS_MAX];

    (void)state;
    memset(text, ',', sizeof(text));
    text[CSV_CELLS_MAX - 1] = '\n';
    struct told told = {.rows = 0};
    const struct csv_taker taker = {&told, row, bad};
    struct ck_error err;
    assert_int_equal(csv_read(text, CSV_CELLS_MAX, &taker, &err), CK_OK);
    assert_int_equal(told.rows, 1);
    text[CSV_CELLS_MAX - 1] = ',';
    text[CSV_CELLS_MAX] = '\n';
    expect_bytes(text, CSV_CELLS_MAX + 1, "1!");
}

static void test_bound_of_a_row(void **state)
{
    CK_CLEANUP(ck_free_p) char *text = malloc(CSV_ROW_MAX + 16);
    struct told told = {.rows = 0};
    const struct csv_taker taker = {&told, row, bad};
    struct ck_error err;

    (void)state;
    memset(text, 'x', CSV_ROW_MAX + 16);
    memcpy(text + CSV_ROW_MAX - 1, "\nb\n", 3);
    assert_int_equal(csv_read(text, CSV_ROW_MAX + 2, &taker, &err), CK_OK);
    assert_int_equal(told.rows, 2);
    text[CSV_ROW_MAX - 1] = 'x';
    memcpy(text + CSV_ROW_MAX, "\nb\n", 3);
    expect_bytes(text, CSV_ROW_MAX + 3, "1!2[b]");
    /* The same in several lines. */
    memset(text, '\n', CSV_ROW_MAX);
    text[0] = '"';
    memcpy(text + CSV_ROW_MAX, "b\n", 2);
    struct told lines = {.rows = 0};
    const struct csv_taker other = {&lines, row, bad};
    assert_int_equal(csv_read(text, CSV_ROW_MAX + 2, &other, &err), CK_OK);
    assert_string_equal(lines.text, "1!16384[b]");
}

/* Far more than is held at a time; line numbers and the rows behind stay right. */
static void test_lines_of_any_length(void **state)
{
    enum { LONG = 5 * WINDOW_SIZE };
    CK_CLEANUP(ck_free_p) char *text = malloc(LONG + 64);
    char *at = text;

    (void)state;
    at += sprintf(at, "a\n");
    memset(at, 'x', LONG);
    strcpy(at + LONG, "\nb,\"c\nd\"\ne\n");
    expect(text, "1[a]2!3[b|c\nd]5[e]");
    memset(at, '\n', LONG);
    expect(text, "1[a]327683[b|c\nd]327685[e]");
    at[0] = '"'; /* all of it is looked at again, row by row */
    at[LONG - 1] = 'y';
    expect(text, "1[a]2!327680[y]327681[b|c\nd]327683[e]");
}

static void test_the_taker_may_end_it(void **state)
{
    struct told told = {.stop_after = 2};
    const struct csv_taker taker = {&told, row, bad};
    struct ck_error err;

    (void)state;
    assert_int_equal(csv_read("a\nb\nc\n", 6, &taker, &err), CK_ERR_REFUSED);
    assert_string_equal(told.text, "1[a]2[b]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_cells_are_what_stands_there),
        cmocka_unit_test(test_quotes_that_are_wrong),
        cmocka_unit_test(test_bound_of_cells),
        cmocka_unit_test(test_bound_of_a_row),
        cmocka_unit_test(test_lines_of_any_length),
        cmocka_unit_test(test_the_taker_may_end_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
