/* A table for a terminal: aligned by what characters take there, foreign text made safe. */
#ifndef COWKEY_REPORT_TABLE_H
#define COWKEY_REPORT_TABLE_H

#include <stddef.h>

#include "cowkey/base/error.h"

enum { CK_TABLE_COLUMNS_MAX = 16 };

/* The columns of the terminal that text takes, once it is escaped. The locale tells. */
size_t ck_text_width(const char *text);

struct ck_table;

/* With a line of headers, count of them (1..CK_TABLE_COLUMNS_MAX). */
enum ck_err ck_table_new(const char *const *headers, size_t count, struct ck_table **ret_table,
                         struct ck_error *err);
void ck_table_free(struct ck_table **table);

/* Adds a row; the cells are copied, escaped for a terminal. */
enum ck_err ck_table_add(struct ck_table *table, const char *const *cells, struct ck_error *err);

/*
 * Gives the lines, without line ends, to line. Columns have two blanks between them; with a width
 * (0: there is none to keep to) the last one is broken at its blanks into several lines, and where
 * there is little room left for it, it goes below the others. Other columns are never cut: names
 * have to be whole.
 */
enum ck_err ck_table_print(const struct ck_table *table, size_t width,
                           void (*line)(void *data, const char *text), void *data,
                           struct ck_error *err);

#endif
