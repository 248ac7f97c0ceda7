/*
 * Authenticator data and attestation statements (WebAuthn sections 6.1 and 8), and the certificates
 * of the key's maker, who is made up.
 */
#ifndef SOFTKEY_ATTEST_H
#define SOFTKEY_ATTEST_H

#include <stdint.h>

#include "message.h"
#include "script.h"
#include "store.h"

struct key;

enum {
    FLAG_UP = 0x01, /* user present */
    FLAG_UV = 0x04, /* user verified */
    FLAG_AT = 0x40, /* a new credential follows */
    FLAG_ED = 0x80, /* extensions follow */
};

struct authenticator_data {
    const uint8_t *rp_id_hash;
    uint8_t flags; /* FLAG_UP and FLAG_UV */
    uint32_t counter;
    const struct credential *made; /* NULL in an assertion */
    unsigned protection;           /* the credProtect extension's answer; 0: none */
};

void put_authenticator_data(struct message *to, const struct authenticator_data *data,
                            enum fault_kind fault, const uint8_t aaguid[AAGUID_SIZE]);

/* "packed" or "none". */
const char *attest_format(const struct key *key);

/* The statement over signed_data, which is authenticator data and client data hash. */
void put_statement(struct key *key, struct message *reply, const struct credential *made,
                   struct slice signed_data);

/* The batch key and its certificate; made when they are first needed, or the AAGUID changed. */
const struct attestation *attest_batch(struct key *key);

/* Signs, or with FAULT_WRONG_SIGNATURE does it wrong. */
size_t attest_sign(const struct key *key, EVP_PKEY *with, enum algorithm algorithm,
                   struct slice data, uint8_t ret[SIGNATURE_MAX]);

#endif
