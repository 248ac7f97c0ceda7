/*
 * The rows of a plan, held so that 100000 of them are a few MiB: a row is a few numbers, and each
 * text stands once where rows that are near to each other have the same.
 */
#ifndef ROLLOUT_PLAN_STORE_H
#define ROLLOUT_PLAN_STORE_H

#include <stddef.h>

#include "cowkey/rollout/plan.h"

struct plan_store *plan_store_new(void); /* NULL: memory is short */
void plan_store_free(struct plan_store **store);

/* Adds a row behind the others; its texts are copied, and each is shorter than CK_PLAN_LINE_MAX. */
enum ck_err plan_store_add(struct plan_store *store, const struct ck_plan_item *item,
                           struct ck_error *err);

void plan_store_get(const struct plan_store *store, size_t index, struct ck_plan_item *ret_item);

/* Parts of a row, without the rest; borrowed. */
const char *plan_store_name(const struct plan_store *store, size_t index);
enum ck_role plan_store_role(const struct plan_store *store, size_t index);

/* The name of the row's person, instead of one that it has; "" changes nothing. */
enum ck_err plan_store_set_display_name(struct plan_store *store, size_t index, const char *name,
                                        struct ck_error *err);

#endif
