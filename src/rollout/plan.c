/* Reading a plan: CSV, or JSON lines. */
#include "cowkey/rollout/plan.h"

#include <string.h>

#include "cowkey/base/ascii.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/json_view.h"
#include "cowkey/base/utf8.h"
#include "csv_rows.h"
#include "plan_row.h"
#include "plan_store.h"
#include "text_window.h"

static const char byte_order_mark[] = "\xef\xbb\xbf";

void ck_plan_clear(struct ck_plan *plan)
{
    plan_store_free(&plan->store);
    plan->count = 0;
}

struct ck_plan_item ck_plan_item(const struct ck_plan *plan, size_t index)
{
    struct ck_plan_item item;

    plan_store_get(plan->store, index, &item);
    return item;
}

struct reading {
    struct ck_plan *plan;
    struct ck_complaints *complaints;
    size_t rows; /* bad ones, too */

    bool has_header;
    size_t columns_count;
    int columns[CSV_CELLS_MAX]; /* of the cells; PLAN_COLUMNS for a name that is none */
};

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

    plan_row_read(row, &item, &wrong, text);
    if (wrong != NULL)
        return complain(reading, row->line, wrong, err);
    enum ck_err r = plan_store_add(reading->plan->store, &item, err);
    reading->plan->count += r == CK_OK;
    return r;
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

static enum ck_err read_csv(struct reading *reading, struct text_window *window,
                            struct ck_error *err)
{
    const struct csv_taker taker = {.data = reading, .row = take_csv_row, .bad = take_bad_row};
    enum ck_err r = csv_read_window(window, &taker, err);

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

    if (size <= CK_PLAN_LINE_MAX && ck_ascii_space_size(text, size) == size)
        return CK_OK;
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

static enum ck_err read_json(struct reading *reading, struct text_window *window,
                             struct ck_error *err)
{
    CK_CLEANUP(ck_json_view_clear) struct ck_json_view view = {0};
    size_t at = 0, gone = 0, line = 1;
    bool begins = true, whole = true; /* a line, whose end is at hand */
    enum ck_err r = CK_OK;

    for (; r == CK_OK; begins = whole) {
        r = text_window_fill(window, at, at, &gone, err);
        at -= gone;
        size_t size = text_window_line(window, at, &whole);
        if (r != CK_OK || size == 0)
            return r;
        size_t ending = window->text[at + size - 1] == '\n';
        if (begins)
            r = take_json_line(reading, &view, window->text + at, size - ending, line, err);
        at += size;
        line += whole;
    }
    return r;
}

/* --- the file --- */

static bool is_json(const struct text_window *window)
{
    size_t at = ck_ascii_space_size(window->text, window->size);

    return at < window->size && window->text[at] == '{';
}

/* What is read so far is counted. */
struct counted {
    const struct ck_text_source *source;
    size_t size;
    bool begun;
};

static enum ck_err too_large(struct ck_error *err)
{
    return ck_error_set(err, CK_ERR_USAGE, "the plan holds more than %d bytes", CK_PLAN_FILE_MAX);
}

/* Without the mark at its beginning. */
static enum ck_err read_counted(void *data, char *to, size_t room, size_t *ret_size,
                                struct ck_error *err)
{
    struct counted *counted = data;
    size_t mark = strlen(byte_order_mark), size = 0, got = 0;
    enum ck_err r;

    do {
        r = counted->source->read(counted->source->data, to + size, room - size, &got, err);
        size += got;
    } while (r == CK_OK && got > 0 && !counted->begun && size <= mark);
    if (r != CK_OK)
        return r;
    counted->size += size;
    if (counted->size > CK_PLAN_FILE_MAX)
        return too_large(err);
    if (!counted->begun && size >= mark && memcmp(to, byte_order_mark, mark) == 0) {
        size -= mark;
        memmove(to, to + mark, size);
    }
    counted->begun = true;
    *ret_size = size;
    return CK_OK;
}

static enum ck_err read_window(struct text_window *window, struct ck_plan *ret_plan,
                               struct ck_complaints *complaints, struct ck_error *err)
{
    CK_CLEANUP(ck_plan_clear) struct ck_plan plan = {.store = plan_store_new()};
    struct reading reading = {.plan = &plan, .complaints = complaints};
    size_t gone;

    if (plan.store == NULL)
        return ck_error_no_memory(err);
    enum ck_err r = text_window_fill(window, 0, 0, &gone, err);
    if (r == CK_OK)
        r = is_json(window) ? read_json(&reading, window, err) : read_csv(&reading, window, err);
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

enum ck_err ck_plan_read(const struct ck_text_source *source, struct ck_plan *ret_plan,
                         struct ck_complaints *complaints, struct ck_error *err)
{
    struct counted counted = {.source = source};
    const struct ck_text_source through = {.data = &counted, .read = read_counted};
    CK_CLEANUP(text_window_clear) struct text_window window;
    enum ck_err r = text_window_open(&window, &through, NULL, 0, err);

    return r == CK_OK ? read_window(&window, ret_plan, complaints, err) : r;
}

enum ck_err ck_plan_parse(const char *text, size_t size, struct ck_plan *ret_plan,
                          struct ck_complaints *complaints, struct ck_error *err)
{
    struct ck_text_rest rest = {text, size};
    const struct ck_text_source source = {.data = &rest, .read = ck_text_rest_read};

    return size <= CK_PLAN_FILE_MAX ? ck_plan_read(&source, ret_plan, complaints, err)
                                    : too_large(err);
}
