/*
 * The policy of a roll-out: for each group of people, what their keys have to be and how they are
 * enrolled. The file is INI, as man cowkey-rollout says it:
 *
 *     [default]
 *     keys = 2
 *
 *     [admins]
 *     attestation = required
 *     label = {account} {serial}
 *
 * A group that leaves a key out has the default group's; what that leaves out is as below.
 */
#ifndef COWKEY_ROLLOUT_POLICY_H
#define COWKEY_ROLLOUT_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "cowkey/base/error.h"
#include "cowkey/mailcow/factor.h"
#include "cowkey/rollout/complaints.h"
#include "cowkey/webauthn/trust.h"

enum {
    CK_POLICY_FILE_MAX = 256 * 1024, /* bytes of a file */
    CK_POLICY_LINE_MAX = 197,        /* bytes of a line: libinih would cut a longer one */
    CK_POLICY_GROUPS_MAX = 256,
    CK_GROUP_NAME_MAX = 48, /* bytes of a group's name, with NUL */
    CK_POLICY_KEYS_MAX = 8, /* keys for a person */
    CK_POLICY_AAGUIDS_MAX = 64,
    CK_AAGUID_TEXT_SIZE = 36, /* characters of an AAGUID */
    CK_POLICY_PIN_MIN = 4,    /* characters of a random PIN: CTAP's bounds */
    CK_POLICY_PIN_MAX = 63,
    CK_LABEL_SERIAL_MAX = 32, /* bytes of a serial number in a label; longer ones are cut */
};

enum ck_pin_rule {
    CK_PIN_TYPED,  /* by the person */
    CK_PIN_RANDOM, /* pin_length characters, handed out */
};

enum ck_rollout_proof { CK_ROLLOUT_PROOF_LOGIN, CK_ROLLOUT_PROOF_RECORDED };

struct ck_policy_group {
    char name[CK_GROUP_NAME_MAX];
    unsigned keys;                            /* for each person: 2, primary and backup */
    char (*aaguids)[CK_AAGUID_TEXT_SIZE + 1]; /* lower case; none: any model; owned */
    size_t aaguids_count;
    unsigned firmware_min; /* 5.4.3 is 0x050403, as keys tell it (CTAPHID_INIT); 0: any */
    bool attestation;      /* is required; else what comes is taken */
    /* A file of certificates that a required attestation has to lead to; "": any maker's will do. */
    char roots_path[CK_POLICY_LINE_MAX + 1];
    size_t roots_line;            /* of the policy, for what is wrong with the file; 0: none */
    const struct ck_trust *roots; /* what is in it, once that was given; borrowed */
    enum ck_pin_rule pin;         /* typed */
    unsigned pin_length;          /* 8 */
    bool pin_change;              /* a random PIN has to be changed before the key is used: yes */
    bool reset;                   /* the key is reset first: no */
    enum ck_rollout_proof proof;
    char label[CK_FACTOR_LABEL_MAX]; /* a pattern: "cowkey {serial}" */
    /* Name of an app password that mailboxes get with their first second factor; "": none. */
    char app_password[CK_FACTOR_LABEL_MAX];
};

struct ck_policy {
    struct ck_policy_group *groups; /* owned; the default group is the first, and always there */
    size_t count;
    struct ck_trust **roots; /* owned; groups borrow them */
    size_t roots_count;
};
void ck_policy_clear(struct ck_policy *policy);

/* The default group alone, as it is without a file. */
enum ck_err ck_policy_default(struct ck_policy *ret_policy, struct ck_error *err);

/*
 * Reads the text of a file. What is wrong with its lines goes to complaints; then the policy is for
 * further complaints only. CK_ERR_USAGE is a file that is too large.
 */
enum ck_err ck_policy_parse(const char *text, size_t size, struct ck_policy *ret_policy,
                            struct ck_complaints *complaints, struct ck_error *err);

/* For all groups that name this file of roots: what is in it, which becomes the policy's. */
enum ck_err ck_policy_give_roots(struct ck_policy *policy, const char *path,
                                 struct ck_trust **roots, struct ck_error *err);

/* NULL when there is none of this name; "" is the default group. */
const struct ck_policy_group *ck_policy_find(const struct ck_policy *policy, const char *name);

/*
 * What is wrong with the pattern of a label, or NULL. In patterns {account}, {serial} and {n} stand
 * for the account's name, the key's serial number (most keys have none to read: {n} then) and the
 * number of the person's key, from 1.
 */
const char *ck_label_check(const char *pattern);
bool ck_label_has(const char *pattern, const char *placeholder);

/* Fills the pattern in; serial NULL: not known. False when the label is too long for the server. */
bool ck_label_fill(const char *pattern, const char *account, const char *serial, unsigned n,
                   char ret_label[CK_FACTOR_LABEL_MAX]);

#endif
