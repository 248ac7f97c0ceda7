#include "cowkey/webauthn/registration.h"

#include <string.h>

#include "ceremony.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/hash.h"
#include "cowkey/webauthn/cose.h"
#include "statement.h"

/* What is known of a registration so far; reason is the first step that does not hold. */
struct check {
    const struct ck_registration *registration;
    const struct ck_creation_options *options;
    struct ck_ceremony_terms terms;
    struct ck_attestation attestation;
    struct ck_authenticator_data data;
    struct ck_cose_key *key;
    const char *reason;
};

static void check_clear(struct check *check)
{
    ck_attestation_clear(&check->attestation);
    ck_authenticator_data_clear(&check->data);
    ck_cose_key_free(&check->key);
}

void ck_registration_clear(struct ck_registration *registration)
{
    ck_bytes_clear(&registration->credential_id);
    ck_bytes_clear(&registration->client_data_json);
    ck_bytes_clear(&registration->attestation_object);
}

/* --- the steps of section 7.1, numbered as in the text of July 2026 --- */

/* 5 to 11: the client data. */
static enum ck_err check_client_data(struct check *check, struct ck_error *err)
{
    return ck_ceremony_check_client_data(&check->registration->client_data_json, &check->terms,
                                         &check->reason, err);
}

/* 13: CBOR decoding of the attestation object, and the authenticator data with the credential. */
static enum ck_err read_object(struct check *check, struct ck_error *err)
{
    static const char reason[] = "attestation-object";
    const struct ck_bytes *data = &check->attestation.authenticator_data;
    enum ck_err r =
        ck_attestation_parse(&check->registration->attestation_object, &check->attestation, err);

    if (ck_ceremony_is_over(&r, reason, &check->reason))
        return r;
    r = ck_authenticator_data_parse(data->data, data->size, &check->data, err);
    if (ck_ceremony_is_over(&r, reason, &check->reason))
        return r;
    if ((check->data.flags & CK_FLAG_ATTESTED) == 0)
        check->reason = reason;
    return CK_OK;
}

/* 14 to 17: the RP ID and the flags. 18, 19: there is no policy on backups. */
static enum ck_err check_data(struct check *check, struct ck_error *err)
{
    return ck_ceremony_check_data(&check->data, &check->terms, &check->reason, err);
}

/* 20: the public key is for an algorithm that was asked for. */
static enum ck_err check_key(struct check *check, struct ck_error *err)
{
    const struct ck_creation_options *options = check->options;
    enum ck_err r = ck_cose_key_parse(&check->data.public_key, &check->key, err);

    if (ck_ceremony_is_over(&r, "public-key", &check->reason))
        return r;
    for (size_t i = 0; i < options->algorithms_count; i++) {
        if (options->algorithms[i] == ck_cose_key_algorithm(check->key))
            return CK_OK;
    }
    check->reason = "algorithm";
    return CK_OK;
}

/* 12: the hash of the client data. 21, 22: the statement, by the procedure of its format. */
static enum ck_err check_statement(struct check *check, struct ck_error *err)
{
    const struct ck_bytes *json = &check->registration->client_data_json;
    uint8_t hash[CK_SHA256_SIZE];

    if (ck_sha256(json->data, json->size, hash, err) != CK_OK)
        return err->code;
    return ck_statement_verify(&check->attestation, &check->data, check->key, hash, &check->reason,
                               err);
}

/*
 * 23, 24: which authenticators are trusted is the server's to say. 25: a credential ID is read up
 * to 1023 bytes; it has to be the one that was reported. 26: it is not registered yet, as far as
 * the options tell.
 */
static enum ck_err check_id(struct check *check, struct ck_error *err)
{
    const struct ck_creation_options *options = check->options;
    const struct ck_bytes *id = &check->data.credential_id;

    (void)err;
    if (check->registration->credential_id.size > 0 &&
        !ck_bytes_equal(id, &check->registration->credential_id))
        check->reason = "credential-id";
    for (size_t i = 0; i < options->exclude_count && check->reason == NULL; i++) {
        if (ck_bytes_equal(&options->exclude[i], id))
            check->reason = "excluded";
    }
    return CK_OK;
}

/* 27: the record, which takes over what was read. */
static enum ck_err make_record(struct check *check, struct ck_credential *ret_credential,
                               struct ck_error *err)
{
    const struct ck_creation_options *options = check->options;
    struct ck_attestation *attestation = &check->attestation;
    struct ck_authenticator_data *data = &check->data;
    struct ck_credential credential = {
        .algorithm = ck_cose_key_algorithm(check->key),
        .sign_count = data->sign_count,
        .user_verified = (data->flags & CK_FLAG_USER_VERIFIED) != 0,
        .backup_eligible = (data->flags & CK_FLAG_BACKUP_ELIGIBLE) != 0,
        .backed_up = (data->flags & CK_FLAG_BACKED_UP) != 0,
        .resident = options->resident_key,
    };

    if (ck_bytes_copy(options->user_id.data, options->user_id.size, &credential.user_id, err) !=
        CK_OK)
        return err->code;
    memcpy(credential.rp_id, options->rp_id, sizeof(credential.rp_id));
    memcpy(credential.aaguid, data->aaguid, sizeof(credential.aaguid));
    memcpy(credential.format, attestation->format, sizeof(credential.format));
    credential.id = data->credential_id;
    credential.public_key = data->public_key;
    data->credential_id = data->public_key = (struct ck_bytes){0};
    memcpy(credential.chain, attestation->chain, sizeof(credential.chain));
    credential.chain_count = attestation->chain_count;
    attestation->chain_count = 0;
    *ret_credential = credential;
    return CK_OK;
}

/*
 * 1 to 4 are what the caller did: options, the key, and what came back of it. Extensions are not
 * asked for, and what one says is ignored (28). To store the record is the server's part (29).
 */
enum ck_err ck_registration_verify(const struct ck_registration *registration,
                                   const struct ck_registration_terms *terms,
                                   const char **ret_reason, struct ck_credential *ret_credential,
                                   struct ck_error *err)
{
    static enum ck_err (*const steps[])(struct check *, struct ck_error *) = {
        check_client_data, read_object, check_data, check_key, check_statement, check_id};
    CK_CLEANUP(check_clear)
    struct check check = {
        .registration = registration,
        .options = terms->options,
        .terms = {.ceremony = CK_CEREMONY_CREATE,
                  .challenge = terms->any_challenge ? NULL : &terms->options->challenge,
                  .origin = terms->origin,
                  .rp_id = terms->options->rp_id,
                  .user_verification_required = terms->user_verification_required},
    };

    err->text[0] = '\0';
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps)[0] && check.reason == NULL; i++) {
        if (steps[i](&check, err) != CK_OK)
            return err->code;
    }
    if (check.reason == NULL && make_record(&check, ret_credential, err) != CK_OK)
        return err->code;
    *ret_reason = check.reason;
    return CK_OK;
}
