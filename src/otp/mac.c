/*
 * The codes of a key by OpenSSL's HMAC, which is set up once for a key and goes back to its start
 * for each code: liboath hashes the key anew each time. For one code liboath is the faster, since
 * it has no providers to look up.
 */
#include "mac.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"

struct ck_otp_mac {
    EVP_MAC_CTX *context;
    struct ck_secret *key; /* CK_TOTP_KEY_MAX bytes, of which key_size count */
    size_t key_size;       /* 0 when it is not ready for any */
    enum ck_totp_algorithm algorithm;
};

static EVP_MAC_CTX *new_context(void)
{
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
    EVP_MAC_CTX *context = hmac != NULL ? EVP_MAC_CTX_new(hmac) : NULL;

    EVP_MAC_free(hmac); /* the context has a reference of its own */
    return context;
}

enum ck_err ck_otp_mac_new(struct ck_otp_mac **ret_mac, struct ck_error *err)
{
    CK_CLEANUP(ck_otp_mac_free) struct ck_otp_mac *mac = calloc(1, sizeof(*mac));

    if (mac == NULL)
        return ck_error_no_memory(err);
    if (ck_secret_new(NULL, CK_TOTP_KEY_MAX, &mac->key, err) != CK_OK)
        return err->code;
    mac->context = new_context();
    ERR_clear_error();
    if (mac->context == NULL)
        return ck_error_no_memory(err);
    *ret_mac = CK_TAKE(mac);
    return CK_OK;
}

void ck_otp_mac_free(struct ck_otp_mac **mac)
{
    if (*mac == NULL)
        return;
    EVP_MAC_CTX_free((*mac)->context);
    ck_secret_free(&(*mac)->key);
    free(*mac);
    *mac = NULL;
}

/* HMAC can't fail but for memory. What was being done is undone by the next key. */
static enum ck_err give_up(struct ck_otp_mac *mac, struct ck_error *err)
{
    ERR_clear_error();
    mac->key_size = 0;
    return ck_error_no_memory(err);
}

static bool set_key(struct ck_otp_mac *mac, const struct ck_secret *key,
                    enum ck_totp_algorithm algorithm)
{
    static const char *const names[] = {
        [CK_TOTP_SHA1] = "SHA1", [CK_TOTP_SHA256] = "SHA256", [CK_TOTP_SHA512] = "SHA512"};
    /* The name is only read. */
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)names[algorithm], 0),
        OSSL_PARAM_construct_end()};
    /* Naming the hash again would have it looked up again. */
    bool has_hash = mac->key_size != 0 && mac->algorithm == algorithm;

    return EVP_MAC_init(mac->context, (const unsigned char *)ck_secret_bytes(key),
                        ck_secret_size(key), has_hash ? NULL : params) == 1;
}

enum ck_err ck_otp_mac_prepare(struct ck_otp_mac *mac, const struct ck_secret *key,
                               enum ck_totp_algorithm algorithm, struct ck_error *err)
{
    size_t size = ck_secret_size(key);

    if (mac->key_size == size && mac->algorithm == algorithm &&
        CRYPTO_memcmp(ck_secret_bytes(mac->key), ck_secret_bytes(key), size) == 0)
        return CK_OK;
    if (!set_key(mac, key, algorithm))
        return give_up(mac, err);
    ck_secret_erase(ck_secret_bytes(mac->key), CK_TOTP_KEY_MAX);
    memcpy(ck_secret_bytes(mac->key), ck_secret_bytes(key), size);
    mac->key_size = size;
    mac->algorithm = algorithm;
    return CK_OK;
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

enum ck_err ck_otp_mac_code(struct ck_otp_mac *mac, unsigned digits, int64_t step,
                            char ret_code[CK_TOTP_CODE_MAX], struct ck_error *err)
{
    unsigned char counter[8], hash[EVP_MAX_MD_SIZE];
    size_t size;

    for (size_t i = 0; i < sizeof(counter); i++)
        counter[i] = (unsigned char)((uint64_t)step >> (56 - 8 * i));
    /* Without a key: from behind the one that it has. */
    if (EVP_MAC_init(mac->context, NULL, 0, NULL) != 1 ||
        EVP_MAC_update(mac->context, counter, sizeof(counter)) != 1 ||
        EVP_MAC_final(mac->context, hash, &size, sizeof(hash)) != 1)
        return give_up(mac, err);
    write_code(hash, size, digits, ret_code);
    ck_secret_erase(hash, sizeof(hash));
    return CK_OK;
}
