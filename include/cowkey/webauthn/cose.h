/* Public keys as COSE_Key (RFC 9052 section 7, RFC 9053, RFC 8230): ES256, ES384, EdDSA, RS256. */
#ifndef COWKEY_WEBAUTHN_COSE_H
#define COWKEY_WEBAUTHN_COSE_H

#include <stdbool.h>

#include "cowkey/base/bytes.h"
#include "cowkey/webauthn/options.h"

enum {
    CK_COSE_KEY_MAX = 2048,
    CK_PEM_MAX = 16 * 1024, /* bytes of a public key in PEM */
};

struct ck_cose_key; /* parsed, ready to verify; used by one thread at a time */

/*
 * Unknown key types and algorithms, wrong curve or sizes, points off the curve, RSA under 2048
 * bits: CK_ERR_USAGE.
 */
enum ck_err ck_cose_key_parse(const struct ck_bytes *cbor, struct ck_cose_key **ret_key,
                              struct ck_error *err);
void ck_cose_key_free(struct ck_cose_key **key);

int ck_cose_key_algorithm(const struct ck_cose_key *key);

/* Whether signature is key's over size bytes of message; a malformed one is just not valid. */
enum ck_err ck_cose_key_verify(const struct ck_cose_key *key, const void *message, size_t size,
                               const struct ck_bytes *signature, bool *ret_valid,
                               struct ck_error *err);

/*
 * The COSE_Key of a SubjectPublicKeyInfo in PEM (RFC 7468); text around it is ignored. The kind of
 * key tells the algorithm. No public key, another kind, and what ck_cose_key_parse refuses are
 * CK_ERR_USAGE.
 */
enum ck_err ck_cose_from_pem(const char *pem, size_t size, struct ck_bytes *ret_cbor,
                             struct ck_error *err);

/* SubjectPublicKeyInfo in PEM (RFC 7468); a new string. */
enum ck_err ck_cose_key_pem(const struct ck_cose_key *key, char **ret_pem, struct ck_error *err);

#endif
