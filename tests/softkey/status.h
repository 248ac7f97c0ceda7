/* What a key answers: the first byte of each CBOR response (CTAP 2.1 section 8.2). */
#ifndef SOFTKEY_STATUS_H
#define SOFTKEY_STATUS_H

enum ctap_status {
    CTAP_OK = 0x00,
    CTAP_INVALID_COMMAND = 0x01,
    CTAP_INVALID_PARAMETER = 0x02,
    CTAP_INVALID_LENGTH = 0x03,
    CTAP_CBOR_UNEXPECTED_TYPE = 0x11,
    CTAP_INVALID_CBOR = 0x12,
    CTAP_MISSING_PARAMETER = 0x14,
    CTAP_LIMIT_EXCEEDED = 0x15,
    CTAP_CREDENTIAL_EXCLUDED = 0x19,
    CTAP_UNSUPPORTED_ALGORITHM = 0x26,
    CTAP_OPERATION_DENIED = 0x27,
    CTAP_KEY_STORE_FULL = 0x28,
    CTAP_UNSUPPORTED_OPTION = 0x2b,
    CTAP_INVALID_OPTION = 0x2c,
    CTAP_KEEPALIVE_CANCEL = 0x2d,
    CTAP_NO_CREDENTIALS = 0x2e,
    CTAP_USER_ACTION_TIMEOUT = 0x2f,
    CTAP_NOT_ALLOWED = 0x30,
    CTAP_PIN_INVALID = 0x31,
    CTAP_PIN_BLOCKED = 0x32,
    CTAP_PIN_AUTH_INVALID = 0x33,
    CTAP_PIN_AUTH_BLOCKED = 0x34,
    CTAP_PIN_NOT_SET = 0x35,
    CTAP_PUAT_REQUIRED = 0x36,
    CTAP_PIN_POLICY_VIOLATION = 0x37,
    CTAP_UV_BLOCKED = 0x3c,
    CTAP_INVALID_SUBCOMMAND = 0x3e,
    CTAP_UV_INVALID = 0x3f,
    CTAP_UNAUTHORIZED_PERMISSION = 0x40,
    CTAP_OTHER = 0x7f,
    CTAP_NO_ANSWER =
        0x100, /* not on the wire: whoever asked has gone, or asked for something else */
};

/* Returns what went wrong to the caller. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        enum ctap_status status_ = (call);                                                         \
        if (status_ != CTAP_OK)                                                                    \
            return status_;                                                                        \
    } while (0)

/* "PIN_INVALID"; borrowed. */
const char *status_name(enum ctap_status status);

#endif
