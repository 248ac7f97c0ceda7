/* An owned string of bytes that are no secret: identifiers, keys, signatures, CBOR. */
#ifndef COWKEY_BASE_BYTES_H
#define COWKEY_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cowkey/base/error.h"

/* {NULL, 0} is the empty string; data is from malloc. */
struct ck_bytes {
    uint8_t *data;
    size_t size;
};

enum ck_err ck_bytes_copy(const void *data, size_t size, struct ck_bytes *ret_bytes,
                          struct ck_error *err);
bool ck_bytes_equal(const struct ck_bytes *a, const struct ck_bytes *b);
void ck_bytes_clear(struct ck_bytes *bytes);

/*
 * Base64 (RFC 4648 sections 4 and 5). Standard is written padded and read padded or not; base64url
 * is written unpadded and read unpadded or padded. Other characters, also those of the other
 * alphabet, bad padding and nonzero trailing bits are errors of the given code. what names the
 * thing in the error's text.
 */
enum ck_base64 { CK_BASE64_STANDARD, CK_BASE64_URL };

/* A new string; free it. NULL when memory is short. */
char *ck_base64_encode(enum ck_base64 alphabet, const void *data, size_t size);
enum ck_err ck_base64_decode(enum ck_base64 alphabet, const char *text, size_t size,
                             const char *what, enum ck_err code, struct ck_bytes *ret_bytes,
                             struct ck_error *err);

/* Lower-case hex; a new string. */
char *ck_hex_encode(const void *data, size_t size);

#endif
