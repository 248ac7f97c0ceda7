/*
 * CBOR in the canonical form of CTAP2 (CTAP 2.1 section 8), the only one that WebAuthn has
 * (Level 3, section 2.4.1): shortest integers and lengths, nothing of indefinite length, no tags,
 * the keys of a map sorted and none twice, and at most four levels.
 */
#ifndef WEBAUTHN_CANONICAL_CBOR_H
#define WEBAUTHN_CANONICAL_CBOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cowkey/base/bytes.h"

enum { CK_CBOR_DEPTH_MAX = 4 }; /* arrays and maps inside each other */

enum ck_cbor_type {
    CK_CBOR_INTEGER,
    CK_CBOR_BYTES,
    CK_CBOR_TEXT,
    CK_CBOR_ARRAY,
    CK_CBOR_MAP,
    CK_CBOR_OTHER, /* true, false, null, undefined, a float, an integer beyond 64 bits with sign */
};

/* What is still to be read; borrowed. */
struct ck_cbor_reader {
    const uint8_t *at;
    size_t left;
};

/* One item in the bytes that it was read from. */
struct ck_cbor_item {
    enum ck_cbor_type type;
    int64_t integer;               /* of CK_CBOR_INTEGER */
    struct ck_cbor_reader content; /* of bytes and text; the items of an array, pairs of a map */
    size_t count;                  /* items of an array, pairs of a map */
    struct ck_cbor_reader whole;   /* the item as it is encoded */
};

/*
 * Takes the next item off the reader, with everything in it. false when there is none, or it is not
 * in canonical form; the reader has not moved then.
 */
bool ck_cbor_next(struct ck_cbor_reader *reader, struct ck_cbor_item *ret_item);

/* Reads an item of a type that is all that size bytes hold. */
bool ck_cbor_read_whole(const void *bytes, size_t size, enum ck_cbor_type type,
                        struct ck_cbor_item *ret_item);

/* The value of a map's key; false when it is missing or of another type. */
bool ck_cbor_find_text(const struct ck_cbor_item *map, const char *key, enum ck_cbor_type type,
                       struct ck_cbor_item *ret_value);
bool ck_cbor_find_integer(const struct ck_cbor_item *map, int64_t key, enum ck_cbor_type type,
                          struct ck_cbor_item *ret_value);

/* Writes into left bytes at at; once something does not fit, the rest is dropped too. */
struct ck_cbor_writer {
    uint8_t *at;
    size_t left;
    bool is_full;
};

void ck_cbor_write_map(struct ck_cbor_writer *writer, size_t pairs);
void ck_cbor_write_array(struct ck_cbor_writer *writer, size_t items);
void ck_cbor_write_integer(struct ck_cbor_writer *writer, int64_t integer);
void ck_cbor_write_text(struct ck_cbor_writer *writer, const char *text);
void ck_cbor_write_bytes(struct ck_cbor_writer *writer, const struct ck_bytes *bytes);
/* An item that is encoded already. */
void ck_cbor_write_raw(struct ck_cbor_writer *writer, const struct ck_bytes *item);

#endif
