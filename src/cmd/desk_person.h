/* The operator at the desk: what src/rollout/desk.h tells and asks, on the terminal. */
#ifndef CMD_DESK_PERSON_H
#define CMD_DESK_PERSON_H

#include "person.h"
#include "rollout/desk.h"

/* Keep it where it was initialised: its parts point at one another. */
struct desk_front {
    const struct options *options;
    const char *server; /* its name, for sentences; borrowed */
    const char *ledger; /* its path, for what resumes the roll-out; borrowed */
    const struct desk_turn *turn;
    struct ck_account account; /* whom a touch is for */
    int64_t waited_ms, began_ms;

    /* For struct desk. */
    struct desk_person person;
    struct ck_person front;
    struct ck_key_settings key_settings;

    struct speaker speaker;
    struct ck_key_person key_person;
};

/* CK_ERR_USAGE without a terminal to ask on, and for a bad --touch-timeout. */
enum ck_err desk_front_init(struct desk_front *front, const struct options *options,
                            const char *server, const char *ledger, struct ck_error *err);

#endif
