/*
 * Pages for a browser: complete in themselves, without a script and without anything from outside,
 * for light and dark screens and for paper.
 *
 * Everything is written to a stream of the caller's, who looks at ferror in the end.
 */
#ifndef COWKEY_REPORT_HTML_H
#define COWKEY_REPORT_HTML_H

#include <stddef.h>
#include <stdio.h>

/*
 * A new string (free it) that stands for text in HTML, also within an attribute's quotes: & < > " '
 * as references; what ck_escape_terminal would escape, as it escapes it, so that foreign text can't
 * rearrange the page's line either. NULL when memory is short.
 */
char *ck_html_escape(const char *text);

/* Writes text escaped. */
void ck_html_text(FILE *to, const char *text);

/* The page up to its heading; further headings and sections come from the caller. */
void ck_html_begin(FILE *to, const char *title);
/* The same with rules (CSS) of its own behind those of every page. */
void ck_html_begin_styled(FILE *to, const char *title, const char *style);
void ck_html_end(FILE *to);

enum { CK_CHART_PARTS_MAX = 4 };

/* One bar of a chart: so many of each kind. */
struct ck_chart_bar {
    const char *label;
    size_t parts[CK_CHART_PARTS_MAX];
};

/*
 * A small chart of bars that each stand for all of their kind, with its numbers beside them, drawn
 * in the page (SVG). names are those of the parts, parts_count of them: the first is shown as good,
 * then bad, doubtful and unknown. Bars of nothing are left out; long labels stand above theirs.
 */
void ck_html_chart(FILE *to, const char *title, const char *const *names, size_t parts_count,
                   const struct ck_chart_bar *bars, size_t bars_count);

/* So many at a time. */
struct ck_chart_column {
    const char *label; /* of the time */
    size_t count;
};

/*
 * A small chart of columns, one beside the other in their order, the highest as high as the chart;
 * the first and the last have their labels below. None with a count above 0: no chart.
 */
void ck_html_columns(FILE *to, const char *title, const struct ck_chart_column *columns,
                     size_t count);

#endif
