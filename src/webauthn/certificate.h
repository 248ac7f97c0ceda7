/* Attestation certificates: what the attestation formats ask of them. */
#ifndef WEBAUTHN_CERTIFICATE_H
#define WEBAUTHN_CERTIFICATE_H

#include <openssl/x509.h>

#include "cowkey/base/bytes.h"
#include "cowkey/webauthn/authenticator_data.h"

/* One certificate and nothing behind it; CK_ERR_USAGE when it is not one. */
enum ck_err ck_certificate_parse(const struct ck_bytes *der, X509 **ret_certificate,
                                 struct ck_error *err);
void ck_certificate_free(X509 **certificate);

/* Whether it meets WebAuthn Level 3, section 8.2.1, but for the AAGUID. */
enum ck_err ck_certificate_is_for_packed(X509 *certificate, bool *ret_is_it, struct ck_error *err);

/* Whether its id-fido-gen-ce-aaguid extension, if it has one, holds this AAGUID. */
bool ck_certificate_has_aaguid(X509 *certificate, const uint8_t aaguid[CK_AAGUID_SIZE]);

/* Whether its public key is on P-256. */
enum ck_err ck_certificate_is_on_p256(X509 *certificate, bool *ret_is_it, struct ck_error *err);

#endif
