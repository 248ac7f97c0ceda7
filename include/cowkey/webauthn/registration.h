/*
 * Checking a registration before anybody is told of it: WebAuthn Level 3, section 7.1, with the
 * attestation statements packed (x5c and self), fido-u2f and none (sections 8.2, 8.6, 8.7).
 */
#ifndef COWKEY_WEBAUTHN_REGISTRATION_H
#define COWKEY_WEBAUTHN_REGISTRATION_H

#include <stdbool.h>

#include "cowkey/webauthn/credential.h"
#include "cowkey/webauthn/options.h"

/* What a client gets from a key at registration. */
struct ck_registration {
    struct ck_bytes credential_id; /* as the client reports it; empty: it does not */
    struct ck_bytes client_data_json;
    struct ck_bytes attestation_object;
};

void ck_registration_clear(struct ck_registration *registration);

struct ck_registration_terms {
    const struct ck_creation_options *options;
    bool any_challenge; /* the options' challenge is not known: step 8 is left out */
    const char *origin;
    bool user_verification_required;
};

/*
 * *ret_reason is NULL and *ret_credential filled when every step holds; else it names the first
 * step that does not: "client-data", "type", "challenge", "origin", "cross-origin",
 * "attestation-object", "rp-id", "user-present", "user-verified", "backup-state", "public-key",
 * "algorithm", "attestation-format", "attestation-signature", "attestation-certificate" (what 8.2.1
 * or 8.6 ask of it; keys that are made for one site only often fall short of the subject in 8.2.1),
 * "aaguid", "credential-id", "excluded".
 *
 * Where "client-data", "attestation-object" or "public-key" is because something can't be read,
 * err->text says what; otherwise it is empty.
 *
 * Whether a certificate is trusted is not judged (see trust.h). The credential's resident is what the options
 * require; a caller that knows more may correct it.
 */
enum ck_err ck_registration_verify(const struct ck_registration *registration,
                                   const struct ck_registration_terms *terms,
                                   const char **ret_reason, struct ck_credential *ret_credential,
                                   struct ck_error *err);

#endif
