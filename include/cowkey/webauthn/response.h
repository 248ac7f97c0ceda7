/*
 * What a client sends to a relying party, as text, in two forms:
 *
 * - standard: RegistrationResponseJSON and AuthenticationResponseJSON (WebAuthn Level 3, section
 *   5.1, what PublicKeyCredential.toJSON() gives), an object with "id", "rawId", "type" and
 *   "response"; binary members in base64url.
 * - mailcow: what its pages post (protocol 5, 6): one flat object; binary members in standard base64.
 *
 * An object with a member "response" is of the standard form. Unknown members are ignored.
 */
#ifndef COWKEY_WEBAUTHN_RESPONSE_H
#define COWKEY_WEBAUTHN_RESPONSE_H

#include "cowkey/base/json_view.h"
#include "cowkey/webauthn/assertion.h"
#include "cowkey/webauthn/registration.h"

enum { CK_SIGNATURE_MAX = 1024 }; /* bytes; that of RSA with 8192 bits */

/*
 * Missing or mistyped members, bad base64, sizes out of bounds (CK_CREDENTIAL_ID_MAX,
 * CK_CLIENT_DATA_MAX, ...), another type than "public-key" and a rawId that is not the id are
 * CK_ERR_USAGE; the error's text names the member ("'response.signature' is missing"). userHandle
 * may be missing or null.
 */
enum ck_err ck_response_read_assertion(const struct ck_json_item *item,
                                       struct ck_assertion *ret_assertion, struct ck_error *err);

/* Likewise; mailcow's form has no id, credential_id is empty then. */
enum ck_err ck_response_read_registration(const struct ck_json_item *item,
                                          struct ck_registration *ret_registration,
                                          struct ck_error *err);

#endif
