/* The sheets that a run was cut off before. */
#include "cowkey/rollout/sheet.h"

static enum ck_err make_of(void *data, const struct ck_ledger_person *person, struct ck_error *err)
{
    size_t made;

    return ck_sheets_make(data, person->id, &made, err);
}

enum ck_err ck_sheets_make_rest(const struct ck_sheets *sheets, struct ck_error *err)
{
    struct ck_sheets of_all = *sheets;

    return ck_ledger_walk_people(sheets->ledger, make_of, &of_all, err);
}
