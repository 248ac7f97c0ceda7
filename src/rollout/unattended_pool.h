/* Who is next, and what came of whom: what the threads of an unattended run have in common. */
#ifndef ROLLOUT_UNATTENDED_POOL_H
#define ROLLOUT_UNATTENDED_POOL_H

#include <pthread.h>

#include "unattended.h"
#include "unattended_visit.h"

enum {
    POOL_LOOK_MS = 200, /* how often whoever waits looks for an interruption, which wakes nobody */
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
    pthread_cond_t all_gone; /* for who looks on, whom else nothing would concern */
    struct aside *aside;     /* owned */
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

void pool_init(struct pool *pool, const struct unattended *run);
void pool_clear(struct pool *pool);

/* --- all that follows with the lock held --- */

/* Until something changed, but not longer than POOL_LOOK_MS. */
void pool_wait(struct pool *pool, int64_t at_most_ms);

/* Looks on until pool_finish: whoever interrupts is told what goes on, also when all are in work. */
void pool_watch(struct pool *pool);
void pool_finish(struct pool *pool);

/* Waits for somebody to take; false: that is over. */
bool pool_take(struct pool *pool, struct aside *ret_next);

/* What came of a visit to who; *err says why, where it is not done. */
void pool_settle(struct pool *pool, struct aside *who, const struct visit *visit,
                 const struct ck_error *err);

#endif
