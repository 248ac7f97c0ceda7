#include "digest.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/bytes.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/hash.h"

struct digest {
    EVP_MD_CTX *context;
};

struct digest *digest_new(void)
{
    CK_CLEANUP(digest_free) struct digest *digest = calloc(1, sizeof(*digest));

    if (digest == NULL)
        return NULL;
    digest->context = EVP_MD_CTX_new();
    if (digest->context == NULL || EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) != 1)
        return NULL;
    return CK_TAKE(digest);
}

void digest_free(struct digest **digest)
{
    if (*digest != NULL)
        EVP_MD_CTX_free((*digest)->context);
    free(*digest);
    *digest = NULL;
}

enum ck_err digest_add(struct digest *digest, const char *bytes, size_t size, struct ck_error *err)
{
    return EVP_DigestUpdate(digest->context, bytes, size) == 1 ? CK_OK : ck_error_no_memory(err);
}

enum ck_err digest_end(struct digest *digest, char ret_hash[CK_JOURNAL_HASH_SIZE + 1],
                       struct ck_error *err)
{
    uint8_t hash[CK_SHA256_SIZE];

    if (EVP_DigestFinal_ex(digest->context, hash, NULL) != 1 ||
        EVP_DigestInit_ex(digest->context, NULL, NULL) != 1)
        return ck_error_no_memory(err);
    CK_CLEANUP(ck_free_p) char *hex = ck_hex_encode(hash, sizeof(hash));
    if (hex == NULL)
        return ck_error_no_memory(err);
    strcpy(ret_hash, hex);
    return CK_OK;
}
