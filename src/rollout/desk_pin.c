/* The PIN of the key on the desk: a random one, which is handed out, or what the person types. */
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/key/pin.h"
#include "desk_internal.h"

/* --- the random one --- */

static enum ck_err put_state(struct desk_work *work, enum ck_key_pin_state state,
                             struct ck_error *err)
{
    work->sitting->key.pin = state;
    return desk_put_key(work, err);
}

enum ck_err desk_pin_load(struct desk_work *work, struct ck_error *err)
{
    const struct sitting *sitting = work->sitting;

    ck_secret_free(&work->pin);
    if (sitting->group->pin != CK_PIN_RANDOM)
        return CK_OK;
    enum ck_err r = ck_pending_get(work->desk->all->pending, CK_PENDING_PIN, sitting->person.id,
                                   sitting->turn.n, &work->pin, err);
    return r == CK_OK ? CK_OK : desk_stop(work, err);
}

/*
 * For a key without a PIN. Made once: what a letter says stays, unless the policy wants longer ones
 * by now.
 */
static enum ck_err make(struct desk_work *work, struct ck_error *err)
{
    const struct sitting *sitting = work->sitting;
    const struct errands *all = work->desk->all;
    CK_CLEANUP(ck_secret_free) struct ck_secret *pin = NULL;
    enum ck_err r = CK_OK;

    if (work->pin != NULL && ck_secret_size(work->pin) >= sitting->group->pin_length)
        return CK_OK;
    if (work->pin != NULL)
        r = ck_pending_remove(all->pending, CK_PENDING_PIN, sitting->person.id, sitting->turn.n,
                              err);
    ck_secret_free(&work->pin);
    if (r == CK_OK)
        r = ck_pin_random(sitting->group->pin_length, all->random, &pin, err);
    if (r == CK_OK)
        r = ck_pending_put(all->pending, CK_PENDING_PIN, sitting->person.id, sitting->turn.n, pin,
                           err);
    if (r != CK_OK)
        return desk_stop(work, err);
    work->pin = CK_TAKE(pin);
    return CK_OK;
}

static enum ck_err set(struct desk_work *work, struct ck_error *err)
{
    const struct ck_pin_wish wish = {.pin = work->pin};
    bool is_set = false;

    return ck_key_set_pin(work->key, CK_PIN_ACT_SET, &wish, &is_set, err);
}

/*
 * A key that looks like the one that got it may be another one, whose own PIN no letter has: only
 * the key can tell. A change to the same PIN changes nothing, and needs no touch.
 */
static enum ck_err try_out(struct desk_work *work, struct ck_error *err)
{
    const struct ck_pin_wish wish = {.pin = work->pin};
    bool is_set = false;

    return ck_key_set_pin(work->key, CK_PIN_ACT_CHANGE, &wish, &is_set, err);
}

static enum ck_err give_random(struct desk_work *work, struct ck_error *err)
{
    struct ck_ledger_key *key = &work->sitting->key;
    bool fresh = work->plugged.info.pin == CK_PIN_NOT_SET;
    enum ck_err r = CK_OK;

    /* What was registered when the policy wanted PINs that are typed has its own, and keeps it. */
    if (!fresh && key->pin == CK_KEY_PIN_ITS_OWN) {
        ck_secret_free(&work->pin);
        return CK_OK;
    }
    if (!fresh && !work->resumed && try_out(work, err) != CK_OK)
        return err->code;
    /* Another key has taken the place of the one that had it, or that one was reset. */
    if (fresh && key->pin > CK_KEY_PIN_HANDED_OUT)
        r = put_state(work, CK_KEY_PIN_ITS_OWN, err);
    if (r == CK_OK && fresh)
        r = make(work, err);
    if (r == CK_OK && key->pin == CK_KEY_PIN_ITS_OWN)
        r = put_state(work, CK_KEY_PIN_HANDED_OUT, err);
    if (r == CK_OK && fresh)
        r = set(work, err);
    if (r != CK_OK)
        return r;
    if (key->pin == CK_KEY_PIN_HANDED_OUT)
        r = put_state(work, CK_KEY_PIN_SET, err);
    if (r == CK_OK && fresh)
        desk_tell(work, DESK_NEWS_PIN_SET);
    return r;
}

/* --- the person's own --- */

/* Of a key that has none, and needs one. */
static enum ck_err give_typed(struct desk_work *work, struct ck_error *err)
{
    const struct sitting *sitting = work->sitting;
    const struct desk_person *person = work->desk->person;
    const struct desk_demand demand = {
        .group = sitting->group, .items = sitting->items, .count = sitting->count};
    CK_CLEANUP(ck_secret_free) struct ck_secret *pin = NULL;

    if (work->plugged.info.pin != CK_PIN_NOT_SET || !desk_needs_pin(&demand, &work->plugged.info))
        return CK_OK;
    int64_t least = work->plugged.info.pin_length_min;
    enum ck_err r = person->ask_new_pin(person->data, &sitting->turn, least, &pin, err);
    if (r == CK_OK)
        r = ck_pin_check(pin, least, err);
    if (r != CK_OK)
        return r;
    work->pin = CK_TAKE(pin);
    r = set(work, err);
    if (r != CK_OK)
        ck_secret_free(&work->pin);
    return r;
}

enum ck_err desk_pin_give(struct desk_work *work, struct ck_error *err)
{
    return work->sitting->group->pin == CK_PIN_RANDOM ? give_random(work, err)
                                                      : give_typed(work, err);
}
