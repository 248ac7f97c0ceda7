/* The record of a credential: everything worth keeping about it, and nothing secret. */
#ifndef COWKEY_WEBAUTHN_CREDENTIAL_H
#define COWKEY_WEBAUTHN_CREDENTIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "cowkey/base/bytes.h"
#include "cowkey/webauthn/attestation.h"
#include "cowkey/webauthn/authenticator_data.h"
#include "cowkey/webauthn/options.h"

struct json_t;

struct ck_credential {
    struct ck_bytes id;
    struct ck_bytes public_key; /* COSE_Key */
    int algorithm;
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

#endif
