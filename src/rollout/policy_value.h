/* The keys of a policy's group, and their values. */
#ifndef ROLLOUT_POLICY_VALUE_H
#define ROLLOUT_POLICY_VALUE_H

#include "cowkey/rollout/policy.h"

enum policy_key {
    POLICY_KEYS,
    POLICY_AAGUIDS,
    POLICY_FIRMWARE,
    POLICY_ATTESTATION,
    POLICY_ATTESTATION_ROOTS,
    POLICY_PIN,
    POLICY_PIN_LENGTH,
    POLICY_PIN_CHANGE,
    POLICY_RESET,
    POLICY_PROOF,
    POLICY_LABEL,
    POLICY_APP_PASSWORD,
    POLICY_KEYS_COUNT
};

/* POLICY_KEYS_COUNT for a name that is none. */
int policy_key_find(const char *name);
const char *policy_key_name(int key);
const char *policy_key_names(void); /* all of them, for a sentence */

/* What is wrong with the value, or NULL: then it is in the group. */
const char *policy_value_read(int key, const char *value, struct ck_policy_group *group);
/* False when memory is short. */
bool policy_value_copy(int key, const struct ck_policy_group *from, struct ck_policy_group *to);

/* What is wrong with the name of a group, or NULL. */
const char *policy_check_group(const char *name);

#endif
