/* Attestation statements and their verification procedures (WebAuthn Level 3, section 8). */
#ifndef WEBAUTHN_STATEMENT_H
#define WEBAUTHN_STATEMENT_H

#include "cowkey/webauthn/attestation.h"
#include "cowkey/webauthn/authenticator_data.h"
#include "cowkey/webauthn/cose.h"

/*
 * *ret_reason is NULL when the statement is right, else "attestation-format" (not packed, fido-u2f
 * or none), "attestation-signature", "attestation-certificate" or "aaguid". data and key are what
 * attestation's authenticator data holds.
 */
enum ck_err ck_statement_verify(const struct ck_attestation *attestation,
                                const struct ck_authenticator_data *data,
                                const struct ck_cose_key *key,
                                const uint8_t client_data_hash[CK_SHA256_SIZE],
                                const char **ret_reason, struct ck_error *err);

#endif
