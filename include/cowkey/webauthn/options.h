/*
 * What a relying party asks of a key: creation and request options in the standard JSON form
 * (WebAuthn Level 3, section 5.1.9 PublicKeyCredentialCreationOptionsJSON and 5.1.10
 * PublicKeyCredentialRequestOptionsJSON), binary members in base64url.
 */
#ifndef COWKEY_WEBAUTHN_OPTIONS_H
#define COWKEY_WEBAUTHN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "cowkey/base/bytes.h"
#include "cowkey/base/error.h"
#include "cowkey/base/host.h"

struct json_t;

enum {
    CK_CREDENTIAL_ID_MAX = 1023, /* bytes (WebAuthn section 4, credential ID) */
    CK_CHALLENGE_MIN = 16,       /* bytes (section 13.4.3) */
    CK_CHALLENGE_MAX = 1024,
    CK_USER_ID_MAX = 64,      /* bytes (section 4, user handle) */
    CK_NAME_MAX = 256,        /* bytes of names, with NUL */
    CK_CREDENTIALS_MAX = 256, /* entries of an allow or exclude list */
    CK_ALGORITHMS_MAX = 16,   /* further ones are ignored */
};

/* COSE algorithm identifiers (RFC 9053, RFC 8812). */
enum ck_cose_algorithm {
    CK_COSE_ES256 = -7,
    CK_COSE_EDDSA = -8,
    CK_COSE_ES384 = -35,
    CK_COSE_RS256 = -257,
};

enum ck_user_verification { CK_UV_PREFERRED, CK_UV_REQUIRED, CK_UV_DISCOURAGED };

struct ck_creation_options {
    char rp_id[CK_HOST_MAX];
    char rp_name[CK_NAME_MAX];
    struct ck_bytes user_id;
    char user_name[CK_NAME_MAX];
    char user_display_name[CK_NAME_MAX];
    struct ck_bytes challenge;
    int algorithms[CK_ALGORITHMS_MAX]; /* in the order of preference */
    size_t algorithms_count;
    struct ck_bytes *exclude;
    size_t exclude_count;
    enum ck_user_verification user_verification;
    bool resident_key;    /* required */
    char attestation[16]; /* none, indirect, direct, enterprise */
};

struct ck_request_options {
    char rp_id[CK_HOST_MAX];
    struct ck_bytes challenge;
    struct ck_bytes *allow; /* empty: any resident credential of the key */
    size_t allow_count;
    enum ck_user_verification user_verification;
};

/*
 * Reads the object that is called publicKey where options are passed around. Missing or mistyped
 * members, sizes out of bounds, bad base64 and lists over CK_CREDENTIALS_MAX are errors of the
 * given code; unknown members and credential types other than "public-key" are ignored, unless a
 * list that is not empty has only such types. Beyond what the specification requires, rp.id and
 * rpId have to be there. Enumerations with unknown values count as missing (section 2.1.1); an
 * empty pubKeyCredParams means ES256 and RS256 (section 5.1.3).
 */
enum ck_err ck_creation_options_parse(const struct json_t *object, enum ck_err code,
                                      struct ck_creation_options *ret_options,
                                      struct ck_error *err);
enum ck_err ck_request_options_parse(const struct json_t *object, enum ck_err code,
                                     struct ck_request_options *ret_options, struct ck_error *err);

void ck_creation_options_clear(struct ck_creation_options *options);
void ck_request_options_clear(struct ck_request_options *options);

#endif
