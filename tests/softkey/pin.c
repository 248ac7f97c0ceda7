#include "pin.h"

#include <string.h>

#include "key.h"
#include "protocol.h"

enum {
    PADDED_PIN_SIZE = 64,
    RETRIES = 0x01,
    KEY_AGREEMENT = 0x02,
    SET_PIN = 0x03,
    CHANGE_PIN = 0x04,
    PIN_TOKEN = 0x05,
    UV_TOKEN = 0x06,
    UV_RETRIES = 0x07,
    PIN_TOKEN_WITH_PERMISSIONS = 0x09,
};

/* What a request may hold; each subcommand wants some of it. */
struct request {
    int64_t protocol;
    int64_t subcommand;
    const cbor_item_t *peer;
    struct slice param;
    struct slice new_pin;
    struct slice pin_hash;
    int64_t permissions;
    struct slice rp_id;
};

/* --- tokens --- */

static enum ctap_status share_with(struct key *key, const struct request *request,
                                   struct shared *ret)
{
    if (request->peer == NULL)
        return CTAP_MISSING_PARAMETER;
    bool agreed =
        share(request->protocol, key->pin.agreement[request->protocol - 1], request->peer, ret);
    return agreed ? CTAP_OK : CTAP_INVALID_PARAMETER;
}

static void new_agreement(struct pin *pin, int64_t protocol)
{
    key_free(&pin->agreement[protocol - 1]);
    pin->agreement[protocol - 1] = key_new(ALG_ECDH);
}

static void reset_tokens(struct pin *pin)
{
    random_bytes(pin->token, sizeof(pin->token));
    pin->in_use = 0;
    pin->permissions = 0;
    pin->bound = false;
}

void pin_init(struct pin *pin)
{
    for (int64_t protocol = 1; protocol <= 2; protocol++)
        new_agreement(pin, protocol);
    reset_tokens(pin);
    pin->misses = 0;
}

void pin_clear(struct pin *pin)
{
    key_free(&pin->agreement[0]);
    key_free(&pin->agreement[1]);
}

enum ctap_status pin_verify(struct key *key, int64_t protocol, struct slice param,
                            struct slice message)
{
    struct pin *pin = &key->pin;

    if (!script_offers_protocol(&key->script, protocol))
        return CTAP_INVALID_PARAMETER;
    if (pin->in_use != protocol || !authentic(protocol, pin->token[protocol - 1], message, param))
        return CTAP_PIN_AUTH_INVALID;
    return CTAP_OK;
}

bool pin_permits(struct key *key, unsigned permission, const uint8_t *rp_id_hash)
{
    struct pin *pin = &key->pin;

    if ((pin->permissions & permission) != permission)
        return false;
    if (rp_id_hash == NULL)
        return !pin->bound;
    if (pin->bound)
        return memcmp(pin->rp_id_hash, rp_id_hash, HASH_SIZE) == 0;
    if (permission & (PERMIT_MAKE | PERMIT_ASSERT)) {
        memcpy(pin->rp_id_hash, rp_id_hash, HASH_SIZE);
        pin->bound = true;
    }
    return true;
}

void pin_spent(struct pin *pin)
{
    pin->permissions = 0;
    pin->present = false;
}

static enum ctap_status give_token(struct key *key, const struct request *request,
                                   const struct shared *shared, unsigned permissions,
                                   struct message *reply)
{
    struct pin *pin = &key->pin;

    reset_tokens(pin);
    pin->in_use = request->protocol;
    pin->permissions = permissions;
    pin->bound = request->rp_id.data != NULL;
    if (pin->bound)
        sha256(request->rp_id.data, request->rp_id.size, pin->rp_id_hash);
    put_map(reply, 1);
    put_int(reply, 0x02);
    put_encrypted(reply, shared, pin->token[request->protocol - 1], TOKEN_SIZE);
    return CTAP_OK;
}

/* --- the PIN --- */

static enum ctap_status not_blocked(const struct key *key)
{
    if (key->store.pin_tries == 0)
        return CTAP_PIN_BLOCKED;
    return key->pin.misses >= PIN_MISSES_MAX ? CTAP_PIN_AUTH_BLOCKED : CTAP_OK;
}

/*
 * Section 6.5.5.6, steps 5.6 and on. The try is counted before it is made: pulling the key in
 * between does not help. A miss also costs the other side its key agreement.
 */
