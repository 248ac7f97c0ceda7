/*
 * Which keys are plugged in, whether they can be used, and what they say about themselves. Nobody
 * has to touch one for that.
 */
#ifndef COWKEY_KEY_INFO_H
#define COWKEY_KEY_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cowkey/base/error.h"
#include "cowkey/key/key.h"
#include "cowkey/webauthn/authenticator_data.h"

enum {
    CK_KEY_PATH_MAX = 128, /* bytes of these texts, with NUL; longer ones are cut */
    CK_KEY_TEXT_MAX = 128,
    CK_KEY_WORD_MAX = 48,
    CK_KEY_WORDS_MAX = 32, /* entries of each list; further ones are left out */
};

enum ck_pin_state {
    CK_PIN_UNSUPPORTED, /* the key has no PINs: a U2F key, or one that only takes fingers */
    CK_PIN_NOT_SET,
    CK_PIN_SET,
    CK_PIN_CHANGE_REQUIRED, /* it has to be changed before the key does anything that needs it */
    CK_PIN_BLOCKED,         /* no try is left: only a reset helps */
};

/* "not set"; borrowed. */
const char *ck_pin_state_name(enum ck_pin_state state);

struct ck_key_word {
    char text[CK_KEY_WORD_MAX];
};

/* A list of words that a key gives, each with a number where it gives one. */
struct ck_key_words {
    struct ck_key_word names[CK_KEY_WORDS_MAX];
    uint64_t values[CK_KEY_WORDS_MAX];
    size_t count;
};

/*
 * authenticatorGetInfo (CTAP 2.1 section 6.4). A U2F key has none: then fido2 is false, and only
 * u2f, device_version, pin and versions say something. Numbers that a key does not give are -1.
 */
struct ck_key_info {
    bool fido2;
    bool u2f;                /* speaks U2F (CTAP 1) too */
    char device_version[16]; /* "5.4.3", from CTAPHID_INIT; "" where it is 0.0.0 */
    int64_t firmware;        /* firmwareVersion, in the maker's own encoding */
    uint8_t aaguid[CK_AAGUID_SIZE];
    enum ck_pin_state pin;
    int pin_tries;            /* left, -1 when the key does not tell */
    bool pin_replug;          /* takes no PIN before it was unplugged */
    int uv_tries;             /* the same of the finger */
    int64_t pin_length_min;   /* Unicode code points; CK_PIN_MIN where the key does not tell */
    bool built_in_uv;         /* a finger is enrolled */
    bool manages_credentials; /* lists and removes the passkeys on it */
    bool sets_pin_length_min; /* takes a longest minimum, and forces the change of a PIN */
    struct ck_key_words versions;
    struct ck_key_words extensions;
    struct ck_key_words options; /* values: 0 or 1 */
    struct ck_key_words transports;
    struct ck_key_words certifications;   /* values: levels */
    int64_t algorithms[CK_KEY_WORDS_MAX]; /* COSE identifiers (RFC 9053) */
    size_t algorithms_count;
    int64_t pin_protocols[CK_KEY_WORDS_MAX];
    size_t pin_protocols_count;
    int64_t message_size_max;       /* bytes */
    int64_t credential_count_max;   /* in an allow or exclude list */
    int64_t credential_id_size_max; /* bytes */
    int64_t blob_size_max;          /* bytes of a credBlob */
    int64_t large_blob_size_max;    /* bytes of the large-blob array */
    int64_t rp_ids_for_pin_length;  /* RP IDs that may learn the minimum PIN length */
    int64_t passkey_room;           /* passkeys that still fit; -1: the key does not tell */
    uint64_t uv_modality;           /* user verification methods (FIDO Registry section 3.1) */
};

/* A key that is plugged in, whether it can be used or not. */
struct ck_plugged_key {
    char path[CK_KEY_PATH_MAX];
    char maker[CK_KEY_TEXT_MAX]; /* these are "" where the system does not tell; foreign text */
    char product[CK_KEY_TEXT_MAX];
    char serial[CK_KEY_TEXT_MAX];
    /* CK_OK; else why it can't be used (no permission for the node, in use, dumb), and the cure. */
    struct ck_error problem;
    struct ck_key_info info; /* only without a problem */
};

/*
 * All keys, in the order of their paths; none is no error. settings->device restricts it to one.
 * *ret_keys is a new array of *ret_count entries: free it. CK_ERR_INTERRUPTED when *cancel becomes
 * nonzero meanwhile.
 */
enum ck_err ck_key_find_all(const struct ck_key_settings *settings,
                            struct ck_plugged_key **ret_keys, size_t *ret_count,
                            struct ck_error *err);

/* For whom none is an error: CK_ERR_KEY, in the words of ck_key_open. */
enum ck_err ck_key_none_found(const char *device, struct ck_error *err);

/* What an open key says, and which one it is. */
enum ck_err ck_key_describe(struct ck_key *key, struct ck_plugged_key *ret_description,
                            struct ck_error *err);

#endif
