/* The alerts that a page shows to its reader, out of the script line that carries each. */
#ifndef MAILCOW_ALERT_H
#define MAILCOW_ALERT_H

#include <stddef.h>

#include "cowkey/base/error.h"
#include "cowkey/mailcow/page.h"

/*
 * Reads one trimmed script line. A line that is no alert, and one beyond CK_PAGE_ALERTS_MAX,
 * changes nothing; the only error is that memory is short.
 */
enum ck_err ck_alert_read(const char *line, size_t size, struct ck_page *page,
                          struct ck_error *err);

/*
 * Turns the size characters of a JavaScript string's inside into UTF-8 (RFC 8259's escapes and \x,
 * unpaired surrogates and NUL as U+FFFD), and the HTML which that is into plain text. A new string,
 * NULL when memory is short.
 */
char *ck_alert_decode(const char *script, size_t size);

#endif
