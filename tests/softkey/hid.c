#include "hid.h"

#include <string.h>

#include "key.h"

enum {
    BROADCAST = 0xffffffff,
    INIT_BIT = 0x80, /* marks a message's first packet */
    INIT_HEADER = 7,
    CONT_HEADER = 5,
    INIT_DATA = REPORT_SIZE - INIT_HEADER,
    CONT_DATA = REPORT_SIZE - CONT_HEADER,
    NONCE_SIZE = 8,
    HID_VERSION = 2,
    MESSAGE_TIMEOUT_MS = 500,
};

void hid_init(struct hid *hid)
{
    hid->aborted = hid->state == HID_PROCESSING; /* it was replugged in the middle of a command */
    hid->channels = 0;
    hid->state = HID_IDLE;
    hid->cancelled = false;
}

/* --- sending --- */

static void set_u32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint32_t get_u32(const uint8_t *from)
{
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

/* The scripted faults that are seen in frames. */
static void send_report(struct key *key, unsigned link, uint8_t report[REPORT_SIZE],
                        enum fault_kind fault)
{
    size_t size = REPORT_SIZE;

    if (fault == FAULT_SHORT_FRAME)
        size = REPORT_SIZE / 2;
    else if (fault == FAULT_WRONG_CHANNEL)
        report[0] ^= 0x40;
    else if (fault == FAULT_WRONG_SEQUENCE && (report[4] & INIT_BIT) == 0)
        report[4] ^= 0x40;
    server_send(key, link, report, size);
}

/* Section 11.2.4: an initialization packet, then continuation packets. */
static void send_message(struct key *key, unsigned link, uint32_t channel, enum hid_command command,
                         const uint8_t *data, size_t size, enum fault_kind fault)
{
    uint8_t report[REPORT_SIZE] = {0};
    size_t sent = size < INIT_DATA ? size : INIT_DATA;
    uint8_t sequence = 0;

    set_u32(report, channel);
    report[4] = (uint8_t)(command | INIT_BIT);
    report[5] = (uint8_t)(size >> 8);
    report[6] = (uint8_t)size;
    if (sent > 0)
        memcpy(report + INIT_HEADER, data, sent);
    send_report(key, link, report, fault);
    while (sent < size && fault != FAULT_TRUNCATED) {
        size_t chunk = size - sent < CONT_DATA ? size - sent : CONT_DATA;
        memset(report, 0, sizeof(report));
        set_u32(report, channel);
        report[4] = sequence++;
        memcpy(report + CONT_HEADER, data + sent, chunk);
        send_report(key, link, report, fault);
        sent += chunk;
    }
}

static void send_error(struct key *key, unsigned link, uint32_t channel, enum hid_error error)
{
    uint8_t code = (uint8_t)error;

    send_message(key, link, channel, HID_ERROR, &code, 1, FAULT_NONE);
}

void hid_reply(struct key *key, enum hid_command command, const void *data, size_t size)
{
    enum fault_kind fault = command == HID_KEEPALIVE ? FAULT_NONE : key->fault.kind;

    send_message(key, key->hid.link, key->hid.channel, command, data, size, fault);
}

void hid_reply_error(struct key *key, enum hid_error error)
{
    send_error(key, key->hid.link, key->hid.channel, error);
}

/* --- receiving --- */

/* Section 11.2.9.1.3. On a channel that is in use, it makes the key forget what it was doing. */
static void receive_init(struct key *key, unsigned link, uint32_t channel, const uint8_t *report)
{
    struct hid *hid = &key->hid;
    uint8_t answer[17];
    size_t size = (size_t)report[5] << 8 | report[6];

    if (size != NONCE_SIZE) {
        send_error(key, link, channel, HID_INVALID_LEN);
        return;
    }
    log_event(&key->log, "INIT");
    if (hid->state != HID_IDLE && hid->channel == channel) {
        hid->aborted = true;
        if (hid->state == HID_RECEIVING)
            hid->state = HID_IDLE;
    }
    memcpy(answer, report + INIT_HEADER, NONCE_SIZE);
    set_u32(answer + NONCE_SIZE, channel == BROADCAST ? ++hid->channels : channel);
    answer[12] = HID_VERSION;
    answer[13] = (uint8_t)(key->script.firmware >> 16);
    answer[14] = (uint8_t)(key->script.firmware >> 8);
    answer[15] = (uint8_t)key->script.firmware;
    answer[16] = ctap_capabilities(key);
    send_message(key, link, channel, HID_INIT, answer, sizeof(answer), FAULT_NONE);
}

static void process(struct key *key)
{
    struct hid *hid = &key->hid;

    hid->state = HID_PROCESSING;
    hid->cancelled = false;
    hid->aborted = false;
    ctap_message(key, hid->command, (struct slice){hid->payload, hid->announced});
    hid->state = HID_IDLE;
}

static void take_payload(struct key *key, const uint8_t *data, size_t size_max)
{
    struct hid *hid = &key->hid;
    size_t rest = hid->announced - hid->received;
    size_t size = rest < size_max ? rest : size_max;

    memcpy(hid->payload + hid->received, data, size);
    hid->received += size;
    hid->deadline_ms = now_ms() + MESSAGE_TIMEOUT_MS;
    if (hid->received == hid->announced)
        process(key);
}

static void receive_cancel(struct key *key, uint32_t channel)
{
    log_event(&key->log, "CANCEL");
    if (key->hid.state == HID_PROCESSING && key->hid.channel == channel)
        key->hid.cancelled = true;
}

static void receive_first(struct key *key, unsigned link, uint32_t channel, const uint8_t *report)
{
    struct hid *hid = &key->hid;
    uint8_t command = (uint8_t)(report[4] & ~INIT_BIT);
    size_t size = (size_t)report[5] << 8 | report[6];

    if (channel == 0 || (channel == BROADCAST && command != HID_INIT) ||
        (channel != BROADCAST && channel > hid->channels)) {
        send_error(key, link, channel, HID_INVALID_CHANNEL);
    } else if (command == HID_INIT) {
        receive_init(key, link, channel, report);
    } else if (command == HID_CANCEL) {
        receive_cancel(key, channel);
    } else if (hid->state == HID_RECEIVING && hid->channel == channel) {
        hid->state = HID_IDLE;
        send_error(key, link, channel, HID_INVALID_SEQ);
    } else if (hid->state != HID_IDLE) {
        log_event(&key->log, "BUSY");
        send_error(key, link, channel, HID_CHANNEL_BUSY);
    } else if (size > sizeof(hid->payload)) {
        send_error(key, link, channel, HID_INVALID_LEN);
    } else {
        hid->state = HID_RECEIVING;
        hid->link = link;
        hid->channel = channel;
        hid->command = command;
        hid->sequence = 0;
        hid->announced = size;
        hid->received = 0;
        take_payload(key, report + INIT_HEADER, INIT_DATA);
    }
}

/* One that belongs to no message is ignored (section 11.2.5.4). */
static void receive_next(struct key *key, uint32_t channel, const uint8_t *report)
{
    struct hid *hid = &key->hid;

    if (hid->state != HID_RECEIVING || hid->channel != channel)
        return;
    if (report[4] != hid->sequence) {
        hid->state = HID_IDLE;
        hid_reply_error(key, HID_INVALID_SEQ);
        return;
    }
    hid->sequence++;
    take_payload(key, report + CONT_HEADER, CONT_DATA);
}

void hid_receive(struct key *key, unsigned link, const uint8_t report[REPORT_SIZE])
{
    uint32_t channel = get_u32(report);

    if (report[4] & INIT_BIT)
        receive_first(key, link, channel, report);
    else
        receive_next(key, channel, report);
}

void hid_expire(struct key *key)
{
    struct hid *hid = &key->hid;

    if (hid->state != HID_RECEIVING || now_ms() < hid->deadline_ms)
        return;
    hid->state = HID_IDLE;
    hid_reply_error(key, HID_MSG_TIMEOUT);
}
