#include "ctap.h"

#include <time.h>

#include "config.h"
#include "info.h"
#include "key.h"
#include "make.h"
#include "must.h"

int64_t now_ms(void)
{
    struct timespec now;

    MUST(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void ctap_power_on(struct key *key)
{
    key->powered_ms = now_ms();
    key->user = (struct user){0};
    key->assertions = (struct assertions){0};
    key->listing = (struct listing){0};
    key->u2f = (struct u2f){0};
    hid_init(&key->hid);
    pin_init(&key->pin);
}

uint8_t ctap_capabilities(const struct key *key)
{
    uint8_t capabilities = HID_CAN_WINK;

    if (!key->script.u2f_only)
        capabilities |= HID_CAN_CBOR;
    if (!key->script.u2f && !key->script.u2f_only)
        capabilities |= HID_NO_MSG;
    return capabilities;
}

/* Section 6.9: lets a person pick one of several keys. */
static enum ctap_status select_by_touch(struct key *key, const cbor_item_t *request,
                                        struct message *reply)
{
    (void)request;
    (void)reply;
    return key->script.ctap21 ? user_touch(key) : CTAP_INVALID_COMMAND;
}

/* Section 6.6: only soon after power-on, so that the person means it. */
static enum ctap_status reset(struct key *key, const cbor_item_t *request, struct message *reply)
{
    int64_t window_ms = key->script.reset_window_ms;

    (void)request;
    (void)reply;
    if (window_ms != 0 && now_ms() - key->powered_ms > window_ms)
        return CTAP_NOT_ALLOWED;
    TRY(user_touch(key));
    store_reset(&key->store);
    store_save(&key->store);
    pin_init(&key->pin);
    return CTAP_OK;
}

static const struct command {
    uint8_t code;
    const char *name;
    enum ctap_status (*run)(struct key *key, const cbor_item_t *request, struct message *reply);
} commands[] = {
    {0x01, "makeCredential", make_credential},
    {0x02, "getAssertion", get_assertion},
    {0x04, "getInfo", get_info},
    {0x06, "clientPIN", pin_command},
    {0x07, "reset", reset},
    {0x08, "getNextAssertion", get_next_assertion},
    {0x0a, "credentialManagement", manage_credentials},
    {0x0b, "selection", select_by_touch},
    {0x0d, "config", configure},
    {0x41, "credentialManagement", manage_credentials}, /* its preview in CTAP 2.0 keys */
};

static const struct command *find_command(uint8_t code)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (commands[i].code == code)
            return &commands[i];
    }
    return NULL;
}

static enum ctap_status run(struct key *key, const struct command *command, struct slice payload,
                            struct message *reply)
{
    cbor_item_t *request = payload.size == 0 ? NULL : parse_map(payload);

    if (request == NULL && payload.size > 0)
        return CTAP_INVALID_CBOR;
    enum ctap_status status = user_kept_waiting(key, key->script.processing_ms);
    if (status == CTAP_OK)
        status = command->run(key, request, reply);
    if (request != NULL)
        cbor_decref(&request);
    return status;
}

/* What getNextAssertion and the enumerations go on with ends with any other command. */
static void forget_sequences(struct key *key, uint8_t code)
{
    if (code != 0x08)
        key->assertions.next = key->assertions.count;
    if (code != 0x0a && code != 0x41)
        key->listing.left = 0;
}

/* The faults that replace an answer; false when there is to be none at all. */
static bool spoil(const struct fault *fault, enum ctap_status *status, struct message *reply)
{
    switch (fault->kind) {
    case FAULT_STATUS:
        *status = (enum ctap_status)(fault->code & 0xff);
        reply->size = 0;
        return true;
    case FAULT_GARBAGE: /* a success whose map has a text string of 2^64 - 1 bytes */
        *status = CTAP_OK;
        reply->size = 0;
        put_raw(reply, "\xa1\x01\x7b\xff\xff\xff\xff\xff\xff\xff\xff garbage", 19);
        return true;
    case FAULT_SILENCE:
    case FAULT_PULL:
    case FAULT_HID_ERROR:
        return false;
    default:
        return true;
    }
}

static void answer(struct key *key, enum ctap_status status, const struct message *reply)
{
    struct message framed = {.size = 0};

    put_byte(&framed, (uint8_t)status);
    if (status == CTAP_OK)
        put_raw(&framed, reply->data, reply->size);
    hid_reply(key, HID_CBOR, framed.data, framed.size);
}

static void cbor_message(struct key *key, struct slice payload)
{
    const struct command *command = payload.size == 0 ? NULL : find_command(payload.data[0]);
    enum ctap_status status = CTAP_INVALID_COMMAND;
    struct message reply = {.size = 0};

    store_load(&key->store);
    log_begin(&key->log, command == NULL ? "unknown" : command->name);
    if (command != NULL) {
        key->fault = script_fault(&key->script, command->name);
        forget_sequences(key, command->code);
        if (key->fault.kind != FAULT_PULL)
            status = run(key, command, (struct slice){payload.data + 1, payload.size - 1}, &reply);
    }
    bool answered = spoil(&key->fault, &status, &reply) && status != CTAP_NO_ANSWER;
    if (key->fault.kind != FAULT_NONE)
        log_note(&key->log, "fault", json_string(fault_name(key->fault.kind)));
    if (key->hid.cancelled)
        log_note(&key->log, "cancelled", json_true());
    log_end(&key->log, key->fault.kind == FAULT_PULL ? "PULLED" : status_name(status));
    if (answered)
        answer(key, status, &reply);
    else if (key->fault.kind == FAULT_HID_ERROR)
        hid_reply_error(key, (enum hid_error)key->fault.code);
    else if (key->fault.kind == FAULT_PULL)
        server_unplug(key);
    key->fault = (struct fault){.kind = FAULT_NONE};
}

void ctap_message(struct key *key, uint8_t command, struct slice payload)
{
    switch (command) {
    case HID_PING:
        log_event(&key->log, "PING");
        hid_reply(key, HID_PING, payload.data, payload.size);
        return;
    case HID_WINK:
        log_event(&key->log, "WINK");
        hid_reply(key, HID_WINK, NULL, 0);
        return;
    case HID_CBOR:
        if (!key->script.u2f_only) {
            cbor_message(key, payload);
            return;
        }
        break;
    case HID_MSG:
        if (key->script.u2f || key->script.u2f_only) {
            u2f_message(key, payload);
            return;
        }
        break;
    }
    hid_reply_error(key, HID_INVALID_CMD);
}
