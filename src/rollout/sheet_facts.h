/* What a person has got so far: what can stand on the sheet and in the letters. */
#ifndef ROLLOUT_SHEET_FACTS_H
#define ROLLOUT_SHEET_FACTS_H

#include "cowkey/rollout/ledger.h"
#include "cowkey/rollout/pending.h"

/* By the number of the key, from 1. */
struct sheet_key {
    struct ck_ledger_key is;
    struct ck_secret *pin; /* for a letter; NULL: none is pending; owned */
    bool on_sheet;         /* one of its factors is proved or recorded */
};

struct sheet_facts {
    struct ck_ledger_person person;
    struct ck_ledger_item *items; /* all; owned */
    size_t count;
    struct ck_secret **uris; /* of the items' pending otpauth URIs, or NULL; owned */
    struct sheet_key keys[CK_POLICY_KEYS_MAX + 1];
    struct ck_secret *password, *app_password; /* pending, or NULL; owned */
    bool work_left;                            /* a run has something to do for the person */
    bool doubtful;                             /* something on the sheet is unknown */
    bool has_last;
    struct ck_ledger_sheet last; /* of the sheets that were made for the person before */
};

enum ck_err sheet_facts_read(struct ck_ledger *ledger, const struct ck_pending *pending,
                             int64_t person, struct sheet_facts *ret_facts, struct ck_error *err);
void sheet_facts_clear(struct sheet_facts *facts);

/* Whether the server may have it, and nobody knows. */
bool sheet_item_is_doubtful(const struct ck_ledger_item *item);
/* Whether it is on the sheet: also a doubtful TOTP, whose secret must not get lost. */
bool sheet_item_counts(const struct ck_ledger_item *item);

/* Whether the person has factors of this method that are there. */
bool sheet_facts_have(const struct sheet_facts *facts, enum ck_rollout_method method);

/* Whether the sheet has something to say, and whether that is news since the last one. */
bool sheet_facts_any(const struct sheet_facts *facts);
/* Whether something pending is on the sheet, and on a letter. */
bool sheet_facts_any_secret(const struct sheet_facts *facts);
bool sheet_facts_any_letter(const struct sheet_facts *facts);
bool sheet_facts_new(const struct sheet_facts *facts);

#endif
