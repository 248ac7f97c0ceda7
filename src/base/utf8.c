#include "cowkey/base/utf8.h"

static bool is_character(uint32_t character)
{
    bool surrogate = character >= 0xd800 && character <= 0xdfff;

    return character <= CK_UTF8_LAST && !surrogate;
}

size_t ck_utf8_read(const char *bytes, size_t size, uint32_t *ret_character)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)bytes[0];
    size_t length = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    uint32_t character = length == 1 ? first : first & (0x7fU >> length);

    if (length == 0 || length > size || first > 0xf4)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if (((unsigned char)bytes[i] & 0xc0) != 0x80)
            return 0;
        character = character << 6 | ((unsigned char)bytes[i] & 0x3f);
    }
    if (character < smallest[length] || !is_character(character))
        return 0;
    *ret_character = character;
    return length;
}

bool ck_utf8_valid(const char *bytes, size_t size)
{
    uint32_t character;

    for (size_t i = 0, length; i < size; i += length) {
        length = ck_utf8_read(bytes + i, size - i, &character);
        if (length == 0)
            return false;
    }
    return true;
}

char *ck_utf8_write(char *to, uint32_t character)
{
    uint32_t c = character != 0 && is_character(character) ? character : CK_UTF8_REPLACEMENT;

    if (c < 0x80) {
        *to = (char)c;
        return to + 1;
    }
    size_t size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, c >>= 6)
        to[i] = (char)(0x80 | (c & 0x3f));
    to[0] = (char)((0xf00 >> size & 0xf0) | c);
    return to + size;
}

char *ck_utf8_mend(char *to, const char **at, const char *end)
{
    uint32_t character = CK_UTF8_REPLACEMENT;
    size_t length = ck_utf8_read(*at, (size_t)(end - *at), &character);

    *at += length > 0 ? length : 1;
    return ck_utf8_write(to, character);
}
