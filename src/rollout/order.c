/* Sorting a plan by account. */
#include "order.h"

#include <stdlib.h>
#include <string.h>

int order_of_accounts(const struct ck_account *one, const struct ck_account *other)
{
    if (one->role != other->role)
        return one->role < other->role ? -1 : 1;
    int order = strcmp(ck_account_domain(one), ck_account_domain(other));
    return order != 0 ? order : strcmp(one->name, other->name);
}

static int compare_items(const void *a, const void *b)
{
    const struct ck_plan_item *one = *(const struct ck_plan_item *const *)a;
    const struct ck_plan_item *other = *(const struct ck_plan_item *const *)b;
    int order = order_of_accounts(&one->account, &other->account);

    return order != 0 ? order : (one->line > other->line) - (one->line < other->line);
}

const struct ck_plan_item **order_items(const struct ck_plan *plan)
{
    const struct ck_plan_item **items = calloc(plan->count + 1, sizeof(*items));

    if (items == NULL)
        return NULL;
    for (size_t i = 0; i < plan->count; i++)
        items[i] = &plan->items[i];
    qsort(items, plan->count, sizeof(*items), compare_items);
    return items;
}

size_t order_run(const struct ck_plan_item *const *items, size_t count)
{
    size_t run = 1;

    while (run < count && order_of_accounts(&items[0]->account, &items[run]->account) == 0)
        run++;
    return run;
}
