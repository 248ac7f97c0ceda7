/* What `rollout check` found, for people and for scripts. */
#ifndef CMD_ROLLOUT_CHECK_REPORT_H
#define CMD_ROLLOUT_CHECK_REPORT_H

#include <stdint.h>

#include "cowkey/rollout/check.h"
#include "options.h"

enum { ROLLOUT_PLAN, ROLLOUT_POLICY, ROLLOUT_SECRETS, ROLLOUT_FILES };

/* One of the files, and what is wrong with it. */
struct rollout_file {
    const char *path; /* NULL: none was given */
    struct ck_complaints complaints;
};

/* All but the complaints is borrowed. */
struct rollout_check_report {
    const struct options *options;
    struct rollout_file files[ROLLOUT_FILES];
    struct ck_rollout rollout;
    struct ck_check_counts counts; /* of a plan without complaints */
    const char *server;            /* NULL: it was not asked */
    const char *login;             /* who asked it; NULL: an API key */
    unsigned login_touches;
    struct ck_check_found found;
    int64_t started_s;
};
void rollout_check_report_clear(struct rollout_check_report *report);

/* Whether the files alone have something wrong. */
bool rollout_check_report_is_bad(const struct rollout_check_report *report);

/* Prints it; returns the exit status. */
int rollout_check_report_print(struct rollout_check_report *report);

#endif
