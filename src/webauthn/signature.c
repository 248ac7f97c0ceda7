#include "signature.h"

#include <openssl/objects.h>
#include <stdlib.h>
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

/* --- one key --- */

struct ck_verifier {
    const struct kind *kind;
    EVP_PKEY *key;
    EVP_MD *digest;        /* NULL for EdDSA, which hashes by itself */
    EVP_MD_CTX *hashing;   /* of the digest; for EdDSA of nothing */
    EVP_PKEY_CTX *context; /* ready to verify a digest; NULL for EdDSA */
};

void ck_verifier_free(struct ck_verifier **verifier)
{
    if (*verifier == NULL)
        return;
    EVP_PKEY_CTX_free((*verifier)->context);
    EVP_MD_CTX_free((*verifier)->hashing);
    EVP_MD_free((*verifier)->digest);
    EVP_PKEY_free((*verifier)->key);
    free(*verifier);
    *verifier = NULL;
}

struct making {
    EVP_PKEY *key;
    int algorithm;
    struct ck_verifier *verifier;
};

static bool make_digest(struct ck_verifier *verifier)
{
    verifier->digest = EVP_MD_fetch(NULL, verifier->kind->digest, NULL);
    verifier->context = EVP_PKEY_CTX_new_from_pkey(NULL, verifier->key, NULL);
    return verifier->digest != NULL && verifier->context != NULL &&
           EVP_PKEY_verify_init(verifier->context) == 1 &&
           EVP_PKEY_CTX_set_signature_md(verifier->context, verifier->digest) == 1;
}

static bool make(void *data)
{
    struct making *making = data;
    CK_CLEANUP(ck_verifier_free) struct ck_verifier *verifier = calloc(1, sizeof(*verifier));

    if (verifier == NULL)
        return false;
    verifier->kind = kind_of(making->key, making->algorithm);
    if (verifier->kind == NULL)
        return false;
    if (EVP_PKEY_up_ref(making->key) == 1)
        verifier->key = making->key;
    verifier->hashing = EVP_MD_CTX_new();
    if (verifier->key == NULL || verifier->hashing == NULL ||
        (verifier->kind->digest != NULL && !make_digest(verifier)))
        return false;
    making->verifier = CK_TAKE(verifier);
    return true;
}

enum ck_err ck_verifier_new(EVP_PKEY *key, int algorithm, struct ck_verifier **ret_verifier,
                            struct ck_error *err)
{
    struct making making = {key, algorithm, NULL};
    bool is_made;

    if (ck_openssl_attempt(make, &making, &is_made, err) != CK_OK)
        return err->code;
    *ret_verifier = making.verifier;
    return CK_OK;
}

struct verification {
    struct ck_verifier *verifier;
    const void *message;
    size_t size;
    const struct ck_bytes *signature;
};

static bool verify(void *data)
{
    const struct verification *of = data;
    struct ck_verifier *verifier = of->verifier;
    const struct ck_bytes *signature = of->signature;
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned size;

    if (signature->size == 0)
        return false;
    if (verifier->digest == NULL)
        return EVP_MD_CTX_reset(verifier->hashing) == 1 &&
               EVP_DigestVerifyInit_ex(verifier->hashing, NULL, NULL, NULL, NULL, verifier->key,
                                       NULL) == 1 &&
               EVP_DigestVerify(verifier->hashing, signature->data, signature->size, of->message,
                                of->size) == 1;
    return EVP_DigestInit_ex(verifier->hashing, verifier->digest, NULL) == 1 &&
           EVP_DigestUpdate(verifier->hashing, of->message, of->size) == 1 &&
           EVP_DigestFinal_ex(verifier->hashing, hash, &size) == 1 &&
           EVP_PKEY_verify(verifier->context, signature->data, signature->size, hash, size) == 1;
}

enum ck_err ck_verifier_verify(struct ck_verifier *verifier, const void *message, size_t size,
                               const struct ck_bytes *signature, bool *ret_valid,
                               struct ck_error *err)
{
    struct verification verification = {verifier, message, size, signature};

    return ck_openssl_attempt(verify, &verification, ret_valid, err);
}

enum ck_err ck_signature_verify(EVP_PKEY *key, int algorithm, const void *message, size_t size,
                                const struct ck_bytes *signature, bool *ret_valid,
                                struct ck_error *err)
{
    CK_CLEANUP(ck_verifier_free) struct ck_verifier *verifier = NULL;

    if (ck_verifier_new(key, algorithm, &verifier, err) != CK_OK)
        return err->code;
    if (verifier == NULL) {
        *ret_valid = false;
        return CK_OK;
    }
    return ck_verifier_verify(verifier, message, size, signature, ret_valid, err);
}
