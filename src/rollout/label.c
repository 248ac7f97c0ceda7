/* Labels from patterns. */
#include <stdio.h>
#include <string.h>

#include "cowkey/base/ascii.h"
#include "cowkey/base/utf8.h"
#include "cowkey/rollout/policy.h"

static const char *const placeholders[] = {"{account}", "{serial}", "{n}"};
enum { PLACEHOLDERS_COUNT = sizeof(placeholders) / sizeof(*placeholders) };

/* Which placeholder text begins with, or PLACEHOLDERS_COUNT. */
static int find_placeholder(const char *text)
{
    int i = 0;

    while (i < PLACEHOLDERS_COUNT && strncmp(text, placeholders[i], strlen(placeholders[i])) != 0)
        i++;
    return i;
}

const char *ck_label_check(const char *pattern)
{
    size_t size = strlen(pattern);

    if (size >= CK_FACTOR_LABEL_MAX)
        return "is too long";
    if (!ck_utf8_valid(pattern, size))
        return "is not text in UTF-8";
    if (ck_ascii_has_control(pattern, size))
        return "holds control characters";
    for (const char *at = strchr(pattern, '{'); at != NULL; at = strchr(at + 1, '{')) {
        if (find_placeholder(at) == PLACEHOLDERS_COUNT)
            return "has a brace that begins none of {account}, {serial} and {n}";
    }
    return NULL;
}

bool ck_label_has(const char *pattern, const char *placeholder)
{
    return strstr(pattern, placeholder) != NULL;
}

bool ck_label_fill(const char *pattern, const char *account, const char *serial, unsigned n,
                   char ret_label[CK_FACTOR_LABEL_MAX])
{
    char number[16], known[CK_LABEL_SERIAL_MAX + 1] = "";
    size_t used = 0;

    snprintf(number, sizeof(number), "%u", n);
    if (serial != NULL)
        snprintf(known, sizeof(known), "%s", serial);
    const char *values[] = {account, serial != NULL ? known : number, number};
    for (const char *at = pattern; *at != '\0';) {
        int found = find_placeholder(at);
        const char *piece = found < PLACEHOLDERS_COUNT ? values[found] : at;
        size_t size = found < PLACEHOLDERS_COUNT ? strlen(piece) : 1;
        if (used + size >= CK_FACTOR_LABEL_MAX)
            return false;
        memcpy(ret_label + used, piece, size);
        used += size;
        at += found < PLACEHOLDERS_COUNT ? strlen(placeholders[found]) : 1;
    }
    ret_label[used] = '\0';
    return true;
}
