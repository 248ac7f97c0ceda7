/* The part of `rollout run` in which an operator registers security keys. */
#ifndef CMD_ROLLOUT_DESK_H
#define CMD_ROLLOUT_DESK_H

#include "acting.h"
#include "rollout/errand.h"
#include "rollout_run_report.h"

/* All is borrowed. */
struct rollout_desk {
    const struct options *options;
    const struct errands *all;
    struct acting *acting;
    const char *ledger; /* its path */
    unsigned max_refusals;
};

/*
 * Until no key is left or the operator has enough; report learns what came of it, and why it
 * stopped. There has to be a terminal.
 */
void rollout_desk_run(const struct rollout_desk *desk, struct rollout_run_report *report);

#endif
