/* The rows of a plan account by account. */
#ifndef ROLLOUT_ORDER_H
#define ROLLOUT_ORDER_H

#include <stdint.h>

#include "cowkey/rollout/plan.h"

/* Some rows, by their indexes; {0} is none. */
struct order {
    uint32_t *rows; /* owned */
    size_t count;
};
void order_clear(struct order *order);

/*
 * The rows of the plan: those of_count of these indexes (of), or (NULL) all. Sorted by account
 * (role; of mailboxes the domain; name), those of one account in the order of the file.
 */
enum ck_err order_of(const struct ck_plan *plan, const uint32_t *of, size_t of_count,
                     struct order *ret_order, struct ck_error *err);

/* The index of the account's first one among sorted rows; count: it has none. */
size_t order_find(const struct ck_plan *plan, const uint32_t *rows, size_t count,
                  const struct ck_account *account);

/* How many of the sorted rows from the first on are of its account; count: how many there are. */
size_t order_run(const struct ck_plan *plan, const uint32_t *rows, size_t count);
/* Likewise of its role and domain. */
size_t order_crowd(const struct ck_plan *plan, const uint32_t *rows, size_t count);

#endif
