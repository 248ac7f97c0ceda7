#include "message.h"

#include <string.h>

#include "must.h"

/* --- writing --- */

static uint8_t *end_of(struct message *message)
{
    return message->data + message->size;
}

static size_t room_of(const struct message *message)
{
    return sizeof(message->data) - message->size;
}

void put_raw(struct message *message, const void *data, size_t size)
{
    MUST(size <= room_of(message));
    if (size > 0)
        memcpy(end_of(message), data, size);
    message->size += size;
}

void put_byte(struct message *message, uint8_t byte)
{
    put_raw(message, &byte, 1);
}

void put_u16(struct message *message, unsigned value)
{
    put_byte(message, (uint8_t)(value >> 8));
    put_byte(message, (uint8_t)value);
}

void put_u32(struct message *message, uint32_t value)
{
    put_u16(message, value >> 16);
    put_u16(message, value & 0xffff);
}

/* libcbor's encoders write nothing, and say 0, when there is no room. */
static void grown(struct message *message, size_t size)
{
    MUST(size > 0);
    message->size += size;
}

void put_map(struct message *message, size_t pairs)
{
    grown(message, cbor_encode_map_start(pairs, end_of(message), room_of(message)));
}

void put_array(struct message *message, size_t items)
{
    grown(message, cbor_encode_array_start(items, end_of(message), room_of(message)));
}

void put_int(struct message *message, int64_t value)
{
    size_t size =
        value >= 0 ? cbor_encode_uint((uint64_t)value, end_of(message), room_of(message))
                   : cbor_encode_negint((uint64_t)(-1 - value), end_of(message), room_of(message));

    grown(message, size);
}

void put_bool(struct message *message, bool value)
{
    grown(message, cbor_encode_bool(value, end_of(message), room_of(message)));
}

void put_bytes(struct message *message, const void *data, size_t size)
{
    grown(message, cbor_encode_bytestring_start(size, end_of(message), room_of(message)));
    put_raw(message, data, size);
}

void put_text(struct message *message, const char *text)
{
    size_t size = strlen(text);

    grown(message, cbor_encode_string_start(size, end_of(message), room_of(message)));
    put_raw(message, text, size);
}

/* --- reading --- */

enum {
    DEPTH_MAX = 4,
    TYPE_BYTES = 2,
    TYPE_TEXT = 3,
    TYPE_ARRAY = 4,
    TYPE_MAP = 5,
    TYPE_TAG = 6,
};

/* An item's head: its type and the number that comes with it. No lengths that are left open. */
static bool read_head(struct slice *in, unsigned *ret_type, uint64_t *ret_number)
{
    if (in->size == 0)
        return false;
    unsigned small = in->data[0] & 0x1f;
    size_t size = small < 24 ? 0 : (size_t)1 << (small - 24);
    if (small > 27 || in->size < 1 + size)
        return false;
    *ret_type = in->data[0] >> 5;
    *ret_number = size == 0 ? small : 0;
    for (size_t i = 1; i <= size; i++)
        *ret_number = *ret_number << 8 | in->data[i];
    *in = (struct slice){in->data + 1 + size, in->size - 1 - size};
    return true;
}

/*
 * Section 8 of CTAP: definite lengths, no tags, four levels. Looked at before libcbor does, which
 * would allocate whatever a number announces.
 */
static bool well_formed(struct slice *in, unsigned depth)
{
    unsigned type;
    uint64_t number;

    if (!read_head(in, &type, &number) || type == TYPE_TAG)
        return false;
    if (type == TYPE_BYTES || type == TYPE_TEXT) {
        if (number > in->size)
            return false;
        *in = (struct slice){in->data + number, in->size - number};
    }
    if (type != TYPE_ARRAY && type != TYPE_MAP)
        return true;
    if (depth == DEPTH_MAX || number > in->size)
        return false;
    for (uint64_t left = type == TYPE_MAP ? 2 * number : number; left > 0; left--) {
        if (!well_formed(in, depth + 1))
            return false;
    }
    return true;
}

cbor_item_t *parse_map(struct slice payload)
{
    struct cbor_load_result result;
    struct slice rest = payload;

    if (!well_formed(&rest, 0) || rest.size > 0)
        return NULL;
    cbor_item_t *item = cbor_load(payload.data, payload.size, &result);
    if (item != NULL && !cbor_isa_map(item))
        cbor_decref(&item);
    return item;
}

