/* What a client gets from a key at a login, and checking it (WebAuthn Level 3, section 7.2). */
#ifndef COWKEY_WEBAUTHN_ASSERTION_H
#define COWKEY_WEBAUTHN_ASSERTION_H

#include <stdbool.h>

#include "cowkey/webauthn/cose.h"
#include "cowkey/webauthn/credential.h"
#include "cowkey/webauthn/options.h"

struct ck_assertion {
    struct ck_bytes credential_id;
    struct ck_bytes client_data_json;
    struct ck_bytes authenticator_data;
    struct ck_bytes signature;
    struct ck_bytes user_handle; /* may be empty */
};

void ck_assertion_clear(struct ck_assertion *assertion);

struct ck_assertion_terms {
    const struct ck_bytes *challenge; /* NULL: it is not known, step 11 is left out */
    const char *rp_id;
    const char *origin;
    bool user_verification_required;
};

/*
 * *ret_reason is NULL when every step holds for this credential; else the first that does not:
 * "credential-id", "user-handle", "client-data", "type", "challenge", "origin", "cross-origin",
 * "authenticator-data", "rp-id", "user-present", "user-verified", "backup-state", "signature",
 * "sign-count". A credential whose public key can't be read is CK_ERR_USAGE. Where "client-data" or
 * "authenticator-data" is because something can't be read, err->text says what; otherwise it is
 * empty.
 */
enum ck_err ck_assertion_verify(const struct ck_assertion *assertion,
                                const struct ck_credential *credential,
                                const struct ck_assertion_terms *terms, const char **ret_reason,
                                struct ck_error *err);

/* The same with the credential's key (ck_credential_key) at hand: for many assertions of one. */
enum ck_err ck_assertion_verify_by(const struct ck_cose_key *key,
                                   const struct ck_assertion *assertion,
                                   const struct ck_credential *credential,
                                   const struct ck_assertion_terms *terms, const char **ret_reason,
                                   struct ck_error *err);

#endif
