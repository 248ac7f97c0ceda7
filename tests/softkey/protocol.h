/*
 * The PIN/UV auth protocols 1 and 2 (CTAP 2.1 sections 6.5.6 and 6.5.7): a key agreement, then
 * encryption and message authentication with what it gave.
 */
#ifndef SOFTKEY_PROTOCOL_H
#define SOFTKEY_PROTOCOL_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto.h"
#include "message.h"

enum {
    ENCRYPTED_MAX = 32, /* what the key itself encrypts: a token */
};

/* What both sides know after the key agreement. */
struct shared {
    int64_t protocol;
    uint8_t hmac_key[HASH_SIZE];
    uint8_t aes_key[HASH_SIZE];
};

/* False when theirs is no public key on the curve. */
bool share(int64_t protocol, EVP_PKEY *ours, const cbor_item_t *theirs, struct shared *ret);

/* Protocol 1 sends half of the HMAC. */
bool authentic(int64_t protocol, const uint8_t hmac_key[HASH_SIZE], struct slice message,
               struct slice param);

/* Protocol 2 sends the initialization vector first; protocol 1's is zero. */
bool decrypt(const struct shared *shared, struct slice in, uint8_t *ret, size_t size);
void put_encrypted(struct message *reply, const struct shared *shared, const uint8_t *in,
                   size_t size);

#endif
