/* The passkeys that a key keeps: listing and removing them (CTAP 2.1 section 6.8). */
#ifndef COWKEY_KEY_STORED_H
#define COWKEY_KEY_STORED_H

#include <stddef.h>
#include <stdint.h>

#include "cowkey/base/bytes.h"
#include "cowkey/base/error.h"
#include "cowkey/key/key.h"

enum { CK_STORED_MAX = 1024 }; /* passkeys of one key; further ones are an error */

/* All texts come from the key, and before that from a server; longer ones are cut. */
struct ck_stored {
    char rp_id[CK_HOST_MAX];
    char rp_name[CK_NAME_MAX];
    struct ck_bytes id;
    struct ck_bytes user_id;
    char user_name[CK_NAME_MAX];
    char user_display_name[CK_NAME_MAX];
    int algorithm;  /* COSE; 0 where libfido2 does not know it */
    int protection; /* credProtect, 1 to 3; 0 when the key does not tell */
};

struct ck_stored_list {
    struct ck_stored *items; /* by relying party, as the key gives them */
    size_t count;
    size_t
        stored; /* how many it keeps in all: a key may shorten RP IDs, and can't list those then */
    int64_t room; /* for so many more; -1 when the key does not tell */
};

void ck_stored_list_clear(struct ck_stored_list *list);

/*
 * Those of one relying party, or (rp_id is NULL) all. Needs the PIN, or a finger where the key has
 * that, and no touch. Errors as ck_key_make; CK_ERR_KEY when the key can't list them.
 */
enum ck_err ck_stored_read(struct ck_key *key, const char *rp_id, struct ck_stored_list *ret_list,
                           struct ck_error *err);

/*
 * Removes one, and makes sure that it is gone. Errors as above; CK_ERR_UNKNOWN when the key's
 * answer was lost, or it still lists it.
 */
enum ck_err ck_stored_remove(struct ck_key *key, const struct ck_stored *stored,
                             struct ck_error *err);

#endif
