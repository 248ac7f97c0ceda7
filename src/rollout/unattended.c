/* A pool of threads, which take person after person from the ledger. */
#include "unattended.h"

#include <pthread.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/mailcow/http.h"
#include "refusals.h"
#include "unattended_pool.h"

/* A thread, and who acts for it. */
struct worker {
    struct pool *pool;
    pthread_t thread;
    const struct ck_operator *by; /* somebody else's; NULL: own, once it is open */
    struct own_operator own;
    bool is_open;
    bool risky;
};

void own_operator_clear(struct own_operator *operator)
{
    ck_admin_close(&operator->admin);
    ck_session_close(&operator->session);
    *operator=(struct own_operator){.session = NULL};
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
        pool_wait(pool, POOL_LOOK_MS);
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
        own_operator_clear(&worker->own);
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
    pool_settle(pool, who, &visit, &err);
    pthread_cond_broadcast(&pool->changed);
}

static void work(struct worker *worker)
{
    struct pool *pool = worker->pool;
    struct aside who;

    pthread_mutex_lock(&pool->lock);
    while (pool_take(pool, &who))
        work_once(worker, &who);
    pthread_mutex_unlock(&pool->lock);
    own_operator_clear(&worker->own);
}

static void *run_thread(void *data)
{
    work(data);
    ck_http_thread_end();
    return NULL;
}

/* --- all of them --- */

static void *watch(void *data)
{
    struct pool *pool = data;

    pthread_mutex_lock(&pool->lock);
    pool_watch(pool);
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static void finish(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool_finish(pool);
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
        r = refusals_reached(pool->refusals, pool->run->max_refusals, NULL, err);
    return r;
}

enum ck_err unattended_run(const struct unattended *run, struct unattended_result *ret_result,
                           struct ck_error *err)
{
    struct worker workers[UNATTENDED_JOBS_MAX];
    CK_CLEANUP(pool_clear) struct pool pool;

    pool_init(&pool, run);
    *ret_result = (struct unattended_result){.stop = UNATTENDED_BROKEN};
    if (begin(&pool, err) != CK_OK)
        return err->code;
    work_together(&pool, workers);
    pool.result.refusals = pool.refusals;
    *ret_result = pool.result;
    if (pool.error.code != CK_OK)
        *err = pool.error;
    return pool.error.code;
}
