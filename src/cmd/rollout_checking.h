/*
 * What a check of a plan and its run have in common: the files, who manages the accounts, and what
 * is wrong.
 */
#ifndef CMD_ROLLOUT_CHECKING_H
#define CMD_ROLLOUT_CHECKING_H

#include "acting.h"
#include "person.h"
#include "progress.h"
#include "rollout_check_report.h"

/* Keep it where it was initialised: its parts borrow from each other. */
struct rollout_checking {
    const struct options *options;
    struct ck_plan plan;
    struct ck_policy policy;
    struct ck_secrets secrets;
    char *directory; /* of the plan */
    struct acting acting;
    struct speaker speaker;
    struct ck_person person;
    struct ck_key_person key_person;
    struct progress progress;
    struct rollout_check_report report;
};

void rollout_checking_init(struct rollout_checking *checking, const struct options *options);
void rollout_checking_clear(struct rollout_checking *checking);

/* Plan, policy and secrets. What is wrong in them goes to the report, and is no error. */
enum ck_err rollout_checking_read_files(struct rollout_checking *checking, struct ck_error *err);

/*
 * After that: who manages, from the options. acts: with a journal, since something will be done.
 * Nothing is sent yet.
 */
enum ck_err rollout_checking_read_server(struct rollout_checking *checking, bool acts,
                                         struct ck_error *err);

/* Asks the server what it speaks, and logs in where that is needed. */
enum ck_err rollout_checking_open_server(struct rollout_checking *checking, struct ck_error *err);

/* Looks the accounts of the plan's rows up: of these, or (NULL) of all. Problems go to the report. */
enum ck_err rollout_checking_ask_server(struct rollout_checking *checking, const uint32_t *rows,
                                        size_t count, enum ck_check_depth depth,
                                        struct ck_error *err);

/* Says that nobody is enrolled, since something is wrong with the plan; the exit status. */
int rollout_checking_refuse(struct rollout_checking *checking);

#endif
