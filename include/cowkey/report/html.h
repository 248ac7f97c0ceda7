/* Text in a page for a browser. */
#ifndef COWKEY_REPORT_HTML_H
#define COWKEY_REPORT_HTML_H

/*
 * A new string (free it) that stands for text in HTML, also within an attribute's quotes: & < > " '
 * as references; what ck_escape_terminal would escape, as it escapes it, so that foreign text can't
 * rearrange the page's line either. NULL when memory is short.
 */
char *ck_html_escape(const char *text);

#endif
