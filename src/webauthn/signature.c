#include "signature.h"

#include <openssl/objects.h>
#include <string.h>

#include "attempt.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/webauthn/options.h"

/* The kind of key that an algorithm takes (section 5.8.5 for the curves), and its hash. */
struct kind {
    int algorithm;
    const char *key_type;
    const char *group; /* OpenSSL's name of the curve; NULL where there is no choice */
    const char *digest;
};

static const struct kind kinds[] = {
    {CK_COSE_ES256, "EC", SN_X9_62_prime256v1, "SHA256"},
    {CK_COSE_ES384, "EC", SN_secp384r1, "SHA384"},
    {CK_COSE_EDDSA, "ED25519", NULL, NULL},
    {CK_COSE_RS256, "RSA", NULL, "SHA256"},
};

bool ck_signature_key_is_on(EVP_PKEY *key, const char *group)
{
    char name[32];
    size_t size;

    return EVP_PKEY_get_group_name(key, name, sizeof(name), &size) == 1 && strcmp(name, group) == 0;
}

static const struct kind *kind_of(EVP_PKEY *key, int algorithm)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kinds[i].algorithm == algorithm && EVP_PKEY_is_a(key, kinds[i].key_type) &&
            (kinds[i].group == NULL || ck_signature_key_is_on(key, kinds[i].group)))
            return &kinds[i];
    }
    return NULL;
}

static void free_context(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
}

struct verification {
    EVP_PKEY *key;
    int algorithm;
    const void *message;
    size_t size;
    const struct ck_bytes *signature;
};

static bool verify(void *data)
{
    CK_CLEANUP(free_context) EVP_MD_CTX *context = NULL;
    const struct verification *of = data;
    const struct kind *kind = kind_of(of->key, of->algorithm);

    if (kind == NULL || of->signature->size == 0)
        return false;
    context = EVP_MD_CTX_new();
    return context != NULL &&
           EVP_DigestVerifyInit_ex(context, NULL, kind->digest, NULL, NULL, of->key, NULL) == 1 &&
           EVP_DigestVerify(context, of->signature->data, of->signature->size, of->message,
                            of->size) == 1;
}

enum ck_err ck_signature_verify(EVP_PKEY *key, int algorithm, const void *message, size_t size,
                                const struct ck_bytes *signature, bool *ret_valid,
                                struct ck_error *err)
{
    struct verification verification = {key, algorithm, message, size, signature};

    return ck_openssl_attempt(verify, &verification, ret_valid, err);
}
