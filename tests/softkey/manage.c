#include "manage.h"

#include <stdio.h>
#include <string.h>

#include "key.h"
#include "must.h"

enum subcommand {
    METADATA = 0x01,
    RPS_BEGIN = 0x02,
    RPS_NEXT = 0x03,
    CREDENTIALS_BEGIN = 0x04,
    CREDENTIALS_NEXT = 0x05,
    DELETE = 0x06,
    UPDATE = 0x07,
};

struct request {
    int64_t subcommand;
    const cbor_item_t *params;
    int64_t protocol;
    struct slice param;
};

/* --- may it be asked? (section 6.8.1) --- */

static enum ctap_status read_request(const cbor_item_t *map, struct request *ret)
{
    *ret = (struct request){.params = NULL};
    TRY(take_int(map, 0x01, REQUIRED, &ret->subcommand));
    TRY(take_map(map, 0x02, OPTIONAL, &ret->params));
    TRY(take_int(map, 0x03, OPTIONAL, &ret->protocol));
    return take_bytes(map, 0x04, OPTIONAL, &ret->param);
}

/* The token signs the subcommand's number and parameters, as they were encoded. */
static enum ctap_status authorize(struct key *key, const struct request *request,
                                  const uint8_t *rp_id_hash)
{
    struct message message = {.size = 0};
    unsigned char *params = NULL;
    size_t allocated;

    if (request->param.data == NULL)
        return CTAP_PUAT_REQUIRED;
    if (request->protocol == 0)
        return CTAP_MISSING_PARAMETER;
    put_byte(&message, (uint8_t)request->subcommand);
    if (request->params != NULL) {
        size_t size = cbor_serialize_alloc(request->params, &params, &allocated);
        MUST(size > 0);
        put_raw(&message, params, size);
        free(params);
    }
    TRY(pin_verify(key, request->protocol, request->param,
                   (struct slice){message.data, message.size}));
    return pin_permits(key, PERMIT_MANAGE, rp_id_hash) ? CTAP_OK : CTAP_PIN_AUTH_INVALID;
}

/* --- how much is there? (section 6.8.2) --- */

static enum ctap_status put_metadata(const struct key *key, struct message *reply)
{
    size_t residents = 0;

    for (size_t i = 0; i < key->store.count; i++)
        residents += key->store.credentials[i].resident;
    put_map(reply, 2);
    put_int(reply, 0x01);
    put_int(reply, (int64_t)residents);
    put_int(reply, 0x02);
    put_int(reply, store_room(&key->store, key->script.capacity));
    return CTAP_OK;
}

/* --- RPs (section 6.8.3) --- */

/* Is this the first credential of its RP? */
static bool begins_rp(const struct store *store, size_t index)
{
    const struct credential *one = &store->credentials[index];

    for (size_t i = 0; i < index && one->resident; i++) {
        const struct credential *other = &store->credentials[i];
        if (other->resident && memcmp(other->rp_id_hash, one->rp_id_hash, HASH_SIZE) == 0)
            return false;
    }
    return one->resident;
}

/* A key may keep less than all of it (section 6.8.7). */
static void put_rp_id(struct message *reply, const char *rp_id, int64_t size_max)
{
    char text[256];
    int size = size_max == 0 ? (int)sizeof(text) - 1 : (int)size_max;

    snprintf(text, sizeof(text), "%.*s", size, rp_id);
    put_text(reply, text);
}

/* Goes on with the listing; total is told only with the first. */
static enum ctap_status put_rp(struct key *key, size_t total, struct message *reply)
{
    struct listing *listing = &key->listing;

    while (!begins_rp(&key->store, listing->next))
        listing->next++;
    const struct credential *credential = &key->store.credentials[listing->next++];
    listing->left--;
    put_map(reply, total > 0 ? 3 : 2);
    put_int(reply, 0x03);
    put_map(reply, 1);
    put_text(reply, "id");
    put_rp_id(reply, credential->rp_id, key->script.rp_id_max);
    put_int(reply, 0x04);
    put_bytes(reply, credential->rp_id_hash, HASH_SIZE);
    if (total > 0) {
        put_int(reply, 0x05);
        put_int(reply, (int64_t)total);
    }
    return CTAP_OK;
}

static enum ctap_status begin_rps(struct key *key, const struct request *request,
                                  struct message *reply)
{
    size_t total = 0;

    TRY(authorize(key, request, NULL));
    for (size_t i = 0; i < key->store.count; i++)
        total += begins_rp(&key->store, i);
    key->listing = (struct listing){.subcommand = RPS_BEGIN, .left = total};
    return total == 0 ? CTAP_NO_CREDENTIALS : put_rp(key, total, reply);
}

/* --- an RP's credentials (section 6.8.4) --- */

static bool is_listed(const struct key *key, size_t index)
{
    const struct credential *credential = &key->store.credentials[index];

    return credential->resident &&
           memcmp(credential->rp_id_hash, key->listing.rp_id_hash, HASH_SIZE) == 0;
}

static enum ctap_status put_credential(struct key *key, size_t total, struct message *reply)
{
    struct listing *listing = &key->listing;

