#include "statement.h"

#include <stdlib.h>
#include <string.h>

#include "certificate.h"
#include "cose_point.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/hash.h"
#include "signature.h"

static const char bad_signature[] = "attestation-signature";
static const char bad_certificate[] = "attestation-certificate";

/* What a statement is judged by: the inputs of the verification procedures. */
struct inputs {
    const struct ck_attestation *attestation;
    const struct ck_authenticator_data *data;
    const struct ck_cose_key *key;
    const uint8_t *client_data_hash;
};

/* The leaf, once every certificate was read; *ret_leaf stays NULL when one can't be. */
static enum ck_err read_chain(const struct ck_attestation *attestation, X509 **ret_leaf,
                              struct ck_error *err)
{
    CK_CLEANUP(ck_certificate_free) X509 *leaf = NULL;

    for (size_t i = 0; i < attestation->chain_count; i++) {
        CK_CLEANUP(ck_certificate_free) X509 *certificate = NULL;
        enum ck_err r = ck_certificate_parse(&attestation->chain[i], &certificate, err);

        if (r != CK_OK)
            return r == CK_ERR_USAGE ? CK_OK : r;
        if (i == 0)
            leaf = CK_TAKE(certificate);
    }
    *ret_leaf = CK_TAKE(leaf);
    return CK_OK;
}

/* --- packed (section 8.2) --- */

static enum ck_err verify_packed_certified(const struct inputs *in, const struct ck_bytes *message,
                                           const char **ret_reason, struct ck_error *err)
{
    CK_CLEANUP(ck_certificate_free) X509 *leaf = NULL;
    bool valid, is_right;

    if (read_chain(in->attestation, &leaf, err) != CK_OK)
        return err->code;
    if (leaf == NULL) {
        *ret_reason = bad_certificate;
        return CK_OK;
    }
    if (ck_signature_verify(X509_get0_pubkey(leaf), in->attestation->algorithm, message->data,
                            message->size, &in->attestation->signature, &valid, err) != CK_OK ||
        ck_certificate_is_for_packed(leaf, &is_right, err) != CK_OK)
        return err->code;
    *ret_reason = !valid                                               ? bad_signature
                  : !is_right                                          ? bad_certificate
                  : !ck_certificate_has_aaguid(leaf, in->data->aaguid) ? "aaguid"
                                                                       : NULL;
    return CK_OK;
}

static enum ck_err verify_packed_self(const struct inputs *in, const struct ck_bytes *message,
                                      const char **ret_reason, struct ck_error *err)
{
    bool valid = in->attestation->algorithm == ck_cose_key_algorithm(in->key);

    if (valid && ck_cose_key_verify(in->key, message->data, message->size,
                                    &in->attestation->signature, &valid, err) != CK_OK)
        return err->code;
    *ret_reason = valid ? NULL : bad_signature;
    return CK_OK;
}

static enum ck_err verify_packed(const struct inputs *in, const char **ret_reason,
                                 struct ck_error *err)
{
    const struct ck_bytes *data = &in->attestation->authenticator_data;
    struct ck_bytes message = {malloc(data->size + CK_SHA256_SIZE), data->size + CK_SHA256_SIZE};
    enum ck_err r;

    if (message.data == NULL)
        return ck_error_no_memory(err);
    memcpy(message.data, data->data, data->size);
    memcpy(message.data + data->size, in->client_data_hash, CK_SHA256_SIZE);
    r = in->attestation->chain_count > 0 ? verify_packed_certified(in, &message, ret_reason, err)
                                         : verify_packed_self(in, &message, ret_reason, err);
    ck_bytes_clear(&message);
    return r;
}

/* --- fido-u2f (section 8.6) --- */

/* verificationData: 0x00, rpIdHash, clientDataHash, credentialId, publicKeyU2F. */
static enum ck_err verify_u2f_signature(const struct inputs *in, X509 *certificate,
                                        const uint8_t point[CK_P256_POINT_SIZE], bool *ret_valid,
                                        struct ck_error *err)
{
    const struct ck_bytes *id = &in->data->credential_id;
    size_t size = 1 + 2 * CK_SHA256_SIZE + id->size + CK_P256_POINT_SIZE;
    CK_CLEANUP(ck_free_p) uint8_t *message = malloc(size);
    uint8_t *to = message;

    if (message == NULL)
        return ck_error_no_memory(err);
    *to++ = 0;
    to = mempcpy(to, in->data->rp_id_hash, CK_SHA256_SIZE);
    to = mempcpy(to, in->client_data_hash, CK_SHA256_SIZE);
    to = mempcpy(to, id->data, id->size);
    memcpy(to, point, CK_P256_POINT_SIZE);
    return ck_signature_verify(X509_get0_pubkey(certificate), CK_COSE_ES256, message, size,
                               &in->attestation->signature, ret_valid, err);
}

static enum ck_err verify_u2f(const struct inputs *in, const char **ret_reason,
                              struct ck_error *err)
{
    CK_CLEANUP(ck_certificate_free) X509 *certificate = NULL;
    uint8_t point[CK_P256_POINT_SIZE];
    bool valid = false;

    if (read_chain(in->attestation, &certificate, err) != CK_OK)
        return err->code;
    if (certificate != NULL && in->attestation->chain_count == 1 &&
        ck_certificate_is_on_p256(certificate, &valid, err) != CK_OK)
        return err->code;
    if (!valid) {
        *ret_reason = bad_certificate;
        return CK_OK;
    }
    if (!ck_cose_point(&in->data->public_key, point)) {
        *ret_reason = "public-key";
        return CK_OK;
    }
    if (verify_u2f_signature(in, certificate, point, &valid, err) != CK_OK)
        return err->code;
    *ret_reason = valid ? NULL : bad_signature;
    return CK_OK;
}

/* --- none (section 8.7), and the others --- */

enum ck_err ck_statement_verify(const struct ck_attestation *attestation,
                                const struct ck_authenticator_data *data,
                                const struct ck_cose_key *key,
                                const uint8_t client_data_hash[CK_SHA256_SIZE],
                                const char **ret_reason, struct ck_error *err)
{
    const struct inputs in = {attestation, data, key, client_data_hash};

    if (strcmp(attestation->format, "packed") == 0)
        return verify_packed(&in, ret_reason, err);
    if (strcmp(attestation->format, "fido-u2f") == 0)
        return verify_u2f(&in, ret_reason, err);
    *ret_reason = strcmp(attestation->format, "none") == 0 ? NULL : "attestation-format";
    return CK_OK;
}
