/* What the items of a ledger mean, for the status and the report of a roll-out. */
#ifndef CMD_ROLLOUT_ITEMS_H
#define CMD_ROLLOUT_ITEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cowkey/rollout/ledger.h"

struct json_t;

enum rollout_standing {
    ROLLOUT_DONE,   /* proved, or recorded where the group wants no more */
    ROLLOUT_FAILED, /* or skipped: the account has nothing of it */
    ROLLOUT_UNKNOWN,
    ROLLOUT_LEFT, /* a run goes on with it */
    ROLLOUT_STANDINGS
};
enum rollout_standing rollout_standing(const struct ck_ledger_item *item);

/* Whether it ended badly, or stopped between two steps. */
bool rollout_item_is_problem(const struct ck_ledger_item *item);

/*
 * Of such an item: why, as an error's text, and what to do, as its hint. Of others the cause that
 * the ledger has, or "".
 */
const char *rollout_item_cause(const struct ck_ledger_item *item);
const char *rollout_item_cure(const struct ck_ledger_item *item);

/* What says that the account has it: "login", "recorded" or "none". */
const char *rollout_item_evidence(const struct ck_ledger_item *item);

/* When it came to its end; 0: it did not yet. */
int64_t rollout_item_finished_s(const struct ck_ledger_item *item);

enum { ROLLOUT_ITEM_NAME_MAX = 64 + CK_FACTOR_LABEL_MAX, ROLLOUT_ID_MAX = 80 };

/* "webauthn, key 2, 'cowkey 2'" */
void rollout_item_name(const struct ck_ledger_item *item, char ret_name[ROLLOUT_ITEM_NAME_MAX]);

/* "231", "pk:68e5e6be...", whole; "": not known */
void rollout_item_id(const struct ck_ledger_item *item, char ret_id[ROLLOUT_ID_MAX]);

/* The model of a key, from its AAGUID; NULL: not known. */
const char *rollout_key_model(const struct ck_ledger_key *key);

/* Whether a run has something left to do about a new password; then why, and what to do. */
bool rollout_password_waits(enum ck_password_state state);
const char *rollout_password_cause(enum ck_password_state state);
const char *rollout_password_cure(enum ck_password_state state);

enum { ROLLOUT_TIME_MAX = 32 };

/* "2026-11-23 08:21 UTC" for people, "2026-11-23T08:21:24Z" for programs; "" for 0. */
void rollout_time_text(int64_t time_s, char ret_text[ROLLOUT_TIME_MAX]);
void rollout_time_iso(int64_t time_s, char ret_text[ROLLOUT_TIME_MAX]);

/* --- counts --- */

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

/* Counts an item; those of one person come together. Only the want of memory is an error. */
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

/* --- for documents --- */

/* A number, a passkey's ID or null. */
struct json_t *rollout_item_id_json(const struct ck_ledger_item *item);
struct json_t *rollout_time_or_null_json(int64_t time_s);
/* {"planned": 1, ...} */
struct json_t *rollout_states_json(const size_t states[CK_STEP_STATES]);
struct json_t *rollout_sheets_json(const struct rollout_sheets *sheets);

#endif
