/* A roll-out in figures, for its status and its report. */
#ifndef CMD_ROLLOUT_FIGURES_H
#define CMD_ROLLOUT_FIGURES_H

#include "rollout_items.h"

struct rollout_group {
    char name[CK_GROUP_NAME_MAX];
    size_t items, states[CK_STEP_STATES];
    size_t standings[CK_ROLLOUT_METHODS][ROLLOUT_STANDINGS];
};

/* {0} is none. */
struct rollout_tally {
    struct rollout_group all; /* without a name */
    size_t people;
    size_t apps_left, keys_left;
    size_t passwords_waiting;
    struct rollout_group *groups; /* in the order in which they come; owned */
    size_t groups_count;
    size_t latest;       /* the group that was counted last */
    int64_t last_person; /* that was counted; 0: nobody yet */
};
void rollout_tally_clear(struct rollout_tally *tally);

/*
 * Counts an item; those of one person come together. NULL: somebody who has none. Only the want of
 * memory is an error.
 */
enum ck_err rollout_tally_add(struct rollout_tally *tally, const struct ck_ledger_person *person,
                              const struct ck_ledger_item *item, struct ck_error *err);

/* Whether nothing failed, is unknown or left. */
bool rollout_tally_is_done(const struct rollout_tally *tally);

struct rollout_sheets {
    size_t sheets, letters, sealed; /* that were made */
    size_t deleted;                 /* of all these */
    size_t open;                    /* in the clear, and not deleted */
};
/* A ck_ledger_sheet_visitor. */
enum ck_err rollout_sheets_add(void *sheets, const struct ck_ledger_sheet *sheet,
                               struct ck_error *err);

/* {0} is none. */
struct rollout_figures {
    struct ck_ledger_history history;
    int64_t runner; /* the process of the run that is at it; 0: none; -1: its number is not told */
    struct rollout_sheets sheets;
    struct rollout_tally tally; /* empty until items are added */
};
/* All but the tally: of that person, or (NULL) of everybody. */
enum ck_err rollout_figures_begin(struct rollout_figures *figures, struct ck_ledger *ledger,
                                  const struct ck_ledger_person *person, struct ck_error *err);

/*
 * Each item, by person and in order: of that person, or (NULL) of everybody. Somebody who has none
 * comes once, with item NULL.
 */
enum ck_err rollout_figures_walk(struct ck_ledger *ledger, const struct ck_ledger_person *person,
                                 ck_ledger_visitor *visitor, void *data, struct ck_error *err);

/* "A run is at it now (process 1234)."; "" while none is. */
enum { ROLLOUT_RUNNER_MAX = 80 };
void rollout_runner_text(const struct rollout_figures *figures, char ret_text[ROLLOUT_RUNNER_MAX]);

/* --- for documents --- */

/* The members that documents have in common: people items states left begun changed run. */
struct json_t *rollout_figures_json(const struct rollout_figures *figures);
/* {"planned": 1, ...} */
struct json_t *rollout_states_json(const size_t states[CK_STEP_STATES]);
struct json_t *rollout_sheets_json(const struct rollout_sheets *sheets);

#endif
