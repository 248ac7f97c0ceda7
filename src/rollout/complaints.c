/* Collecting complaints. */
#include "cowkey/rollout/complaints.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ck_complaints_clear(struct ck_complaints *complaints)
{
    for (size_t i = 0; i < complaints->count; i++)
        free(complaints->rows[i].text);
    free(complaints->rows);
    *complaints = (struct ck_complaints){0};
}

static enum ck_err append(struct ck_complaints *complaints, size_t line, const char *text,
                          struct ck_error *err)
{
    enum { ROWS_STEP = 32 };
    struct ck_complaint *rows = complaints->rows;

    if (complaints->count % ROWS_STEP == 0)
        rows = reallocarray(rows, complaints->count + ROWS_STEP, sizeof(*rows));
    if (rows == NULL)
        return ck_error_no_memory(err);
    complaints->rows = rows;
    char *copy = strdup(text);
    if (copy == NULL)
        return ck_error_no_memory(err);
    rows[complaints->count++] = (struct ck_complaint){line, copy};
    return CK_OK;
}

enum ck_err ck_complaints_add(struct ck_complaints *complaints, size_t line, struct ck_error *err,
                              const char *format, ...)
{
    char text[CK_COMPLAINT_TEXT_MAX];
    va_list arguments;

    if (complaints->count == CK_COMPLAINTS_MAX) {
        complaints->more++;
        return CK_OK;
    }
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return append(complaints, line, text, err);
}

/* By insertion, which keeps the order of equals, and is quick where nearly all stand right. */
void ck_complaints_sort(struct ck_complaints *complaints)
{
    struct ck_complaint *rows = complaints->rows;

    for (size_t i = 1; i < complaints->count; i++) {
        struct ck_complaint row = rows[i];
        size_t at = i;
        for (; at > 0 && rows[at - 1].line > row.line; at--)
            rows[at] = rows[at - 1];
        rows[at] = row;
    }
}

size_t ck_complaints_total(const struct ck_complaints *complaints)
{
    return complaints->count + complaints->more;
}
