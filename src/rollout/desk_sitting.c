/* A sitting: one key of one person, from the errand's beginning to its end. */
#include <stdlib.h>
#include <time.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/clock.h"
#include "desk_internal.h"
#include "refusals.h"

enum { LOOK_MS = 100 }; /* how often a wait for a late server looks whether it is to end */

void sitting_clear(struct sitting *sitting)
{
    free(sitting->items);
    sitting->items = NULL;
}

enum ck_err sitting_load_items(struct desk_work *work, struct sitting *sitting,
                               struct ck_error *err)
{
    size_t count = 0, kept = 0;

    sitting_clear(sitting);
    enum ck_err r =
        ck_ledger_items(work->desk->all->ledger, sitting->person.id, &sitting->items, &count, err);
    if (r != CK_OK)
        return desk_stop(work, err);
    for (size_t i = 0; i < count; i++) {
        if (sitting->items[i].n == sitting->turn.n)
            sitting->items[kept++] = sitting->items[i];
    }
    sitting->count = sitting->turn.count = kept;
    sitting->turn.items = sitting->items;
    return CK_OK;
}

static void fill_pace(const struct desk_work *work, struct desk_turn *turn)
{
    struct desk_left left = desk_queue_left(&work->queue);
    int64_t spent_ms = ck_clock_steady_ms() - work->begun_ms - work->paused_ms;

    turn->people_left = left.people;
    turn->keys_left = left.keys;
    turn->pace_ms = work->result->keys > 0 ? spent_ms / (int64_t)work->result->keys : -1;
    turn->left_ms = turn->pace_ms < 0 ? -1 : turn->pace_ms * (int64_t)left.keys;
    turn->last = work->last_person != 0 ? work->last_name : NULL;
    turn->last_n = work->last_n;
}

enum ck_err sitting_open(struct desk_work *work, int64_t person, unsigned n,
                         struct sitting *sitting, struct ck_error *err)
{
    struct ck_ledger *ledger = work->desk->all->ledger;
    struct desk_turn *turn = &sitting->turn;

    *sitting = (struct sitting){.begun_s = work->desk->all->settings->now_s(), .turn = {.n = n}};
    work->sitting = sitting;
    enum ck_err r = ck_ledger_person(ledger, person, &sitting->person, err);
    if (r == CK_OK)
        r = ck_ledger_key(ledger, person, n, &sitting->key, err);
    if (r != CK_OK)
        return desk_stop(work, err);
    turn->person = &sitting->person;
    turn->key = &sitting->key;
    turn->keys = desk_queue_keys(&work->queue, person);
    fill_pace(work, turn);
    sitting->group = ck_policy_find(work->desk->all->policy, sitting->person.group);
    if (sitting->group == NULL) {
        ck_error_set(err, CK_ERR_USAGE, "the policy has no group '%s'", sitting->person.group);
        return desk_stop(work, err);
    }
    return sitting_load_items(work, sitting, err);
}

/* --- the errand --- */

static enum ck_err get_operator(struct desk_work *work, const struct ck_operator **ret_by,
                                struct ck_error *err)
{
    const struct desk_operators *operators = work->desk->operators;
    int64_t now_ms = ck_clock_steady_ms();
    bool afresh = work->act_afresh || now_ms - work->acted_ms > DESK_SESSION_S * INT64_C(1000);

    if (work->sitting->person.route == CK_ROUTE_PASSWORD) {
        *ret_by = NULL;
        return CK_OK;
    }
    enum ck_err r = operators->get(operators->data, afresh, ret_by, err);
    if (r == CK_OK) {
        work->act_afresh = false;
        work->acted_ms = now_ms;
    } else if (r != CK_ERR_UNREACHABLE) {
        work->stopped = true;
    }
    return r;
}

static enum ck_err check_refusals(struct desk_work *work, struct ck_error *err)
{
    unsigned total = 0;
    struct ck_error cause = *err, ignored;

