/* The record of a credential: everything worth keeping about it, and nothing secret. */
#ifndef COWKEY_WEBAUTHN_CREDENTIAL_H
#define COWKEY_WEBAUTHN_CREDENTIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "cowkey/base/bytes.h"
#include "cowkey/base/json_view.h"
#include "cowkey/webauthn/attestation.h"
#include "cowkey/webauthn/authenticator_data.h"
#include "cowkey/webauthn/options.h"

struct ck_cose_key;
struct json_t;

struct ck_credential {
    struct ck_bytes id;
    struct ck_bytes public_key; /* COSE_Key */
    int algorithm;              /* 0: that of the public key */
    char rp_id[CK_HOST_MAX];
    struct ck_bytes user_id;
    uint8_t aaguid[CK_AAGUID_SIZE];
    char format[CK_ATTESTATION_FORMAT_MAX];
    struct ck_bytes chain[CK_CHAIN_MAX];
    size_t chain_count;
    uint32_t sign_count;
    bool user_verified;
    bool backup_eligible;
    bool backed_up;
    bool resident;
};

void ck_credential_clear(struct ck_credential *credential);

/* "f8a011f3-8c0a-4d15-8006-17111f9edc7d" */
enum { CK_AAGUID_TEXT_MAX = 37 };
void ck_aaguid_format(const uint8_t aaguid[CK_AAGUID_SIZE], char text[CK_AAGUID_TEXT_MAX]);

/*
 * The members id, public_key (COSE, base64url), public_key_pem, alg, rp_id, aaguid, user_handle,
 * sign_count, transports (["usb"]), fmt, x5c, user_verified, backup_eligible, backed_up, resident
 * as a new JSON object; binary members in base64url. A public key that can't be read is
 * CK_ERR_USAGE.
 */
enum ck_err ck_credential_to_json(const struct ck_credential *credential, struct json_t **ret_json,
                                  struct ck_error *err);

/*
 * Reads such an object back. id, public_key and rp_id must be there, the others may be missing;
 * unknown ones are ignored, as are public_key_pem and transports. Mistyped members, bad base64,
 * sizes and numbers out of bounds (a sign_count beyond 32 bits) are CK_ERR_USAGE, and the error's
 * text names the member. The public key is read by ck_credential_key.
 */
enum ck_err ck_credential_from_json(const struct ck_json_item *item,
                                    struct ck_credential *ret_credential, struct ck_error *err);

/* The credential's key; one that can't be read or is not for its algorithm is CK_ERR_USAGE. */
enum ck_err ck_credential_key(const struct ck_credential *credential, struct ck_cose_key **ret_key,
                              struct ck_error *err);

#endif
