/* A credential, and how it stands in responses and in the state file. */
#ifndef SOFTKEY_CREDENTIAL_H
#define SOFTKEY_CREDENTIAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto.h"

enum {
    CREDENTIAL_ID_MAX = 1023,
    USER_ID_MAX = 64,
    TEXT_MAX = 256, /* names, cut off; with the final NUL */
};

/* credProtect (CTAP 2.1 section 12.1). */
enum protection {
    PROTECT_UV_OPTIONAL = 1,
    PROTECT_UV_OPTIONAL_WITH_LIST = 2,
    PROTECT_UV_REQUIRED = 3,
};

struct credential {
    uint8_t id[CREDENTIAL_ID_MAX];
    size_t id_size;
    EVP_PKEY *key;
    enum algorithm algorithm;
    uint8_t rp_id_hash[HASH_SIZE];
    char rp_id[TEXT_MAX]; /* "" for U2F, which knows only the hash */
    char rp_name[TEXT_MAX];
    uint8_t user_id[USER_ID_MAX];
    size_t user_id_size;
    char user_name[TEXT_MAX];
    char user_display_name[TEXT_MAX];
    bool resident;
    enum protection protection;
};

/* PublicKeyCredentialDescriptor, and PublicKeyCredentialUserEntity with or without its names. */
void put_descriptor(struct message *reply, const uint8_t *id, size_t id_size);
void put_user(struct message *reply, const struct credential *credential, bool names);

json_t *credential_to_json(const struct credential *credential);
void credential_from_json(const json_t *object, struct credential *ret);

/*
 * The state file's forms: bytes are hex, keys are hex of their DER. It is this program's own: what
 * does not fit is a broken test set-up, and stops it.
 */
json_t *bytes_to_json(const uint8_t *data, size_t size);
size_t bytes_from_json(const json_t *text, uint8_t *ret, size_t size_max);
json_t *key_to_json(EVP_PKEY *key);
EVP_PKEY *key_from_json(const json_t *text);

#endif
