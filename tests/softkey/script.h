/*
 * How the key behaves: settings and faults, given at the start or while it is in use.
 *
 * A script is a JSON object; softkey.c lists what it may hold.
 */
#ifndef SOFTKEY_SCRIPT_H
#define SOFTKEY_SCRIPT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "store.h"

enum {
    ALGORITHMS_MAX = 3,
    PROTOCOLS_MAX = 2,
    FAULTS_MAX = 16,
    TOUCH_NEVER = -1,
};

enum built_in_uv {
    UV_NONE,  /* no sensor */
    UV_UNSET, /* a sensor without fingerprints */
    UV_SET,
};

enum uv_result {
    UV_OK,
    UV_FAIL,
    UV_TIMEOUT,
};

enum attestation_kind {
    ATTEST_BATCH, /* packed, with x5c */
    ATTEST_SELF,  /* packed, signed with the credential's own key */
    ATTEST_NONE,
};

enum fault_kind {
    FAULT_NONE,
    /* in the frames of a response */
    FAULT_SHORT_FRAME,
    FAULT_WRONG_SEQUENCE,
    FAULT_WRONG_CHANNEL,
    FAULT_TRUNCATED, /* announces more bytes than it sends */
    /* instead of a response */
    FAULT_GARBAGE,
    FAULT_SILENCE,
    FAULT_PULL,
    FAULT_STATUS,
    FAULT_HID_ERROR,
    /* inside of a response */
    FAULT_WRONG_SIGNATURE,
    FAULT_WRONG_RP_ID_HASH,
    FAULT_WRONG_CREDENTIAL,
    FAULT_WRONG_ALGORITHM,
    FAULT_NO_UP,
    FAULT_NO_UV,
};

struct fault {
    char at[32]; /* the command's name as in the log, or "" for any */
    enum fault_kind kind;
    int64_t code;  /* of FAULT_STATUS and FAULT_HID_ERROR */
    int64_t skip;  /* so many are let through first */
    int64_t times; /* then so many fail; -1: all */
};

struct script {
    int64_t touch_ms; /* TOUCH_NEVER, 0: at once */
    int64_t touch_timeout_ms;
    int64_t keepalives;   /* at least so many before a touch counts */
    int64_t keepalive_ms; /* between two of them */
    int64_t processing_ms;
    int uv;        /* enum built_in_uv */
    int uv_result; /* enum uv_result */
    bool client_pin;
    bool ctap21;
    bool u2f;
    bool u2f_only;
    bool resident_keys;
    bool credential_management;
    bool cred_protect;
    bool make_cred_uv_not_required;
    int forced_change_status; /* 0: PIN_POLICY_VIOLATION, 1: PIN_INVALID; real keys do either */
    int64_t capacity;         /* resident keys */
    int64_t list_max;         /* credentials in a list; 0: any number */
    int64_t credential_id_size;
    int64_t firmware;
    bool all_info;           /* getInfo has what few keys say, too */
    int64_t rp_id_max;       /* bytes of RP IDs that are listed; 0: all (CTAP 2.1 section 6.8.7) */
    int64_t reset_window_ms; /* after power-on; 0: always */
    int attestation;         /* enum attestation_kind */
    uint8_t aaguid[AAGUID_SIZE];
    int64_t algorithms[ALGORITHMS_MAX]; /* in the order of getInfo; 0 ends it */
    int64_t protocols[PROTOCOLS_MAX];

    struct fault faults[FAULTS_MAX];
    size_t fault_count;
};

void script_init(struct script *script);

/*
 * Takes one setting. Returns false when there is none of this name; a value that does not fit it is
 * said in *ret_problem (borrowed).
 */
bool script_set(struct script *script, const char *name, const json_t *value,
                const char **ret_problem);

/* All settings, as script_set takes them. */
json_t *script_show(const struct script *script);

/* The fault that the next command of this name meets, if any; counts it. */
struct fault script_fault(struct script *script, const char *command);

/* "short-frame"; borrowed. */
const char *fault_name(enum fault_kind kind);

bool script_offers_algorithm(const struct script *script, int64_t algorithm);
bool script_offers_protocol(const struct script *script, int64_t protocol);

#endif
