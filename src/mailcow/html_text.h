/* Text of HTML made plain. */
#ifndef MAILCOW_HTML_TEXT_H
#define MAILCOW_HTML_TEXT_H

#include "html_token.h"

/* What decoding makes of each byte at most: U+FFFD out of one that is not UTF-8. */
enum { CK_HTML_TEXT_GROWTH = 3 };

/*
 * Writes the text as UTF-8 and returns where it ends, which is no NUL. Of character references it
 * knows those that PHP's htmlspecialchars writes, with their semicolon: &amp; &lt; &gt; &quot;
 * &apos;, and numbers. Others stay as they are. Windows-1252 stays out of it: &#130; is U+0082.
 * What is UTF-8 gets no longer, and may be written where it stands, or before.
 */
char *ck_html_text_decode(struct ck_html_slice text, char *to);

#endif
