/* Foreign text made safe for a page, and what every page has. */
#include "cowkey/report/html.h"

#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/escape.h"

enum { GROWTH_MAX = 6 }; /* characters that one can become: &quot; */

char *ck_html_escape(const char *text)
{
    CK_CLEANUP(ck_free_p) char *safe = ck_escape_terminal(text);
    char *escaped = safe != NULL ? reallocarray(NULL, strlen(safe) + 1, GROWTH_MAX) : NULL;
    char *to = escaped;

    if (escaped == NULL)
        return NULL;
    for (const char *from = safe; *from != '\0'; from++) {
        switch (*from) {
        case '&':
            to = stpcpy(to, "&amp;");
            break;
        case '<':
            to = stpcpy(to, "&lt;");
            break;
        case '>':
            to = stpcpy(to, "&gt;");
            break;
        case '"':
            to = stpcpy(to, "&quot;");
            break;
        case '\'':
            to = stpcpy(to, "&#39;");
            break;
        default:
            *to++ = *from;
        }
    }
    *to = '\0';
    return escaped;
}

void ck_html_text(FILE *to, const char *text)
{
    CK_CLEANUP(ck_free_p) char *escaped = ck_html_escape(text);

    if (escaped != NULL)
        fputs(escaped, to);
    else
        fputs("(out of memory)", to);
}

/*
 * The policy forbids the page whatever it does not need, should foreign text get past the escaping.
 * Colours are told apart by people who see few of them, and each also has its word.
 */
static const char head[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\">\n"
    "<head>\n"
    "<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
    "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"referrer\" content=\"no-referrer\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<style>\n"
    ":root{--ink:#1d2329;--soft:#5a6570;--paper:#fff;--line:#d5dbe1;--zebra:#f5f7f9;"
    "--good:#1f7a5c;--bad:#c2382c;--doubt:#8f5a00;--doubt-area:#d89200;--unknown:#8b96a1;--on:#fff}"
    "\n"
    "@media (prefers-color-scheme:dark){:root{--ink:#e4e8ec;--soft:#9aa5b0;--paper:#15191d;"
    "--line:#353d45;--zebra:#1c2126;--good:#3fae87;--bad:#ef6b5e;--doubt:#e5a93c;--doubt-area:#"
    "e5a93c;"
    "--unknown:#77828d;--on:#111}}\n"
    "@media print{:root{--ink:#000;--soft:#444;--paper:#fff;--line:#bbb;--zebra:#fff}}\n"
    "body{margin:0 auto;max-width:76rem;padding:1.5rem;background:var(--paper);color:var(--ink);"
    "font:15px/1.5 system-ui,sans-serif}\n"
    "h1{font-size:1.6rem;line-height:1.2;margin:0 0 .3rem;overflow-wrap:anywhere}\n"
    "h2{font-size:1.15rem;margin:2rem 0 .6rem}\n"
    "p{margin:.4rem 0;max-width:60rem}\n"
    ".soft{color:var(--soft)}\n"
    ".alarm{border-left:.3rem solid var(--bad);padding:.5rem .8rem;margin:1rem 0;"
    "background:var(--zebra)}\n"
    ".wide{overflow-x:auto}\n"
    "table{border-collapse:collapse;width:100%}\n"
    "th,td{text-align:left;vertical-align:top;padding:.3rem .7rem .3rem 0;"
    "border-bottom:1px solid var(--line)}\n"
    "thead th{color:var(--soft);font-weight:600;white-space:nowrap}\n"
    "tbody th[scope=rowgroup]{padding-top:1.1rem}\n"
    "td.name{overflow-wrap:anywhere;min-width:15rem}\n"
    "td.word{overflow-wrap:anywhere;min-width:6rem}td.short{white-space:nowrap}\n"
    "td.number{text-align:right;font-variant-numeric:tabular-nums}\n"
    "tbody tr:nth-child(even) td{background:var(--zebra)}\n"
    ".tag{display:inline-block;border-radius:.25rem;padding:0 .4rem;margin:0 .2rem .1rem 0;"
    "border:1px solid var(--line);color:inherit;text-decoration:none;font-size:.87rem;"
    "white-space:nowrap}\n"
    ".good{color:var(--good)}.bad{color:var(--bad)}.doubt{color:var(--doubt)}"
    ".unknown{color:var(--soft)}\n"
    ".tag.bad,.tag.doubt,.tag.good{border-color:currentColor}\n"
    "dl{margin:0}dt{margin-top:.9rem;font-weight:600}dd{margin:.1rem 0 0 1.2rem;max-width:60rem}\n"
    "dt:target{outline:2px solid var(--doubt);outline-offset:3px}\n"
    "svg{display:block;width:100%;max-width:44rem;height:auto}\n"
    "svg text{fill:var(--ink);font:13px system-ui,sans-serif}\n"
    "@media screen and (max-width:40rem){svg text{font-size:15px}}\n"
    ".p0{fill:var(--good)}.p1{fill:var(--bad)}.p2{fill:var(--doubt-area)}.p3{fill:var(--unknown)}\n"
    "@media print{body{padding:0;max-width:none;font-size:10pt}thead{display:table-header-group}"
    "tr,dt,dd,svg{break-inside:avoid}dt{break-after:avoid}.tag{white-space:normal}"
    "rect,.tag{print-color-adjust:exact;-webkit-print-color-adjust:exact}}\n";

void ck_html_begin(FILE *to, const char *title)
{
    ck_html_begin_styled(to, title, "");
}

void ck_html_begin_styled(FILE *to, const char *title, const char *style)
{
    fputs(head, to);
    fputs(style, to);
    fputs("</style>\n<title>", to);
    ck_html_text(to, title);
    fputs("</title>\n</head>\n<body>\n<main>\n<h1>", to);
    ck_html_text(to, title);
    fputs("</h1>\n", to);
}

void ck_html_end(FILE *to)
{
    fputs("</main>\n</body>\n</html>\n", to);
}
