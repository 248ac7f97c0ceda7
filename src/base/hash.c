#include "cowkey/base/hash.h"

#include <openssl/evp.h>
#include <string.h>

enum ck_err ck_sha256(const void *data, size_t size, uint8_t ret_hash[CK_SHA256_SIZE],
                      struct ck_error *err)
{
    uint8_t hash[CK_SHA256_SIZE];

    /* It can't fail but for memory. */
    if (EVP_Digest(data, size, hash, NULL, EVP_sha256(), NULL) != 1)
        return ck_error_no_memory(err);
    memcpy(ret_hash, hash, sizeof(hash));
    return CK_OK;
}