bool is_int(const cbor_item_t *item, int64_t *ret)
{
    if (item == NULL || !cbor_is_int(item) || cbor_get_int(item) > INT64_MAX)
        return false;
    *ret = cbor_isa_uint(item) ? (int64_t)cbor_get_int(item) : -1 - (int64_t)cbor_get_int(item);
    return true;
}

bool is_bytes(const cbor_item_t *item, struct slice *ret)
{
    if (item == NULL || !cbor_isa_bytestring(item) || !cbor_bytestring_is_definite(item))
        return false;
    ret->data = cbor_bytestring_handle(item);
    ret->size = cbor_bytestring_length(item);
    if (ret->data == NULL) /* an empty string is not the same as none */
        ret->data = (const uint8_t *)"";
    return true;
}

bool is_text(const cbor_item_t *item, struct slice *ret)
{
    if (item == NULL || !cbor_isa_string(item) || !cbor_string_is_definite(item))
        return false;
    ret->data = cbor_string_handle(item);
    ret->size = cbor_string_length(item);
    if (ret->data == NULL)
        ret->data = (const uint8_t *)"";
    return true;
}

const cbor_item_t *find_int(const cbor_item_t *map, int64_t key)
{
    int64_t found;

    if (map == NULL || !cbor_isa_map(map))
        return NULL;
    for (size_t i = 0; i < cbor_map_size(map); i++) {
        if (is_int(cbor_map_handle(map)[i].key, &found) && found == key)
            return cbor_map_handle(map)[i].value;
    }
    return NULL;
}

const cbor_item_t *find_text(const cbor_item_t *map, const char *key)
{
    struct slice found;

    if (map == NULL || !cbor_isa_map(map))
        return NULL;
    for (size_t i = 0; i < cbor_map_size(map); i++) {
        if (is_text(cbor_map_handle(map)[i].key, &found) && found.size == strlen(key) &&
            memcmp(found.data, key, found.size) == 0)
            return cbor_map_handle(map)[i].value;
    }
    return NULL;
}

static enum ctap_status absent(enum need need)
{
    return need == REQUIRED ? CTAP_MISSING_PARAMETER : CTAP_OK;
}

static enum ctap_status typed(bool right)
{
    return right ? CTAP_OK : CTAP_CBOR_UNEXPECTED_TYPE;
}

enum ctap_status take_bytes(const cbor_item_t *map, int64_t key, enum need need, struct slice *ret)
{
    const cbor_item_t *item = find_int(map, key);

    return item == NULL ? absent(need) : typed(is_bytes(item, ret));
}

enum ctap_status take_text(const cbor_item_t *map, int64_t key, enum need need, struct slice *ret)
{
    const cbor_item_t *item = find_int(map, key);

    return item == NULL ? absent(need) : typed(is_text(item, ret));
}

enum ctap_status take_int(const cbor_item_t *map, int64_t key, enum need need, int64_t *ret)
{
    const cbor_item_t *item = find_int(map, key);

    return item == NULL ? absent(need) : typed(is_int(item, ret));
}

enum ctap_status take_map(const cbor_item_t *map, int64_t key, enum need need,
                          const cbor_item_t **ret)
{
    const cbor_item_t *item = find_int(map, key);

    if (item == NULL)
        return absent(need);
    *ret = item;
    return typed(cbor_isa_map(item));
}

enum ctap_status take_array(const cbor_item_t *map, int64_t key, enum need need,
                            const cbor_item_t **ret)
{
    const cbor_item_t *item = find_int(map, key);

    if (item == NULL)
        return absent(need);
    *ret = item;
    return typed(cbor_isa_array(item));
}

enum ctap_status take_option(const cbor_item_t *options, const char *name, bool *ret)
{
    const cbor_item_t *item = find_text(options, name);

    if (item == NULL)
        return CTAP_OK;
    if (!cbor_is_bool(item))
        return CTAP_CBOR_UNEXPECTED_TYPE;
    *ret = cbor_get_bool(item);
    return CTAP_OK;
}

void copy_text(const cbor_item_t *map, const char *key, char *ret, size_t size)
{
    struct slice text = {NULL, 0};

    is_text(find_text(map, key), &text);
    size_t length = text.size < size ? text.size : size - 1;
    if (length > 0)
        memcpy(ret, text.data, length);
    ret[length] = '\0';
}
