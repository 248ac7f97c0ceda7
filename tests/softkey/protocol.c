#include "protocol.h"

#include <string.h>

#include "must.h"

/* HKDF-SHA-256 (RFC 5869) with a salt of 32 zero bytes, for one block of output. */
static void hkdf(const uint8_t secret[HASH_SIZE], const char *info, uint8_t ret[HASH_SIZE])
{
    static const uint8_t salt[HASH_SIZE];
    uint8_t extracted[HASH_SIZE];
    uint8_t block[32];
    size_t size = strlen(info);

    hmac_sha256(salt, secret, HASH_SIZE, extracted);
    memcpy(block, info, size);
    block[size] = 1;
    hmac_sha256(extracted, block, size + 1, ret);
}

bool share(int64_t protocol, EVP_PKEY *ours, const cbor_item_t *theirs, struct shared *ret)
{
    uint8_t secret[HASH_SIZE];

    if (!key_agree(ours, theirs, secret))
        return false;
    ret->protocol = protocol;
    if (protocol == 1) {
        sha256(secret, sizeof(secret), ret->hmac_key);
        memcpy(ret->aes_key, ret->hmac_key, HASH_SIZE);
    } else {
        hkdf(secret, "CTAP2 HMAC key", ret->hmac_key);
        hkdf(secret, "CTAP2 AES key", ret->aes_key);
    }
    return true;
}

bool authentic(int64_t protocol, const uint8_t hmac_key[HASH_SIZE], struct slice message,
               struct slice param)
{
    uint8_t hmac[HASH_SIZE];
    size_t size = protocol == 1 ? HASH_SIZE / 2 : HASH_SIZE;

    hmac_sha256(hmac_key, message.data, message.size, hmac);
    return param.size == size && same_bytes(hmac, param.data, size);
}

bool decrypt(const struct shared *shared, struct slice in, uint8_t *ret, size_t size)
{
    static const uint8_t zero[AES_BLOCK];
    size_t iv_size = shared->protocol == 1 ? 0 : AES_BLOCK;

    if (in.size != iv_size + size)
        return false;
    aes_cbc(DECRYPT, shared->aes_key, iv_size == 0 ? zero : in.data, in.data + iv_size, size, ret);
    return true;
}

void put_encrypted(struct message *reply, const struct shared *shared, const uint8_t *in,
                   size_t size)
{
    uint8_t out[AES_BLOCK + ENCRYPTED_MAX] = {0};
    size_t skipped = shared->protocol == 1 ? AES_BLOCK : 0;

    MUST(size <= ENCRYPTED_MAX);
    if (shared->protocol != 1)
        random_bytes(out, AES_BLOCK);
    aes_cbc(ENCRYPT, shared->aes_key, out, in, size, out + AES_BLOCK);
    put_bytes(reply, out + skipped, AES_BLOCK + size - skipped);
}
