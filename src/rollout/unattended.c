/* A pool of threads, which take person after person from the ledger. */
#include "unattended.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/clock.h"
#include "cowkey/mailcow/http.h"
#include "unattended_visit.h"

enum {
    LOOK_MS = 200, /* how often whoever waits looks for an interruption, which wakes nobody */
};

/* Somebody whose turn comes again. */
struct aside {
    struct ck_ledger_person person;
    int64_t due_s; /* not before; 0: now */
    unsigned tries;
};

struct pool {
    const struct unattended *run;

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    struct aside *aside; /* owned */
    size_t aside_count, aside_room;
    int64_t cursor; /* people up to this id were taken once */
    bool all_taken;
    size_t at_work;
    size_t risky;      /* of them: their logins may yet be refused */
    unsigned refusals; /* in total */
    unsigned cut;      /* failures of the network since the last answer */
    unsigned busy;     /* people whom a busy server turned away since then */
    bool away;         /* somebody waits for the server's return, and nobody begins */
    bool told_late;
    bool over;     /* nobody begins another person */
    bool finished; /* and nobody is in work */
    struct unattended_result result;
    struct ck_error error;
};

/* A thread, and who acts for it. */
struct worker {
    struct pool *pool;
    pthread_t thread;
    const struct ck_operator *by; /* somebody else's; NULL: own, once it is open */
    struct unattended_operator own;
    bool is_open;
    bool risky;
};

void unattended_operator_clear(struct unattended_operator *operator)
{
    ck_admin_close(&operator->admin);
    ck_session_close(&operator->session);
    *operator=(struct unattended_operator){.session = NULL};
}

/* --- waiting; all of this with the lock held --- */

