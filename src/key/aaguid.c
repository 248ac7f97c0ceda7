/* Looking up an AAGUID in the table that the build makes of aaguid.csv. */
#include "cowkey/key/aaguid.h"

#include <stdlib.h>
#include <string.h>

struct row {
    uint8_t aaguid[CK_AAGUID_SIZE];
    const char *name;
};

/* Sorted by AAGUID. */
static const struct row rows[] = {
#include "aaguid_table.h"
};

static int compare(const void *aaguid, const void *row)
{
    return memcmp(aaguid, ((const struct row *)row)->aaguid, CK_AAGUID_SIZE);
}

const char *ck_aaguid_name(const uint8_t aaguid[CK_AAGUID_SIZE])
{
    const struct row *row =
        bsearch(aaguid, rows, sizeof(rows) / sizeof(*rows), sizeof(*rows), compare);

    return row == NULL ? NULL : row->name;
}
