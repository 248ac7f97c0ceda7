/* Reading a plan: CSV, or JSON lines. */
#include "cowkey/rollout/plan.h"

#include <stdlib.h>
#include <string.h>

#include "cowkey/base/ascii.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/escape.h"
#include "cowkey/base/json_view.h"
#include "csv_rows.h"
#include "plan_row.h"

static const char byte_order_mark[] = "\xef\xbb\xbf";

void ck_plan_clear(struct ck_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        free(plan->items[i].password_name);
        free(plan->items[i].label);
        free(plan->items[i].display_name);
    }
    free(plan->items);
    *plan = (struct ck_plan){0};
}

struct reading {
    struct ck_plan *plan;
    struct ck_complaints *complaints;
    size_t rows; /* bad ones, too */

    bool has_header;
    size_t columns_count;
    int columns[CSV_CELLS_MAX]; /* of the cells; PLAN_COLUMNS for a name that is none */
};

static enum ck_err append(struct ck_plan *plan, struct ck_plan_item *item, struct ck_error *err)
{
    enum { ITEMS_STEP = 256 };
    struct ck_plan_item *items = plan->items;

    if (plan->count % ITEMS_STEP == 0)
        items = reallocarray(items, plan->count + ITEMS_STEP, sizeof(*items));
    if (items == NULL) {
        free(item->password_name);
        free(item->label);
        return ck_error_no_memory(err);
    }
    plan->items = items;
    items[plan->count++] = *item;
    return CK_OK;
}

static enum ck_err count_row(struct reading *reading, struct ck_error *err)
{
    if (reading->rows++ < CK_PLAN_ROWS_MAX)
        return CK_OK;
    ck_error_set(err, CK_ERR_USAGE, "the plan has more than %d rows", CK_PLAN_ROWS_MAX);
    return ck_error_hint(err, "Split it into several plans.");
}

static enum ck_err complain(struct reading *reading, size_t line, const char *why,
                            struct ck_error *err)
{
    return ck_complaints_add(reading->complaints, line, err, "%s", why);
}

static enum ck_err take(struct reading *reading, const struct plan_row *row, struct ck_error *err)
{
    char text[CK_COMPLAINT_TEXT_MAX];
    struct ck_plan_item item;
    const char *wrong;
    enum ck_err r = plan_row_read(row, &item, &wrong, text, err);

    if (r != CK_OK)
        return r;
    return wrong != NULL ? complain(reading, row->line, wrong, err)
                         : append(reading->plan, &item, err);
}

/* --- CSV --- */

/* Without the blanks around it; what is wrong with it, or NULL. */
static const char *trim(const struct csv_cell *cell, char *to)
{
    const char *at = cell->text;
    size_t size = cell->size;

    if (!ck_utf8_valid(at, size))
        return "is not text in UTF-8";
    while (size > 0 && *at == ' ') {
        at++;
        size--;
    }
    while (size > 0 && at[size - 1] == ' ')
        size--;
    if (ck_ascii_has_control(at, size))
        return "holds control characters, such as a line end or a tab";
    memcpy(to, at, size);
    to[size] = '\0';
    return NULL;
}

static enum ck_err bad_header(size_t line, const char *what, const char *name, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_USAGE, "line %zu, which names the columns, %s%.100s%s", line, what,
                 name, *name != '\0' ? "'" : "");
    return ck_error_hint(err, "The columns are account, method and route, and, where you need "
                              "them, role, label, password_ref and group, with commas between "
                              "them.");
}

