/* The key on the desk: finding it, judging it, making it ready. */
#include <stdio.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/clock.h"
#include "cowkey/key/pin.h"
#include "cowkey/key/reset.h"
#include "cowkey/webauthn/credential.h"
#include "desk_internal.h"

/* --- what it asks for on the way --- */

static void tell_touch(void *data, size_t count)
{
    const struct desk_work *work = data;
    const struct ck_key_person *person = work->desk->key_settings->person;

    person->tell_touch(person->data, count);
}

static void tell_touched(void *data)
{
    const struct desk_work *work = data;
    const struct ck_key_person *person = work->desk->key_settings->person;

    person->tell_touched(person->data);
}

/* The PIN that this run gave to the key is no matter for the operator. */
static enum ck_err ask_pin(void *data, int retries, bool again, struct ck_secret **ret_pin,
                           struct ck_error *err)
{
    const struct desk_work *work = data;
    const struct ck_key_person *person = work->desk->key_settings->person;

    if (work->pin == NULL)
        return person->ask_pin(person->data, retries, again, ret_pin, err);
    if (!again)
        return ck_secret_new(ck_secret_bytes(work->pin), ck_secret_size(work->pin), ret_pin, err);
    ck_error_set(err, CK_ERR_KEY, "the key has another PIN than the one of this roll-out");
    return ck_error_hint(err, "It was tried once. Plug in the key that was begun with, or reset "
                              "this one with 'cowkey key reset', which deletes all that is on it.");
}

void desk_key_init(struct desk_work *work)
{
    work->key_person = (struct ck_key_person){
        .data = work, .tell_touch = tell_touch, .tell_touched = tell_touched, .ask_pin = ask_pin};
    work->key_settings = *work->desk->key_settings;
    work->key_settings.person = &work->key_person;
}

void desk_key_close(struct desk_work *work)
{
    ck_key_close(&work->key);
}

/* --- finding it --- */

static enum ck_err find(struct desk_work *work, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) struct ck_plugged_key *keys = NULL;
    size_t count = 0;

    work->key_settings.device = work->desk->key_settings->device;
    enum ck_err r = ck_key_find_all(&work->key_settings, &keys, &count, err);
    if (r != CK_OK)
        return r;
    if (count == 0) {
        ck_key_none_found(work->key_settings.device, err);
        return ck_error_hint(err, "Plug it in, and try again.");
    }
    if (count > 1) {
        ck_error_set(err, CK_ERR_KEY,
                     "%zu security keys are plugged in, and it is not known which one is meant",
                     count);
        return ck_error_hint(err, "Leave in only the one that shall be registered.");
    }
    if (keys[0].problem.code != CK_OK) {
        *err = keys[0].problem;
        return err->code;
    }
    work->plugged = keys[0];
    return CK_OK;
}

/* From now on this one is used, and no other that is plugged in meanwhile. */
static enum ck_err open_key(struct desk_work *work, struct ck_error *err)
{
    desk_key_close(work);
    work->key_settings.device = work->plugged.path;
    return ck_key_open(&work->key_settings, &work->key, err);
}

/* --- which one it is --- */

static bool is_same_model(const struct desk_work *work)
{
    const struct ck_ledger_key *known = &work->sitting->key;
    char aaguid[CK_AAGUID_TEXT_MAX];

    ck_aaguid_format(work->plugged.info.aaguid, aaguid);
    return strcmp(known->aaguid, aaguid) == 0 && strcmp(known->serial, work->plugged.serial) == 0 &&
           strcmp(known->firmware, work->plugged.info.device_version) == 0;
}

/* Nothing is left but to force the change of its PIN. */
static bool is_settled(const struct sitting *sitting)
{
    for (size_t i = 0; i < sitting->count; i++) {
        if (ck_step_is_left(sitting->items[i].state, sitting->items[i].wants_proof))
            return false;
    }
    return true;
}

