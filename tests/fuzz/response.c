/* Responses and credential records: what is read keeps to its bounds, and is judged without harm. */
#include "cowkey/webauthn/response.h"

#include <jansson.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/json.h"
#include "cowkey/webauthn/client_data.h"
#include "target.h"

static void try_assertion(const struct ck_json_item *item)
{
    CK_CLEANUP(ck_assertion_clear) struct ck_assertion assertion = {0};
    CK_CLEANUP(ck_credential_clear) struct ck_credential credential = {0};
    CK_CLEANUP(ck_cose_key_free) struct ck_cose_key *key = NULL;
    const struct ck_json_item *record = ck_json_view_find(item, "credential");
    const char *reason = NULL;
    struct ck_error err;

    if (ck_response_read_assertion(item, &assertion, &err) != CK_OK) {
        require(err.code == CK_ERR_USAGE);
        return;
    }
    require(assertion.credential_id.size >= 1 &&
            assertion.credential_id.size <= CK_CREDENTIAL_ID_MAX &&
            assertion.client_data_json.size <= CK_CLIENT_DATA_MAX &&
            assertion.authenticator_data.size <= CK_AUTHENTICATOR_DATA_MAX &&
            assertion.signature.size <= CK_SIGNATURE_MAX &&
            assertion.user_handle.size <= CK_USER_ID_MAX);
    if (record == NULL || ck_credential_from_json(record, &credential, &err) != CK_OK ||
        ck_credential_key(&credential, &key, &err) != CK_OK)
        return;
    const struct ck_assertion_terms terms = {NULL, credential.rp_id, "https://mail.example.test",
                                             false};
    require(ck_assertion_verify_by(key, &assertion, &credential, &terms, &reason, &err) == CK_OK);
}

static void try_registration(const struct ck_json_item *item)
{
    CK_CLEANUP(ck_registration_clear) struct ck_registration registration = {0};
    CK_CLEANUP(ck_credential_clear) struct ck_credential credential = {0};
    const struct ck_creation_options options = {
        .rp_id = "mail.example.test", .algorithms = {CK_COSE_ES256}, .algorithms_count = 1};
    const struct ck_registration_terms terms = {&options, true, "https://mail.example.test", false};
    const char *reason = NULL;
    struct ck_error err;

    if (ck_response_read_registration(item, &registration, &err) != CK_OK) {
        require(err.code == CK_ERR_USAGE);
        return;
    }
    require(registration.attestation_object.size <= CK_ATTESTATION_MAX);
    require(ck_registration_verify(&registration, &terms, &reason, &credential, &err) == CK_OK);
}

/* A record that is read and has a key is written as one that reads the same. */
static void try_record(const struct ck_json_item *item)
{
    CK_CLEANUP(ck_credential_clear) struct ck_credential credential = {0}, again = {0};
    CK_CLEANUP(ck_json_view_clear) struct ck_json_view view = {0};
    CK_CLEANUP(ck_json_free) json_t *json = NULL;
    struct ck_error err;

    if (ck_credential_from_json(item, &credential, &err) != CK_OK) {
        require(err.code == CK_ERR_USAGE);
        return;
    }
    if (ck_credential_to_json(&credential, &json, &err) != CK_OK)
        return;
    char *text = json_dumps(json, JSON_COMPACT);
    require(text != NULL);
    require(ck_json_view_parse(&view, text, strlen(text), "it", CK_ERR_USAGE, &err) == CK_OK);
    require(ck_credential_from_json(view.items, &again, &err) == CK_OK);
    require(ck_bytes_equal(&credential.id, &again.id) &&
            ck_bytes_equal(&credential.public_key, &again.public_key) &&
            credential.sign_count == again.sign_count &&
            strcmp(credential.rp_id, again.rp_id) == 0);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    CK_CLEANUP(ck_json_view_clear) struct ck_json_view view = {0};
    struct ck_error err;

    if (ck_json_view_parse(&view, size > 0 ? (const char *)bytes : "", size, "it", CK_ERR_USAGE,
                           &err) != CK_OK)
        return 0;
    try_assertion(view.items);
    try_registration(view.items);
    try_record(view.items);
    return 0;
}
