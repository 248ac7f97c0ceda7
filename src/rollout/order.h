/* The items of a plan account by account. */
#ifndef ROLLOUT_ORDER_H
#define ROLLOUT_ORDER_H

#include "cowkey/rollout/plan.h"

/* As strcmp. */
int order_of_accounts(const struct ck_account *one, const struct ck_account *other);

/*
 * The items sorted by account (role; of mailboxes the domain; name), those of one account in the
 * order of the file. A new array of plan->count (free it); NULL when memory is short.
 */
const struct ck_plan_item **order_items(const struct ck_plan *plan);

/* How many of the items from the first on are of its account; count: how many there are. */
size_t order_run(const struct ck_plan_item *const *items, size_t count);

#endif
