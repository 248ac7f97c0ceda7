/* authenticatorCredentialManagement (CTAP 2.1 section 6.8). */
#ifndef SOFTKEY_MANAGE_H
#define SOFTKEY_MANAGE_H

#include <stddef.h>
#include <stdint.h>

#include "crypto.h"
#include "message.h"

struct key;

/* An enumeration under way. */
struct listing {
    int64_t subcommand; /* the one that began it */
    size_t next;        /* where in the store to look on */
    size_t left;        /* how many are still to come */
    uint8_t rp_id_hash[HASH_SIZE];
};

enum ctap_status manage_credentials(struct key *key, const cbor_item_t *request,
                                    struct message *reply);

#endif
