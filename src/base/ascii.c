#include "cowkey/base/ascii.h"

#include <string.h>

int ck_ascii_hex_value(char c)
{
    char lower = ck_ascii_lower(c);

    if (lower >= '0' && lower <= '9')
        return lower - '0';
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

size_t ck_ascii_space_size(const char *text, size_t size)
{
    size_t i = 0;

    while (i < size && memchr(" \t\n\r", text[i], 4) != NULL)
        i++;
    return i;
}

bool ck_ascii_has_control(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c == 0x7f)
            return true;
    }
    return false;
}
