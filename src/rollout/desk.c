/* The desk: key after key, until none is left or the operator has enough. */
#include "desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/clock.h"
#include "cowkey/mailcow/http.h"
#include "desk_internal.h"

bool desk_is_cancelled(const struct desk_work *work)
{
    const volatile sig_atomic_t *cancel = work->desk->key_settings->cancel;

    return cancel != NULL && *cancel;
}

enum ck_err desk_stop(struct desk_work *work, const struct ck_error *err)
{
    work->stopped = true;
    return err->code;
}

enum ck_err desk_put_key(struct desk_work *work, struct ck_error *err)
{
    enum ck_err r = ck_ledger_put_key(work->desk->all->ledger, &work->sitting->key, err);

    return r == CK_OK ? CK_OK : desk_stop(work, err);
}

void desk_tell(const struct desk_work *work, enum desk_news news)
{
    const struct desk_person *person = work->desk->person;

    person->tell_news(person->data, &work->sitting->turn, news);
}

/* --- one key --- */

/* Own time is what is left of the time that went by. */
struct measure {
    int64_t begun_ms, waited_ms, network_ms, elsewhere_ms;
};

static struct measure begin_measure(const struct desk_work *work)
{
    const struct desk_person *person = work->desk->person;

    return (struct measure){
        .begun_ms = ck_clock_steady_ms(),
        .waited_ms = person->waited_ms(person->data),
        .network_ms = ck_http_thread_waited_ms(),
        .elsewhere_ms = work->elsewhere_ms,
    };
}

static int64_t end_measure(const struct measure *begun, const struct desk_work *work)
{
    struct measure now = begin_measure(work);
    int64_t own_ms = now.begun_ms - begun->begun_ms - (now.waited_ms - begun->waited_ms) -
                     (now.network_ms - begun->network_ms) -
                     (now.elsewhere_ms - begun->elsewhere_ms);

    return own_ms > 0 ? own_ms : 0;
}

/*
 * What failed with this key, or is unknown and is looked for first; and what failed with it of the
 * person's other keys, as with an account that could not be opened.
 */
static bool is_taken_up(const struct sitting *sitting, const struct ck_ledger_item *item)
{
    if (item->n == sitting->turn.n)
        return item->state == CK_STEP_FAILED || item->state == CK_STEP_UNKNOWN;
    return item->n != 0 && item->state == CK_STEP_FAILED && item->changed_s >= sitting->begun_s;
}

static enum ck_err take_up_again(struct desk_work *work, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) struct ck_ledger_item *items = NULL;
    struct sitting *sitting = work->sitting;
    struct ck_ledger *ledger = work->desk->all->ledger;
    size_t count = 0;
    enum ck_err r = ck_ledger_items(ledger, sitting->person.id, &items, &count, err);

    for (size_t i = 0; r == CK_OK && i < count; i++) {
        if (is_taken_up(sitting, &items[i]))
            r = ck_ledger_step(ledger, items[i].id, CK_STEP_RETRY, NULL, NULL, err);
    }
    return r == CK_OK ? sitting_load_items(work, sitting, err) : desk_stop(work, err);
}

/* What the server was told of stays as it is: it is looked after another time. */
static enum ck_err skip(struct desk_work *work, struct ck_error *err)
{
    struct sitting *sitting = work->sitting;
    struct desk_unit *unit = desk_queue_find(&work->queue, sitting->person.id, sitting->turn.n);
    enum ck_err r = sitting_load_items(work, sitting, err);

    for (size_t i = 0; r == CK_OK && i < sitting->count; i++) {
        struct ck_ledger_item *item = &sitting->items[i];
        enum ck_step_state next;
        if (!ck_step_next(item->state, CK_STEP_SKIP, &next))
            continue;
        r = ck_ledger_step(work->desk->all->ledger, item->id, CK_STEP_SKIP, NULL, &item->state,
                           err);
        if (r != CK_OK)
            desk_stop(work, err);
    }
    if (unit != NULL)
        unit->passed = true;
    if (r == CK_OK)
        desk_tell(work, DESK_NEWS_SKIPPED);
    return r;
}

static enum ck_err rest(struct desk_work *work, enum desk_answer *ret_answer, struct ck_error *err)
{
    const struct desk_person *person = work->desk->person;
    int64_t begun_ms = ck_clock_steady_ms();
    enum ck_err r = person->ask_go_on(person->data, &work->sitting->turn, ret_answer, err);

    work->paused_ms += ck_clock_steady_ms() - begun_ms;
    return r;
}

