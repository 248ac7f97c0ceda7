/* Whether a key will do, before anything is done with it: what policy and plan ask of it. */
#ifndef ROLLOUT_DESK_FIT_H
#define ROLLOUT_DESK_FIT_H

#include "cowkey/key/info.h"
#include "cowkey/rollout/ledger.h"

/* What is asked of it. All is borrowed. */
struct desk_demand {
    const struct ck_policy_group *group;
    const struct ck_ledger_item *items; /* that are to be registered on it */
    size_t count;
    bool resets; /* it is reset before: a PIN and what it keeps are of no account then */
    /* It got the roll-out's PIN already (rule: random), or is in the account with its own. */
    bool has_our_pin;
};

/*
 * CK_ERR_KEY with the first thing that it lacks, and the cure: the model (AAGUID), the firmware,
 * room and the ability for passkeys, PINs, a PIN of its own where there should be none, one that
 * is blocked or has to be changed first. What only a registration shows (attestation) is not
 * judged.
 */
enum ck_err desk_key_fits(const struct desk_demand *demand, const struct ck_key_info *info,
                          struct ck_error *err);

/* "5.4.3" as 0x050403, CTAPHID_INIT's order; false for what is no version. */
bool desk_firmware_parse(const char *text, unsigned *ret_firmware);

/* Whether the key needs a PIN for this: passkeys do, unless a finger is enrolled. */
bool desk_needs_pin(const struct desk_demand *demand, const struct ck_key_info *info);

#endif
