/* How far a roll-out is: what the command reads, and how it is shown. */
#ifndef CMD_ROLLOUT_STATUS_H
#define CMD_ROLLOUT_STATUS_H

#include "options.h"
#include "rollout_items.h"

/* All is borrowed but the tally. */
struct rollout_status {
    const struct options *options;
    struct ck_ledger *ledger;
    const struct ck_ledger_person *person; /* whom it is about alone; NULL: everybody */
    unsigned refusals;
    int64_t begun_s, changed_s; /* 0: not yet */
    struct rollout_tally tally;
    struct rollout_sheets sheets;
};

/* Each item, by person and in order: of that one, or of everybody. */
enum ck_err rollout_status_walk(const struct rollout_status *status, ck_ledger_visitor *visitor,
                                void *data, struct ck_error *err);

/* Prints it; an error is one of reading the ledger. */
enum ck_err rollout_status_print_text(const struct rollout_status *status, struct ck_error *err);

/*
 * The same as a document, which has the error in it once it was begun: then *ret_begun. It goes out
 * piece by piece, since nobody keeps all its problems.
 */
enum ck_err rollout_status_print_json(const struct rollout_status *status, bool *ret_begun,
                                      struct ck_error *err);

#endif