    while (!is_listed(key, listing->next))
        listing->next++;
    const struct credential *credential = &key->store.credentials[listing->next++];
    listing->left--;
    put_map(reply, total > 0 ? 5 : 4);
    put_int(reply, 0x06);
    put_user(reply, credential, true);
    put_int(reply, 0x07);
    put_descriptor(reply, credential->id, credential->id_size);
    put_int(reply, 0x08);
    put_cose_key(reply, credential->key, credential->algorithm);
    if (total > 0) {
        put_int(reply, 0x09);
        put_int(reply, (int64_t)total);
    }
    put_int(reply, 0x0a);
    put_int(reply, credential->protection);
    return CTAP_OK;
}

static enum ctap_status begin_credentials(struct key *key, const struct request *request,
                                          struct message *reply)
{
    struct listing *listing = &key->listing;
    struct slice hash;
    size_t total = 0;

    TRY(take_bytes(request->params, 0x01, REQUIRED, &hash));
    if (hash.size != HASH_SIZE)
        return CTAP_INVALID_LENGTH;
    TRY(authorize(key, request, hash.data));
    *listing = (struct listing){.subcommand = CREDENTIALS_BEGIN};
    memcpy(listing->rp_id_hash, hash.data, HASH_SIZE);
    for (size_t i = 0; i < key->store.count; i++)
        total += is_listed(key, i);
    listing->left = total;
    return total == 0 ? CTAP_NO_CREDENTIALS : put_credential(key, total, reply);
}

/* --- one credential (sections 6.8.5 and 6.8.6) --- */

/* NULL when there is none. */
static struct credential *find(struct key *key, const struct request *request)
{
    struct slice id;

    if (!is_bytes(find_text(find_int(request->params, 0x02), "id"), &id))
        return NULL;
    for (size_t i = 0; i < key->store.count; i++) {
        struct credential *found = &key->store.credentials[i];
        if (found->resident && found->id_size == id.size &&
            memcmp(found->id, id.data, id.size) == 0)
            return found;
    }
    return NULL;
}

static enum ctap_status find_and_authorize(struct key *key, const struct request *request,
                                           struct credential **ret)
{
    if (find_int(request->params, 0x02) == NULL)
        return CTAP_MISSING_PARAMETER;
    *ret = find(key, request);
    TRY(authorize(key, request, *ret == NULL ? NULL : (*ret)->rp_id_hash));
    return *ret == NULL ? CTAP_NO_CREDENTIALS : CTAP_OK;
}

static enum ctap_status delete_credential(struct key *key, const struct request *request)
{
    struct credential *found;

    TRY(find_and_authorize(key, request, &found));
    store_remove(&key->store, found);
    store_save(&key->store);
    return CTAP_OK;
}

/* Another user id is refused; an absent name is removed. */
static enum ctap_status update_user(struct key *key, const struct request *request)
{
    const cbor_item_t *user = NULL;
    struct credential *found;
    struct slice id;

    TRY(take_map(request->params, 0x03, REQUIRED, &user));
    TRY(find_and_authorize(key, request, &found));
    if (!is_bytes(find_text(user, "id"), &id) || id.size != found->user_id_size ||
        memcmp(id.data, found->user_id, id.size) != 0)
        return CTAP_INVALID_PARAMETER;
    copy_text(user, "name", found->user_name, sizeof(found->user_name));
    copy_text(user, "displayName", found->user_display_name, sizeof(found->user_display_name));
    store_save(&key->store);
    return CTAP_OK;
}

/* --- the command --- */

static enum ctap_status go_on(struct key *key, int64_t begun, struct message *reply)
{
    if (key->listing.left == 0 || key->listing.subcommand != begun)
        return CTAP_NOT_ALLOWED;
    return begun == RPS_BEGIN ? put_rp(key, 0, reply) : put_credential(key, 0, reply);
}

enum ctap_status manage_credentials(struct key *key, const cbor_item_t *map, struct message *reply)
{
    static const char *const names[] = {NULL,
                                        "getCredsMetadata",
                                        "enumerateRPsBegin",
                                        "enumerateRPsGetNextRP",
                                        "enumerateCredentialsBegin",
                                        "enumerateCredentialsGetNextCredential",
                                        "deleteCredential",
                                        "updateUserInformation"};
    struct request request;

    if (!key->script.credential_management)
        return CTAP_INVALID_COMMAND;
    TRY(read_request(map, &request));
    if (request.subcommand < METADATA || request.subcommand > UPDATE)
        return CTAP_INVALID_SUBCOMMAND;
    log_note(&key->log, "subcommand", json_string(names[request.subcommand]));
    switch ((enum subcommand)request.subcommand) {
    case METADATA:
        TRY(authorize(key, &request, NULL));
        return put_metadata(key, reply);
    case RPS_BEGIN:
        return begin_rps(key, &request, reply);
    case RPS_NEXT:
        return go_on(key, RPS_BEGIN, reply);
    case CREDENTIALS_BEGIN:
        return begin_credentials(key, &request, reply);
    case CREDENTIALS_NEXT:
        return go_on(key, CREDENTIALS_BEGIN, reply);
    case DELETE:
        return delete_credential(key, &request);
    case UPDATE:
        return update_user(key, &request);
    }
    return CTAP_INVALID_SUBCOMMAND;
}
