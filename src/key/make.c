/* Making a credential. */
#include <stdio.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/webauthn/client_data.h"
#include "internal.h"

static void cred_free(fido_cred_t **cred)
{
    fido_cred_free(cred);
}

static bool key_supports(const fido_cbor_info_t *info, int algorithm)
{
    for (size_t i = 0; i < fido_cbor_info_algorithm_count(info); i++) {
        if (fido_cbor_info_algorithm_cose(info, i) == algorithm)
            return true;
    }
    return false;
}

/*
 * The first algorithm of the server's list that the key offers; a key without a list knows ES256.
 */
static enum ck_err choose_algorithm(struct ck_key *key, const struct ck_creation_options *options,
                                    int *ret_algorithm, struct ck_error *err)
{
    CK_CLEANUP(cbor_info_free) fido_cbor_info_t *info = NULL;

    if (fido_dev_is_fido2(key->device)) {
        enum ck_err r = cbor_info_read(key, &info, err);
        if (r != CK_OK)
            return r;
    }
    bool listed = info != NULL && fido_cbor_info_algorithm_count(info) > 0;
    for (size_t i = 0; i < options->algorithms_count; i++) {
        int algorithm = options->algorithms[i];
        if (listed ? key_supports(info, algorithm) : algorithm == CK_COSE_ES256) {
            *ret_algorithm = algorithm;
            return CK_OK;
        }
    }
    return key_translate(key, FIDO_ERR_UNSUPPORTED_ALGORITHM, err);
}

/* What does not change from attempt to attempt. */
static int describe(fido_cred_t *cred, const struct ck_creation_options *options, int algorithm,
                    const struct ck_bytes *client_data, bool resident)
{
    int r = fido_cred_set_type(cred, algorithm);

    if (r == FIDO_OK)
        r = fido_cred_set_clientdata(cred, client_data->data, client_data->size);
    if (r == FIDO_OK)
        r = fido_cred_set_rp(cred, options->rp_id, options->rp_name);
    if (r == FIDO_OK)
        r = fido_cred_set_user(cred, options->user_id.data, options->user_id.size,
                               options->user_name, options->user_display_name, NULL);
    if (r == FIDO_OK)
        r = fido_cred_set_rk(cred, resident ? FIDO_OPT_TRUE : FIDO_OPT_OMIT);
    for (size_t i = 0; r == FIDO_OK && i < options->exclude_count; i++)
        r = fido_cred_exclude(cred, options->exclude[i].data, options->exclude[i].size);
    return r;
}

static int make(struct ck_key *key, void *data, fido_opt_t built_in_uv, const char *pin)
{
    fido_cred_t *cred = data;
    int r = fido_cred_set_uv(cred, built_in_uv);

    return r == FIDO_OK ? fido_dev_make_cred(key->device, cred, pin) : r;
}

static enum ck_err take(const void *data, size_t size, struct ck_bytes *bytes, struct ck_error *err)
{
    return ck_bytes_copy(data, size, bytes, err);
}

/* The statement of a U2F key libfido2 gives only in parts; all others as the key encoded them. */
static enum ck_err assemble(const fido_cred_t *cred, struct ck_bytes *ret_object,
                            struct ck_error *err)
{
    CK_CLEANUP(ck_attestation_clear) struct ck_attestation attestation = {0};
    enum ck_err r = CK_OK;

    snprintf(attestation.format, sizeof(attestation.format), "%s", fido_cred_fmt(cred));
    if (strcmp(attestation.format, "fido-u2f") != 0) {
        r = take(fido_cred_attstmt_ptr(cred), fido_cred_attstmt_len(cred), &attestation.statement,
                 err);
    } else {
        attestation.chain_count = 1;
        r = take(fido_cred_sig_ptr(cred), fido_cred_sig_len(cred), &attestation.signature, err);
        if (r == CK_OK)
            r = take(fido_cred_x5c_ptr(cred), fido_cred_x5c_len(cred), &attestation.chain[0], err);
    }
    if (r == CK_OK)
        r = take(fido_cred_authdata_raw_ptr(cred), fido_cred_authdata_raw_len(cred),
                 &attestation.authenticator_data, err);
    if (r == CK_OK)
        r = ck_attestation_format(&attestation, ret_object, err);
    /* Whatever is wrong with it, the key made it. */
    return r == CK_ERR_USAGE ? err->code = CK_ERR_KEY : r;
}

enum ck_err ck_key_make(struct ck_key *key, const struct ck_creation_options *options,
                        const char *origin, bool resident, enum ck_verification verification,
                        struct ck_registration *ret_registration, struct ck_error *err)
{
    CK_CLEANUP(ck_registration_clear) struct ck_registration registration = {0};
    CK_CLEANUP(cred_free) fido_cred_t *cred = fido_cred_new();
    int algorithm = 0;

    if (cred == NULL)
        return ck_error_no_memory(err);
    if (resident && !fido_dev_is_fido2(key->device))
        return key_translate(key, FIDO_ERR_UNSUPPORTED_OPTION, err);
    enum ck_err r = choose_algorithm(key, options, &algorithm, err);
    if (r == CK_OK)
        r = ck_client_data_make(CK_CEREMONY_CREATE, &options->challenge, origin,
                                &registration.client_data_json, err);
    if (r != CK_OK)
        return r;
    int fido = describe(cred, options, algorithm, &registration.client_data_json, resident);
    if (fido != FIDO_OK)
        return key_translate(key, fido, err);
    r = ceremony_run(
        key, &(struct ceremony){.call = make, .data = cred, .verification = verification}, err);
    if (r == CK_OK)
        r = ck_bytes_copy(fido_cred_id_ptr(cred), fido_cred_id_len(cred),
                          &registration.credential_id, err);
    if (r == CK_OK)
        r = assemble(cred, &registration.attestation_object, err);
    if (r != CK_OK)
        return r;
    *ret_registration = registration;
    registration = (struct ck_registration){0};
    return CK_OK;
}
