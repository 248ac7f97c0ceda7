/* Who is next, and what came of whom. */
#include "unattended_pool.h"

#include <stdlib.h>
#include <time.h>

#include "cowkey/base/clock.h"

void pool_init(struct pool *pool, const struct unattended *run)
{
    *pool = (struct pool){.run = run, .error.code = CK_OK};
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->changed, NULL);
    pthread_cond_init(&pool->all_gone, NULL);
}

void pool_clear(struct pool *pool)
{
    pthread_cond_destroy(&pool->all_gone);
    pthread_cond_destroy(&pool->changed);
    pthread_mutex_destroy(&pool->lock);
    free(pool->aside);
}

/* --- waiting --- */

static void wait_for(pthread_cond_t *event, struct pool *pool, int64_t at_most_ms)
{
    int64_t when_ms =
        ck_clock_steady_ms() + (at_most_ms < POOL_LOOK_MS ? at_most_ms : POOL_LOOK_MS);
    const struct timespec when = {.tv_sec = when_ms / 1000,
                                  .tv_nsec = (long)(when_ms % 1000) * 1000000};

    pthread_cond_clockwait(event, &pool->lock, CLOCK_MONOTONIC, &when);
}

void pool_wait(struct pool *pool, int64_t at_most_ms)
{
    wait_for(&pool->changed, pool, at_most_ms);
}

static void tell(struct pool *pool, enum unattended_news news, int64_t number,
                 const struct ck_error *why)
{
    pool->run->tell_news(pool->run->data, news, number, why);
}

/* The first reason counts, since others follow from it. */
static void stop(struct pool *pool, enum unattended_stop why, const struct ck_error *err)
{
    if (pool->result.stop == UNATTENDED_DONE) {
        pool->result.stop = why;
        pool->error = *err;
    }
    pool->over = true;
    pthread_cond_broadcast(&pool->changed);
}

static void note_ending(struct pool *pool)
{
    struct ck_error err;

    if (pool->over || !*pool->run->ending)
        return;
    ck_error_set(&err, CK_ERR_INTERRUPTED, "interrupted");
    stop(pool, UNATTENDED_INTERRUPTED, &err);
    if (pool->at_work > 0)
        tell(pool, UNATTENDED_ENDING, (int64_t)pool->at_work, NULL);
}

void pool_watch(struct pool *pool)
{
    while (!pool->finished) {
        note_ending(pool);
        wait_for(&pool->all_gone, pool, POOL_LOOK_MS);
    }
}

void pool_finish(struct pool *pool)
{
    pool->finished = true;
    pthread_cond_signal(&pool->all_gone);
}

/* --- the server's return --- */

static bool probe(struct pool *pool)
{
    struct ck_http_settings settings = *pool->run->all->settings;
    enum ck_dialect dialect;
    struct ck_error ignored;

    settings.cancel = pool->run->ending; /* nothing is lost with a look */
    pthread_mutex_unlock(&pool->lock);
    enum ck_err r = ck_dialect_probe(&settings, &dialect, NULL, &ignored);
    pthread_mutex_lock(&pool->lock);
    return r == CK_OK;
}

static void wait_for_server(struct pool *pool, const struct ck_error *why)
{
    int64_t end_ms = ck_clock_steady_ms() + pool->run->wait_s * 1000, pause_ms = 1000;

    pool->away = true;
    tell(pool, UNATTENDED_AWAY, pool->run->wait_s, why);
    for (bool back = false; !back && !pool->over;) {
        int64_t next_ms = ck_clock_steady_ms() + pause_ms, now_ms;
        while ((now_ms = ck_clock_steady_ms()) < next_ms && now_ms < end_ms && !pool->over) {
            pool_wait(pool, next_ms - now_ms);
            note_ending(pool);
        }
        back = !pool->over && probe(pool);
        if (back)
            tell(pool, UNATTENDED_BACK, 0, NULL);
        else if (ck_clock_steady_ms() >= end_ms)
            stop(pool, UNATTENDED_SERVER_AWAY, why);
        pause_ms = 2 * pause_ms < UNATTENDED_PROBE_MAX_S * 1000 ? 2 * pause_ms
                                                                : UNATTENDED_PROBE_MAX_S * 1000;
    }
    pool->away = false;
    pool->cut = pool->busy = 0;
    pthread_cond_broadcast(&pool->changed);
}

static void server_is_away(struct pool *pool, const struct ck_error *why)
{
    if (pool->away || pool->over)
        return;
    if (pool->run->wait_s > 0)
        wait_for_server(pool, why);
    else
        stop(pool, UNATTENDED_SERVER_AWAY, why);
}

/* --- who is next --- */

static bool comes_before(const struct aside *a, const struct aside *b)
{
    return a->due_s != b->due_s ? a->due_s < b->due_s : a->tries < b->tries;
}

/* Of those that were put aside whoever is due; otherwise how long it takes in *ret_wait_ms. */
static bool take_aside(struct pool *pool, struct aside *ret_next, int64_t *ret_wait_ms)
{
    int64_t now_s = pool->run->all->settings->now_s();
    size_t first = 0;

    for (size_t i = 1; i < pool->aside_count; i++) {
        if (comes_before(&pool->aside[i], &pool->aside[first]))
            first = i;
    }
    if (pool->aside_count == 0)
        return false;
    if (pool->aside[first].due_s > now_s) {
        *ret_wait_ms = (pool->aside[first].due_s - now_s) * 1000;
        return false;
    }
    *ret_next = pool->aside[first];
    pool->aside[first] = pool->aside[--pool->aside_count];
    return true;
}