static enum ck_err ask_after(struct desk_work *work, const struct ck_error *why,
                             enum desk_answer *ret_answer, struct ck_error *err)
{
    const struct desk_person *person = work->desk->person;
    enum desk_answer answer = work->answer;
    enum ck_err r = CK_OK;

    if (!work->answered)
        r = person->ask_after(person->data, &work->sitting->turn, why, &answer, err);
    while (r == CK_OK && answer == DESK_PAUSE) {
        r = rest(work, &answer, err);
        if (r == CK_OK && answer == DESK_GO)
            r = person->ask_after(person->data, &work->sitting->turn, why, &answer, err);
    }
    work->answered = false;
    if (r == CK_OK)
        *ret_answer = answer;
    return r;
}

/* Until it is done, or the operator passes it over or quits: *ret_answer is DESK_GO for done. */
static enum ck_err try_until_answered(struct desk_work *work, enum desk_answer *ret_answer,
                                      struct ck_error *err)
{
    for (;;) {
        enum desk_answer answer = DESK_GO;
        struct measure measure = begin_measure(work);
        enum ck_err r = sitting_try(work, err);
        int64_t own_ms = end_measure(&measure, work);
        struct ck_error why = *err;

        work->sitting->key.own_ms += own_ms;
        if (r == CK_OK) {
            *ret_answer = DESK_GO;
            return CK_OK;
        }
        if (work->stopped)
            return r;
        if (desk_put_key(work, err) != CK_OK)
            return err->code;
        if (desk_is_cancelled(work))
            return ck_error_set(err, CK_ERR_INTERRUPTED, "interrupted");
        r = ask_after(work, &why, &answer, err);
        if (r == CK_OK && answer != DESK_GO) {
            *ret_answer = answer;
            return CK_OK;
        }
        if (r == CK_OK)
            r = take_up_again(work, err);
        if (r != CK_OK)
            return r;
    }
}

/* items: how many of them came to be in the account in this sitting. */
static enum ck_err conclude(struct desk_work *work, size_t items, struct ck_error *err)
{
    const struct desk_person *person = work->desk->person;
    struct sitting *sitting = work->sitting;
    const struct desk_done done = {
        .items = sitting->items, .count = sitting->count, .key = &sitting->key};

    sitting->key.done_s = work->desk->all->settings->now_s();
    enum ck_err r = desk_put_key(work, err);
    if (r != CK_OK)
        return r;
    work->result->keys++;
    work->last_person = sitting->person.id;
    work->last_n = sitting->turn.n;
    work->last_items = items;
    memcpy(work->last_name, sitting->person.account.name, sizeof(work->last_name));
    person->tell_done(person->data, &sitting->turn, &done);
    return CK_OK;
}

static enum ck_err sit(struct desk_work *work, bool *ret_quit, struct ck_error *err)
{
    size_t items_before = work->result->items;
    enum desk_answer answer = DESK_GO;
    enum ck_err r = try_until_answered(work, &answer, err);

    if (r == CK_OK && answer == DESK_GO)
        r = conclude(work, work->result->items - items_before, err);
    else if (r == CK_OK && answer == DESK_SKIP)
        r = skip(work, err);
    else if (r == CK_OK)
        *ret_quit = true;
    return r;
}

/* --- undoing the last one --- */

/* A key that comes in its place, be it the same one, is new. */
static enum ck_err forget_key(struct desk_work *work, struct ck_error *err)
{
    struct ck_ledger_key *key = &work->sitting->key;

    key->reset = false;
    key->done_s = 0;
    if (ck_key_pin_may_become(key->pin, CK_KEY_PIN_ITS_OWN))
        key->pin = CK_KEY_PIN_ITS_OWN;
    return desk_put_key(work, err);
}

/* Until nothing of it is left, or the operator has enough of it: *ret_answer is DESK_GO for gone. */
static enum ck_err undo_until_answered(struct desk_work *work, enum desk_answer *ret_answer,
                                       struct ck_error *err)
{
    *ret_answer = DESK_GO;
    while (sitting_undo(work, err) != CK_OK) {
        struct ck_error why = *err;
        if (work->stopped)
            return err->code;
        if (desk_is_cancelled(work))
            return ck_error_set(err, CK_ERR_INTERRUPTED, "interrupted");
        enum ck_err r = ask_after(work, &why, ret_answer, err);
        if (r != CK_OK || *ret_answer != DESK_GO)
            return r;
    }
    return CK_OK;
}

