#include "html_text.h"

#include <stdint.h>
#include <string.h>

#include "cowkey/base/ascii.h"
#include "cowkey/base/utf8.h"

static const struct {
    const char *name;
    char character;
} references[] = {{"amp;", '&'}, {"lt;", '<'}, {"gt;", '>'}, {"quot;", '"'}, {"apos;", '\''}};

/* The number at *at, which is behind "&#", and its semicolon; false when it is none. */
static bool take_number(const char **at, const char *end, uint32_t *ret_number)
{
    const char *p = *at;
    bool hex = p < end && ck_ascii_lower(*p) == 'x';
    uint32_t number = 0;
    const char *first = p += hex ? 1 : 0;

    for (int digit; p < end && (digit = ck_ascii_hex_value(*p)) >= 0 && (hex || digit < 10); p++) {
        /* One more digit can't make it a character again, nor overflow. */
        if (number <= CK_UTF8_LAST)
            number = number * (hex ? 16 : 10) + (uint32_t)digit;
    }
    if (p == first || p == end || *p != ';')
        return false;
    *at = p + 1;
    *ret_number = number;
    return true;
}

/* Takes the reference at *at, which is behind its '&'; false when it is none that is known. */
static bool take_reference(const char **at, const char *end, uint32_t *ret_character)
{
    if (*at < end && **at == '#') {
        const char *number = *at + 1;
        if (!take_number(&number, end, ret_character))
            return false;
        *at = number;
        return true;
    }
    for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++) {
        size_t size = strlen(references[i].name);
        if ((size_t)(end - *at) < size || memcmp(*at, references[i].name, size) != 0)
            continue;
        *at += size;
        *ret_character = (uint32_t)references[i].character;
        return true;
    }
    return false;
}

char *ck_html_text_decode(struct ck_html_slice text, char *to)
{
    const char *at = text.bytes, *end = text.bytes + text.size;

    while (at < end) {
        uint32_t character;
        if (*at != '&') {
            to = ck_utf8_mend(to, &at, end);
            continue;
        }
        at++;
        if (take_reference(&at, end, &character))
            to = ck_utf8_write(to, character);
        else
            *to++ = '&';
    }
    return to;
}
