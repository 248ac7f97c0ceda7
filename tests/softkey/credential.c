#include "credential.h"

#include <openssl/x509.h>
#include <string.h>

#include "must.h"

/* --- in responses --- */

void put_descriptor(struct message *reply, const uint8_t *id, size_t id_size)
{
    put_map(reply, 2);
    put_text(reply, "id");
    put_bytes(reply, id, id_size);
    put_text(reply, "type");
    put_text(reply, "public-key");
}

void put_user(struct message *reply, const struct credential *credential, bool names)
{
    bool name = names && credential->user_name[0] != '\0';
    bool display_name = names && credential->user_display_name[0] != '\0';

    put_map(reply, 1U + name + display_name);
    put_text(reply, "id");
    put_bytes(reply, credential->user_id, credential->user_id_size);
    if (name) {
        put_text(reply, "name");
        put_text(reply, credential->user_name);
    }
    if (display_name) {
        put_text(reply, "displayName");
        put_text(reply, credential->user_display_name);
    }
}

/* --- in the state file --- */

json_t *bytes_to_json(const uint8_t *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    char *hex = malloc(2 * size + 1);

    MUST(hex != NULL);
    for (size_t i = 0; i < size; i++) {
        hex[2 * i] = digits[data[i] >> 4];
        hex[2 * i + 1] = digits[data[i] & 15];
    }
    json_t *text = json_stringn(hex, 2 * size);
    free(hex);
    MUST(text != NULL);
    return text;
}

json_t *key_to_json(EVP_PKEY *key)
{
    unsigned char *der = NULL;
    int size = i2d_PrivateKey(key, &der);

    MUST(size > 0);
    json_t *text = bytes_to_json(der, (size_t)size);
    OPENSSL_free(der);
    return text;
}

json_t *credential_to_json(const struct credential *c)
{
    json_t *object = json_pack(
        "{s:o, s:o, s:i, s:o, s:s, s:s, s:o, s:s, s:s, s:b, s:i}", "id",
        bytes_to_json(c->id, c->id_size), "key", key_to_json(c->key), "algorithm", c->algorithm,
        "rp_id_hash", bytes_to_json(c->rp_id_hash, HASH_SIZE), "rp_id", c->rp_id, "rp_name",
        c->rp_name, "user_id", bytes_to_json(c->user_id, c->user_id_size), "user_name",
        c->user_name, "user_display_name", c->user_display_name, "resident", c->resident,
        "cred_protect", c->protection);

    MUST(object != NULL);
    return object;
}

static int digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

size_t bytes_from_json(const json_t *text, uint8_t *ret, size_t size_max)
{
    const char *hex = json_string_value(text);
    size_t size = json_string_length(text) / 2;

    MUST(hex != NULL && size <= size_max);
    for (size_t i = 0; i < size; i++)
        ret[i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
    return size;
}

EVP_PKEY *key_from_json(const json_t *text)
{
    uint8_t der[4096];
    const uint8_t *at = der;
    size_t size = bytes_from_json(text, der, sizeof(der));
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, (long)size);

    MUST(key != NULL);
    return key;
}

static void to_text(const json_t *text, char ret[TEXT_MAX])
{
    MUST(json_is_string(text) && json_string_length(text) < TEXT_MAX);
    strcpy(ret, json_string_value(text));
}

void credential_from_json(const json_t *object, struct credential *ret)
{
    *ret = (struct credential){
        .key = key_from_json(json_object_get(object, "key")),
        .algorithm = (enum algorithm)json_integer_value(json_object_get(object, "algorithm")),
        .resident = json_is_true(json_object_get(object, "resident")),
        .protection = (enum protection)json_integer_value(json_object_get(object, "cred_protect")),
    };
    ret->id_size = bytes_from_json(json_object_get(object, "id"), ret->id, sizeof(ret->id));
    bytes_from_json(json_object_get(object, "rp_id_hash"), ret->rp_id_hash, HASH_SIZE);
    to_text(json_object_get(object, "rp_id"), ret->rp_id);
    to_text(json_object_get(object, "rp_name"), ret->rp_name);
    ret->user_id_size =
        bytes_from_json(json_object_get(object, "user_id"), ret->user_id, USER_ID_MAX);
    to_text(json_object_get(object, "user_name"), ret->user_name);
    to_text(json_object_get(object, "user_display_name"), ret->user_display_name);
}
