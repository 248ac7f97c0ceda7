/* Finding one of many accounts. */
#include <stdlib.h>
#include <string.h>

#include "cowkey/mailcow/admin.h"

static int compare_names(const void *a, const void *b)
{
    const struct ck_record *one = a, *other = b;

    return strcmp(one->account.name, other->account.name);
}

void ck_records_sort(struct ck_records *records)
{
    if (records->count > 0)
        qsort(records->rows, records->count, sizeof(*records->rows), compare_names);
}

const struct ck_record *ck_records_find(const struct ck_records *sorted, const char *name)
{
    size_t from = 0, to = sorted->count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = strcmp(name, sorted->rows[middle].account.name);
        if (order == 0)
            return &sorted->rows[middle];
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
}
