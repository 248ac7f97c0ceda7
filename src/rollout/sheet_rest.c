/* The sheets that a run was cut off before. */
#include "cowkey/rollout/sheet.h"

struct resting {
    const struct ck_sheets *sheets;
    int64_t person; /* the latest */
};

static enum ck_err make_of(void *data, const struct ck_ledger_person *person,
                           const struct ck_ledger_item *item, const struct ck_ledger_key *key,
                           struct ck_error *err)
{
    struct resting *resting = data;
    size_t made;

    (void)item;
    (void)key;
    if (person->id == resting->person)
        return CK_OK;
    resting->person = person->id;
    return ck_sheets_make(resting->sheets, person->id, &made, err);
}

enum ck_err ck_sheets_make_rest(const struct ck_sheets *sheets, struct ck_error *err)
{
    struct resting resting = {.sheets = sheets};

    return ck_ledger_walk(sheets->ledger, make_of, &resting, err);
}
