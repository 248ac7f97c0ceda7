/* Which credentials are on a key, found out without a touch and without a PIN. */
#ifndef COWKEY_KEY_HOLDS_H
#define COWKEY_KEY_HOLDS_H

#include <stdbool.h>
#include <stddef.h>

#include "cowkey/base/bytes.h"
#include "cowkey/base/error.h"
#include "cowkey/key/key.h"

/*
 * Which of count credentials of rp_id the key holds: it is asked to sign with "up" false (CTAP 2.1
 * section 6.2.2), a U2F key to check only (U2F raw messages, section 5). In lists as long as the
 * key takes them, so many credentials take their time: CK_ERR_INTERRUPTED when the settings'
 * *cancel becomes nonzero meanwhile. Ids that are longer than any of the key's are not asked for.
 * A key that shows a credential only to a verified user (credProtect level 3) does not show it
 * here. Fills ret_held[0 .. count - 1]; errors as ck_key_make.
 */
enum ck_err ck_key_holds(struct ck_key *key, const char *rp_id, const struct ck_bytes *ids,
                         size_t count, bool *ret_held, struct ck_error *err);

#endif
