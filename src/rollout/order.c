/* Sorting a plan by account. */
#include "order.h"

#include <stdlib.h>
#include <string.h>

#include "plan_store.h"

void order_clear(struct order *order)
{
    free(order->rows);
    *order = (struct order){0};
}

/* Of accounts of one role. */
static const char *domain_of(const char *name, enum ck_role role)
{
    const char *at = role == CK_ROLE_MAILBOX ? strrchr(name, '@') : NULL;

    return at != NULL ? at + 1 : "";
}

static int compare_crowds(const char *one, enum ck_role role, const char *other,
                          enum ck_role other_role)
{
    if (role != other_role)
        return role < other_role ? -1 : 1;
    return strcmp(domain_of(one, role), domain_of(other, role));
}

static int compare_accounts(const char *one, enum ck_role role, const char *other,
                            enum ck_role other_role)
{
    int order = compare_crowds(one, role, other, other_role);

    return order != 0 ? order : strcmp(one, other);
}

static int compare_to(const struct ck_account *account, const struct ck_plan *plan, uint32_t row)
{
    return compare_accounts(account->name, account->role, plan_store_name(plan->store, row),
                            plan_store_role(plan->store, row));
}

size_t order_find(const struct ck_plan *plan, const uint32_t *rows, size_t count,
                  const struct ck_account *account)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_to(account, plan, rows[middle]) > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && compare_to(account, plan, rows[low]) == 0 ? low : count;
}

static int compare_rows(const void *a, const void *b, void *data)
{
    const uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;
    const struct plan_store *store = data;
    int order = compare_accounts(plan_store_name(store, one), plan_store_role(store, one),
                                 plan_store_name(store, other), plan_store_role(store, other));

    return order != 0 ? order : (one > other) - (one < other);
}

enum ck_err order_of(const struct ck_plan *plan, const uint32_t *of, size_t of_count,
                     struct order *ret_order, struct ck_error *err)
{
    size_t count = of != NULL ? of_count : plan->count;
    uint32_t *rows = calloc(count + 1, sizeof(*rows));

    if (rows == NULL)
        return ck_error_no_memory(err);
    for (size_t i = 0; i < count; i++)
        rows[i] = of != NULL ? of[i] : (uint32_t)i;
    if (count > 0)
        qsort_r(rows, count, sizeof(*rows), compare_rows, plan->store);
    *ret_order = (struct order){rows, count};
    return CK_OK;
}

size_t order_run(const struct ck_plan *plan, const uint32_t *rows, size_t count)
{
    const char *name = plan_store_name(plan->store, rows[0]);
    enum ck_role role = plan_store_role(plan->store, rows[0]);
    size_t run = 1;

    while (run < count && plan_store_role(plan->store, rows[run]) == role &&
           strcmp(plan_store_name(plan->store, rows[run]), name) == 0)
        run++;
    return run;
}

size_t order_crowd(const struct ck_plan *plan, const uint32_t *rows, size_t count)
{
    const char *name = plan_store_name(plan->store, rows[0]);
    enum ck_role role = plan_store_role(plan->store, rows[0]);
    size_t run = 1;

    while (run < count && compare_crowds(name, role, plan_store_name(plan->store, rows[run]),
                                         plan_store_role(plan->store, rows[run])) == 0)
        run++;
    return run;
}