static enum ck_err read_header(struct reading *reading, size_t line, const struct csv_cell *cells,
                               size_t count, struct ck_error *err)
{
    bool seen[PLAN_COLUMNS + 1] = {false};
    char name[CSV_ROW_MAX + 1];

    for (size_t i = 0; i < count; i++) {
        if (trim(&cells[i], name) != NULL)
            return bad_header(line, "is no text in UTF-8, or holds control characters", "", err);
        int column = plan_column_find(name, strlen(name));
        if (column == PLAN_COLUMNS)
            return bad_header(line, "has an unknown column '", *name != '\0' ? name : " ", err);
        if (seen[column])
            return bad_header(line, "has two columns '", name, err);
        seen[column] = true;
        reading->columns[i] = column;
    }
    static const int needed[] = {PLAN_ACCOUNT, PLAN_METHOD, PLAN_ROUTE};
    for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++) {
        if (!seen[needed[i]])
            return bad_header(line, "lacks the column '", plan_column_name(needed[i]), err);
    }
    reading->columns_count = count;
    reading->has_header = true;
    return CK_OK;
}

static bool is_empty(const struct csv_cell *cells, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strspn(cells[i].text, " ") != cells[i].size)
            return false;
    }
    return true;
}

static enum ck_err take_csv_row(void *data, size_t line, const struct csv_cell *cells, size_t count,
                                struct ck_error *err)
{
    struct reading *reading = data;
    struct plan_row row = {.line = line};
    char text[CSV_ROW_MAX + CSV_CELLS_MAX], *to = text;

    if (!reading->has_header)
        return read_header(reading, line, cells, count, err);
    if (is_empty(cells, count)) /* spreadsheets leave such at the end */
        return CK_OK;
    enum ck_err r = count_row(reading, err);
    if (r != CK_OK)
        return r;
    if (count != reading->columns_count)
        return ck_complaints_add(reading->complaints, line, err,
                                 "has %zu cells, and the line of headers %zu", count,
                                 reading->columns_count);
    for (int i = 0; i < PLAN_COLUMNS; i++)
        row.cells[i] = "";
    for (size_t i = 0; i < count; i++) {
        const char *wrong = trim(&cells[i], to);
        if (wrong != NULL)
            return ck_complaints_add(reading->complaints, line, err, "the %s %s",
                                     plan_column_name(reading->columns[i]), wrong);
        row.cells[reading->columns[i]] = to;
        to += strlen(to) + 1;
    }
    return take(reading, &row, err);
}

static enum ck_err take_bad_row(void *data, size_t line, const char *why, struct ck_error *err)
{
    struct reading *reading = data;

    if (!reading->has_header)
        return bad_header(line, why, "", err);
    enum ck_err r = count_row(reading, err);
    return r == CK_OK ? complain(reading, line, why, err) : r;
}

static enum ck_err read_csv(struct reading *reading, const char *text, size_t size,
                            struct ck_error *err)
{
    const struct csv_taker taker = {.data = reading, .row = take_csv_row, .bad = take_bad_row};
    enum ck_err r = csv_read(text, size, &taker, err);

    if (r != CK_OK || reading->has_header)
        return r;
    ck_error_set(err, CK_ERR_USAGE, "the plan is empty");
    return ck_error_hint(err, "Its first line names the columns, such as: "
                              "account,method,route,password_ref");
}

/* --- JSON lines --- */

/* The member's text goes to *to; what is wrong with it, or NULL. */
static const char *read_member(const struct ck_json_item *value, char **to, const char *end,
                               const char **ret_cell)
{
    struct csv_cell cell = {.text = *to};

    if (value->kind == CK_JSON_NULL)
        return NULL;
    if (value->kind != CK_JSON_STRING)
        return "is no text";
    if (!ck_json_item_copy(value, *to, (size_t)(end - *to), &cell.size))
        return "is too long";
    char *from = *to;
    size_t blanks = strspn(from, " ");
    cell.text = from;
    if (ck_ascii_has_control(cell.text, cell.size))
        return "holds control characters, such as a line end or a tab";
    while (cell.size > blanks && from[cell.size - 1] == ' ')
        cell.size--;
    from[cell.size] = '\0';
    *ret_cell = from + blanks;
    *to = from + cell.size + 1;
    return NULL;
}

static enum ck_err take_json_row(struct reading *reading, struct ck_json_view *view, size_t line,
                                 struct ck_error *err)
{
    struct plan_row row = {.line = line};
    char text[CK_PLAN_LINE_MAX + PLAN_COLUMNS], *to = text;
    const struct ck_json_item *items = view->items;

