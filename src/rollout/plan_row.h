/* One row of a plan, whatever it was written in. */
#ifndef ROLLOUT_PLAN_ROW_H
#define ROLLOUT_PLAN_ROW_H

#include "cowkey/rollout/plan.h"

enum plan_column {
    PLAN_ACCOUNT,
    PLAN_ROLE,
    PLAN_METHOD,
    PLAN_LABEL,
    PLAN_ROUTE,
    PLAN_PASSWORD_REF,
    PLAN_GROUP,
    PLAN_COLUMNS
};
const char *plan_column_name(int column);
/* PLAN_COLUMNS for a name that is none; size bytes. */
int plan_column_find(const char *name, size_t size);

struct plan_row {
    size_t line;
    const char *cells[PLAN_COLUMNS]; /* UTF-8 without control characters and blanks around it */
};

/*
 * Empty cells are "". What is wrong with the row goes to *ret_wrong, which may point into text; else
 * that is NULL, and item holds the row, whose texts it borrows.
 */
void plan_row_read(const struct plan_row *row, struct ck_plan_item *ret_item,
                   const char **ret_wrong, char text[CK_COMPLAINT_TEXT_MAX]);

#endif
