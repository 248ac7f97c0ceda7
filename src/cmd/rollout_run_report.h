/* What `rollout run` did, for people and for scripts. */
#ifndef CMD_ROLLOUT_RUN_REPORT_H
#define CMD_ROLLOUT_RUN_REPORT_H

#include <stdint.h>

#include "cowkey/rollout/ledger.h"
#include "options.h"

/* Why a run ended with something left to do. */
enum rollout_stop {
    ROLLOUT_GOES_ON, /* it did not: what is left was tried */
    ROLLOUT_REFUSALS,
    ROLLOUT_SERVER_AWAY,
    ROLLOUT_INTERRUPTED,
    ROLLOUT_QUIT, /* by the operator at the desk */
    ROLLOUT_BROKEN,
};

/* All is borrowed. */
struct rollout_run_report {
    const struct options *options;
    const char *server, *ledger, *handouts;
    bool sealed;
    bool does_apps, does_keys; /* --only */
    bool desk_waits;           /* keys are left, and there is no terminal */
    size_t items_now;          /* factors that came to be recorded or proved */
    bool changed;              /* the server was told something, or may have been */
    enum rollout_stop stop;
    struct ck_error error; /* why; code CK_OK: none */
    int64_t started_s;

    /* Of the ledger, in the end. */
    struct ck_ledger_counts counts;
    unsigned refusals;
};

/* Notes why it stopped; whoever interrupted it is told that it can go on. */
void rollout_run_report_stop(struct rollout_run_report *report, enum rollout_stop why,
                             const struct ck_error *err);

/* Prints it; returns the exit status. */
int rollout_run_report_print(const struct rollout_run_report *report);

#endif
