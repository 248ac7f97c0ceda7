/*
 * CTAPHID (CTAP 2.1 section 11.2): messages in reports of 64 bytes, on channels.
 *
 * A link is a way in to the key, such as a socket's connection; a channel is what a program got by
 * CTAPHID_INIT. There is one message at a time.
 */
#ifndef SOFTKEY_HID_H
#define SOFTKEY_HID_H

#include <stdbool.h>
#include <stdint.h>

#include "message.h"
#include "script.h"

enum {
    REPORT_SIZE = 64,
};

enum hid_command {
    HID_PING = 0x01,
    HID_MSG = 0x03,
    HID_INIT = 0x06,
    HID_WINK = 0x08,
    HID_CBOR = 0x10,
    HID_CANCEL = 0x11,
    HID_KEEPALIVE = 0x3b,
    HID_ERROR = 0x3f,
};

enum hid_error {
    HID_INVALID_CMD = 0x01,
    HID_INVALID_LEN = 0x03,
    HID_INVALID_SEQ = 0x04,
    HID_MSG_TIMEOUT = 0x05,
    HID_CHANNEL_BUSY = 0x06,
    HID_INVALID_CHANNEL = 0x0b,
};

enum hid_capability {
    HID_CAN_WINK = 0x01,
    HID_CAN_CBOR = 0x04,
    HID_NO_MSG = 0x08,
};

enum hid_keepalive {
    HID_WORKING = 1,
    HID_TOUCH_NEEDED = 2,
};

struct key;

struct hid {
    uint32_t channels; /* so many were given out: they are 1, 2, 3... */
    enum { HID_IDLE, HID_RECEIVING, HID_PROCESSING } state;

    /* the message that is received or worked on */
    unsigned link;
    uint32_t channel;
    uint8_t command;
    uint8_t sequence; /* of the next packet */
    size_t announced, received;
    int64_t deadline_ms;
    uint8_t payload[MESSAGE_MAX];

    bool cancelled; /* by CTAPHID_CANCEL */
    bool aborted;   /* by an INIT on the same channel, or by pulling the key */
};

/* As after power-on. */
void hid_init(struct hid *hid);

/* One report from the other side; a whole message goes to ctap_message(). */
void hid_receive(struct key *key, unsigned link, const uint8_t report[REPORT_SIZE]);

/* Gives up a message whose rest does not come. */
void hid_expire(struct key *key);

/* To whoever sent the message that is worked on. */
void hid_reply(struct key *key, enum hid_command command, const void *data, size_t size);
void hid_reply_error(struct key *key, enum hid_error error);

#endif
