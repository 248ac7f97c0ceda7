/* How far a roll-out is: what the command reads, and how it is shown. */
#ifndef CMD_ROLLOUT_STATUS_H
#define CMD_ROLLOUT_STATUS_H

#include "options.h"
#include "rollout_figures.h"

/* All is borrowed but the figures. */
struct rollout_status {
    const struct options *options;
    struct ck_ledger *ledger;
    const struct ck_ledger_person *person; /* whom it is about alone; NULL: everybody */
    struct rollout_figures figures;
};

/* Prints it; an error is one of reading the ledger. */
enum ck_err rollout_status_print_text(const struct rollout_status *status, struct ck_error *err);

/*
 * The same as a document, which has the error in it once it was begun: then *ret_begun. It goes out
 * piece by piece, since nobody keeps all its problems.
 */
enum ck_err rollout_status_print_json(const struct rollout_status *status, bool *ret_begun,
                                      struct ck_error *err);

#endif
