/* The part of `rollout run` that asks nobody: authenticator apps. */
#ifndef CMD_ROLLOUT_APPS_H
#define CMD_ROLLOUT_APPS_H

#include "acting.h"
#include "rollout/errand.h"
#include "rollout_run_report.h"
#include "rollout_speech.h"

/* All is borrowed. */
struct rollout_apps {
    const struct options *options;
    const struct errands *all;
    const struct acting *acting;
    struct rollout_speech *speech;
    unsigned jobs; /* threads, where no further login of acting needs a person */
    unsigned max_refusals;
    int64_t wait_s; /* for a server that went away */
};

/* Until no app is left; report learns what came of it, and why it stopped. */
void rollout_apps_run(const struct rollout_apps *apps, struct rollout_run_report *report);

#endif
