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

/*
 * Whether something is left to do about a new password; then why, and what to do. has_items: whether
 * the ledger has any factors of the person, so that a run comes by.
 */
bool rollout_password_waits(enum ck_password_state state);
const char *rollout_password_cause(enum ck_password_state state);
const char *rollout_password_cure(enum ck_password_state state, bool has_items);

enum { ROLLOUT_TIME_MAX = 32 };

/* "2026-11-23 08:21 UTC" for people, "2026-11-23T08:21:24Z" for programs; "" for 0. */
void rollout_time_text(int64_t time_s, char ret_text[ROLLOUT_TIME_MAX]);
void rollout_time_iso(int64_t time_s, char ret_text[ROLLOUT_TIME_MAX]);

/* --- for documents --- */

/* A number, a passkey's ID or null. */
struct json_t *rollout_item_id_json(const struct ck_ledger_item *item);
struct json_t *rollout_time_or_null_json(int64_t time_s);

#endif