static bool take_new(struct pool *pool, struct aside *ret_next)
{
    bool found = false;
    struct ck_error err;

    *ret_next = (struct aside){.tries = 0};
    if (pool->all_taken)
        return false;
    if (ck_ledger_next_person(pool->run->all->ledger, CK_LEDGER_APPS, pool->cursor,
                              &ret_next->person, &found, &err) != CK_OK) {
        stop(pool, UNATTENDED_BROKEN, &err);
        return false;
    }
    if (found)
        pool->cursor = ret_next->person.id;
    pool->all_taken = !found;
    return found;
}

static void tell_late(struct pool *pool, int64_t wait_ms)
{
    if (pool->told_late || pool->at_work > 0 || !pool->all_taken)
        return;
    pool->told_late = true;
    tell(pool, UNATTENDED_LATE, wait_ms / 1000, NULL);
}

bool pool_take(struct pool *pool, struct aside *ret_next)
{
    for (;;) {
        int64_t wait_ms = POOL_LOOK_MS;
        note_ending(pool);
        if (pool->over)
            return false;
        bool may = !pool->away && pool->refusals + pool->risky < pool->run->max_refusals;
        /* New ones first: one account that is in trouble is not the server's. */
        if (may && (take_new(pool, ret_next) || take_aside(pool, ret_next, &wait_ms)))
            return true;
        if (may && pool->all_taken && pool->aside_count == 0 && pool->at_work == 0) {
            pool->over = true;
            pthread_cond_broadcast(&pool->changed);
        }
        if (pool->over)
            continue;
        if (may && pool->aside_count > 0)
            tell_late(pool, wait_ms);
        pool_wait(pool, wait_ms);
    }
}

/* --- what came of it --- */

static void put_aside(struct pool *pool, struct aside *who, int64_t due_s)
{
    struct ck_error err;

    who->due_s = due_s;
    if (pool->aside_count == pool->aside_room) {
        size_t room = pool->aside_room > 0 ? 2 * pool->aside_room : 16;
        struct aside *aside = reallocarray(pool->aside, room, sizeof(*aside));
        if (aside == NULL) {
            ck_error_no_memory(&err);
            stop(pool, UNATTENDED_BROKEN, &err);
            return;
        }
        pool->aside = aside;
        pool->aside_room = room;
    }
    pool->aside[pool->aside_count++] = *who;
}

/* What is left to do of that person, another run does. */
static void give_up(struct pool *pool, const struct ck_error *why)
{
    pool->result.given_up++;
    if (why->text[0] != '\0')
        pool->result.given_up_why = *why;
}

static void try_again(struct pool *pool, struct aside *who, const struct ck_error *why)
{
    who->tries++;
    if (who->tries < UNATTENDED_TRIES_MAX)
        put_aside(pool, who, 0);
    else
        give_up(pool, why);
}

static void person_done(struct pool *pool, bool failed)
{
    struct unattended_progress *progress = &pool->result.progress;

    progress->done++;
    progress->failed += failed;
    pool->run->tell_progress(pool->run->data, progress);
}

static void refused(struct pool *pool, const struct ck_error *why)
{
    struct ck_error err;

    if (ck_ledger_refusals(pool->run->all->ledger, &pool->refusals, &err) != CK_OK)
        stop(pool, UNATTENDED_BROKEN, &err);
    else if (pool->refusals >= pool->run->max_refusals)
        stop(pool, UNATTENDED_REFUSALS, why);
}

/* Where it was not about that person's password, something is left to do for another run. */
static void refused_person(struct pool *pool, const struct visit *visit, const struct ck_error *why)
{
    refused(pool, why);
    if (visit->failed)
        person_done(pool, true);
    else
        give_up(pool, why);
}

static void turned_away(struct pool *pool, struct aside *who, bool busy, const struct ck_error *why)
{
    unsigned in_a_row = busy ? ++pool->busy : ++pool->cut;

    try_again(pool, who, why);
    if (in_a_row >= (busy ? (unsigned)UNATTENDED_BUSY_MAX : (unsigned)UNATTENDED_AWAY_AFTER))
        server_is_away(pool, why);
}

void pool_settle(struct pool *pool, struct aside *who, const struct visit *visit,
                 const struct ck_error *err)
{
    pool->result.items += visit->items;
    pool->result.changed = pool->result.changed || visit->changed;
    if (visit->result == ERRAND_DONE || visit->result == ERRAND_LATER ||
        visit->result == ERRAND_REFUSED)
        pool->cut = pool->busy = 0;
    switch (visit->result) {
    case ERRAND_DONE:
        if (visit->put_back)
            turned_away(pool, who, true, err);
        else if (visit->left)
            give_up(pool, err);
        else
            person_done(pool, visit->failed);
        break;
    case ERRAND_LATER:
        put_aside(pool, who, visit->later_s);
        break;
    case ERRAND_REFUSED:
        refused_person(pool, visit, err);
        break;
    case ERRAND_NETWORK:
        refused(pool, err); /* something may have been, before */
        turned_away(pool, who, visit->busy, err);
        break;
    case ERRAND_INTERRUPTED:
        stop(pool, UNATTENDED_INTERRUPTED, err);
        break;
    case ERRAND_KEY: /* no key is used here */
    case ERRAND_BROKEN:
        stop(pool, UNATTENDED_BROKEN, err);
        break;
    }
}
