#include "cowkey/webauthn/credential.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/json.h"
#include "cowkey/webauthn/cose.h"
#include "member.h"

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

/* --- writing --- */

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

/* --- reading --- */

/* Where the members are, and where what is read of them goes. */
struct reading {
    struct ck_member_owner owner;
    struct ck_credential *credential;
};

static enum ck_err refuse(const char *key, const char *problem, struct ck_error *err)
{
    return ck_error_set(err, CK_ERR_USAGE, "'%s' %s", key, problem);
}

/* A member that may be missing; *ret_item is NULL then. */
static enum ck_err find(const struct reading *reading, const char *key, enum ck_json_kind kind,
                        const char *problem, const struct ck_json_item **ret_item,
                        struct ck_error *err)
{
    const struct ck_json_item *item = ck_json_view_find(reading->owner.object, key);

    if (item != NULL && item->kind != kind)
        return refuse(key, problem, err);
    *ret_item = item;
    return CK_OK;
}

static enum ck_err read_text(const struct reading *reading, const char *key, char *to,
                             size_t size_max, struct ck_error *err)
{
    const struct ck_json_item *item = NULL;

    if (find(reading, key, CK_JSON_STRING, "is not text", &item, err) != CK_OK)
        return err->code;
    if (item != NULL && !ck_json_item_copy(item, to, size_max, NULL))
        return ck_error_set(err, CK_ERR_USAGE, "'%s' has more than %zu bytes", key, size_max - 1);
    return CK_OK;
}

static enum ck_err read_number(const struct reading *reading, const char *key, int64_t min,
                               int64_t max, int64_t *to, struct ck_error *err)
{
    const struct ck_json_item *item = NULL;

    if (find(reading, key, CK_JSON_INTEGER, "is not a whole number", &item, err) != CK_OK)
        return err->code;
    if (item == NULL)
        return CK_OK;
    int64_t number = ck_json_item_integer(item);
    if (number < min || number > max)
        return ck_error_set(err, CK_ERR_USAGE, "'%s' is %lld and not %lld to %lld", key,
                            (long long)number, (long long)min, (long long)max);
    *to = number;
    return CK_OK;
}

static enum ck_err read_bool(const struct reading *reading, const char *key, bool *to,
                             struct ck_error *err)
{
    const struct ck_json_item *item = ck_json_view_find(reading->owner.object, key);

    if (item != NULL && item->kind != CK_JSON_TRUE && item->kind != CK_JSON_FALSE)
        return refuse(key, "is not true or false", err);
    *to = item != NULL && item->kind == CK_JSON_TRUE;
    return CK_OK;
}

static enum ck_err read_numbers(const struct reading *reading, struct ck_error *err)
{
    int64_t algorithm = 0, count = 0;

    if (read_number(reading, "alg", INT32_MIN, INT32_MAX, &algorithm, err) != CK_OK ||
        read_number(reading, "sign_count", 0, UINT32_MAX, &count, err) != CK_OK)
        return err->code;
    reading->credential->algorithm = (int)algorithm;
    reading->credential->sign_count = (uint32_t)count;
    return CK_OK;
}

static enum ck_err read_aaguid(const struct reading *reading, struct ck_error *err)
{
    char text[CK_AAGUID_TEXT_MAX] = "", again[CK_AAGUID_TEXT_MAX];
    uint8_t *to = reading->credential->aaguid;
    size_t size = 0;

    if (read_text(reading, "aaguid", text, sizeof(text), err) != CK_OK)
        return err->code;
    if (*text == '\0')
        return CK_OK;
    for (const char *at = text; size < CK_AAGUID_SIZE; size++, at += 2) {
        at += *at == '-';
        if (sscanf(at, "%2hhx", &to[size]) != 1)
            break;
    }
    /* What is read is what is written, hyphens included. */
    ck_aaguid_format(to, again);
    return size == CK_AAGUID_SIZE && strcasecmp(text, again) == 0
               ? CK_OK
               : refuse("aaguid", "is not an AAGUID", err);
}

static enum ck_err read_chain(const struct reading *reading, struct ck_error *err)
{
    struct ck_credential *credential = reading->credential;
    const struct ck_json_item *list = NULL;

    if (find(reading, "x5c", CK_JSON_ARRAY, "is not a list", &list, err) != CK_OK)
        return err->code;
    for (unsigned i = 1; list != NULL && i < list->span; i += list[i].span) {
        if (credential->chain_count == CK_CHAIN_MAX)
            return refuse("x5c", "has more than 8 certificates", err);
        if (ck_member_item_bytes(&reading->owner, "x5c", &list[i], 1, CK_ATTESTATION_MAX,
                                 &credential->chain[credential->chain_count], err) != CK_OK)
            return err->code;
        credential->chain_count++;
    }
    return CK_OK;
}

enum ck_err ck_credential_from_json(const struct ck_json_item *item,
                                    struct ck_credential *ret_credential, struct ck_error *err)
{
    CK_CLEANUP(ck_credential_clear) struct ck_credential credential = {0};
    const struct reading reading = {{item, "", CK_BASE64_URL}, &credential};

    if (item->kind != CK_JSON_OBJECT)
        return ck_error_set(err, CK_ERR_USAGE, "the credential is not a JSON object");
    if (ck_member_bytes(&reading.owner, "id", 1, CK_CREDENTIAL_ID_MAX, &credential.id, err) !=
            CK_OK ||
        ck_member_bytes(&reading.owner, "public_key", 1, CK_COSE_KEY_MAX, &credential.public_key,
                        err) != CK_OK ||
        read_text(&reading, "rp_id", credential.rp_id, sizeof(credential.rp_id), err) != CK_OK ||
        ck_member_bytes(&reading.owner, "user_handle", 0, CK_USER_ID_MAX, &credential.user_id,
                        err) != CK_OK ||
        read_text(&reading, "fmt", credential.format, sizeof(credential.format), err) != CK_OK ||
        read_numbers(&reading, err) != CK_OK || read_aaguid(&reading, err) != CK_OK ||
        read_chain(&reading, err) != CK_OK ||
        read_bool(&reading, "user_verified", &credential.user_verified, err) != CK_OK ||
        read_bool(&reading, "backup_eligible", &credential.backup_eligible, err) != CK_OK ||
        read_bool(&reading, "backed_up", &credential.backed_up, err) != CK_OK ||
        read_bool(&reading, "resident", &credential.resident, err) != CK_OK)
        return err->code;
    if (*credential.rp_id == '\0')
        return refuse("rp_id", "is missing or empty", err);
    *ret_credential = credential;
    credential = (struct ck_credential){0};
    return CK_OK;
}

enum ck_err ck_credential_key(const struct ck_credential *credential, struct ck_cose_key **ret_key,
                              struct ck_error *err)
{
    CK_CLEANUP(ck_cose_key_free) struct ck_cose_key *key = NULL;

    if (ck_cose_key_parse(&credential->public_key, &key, err) != CK_OK)
        return err->code;
    if (credential->algorithm != 0 && credential->algorithm != ck_cose_key_algorithm(key))
        return ck_error_set(err, CK_ERR_USAGE,
                            "the public key is for algorithm %d, and not for %d, as 'alg' says",
                            ck_cose_key_algorithm(key), credential->algorithm);
    *ret_key = CK_TAKE(key);
    return CK_OK;
}
