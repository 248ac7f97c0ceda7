/*
 * CSV for spreadsheets (RFC 4180: UTF-8, lines that end with CR LF), whose cells are text there and
 * never a formula (OWASP, "CSV injection").
 */
#ifndef COWKEY_REPORT_CSV_H
#define COWKEY_REPORT_CSV_H

#include <stddef.h>
#include <stdio.h>

#include "cowkey/base/error.h"

/*
 * A new string (free it) that stands for text as a cell: in quotes, those in it doubled; what
 * ck_escape_terminal would escape, as it escapes it, so that no cell has a line end, a tab or what
 * rearranges its line. A cell that begins with = + - @ or one of their full-width forms, blanks
 * before them or not, gets a ' in front, which spreadsheets take for "text". So does what follows a
 * semicolon: where the decimal sign is a comma, Excel breaks lines there, whatever the quotes.
 * NULL when memory is short.
 */
char *ck_csv_cell(const char *text);

/* Writes a row; NULL is an empty cell. The caller looks at ferror in the end. */
enum ck_err ck_csv_row(FILE *to, const char *const *cells, size_t count, struct ck_error *err);

#endif
