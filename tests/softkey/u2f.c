#include "u2f.h"

#include <string.h>

#include "attest.h"
#include "key.h"

enum instruction {
    REGISTER = 0x01,
    AUTHENTICATE = 0x02,
    VERSION = 0x03,
};

enum control {
    ENFORCE_TOUCH = 0x03,
    CHECK_ONLY = 0x07,
    WITHOUT_TOUCH = 0x08,
};

enum {
    SW_OK = 0x9000,
    SW_CONDITIONS_NOT_SATISFIED = 0x6985,
    SW_WRONG_DATA = 0x6a80,
    SW_WRONG_LENGTH = 0x6700,
    SW_INS_NOT_SUPPORTED = 0x6d00,
    SW_CLA_NOT_SUPPORTED = 0x6e00,
    KEY_HANDLE_MAX = 255,
    FORGOTTEN_MS = 3000, /* a touch that nobody asks for again */
};

struct apdu {
    uint8_t instruction;
    uint8_t control; /* P1 */
    const uint8_t *data;
    size_t size;
};

/* ISO 7816-4, with an extended length, or without data. */
static unsigned read_apdu(struct slice raw, struct apdu *ret)
{
    if (raw.size < 4)
        return SW_WRONG_LENGTH;
    if (raw.data[0] != 0)
        return SW_CLA_NOT_SUPPORTED;
    *ret = (struct apdu){.instruction = raw.data[1], .control = raw.data[2]};
    if (raw.size < 7)
        return SW_OK;
    ret->size = (size_t)raw.data[5] << 8 | raw.data[6];
    ret->data = raw.data + 7;
    if (raw.data[4] != 0 || ret->size > raw.size - 7)
        return raw.size == 7 ? SW_OK : SW_WRONG_LENGTH; /* 7 bytes: what is there is Le */
    return SW_OK;
}

/* The script's touch, told by asking again and again. */
static bool touched(struct key *key)
{
    const struct script *script = &key->script;
    int64_t now = now_ms();

    if (key->u2f.asked_ms == 0 || now - key->u2f.again_ms > FORGOTTEN_MS)
        key->u2f.asked_ms = now;
    key->u2f.again_ms = now;
    bool due = script->touch_ms != TOUCH_NEVER && now - key->u2f.asked_ms >= script->touch_ms;
    key->user.waited_for = !due && !key->user.pressed;
    log_note(&key->log, "touched", json_boolean(!key->user.waited_for));
    if (key->user.waited_for)
        return false;
    key->user.pressed = false;
    key->u2f.asked_ms = 0;
    return true;
}

/* --- registration (Raw Message Formats, section 4) --- */

static void put_signature(struct key *key, EVP_PKEY *with, const struct message *data,
                          struct message *reply)
{
    uint8_t signature[SIGNATURE_MAX];
    size_t size =
        attest_sign(key, with, ALG_ES256, (struct slice){data->data, data->size}, signature);

    put_raw(reply, signature, size);
}

static struct credential new_credential(const struct key *key, const uint8_t *rp_id_hash)
{
    size_t size = (size_t)key->script.credential_id_size;
    struct credential made = {
        .id_size = size < KEY_HANDLE_MAX ? size : KEY_HANDLE_MAX,
        .key = key_new(ALG_ES256),
        .algorithm = ALG_ES256,
        .protection = PROTECT_UV_OPTIONAL,
    };

    random_bytes(made.id, made.id_size);
    memcpy(made.rp_id_hash, rp_id_hash, HASH_SIZE);
    return made;
}

static unsigned enroll(struct key *key, const struct apdu *apdu, struct message *reply)
{
    const uint8_t *challenge = apdu->data;
    struct message data = {.size = 0};
    uint8_t point[POINT_SIZE];

    if (apdu->size != (size_t)2 * HASH_SIZE)
        return SW_WRONG_LENGTH;
    if (!touched(key))
        return SW_CONDITIONS_NOT_SATISFIED;
    const uint8_t *rp_id_hash = apdu->data + HASH_SIZE;
    const struct attestation *attestation = attest_batch(key);
    struct credential made = new_credential(key, rp_id_hash);
    key_point(made.key, point);
    store_add(&key->store, &made);
    store_save(&key->store);

    put_byte(&data, 0);
    put_raw(&data, rp_id_hash, HASH_SIZE);
    put_raw(&data, challenge, HASH_SIZE);
    put_raw(&data, made.id, made.id_size);
    put_raw(&data, point, sizeof(point));

    put_byte(reply, 0x05);
    put_raw(reply, point, sizeof(point));
    put_byte(reply, (uint8_t)made.id_size);
    put_raw(reply, made.id, made.id_size);
    put_raw(reply, attestation->certificate, attestation->certificate_size);
    put_signature(key, attestation->key, &data, reply);
    return SW_OK;
}

