/* Striking out of a plan what a ledger has begun. */
#include "untouched.h"

#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"

struct striking {
    const struct ck_plan *plan;
    struct order order;
    bool *struck; /* of each of these; owned */
};

static void striking_clear(struct striking *striking)
{
    order_clear(&striking->order);
    free(striking->struck);
}

static enum ck_err strike(void *data, const struct ck_ledger_person *person,
                          const struct ck_ledger_item *item, const struct ck_ledger_key *key,
                          struct ck_error *err)
{
    struct striking *striking = data;
    const struct order *order = &striking->order;

    (void)key;
    (void)err;
    if (item->state == CK_STEP_PLANNED && item->tries == 0 && person->password == CK_PASSWORD_KEPT)
        return CK_OK;
    size_t at = order_find(striking->plan, order->rows, order->count, &person->account);
    size_t run =
        at < order->count ? order_run(striking->plan, &order->rows[at], order->count - at) : 0;
    for (size_t i = at; i < at + run; i++)
        striking->struck[i] = true;
    return CK_OK;
}

enum ck_err untouched_rows(const struct ck_plan *plan, struct ck_ledger *ledger,
                           struct order *ret_rows, struct ck_error *err)
{
    CK_CLEANUP(striking_clear)
    struct striking striking = {.plan = plan, .struck = calloc(plan->count + 1, sizeof(bool))};
    struct order *order = &striking.order;
    size_t count = 0;

    if (striking.struck == NULL)
        return ck_error_no_memory(err);
    enum ck_err r = order_of(plan, NULL, 0, order, err);
    if (r == CK_OK)
        r = ck_ledger_walk(ledger, strike, &striking, err);
    if (r != CK_OK)
        return r;
    for (size_t i = 0; i < order->count; i++) {
        if (!striking.struck[i])
            order->rows[count++] = order->rows[i];
    }
    *ret_rows = (struct order){.rows = CK_TAKE(order->rows), .count = count};
    return CK_OK;
}
