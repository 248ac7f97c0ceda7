/* What ck_exceptions_parse accepts are whole rows; names are found among them, whatever they are. */
#include "cowkey/admin/exceptions.h"

#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/utf8.h"
#include "target.h"

static void require_row(const struct ck_exceptions *exceptions, size_t index)
{
    const struct ck_exception *row = &exceptions->rows[index];
    const struct ck_exception *found = NULL;
    size_t at = 0;

    require(row->pattern[0] != '\0' && row->reason[0] != '\0');
    require(ck_utf8_valid(row->pattern, strlen(row->pattern)));
    require(strlen(row->reason) < CK_EXCEPTION_REASON_MAX);
    require(index == 0 || row->line > exceptions->rows[index - 1].line);
    require(row->ends_s > 0 && row->ends_s % 86400 == 0);
    /* Its own name it matches until it ends, and another row may hold longer. */
    require(ck_exceptions_find(exceptions, row->pattern, row->ends_s - 1, &found) ==
            CK_EXCEPTION_ACTIVE);
    require(found->ends_s >= row->ends_s);
    require(ck_exceptions_next_expired(exceptions, row->ends_s, &at) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    CK_CLEANUP(ck_exceptions_clear) struct ck_exceptions exceptions = {0};
    struct ck_error err;

    if (ck_exceptions_parse((const char *)bytes, size, &exceptions, &err) != CK_OK) {
        require(err.code == CK_ERR_USAGE && exceptions.count == 0 && exceptions.rows == NULL);
        return 0;
    }
    require(exceptions.count <= CK_EXCEPTIONS_MAX);
    for (size_t i = 0; i < exceptions.count; i++)
        require_row(&exceptions, i);
    return 0;
}
