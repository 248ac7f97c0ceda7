#include "cowkey/webauthn/assertion.h"

#include <stdlib.h>
#include <string.h>

#include "ceremony.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/hash.h"

void ck_assertion_clear(struct ck_assertion *assertion)
{
    ck_bytes_clear(&assertion->credential_id);
    ck_bytes_clear(&assertion->client_data_json);
    ck_bytes_clear(&assertion->authenticator_data);
    ck_bytes_clear(&assertion->signature);
    ck_bytes_clear(&assertion->user_handle);
}

/* 20, 21: the signature over the authenticator data and the hash of the client data. */
static enum ck_err check_signature(const struct ck_assertion *assertion,
                                   const struct ck_cose_key *key, bool *ret_valid,
                                   struct ck_error *err)
{
    const struct ck_bytes *data = &assertion->authenticator_data;
    const struct ck_bytes *json = &assertion->client_data_json;
    size_t size = data->size + CK_SHA256_SIZE;
    CK_CLEANUP(ck_free_p) uint8_t *message = malloc(size);

    if (message == NULL)
        return ck_error_no_memory(err);
    memcpy(message, data->data, data->size);
    if (ck_sha256(json->data, json->size, message + data->size, err) != CK_OK)
        return err->code;
    return ck_cose_key_verify(key, message, size, &assertion->signature, ret_valid, err);
}

/* Steps 15 to 22, on an assertion whose client data is right. */
static enum ck_err check_data(const struct ck_assertion *assertion,
                              const struct ck_credential *credential, const struct ck_cose_key *key,
                              const struct ck_ceremony_terms *common, const char **ret_reason,
                              struct ck_error *err)
{
    static const char reason[] = "authenticator-data";
    CK_CLEANUP(ck_authenticator_data_clear) struct ck_authenticator_data data = {0};
    const struct ck_bytes *bytes = &assertion->authenticator_data;
    enum ck_err r = ck_authenticator_data_parse(bytes->data, bytes->size, &data, err);
    bool valid;

    if (ck_ceremony_is_over(&r, reason, ret_reason))
        return r;
    /* Only a registration attests a credential (section 6.1). */
    if ((data.flags & CK_FLAG_ATTESTED) != 0) {
        *ret_reason = reason;
        return CK_OK;
    }
    /* 15 to 18: RP ID and flags. */
    if (ck_ceremony_check_data(&data, common, ret_reason, err) != CK_OK)
        return err->code;
    if (*ret_reason != NULL)
        return CK_OK;
    /* 19: there is no policy on backups. */
    /* 20, 21: the signature. */
    if (check_signature(assertion, key, &valid, err) != CK_OK)
        return err->code;
    if (!valid)
        *ret_reason = "signature";
    /* 22: the counter, of a key that counts. */
    else if ((data.sign_count != 0 || credential->sign_count != 0) &&
             data.sign_count <= credential->sign_count)
        *ret_reason = "sign-count";
    return CK_OK;
}

/*
 * The steps of section 7.2, numbered as in the text of July 2026. 1 to 4 are what the caller did;
 * extensions are not asked for.
 */
enum ck_err ck_assertion_verify_by(const struct ck_cose_key *key,
                                   const struct ck_assertion *assertion,
                                   const struct ck_credential *credential,
                                   const struct ck_assertion_terms *terms, const char **ret_reason,
                                   struct ck_error *err)
{
    const struct ck_ceremony_terms common = {
        .ceremony = CK_CEREMONY_GET,
        .challenge = terms->challenge,
        .origin = terms->origin,
        .rp_id = terms->rp_id,
        .user_verification_required = terms->user_verification_required,
    };
    const char *reason = NULL;

    err->text[0] = '\0';
    /* 5, 6: the credential is the one that was asked for, and its user's. */
    if (!ck_bytes_equal(&assertion->credential_id, &credential->id))
        reason = "credential-id";
    else if (assertion->user_handle.size > 0 &&
             !ck_bytes_equal(&assertion->user_handle, &credential->user_id))
        reason = "user-handle";
    /* 7 to 14: the client data. */
    else if (ck_ceremony_check_client_data(&assertion->client_data_json, &common, &reason, err) !=
             CK_OK)
        return err->code;
    if (reason == NULL && check_data(assertion, credential, key, &common, &reason, err) != CK_OK)
        return err->code;
    /* 23: extension outputs are ignored. 24, 25: the record is the caller's to update. */
    *ret_reason = reason;
    return CK_OK;
}

enum ck_err ck_assertion_verify(const struct ck_assertion *assertion,
                                const struct ck_credential *credential,
                                const struct ck_assertion_terms *terms, const char **ret_reason,
                                struct ck_error *err)
{
    CK_CLEANUP(ck_cose_key_free) struct ck_cose_key *key = NULL;

    if (ck_cose_key_parse(&credential->public_key, &key, err) != CK_OK)
        return err->code;
    return ck_assertion_verify_by(key, assertion, credential, terms, ret_reason, err);
}
