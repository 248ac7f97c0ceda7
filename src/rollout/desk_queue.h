/* Which keys of which people are left at the desk, and which is next. */
#ifndef ROLLOUT_DESK_QUEUE_H
#define ROLLOUT_DESK_QUEUE_H

#include "cowkey/rollout/ledger.h"
#include "cowkey/rollout/policy.h"

/* One key of a person. */
struct desk_unit {
    int64_t person;
    unsigned n;
    bool open;   /* something is left to do */
    bool passed; /* the operator left it for another time: not in this run */
};

struct desk_queue {
    struct desk_unit *units; /* by person and n; owned */
    size_t count, room;
};

void desk_queue_clear(struct desk_queue *queue);

/*
 * Whether something is left to do with a key: with an item, or (all of them are settled, and one is
 * there) its random PIN is not yet forced to be changed. items: of this key; key: NULL when it was
 * not seen.
 */
bool desk_key_is_left(const struct ck_ledger_item *items, size_t count,
                      const struct ck_ledger_key *key, const struct ck_policy_group *group);

/* All keys of the ledger. */
enum ck_err desk_queue_fill(struct desk_queue *queue, struct ck_ledger *ledger,
                            const struct ck_policy *policy, struct ck_error *err);

/* Looks at a person's keys again, after something happened to them. */
enum ck_err desk_queue_refresh(struct desk_queue *queue, struct ck_ledger *ledger,
                               const struct ck_policy *policy, int64_t person,
                               struct ck_error *err);

/* The first that is open and not passed; NULL: none. */
struct desk_unit *desk_queue_next(struct desk_queue *queue);
/* NULL: there is no such key. */
struct desk_unit *desk_queue_find(struct desk_queue *queue, int64_t person, unsigned n);

struct desk_left {
    size_t people, keys;
};
struct desk_left desk_queue_left(const struct desk_queue *queue);

/* How many keys the person has in all. */
unsigned desk_queue_keys(const struct desk_queue *queue, int64_t person);

#endif
