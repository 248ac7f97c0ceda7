/* What tests of files with bad lines say often. */
#ifndef COWKEY_TESTS_COMPLAINTS_H
#define COWKEY_TESTS_COMPLAINTS_H

#include <stdio.h>
#include <stdlib.h>

#include "cowkey/rollout/complaints.h"
#include "tests/unit/base/expect.h"

/* The complaint of this index is about line, and part stands in it. */
__attribute__((unused)) static void assert_complaint(const struct ck_complaints *complaints,
                                                     size_t index, size_t line, const char *part)
{
    if (complaints->count <= index)
        fail_msg("there are %zu complaints, none of \"%s\"", complaints->count, part);
    const struct ck_complaint *row = &complaints->rows[index];
    if (row->line != line || strstr(row->text, part) == NULL)
        fail_msg("line %zu: \"%s\" is not line %zu: \"%s\"", row->line, row->text, line, part);
}

__attribute__((unused)) static void assert_none(const struct ck_complaints *complaints)
{
    if (complaints->count > 0)
        fail_msg("line %zu: %s", complaints->rows[0].line, complaints->rows[0].text);
    assert_int_equal(complaints->more, 0);
}

#endif