/* --- authentication (section 5) --- */

/* NULL for a key handle that is not ours, or not this application's. */
static const struct credential *find(struct key *key, const struct apdu *apdu)
{
    const size_t fixed = (size_t)2 * HASH_SIZE + 1;

    if (apdu->size < fixed || apdu->size - fixed != apdu->data[fixed - 1])
        return NULL;
    struct slice id = {apdu->data + fixed, apdu->size - fixed};
    const struct credential *found = store_find(&key->store, apdu->data + HASH_SIZE, id);
    bool usable =
        found != NULL && found->algorithm == ALG_ES256 && found->protection != PROTECT_UV_REQUIRED;
    return usable ? found : NULL;
}

static unsigned authenticate(struct key *key, const struct apdu *apdu, struct message *reply)
{
    const struct credential *found = find(key, apdu);
    struct message data = {.size = 0};

    log_note(&key->log, "check_only", json_boolean(apdu->control == CHECK_ONLY));
    if (found == NULL)
        return SW_WRONG_DATA;
    if (apdu->control == CHECK_ONLY) /* found: "touch me", in the words of the standard */
        return SW_CONDITIONS_NOT_SATISFIED;
    bool present = apdu->control != WITHOUT_TOUCH;
    if (present && !touched(key))
        return SW_CONDITIONS_NOT_SATISFIED;
    key->store.counter++;
    store_save(&key->store);

    struct authenticator_data fields = {
        .rp_id_hash = apdu->data + HASH_SIZE,
        .flags = present ? FLAG_UP : 0,
        .counter = key->store.counter,
    };
    put_authenticator_data(&data, &fields, key->fault.kind, NULL);
    put_raw(reply, data.data + HASH_SIZE, data.size - HASH_SIZE);
    put_raw(&data, apdu->data, HASH_SIZE);
    put_signature(key, found->key, &data, reply);
    return SW_OK;
}

/* --- the message --- */

static const char *name_of(uint8_t instruction)
{
    switch (instruction) {
    case REGISTER:
        return "u2fRegister";
    case AUTHENTICATE:
        return "u2fAuthenticate";
    case VERSION:
        return "u2fVersion";
    default:
        return "u2fUnknown";
    }
}

/* With alwaysUv there is no U2F (section 7.2.4). */
static unsigned run(struct key *key, const struct apdu *apdu, struct message *reply)
{
    if (apdu->instruction == VERSION) {
        put_raw(reply, "U2F_V2", 6);
        return SW_OK;
    }
    if (key->store.always_uv && apdu->instruction <= AUTHENTICATE)
        return SW_CONDITIONS_NOT_SATISFIED;
    if (apdu->instruction == REGISTER)
        return enroll(key, apdu, reply);
    if (apdu->instruction == AUTHENTICATE)
        return authenticate(key, apdu, reply);
    return SW_INS_NOT_SUPPORTED;
}

void u2f_message(struct key *key, struct slice raw)
{
    struct message reply = {.size = 0};
    struct apdu apdu = {.instruction = 0};
    unsigned status = read_apdu(raw, &apdu);
    char outcome[8];

    store_load(&key->store);
    log_begin(&key->log, name_of(apdu.instruction));
    key->fault = script_fault(&key->script, name_of(apdu.instruction));
    if (key->fault.kind == FAULT_STATUS)
        status = (unsigned)key->fault.code;
    if (status == SW_OK && key->fault.kind != FAULT_PULL)
        status = run(key, &apdu, &reply);
    if (key->fault.kind == FAULT_GARBAGE)
        put_raw(&reply, "garbage", 7);
    put_u16(&reply, status);
    snprintf(outcome, sizeof(outcome), "%04X", status & 0xffff);
    log_end(&key->log, key->fault.kind == FAULT_PULL ? "PULLED" : outcome);
    if (key->fault.kind == FAULT_PULL)
        server_unplug(key);
    else if (key->fault.kind == FAULT_HID_ERROR)
        hid_reply_error(key, (enum hid_error)key->fault.code);
    else if (key->fault.kind != FAULT_SILENCE)
        hid_reply(key, HID_MSG, reply.data, reply.size);
    key->fault = (struct fault){.kind = FAULT_NONE};
}
