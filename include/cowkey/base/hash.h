/* SHA-256 (FIPS 180-4): WebAuthn hashes everything with it, and mailcow names passkeys by it. */
#ifndef COWKEY_BASE_HASH_H
#define COWKEY_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "cowkey/base/error.h"

enum { CK_SHA256_SIZE = 32 }; /* bytes */

enum ck_err ck_sha256(const void *data, size_t size, uint8_t ret_hash[CK_SHA256_SIZE],
                      struct ck_error *err);

#endif