    if (ck_ledger_refusals(work->desk->all->ledger, &total, &ignored) != CK_OK) {
        *err = ignored;
        return desk_stop(work, err);
    }
    if (total < work->desk->max_refusals)
        return cause.code;
    refusals_reached(total, work->desk->max_refusals, &cause, err);
    return desk_stop(work, err);
}

/* What the errand says, as an error that the operator is asked about, or that ends the desk. */
static enum ck_err take_result(struct desk_work *work, enum errand_result result,
                               struct ck_error *err)
{
    switch (result) {
    case ERRAND_DONE:
    case ERRAND_LATER:
        return CK_OK;
    case ERRAND_REFUSED:
        return check_refusals(work, err);
    case ERRAND_BROKEN:
        return desk_stop(work, err);
    case ERRAND_NETWORK:
    case ERRAND_KEY:
    case ERRAND_INTERRUPTED:
        break;
    }
    return err->code != CK_OK ? err->code : ck_error_set(err, CK_ERR_UNKNOWN, "it failed");
}

/* Until the server can have nothing in work any more. */
static enum ck_err wait_for_server(struct desk_work *work, int64_t until_s, struct ck_error *err)
{
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    int64_t begun_ms = ck_clock_steady_ms();

    desk_tell(work, DESK_NEWS_LATE);
    while (!desk_is_cancelled(work) && work->desk->all->settings->now_s() < until_s)
        nanosleep(&pause, NULL);
    work->elsewhere_ms += ck_clock_steady_ms() - begun_ms;
    return desk_is_cancelled(work) ? ck_error_set(err, CK_ERR_INTERRUPTED, "interrupted") : CK_OK;
}

static enum ck_err begin_errand(struct desk_work *work, struct ck_error *err)
{
    const struct desk *desk = work->desk;
    const struct ck_operator *by = NULL;
    bool goes_on = false;

    enum ck_err r = get_operator(work, &by, err);
    if (r != CK_OK)
        return r;
    r = take_result(work,
                    errand_begin(&work->errand, desk->all, by, &work->sitting->person, desk->front,
                                 &work->key_settings, CK_LEDGER_KEYS, &goes_on, err),
                    err);
    desk_login_key_init(work);
    work->act_afresh = work->act_afresh || (by != NULL && !goes_on);
    if (r != CK_OK || goes_on)
        return r;
    return err->code != CK_OK ? err->code
                              : ck_error_set(err, CK_ERR_UNCHANGED, "the account can't be opened");
}

/* An item that ended badly says so in its cause. */
static enum ck_err judge_item(const struct ck_ledger_item *item, struct ck_error *err)
{
    if (item->state != CK_STEP_FAILED && item->state != CK_STEP_UNKNOWN)
        return CK_OK;
    *err = item->cause;
    if (err->code == CK_OK)
        ck_error_set(err, CK_ERR_UNKNOWN, "it failed");
    return err->code;
}

/* What was cut off and is not there is enrolled again at once, which takes the key of a login. */
static bool went_on_to_enroll(enum errand_result result, enum ck_step_action before,
                              const struct ck_ledger_item *item)
{
    return result == ERRAND_KEY && before == CK_STEP_DO_LOOK &&
           ck_step_action(item->state) == CK_STEP_DO_ENROLL;
}

static enum ck_err do_item(struct desk_work *work, struct ck_ledger_item *item,
                           struct ck_error *err)
{
    const char *serial = work->plugged.serial[0] != '\0' ? work->plugged.serial : NULL;
    bool was_there = ck_step_is_there(item->state);
    enum ck_err r = CK_OK;

