#include "cowkey/webauthn/client_data.h"

#include <stdio.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/json_view.h"
#include "cowkey/base/utf8.h"

static const char *const types[] = {
    [CK_CEREMONY_CREATE] = "webauthn.create", [CK_CEREMONY_GET] = "webauthn.get"};

/* --- writing --- */

/* Text that grows up to a bound; size goes on counting behind it. */
struct text {
    char bytes[CK_CLIENT_DATA_MAX];
    size_t size;
};

static void put(struct text *text, const char *bytes, size_t size)
{
    if (text->size <= sizeof(text->bytes) && size <= sizeof(text->bytes) - text->size)
        memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
}

static void put_literal(struct text *text, const char *literal)
{
    put(text, literal, strlen(literal));
}

/* CCDToString (section 5.8.1.1), of UTF-8 text. */
static void put_string(struct text *text, const char *string)
{
    put_literal(text, "\"");
    for (; *string != '\0'; string++) {
        char escaped[8];

        if (*string == '"' || *string == '\\')
            snprintf(escaped, sizeof(escaped), "\\%c", *string);
        else if ((unsigned char)*string < 0x20)
            snprintf(escaped, sizeof(escaped), "\\u%04x", (unsigned)*string);
        else
            snprintf(escaped, sizeof(escaped), "%c", *string);
        put_literal(text, escaped);
    }
    put_literal(text, "\"");
}

enum ck_err ck_client_data_make(enum ck_ceremony ceremony, const struct ck_bytes *challenge,
                                const char *origin, struct ck_bytes *ret_json, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p)
    char *encoded = ck_base64_encode(CK_BASE64_URL, challenge->data, challenge->size);
    struct text text;

    if (encoded == NULL)
        return ck_error_no_memory(err);
    if (!ck_utf8_valid(origin, strlen(origin)))
        return ck_error_set(err, CK_ERR_USAGE, "the origin is not UTF-8 text");
    text.size = 0;
    put_literal(&text, "{\"type\":");
    put_string(&text, types[ceremony]);
    put_literal(&text, ",\"challenge\":");
    put_string(&text, encoded);
    put_literal(&text, ",\"origin\":");
    put_string(&text, origin);
    put_literal(&text, ",\"crossOrigin\":false}");
    if (text.size > sizeof(text.bytes))
        return ck_error_set(err, CK_ERR_USAGE, "the client data would have more than %d bytes",
                            CK_CLIENT_DATA_MAX);
    return ck_bytes_copy(text.bytes, text.size, ret_json, err);
}

/* --- reading --- */

static bool is_string(const struct ck_json_item *item)
{
    return item != NULL && item->kind == CK_JSON_STRING;
}

static enum ck_err read_string(const struct ck_json_item *object, const char *key, char *to,
                               size_t size_max, size_t *ret_size, struct ck_error *err)
{
    const struct ck_json_item *value = ck_json_view_find(object, key);

    if (!is_string(value))
        return ck_error_set(err, CK_ERR_USAGE, "the client data has no text as '%s'", key);
    if (!ck_json_item_copy(value, to, size_max, ret_size))
        return ck_error_set(err, CK_ERR_USAGE, "the client data's '%s' has more than %zu bytes",
                            key, size_max - 1);
    return CK_OK;
}

/* A verifier compares the text, so there is one text for each challenge: without padding. */
static enum ck_err read_challenge(const struct ck_json_item *object, struct ck_bytes *challenge,
                                  struct ck_error *err)
{
    char text[CK_CLIENT_DATA_MAX];
    size_t size;

    if (read_string(object, "challenge", text, sizeof(text), &size, err) != CK_OK)
        return err->code;
    if (strchr(text, '=') != NULL)
        return ck_error_set(err, CK_ERR_USAGE, "the client data's challenge is padded");
    return ck_base64_decode(CK_BASE64_URL, text, size, "the client data's challenge", CK_ERR_USAGE,
                            challenge, err);
}

/* topOrigin is there only when the origins differ, whatever crossOrigin says. */
static enum ck_err read_cross_origin(const struct ck_json_item *object, bool *cross_origin,
                                     struct ck_error *err)
{
    const struct ck_json_item *cross = ck_json_view_find(object, "crossOrigin");
    const struct ck_json_item *top = ck_json_view_find(object, "topOrigin");

    if ((cross != NULL && cross->kind != CK_JSON_TRUE && cross->kind != CK_JSON_FALSE) ||
        (top != NULL && !is_string(top)))
        return ck_error_set(err, CK_ERR_USAGE,
                            "the client data's 'crossOrigin' or 'topOrigin' is of another type");
    *cross_origin = (cross != NULL && cross->kind == CK_JSON_TRUE) || top != NULL;
    return CK_OK;
}

/* The UTF-8 decode of the Encoding standard drops a byte order mark, and the steps use that. */
static struct ck_bytes without_mark(const struct ck_bytes *json)
{
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
    struct ck_bytes rest = *json;

    if (json->size >= sizeof(mark) && memcmp(json->data, mark, sizeof(mark)) == 0) {
        rest.data += sizeof(mark);
        rest.size -= sizeof(mark);
    }
    return rest;
}

enum ck_err ck_client_data_parse(const struct ck_bytes *json, struct ck_client_data *ret_data,
                                 struct ck_error *err)
{
    CK_CLEANUP(ck_json_view_clear) struct ck_json_view view = {0};
    CK_CLEANUP(ck_client_data_clear) struct ck_client_data data = {0};
    struct ck_bytes text = without_mark(json);

    if (json->size > CK_CLIENT_DATA_MAX)
        return ck_error_set(err, CK_ERR_USAGE, "the client data has more than %d bytes",
                            CK_CLIENT_DATA_MAX);
    if (ck_json_view_parse(&view, text.size > 0 ? (const char *)text.data : "", text.size,
                           "the client data", CK_ERR_USAGE, err) != CK_OK)
        return err->code;
    const struct ck_json_item *object = view.items;
    if (object->kind != CK_JSON_OBJECT)
        return ck_error_set(err, CK_ERR_USAGE, "the client data is not a JSON object");
    if (read_string(object, "type", data.type, sizeof(data.type), NULL, err) != CK_OK ||
        read_challenge(object, &data.challenge, err) != CK_OK ||
        read_string(object, "origin", data.origin, sizeof(data.origin), NULL, err) != CK_OK ||
        read_cross_origin(object, &data.cross_origin, err) != CK_OK)
        return err->code;
    *ret_data = data;
    data.challenge = (struct ck_bytes){0};
    return CK_OK;
}

void ck_client_data_clear(struct ck_client_data *data)
{
    ck_bytes_clear(&data->challenge);
}
