/* Tables on standard output. */
#ifndef CMD_OUTPUT_TABLE_H
#define CMD_OUTPUT_TABLE_H

#include "cowkey/report/table.h"

/* As wide as the terminal, where there is one. Only the want of memory is an error. */
enum ck_err print_table(const struct ck_table *table, struct ck_error *err);

#endif
