/*
 * The key's cryptography, all of it OpenSSL's. What fails here is a broken test set-up: it stops.
 */
#ifndef SOFTKEY_CRYPTO_H
#define SOFTKEY_CRYPTO_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

#include "message.h"

enum {
    HASH_SIZE = 32, /* SHA-256, and an HMAC with it */
    AES_BLOCK = 16,
    POINT_SIZE = 65, /* an uncompressed P-256 point: 0x04, x, y */
    SIGNATURE_MAX = 512,
};

/* COSE algorithm numbers (RFC 9053, RFC 8812). */
enum algorithm {
    ALG_ES256 = -7,
    ALG_EDDSA = -8,
    ALG_ECDH = -25,
    ALG_RS256 = -257,
};

void random_bytes(void *ret, size_t size);
void sha256(const void *data, size_t size, uint8_t ret[HASH_SIZE]);
void hmac_sha256(const uint8_t key[HASH_SIZE], const void *data, size_t size,
                 uint8_t ret[HASH_SIZE]);
bool same_bytes(const void *one, const void *other, size_t size); /* in constant time */

enum direction {
    DECRYPT,
    ENCRYPT,
};
/* AES-256-CBC without padding: size is a multiple of AES_BLOCK. */
void aes_cbc(enum direction direction, const uint8_t key[HASH_SIZE], const uint8_t iv[AES_BLOCK],
             const uint8_t *in, size_t size, uint8_t *ret);

bool key_known(int64_t algorithm); /* can key_new make one? */
EVP_PKEY *key_new(enum algorithm algorithm);
void key_free(EVP_PKEY **key); /* accepts a NULL key */

/* The public half as a COSE_Key (RFC 9052 section 7), and a P-256 one as a bare point. */
void put_cose_key(struct message *message, EVP_PKEY *key, enum algorithm algorithm);
void key_point(EVP_PKEY *key, uint8_t ret[POINT_SIZE]);

/* The x coordinate of the shared point; false when the peer's COSE_Key is none of P-256. */
bool key_agree(EVP_PKEY *key, const cbor_item_t *peer, uint8_t ret[HASH_SIZE]);

/* Returns the signature's size. */
size_t key_sign(EVP_PKEY *key, enum algorithm algorithm, const void *data, size_t size,
                uint8_t ret[SIGNATURE_MAX]);

#endif
