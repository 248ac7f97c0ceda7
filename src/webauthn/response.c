#include "cowkey/webauthn/response.h"

#include "cowkey/base/cleanup.h"
#include "cowkey/webauthn/client_data.h"
#include "member.h"

/* The response's members, and in the standard form the credential's around them. */
struct form {
    bool is_standard;
    struct ck_member_owner credential, response;
};

static enum ck_err find_form(const struct ck_json_item *item, struct form *form,
                             struct ck_error *err)
{
    const struct ck_json_item *inner = ck_json_view_find(item, "response");

    if (item->kind != CK_JSON_OBJECT)
        return ck_error_set(err, CK_ERR_USAGE, "the response is not a JSON object");
    if (inner != NULL && inner->kind != CK_JSON_OBJECT)
        return ck_error_set(err, CK_ERR_USAGE, "'response' is not an object");
    form->is_standard = inner != NULL;
    form->credential =
        (struct ck_member_owner){item, "", form->is_standard ? CK_BASE64_URL : CK_BASE64_STANDARD};
    form->response = form->is_standard ? (struct ck_member_owner){inner, "response.", CK_BASE64_URL}
                                       : form->credential;
    return CK_OK;
}

/* id, rawId and type: toJSON() writes the identifier twice. */
static enum ck_err read_id(const struct form *form, struct ck_bytes *ret_id, struct ck_error *err)
{
    const struct ck_member_owner *owner = &form->credential;
    CK_CLEANUP(ck_bytes_clear) struct ck_bytes id = {0}, raw_id = {0};

    if (ck_member_bytes(owner, "id", 1, CK_CREDENTIAL_ID_MAX, &id, err) != CK_OK)
        return err->code;
    if (form->is_standard) {
        if (ck_member_bytes(owner, "rawId", 1, CK_CREDENTIAL_ID_MAX, &raw_id, err) != CK_OK)
            return err->code;
        if (!ck_bytes_equal(&id, &raw_id))
            return ck_error_set(err, CK_ERR_USAGE, "'rawId' is not the same as 'id'");
        if (!ck_json_item_is(ck_json_view_find(owner->object, "type"), "public-key"))
            return ck_error_set(err, CK_ERR_USAGE, "'type' is not \"public-key\"");
    }
    *ret_id = id;
    id = (struct ck_bytes){0};
    return CK_OK;
}

enum ck_err ck_response_read_assertion(const struct ck_json_item *item,
                                       struct ck_assertion *ret_assertion, struct ck_error *err)
{
    CK_CLEANUP(ck_assertion_clear) struct ck_assertion assertion = {0};
    struct form form;

    if (find_form(item, &form, err) != CK_OK ||
        read_id(&form, &assertion.credential_id, err) != CK_OK ||
        ck_member_bytes(&form.response, "clientDataJSON", 1, CK_CLIENT_DATA_MAX,
                        &assertion.client_data_json, err) != CK_OK ||
        ck_member_bytes(&form.response, "authenticatorData", 1, CK_AUTHENTICATOR_DATA_MAX,
                        &assertion.authenticator_data, err) != CK_OK ||
        ck_member_bytes(&form.response, "signature", 1, CK_SIGNATURE_MAX, &assertion.signature,
                        err) != CK_OK ||
        ck_member_bytes(&form.response, "userHandle", 0, CK_USER_ID_MAX, &assertion.user_handle,
                        err) != CK_OK)
        return err->code;
    *ret_assertion = assertion;
    assertion = (struct ck_assertion){0};
    return CK_OK;
}

enum ck_err ck_response_read_registration(const struct ck_json_item *item,
                                          struct ck_registration *ret_registration,
                                          struct ck_error *err)
{
    CK_CLEANUP(ck_registration_clear) struct ck_registration registration = {0};
    struct form form;

    if (find_form(item, &form, err) != CK_OK ||
        (form.is_standard && read_id(&form, &registration.credential_id, err) != CK_OK) ||
        ck_member_bytes(&form.response, "clientDataJSON", 1, CK_CLIENT_DATA_MAX,
                        &registration.client_data_json, err) != CK_OK ||
        ck_member_bytes(&form.response, "attestationObject", 1, CK_ATTESTATION_MAX,
                        &registration.attestation_object, err) != CK_OK)
        return err->code;
    *ret_registration = registration;
    registration = (struct ck_registration){0};
    return CK_OK;
}
