/* Alerts, out of the escapes that the server's script line wraps them in. */
#include "alert.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/ascii.h"
#include "cowkey/base/utf8.h"
#include "html_text.h"

static const char call[] = "mailcow_alert_box('";
static const char between[] = "', '";

/* The value of count hex digits at p, or -1. */
static int32_t hex(const char *p, const char *end, int count)
{
    int32_t value = 0;

    if (end - p < count)
        return -1;
    for (int i = 0; i < count; i++) {
        int digit = ck_ascii_hex_value(p[i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* \uXXXX, or two of them where the first is a high surrogate; *p is behind the 'u'. */
static int32_t read_unicode(const char **p, const char *end)
{
    int32_t point = hex(*p, end, 4);

    if (point < 0)
        return CK_UTF8_REPLACEMENT;
    *p += 4;
    if (point >= 0xd800 && point <= 0xdbff && end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u') {
        int32_t low = hex(*p + 2, end, 4);
        if (low >= 0xdc00 && low <= 0xdfff) {
            *p += 6;
            point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    return point;
}

/* One escape of a JavaScript string; *p is behind the backslash and before end. */
static int32_t read_escape(const char **p, const char *end)
{
    char c = *(*p)++;

    switch (c) {
    case 'u':
        return read_unicode(p, end);
    case 'x': {
        int32_t point = hex(*p, end, 2);
        *p += point < 0 ? 0 : 2;
        return point < 0 ? CK_UTF8_REPLACEMENT : point;
    }
    case 'n':
    case 'r':
    case 't':
    case 'b':
    case 'f':
    case 'v':
        return ' ';
    default:
        return (c & 0x80) ? CK_UTF8_REPLACEMENT : c;
    }
}

static void unescape(const char *script, size_t size, char *out)
{
    const char *end = script + size;

    while (script < end) {
        if (*script != '\\') {
            out = ck_utf8_mend(out, &script, end);
            continue;
        }
        if (++script < end)
            out = ck_utf8_write(out, (uint32_t)read_escape(&script, end));
    }
    *out = '\0';
}

/* What a tag is to a reader; NULL where no tag that parts messages begins. */
static const char *part_of(const char *html)
{
    return strncmp(html, "<hr", 3) == 0 ? "; " : strncmp(html, "<br", 3) == 0 ? " " : NULL;
}

/*
 * The server escapes each message as HTML and joins several with tags of its own. In place: nothing
 * gets longer, since all of it is UTF-8.
 */
static void html_to_text(char *html)
{
    char *out = html;

    while (*html) {
        const char *part = part_of(html);
        /* To the end of the tag, or to the next one. */
        size_t size = part != NULL ? strcspn(html, ">") : 1 + strcspn(html + 1, "<");
        out = part != NULL ? stpcpy(out, part)
                           : ck_html_text_decode((struct ck_html_slice){html, size}, out);
        html += size;
        html += part != NULL && *html == '>' ? 1 : 0;
    }
    *out = '\0';
}

char *ck_alert_decode(const char *script, size_t size)
{
    /* An escape is longer than its UTF-8; a byte that is none becomes the three of U+FFFD. */
    char *text = malloc(size * 3 + 1);

    if (text != NULL) {
        unescape(script, size, text);
        html_to_text(text);
    }
    return text;
}

/* The end of a JavaScript string: the first quote that no backslash precedes. */
static const char *string_end(const char *p, const char *end)
{
    while (p < end && *p != '\'')
        p += (*p == '\\' && end - p > 1) ? 2 : 1;
    return p < end ? p : NULL;
}

/* Finds the two strings of the call: text from *ret_text to *ret_text_end, then the type. */
static bool split_call(const char *line, const char *end, const char **ret_text_end,
                       struct ck_alert *alert)
{
    const char *quote = string_end(line, end);

    if (quote == NULL || (size_t)(end - quote) < sizeof(between) - 1 ||
        memcmp(quote, between, sizeof(between) - 1) != 0)
        return false;

    const char *type = quote + sizeof(between) - 1;
    const char *type_end = memchr(type, '\'', (size_t)(end - type));
    if (type_end == NULL || type_end == type || (size_t)(type_end - type) >= sizeof(alert->type))
        return false;
    for (const char *p = type; p < type_end; p++) {
        if (*p < 'a' || *p > 'z')
            return false;
    }
    memcpy(alert->type, type, (size_t)(type_end - type));
    *ret_text_end = quote;
    return true;
}

enum ck_err ck_alert_read(const char *line, size_t size, struct ck_page *page, struct ck_error *err)
{
    struct ck_alert alert = {0};
    const char *text = line + sizeof(call) - 1;
    const char *text_end = NULL;

    if (size < sizeof(call) - 1 || memcmp(line, call, sizeof(call) - 1) != 0)
        return CK_OK;
    if (page->alerts_count == CK_PAGE_ALERTS_MAX ||
        !split_call(text, line + size, &text_end, &alert))
        return CK_OK;

    if (page->alerts == NULL)
        page->alerts = calloc(CK_PAGE_ALERTS_MAX, sizeof(page->alerts[0]));
    alert.text = ck_alert_decode(text, (size_t)(text_end - text));
    if (page->alerts == NULL || alert.text == NULL) {
        free(alert.text);
        return ck_error_no_memory(err);
    }
    page->alerts[page->alerts_count++] = alert;
    return CK_OK;
}
