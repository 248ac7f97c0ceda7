/* The keys that are left. */
#include "desk_queue.h"

#include <stdlib.h>

#include "cowkey/base/cleanup.h"

void desk_queue_clear(struct desk_queue *queue)
{
    free(queue->units);
    *queue = (struct desk_queue){0};
}

/* --- what is left of one --- */

static bool pin_is_left(const struct ck_ledger_key *key, const struct ck_policy_group *group)
{
    return key != NULL && group != NULL && group->pin == CK_PIN_RANDOM && group->pin_change &&
           key->pin == CK_KEY_PIN_SET;
}

bool desk_key_is_left(const struct ck_ledger_item *items, size_t count,
                      const struct ck_ledger_key *key, const struct ck_policy_group *group)
{
    bool any_in = false;

    for (size_t i = 0; i < count; i++) {
        if (ck_step_is_left(items[i].state, items[i].wants_proof))
            return true;
        any_in = any_in || ck_step_is_there(items[i].state);
    }
    return any_in && pin_is_left(key, group);
}

/* --- all of them --- */

static struct desk_unit *add(struct desk_queue *queue, int64_t person, unsigned n)
{
    if (queue->count == queue->room) {
        size_t room = queue->room > 0 ? 2 * queue->room : 64;
        struct desk_unit *units = reallocarray(queue->units, room, sizeof(*units));
        if (units == NULL)
            return NULL;
        queue->units = units;
        queue->room = room;
    }
    queue->units[queue->count] = (struct desk_unit){.person = person, .n = n};
    return &queue->units[queue->count++];
}

/* A walk goes by person, whose keys are few: the last ones of the queue. */
static struct desk_unit *find_last(struct desk_queue *queue, int64_t person, unsigned n)
{
    for (size_t i = queue->count; i > 0 && queue->units[i - 1].person == person; i--) {
        if (queue->units[i - 1].n == n)
            return &queue->units[i - 1];
    }
    return NULL;
}

struct filling {
    struct desk_queue *queue;
    const struct ck_policy *policy;
};

/* Item by item that is what desk_key_is_left says of all of them. */
static enum ck_err take(void *data, const struct ck_ledger_person *person,
                        const struct ck_ledger_item *item, const struct ck_ledger_key *key,
                        struct ck_error *err)
{
    const struct filling *filling = data;

    if (item->n == 0)
        return CK_OK;
    struct desk_unit *unit = find_last(filling->queue, person->id, item->n);
    if (unit == NULL)
        unit = add(filling->queue, person->id, item->n);
    if (unit == NULL)
        return ck_error_no_memory(err);
    unit->open = unit->open ||
                 desk_key_is_left(item, 1, key, ck_policy_find(filling->policy, person->group));
    return CK_OK;
}

static int compare(const void *a, const void *b)
{
    const struct desk_unit *one = a, *other = b;

    if (one->person != other->person)
        return one->person < other->person ? -1 : 1;
    return one->n < other->n ? -1 : one->n > other->n;
}

enum ck_err desk_queue_fill(struct desk_queue *queue, struct ck_ledger *ledger,
                            const struct ck_policy *policy, struct ck_error *err)
{
    struct filling filling = {.queue = queue, .policy = policy};
    enum ck_err r = ck_ledger_walk(ledger, take, &filling, err);

    if (r == CK_OK && queue->count > 0)
        qsort(queue->units, queue->count, sizeof(*queue->units), compare);
    return r;
}

enum ck_err desk_queue_refresh(struct desk_queue *queue, struct ck_ledger *ledger,
                               const struct ck_policy *policy, int64_t person, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) struct ck_ledger_item *items = NULL;
    struct ck_ledger_person who;
    struct ck_ledger_key key;
    size_t count = 0;
    enum ck_err r = ck_ledger_person(ledger, person, &who, err);

    if (r == CK_OK)
        r = ck_ledger_items(ledger, person, &items, &count, err);
    for (size_t i = 0; r == CK_OK && i < queue->count; i++) {
        struct desk_unit *unit = &queue->units[i];
        if (unit->person != person)
            continue;
        unit->open = false;
        r = ck_ledger_key(ledger, person, unit->n, &key, err);
        for (size_t j = 0; r == CK_OK && j < count; j++) {
            if (items[j].n == unit->n)
                unit->open = unit->open || desk_key_is_left(&items[j], 1, &key,
                                                            ck_policy_find(policy, who.group));
        }
    }
    return r;
}

struct desk_unit *desk_queue_next(struct desk_queue *queue)
{
    for (size_t i = 0; i < queue->count; i++) {
        if (queue->units[i].open && !queue->units[i].passed)
            return &queue->units[i];
    }
    return NULL;
}

struct desk_unit *desk_queue_find(struct desk_queue *queue, int64_t person, unsigned n)
{
    for (size_t i = 0; i < queue->count; i++) {
        if (queue->units[i].person == person && queue->units[i].n == n)
            return &queue->units[i];
    }
    return NULL;
}

struct desk_left desk_queue_left(const struct desk_queue *queue)
{
    struct desk_left left = {0};
    int64_t last = 0;

    for (size_t i = 0; i < queue->count; i++) {
        const struct desk_unit *unit = &queue->units[i];
        if (!unit->open || unit->passed)
            continue;
        left.keys++;
        left.people += unit->person != last;
        last = unit->person;
    }
    return left;
}

unsigned desk_queue_keys(const struct desk_queue *queue, int64_t person)
{
    unsigned keys = 0;

    for (size_t i = 0; i < queue->count; i++)
        keys += queue->units[i].person == person;
    return keys;
}
