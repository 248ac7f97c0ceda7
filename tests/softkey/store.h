/*
 * What the key keeps without power: its PIN, its counter, its credentials and its attestation key.
 * With a file, each change is written at once (atomically), and what another process wrote is seen.
 */
#ifndef SOFTKEY_STORE_H
#define SOFTKEY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "credential.h"

enum {
    PIN_HASH_SIZE = 16,
    PIN_TRIES = 8,
    UV_TRIES = 5,
    PIN_LENGTH_MIN = 4,
    AAGUID_SIZE = 16,
};

/*
 * The key's own attestation: a CA made at first use, a batch key, and its certificate. PEM and
 * DER, so that tests can take the CA's certificate (attestation.ca) from the state file.
 */
struct attestation {
    EVP_PKEY *ca_key;
    EVP_PKEY *key;
    char *ca_pem;
    uint8_t *certificate; /* for aaguid, which it names */
    size_t certificate_size;
    uint8_t aaguid[AAGUID_SIZE];
};

struct store {
    const char *path; /* NULL: kept in memory only */
    struct stat seen; /* the file as it was last read or written */

    bool pin_set;
    uint8_t pin_hash[PIN_HASH_SIZE]; /* the left half of its SHA-256 */
    size_t pin_length;               /* in code points */
    unsigned pin_tries;
    unsigned uv_tries;
    bool pin_change_forced;
    size_t pin_length_min;
    bool always_uv;
    uint32_t counter;
    struct attestation attestation;

    struct credential *credentials; /* oldest first */
    size_t count;
};

void store_init(struct store *store, const char *path);
void store_clear(struct store *store);

/* Takes over what the file holds when it changed; a missing one is an empty key's. */
void store_load(struct store *store);
void store_save(struct store *store);

/* As authenticatorReset does; the attestation stays. */
void store_reset(struct store *store);

/* Takes the PIN's text, e.g. from a script. */
void store_set_pin(struct store *store, const char *pin, size_t size);

/* Borrowed until the next change; NULL when there is none. */
struct credential *store_find(struct store *store, const uint8_t rp_id_hash[HASH_SIZE],
                              struct slice id);
/* Takes over credential's key. */
void store_add(struct store *store, const struct credential *credential);
void store_remove(struct store *store, struct credential *credential);
/* How many more resident keys there is room for. */
int64_t store_room(const struct store *store, int64_t capacity);

/* Code points of UTF-8 text. */
size_t text_length(const char *text, size_t size);

#endif