/* An item that only the key with its credential can bring to an end, or that it goes with. */
static const struct ck_ledger_item *find_bound_item(const struct sitting *sitting)
{
    for (size_t i = 0; i < sitting->count; i++) {
        const struct ck_ledger_item *item = &sitting->items[i];
        if (item->state == CK_STEP_SUBMITTED || item->state == CK_STEP_UNKNOWN ||
            ck_step_is_there(item->state))
            return item;
    }
    return NULL;
}

static enum ck_err check_used(struct desk_work *work, struct ck_error *err)
{
    const struct sitting *sitting = work->sitting;
    struct desk_used used;
    enum ck_err r = desk_find_used(work, &used, err);

    if (r != CK_OK)
        return r;
    work->resumed = used.by_this;
    if (used.by_other) {
        ck_error_set(err, CK_ERR_KEY,
                     "this key was registered in this roll-out already: it is key %u of %.200s",
                     used.n, used.account);
        return ck_error_hint(err, "Nothing was done with it. Plug in another one.");
    }
    const struct ck_ledger_item *bound = used.by_this ? NULL : find_bound_item(sitting);
    if (bound == NULL)
        return CK_OK;
    ck_error_set(err, CK_ERR_KEY,
                 "this is not the key that was begun with: '%.200s' %s registered on another one",
                 bound->label, ck_step_is_there(bound->state) ? "is" : "may be");
    return ck_error_hint(err, "Nothing was done with it. Plug in that one; if it is lost, skip it, "
                              "and remove its entry from the account.");
}

enum ck_err desk_key_look_again(struct desk_work *work, struct ck_error *err)
{
    enum ck_err r = open_key(work, err);

    if (r == CK_OK)
        r = check_used(work, err);
    desk_key_close(work);
    return r;
}

/* --- is it the one that was made ready in an earlier sitting? --- */

static bool has_our_pin(const struct desk_work *work)
{
    const struct ck_ledger_key *known = &work->sitting->key;

    return work->sitting->group->pin == CK_PIN_RANDOM && work->pin != NULL &&
           work->plugged.info.pin != CK_PIN_NOT_SET && known->pin != CK_KEY_PIN_ITS_OWN &&
           (work->resumed || is_same_model(work));
}

static bool needs_reset(const struct desk_work *work)
{
    const struct sitting *sitting = work->sitting;

    if (!sitting->group->reset || work->resumed || !work->plugged.info.fido2)
        return false;
    bool was_reset = sitting->key.reset && is_same_model(work) &&
                     (work->plugged.info.pin == CK_PIN_NOT_SET || has_our_pin(work));
    return !was_reset;
}

static enum ck_err note_key(struct desk_work *work, struct ck_error *err)
{
    struct ck_ledger_key *key = &work->sitting->key;
    bool same = is_same_model(work) || work->resumed;

    /* Another key in its place has nothing of what was done with the first one. */
    if (!same && key->aaguid[0] != '\0') {
        key->reset = false;
        key->pin = CK_KEY_PIN_ITS_OWN;
    }
    ck_aaguid_format(work->plugged.info.aaguid, key->aaguid);
    snprintf(key->serial, sizeof(key->serial), "%s", work->plugged.serial);
    snprintf(key->firmware, sizeof(key->firmware), "%s", work->plugged.info.device_version);
    return desk_put_key(work, err);
}

/* --- making it ready --- */

static void tell_unplug(void *data)
{
    desk_tell(data, DESK_NEWS_UNPLUG);
}

static void tell_plug(void *data)
{
    desk_tell(data, DESK_NEWS_PLUG);
}

static enum ck_err reset(struct desk_work *work, struct ck_error *err)
{
    const struct ck_reset_person person = {
        .data = work, .tell_unplug = tell_unplug, .tell_plug = tell_plug};
    const struct desk_person *front = work->desk->person;
    struct ck_plugged_key was = work->plugged;
    int64_t begun_ms = ck_clock_steady_ms(), waited_ms = front->waited_ms(front->data);