static enum ctap_status check_pin(struct key *key, const struct request *request,
                                  const struct shared *shared)
{
    struct store *store = &key->store;
    uint8_t hash[PIN_HASH_SIZE];

    store->pin_tries--;
    store_save(store);
    if (decrypt(shared, request->pin_hash, hash, sizeof(hash)) &&
        same_bytes(hash, store->pin_hash, sizeof(hash))) {
        store->pin_tries = PIN_TRIES;
        key->pin.misses = 0;
        store_save(store);
        return CTAP_OK;
    }
    new_agreement(&key->pin, request->protocol);
    key->pin.misses++;
    log_note(&key->log, "pin_tries", json_integer(store->pin_tries));
    enum ctap_status status = not_blocked(key);
    return status == CTAP_OK ? CTAP_PIN_INVALID : status;
}

/* Takes over the new PIN, if it is long enough. */
static enum ctap_status take_new_pin(struct key *key, const struct request *request,
                                     const struct shared *shared)
{
    uint8_t padded[PADDED_PIN_SIZE];
    uint8_t hash[HASH_SIZE];

    if (!decrypt(shared, request->new_pin, padded, sizeof(padded)))
        return CTAP_INVALID_PARAMETER;
    size_t size = strnlen((const char *)padded, sizeof(padded));
    if (size == sizeof(padded) ||
        text_length((const char *)padded, size) < key->store.pin_length_min)
        return CTAP_PIN_POLICY_VIOLATION;
    sha256(padded, size, hash);
    if (key->store.pin_change_forced && memcmp(hash, key->store.pin_hash, PIN_HASH_SIZE) == 0)
        return CTAP_PIN_POLICY_VIOLATION;
    store_set_pin(&key->store, (const char *)padded, size);
    store_save(&key->store);
    reset_tokens(&key->pin);
    return CTAP_OK;
}

/* Section 6.5.5.5. */
static enum ctap_status set_pin(struct key *key, const struct request *request)
{
    struct shared shared;

    if (request->new_pin.data == NULL || request->param.data == NULL)
        return CTAP_MISSING_PARAMETER;
    if (key->store.pin_set)
        return CTAP_PIN_AUTH_INVALID;
    TRY(share_with(key, request, &shared));
    if (!authentic(shared.protocol, shared.hmac_key, request->new_pin, request->param))
        return CTAP_PIN_AUTH_INVALID;
    return take_new_pin(key, request, &shared);
}

/* Section 6.5.5.6. */
static enum ctap_status change_pin(struct key *key, const struct request *request)
{
    struct shared shared;
    struct message both = {.size = 0};

    if (request->new_pin.data == NULL || request->pin_hash.data == NULL ||
        request->param.data == NULL)
        return CTAP_MISSING_PARAMETER;
    if (!key->store.pin_set)
        return CTAP_PIN_NOT_SET;
    TRY(not_blocked(key));
    TRY(share_with(key, request, &shared));
    put_raw(&both, request->new_pin.data, request->new_pin.size);
    put_raw(&both, request->pin_hash.data, request->pin_hash.size);
    if (!authentic(shared.protocol, shared.hmac_key, (struct slice){both.data, both.size},
                   request->param))
        return CTAP_PIN_AUTH_INVALID;
    TRY(check_pin(key, request, &shared));
    return take_new_pin(key, request, &shared);
}

/* --- tokens for the PIN or a finger (section 6.5.5.7) --- */

static enum ctap_status check_permissions(struct key *key, const struct request *request)
{
    const int64_t known = PERMIT_MAKE | PERMIT_ASSERT | PERMIT_CONFIG |
                          (key->script.credential_management ? PERMIT_MANAGE : 0);

    log_note(&key->log, "permissions", json_integer(request->permissions));
    if (request->permissions < 0)
        return CTAP_MISSING_PARAMETER;
    if (request->permissions == 0)
        return CTAP_INVALID_PARAMETER;
    if (request->permissions & ~known)
        return CTAP_UNAUTHORIZED_PERMISSION;
    if ((request->permissions & (PERMIT_MAKE | PERMIT_ASSERT)) && request->rp_id.data == NULL)
        return CTAP_MISSING_PARAMETER;
    return CTAP_OK;
}

static enum ctap_status token_for_pin(struct key *key, const struct request *request,
                                      unsigned permissions, struct message *reply)
{
    struct shared shared;

    if (request->pin_hash.data == NULL)
        return CTAP_MISSING_PARAMETER;
    if (!key->store.pin_set)
        return CTAP_PIN_NOT_SET;
    TRY(not_blocked(key));
    TRY(share_with(key, request, &shared));
    TRY(check_pin(key, request, &shared));
    if (key->store.pin_change_forced)
        return key->script.forced_change_status == 0 ? CTAP_PIN_POLICY_VIOLATION : CTAP_PIN_INVALID;
    key->pin.present = false;
    return give_token(key, request, &shared, permissions, reply);
}

