/* Which attestation certificates are trusted (WebAuthn Level 3, section 7.1 step 24). */
#ifndef COWKEY_WEBAUTHN_TRUST_H
#define COWKEY_WEBAUTHN_TRUST_H

#include <stdbool.h>

#include "cowkey/base/bytes.h"

enum {
    CK_ROOTS_SIZE_MAX = 4 * 1024 * 1024, /* bytes of a file of roots */
    CK_ROOTS_MAX = 1000,                 /* certificates in it */
};

struct ck_trust; /* the roots; may be used by several threads at once */

/*
 * Certificates in PEM (RFC 7468), one or more; text around them is ignored, as is one that comes
 * again. A certificate that can't be read is CK_ERR_USAGE, and its number in the file is said.
 */
enum ck_err ck_trust_parse(const char *pem, size_t size, struct ck_trust **ret_trust,
                           struct ck_error *err);
void ck_trust_free(struct ck_trust **trust);

/*
 * Whether a chain of count certificates (DER, leaf first, as x5c has them) leads to one of the
 * roots: each signature, names and key identifiers, basic constraints and key usage of the CAs,
 * path lengths, the times of all of them at now_s, and keys and hashes of 80 bits of strength
 * (OpenSSL's security level 1). A root may be a CA that another one has signed, or the leaf itself.
 * Roots of one name are told apart by the key identifiers of what they signed.
 *
 * Not checked: revocation (there is no network here), the FIDO metadata service and what it knows of
 * an authenticator, and for which AAGUIDs a CA may speak. No certificates
 * are not trusted; one that can't be read is CK_ERR_USAGE.
 *
 * When it is not, ret_cause gets why, in OpenSSL's words (static).
 */
enum ck_err ck_trust_check(const struct ck_trust *trust, const struct ck_bytes *chain, size_t count,
                           int64_t now_s, bool *ret_trusted, const char **ret_cause,
                           struct ck_error *err);

#endif
