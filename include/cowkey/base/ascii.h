/* The characters of ASCII, whatever the locale says of them. */
#ifndef COWKEY_BASE_ASCII_H
#define COWKEY_BASE_ASCII_H

#include <stdbool.h>
#include <stddef.h>

/* c, with a letter A-Z made lower case. */
static inline char ck_ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The value of a hexadecimal digit of either case, or -1. */
int ck_ascii_hex_value(char c);

/* How many bytes of white space text begins with: blank, tab, line feed, carriage return. */
static inline size_t ck_ascii_space_size(const char *text, size_t size)
{
    size_t i = 0;

    while (i < size && (text[i] == ' ' || text[i] == '\n' || text[i] == '\r' || text[i] == '\t'))
        i++;
    return i;
}

/* Whether size bytes hold a control character: 0x00 to 0x1f, or 0x7f. */
bool ck_ascii_has_control(const char *text, size_t size);

#endif
