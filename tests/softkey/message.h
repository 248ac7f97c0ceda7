/*
 * CBOR as CTAP uses it: writing responses in canonical form (CTAP 2.1 section 8), reading what a
 * request's maps hold.
 */
#ifndef SOFTKEY_MESSAGE_H
#define SOFTKEY_MESSAGE_H

#include <cbor.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

enum {
    MESSAGE_MAX = 7609, /* what 1 + 128 reports carry: 64 - 7 + 128 * (64 - 5) bytes */
};

/* Bytes that belong to somebody else; data is NULL where there is nothing. */
struct slice {
    const uint8_t *data;
    size_t size;
};

struct message {
    size_t size;
    uint8_t data[MESSAGE_MAX];
};

/* --- writing; the caller gives map keys in canonical order --- */

void put_raw(struct message *message, const void *data, size_t size);
void put_byte(struct message *message, uint8_t byte);
void put_u16(struct message *message, unsigned value); /* big-endian, not CBOR */
void put_u32(struct message *message, uint32_t value);
void put_map(struct message *message, size_t pairs);
void put_array(struct message *message, size_t items);
void put_int(struct message *message, int64_t value);
void put_bool(struct message *message, bool value);
void put_bytes(struct message *message, const void *data, size_t size);
void put_text(struct message *message, const char *text);

/* --- reading --- */

/*
 * The map that is all of the payload, to be given back by cbor_decref; NULL when it is anything
 * else.
 */
cbor_item_t *parse_map(struct slice payload);

enum need {
    OPTIONAL,
    REQUIRED,
};

/* The value of a map's key, NULL when it has none. */
const cbor_item_t *find_int(const cbor_item_t *map, int64_t key);
const cbor_item_t *find_text(const cbor_item_t *map, const char *key);

bool is_bytes(const cbor_item_t *item, struct slice *ret);
bool is_text(const cbor_item_t *item, struct slice *ret);
bool is_int(const cbor_item_t *item, int64_t *ret);

/*
 * Take a map's value. When there is none, ret is left alone, and that is CTAP_MISSING_PARAMETER if
 * it was required. Another type is CTAP_CBOR_UNEXPECTED_TYPE.
 */
enum ctap_status take_bytes(const cbor_item_t *map, int64_t key, enum need need, struct slice *ret);
enum ctap_status take_text(const cbor_item_t *map, int64_t key, enum need need, struct slice *ret);
enum ctap_status take_int(const cbor_item_t *map, int64_t key, enum need need, int64_t *ret);
enum ctap_status take_map(const cbor_item_t *map, int64_t key, enum need need,
                          const cbor_item_t **ret);
enum ctap_status take_array(const cbor_item_t *map, int64_t key, enum need need,
                            const cbor_item_t **ret);
/* Options are a map of names to booleans. */
enum ctap_status take_option(const cbor_item_t *options, const char *name, bool *ret);

/* Copies a text value of a map with text keys, cut off at size - 1 bytes; "" when there is none. */
void copy_text(const cbor_item_t *map, const char *key, char *ret, size_t size);

#endif