    work->key_settings.device = work->desk->key_settings->device;
    enum ck_err r = ck_key_reset(&work->key, &was, &person, err);
    work->elsewhere_ms +=
        ck_clock_steady_ms() - begun_ms - (front->waited_ms(front->data) - waited_ms);
    if (r != CK_OK)
        return r;
    work->sitting->key.reset = true;
    work->sitting->key.pin = CK_KEY_PIN_ITS_OWN;
    r = desk_put_key(work, err);
    if (r != CK_OK)
        return r;
    desk_tell(work, DESK_NEWS_RESET);
    /* It may have come back by another name. */
    r = find(work, err);
    return r == CK_OK ? open_key(work, err) : r;
}

static enum ck_err judge(struct desk_work *work, bool resets, struct ck_error *err)
{
    const struct sitting *sitting = work->sitting;
    bool goes_on = work->resumed && find_bound_item(sitting) != NULL;
    const struct desk_demand demand = {.group = sitting->group,
                                       .items = sitting->items,
                                       .count = sitting->count,
                                       .resets = resets,
                                       .has_our_pin = has_our_pin(work) || goes_on};

    return desk_key_fits(&demand, &work->plugged.info, err);
}

static enum ck_err make_ready(struct desk_work *work, struct ck_error *err)
{
    bool resets = needs_reset(work);
    enum ck_err r = judge(work, resets, err);

    if (r == CK_OK)
        r = note_key(work, err);
    if (r == CK_OK && resets) {
        r = reset(work, err);
        /* Now it shows what it is like for itself. */
        if (r == CK_OK)
            r = judge(work, false, err);
    }
    if (r == CK_OK)
        r = desk_pin_give(work, err);
    /* It tells other things of itself with a PIN. */
    return r == CK_OK ? open_key(work, err) : r;
}

enum ck_err desk_key_prepare(struct desk_work *work, struct ck_error *err)
{
    const struct desk_person *person = work->desk->person;

    enum ck_err r = find(work, err);
    if (r != CK_OK)
        return r;
    person->tell_key(person->data, &work->sitting->turn, &work->plugged);
    r = open_key(work, err);
    if (r == CK_OK)
        r = check_used(work, err);
    if (r == CK_OK)
        r = desk_pin_load(work, err);
    if (r == CK_OK && work->resumed)
        desk_tell(work, DESK_NEWS_RESUMED);
    if (r == CK_OK && !is_settled(work->sitting))
        r = make_ready(work, err);
    return r;
}

/* --- what comes last --- */

static enum ck_err note_pin(struct desk_work *work, enum ck_key_pin_state state,
                            struct ck_error *err)
{
    work->sitting->key.pin = state;
    enum ck_err r = desk_put_key(work, err);
    if (r == CK_OK)
        desk_tell(work,
                  state == CK_KEY_PIN_TO_CHANGE ? DESK_NEWS_PIN_FORCED : DESK_NEWS_PIN_UNFORCED);
    return r;
}

enum ck_err desk_key_force_change(struct desk_work *work, struct ck_error *err)
{
    const struct sitting *sitting = work->sitting;
    struct ck_plugged_key now;

    if (!desk_key_is_left(sitting->items, sitting->count, &sitting->key, sitting->group))
        return CK_OK;
    /* Its letter was made and sealed before this came to be. */
    if (work->pin == NULL)
        return note_pin(work, CK_KEY_PIN_UNFORCED, err);
    enum ck_err r = open_key(work, err);
    if (r == CK_OK)
        r = ck_key_describe(work->key, &now, err);
    if (r != CK_OK)
        return r;
    /* A key that has this PIN can tell what it is: it was pulled out while it was opened. */
    if (!now.info.fido2) {
        ck_error_set(err, CK_ERR_KEY, "the key was unplugged, or stopped answering");
        return ck_error_hint(err, "Plug it in again: it is to insist on a new PIN.");
    }
    if (!now.info.sets_pin_length_min)
        return note_pin(work, CK_KEY_PIN_UNFORCED, err);
    /* A run that was broken off here may have done it. */
    if (now.info.pin != CK_PIN_CHANGE_REQUIRED)
        r = ck_key_force_pin_change(work->key, work->pin, err);
    desk_key_close(work);
    return r == CK_OK ? note_pin(work, CK_KEY_PIN_TO_CHANGE, err) : r;
}
