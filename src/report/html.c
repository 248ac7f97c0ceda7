/* Foreign text made safe for a page. */
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
