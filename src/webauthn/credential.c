#include "cowkey/webauthn/credential.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/json.h"
#include "cowkey/webauthn/cose.h"

void ck_credential_clear(struct ck_credential *credential)
{
    ck_bytes_clear(&credential->id);
    ck_bytes_clear(&credential->public_key);
    ck_bytes_clear(&credential->user_id);
    for (size_t i = 0; i < credential->chain_count; i++)
        ck_bytes_clear(&credential->chain[i]);
    credential->chain_count = 0;
}

void ck_aaguid_format(const uint8_t aaguid[CK_AAGUID_SIZE], char text[CK_AAGUID_TEXT_MAX])
{
    for (size_t i = 0; i < CK_AAGUID_SIZE; i++)
        text += sprintf(text, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", aaguid[i]);
}

/* --- JSON --- */

static json_t *json_of_bytes(const struct ck_bytes *bytes)
{
    CK_CLEANUP(ck_free_p)
    char *text = ck_base64_encode(CK_BASE64_URL, bytes->data, bytes->size);

    return text != NULL ? json_string(text) : NULL;
}

static json_t *json_of_aaguid(const uint8_t aaguid[CK_AAGUID_SIZE])
{
    char text[CK_AAGUID_TEXT_MAX];

    ck_aaguid_format(aaguid, text);
    return json_string(text);
}

static json_t *json_of_chain(const struct ck_credential *credential)
{
    CK_CLEANUP(ck_json_free) json_t *array = json_array();

    for (size_t i = 0; i < credential->chain_count; i++) {
        if (json_array_append_new(array, json_of_bytes(&credential->chain[i])) != 0)
            return NULL;
    }
    return CK_TAKE(array);
}

/* The one way by which cowkey speaks to a key. */
static json_t *json_of_transports(void)
{
    CK_CLEANUP(ck_json_free) json_t *array = json_array();

    return json_array_append_new(array, json_string("usb")) == 0 ? CK_TAKE(array) : NULL;
}

static enum ck_err make_pem(const struct ck_bytes *public_key, char **ret_pem, struct ck_error *err)
{
    CK_CLEANUP(ck_cose_key_free) struct ck_cose_key *key = NULL;

    if (ck_cose_key_parse(public_key, &key, err) != CK_OK)
        return err->code;
    return ck_cose_key_pem(key, ret_pem, err);
}

enum ck_err ck_credential_to_json(const struct ck_credential *credential, struct json_t **ret_json,
                                  struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *pem = NULL;
    CK_CLEANUP(ck_json_free) json_t *json = NULL;

    if (make_pem(&credential->public_key, &pem, err) != CK_OK)
        return err->code;
    json = json_object();
    if (json_object_set_new(json, "id", json_of_bytes(&credential->id)) != 0 ||
        json_object_set_new(json, "public_key", json_of_bytes(&credential->public_key)) != 0 ||
        json_object_set_new(json, "public_key_pem", json_string(pem)) != 0 ||
        json_object_set_new(json, "alg", json_integer(credential->algorithm)) != 0 ||
        json_object_set_new(json, "rp_id", json_string(credential->rp_id)) != 0 ||
        json_object_set_new(json, "aaguid", json_of_aaguid(credential->aaguid)) != 0 ||
        json_object_set_new(json, "user_handle", json_of_bytes(&credential->user_id)) != 0 ||
        json_object_set_new(json, "sign_count", json_integer(credential->sign_count)) != 0 ||
        json_object_set_new(json, "transports", json_of_transports()) != 0 ||
        json_object_set_new(json, "fmt", json_string(credential->format)) != 0 ||
        json_object_set_new(json, "x5c", json_of_chain(credential)) != 0 ||
        json_object_set_new(json, "user_verified", json_boolean(credential->user_verified)) != 0 ||
        json_object_set_new(json, "backup_eligible", json_boolean(credential->backup_eligible)) !=
            0 ||
        json_object_set_new(json, "backed_up", json_boolean(credential->backed_up)) != 0 ||
        json_object_set_new(json, "resident", json_boolean(credential->resident)) != 0)
        return ck_error_no_memory(err);
    *ret_json = CK_TAKE(json);
    return CK_OK;
}