/* Also one that an earlier run was broken off at: its key is never begun with meanwhile. */
static enum ck_err undo(struct desk_work *work, int64_t person, unsigned n, bool *ret_quit,
                        struct ck_error *err)
{
    CK_CLEANUP(sitting_clear) struct sitting sitting = {.items = NULL};
    enum desk_answer answer = DESK_GO;
    enum ck_err r = sitting_open(work, person, n, &sitting, err);

    if (r != CK_OK)
        return r;
    desk_tell(work, DESK_NEWS_UNDOING);
    r = undo_until_answered(work, &answer, err);
    if (r == CK_OK && answer == DESK_GO)
        r = forget_key(work, err);
    if (r != CK_OK)
        return r;
    if (answer == DESK_GO) {
        if (work->last_person == person && work->last_n == n) {
            work->last_person = 0;
            work->result->keys--;
            work->result->items -= work->last_items;
        }
        desk_tell(work, DESK_NEWS_UNDONE);
    }
    *ret_quit = answer == DESK_QUIT;
    struct desk_unit *unit = desk_queue_find(&work->queue, person, n);
    if (unit != NULL)
        unit->passed = answer != DESK_GO;
    r = desk_queue_refresh(&work->queue, work->desk->all->ledger, work->desk->all->policy, person,
                           err);
    return r == CK_OK ? CK_OK : desk_stop(work, err);
}

/* --- the whole --- */

static enum ck_err note_begun(struct desk_work *work, struct ck_error *err)
{
    struct ck_ledger_key *key = &work->sitting->key;

    if (key->begun_s != 0)
        return CK_OK;
    key->begun_s = work->desk->all->settings->now_s();
    return desk_put_key(work, err);
}

static enum ck_err turn_of(struct desk_work *work, const struct desk_unit *unit, bool *ret_quit,
                           struct ck_error *err)
{
    const struct desk_person *person = work->desk->person;
    CK_CLEANUP(sitting_clear) struct sitting sitting = {.items = NULL};
    enum desk_answer answer = DESK_GO;

    enum ck_err r = sitting_open(work, unit->person, unit->n, &sitting, err);
    if (r == CK_OK)
        r = note_begun(work, err);
    if (r == CK_OK)
        r = person->ask_next(person->data, &sitting.turn, &answer, err);
    if (r != CK_OK)
        return r;
    switch (answer) {
    case DESK_GO:
        if (sitting_any_is(&sitting, CK_STEP_UNDOING))
            return undo(work, unit->person, unit->n, ret_quit, err);
        r = sit(work, ret_quit, err);
        break;
    case DESK_SKIP:
        r = skip(work, err);
        break;
    case DESK_UNDO:
        return work->last_person != 0 ? undo(work, work->last_person, work->last_n, ret_quit, err)
                                      : CK_OK;
    case DESK_PAUSE:
        r = rest(work, &answer, err);
        *ret_quit = answer == DESK_QUIT;
        return r;
    case DESK_QUIT:
        *ret_quit = true;
        break;
    }
    if (r != CK_OK)
        return r;
    r = desk_queue_refresh(&work->queue, work->desk->all->ledger, work->desk->all->policy,
                           sitting.person.id, err);
    return r == CK_OK ? CK_OK : desk_stop(work, err);
}

static enum ck_err run(struct desk_work *work, struct ck_error *err)
{
    const struct errands *all = work->desk->all;
    struct desk_unit *unit;
    bool quit = false;
    enum ck_err r = desk_queue_fill(&work->queue, all->ledger, all->policy, err);

    while (r == CK_OK && !quit && (unit = desk_queue_next(&work->queue)) != NULL)
        r = turn_of(work, unit, &quit, err);
    work->result->quit = quit;
    return r;
}

enum ck_err desk_count(const struct errands *all, size_t *ret_keys, struct ck_error *err)
{
    CK_CLEANUP(desk_queue_clear) struct desk_queue queue = {.units = NULL};
    enum ck_err r = desk_queue_fill(&queue, all->ledger, all->policy, err);

    if (r == CK_OK)
        *ret_keys = desk_queue_left(&queue).keys;
    return r;
}

enum ck_err desk_run(const struct desk *desk, struct desk_result *ret_result, struct ck_error *err)
{
    struct desk_work *work = calloc(1, sizeof(*work));
    struct desk_result result = {0};

    *ret_result = result;
    if (work == NULL)
        return ck_error_no_memory(err);
    work->desk = desk;
    work->result = &result;
    work->begun_ms = work->acted_ms = ck_clock_steady_ms();
    desk_key_init(work);
    enum ck_err r = run(work, err);
    desk_key_close(work);
    ck_secret_free(&work->pin);
    desk_queue_clear(&work->queue);
    free(work);
    *ret_result = result;
    return r;
}
