/*
 * The codes of a key by HMAC (RFC 2104). Each of its two hashes starts with a block that depends on
 * the key alone: what the hash is behind that block is kept, and each code goes on from there.
 * liboath hashes the key anew for each code.
 *
 * These are the functions of one hash each, which OpenSSL calls deprecated: by those that take a
 * hash's name a new key and its first code take 420 ns instead of 165, more than all the rest of a
 * line.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "mac.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"

union hash {
    SHA_CTX sha1;
    SHA256_CTX sha256;
    SHA512_CTX sha512;
};

enum { BLOCK_MAX = SHA512_CBLOCK };

/* Lies in a secret. */
struct kept {
    uint64_t block[BLOCK_MAX / 8];
    union hash inner, outer; /* behind the block of the key */
    union hash running;
    unsigned char hash[SHA512_DIGEST_LENGTH];
};

struct ck_otp_mac {
    struct ck_secret *secret;
    struct kept *kept;
    enum ck_totp_algorithm algorithm;
};

enum ck_err ck_otp_mac_new(struct ck_otp_mac **ret_mac, struct ck_error *err)
{
    CK_CLEANUP(ck_otp_mac_free) struct ck_otp_mac *mac = calloc(1, sizeof(*mac));

    if (mac == NULL)
        return ck_error_no_memory(err);
    if (ck_secret_new(NULL, sizeof(*mac->kept), &mac->secret, err) != CK_OK)
        return err->code;
    mac->kept = (struct kept *)ck_secret_bytes(mac->secret);
    *ret_mac = CK_TAKE(mac);
    return CK_OK;
}

void ck_otp_mac_free(struct ck_otp_mac **mac)
{
    if (*mac == NULL)
        return;
    ck_secret_free(&(*mac)->secret);
    free(*mac);
    *mac = NULL;
}

/* --- one of three hashes --- */

static size_t block_size(enum ck_totp_algorithm algorithm)
{
    return algorithm == CK_TOTP_SHA512 ? SHA512_CBLOCK : SHA_CBLOCK;
}

static size_t hash_size(enum ck_totp_algorithm algorithm)
{
    return algorithm == CK_TOTP_SHA512   ? SHA512_DIGEST_LENGTH
           : algorithm == CK_TOTP_SHA256 ? SHA256_DIGEST_LENGTH
                                         : SHA_DIGEST_LENGTH;
}

static void begin(enum ck_totp_algorithm algorithm, union hash *hash)
{
    if (algorithm == CK_TOTP_SHA512)
        SHA512_Init(&hash->sha512);
    else if (algorithm == CK_TOTP_SHA256)
        SHA256_Init(&hash->sha256);
    else
        SHA1_Init(&hash->sha1);
}

static void feed(enum ck_totp_algorithm algorithm, union hash *hash, const void *bytes, size_t size)
{
    if (algorithm == CK_TOTP_SHA512)
        SHA512_Update(&hash->sha512, bytes, size);
    else if (algorithm == CK_TOTP_SHA256)
        SHA256_Update(&hash->sha256, bytes, size);
    else
        SHA1_Update(&hash->sha1, bytes, size);
}

static void end(enum ck_totp_algorithm algorithm, union hash *hash, unsigned char *ret_bytes)
{
    if (algorithm == CK_TOTP_SHA512)
        SHA512_Final(ret_bytes, &hash->sha512);
    else if (algorithm == CK_TOTP_SHA256)
        SHA256_Final(ret_bytes, &hash->sha256);
    else
        SHA1_Final(ret_bytes, &hash->sha1);
}

/* --- HMAC --- */

/* What the block is already padded with stays on it. */
static void begin_behind_block(struct ck_otp_mac *mac, union hash *hash, uint64_t pad)
{
    uint64_t *block = mac->kept->block;

    for (size_t i = 0; i < BLOCK_MAX / 8; i++)
        block[i] ^= pad;
    begin(mac->algorithm, hash);
    feed(mac->algorithm, hash, block, block_size(mac->algorithm));
}

void ck_otp_mac_set_key(struct ck_otp_mac *mac, const struct ck_secret *key,
                        enum ck_totp_algorithm algorithm)
{
    static const uint64_t inner_pad = 0x3636363636363636, outer_pad = 0x5c5c5c5c5c5c5c5c;
    size_t size = ck_secret_size(key);
    struct kept *kept = mac->kept;

    mac->algorithm = algorithm;
    memset(kept->block, 0, sizeof(kept->block));
    if (size <= block_size(algorithm)) {
        memcpy(kept->block, ck_secret_bytes(key), size);
    } else {
        begin(algorithm, &kept->running);
        feed(algorithm, &kept->running, ck_secret_bytes(key), size);
        end(algorithm, &kept->running, (unsigned char *)kept->block);
    }
    begin_behind_block(mac, &kept->inner, inner_pad);
    begin_behind_block(mac, &kept->outer, inner_pad ^ outer_pad); /* one goes, one comes */
}

/* RFC 4226 section 5.3: four bytes from where the last one says, and their last decimal digits. */
static void write_code(const unsigned char *hash, size_t size, unsigned digits,
                       char ret_code[CK_TOTP_CODE_MAX])
{
    const unsigned char *at = hash + (hash[size - 1] & 0xf);
    uint32_t number = (uint32_t)(at[0] & 0x7f) << 24 | (uint32_t)at[1] << 16 |
                      (uint32_t)at[2] << 8 | (uint32_t)at[3];

    ret_code[digits] = '\0';
    for (; digits > 0; number /= 10)
        ret_code[--digits] = (char)('0' + number % 10);
}

void ck_otp_mac_code(struct ck_otp_mac *mac, unsigned digits, int64_t step,
                     char ret_code[CK_TOTP_CODE_MAX])
{
    struct kept *kept = mac->kept;
    size_t size = hash_size(mac->algorithm);
    unsigned char counter[8];

    for (size_t i = 0; i < sizeof(counter); i++)
        counter[i] = (unsigned char)((uint64_t)step >> (56 - 8 * i));
    kept->running = kept->inner;
    feed(mac->algorithm, &kept->running, counter, sizeof(counter));
    end(mac->algorithm, &kept->running, kept->hash);
    kept->running = kept->outer;
    feed(mac->algorithm, &kept->running, kept->hash, size);
    end(mac->algorithm, &kept->running, kept->hash);
    write_code(kept->hash, size, digits, ret_code);
}
