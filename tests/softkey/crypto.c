#include "crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <string.h>

#include "must.h"

enum {
    COORDINATE = 32,
    RSA_BITS = 2048,
    COSE_KTY = 1,
    COSE_ALG = 3,
    COSE_CRV = -1, /* of EC2 and OKP; RSA has its modulus there */
    COSE_X = -2,   /* RSA: the exponent */
    COSE_Y = -3,
};

void random_bytes(void *ret, size_t size)
{
    MUST(RAND_bytes(ret, (int)size) == 1);
}

void sha256(const void *data, size_t size, uint8_t ret[HASH_SIZE])
{
    MUST(EVP_Digest(data, size, ret, NULL, EVP_sha256(), NULL) == 1);
}

void hmac_sha256(const uint8_t key[HASH_SIZE], const void *data, size_t size,
                 uint8_t ret[HASH_SIZE])
{
    MUST(HMAC(EVP_sha256(), key, HASH_SIZE, data, size, ret, NULL) != NULL);
}

bool same_bytes(const void *one, const void *other, size_t size)
{
    return CRYPTO_memcmp(one, other, size) == 0;
}

void aes_cbc(enum direction direction, const uint8_t key[HASH_SIZE], const uint8_t iv[AES_BLOCK],
             const uint8_t *in, size_t size, uint8_t *ret)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int done = 0, rest = 0;

    MUST(ctx != NULL && size % AES_BLOCK == 0);
    MUST(EVP_CipherInit_ex2(ctx, EVP_aes_256_cbc(), key, iv, direction == ENCRYPT, NULL) == 1);
    EVP_CIPHER_CTX_set_padding(ctx, 0);
    MUST(EVP_CipherUpdate(ctx, ret, &done, in, (int)size) == 1);
    MUST(EVP_CipherFinal_ex(ctx, ret + done, &rest) == 1 && (size_t)(done + rest) == size);
    EVP_CIPHER_CTX_free(ctx);
}

/* --- keys --- */

bool key_known(int64_t algorithm)
{
    return algorithm == ALG_ES256 || algorithm == ALG_EDDSA || algorithm == ALG_RS256;
}

EVP_PKEY *key_new(enum algorithm algorithm)
{
    EVP_PKEY *key = NULL;

    switch (algorithm) {
    case ALG_ES256:
    case ALG_ECDH:
        key = EVP_EC_gen("P-256");
        break;
    case ALG_EDDSA:
        key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        break;
    case ALG_RS256:
        key = EVP_RSA_gen(RSA_BITS);
        break;
    }
    MUST(key != NULL);
    return key;
}

void key_free(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
    *key = NULL;
}

void key_point(EVP_PKEY *key, uint8_t ret[POINT_SIZE])
{
    unsigned char *point = NULL;

    MUST(EVP_PKEY_get1_encoded_public_key(key, &point) == POINT_SIZE);
    memcpy(ret, point, POINT_SIZE);
    OPENSSL_free(point);
}

static void put_ec2_key(struct message *message, EVP_PKEY *key, enum algorithm algorithm)
{
    uint8_t point[POINT_SIZE];

    key_point(key, point);
    put_map(message, 5);
    put_int(message, COSE_KTY);
    put_int(message, 2); /* EC2 */
    put_int(message, COSE_ALG);
    put_int(message, algorithm);
    put_int(message, COSE_CRV);
    put_int(message, 1); /* P-256 */
    put_int(message, COSE_X);
    put_bytes(message, point + 1, COORDINATE);
    put_int(message, COSE_Y);
    put_bytes(message, point + 1 + COORDINATE, COORDINATE);
}

static void put_okp_key(struct message *message, EVP_PKEY *key)
{
    uint8_t public[COORDINATE];
    size_t size = sizeof(public);

    MUST(EVP_PKEY_get_raw_public_key(key, public, &size) == 1 && size == sizeof(public));
    put_map(message, 4);
    put_int(message, COSE_KTY);
    put_int(message, 1); /* OKP */
    put_int(message, COSE_ALG);
    put_int(message, ALG_EDDSA);
    put_int(message, COSE_CRV);
    put_int(message, 6); /* Ed25519 */
    put_int(message, COSE_X);
    put_bytes(message, public, size);
}

static void put_number(struct message *message, EVP_PKEY *key, const char *name)
{
    uint8_t bytes[RSA_BITS / 8];
    BIGNUM *number = NULL;

    MUST(EVP_PKEY_get_bn_param(key, name, &number) == 1);
    put_bytes(message, bytes, (size_t)BN_bn2bin(number, bytes));
    BN_free(number);
}

static void put_rsa_key(struct message *message, EVP_PKEY *key)
{
    put_map(message, 4);
    put_int(message, COSE_KTY);
    put_int(message, 3); /* RSA */
    put_int(message, COSE_ALG);
    put_int(message, ALG_RS256);
    put_int(message, COSE_CRV);
    put_number(message, key, OSSL_PKEY_PARAM_RSA_N);
    put_int(message, COSE_X);
    put_number(message, key, OSSL_PKEY_PARAM_RSA_E);
}

void put_cose_key(struct message *message, EVP_PKEY *key, enum algorithm algorithm)
{
    switch (algorithm) {
    case ALG_ES256:
    case ALG_ECDH:
        put_ec2_key(message, key, algorithm);
        break;
    case ALG_EDDSA:
        put_okp_key(message, key);
        break;
    case ALG_RS256:
        put_rsa_key(message, key);
        break;
    }
}

/* NULL when the coordinates are none of a point on the curve. */
static EVP_PKEY *peer_key(EVP_PKEY *like, const cbor_item_t *cose)
{
    uint8_t point[POINT_SIZE] = {4};
    EVP_PKEY *peer = EVP_PKEY_new();
    struct slice x, y;

    MUST(peer != NULL && EVP_PKEY_copy_parameters(peer, like) == 1);
    if (is_bytes(find_int(cose, COSE_X), &x) && x.size == COORDINATE &&
        is_bytes(find_int(cose, COSE_Y), &y) && y.size == COORDINATE) {
        memcpy(point + 1, x.data, COORDINATE);
        memcpy(point + 1 + COORDINATE, y.data, COORDINATE);
        if (EVP_PKEY_set1_encoded_public_key(peer, point, sizeof(point)) == 1)
            return peer;
    }
    EVP_PKEY_free(peer);
    return NULL;
}

bool key_agree(EVP_PKEY *key, const cbor_item_t *peer_cose, uint8_t ret[HASH_SIZE])
{
    EVP_PKEY *peer = peer_key(key, peer_cose);
    size_t size = HASH_SIZE;

    if (peer == NULL)
        return false;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    MUST(ctx != NULL && EVP_PKEY_derive_init(ctx) == 1);
    bool agreed = EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
                  EVP_PKEY_derive(ctx, ret, &size) == 1 && size == HASH_SIZE;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(peer);
    return agreed;
}

size_t key_sign(EVP_PKEY *key, enum algorithm algorithm, const void *data, size_t size,
                uint8_t ret[SIGNATURE_MAX])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t signed_size = SIGNATURE_MAX;

    MUST(ctx != NULL);
    MUST(EVP_DigestSignInit(ctx, NULL, algorithm == ALG_EDDSA ? NULL : EVP_sha256(), NULL, key) ==
         1);
    MUST(EVP_DigestSign(ctx, ret, &signed_size, data, size) == 1);
    EVP_MD_CTX_free(ctx);
    return signed_size;
}
