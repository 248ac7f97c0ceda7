/* Striking out of a plan what a ledger has begun. */
#include "untouched.h"

#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "order.h"

struct striking {
    const struct ck_plan_item **items; /* by account; owned */
    bool *struck;                      /* of each; owned */
    size_t count;
};

static void striking_clear(struct striking *striking)
{
    free(striking->items);
    free(striking->struck);
}

/* The first row of the account, or where it would be. */
static size_t find(const struct striking *striking, const struct ck_account *account)
{
    size_t low = 0, high = striking->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (order_of_accounts(&striking->items[middle]->account, account) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static enum ck_err strike(void *data, const struct ck_ledger_person *person,
                          const struct ck_ledger_item *item, const struct ck_ledger_key *key,
                          struct ck_error *err)
{
    struct striking *striking = data;

    (void)key;
    (void)err;
    if (item->state == CK_STEP_PLANNED && item->tries == 0 && person->password == CK_PASSWORD_KEPT)
        return CK_OK;
    for (size_t i = find(striking, &person->account);
         i < striking->count &&
         order_of_accounts(&striking->items[i]->account, &person->account) == 0;
         i++)
        striking->struck[i] = true;
    return CK_OK;
}

enum ck_err untouched_rows(const struct ck_plan *plan, struct ck_ledger *ledger,
                           struct ck_plan *ret_rows, struct ck_error *err)
{
    CK_CLEANUP(striking_clear)
    struct striking striking = {
        .items = order_items(plan),
        .struck = calloc(plan->count + 1, sizeof(bool)),
        .count = plan->count,
    };
    CK_CLEANUP(ck_free_p)
    struct ck_plan_item *rows = calloc(plan->count + 1, sizeof(*rows));
    size_t count = 0;

    if (striking.items == NULL || striking.struck == NULL || rows == NULL)
        return ck_error_no_memory(err);
    enum ck_err r = ck_ledger_walk(ledger, strike, &striking, err);
    if (r != CK_OK)
        return r;
    for (size_t i = 0; i < plan->count; i++) {
        if (!striking.struck[i])
            rows[count++] = *striking.items[i];
    }
    *ret_rows = (struct ck_plan){.items = CK_TAKE(rows), .count = count};
    return CK_OK;
}
