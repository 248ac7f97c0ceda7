/* authenticatorGetAssertion and authenticatorGetNextAssertion (CTAP 2.1 sections 6.2 and 6.3). */
#ifndef SOFTKEY_ASSERTION_H
#define SOFTKEY_ASSERTION_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto.h"
#include "message.h"

struct key;

enum {
    ASSERTIONS_MAX = 1000,
    ASSERTIONS_TIMEOUT_MS = 30000,
};

/* What getNextAssertion goes on with. */
struct assertions {
    size_t index[ASSERTIONS_MAX]; /* of credentials in the store, latest first */
    size_t count;
    size_t next; /* the one that is due; count: none */
    uint8_t rp_id_hash[HASH_SIZE];
    uint8_t client_data_hash[HASH_SIZE];
    uint8_t flags;
    bool listed; /* there was an allowList */
    int64_t until_ms;
};

enum ctap_status get_assertion(struct key *key, const cbor_item_t *request, struct message *reply);
enum ctap_status get_next_assertion(struct key *key, const cbor_item_t *request,
                                    struct message *reply);

#endif
