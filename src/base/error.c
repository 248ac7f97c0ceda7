/* Filling errors: texts cut between characters. */
#include "cowkey/base/error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The bytes that a UTF-8 character has, told by its first byte. */
static size_t character_size(unsigned char first)
{
    if (first >= 0xf0)
        return 4;
    if (first >= 0xe0)
        return 3;
    return first >= 0xc0 ? 2 : 1;
}

/* Drops a last character of which bytes are missing. */
static void drop_half_character(char *text)
{
    size_t size = strlen(text);
    size_t start = size;

    do {
        if (start == 0)
            return;
        start--;
    } while (((unsigned char)text[start] & 0xc0) == 0x80);
    if (start + character_size((unsigned char)text[start]) > size)
        text[start] = '\0';
}

/*
 * Goes through a buffer of its own, so that the arguments may point into the text that it replaces.
 */
static void fill(char *text, size_t size_max, const char *format, va_list args)
{
    char filled[CK_ERROR_TEXT_MAX] = "";

    static_assert(CK_ERROR_HINT_MAX <= CK_ERROR_TEXT_MAX, "a hint fits into the buffer of a text");
    int size = vsnprintf(filled, size_max, format, args);
    if (size < 0)
        filled[0] = '\0';
    else if ((size_t)size >= size_max)
        drop_half_character(filled);
    memcpy(text, filled, strlen(filled) + 1);
}

enum ck_err ck_error_set(struct ck_error *err, enum ck_err code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fill(err->text, sizeof(err->text), format, args);
    va_end(args);
    err->hint[0] = '\0';
    err->code = code;
    return code;
}

enum ck_err ck_error_hint(struct ck_error *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fill(err->hint, sizeof(err->hint), format, args);
    va_end(args);
    return err->code;
}

enum ck_err ck_error_no_memory(struct ck_error *err)
{
    return ck_error_set(err, CK_ERR_UNCHANGED, "there is not enough memory");
}
