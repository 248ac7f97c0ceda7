/* A COSE key as U2F writes it. */
#ifndef WEBAUTHN_COSE_POINT_H
#define WEBAUTHN_COSE_POINT_H

#include "cowkey/webauthn/cose.h"

enum { CK_P256_POINT_SIZE = 65 };

/*
 * The coordinates of a COSE key as an uncompressed point (ANSI X9.62: 0x04, x, y); false when they
 * are not two of 32 bytes.
 */
bool ck_cose_point(const struct ck_bytes *cbor, uint8_t ret_point[CK_P256_POINT_SIZE]);

#endif
