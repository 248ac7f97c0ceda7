#include "config.h"

#include <string.h>

#include "key.h"
#include "must.h"

enum {
    COMMAND = 0x0d,
    TOGGLE_ALWAYS_UV = 0x02,
    SET_MIN_PIN_LENGTH = 0x03,
    PADDING = 32,
    PIN_LENGTH_MAX = 63,
};

/* The token signs 32 bytes 0xff, the command, the subcommand, and its parameters. */
static enum ctap_status authorize(struct key *key, const cbor_item_t *request, int64_t subcommand,
                                  const cbor_item_t *params)
{
    uint8_t padding[PADDING];
    struct message message = {.size = 0};
    struct slice param = {NULL, 0};
    unsigned char *encoded = NULL;
    size_t allocated;
    int64_t protocol = 0;

    TRY(take_int(request, 0x03, OPTIONAL, &protocol));
    TRY(take_bytes(request, 0x04, OPTIONAL, &param));
    if (!user_protected(key) && !key->store.always_uv)
        return CTAP_OK;
    if (param.data == NULL)
        return CTAP_PUAT_REQUIRED;
    if (protocol == 0)
        return CTAP_MISSING_PARAMETER;
    memset(padding, 0xff, sizeof(padding));
    put_raw(&message, padding, sizeof(padding));
    put_byte(&message, COMMAND);
    put_byte(&message, (uint8_t)subcommand);
    if (params != NULL) {
        size_t size = cbor_serialize_alloc(params, &encoded, &allocated);
        MUST(size > 0);
        put_raw(&message, encoded, size);
        free(encoded);
    }
    TRY(pin_verify(key, protocol, param, (struct slice){message.data, message.size}));
    return pin_permits(key, PERMIT_CONFIG, NULL) ? CTAP_OK : CTAP_PIN_AUTH_INVALID;
}

/* Section 6.11.4. A PIN that is too short now has to be changed. */
static enum ctap_status set_min_pin_length(struct key *key, const cbor_item_t *params)
{
    struct store *store = &key->store;
    int64_t length = (int64_t)store->pin_length_min;
    const cbor_item_t *force = find_int(params, 0x03);

    TRY(take_int(params, 0x01, OPTIONAL, &length));
    if (force != NULL && !cbor_is_bool(force))
        return CTAP_CBOR_UNEXPECTED_TYPE;
    bool forced = force != NULL && cbor_get_bool(force);
    if (length < (int64_t)store->pin_length_min || length > PIN_LENGTH_MAX)
        return CTAP_PIN_POLICY_VIOLATION;
    if (forced && !store->pin_set)
        return CTAP_PIN_NOT_SET;
    log_note(&key->log, "forced", json_boolean(forced));
    store->pin_length_min = (size_t)length;
    if (forced || (store->pin_set && store->pin_length < store->pin_length_min))
        store->pin_change_forced = true;
    store_save(store);
    return CTAP_OK;
}

enum ctap_status configure(struct key *key, const cbor_item_t *request, struct message *reply)
{
    const cbor_item_t *params = NULL;
    int64_t subcommand = 0;

    (void)reply;
    if (!key->script.ctap21)
        return CTAP_INVALID_COMMAND;
    TRY(take_int(request, 0x01, REQUIRED, &subcommand));
    TRY(take_map(request, 0x02, OPTIONAL, &params));
    log_note(&key->log, "subcommand", json_integer(subcommand));
    if (subcommand != TOGGLE_ALWAYS_UV && subcommand != SET_MIN_PIN_LENGTH)
        return CTAP_INVALID_PARAMETER;
    TRY(authorize(key, request, subcommand, params));
    if (subcommand == SET_MIN_PIN_LENGTH)
        return set_min_pin_length(key, params);
    key->store.always_uv = !key->store.always_uv;
    store_save(&key->store);
    return CTAP_OK;
}
