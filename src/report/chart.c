/* A chart of bars in a page. */
#include "cowkey/report/html.h"

enum {
    WIDTH = 640,   /* of the chart, in its own units */
    LABEL = 130,   /* where bars begin, behind their labels */
    BAR = 400,     /* a bar's length, for all of its kind */
    HEIGHT = 18,   /* of a bar */
    STEP = 30,     /* from bar to bar */
    LEGEND = 24,   /* from the last bar to the legend */
    BASELINE = 13, /* of text, below the upper edge */
};

static size_t sum(const struct ck_chart_bar *bar, size_t parts_count)
{
    size_t total = 0;

    for (size_t i = 0; i < parts_count; i++)
        total += bar->parts[i];
    return total;
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
    int shown = 0, y = 0;

    for (size_t i = 0; i < bars_count; i++)
        shown += sum(&bars[i], parts_count) > 0;
    if (shown == 0)
        return;
    fprintf(to, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH,
            shown * STEP + LEGEND);
    ck_html_text(to, title);
    fputs("\">\n", to);
    for (size_t i = 0; i < bars_count; i++) {
        size_t total = sum(&bars[i], parts_count);
        if (total == 0)
            continue;
        fprintf(to, "<text x=\"0\" y=\"%d\">", y + BASELINE);
        ck_html_text(to, bars[i].label);
        fputs("</text>\n", to);
        draw_bar(to, &bars[i], names, parts_count, total, y);
        fprintf(to, "<text x=\"%d\" y=\"%d\">%zu%% of %zu</text>\n", LABEL + BAR + 10, y + BASELINE,
                bars[i].parts[0] * 100 / total, total);
        y += STEP;
    }
    draw_legend(to, names, parts_count, y + LEGEND - 20);
    fputs("</svg>\n", to);
}
