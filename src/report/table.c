/* Laying out a table. */
#include "cowkey/report/table.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/escape.h"

enum {
    GAP = 2,       /* blanks between columns */
    INDENT = 4,    /* of what goes below the others */
    ROOM_MIN = 24, /* columns of a terminal that the last column wants */
};

struct ck_table {
    size_t columns;
    char **cells; /* rows after rows, the headers first; owned */
    size_t count; /* of cells */
    size_t capacity;
};

/* One character, of size bytes at most; what the locale does not know counts for itself. */
static size_t step(const char *text, size_t size, size_t *ret_width)
{
    mbstate_t state = {0};
    wchar_t character;
    size_t length = mbrtowc(&character, text, size, &state);

    if (length == 0 || length > size) {
        bool continues = ((unsigned char)*text & 0xc0) == 0x80;
        *ret_width = continues ? 0 : 1;
        return 1;
    }
    int width = wcwidth(character);
    *ret_width = width < 0 ? 1 : (size_t)width;
    return length;
}

static size_t width_of(const char *text, size_t size)
{
    size_t width = 0, one;

    for (size_t at = 0; at < size; width += one)
        at += step(text + at, size - at, &one);
    return width;
}

size_t ck_text_width(const char *text)
{
    return width_of(text, strlen(text));
}

enum ck_err ck_table_new(const char *const *headers, size_t count, struct ck_table **ret_table,
                         struct ck_error *err)
{
    CK_CLEANUP(ck_table_free) struct ck_table *table = calloc(1, sizeof(*table));

    if (table == NULL)
        return ck_error_no_memory(err);
    table->columns = count;
    enum ck_err r = ck_table_add(table, headers, err);
    if (r == CK_OK)
        *ret_table = CK_TAKE(table);
    return r;
}

void ck_table_free(struct ck_table **table)
{
    if (*table == NULL)
        return;
    for (size_t i = 0; i < (*table)->count; i++)
        free((*table)->cells[i]);
    free((*table)->cells);
    free(*table);
    *table = NULL;
}

static enum ck_err reserve(struct ck_table *table, struct ck_error *err)
{
    if (table->count + table->columns <= table->capacity)
        return CK_OK;
    size_t capacity = 2 * table->capacity + 16 * table->columns;
    char **cells = reallocarray(table->cells, capacity, sizeof(*cells));
    if (cells == NULL)
        return ck_error_no_memory(err);
    table->cells = cells;
    table->capacity = capacity;
    return CK_OK;
}

enum ck_err ck_table_add(struct ck_table *table, const char *const *cells, struct ck_error *err)
{
    size_t before = table->count;
    enum ck_err r = reserve(table, err);

    for (size_t i = 0; r == CK_OK && i < table->columns; i++) {
        char *cell = ck_escape_terminal(cells[i]);
        if (cell == NULL)
            r = ck_error_no_memory(err);
        else
            table->cells[table->count++] = cell;
    }
    while (r != CK_OK && table->count > before)
        free(table->cells[--table->count]);
    return r;
}

/* --- layout --- */

struct layout {
    size_t widths[CK_TABLE_COLUMNS_MAX];
    size_t indent; /* of the last column */
    size_t room;   /* for it; 0: as much as it wants */
    bool is_below; /* the last column goes below the others */
};

static struct layout lay_out(const struct ck_table *table, size_t width)
{
    struct layout layout = {.indent = 0};

    for (size_t i = 0; i < table->count; i++) {
        size_t *widest = &layout.widths[i % table->columns];
        size_t cell = ck_text_width(table->cells[i]);
        *widest = cell > *widest ? cell : *widest;
    }
    for (size_t i = 0; i + 1 < table->columns; i++)
        layout.indent += layout.widths[i] + GAP;
    layout.room = layout.widths[table->columns - 1];
    bool fits = width == 0 || layout.indent + layout.room <= width;
    if (!fits && layout.indent + ROOM_MIN > width) {
        layout.is_below = true;
        layout.indent = INDENT;
    }
    if (!fits)
        layout.room = width > layout.indent + ROOM_MIN ? width - layout.indent : ROOM_MIN;
    return layout;
}

/* How many bytes of text go on one line of room columns: up to a blank, or one word too long. */
static size_t take_line(const char *text, size_t room)
{
    size_t taken = 0;

    for (size_t end = 0; text[end] != '\0';) {
        end += strspn(text + end, " ");
        end += strcspn(text + end, " ");
        if (taken > 0 && width_of(text, end) > room)
            break;
        taken = end;
    }
    return taken;
}

struct printer {
    void (*line)(void *data, const char *text);
    void *data;
    char *text; /* the line that is being put together */
    size_t size;
    FILE *stream; /* writes it */
};

static void put_blanks(struct printer *printer, size_t count)
{
    fprintf(printer->stream, "%*s", (int)count, "");
}

static void end_line(struct printer *printer)
{
    fflush(printer->stream);
    if (!ferror(printer->stream)) {
        printer->text[printer->size] = '\0'; /* what a longer line left behind it is still there */
        printer->line(printer->data, printer->text);
    }
    rewind(printer->stream);
}

/* No blanks behind the last thing of a line. */
static void print_row(struct printer *printer, const struct layout *layout, char *const *cells,
                      size_t columns)
{
    const char *last = cells[columns - 1];
    size_t pending = 0;
    bool begun = false;

    for (size_t i = 0; i + 1 < columns; i++) {
        size_t width = ck_text_width(cells[i]);
        if (*cells[i] != '\0') {
            put_blanks(printer, pending);
            fputs(cells[i], printer->stream);
            pending = 0;
            begun = true;
        }
        pending += layout->widths[i] - (*cells[i] != '\0' ? width : 0) + GAP;
    }
    if (layout->is_below && begun)
        end_line(printer);
    if (layout->is_below)
        pending = layout->indent;
    bool first = !layout->is_below;
    while (*last != '\0') {
        size_t size = take_line(last, layout->room);
        put_blanks(printer, first ? pending : layout->indent);
        fwrite(last, 1, size, printer->stream);
        end_line(printer);
        last += size;
        last += strspn(last, " ");
        first = false;
    }
    if (first)
        end_line(printer);
}

enum ck_err ck_table_print(const struct ck_table *table, size_t width,
                           void (*line)(void *data, const char *text), void *data,
                           struct ck_error *err)
{
    struct layout layout = lay_out(table, width);
    struct printer printer = {.line = line, .data = data};

    printer.stream = open_memstream(&printer.text, &printer.size);
    if (printer.stream == NULL)
        return ck_error_no_memory(err);
    for (size_t i = 0; i < table->count; i += table->columns)
        print_row(&printer, &layout, &table->cells[i], table->columns);
    bool failed = ferror(printer.stream) != 0;
    fclose(printer.stream);
    free(printer.text);
    return failed ? ck_error_no_memory(err) : CK_OK;
}