    /* Of an earlier try, maybe with another key, whose number is in it. */
    if (ck_step_action(item->state) == CK_STEP_DO_ENROLL)
        item->label[0] = '\0';
    while (r == CK_OK && ck_step_is_left(item->state, item->wants_proof)) {
        enum ck_step_action before = ck_step_action(item->state);
        r = desk_login_key_need(work, item, err);
        if (r != CK_OK)
            break;
        enum errand_result result = errand_item(&work->errand, item, serial, err);
        work->result->changed = work->result->changed || work->errand.done.submitted;
        if (went_on_to_enroll(result, before, item))
            continue;
        r = take_result(work, result, err);
        if (r == CK_OK && result != ERRAND_LATER)
            break;
        if (r == CK_OK)
            r = wait_for_server(work, work->errand.later_s, err);
    }
    work->result->items += !was_there && ck_step_is_there(item->state);
    return r == CK_OK ? judge_item(item, err) : r;
}

/* Second factors first: from then on the key itself answers logins. */
static enum ck_err do_items(struct desk_work *work, struct ck_error *err)
{
    struct sitting *sitting = work->sitting;
    enum ck_err r = CK_OK;

    for (int passkeys = 0; passkeys <= 1; passkeys++) {
        for (size_t i = 0; r == CK_OK && i < sitting->count; i++) {
            struct ck_ledger_item *item = &sitting->items[i];
            if ((item->method == CK_ROLLOUT_PASSKEY) == (passkeys == 1) &&
                ck_step_is_left(item->state, item->wants_proof))
                r = do_item(work, item, err);
        }
    }
    return r;
}

static enum ck_err work_on_items(struct desk_work *work, struct ck_error *err)
{
    enum ck_err r = begin_errand(work, err);

    work->errand.login.key = CK_TAKE(work->key);
    if (r == CK_OK)
        r = do_items(work, err);
    ck_key_close(&work->errand.login.key);
    if (r == CK_OK)
        r = desk_key_force_change(work, err);
    if (r == CK_OK)
        r = take_result(work, errand_finish(&work->errand, err), err);
    errand_clear(&work->errand);
    return r;
}

/* --- all of it --- */

bool sitting_any_is(const struct sitting *sitting, enum ck_step_state state)
{
    for (size_t i = 0; i < sitting->count; i++) {
        if (sitting->items[i].state == state)
            return true;
    }
    return false;
}

enum ck_err sitting_try(struct desk_work *work, struct ck_error *err)
{
    ck_secret_free(&work->pin);
    enum ck_err r = desk_key_prepare(work, err);
    if (r == CK_OK)
        r = work_on_items(work, err);
    desk_key_close(work);
    ck_secret_free(&work->pin);
    return r;
}

/* All of it before the first is removed: whoever goes on later knows what was wanted. */
static enum ck_err note_undoing(struct desk_work *work, struct ck_error *err)
{
    struct sitting *sitting = work->sitting;
    enum ck_err r = CK_OK;

    for (size_t i = 0; r == CK_OK && i < sitting->count; i++) {
        struct ck_ledger_item *item = &sitting->items[i];
        if (ck_step_is_there(item->state))
            r = ck_ledger_step(work->desk->all->ledger, item->id, CK_STEP_UNDO,
                               &(struct ck_ledger_facts){.label = NULL}, &item->state, err);
    }
    return r == CK_OK ? CK_OK : desk_stop(work, err);
}

enum ck_err sitting_undo(struct desk_work *work, struct ck_error *err)
{
    struct sitting *sitting = work->sitting;

    work->key_settings.device = work->desk->key_settings->device;
    enum ck_err r = begin_errand(work, err);
    work->result->changed = work->result->changed || r == CK_OK;
    if (r == CK_OK)
        r = note_undoing(work, err);
    for (size_t i = sitting->count; r == CK_OK && i > 0; i--) {
        struct ck_ledger_item *item = &sitting->items[i - 1];
        if (item->state == CK_STEP_UNDOING)
            r = take_result(work, errand_item(&work->errand, item, NULL, err), err);
    }
    errand_clear(&work->errand);
    return r;
}
