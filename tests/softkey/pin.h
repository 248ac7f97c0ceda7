/*
 * authenticatorClientPIN (CTAP 2.1 section 6.5): the PIN, and the tokens that programs get for it.
 *
 * A program that knows the PIN gets a pinUvAuthToken, with permissions and mostly for one RP ID,
 * and shows in a later command that it has the token.
 */
#ifndef SOFTKEY_PIN_H
#define SOFTKEY_PIN_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto.h"
#include "message.h"

struct key;

enum {
    TOKEN_SIZE = 32,
    PIN_MISSES_MAX = 3, /* in a row, until power is gone */
};

/* Section 6.5.5.7. */
enum permission {
    PERMIT_MAKE = 0x01,
    PERMIT_ASSERT = 0x02,
    PERMIT_MANAGE = 0x04,
    PERMIT_CONFIG = 0x20,
};

/* Section 6.5.2.1. Both protocols have keys and tokens of their own; one token is in use. */
struct pin {
    EVP_PKEY *agreement[2];
    uint8_t token[2][TOKEN_SIZE];
    int64_t in_use; /* the protocol of the token in use, 0: none */
    unsigned permissions;
    bool bound; /* to the RP ID with this hash */
    uint8_t rp_id_hash[HASH_SIZE];
    bool present; /* the user was, when the token was given */
    unsigned misses;
};

/* As after power-on. */
void pin_init(struct pin *pin);
void pin_clear(struct pin *pin);

enum ctap_status pin_command(struct key *key, const cbor_item_t *request, struct message *reply);

/* Does param show that its maker has the token, and meant this message? */
enum ctap_status pin_verify(struct key *key, int64_t protocol, struct slice param,
                            struct slice message);
/*
 * Is the token in use good for this, and for this RP ID? With rp_id_hash, a token without an RP ID
 * is bound to it (only for PERMIT_MAKE and PERMIT_ASSERT); without, the token must not be bound.
 */
bool pin_permits(struct key *key, unsigned permission, const uint8_t *rp_id_hash);
/* After a credential was made or used: the token is good for neither again. */
void pin_spent(struct pin *pin);

#endif
