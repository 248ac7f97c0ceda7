/* Public keys that are ready: a batch checks many responses by the same few. */
#ifndef CMD_KEPT_KEYS_H
#define CMD_KEPT_KEYS_H

#include "cowkey/webauthn/cose.h"
#include "cowkey/webauthn/credential.h"

enum { KEYS_KEPT = 16 };

struct kept_key {
    struct ck_bytes public_key;
    int algorithm; /* as the record has it */
    struct ck_cose_key *key;
};

/* Of one worker; all zero has none. */
struct kept_keys {
    struct kept_key keys[KEYS_KEPT];
    unsigned next; /* to be replaced */
};

void kept_keys_clear(struct kept_keys *keys);

/* That of the credential, made ready if it is not; borrowed until the next call. CK_ERR_USAGE: none. */
enum ck_err kept_keys_find(struct kept_keys *keys, const struct ck_credential *credential,
                           const struct ck_cose_key **ret_key, struct ck_error *err);

#endif
