/* Random text, whose characters are equally likely. */
#ifndef COWKEY_BASE_RANDOM_H
#define COWKEY_BASE_RANDOM_H

#include <stddef.h>

#include "cowkey/base/error.h"

/* Fills size bytes and returns 1, as OpenSSL's RAND_bytes and RAND_priv_bytes do. */
typedef int ck_random_source(unsigned char *bytes, int size);

/*
 * Fills text with length letters of alphabet, which has 1 to 256 of them; a NUL is not added. A
 * source that fails is CK_ERR_UNCHANGED, and text is then of no use.
 */
enum ck_err ck_random_text(const char *alphabet, size_t length, ck_random_source *source,
                           char *text, struct ck_error *err);

#endif