/* CTAP 2.0 knows no permissions: its token also manages credentials. */
static unsigned legacy_permissions(const struct key *key)
{
    return PERMIT_MAKE | PERMIT_ASSERT | (key->script.ctap21 ? 0 : PERMIT_MANAGE);
}

static enum ctap_status token_for_uv(struct key *key, const struct request *request,
                                     struct message *reply)
{
    struct shared shared;

    if (key->script.uv != UV_SET)
        return CTAP_NOT_ALLOWED;
    TRY(share_with(key, request, &shared));
    TRY(user_verify(key));
    key->pin.present = true;
    return give_token(key, request, &shared, (unsigned)request->permissions, reply);
}

/* --- the command --- */

static enum ctap_status read_request(const cbor_item_t *map, struct request *ret)
{
    *ret = (struct request){.permissions = -1};
    TRY(take_int(map, 0x01, OPTIONAL, &ret->protocol));
    TRY(take_int(map, 0x02, REQUIRED, &ret->subcommand));
    TRY(take_map(map, 0x03, OPTIONAL, &ret->peer));
    TRY(take_bytes(map, 0x04, OPTIONAL, &ret->param));
    TRY(take_bytes(map, 0x05, OPTIONAL, &ret->new_pin));
    TRY(take_bytes(map, 0x06, OPTIONAL, &ret->pin_hash));
    TRY(take_int(map, 0x09, OPTIONAL, &ret->permissions));
    TRY(take_text(map, 0x0a, OPTIONAL, &ret->rp_id));
    return CTAP_OK;
}

static enum ctap_status put_retries(const struct key *key, struct message *reply)
{
    bool power_cycle = key->pin.misses >= PIN_MISSES_MAX;

    put_map(reply, power_cycle ? 2 : 1);
    put_int(reply, 0x03);
    put_int(reply, key->store.pin_tries);
    if (power_cycle) {
        put_int(reply, 0x04);
        put_bool(reply, true);
    }
    return CTAP_OK;
}

static enum ctap_status put_uv_retries(const struct key *key, struct message *reply)
{
    put_map(reply, 1);
    put_int(reply, 0x05);
    put_int(reply, key->store.uv_tries);
    return CTAP_OK;
}

static enum ctap_status put_agreement(struct key *key, const struct request *request,
                                      struct message *reply)
{
    put_map(reply, 1);
    put_int(reply, 0x01);
    put_cose_key(reply, key->pin.agreement[request->protocol - 1], ALG_ECDH);
    return CTAP_OK;
}

static const char *subcommand_name(int64_t subcommand)
{
    static const char *const names[] = {
        NULL,
        "getPINRetries",
        "getKeyAgreement",
        "setPIN",
        "changePIN",
        "getPinToken",
        "getPinUvAuthTokenUsingUvWithPermissions",
        "getUVRetries",
        NULL,
        "getPinUvAuthTokenUsingPinWithPermissions",
    };
    bool known = subcommand > 0 && subcommand < (int64_t)(sizeof(names) / sizeof(names[0]));

    return known && names[subcommand] != NULL ? names[subcommand] : "unknown";
}

enum ctap_status pin_command(struct key *key, const cbor_item_t *map, struct message *reply)
{
    struct request request;

    if (!key->script.client_pin && key->script.uv == UV_NONE)
        return CTAP_INVALID_COMMAND;
    TRY(read_request(map, &request));
    log_note(&key->log, "subcommand", json_string(subcommand_name(request.subcommand)));
    if (request.subcommand == RETRIES)
        return put_retries(key, reply);
    if (request.subcommand == UV_RETRIES && key->script.uv != UV_NONE)
        return put_uv_retries(key, reply);
    if (request.protocol == 0)
        return CTAP_MISSING_PARAMETER;
    if (!script_offers_protocol(&key->script, request.protocol))
        return CTAP_INVALID_PARAMETER;
    log_note(&key->log, "protocol", json_integer(request.protocol));
    switch (request.subcommand) {
    case KEY_AGREEMENT:
        return put_agreement(key, &request, reply);
    case SET_PIN:
        return set_pin(key, &request);
    case CHANGE_PIN:
        return change_pin(key, &request);
    case PIN_TOKEN: /* of CTAP 2.0, for any RP ID */
        return token_for_pin(key, &request, legacy_permissions(key), reply);
    }
    if (!key->script.ctap21)
        return CTAP_INVALID_SUBCOMMAND;
    switch (request.subcommand) {
    case PIN_TOKEN_WITH_PERMISSIONS:
        TRY(check_permissions(key, &request));
        return token_for_pin(key, &request, (unsigned)request.permissions, reply);
    case UV_TOKEN:
        TRY(check_permissions(key, &request));
        return token_for_uv(key, &request, reply);
    }
    return CTAP_INVALID_SUBCOMMAND;
}
