/* What `rollout handout` did, for people and for scripts. */
#ifndef CMD_ROLLOUT_HANDOUT_H
#define CMD_ROLLOUT_HANDOUT_H

#include "cowkey/rollout/sheet.h"
#include "options.h"

enum handout_result {
    HANDOUT_OPEN, /* an error came before */
    HANDOUT_MADE,
    HANDOUT_NOTHING, /* nothing of the person is proved or recorded yet */
    HANDOUT_BEFORE,  /* all of it was handed out before */
    HANDOUT_EARLY,   /* it is not sealed before the run has finished with the person */
    HANDOUT_DELETED,
    HANDOUT_NONE, /* there was no sheet to remove */
    HANDOUT_RESULTS
};

struct handout_person {
    int64_t id;
    struct ck_account account;
    enum handout_result result;
    bool work_left, doubtful;
    bool pending; /* now: secrets that are on a sheet, or wait for one */
    size_t files;
};

/* All but people is borrowed. */
struct handout_report {
    const struct options *options;
    const char *ledger; /* path */
    const struct ck_sheets *sheets;
    bool deletes;
    struct handout_person *people; /* owned */
    size_t count;
    int64_t started_s;
};

/* Prints it; err: what ended it, or CK_OK. Returns the exit status. */
int handout_report_print(const struct handout_report *report, const struct ck_error *err);

#endif
