/* One person's apps, in one go and without anybody who could be asked. */
#ifndef ROLLOUT_UNATTENDED_VISIT_H
#define ROLLOUT_UNATTENDED_VISIT_H

#include "errand.h"

/* What came of it. */
struct visit {
    enum errand_result result; /* all but KEY */
    int64_t later_s;           /* with ERRAND_LATER: when to look again, seconds since 1970 */
    bool busy;                 /* the server asked to slow down meanwhile */
    bool put_back;             /* what failed while it was busy is as before: to be tried again */
    bool failed;               /* a factor failed, or is unknown */
    bool left;                 /* a factor still has something left to do */
    size_t items;              /* factors that came to be recorded or proved */
    bool changed;              /* the server was told something, or may have been */
};

/*
 * Whoever counts what may yet be refused. past_login: the account's password was taken.
 * before_proof: a fresh login is about to be made with the new factor; false: not any more, and
 * what was to be proved stays as it is.
 */
struct visit_watch {
    void *data;
    void (*past_login)(void *data);
    bool (*before_proof)(void *data);
};

/*
 * by: of this thread; NULL where the route needs none. may_put_back: what fails before the server
 * was told anything while it is busy is tried again, instead of staying failed.
 */
void visit_person(const struct errands *all, const struct ck_operator *by,
                  const struct ck_ledger_person *person, bool may_put_back,
                  const struct visit_watch *watch, struct visit *ret_visit, struct ck_error *err);

#endif
