#include "canonical_cbor.h"

#include <cbor.h>
#include <string.h>

#include "cowkey/base/utf8.h"

/* --- reading --- */

/*
 * What libcbor's decoder says of the next head: it tells apart and bounds, and takes no memory. A
 * head that none of the functions below is called for (a tag, an indefinite length, a break) leaves
 * is_known false.
 */
struct head {
    bool is_known;
    bool is_counted; /* argument is a number, length or count, and has a shortest form */
    enum ck_cbor_type type;
    uint64_t argument;
    bool is_negative;
};

static void take(struct head *head, enum ck_cbor_type type, uint64_t argument)
{
    *head = (struct head){.is_known = true, .is_counted = true, .type = type, .argument = argument};
}

static void take_integer(struct head *head, uint64_t argument, bool is_negative)
{
    take(head, argument <= INT64_MAX ? CK_CBOR_INTEGER : CK_CBOR_OTHER, argument);
    head->is_negative = is_negative;
}

static void take_other(struct head *head)
{
    *head = (struct head){.is_known = true, .type = CK_CBOR_OTHER};
}

static void on_uint8(void *head, uint8_t value)
{
    take_integer(head, value, false);
}

static void on_uint16(void *head, uint16_t value)
{
    take_integer(head, value, false);
}

static void on_uint32(void *head, uint32_t value)
{
    take_integer(head, value, false);
}

static void on_uint64(void *head, uint64_t value)
{
    take_integer(head, value, false);
}

static void on_negint8(void *head, uint8_t value)
{
    take_integer(head, value, true);
}

static void on_negint16(void *head, uint16_t value)
{
    take_integer(head, value, true);
}

static void on_negint32(void *head, uint32_t value)
{
    take_integer(head, value, true);
}

static void on_negint64(void *head, uint64_t value)
{
    take_integer(head, value, true);
}

static void on_bytes(void *head, cbor_data data, size_t size)
{
    (void)data;
    take(head, CK_CBOR_BYTES, size);
}

static void on_text(void *head, cbor_data data, size_t size)
{
    (void)data;
    take(head, CK_CBOR_TEXT, size);
}

static void on_array(void *head, size_t count)
{
    take(head, CK_CBOR_ARRAY, count);
}

static void on_map(void *head, size_t count)
{
    take(head, CK_CBOR_MAP, count);
}

static void on_bool(void *head, bool value)
{
    (void)value;
    take_other(head);
}

static void on_simple(void *head)
{
    take_other(head);
}

static void on_float(void *head, float value)
{
    (void)value;
    take_other(head);
}

static void on_double(void *head, double value)
{
    (void)value;
    take_other(head);
}

static void ignore(void *head)
{
    (void)head;
}

static void ignore_tag(void *head, uint64_t tag)
{
    (void)head;
    (void)tag;
}

static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint64,
    .negint8 = on_negint8,
    .negint16 = on_negint16,
    .negint32 = on_negint32,
    .negint64 = on_negint64,
    .byte_string_start = ignore,
    .byte_string = on_bytes,
    .string = on_text,
    .string_start = ignore,
    .indef_array_start = ignore,
    .array_start = on_array,
    .indef_map_start = ignore,
    .map_start = on_map,
    .tag = ignore_tag,
    .float2 = on_float,
    .float4 = on_float,
    .float8 = on_double,
    .undefined = on_simple,
    .null = on_simple,
    .boolean = on_bool,
    .indef_break = ignore,
};

/* The size of the shortest head with that argument. */
static size_t shortest(uint64_t argument)
{
    unsigned char head[9];

    return cbor_encode_uint(argument, head, sizeof(head));
}

/*
 * CTAP 2.1 section 8: "If the major types are different, the one with the lower value in numerical
 * order sorts earlier. If two keys have different lengths, the shorter one sorts earlier. If two
 * keys have the same length, the one with the lower value in (byte-wise) lexical order sorts
 * earlier." Both are encoded in the shortest form.
 */
static bool is_sorted(const struct ck_cbor_reader *first, const struct ck_cbor_reader *second)
{
    int major = (first->at[0] >> 5) - (second->at[0] >> 5);

    if (major != 0)
        return major < 0;
    if (first->left != second->left)
        return first->left < second->left;
    return memcmp(first->at, second->at, first->left) < 0;
}

static bool next_within(struct ck_cbor_reader *reader, unsigned depth_max,
                        struct ck_cbor_item *ret_item);

static bool skip_items(struct ck_cbor_reader *reader, uint64_t count, unsigned depth_max)
{
    struct ck_cbor_item item;

    for (uint64_t i = 0; i < count; i++) {
        if (!next_within(reader, depth_max, &item))
            return false;
    }
    return true;
}

static bool skip_pairs(struct ck_cbor_reader *reader, uint64_t count, unsigned depth_max)
{
    struct ck_cbor_item previous, key, value;

    for (uint64_t i = 0; i < count; i++) {
        if (!next_within(reader, depth_max, &key) ||
            (key.type != CK_CBOR_INTEGER && key.type != CK_CBOR_TEXT) ||
            (i > 0 && !is_sorted(&previous.whole, &key.whole)) ||
            !next_within(reader, depth_max, &value))
            return false;
        previous = key;
    }
    return true;
}

/* Moves over what an array or map holds. */
static bool skip_content(struct ck_cbor_reader *reader, const struct head *head, unsigned depth_max)
{
    if (depth_max == 0)
        return false;
    return head->type == CK_CBOR_ARRAY ? skip_items(reader, head->argument, depth_max - 1)
                                       : skip_pairs(reader, head->argument, depth_max - 1);
}

