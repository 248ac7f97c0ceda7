/* Charts of bars and of columns in a page. */
#include "cowkey/report/html.h"

#include <stdbool.h>

enum {
    WIDTH = 640,     /* of the chart, in its own units */
    LABEL = 130,     /* where bars begin, behind their labels */
    BAR = 400,       /* a bar's length, for all of its kind */
    HEIGHT = 18,     /* of a bar */
    STEP = 30,       /* from bar to bar */
    LEGEND = 24,     /* from the last bar to the legend */
    BASELINE = 13,   /* of text, below the upper edge */
    ABOVE = 18,      /* what a label takes that stands above its bar */
    LABEL_FITS = 16, /* characters of one that stands before it, whatever they are */

    COLUMNS = 120,      /* height of a chart of columns */
    COLUMN_MAX = 28,    /* width of one, and most of the way to the next */
    COLUMN_GAP = 4,     /* the rest of it */
    COLUMNS_TOP = 20,   /* for the highest count */
    COLUMNS_BELOW = 22, /* for the labels */
    LABELS_FIT = 340    /* what two of them take */
};

static size_t sum(const struct ck_chart_bar *bar, size_t parts_count)
{
    size_t total = 0;

    for (size_t i = 0; i < parts_count; i++)
        total += bar->parts[i];
    return total;
}

/* Characters of far eastern scripts, and pictures, are two wide. */
static bool is_long(const char *label)
{
    size_t width = 0;

    for (const unsigned char *c = (const unsigned char *)label; *c != '\0'; c++)
        width += (*c & 0xc0) == 0x80 ? 0 : *c >= 0xe1 ? 2 : 1;
    return width > LABEL_FITS;
}

/* Whole units from edge to edge, so that no gap shows; what is there at all is seen. */
static void draw_bar(FILE *to, const struct ck_chart_bar *bar, const char *const *names,
                     size_t parts_count, size_t total, int y)
{
    size_t before = 0;

    for (size_t i = 0; i < parts_count; i++) {
        size_t from = before * BAR / total, end = (before + bar->parts[i]) * BAR / total;
        before += bar->parts[i];
        if (bar->parts[i] == 0)
            continue;
        fprintf(to, "<rect class=\"p%zu\" x=\"%zu\" y=\"%d\" width=\"%zu\" height=\"%d\"><title>",
                i, LABEL + from, y, end > from ? end - from : 1, HEIGHT);
        ck_html_text(to, bar->label);
        fputs(", ", to);
        ck_html_text(to, names[i]);
        fprintf(to, ": %zu</title></rect>\n", bar->parts[i]);
    }
}

static void draw_legend(FILE *to, const char *const *names, size_t parts_count, int y)
{
    for (size_t i = 0; i < parts_count; i++) {
        size_t x = i * WIDTH / parts_count;
        fprintf(to,
                "<rect class=\"p%zu\" x=\"%zu\" y=\"%d\" width=\"12\" height=\"12\"/>"
                "<text x=\"%zu\" y=\"%d\">",
                i, x, y, x + 18, y + BASELINE - 2);
        ck_html_text(to, names[i]);
        fputs("</text>\n", to);
    }
}

void ck_html_chart(FILE *to, const char *title, const char *const *names, size_t parts_count,
                   const struct ck_chart_bar *bars, size_t bars_count)
{
    int height = 0, y = 0;

    for (size_t i = 0; i < bars_count; i++) {
        if (sum(&bars[i], parts_count) > 0)
            height += STEP + (is_long(bars[i].label) ? ABOVE : 0);
    }
    if (height == 0)
        return;
    fprintf(to, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH, height + LEGEND);
    ck_html_text(to, title);
    fputs("\">\n", to);
    for (size_t i = 0; i < bars_count; i++) {
        size_t total = sum(&bars[i], parts_count);
        if (total == 0)
            continue;
        fprintf(to, "<text x=\"0\" y=\"%d\">", y + BASELINE);
        ck_html_text(to, bars[i].label);
        fputs("</text>\n", to);
        y += is_long(bars[i].label) ? ABOVE : 0;
        draw_bar(to, &bars[i], names, parts_count, total, y);
        fprintf(to, "<text x=\"%d\" y=\"%d\">%zu%% of %zu</text>\n", LABEL + BAR + 10, y + BASELINE,
                bars[i].parts[0] * 100 / total, total);
        y += STEP;
    }
    draw_legend(to, names, parts_count, y + LEGEND - 20);
    fputs("</svg>\n", to);
}

/* --- columns --- */

static void draw_column(FILE *to, const struct ck_chart_column *column, size_t highest, size_t x,
                        size_t width)
{
    size_t height = column->count * COLUMNS / highest;

    if (column->count == 0)
        return;
    height = height > 0 ? height : 1;
    fprintf(to, "<rect class=\"p0\" x=\"%zu\" y=\"%zu\" width=\"%zu\" height=\"%zu\"><title>", x,
            COLUMNS_TOP + COLUMNS - height, width, height);
    ck_html_text(to, column->label);
    fprintf(to, ": %zu</title></rect>\n", column->count);
}

static void draw_label(FILE *to, const char *label, size_t x, const char *anchor)
{
    fprintf(to, "<text x=\"%zu\" y=\"%d\" text-anchor=\"%s\">", x,
            COLUMNS_TOP + COLUMNS + COLUMNS_BELOW - 5, anchor);
    ck_html_text(to, label);
    fputs("</text>\n", to);
}

void ck_html_columns(FILE *to, const char *title, const struct ck_chart_column *columns,
                     size_t count)
{
    size_t highest = 0, at = 0;

    for (size_t i = 0; i < count; i++) {
        at = columns[i].count > highest ? i : at;
        highest = columns[at].count;
    }
    if (highest == 0)
        return;
    size_t step = WIDTH / count > COLUMN_MAX + COLUMN_GAP ? COLUMN_MAX + COLUMN_GAP
                  : WIDTH / count > 0                     ? WIDTH / count
                                                          : 1;
    size_t width = step > COLUMN_GAP ? step - COLUMN_GAP / 2 : step;
    fprintf(to, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH,
            COLUMNS_TOP + COLUMNS + COLUMNS_BELOW);
    ck_html_text(to, title);
    fputs("\">\n", to);
    for (size_t i = 0; i < count; i++)
        draw_column(to, &columns[i], highest, i * step, width);
    fprintf(to, "<text x=\"%zu\" y=\"%d\" text-anchor=\"%s\">%zu</text>\n", at * step,
            COLUMNS_TOP - 6, at * step < WIDTH / 2 ? "start" : "end", highest);
    draw_label(to, columns[0].label, 0, "start");
    if (count > 1)
        draw_label(to, columns[count - 1].label,
                   count * step > LABELS_FIT ? count * step : LABELS_FIT, "end");
    fputs("</svg>\n", to);
}
