/* UTF-8 (RFC 3629: no surrogates, no overlong forms), a character at a time. */
#ifndef COWKEY_BASE_UTF8_H
#define COWKEY_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CK_UTF8_MAX = 4,              /* bytes of a character */
    CK_UTF8_REPLACEMENT = 0xfffd, /* what stands for what is none */
    CK_UTF8_LAST = 0x10ffff,
};

/*
 * Reads one character and returns the bytes that it has, 0 when they are not UTF-8. size > 0.
 */
size_t ck_utf8_read(const char *bytes, size_t size, uint32_t *ret_character);

bool ck_utf8_valid(const char *bytes, size_t size);

/*
 * Writes one character, U+FFFD for what no string of C and UTF-8 holds (NUL, surrogates, what is
 * beyond the last one), and returns where it ends: CK_UTF8_MAX bytes at most, and no NUL behind.
 */
char *ck_utf8_write(char *to, uint32_t character);

/*
 * Copies the character at *at, which it moves on, and returns where the copy ends. NUL and a byte
 * that is not UTF-8 become U+FFFD: three bytes out of one. *at < end.
 */
char *ck_utf8_mend(char *to, const char **at, const char *end);

#endif
