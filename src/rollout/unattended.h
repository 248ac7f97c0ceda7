/*
 * The unattended part of a run: the authenticator apps, by several threads beside each other, each
 * of which takes the next person that nobody has taken.
 */
#ifndef ROLLOUT_UNATTENDED_H
#define ROLLOUT_UNATTENDED_H

#include <signal.h>

#include "errand.h"

enum {
    UNATTENDED_JOBS_MAX = 16,
    UNATTENDED_TRIES_MAX = 10, /* for a person, where the network or a busy server is in the way */
    UNATTENDED_AWAY_AFTER = 3, /* failures of the network with no answer between */
    UNATTENDED_BUSY_MAX = 10,  /* people whom a busy server turned away, with none between */
    UNATTENDED_PROBE_MAX_S = 30, /* between two looks whether the server is back */
};

/* Who acts for others with a session and an admin of its own, which are owned. */
struct own_operator {
    struct ck_operator by;
    struct ck_session *session;
    struct ck_admin *admin;
};
void own_operator_clear(struct own_operator *operator);

/* How far it is, in people. */
struct unattended_progress {
    size_t done, count;
    size_t failed; /* of those that are done: with a factor that failed or is unknown */
};

enum unattended_news {
    UNATTENDED_LATE, /* nothing is left but to look again, in seconds, at what the server may yet do */
    UNATTENDED_AWAY, /* the server is waited for, for so many seconds */
    UNATTENDED_BACK,
    UNATTENDED_ENDING, /* interrupted: so many people are in work, and are finished */
};

/*
 * All is borrowed. Calls come from any thread, but never two at a time.
 */
struct unattended {
    const struct errands *all;
    unsigned jobs; /* threads, 1..UNATTENDED_JOBS_MAX */
    /*
     * Who acts for others: by is that of the calling thread, NULL where no route needs one; open
     * opens another for any thread, and asks nobody. NULL: by is the only one, and jobs is 1.
     */
    const struct ck_operator *by;
    enum ck_err (*open)(void *data, struct own_operator *ret_operator, struct ck_error *err);
    unsigned max_refusals;               /* in total, as the ledger counts them; less are there */
    int64_t wait_s;                      /* how long to wait for a server that went away */
    const volatile sig_atomic_t *ending; /* nobody begins another person */
    void (*tell_progress)(void *data, const struct unattended_progress *progress);
    /* number: see the news. why: of UNATTENDED_AWAY, else NULL. */
    void (*tell_news)(void *data, enum unattended_news news, int64_t number,
                      const struct ck_error *why);
    void *data;
};

enum unattended_stop {
    UNATTENDED_DONE, /* nobody is left, but for those that were given up */
    UNATTENDED_REFUSALS,
    UNATTENDED_SERVER_AWAY,
    UNATTENDED_INTERRUPTED,
    UNATTENDED_BROKEN, /* ledger, journal or hand-outs can't be written, or nobody can act for others */
};

/* What this run did. */
struct unattended_result {
    enum unattended_stop stop;
    struct unattended_progress progress;
    size_t given_up; /* people who were tried too often for one run; something is left to do */
    struct ck_error given_up_why; /* of the last of them */
    unsigned refusals;            /* in total, over all runs */
    size_t items;                 /* factors that are further than before */
    bool changed;                 /* the server was told something, or may have been */
};

/*
 * Until nobody is left. *ret_result is always filled; *err says why it stopped, and its code is
 * returned: CK_ERR_REFUSED, CK_ERR_UNREACHABLE, CK_ERR_INTERRUPTED, or that of what is broken.
 *
 * While a login may still be refused it counts as if it were: no more of those are under way than
 * refusals are left, so that max_refusals holds whatever the number of threads.
 */
enum ck_err unattended_run(const struct unattended *run, struct unattended_result *ret_result,
                           struct ck_error *err);

#endif
