#include "cowkey/base/hash.h"

#include <openssl/evp.h>
#include <stdatomic.h>
#include <string.h>

/*
 * The algorithm, looked up once for the whole process: OpenSSL would do that for each hash. Threads
 * may do it at the same time; one of them wins.
 */
static const EVP_MD *find_sha256(void)
{
    static _Atomic(EVP_MD *) kept;
    EVP_MD *found = kept, *none = NULL;

    if (found != NULL)
        return found;
    found = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (found == NULL || atomic_compare_exchange_strong(&kept, &none, found))
        return found;
    EVP_MD_free(found);
    return none;
}

enum ck_err ck_sha256(const void *data, size_t size, uint8_t ret_hash[CK_SHA256_SIZE],
                      struct ck_error *err)
{
    const EVP_MD *sha256 = find_sha256();
    uint8_t hash[CK_SHA256_SIZE];

    /* It can't fail but for memory. */
    if (sha256 == NULL || EVP_Digest(data, size, hash, NULL, sha256, NULL) != 1)
        return ck_error_no_memory(err);
    memcpy(ret_hash, hash, sizeof(hash));
    return CK_OK;
}
