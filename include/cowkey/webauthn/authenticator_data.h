/* What a key says about itself and the ceremony (WebAuthn Level 3, section 6.1). */
#ifndef COWKEY_WEBAUTHN_AUTHENTICATOR_DATA_H
#define COWKEY_WEBAUTHN_AUTHENTICATOR_DATA_H

#include <stdbool.h>
#include <stdint.h>

#include "cowkey/base/bytes.h"
#include "cowkey/base/hash.h"

enum { CK_AAGUID_SIZE = 16, CK_AUTHENTICATOR_DATA_MAX = 8192 };

enum ck_authenticator_flag {
    CK_FLAG_USER_PRESENT = 0x01,
    CK_FLAG_USER_VERIFIED = 0x04,
    CK_FLAG_BACKUP_ELIGIBLE = 0x08,
    CK_FLAG_BACKED_UP = 0x10,
    CK_FLAG_ATTESTED = 0x40,
    CK_FLAG_EXTENSIONS = 0x80,
};

/* The attested part is there when flags has CK_FLAG_ATTESTED; public_key is a COSE_Key in CBOR. */
struct ck_authenticator_data {
    uint8_t rp_id_hash[CK_SHA256_SIZE];
    uint8_t flags;
    uint32_t sign_count;
    uint8_t aaguid[CK_AAGUID_SIZE];
    struct ck_bytes credential_id;
    struct ck_bytes public_key;
};

/*
 * Reads the whole of size bytes: left-over bytes, and parts that the flags do not announce, are
 * CK_ERR_USAGE.
 */
enum ck_err ck_authenticator_data_parse(const void *bytes, size_t size,
                                        struct ck_authenticator_data *ret_data,
                                        struct ck_error *err);
void ck_authenticator_data_clear(struct ck_authenticator_data *data);

#endif
