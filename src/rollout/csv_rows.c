/* Feeding libcsv line by line, so that each row's line is known. */
#include "csv_rows.h"

#include <csv.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cowkey/base/ascii.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/secret.h"

enum { STORE_SIZE = CSV_ROW_MAX + CSV_CELLS_MAX };

struct reading {
    const struct csv_taker *taker;
    struct text_window *window; /* what follows is places in it, and lines */

    size_t at, line;         /* what is fed next */
    size_t fed_at, fed_line; /* what was fed last */
    size_t row_at, row_line; /* where the row begins */
    bool row_begun;
    bool skipping; /* the rest of a line that is too long */

    char *store; /* the row's cells */
    size_t used;
    struct csv_cell cells[CSV_CELLS_MAX];
    size_t count; /* of cells, also those that are too many */

    enum ck_err result;
    struct ck_error *err;
};

/* --- libcsv's memory, which cells pass through --- */

static int is_no_blank(unsigned char byte)
{
    (void)byte;
    return 0;
}

static enum ck_err begin(struct csv_parser *parser, struct ck_error *err)
{
    if (csv_init(parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
        return ck_error_no_memory(err);
    csv_set_realloc_func(parser, ck_secret_erasing_realloc);
    csv_set_free_func(parser, ck_secret_erase_and_free);
    csv_set_space_func(parser, is_no_blank);
    return CK_OK;
}

/* --- what it gives --- */

static void take_cell(void *bytes, size_t size, void *data)
{
    struct reading *reading = data;

    if (!reading->row_begun) { /* behind a CR alone */
        reading->row_begun = true;
        reading->row_at = reading->fed_at;
        reading->row_line = reading->fed_line;
    }
    if (reading->count < CSV_CELLS_MAX) {
        char *to = reading->store + reading->used;
        if (size > 0)
            memcpy(to, bytes, size);
        to[size] = '\0';
        reading->cells[reading->count] = (struct csv_cell){to, size};
        reading->used += size + 1;
    }
    reading->count++;
}

static void forget_row(struct reading *reading)
{
    ck_secret_erase(reading->store, reading->used);
    reading->used = 0;
    reading->count = 0;
    reading->row_begun = false;
}

static void tell_bad(struct reading *reading, const char *why)
{
    if (reading->result == CK_OK)
        reading->result =
            reading->taker->bad(reading->taker->data, reading->row_line, why, reading->err);
}

static void take_row(int end, void *data)
{
    struct reading *reading = data;
    const struct csv_taker *taker = reading->taker;
    char why[64];

    (void)end;
    if (reading->count > CSV_CELLS_MAX) {
        snprintf(why, sizeof(why), "has more than %d cells", CSV_CELLS_MAX);
        tell_bad(reading, why);
    } else if (reading->result == CK_OK) {
        reading->result = taker->row(taker->data, reading->row_line, reading->cells, reading->count,
                                     reading->err);
    }
    forget_row(reading);
}

/* --- feeding --- */

/* Has the next line at hand, and what the reading may have to go back to. */
static void fill(struct reading *reading)
{
    size_t gone = 0;

    if (reading->at > reading->fed_at + 2 * CSV_ROW_MAX) /* nothing but blanks since */
        reading->fed_at = reading->at;
    size_t keep = reading->fed_at < reading->at ? reading->fed_at : reading->at;
    if (reading->row_begun && reading->row_at < keep)
        keep = reading->row_at;
    enum ck_err r = text_window_fill(reading->window, keep, reading->at, &gone, reading->err);
    if (r != CK_OK)
        reading->result = r;
    reading->at -= gone;
    reading->fed_at -= gone;
    reading->row_at -= reading->row_begun ? gone : 0;
}

/* Goes on behind the line that begins at at, which may not be at hand to its end. */
static void go_behind(struct reading *reading, size_t at, size_t line)
{
    bool whole;

    reading->at = at + text_window_line(reading->window, at, &whole);
    reading->line = line + whole;
    reading->skipping = !whole;
}

/* A quote that is never closed swallows the rows behind it: they are looked at again. */
static void recover(struct reading *reading, struct csv_parser *parser, const char *why)
{
    if (!reading->row_begun) {
        reading->row_at = reading->fed_at;
        reading->row_line = reading->fed_line;
    }
    tell_bad(reading, why);
    forget_row(reading);
    go_behind(reading, reading->row_at, reading->row_line);
    csv_free(parser);
    if (begin(parser, reading->err) != CK_OK)
        reading->result = reading->err->code;
}

static void feed_line(struct reading *reading, struct csv_parser *parser)
{
    const char *line = reading->window->text + reading->at;
    bool whole;
    size_t size = text_window_line(reading->window, reading->at, &whole);
    char why[96];

    if (!reading->row_begun && whole && ck_ascii_space_size(line, size) == size) {
        reading->at += size;
        reading->line++;
        return;
    }
    reading->fed_at = reading->at;
    reading->fed_line = reading->line;
    if (!reading->row_begun) {
        reading->row_begun = true;
        reading->row_at = reading->at;
        reading->row_line = reading->line;
    }
    if (reading->at + size - reading->row_at > CSV_ROW_MAX) {
        snprintf(why, sizeof(why), "has more than %d bytes, or a quote in it is not closed",
                 CSV_ROW_MAX);
        recover(reading, parser, why);
        return;
    }
    if (csv_parse(parser, line, size, take_cell, take_row, reading) != size) {
        if (csv_error(parser) == CSV_EPARSE)
            recover(reading, parser,
                    "has a quote where none may be: a cell with quotes or commas stands in quotes, "
                    "and those in it are doubled");
        else
            reading->result = ck_error_no_memory(reading->err);
        return;
    }
    reading->at += size;
    reading->line++;
}

/* The last row may have no line end. Whether that was all. */
static bool finish(struct reading *reading, struct csv_parser *parser)
{
    if (csv_fini(parser, take_cell, take_row, reading) == 0)
        return true;
    if (csv_error(parser) == CSV_EPARSE)
        recover(reading, parser, "opens a quote that is never closed");
    else
        reading->result = ck_error_no_memory(reading->err);
    return false;
}

static void read_on(struct reading *reading, struct csv_parser *parser)
{
    while (reading->result == CK_OK) {
        fill(reading);
        if (reading->result != CK_OK)
            return;
        if (reading->at == reading->window->size) {
            if (finish(reading, parser))
                return;
        } else if (reading->skipping) {
            go_behind(reading, reading->at, reading->line);
        } else {
            feed_line(reading, parser);
        }
    }
}

enum ck_err csv_read_window(struct text_window *window, const struct csv_taker *taker,
                            struct ck_error *err)
{
    struct csv_parser parser;
    struct reading reading = {
        .taker = taker, .window = window, .line = 1, .result = CK_OK, .err = err};
    CK_CLEANUP(ck_free_p) char *store = malloc(STORE_SIZE);

    if (store == NULL)
        return ck_error_no_memory(err);
    reading.store = store;
    if (begin(&parser, err) != CK_OK)
        return err->code;
    read_on(&reading, &parser);
    ck_secret_erase(store, reading.used);
    csv_free(&parser);
    return reading.result;
}

enum ck_err csv_read(const char *text, size_t size, const struct csv_taker *taker,
                     struct ck_error *err)
{
    struct text_window window;
    enum ck_err r = text_window_open(&window, NULL, text, size, err);

    return r == CK_OK ? csv_read_window(&window, taker, err) : r;
}
