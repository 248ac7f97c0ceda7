/* The person: touching the key, putting a finger on it, having proved a PIN. */
#ifndef SOFTKEY_USER_H
#define SOFTKEY_USER_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto.h"
#include "message.h"

struct key;

struct user {
    bool waited_for; /* the key blinks */
    bool pressed;    /* a script's "press", not used up yet */
};

/*
 * A touch, as the script has it. CTAP_KEEPALIVE_CANCEL, CTAP_USER_ACTION_TIMEOUT, CTAP_NO_ANSWER.
 */
enum ctap_status user_touch(struct key *key);

/* Built-in user verification (performBuiltInUv, CTAP 2.1 section 6.5.3.1): also counts as touch. */
enum ctap_status user_verify(struct key *key);

/* Time that the key needs for its work, with keepalives. */
enum ctap_status user_kept_waiting(struct key *key, int64_t ms);

/* "Protected by some form of user verification" (section 6.1.2). */
bool user_protected(const struct key *key);

/* How makeCredential and getAssertion are told of user verification. */
struct evidence {
    struct slice param; /* pinUvAuthParam */
    int64_t protocol;   /* pinUvAuthProtocol */
    bool uv;            /* the option, for keys with built-in verification */
    unsigned permission;
    struct slice client_data_hash;
    const uint8_t *rp_id_hash;
    /* what came of it */
    bool verified;
    bool present;
};

/*
 * The first steps of sections 6.1.2 and 6.2.2: a zero-length pinUvAuthParam only asks for a touch,
 * by which a person picks one of several keys; a protocol has to be offered; a key that always
 * wants user verification treats its absence as a wish for the built-in one.
 */
enum ctap_status evidence_check(struct key *key, struct evidence *evidence);

/* Verifies the user by what was given, if anything was. */
enum ctap_status evidence_use(struct key *key, struct evidence *evidence);

#endif
