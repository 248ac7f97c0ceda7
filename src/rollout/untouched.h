/* The rows of a plan whose accounts nobody has touched yet. */
#ifndef ROLLOUT_UNTOUCHED_H
#define ROLLOUT_UNTOUCHED_H

#include "cowkey/rollout/ledger.h"
#include "order.h"

/*
 * Those of plan whose accounts are in the ledger as on the first day, or not at all. What a server
 * tells of the others (a second factor, a password that has to be changed) may be this roll-out's
 * own doing, so that it says nothing against a row. They come by account; clear ret_rows.
 */
enum ck_err untouched_rows(const struct ck_plan *plan, struct ck_ledger *ledger,
                           struct order *ret_rows, struct ck_error *err);

#endif
