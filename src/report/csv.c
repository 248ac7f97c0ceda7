/* Writing CSV. */
#include "cowkey/report/csv.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/escape.h"

enum { GROWTH_MAX = 2 }; /* characters that one can become: "" or ;' */

static bool begins_formula(const char *text)
{
    static const char *const signs[] = {"=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"};

    text += strspn(text, " ");
    for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
        if (strncmp(text, signs[i], strlen(signs[i])) == 0)
            return true;
    }
    return false;
}

char *ck_csv_cell(const char *text)
{
    CK_CLEANUP(ck_free_p) char *safe = ck_escape_terminal(text);
    /* Two more units hold the quotes around it, the first ' and the NUL. */
    char *cell = safe != NULL ? reallocarray(NULL, strlen(safe) + 2, GROWTH_MAX) : NULL;
    char *to = cell;
    bool begins = true;

    if (cell == NULL)
        return NULL;
    *to++ = '"';
    for (const char *from = safe; *from != '\0'; from++) {
        if (begins && begins_formula(from))
            *to++ = '\'';
        begins = *from == ';';
        if (*from == '"')
            *to++ = '"';
        *to++ = *from;
    }
    strcpy(to, "\"");
    return cell;
}

enum ck_err ck_csv_row(FILE *to, const char *const *cells, size_t count, struct ck_error *err)
{
    for (size_t i = 0; i < count; i++) {
        CK_CLEANUP(ck_free_p) char *cell = ck_csv_cell(cells[i] != NULL ? cells[i] : "");
        if (cell == NULL)
            return ck_error_no_memory(err);
        fprintf(to, "%s%s", i > 0 ? "," : "", cell);
    }
    fputs("\r\n", to);
    return CK_OK;
}
