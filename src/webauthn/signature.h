/* Signatures by COSE algorithm (RFC 9053 section 2, RFC 8812), over what WebAuthn has signed. */
#ifndef WEBAUTHN_SIGNATURE_H
#define WEBAUTHN_SIGNATURE_H

#include <openssl/evp.h>
#include <stdbool.h>

#include "cowkey/base/bytes.h"

/*
 * Whether signature is key's with that algorithm over size bytes of message. A malformed signature,
 * an algorithm that is not known here and a key that is not made for it are just not valid.
 */
enum ck_err ck_signature_verify(EVP_PKEY *key, int algorithm, const void *message, size_t size,
                                const struct ck_bytes *signature, bool *ret_valid,
                                struct ck_error *err);

/*
 * The same for many signatures of one key: what OpenSSL looks up for it is kept. Used by one thread
 * at a time. *ret_verifier is NULL when the algorithm is not known or the key is not made for it.
 */
struct ck_verifier;

enum ck_err ck_verifier_new(EVP_PKEY *key, int algorithm, struct ck_verifier **ret_verifier,
                            struct ck_error *err);
void ck_verifier_free(struct ck_verifier **verifier);
enum ck_err ck_verifier_verify(struct ck_verifier *verifier, const void *message, size_t size,
                               const struct ck_bytes *signature, bool *ret_valid,
                               struct ck_error *err);

/* Whether a key is on the elliptic curve of OpenSSL's name group; false also without memory. */
bool ck_signature_key_is_on(EVP_PKEY *key, const char *group);

#endif
