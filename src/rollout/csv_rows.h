/*
 * Rows of a CSV file (RFC 4180; LF and CR alone end a row, too), read by libcsv.
 *
 * Cells are what stands there: blanks around them stay, and what looks like a formula is text. Lines
 * of nothing but blanks are no rows.
 */
#ifndef ROLLOUT_CSV_ROWS_H
#define ROLLOUT_CSV_ROWS_H

#include <stddef.h>

#include "text_window.h"

enum {
    CSV_CELLS_MAX = 32,            /* of a row */
    CSV_ROW_MAX = WINDOW_LINE_MAX, /* bytes of a row as it is written */
};

struct csv_cell {
    const char *text; /* ends in NUL, and may hold others */
    size_t size;
};

/* What is done with the rows; any error ends the reading. */
struct csv_taker {
    void *data;
    /* line is the row's first. */
    enum ck_err (*row)(void *data, size_t line, const struct csv_cell *cells, size_t count,
                       struct ck_error *err);
    /* A row that is none, and why. The reading goes on with the line behind its first. */
    enum ck_err (*bad)(void *data, size_t line, const char *why, struct ck_error *err);
};

/* Reads what window gives, from its beginning on. */
enum ck_err csv_read_window(struct text_window *window, const struct csv_taker *taker,
                            struct ck_error *err);

/* The same for a text. Cells may hold secrets: no copy of them is left behind. */
enum ck_err csv_read(const char *text, size_t size, const struct csv_taker *taker,
                     struct ck_error *err);

#endif
