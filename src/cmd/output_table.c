/* Printing tables as wide as people read them. */
#include "output_table.h"

#include <unistd.h>

#include "output.h"

enum { WIDTH_MAX = 140 }; /* columns; longer lines are tiring to read */

/* 0 for a file or another program: who reads that has a width of their own. */
static size_t table_width(void)
{
    size_t columns = output_columns(STDOUT_FILENO, 0);

    return columns > WIDTH_MAX ? WIDTH_MAX : columns;
}

static void print_line(void *data, const char *text)
{
    (void)data;
    print_result("%s", text);
}

enum ck_err print_table(const struct ck_table *table, struct ck_error *err)
{
    return ck_table_print(table, table_width(), print_line, NULL, err);
}