    if (items[0].kind != CK_JSON_OBJECT)
        return complain(reading, line, "is no JSON object", err);
    for (int i = 0; i < PLAN_COLUMNS; i++)
        row.cells[i] = "";
    for (size_t i = 1; i < items[0].span; i += 1 + items[i + 1].span) {
        char name[32] = "";
        int column = PLAN_COLUMNS;
        if (ck_json_item_copy(&items[i], name, sizeof(name), NULL))
            column = plan_column_find(name, strlen(name));
        if (column == PLAN_COLUMNS)
            return ck_complaints_add(reading->complaints, line, err, "has an unknown member '%s'",
                                     name);
        const char *wrong =
            read_member(&items[i + 1], &to, text + sizeof(text), &row.cells[column]);
        if (wrong != NULL)
            return ck_complaints_add(reading->complaints, line, err, "the %s %s",
                                     plan_column_name(column), wrong);
    }
    return take(reading, &row, err);
}

static enum ck_err take_json_line(struct reading *reading, struct ck_json_view *view,
                                  const char *text, size_t size, size_t line, struct ck_error *err)
{
    struct ck_error why;
    enum ck_err r = count_row(reading, err);

    if (r != CK_OK)
        return r;
    if (size > CK_PLAN_LINE_MAX)
        return ck_complaints_add(reading->complaints, line, err, "has more than %d bytes",
                                 CK_PLAN_LINE_MAX);
    if (ck_json_view_parse(view, text, size, "the row", CK_ERR_USAGE, &why) != CK_OK)
        return why.code == CK_ERR_USAGE ? complain(reading, line, why.text, err)
                                        : ck_error_no_memory(err);
    return take_json_row(reading, view, line, err);
}

static bool is_blank(const char *text, size_t size)
{
    size_t at = 0;

    while (at < size && (text[at] == ' ' || text[at] == '\t' || text[at] == '\r'))
        at++;
    return at == size;
}

static enum ck_err read_json(struct reading *reading, const char *text, size_t size,
                             struct ck_error *err)
{
    CK_CLEANUP(ck_json_view_clear) struct ck_json_view view = {0};
    enum ck_err r = CK_OK;
    size_t at = 0;

    for (size_t line = 1; r == CK_OK && at < size; line++) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = end != NULL ? (size_t)(end - text) - at : size - at;
        if (!is_blank(text + at, length))
            r = take_json_line(reading, &view, text + at, length, line, err);
        at += length + (end != NULL);
    }
    return r;
}

/* --- the file --- */

static bool is_json(const char *text, size_t size)
{
    size_t at = 0;

    while (at < size && text[at] != '\0' && strchr(" \t\r\n", text[at]) != NULL)
        at++;
    return at < size && text[at] == '{';
}

enum ck_err ck_plan_parse(const char *text, size_t size, struct ck_plan *ret_plan,
                          struct ck_complaints *complaints, struct ck_error *err)
{
    CK_CLEANUP(ck_plan_clear) struct ck_plan plan = {0};
    struct reading reading = {.plan = &plan, .complaints = complaints};
    size_t mark = strlen(byte_order_mark);

    if (size > CK_PLAN_FILE_MAX)
        return ck_error_set(err, CK_ERR_USAGE, "the plan holds more than %d bytes",
                            CK_PLAN_FILE_MAX);
    if (size >= mark && memcmp(text, byte_order_mark, mark) == 0) {
        text += mark;
        size -= mark;
    }
    enum ck_err r = is_json(text, size) ? read_json(&reading, text, size, err)
                                        : read_csv(&reading, text, size, err);
    if (r == CK_OK && reading.rows == 0) {
        ck_error_set(err, CK_ERR_USAGE, "the plan has no rows");
        r = ck_error_hint(err, "Below the line of headers stands one row for each factor.");
    }
    if (r != CK_OK)
        return r;
    *ret_plan = plan;
    plan = (struct ck_plan){0};
    return CK_OK;
}
