/* The operator at the desk: what src/rollout/desk.h tells and asks, on the terminal. */
#ifndef CMD_DESK_PERSON_H
#define CMD_DESK_PERSON_H

#include "person.h"
#include "rollout/desk.h"
#include "target.h"

/* Keep it where it was initialised: its parts point at one another. */
struct desk_front {
    const struct options *options;
    const char *ledger; /* its path, for what resumes the roll-out; borrowed */

    /* For struct desk. */
    struct desk_person person;
    struct ck_person front;
    struct ck_key_settings key_settings;

    /* How sequences and keys ask: as in any other command, on behalf of whose turn it is. */
    struct target target;
    struct speaker speaker;
    struct ck_person asks;
    struct ck_key_person key_asks, key_person;
    int64_t waited_ms, waiting_since_ms; /* for the operator; 0: not just now */
    bool line_ended; /* the last question was interrupted, and what follows has a line of its own */
};

/* server: its name, for sentences. CK_ERR_USAGE without a terminal, or for a bad --touch-timeout. */
enum ck_err desk_front_init(struct desk_front *front, const struct options *options,
                            const char *server, const char *ledger, struct ck_error *err);

#endif