static bool next_within(struct ck_cbor_reader *reader, unsigned depth_max,
                        struct ck_cbor_item *ret_item)
{
    struct head head = {0};
    struct cbor_decoder_result result =
        cbor_stream_decode(reader->at, reader->left, &callbacks, &head);

    if (result.status != CBOR_DECODER_FINISHED || !head.is_known)
        return false;
    bool is_string = head.type == CK_CBOR_BYTES || head.type == CK_CBOR_TEXT;
    bool is_container = head.type == CK_CBOR_ARRAY || head.type == CK_CBOR_MAP;
    size_t head_size = is_string ? result.read - head.argument : result.read;
    if (head.is_counted && head_size != shortest(head.argument))
        return false;
    struct ck_cbor_reader rest = {reader->at + result.read, reader->left - result.read};
    if (is_container && !skip_content(&rest, &head, depth_max))
        return false;
    struct ck_cbor_item item = {
        .type = head.type,
        .whole = {reader->at, (size_t)(rest.at - reader->at)},
        .content = {reader->at + head_size, (size_t)(rest.at - reader->at) - head_size},
    };
    if (head.type == CK_CBOR_INTEGER)
        item.integer = head.is_negative ? -1 - (int64_t)head.argument : (int64_t)head.argument;
    if (is_container)
        item.count = (size_t)head.argument;
    if (head.type == CK_CBOR_TEXT &&
        !ck_utf8_valid((const char *)item.content.at, item.content.left))
        return false;
    *reader = rest;
    *ret_item = item;
    return true;
}

bool ck_cbor_next(struct ck_cbor_reader *reader, struct ck_cbor_item *ret_item)
{
    return next_within(reader, CK_CBOR_DEPTH_MAX, ret_item);
}

bool ck_cbor_read_whole(const void *bytes, size_t size, enum ck_cbor_type type,
                        struct ck_cbor_item *ret_item)
{
    struct ck_cbor_reader reader = {bytes, size};
    struct ck_cbor_item item;

    if (!ck_cbor_next(&reader, &item) || reader.left > 0 || item.type != type)
        return false;
    *ret_item = item;
    return true;
}

static bool is_text(const struct ck_cbor_item *key, const char *text)
{
    return key->type == CK_CBOR_TEXT && key->content.left == strlen(text) &&
           memcmp(key->content.at, text, strlen(text)) == 0;
}

/* The value behind the key text, or behind integer where text is NULL. */
static bool find(const struct ck_cbor_item *map, const char *text, int64_t integer,
                 enum ck_cbor_type type, struct ck_cbor_item *ret_value)
{
    struct ck_cbor_reader rest = map->content;
    struct ck_cbor_item key, value;

    while (ck_cbor_next(&rest, &key) && ck_cbor_next(&rest, &value)) {
        bool is_it = text != NULL ? is_text(&key, text)
                                  : key.type == CK_CBOR_INTEGER && key.integer == integer;

        if (is_it && value.type == type) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

bool ck_cbor_find_text(const struct ck_cbor_item *map, const char *key, enum ck_cbor_type type,
                       struct ck_cbor_item *ret_value)
{
    return find(map, key, 0, type, ret_value);
}

bool ck_cbor_find_integer(const struct ck_cbor_item *map, int64_t key, enum ck_cbor_type type,
                          struct ck_cbor_item *ret_value)
{
    return find(map, NULL, key, type, ret_value);
}

/* --- writing --- */

/* size is what an encoder wrote, 0 when it had no room. */
static void advance(struct ck_cbor_writer *writer, size_t size)
{
    if (size == 0)
        writer->is_full = true;
    if (writer->is_full)
        size = writer->left;
    writer->at += size;
    writer->left -= size;
}

static void write_data(struct ck_cbor_writer *writer, const void *data, size_t size)
{
    if (size == 0)
        return;
    if (size > writer->left) {
        advance(writer, 0);
        return;
    }
    memcpy(writer->at, data, size);
    advance(writer, size);
}

void ck_cbor_write_map(struct ck_cbor_writer *writer, size_t pairs)
{
    advance(writer, cbor_encode_map_start(pairs, writer->at, writer->left));
}

void ck_cbor_write_array(struct ck_cbor_writer *writer, size_t items)
{
    advance(writer, cbor_encode_array_start(items, writer->at, writer->left));
}

void ck_cbor_write_integer(struct ck_cbor_writer *writer, int64_t integer)
{
    advance(writer, integer < 0
                        ? cbor_encode_negint((uint64_t)(-1 - integer), writer->at, writer->left)
                        : cbor_encode_uint((uint64_t)integer, writer->at, writer->left));
}

void ck_cbor_write_text(struct ck_cbor_writer *writer, const char *text)
{
    advance(writer, cbor_encode_string_start(strlen(text), writer->at, writer->left));
    write_data(writer, text, strlen(text));
}

void ck_cbor_write_bytes(struct ck_cbor_writer *writer, const struct ck_bytes *bytes)
{
    advance(writer, cbor_encode_bytestring_start(bytes->size, writer->at, writer->left));
    write_data(writer, bytes->data, bytes->size);
}

void ck_cbor_write_raw(struct ck_cbor_writer *writer, const struct ck_bytes *item)
{
    write_data(writer, item->data, item->size);
}
