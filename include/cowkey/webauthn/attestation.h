/* The attestation object: format, statement, authenticator data (WebAuthn Level 3, section 6.5). */
#ifndef COWKEY_WEBAUTHN_ATTESTATION_H
#define COWKEY_WEBAUTHN_ATTESTATION_H

#include "cowkey/base/bytes.h"

enum {
    CK_ATTESTATION_MAX = 64 * 1024, /* bytes of an object */
    CK_ATTESTATION_FORMAT_MAX = 33, /* bytes of a format's name, with NUL (section 8.1) */
    CK_CHAIN_MAX = 8,               /* certificates in x5c */
};

/*
 * signature, algorithm and chain are those of packed and fido-u2f; without chain packed is
 * self-attested. statement is the attStmt of another format as it is encoded. Where one is given
 * for packed, fido-u2f or none, it is written in the place of the members before it.
 */
struct ck_attestation {
    /* packed, fido-u2f, none, or another that is carried but not judged */
    char format[CK_ATTESTATION_FORMAT_MAX];
    int algorithm; /* of the signature; 0 when the statement has none */
    struct ck_bytes signature;
    struct ck_bytes chain[CK_CHAIN_MAX]; /* DER, leaf first */
    size_t chain_count;
    struct ck_bytes statement;
    struct ck_bytes authenticator_data; /* raw */
};

/*
 * The object in CTAP2 canonical CBOR: what a browser would pass on. What ck_attestation_parse would
 * refuse is CK_ERR_USAGE, as is another format without a statement.
 */
enum ck_err ck_attestation_format(const struct ck_attestation *attestation,
                                  struct ck_bytes *ret_object, struct ck_error *err);
/*
 * Malformed, non-minimal, unsorted or over-long CBOR, duplicate, unknown and missing members:
 * CK_ERR_USAGE.
 */
enum ck_err ck_attestation_parse(const struct ck_bytes *object, struct ck_attestation *ret,
                                 struct ck_error *err);
void ck_attestation_clear(struct ck_attestation *attestation);

#endif
