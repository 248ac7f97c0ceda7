/* What mailcow's own inline script says: role, account, form token and alerts. */
#ifndef MAILCOW_SCRIPT_H
#define MAILCOW_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "cowkey/base/error.h"
#include "cowkey/mailcow/page.h"
#include "html_token.h"

/*
 * Reads the text of one <script>. The lines that count begin with what is looked for: what people
 * write reaches the script only escaped, on a line that begins otherwise. Sets *ret_token_seen when
 * the form token's line, which comes near a page's end, was there; else leaves it alone.
 * A role that is not known, or two that differ, are CK_ERR_UNREACHABLE.
 */
enum ck_err ck_script_read(struct ck_html_slice text, struct ck_page *page, bool *ret_token_seen,
                           struct ck_error *err);

#endif
