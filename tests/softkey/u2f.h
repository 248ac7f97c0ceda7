/*
 * U2F, also called CTAP1 (CTAP 2.1 section 7; "FIDO U2F Raw Message Formats" 1.2): APDUs in CTAPHID
 * messages. The key never waits here: a program asks again until the key was touched.
 */
#ifndef SOFTKEY_U2F_H
#define SOFTKEY_U2F_H

#include <stdbool.h>
#include <stdint.h>

#include "message.h"

struct key;

struct u2f {
    int64_t asked_ms; /* when a touch was first asked for, 0: it was not */
    int64_t again_ms; /* when it was last */
};

void u2f_message(struct key *key, struct slice apdu);

#endif