static void wait_for_change(struct pool *pool, int64_t at_most_ms)
{
    int64_t when_ms = ck_clock_steady_ms() + (at_most_ms < LOOK_MS ? at_most_ms : LOOK_MS);
    const struct timespec when = {.tv_sec = when_ms / 1000,
                                  .tv_nsec = (long)(when_ms % 1000) * 1000000};

    pthread_cond_clockwait(&pool->changed, &pool->lock, CLOCK_MONOTONIC, &when);
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
            wait_for_change(pool, next_ms - now_ms);
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

/* Waits for somebody to take; false: that is over. */
static bool take(struct pool *pool, struct aside *ret_next)
{
    for (;;) {
        int64_t wait_ms = LOOK_MS;
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
        wait_for_change(pool, wait_ms);
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

static void settle(struct pool *pool, struct aside *who, const struct visit *visit,
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

/* --- one thread --- */

static void past_login(void *data)
{
    struct worker *worker = data;
    struct pool *pool = worker->pool;

    pthread_mutex_lock(&pool->lock);
    pool->risky -= worker->risky;
    worker->risky = false;
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
}

/*
 * The proof is a login that may be refused, too. Once the bound is reached, what is listed stays
 * recorded, and another run proves it.
 */
static bool before_proof(void *data)
{
    struct worker *worker = data;
    struct pool *pool = worker->pool;
    const volatile sig_atomic_t *cancel = pool->run->all->settings->cancel;
    unsigned max = pool->run->max_refusals;

    pthread_mutex_lock(&pool->lock);
    while (!worker->risky && pool->refusals < max && pool->refusals + pool->risky >= max &&
           (cancel == NULL || !*cancel))
        wait_for_change(pool, LOOK_MS);
    bool may = worker->risky || pool->refusals < max;
    pool->risky += may && !worker->risky;
    worker->risky = worker->risky || may;
    pthread_mutex_unlock(&pool->lock);
    return may;
}

/* Somebody who acts for others, where the route takes one. */
static enum ck_err need_operator(struct worker *worker, const struct ck_ledger_person *person,
                                 const struct ck_operator **ret_by, struct ck_error *err)
{
    const struct unattended *run = worker->pool->run;

    if (person->route == CK_ROUTE_PASSWORD)
        return CK_OK;
    if (worker->by == NULL && !worker->is_open) {
        enum ck_err r = run->open(run->data, &worker->own, err);
        if (r != CK_OK)
            return r;
        worker->is_open = true;
    }
    *ret_by = worker->by != NULL ? worker->by : &worker->own.by;
    return CK_OK;
}

/* A server that was away may have forgotten its sessions: the next person gets a new one. */
static void drop_session(struct worker *worker)
{
    if (worker->pool->run->open == NULL)
        return;
    if (worker->by != NULL && worker->by->session != NULL)
        worker->by = NULL;
    if (worker->is_open && worker->own.session != NULL) {
        unattended_operator_clear(&worker->own);
        worker->is_open = false;
    }
}

/* What it means for a person that nobody can act for others. */
static enum errand_result judge_operator(const struct errands *all, enum ck_err r,
                                         struct ck_error *err)
{
    struct ck_error why;
    unsigned total;

    if (r == CK_ERR_UNREACHABLE || r == CK_ERR_INTERRUPTED)
        return r == CK_ERR_UNREACHABLE ? ERRAND_NETWORK : ERRAND_INTERRUPTED;
    if (r != CK_ERR_REFUSED)
        return ERRAND_BROKEN;
    if (ck_ledger_add_refusal(all->ledger, &total, &why) == CK_OK)
        return ERRAND_REFUSED;
    *err = why;
    return ERRAND_BROKEN;
}

static void work_once(struct worker *worker, struct aside *who)
{
    struct pool *pool = worker->pool;
    const struct errands *all = pool->run->all;
    const struct ck_operator *by = NULL;
    const struct visit_watch watch = {worker, past_login, before_proof};
    struct ck_error err = {.code = CK_OK};
    struct visit visit = {.result = ERRAND_DONE};

    pool->at_work++;
    pool->risky++;
    worker->risky = true;
    pthread_mutex_unlock(&pool->lock);
    enum ck_err r = need_operator(worker, &who->person, &by, &err);
    if (r == CK_OK)
        visit_person(all, by, &who->person, who->tries + 1 < UNATTENDED_TRIES_MAX, &watch, &visit,
                     &err);
    else
        visit.result = judge_operator(all, r, &err);
    if (visit.result == ERRAND_NETWORK)
        drop_session(worker);
    pthread_mutex_lock(&pool->lock);
    pool->at_work--;
    pool->risky -= worker->risky;
    worker->risky = false;
    settle(pool, who, &visit, &err);
    pthread_cond_broadcast(&pool->changed);
}

static void work(struct worker *worker)
{
    struct pool *pool = worker->pool;
    struct aside who;

    pthread_mutex_lock(&pool->lock);
    while (take(pool, &who))
        work_once(worker, &who);
    pthread_mutex_unlock(&pool->lock);
    unattended_operator_clear(&worker->own);
}

static void *run_thread(void *data)
{
    work(data);
    ck_http_thread_end();
    return NULL;
}

/* --- all of them --- */

/* All others may be in work when somebody interrupts: who did so shall be told what goes on. */
static void *watch(void *data)
{
    struct pool *pool = data;

    pthread_mutex_lock(&pool->lock);
    while (!pool->finished) {
        note_ending(pool);
        wait_for_change(pool, LOOK_MS);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static void finish(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->finished = true;
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
}

static void work_together(struct pool *pool, struct worker *workers)
{
    unsigned jobs = pool->run->jobs, started = 1;
    pthread_t watcher;
    bool watched = pthread_create(&watcher, NULL, watch, pool) == 0;

    workers[0] = (struct worker){.pool = pool, .by = pool->run->by};
    for (; started < jobs; started++) {
        workers[started] = (struct worker){.pool = pool};
        if (pthread_create(&workers[started].thread, NULL, run_thread, &workers[started]) != 0)
            break;
    }
    /* Fewer than were wished for do, too. */
    work(&workers[0]);
    for (unsigned i = 1; i < started; i++)
        pthread_join(workers[i].thread, NULL);
    finish(pool);
    if (watched)
        pthread_join(watcher, NULL);
}

static enum ck_err begin(struct pool *pool, struct ck_error *err)
{
    struct ck_ledger *ledger = pool->run->all->ledger;
    struct ck_ledger_counts counts;
    enum ck_err r = ck_ledger_count(ledger, &counts, err);

    if (r == CK_OK)
        r = ck_ledger_refusals(ledger, &pool->refusals, err);
    if (r == CK_OK)
        pool->result.progress.count = counts.people_left[CK_LEDGER_APPS];
    if (r == CK_OK && pool->refusals >= pool->run->max_refusals)
        r = ck_error_set(err, CK_ERR_REFUSED, "the bound of refusals was reached before");
    return r;
}

enum ck_err unattended_run(const struct unattended *run, struct unattended_result *ret_result,
                           struct ck_error *err)
{
    struct worker workers[UNATTENDED_JOBS_MAX];
    struct pool pool = {.run = run, .error.code = CK_OK};

    *ret_result = (struct unattended_result){.stop = UNATTENDED_BROKEN};
    if (begin(&pool, err) != CK_OK)
        return err->code;
    pthread_mutex_init(&pool.lock, NULL);
    pthread_cond_init(&pool.changed, NULL);
    work_together(&pool, workers);
    pthread_cond_destroy(&pool.changed);
    pthread_mutex_destroy(&pool.lock);
    free(pool.aside);
    *ret_result = pool.result;
    if (pool.error.code != CK_OK)
        *err = pool.error;
    return pool.error.code;
}
