/* Sealing what only one recipient may read. */
#ifndef ROLLOUT_SEAL_H
#define ROLLOUT_SEAL_H

#include "cowkey/base/bytes.h"
#include "cowkey/base/secret.h"
#include "cowkey/rollout/sheet.h"

/*
 * CMS (RFC 5652, 5083), DER: a new AES-256-GCM key for each, for the certificate's RSA or EC key. A
 * changed file does not open, which matters for a page that a browser would follow.
 */
enum ck_err seal_bytes(const struct ck_seal *seal, const struct ck_secret *plain,
                       struct ck_bytes *ret_sealed, struct ck_error *err);

#endif
