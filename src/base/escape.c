/* Checking and escaping foreign text. */
#include "cowkey/base/escape.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/utf8.h"

enum {
    /*
     * Characters that one byte of text can become. The longest forms: \xNN for one byte, \u{NNNN}
     * for two or three, \NNN for each byte of a character in a shell's $'...'.
     */
    GROWTH_MAX = 4,
};

/* Whether a terminal does something else than to show the character where it stands. */
static bool is_control(uint32_t c)
{
    bool c0_or_c1 = c < 0x20 || (c >= 0x7f && c <= 0x9f);
    bool separator = c == 0x2028 || c == 0x2029;
    bool bidirectional = c == 0x061c || c == 0x200e || c == 0x200f ||
                         (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);

    return c0_or_c1 || separator || bidirectional;
}

/* Writes a character that is_control, or a byte that is not UTF-8, and returns the end. */
static char *write_escaped(char *to, uint32_t c)
{
    if (c == '\n')
        return stpcpy(to, "\\n");
    if (c == '\t')
        return stpcpy(to, "\\t");
    return to + sprintf(to, c < 0x80 ? "\\x%02x" : "\\u{%04x}", c);
}

char *ck_escape_terminal(const char *text)
{
    size_t left = strlen(text);
    char *escaped = reallocarray(NULL, left + 1, GROWTH_MAX);
    char *to = escaped;

    if (escaped == NULL)
        return NULL;
    while (left > 0) {
        uint32_t character = 0;
        size_t length = ck_utf8_read(text, left, &character);

        if (length == 0) {
            to += sprintf(to, "\\x%02x", (unsigned char)*text);
            length = 1;
        } else if (is_control(character)) {
            to = write_escaped(to, character);
        } else {
            to = mempcpy(to, text, length);
        }
        text += length;
        left -= length;
    }
    *to = '\0';
    return escaped;
}

/* Text that every shell takes as it is. A '=' in front is a command's path in zsh. */
static bool is_shell_word(const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789@%+=:,./_-";

    return text[0] != '\0' && text[0] != '=' && text[strspn(text, plain)] == '\0';
}

static bool is_shown_as_it_is(const char *text)
{
    size_t left = strlen(text);
    uint32_t character;

    for (size_t length; left > 0; text += length, left -= length) {
        length = ck_utf8_read(text, left, &character);
        if (length == 0 || is_control(character))
            return false;
    }
    return true;
}

/* Within '...' a shell takes everything literally, and nothing can stand for the quote itself. */
static char *write_quoted(char *to, const char *text)
{
    *to++ = '\'';
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            to = stpcpy(to, "'\\''");
        else
            *to++ = *text;
    }
    return stpcpy(to, "'");
}

/* The dollar-single-quotes of POSIX.1-2024, with every byte that is not plain ASCII in octal. */
static char *write_dollar_quoted(char *to, const char *text)
{
    to = stpcpy(to, "$'");
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte < 0x20 || byte > 0x7e) {
            to += sprintf(to, "\\%03o", byte);
            continue;
        }
        if (byte == '\'' || byte == '\\')
            *to++ = '\\';
        *to++ = *text;
    }
    return stpcpy(to, "'");
}

char *ck_escape_shell(const char *text)
{
    /* One more unit than the text and its NUL need: it holds the quotes. */
    char *escaped = reallocarray(NULL, strlen(text) + 2, GROWTH_MAX);

    if (escaped == NULL)
        return NULL;
    if (is_shell_word(text))
        strcpy(escaped, text);
    else if (is_shown_as_it_is(text))
        write_quoted(escaped, text);
    else
        write_dollar_quoted(escaped, text);
    return escaped;
}
