/* What a server's list tells of the accounts of a plan: as little as is held of each. */
#ifndef ROLLOUT_CHECK_LIST_H
#define ROLLOUT_CHECK_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "cowkey/mailcow/admin.h"
#include "cowkey/rollout/check.h"

/* Of a row's account; only that of an account's first row is used. */
struct told {
    bool is_told;
    int8_t active, tfa_active, force_tfa, force_pw_update, authsource;
};

/*
 * Reads the list that the accounts of the rows are in: these are all of one role, of mailboxes of one
 * domain, and sorted by account (order_of). told: one for each row. The plan gets the people's names.
 * A domain that is not there tells of nobody. Other errors are those of ck_admin_list and
 * ck_admin_walk_mailboxes; a list with somebody twice is CK_ERR_UNREACHABLE. Then nothing is told.
 */
enum ck_err check_list_read(struct ck_plan *plan, const uint32_t *rows, size_t count,
                            struct ck_admin *admin, struct told *told, struct ck_error *err);

/* Whether the list told; then it fills in record, but for the account and its name. */
bool check_list_told(const struct told *told, struct ck_record *record);

#endif
