/* Keeping public keys ready. */
#include "kept_keys.h"

static void forget(struct kept_key *kept)
{
    ck_bytes_clear(&kept->public_key);
    ck_cose_key_free(&kept->key);
}

void kept_keys_clear(struct kept_keys *keys)
{
    for (size_t i = 0; i < KEYS_KEPT; i++)
        forget(&keys->keys[i]);
}

enum ck_err kept_keys_find(struct kept_keys *keys, const struct ck_credential *credential,
                           const struct ck_cose_key **ret_key, struct ck_error *err)
{
    const struct ck_bytes *public_key = &credential->public_key;

    for (size_t i = 0; i < KEYS_KEPT; i++) {
        const struct kept_key *kept = &keys->keys[i];
        if (kept->key != NULL && kept->algorithm == credential->algorithm &&
            ck_bytes_equal(&kept->public_key, public_key)) {
            *ret_key = kept->key;
            return CK_OK;
        }
    }
    struct kept_key *kept = &keys->keys[keys->next];
    forget(kept);
    kept->algorithm = credential->algorithm;
    if (ck_bytes_copy(public_key->data, public_key->size, &kept->public_key, err) != CK_OK ||
        ck_credential_key(credential, &kept->key, err) != CK_OK)
        return err->code;
    keys->next = (keys->next + 1) % KEYS_KEPT;
    *ret_key = kept->key;
    return CK_OK;
}
