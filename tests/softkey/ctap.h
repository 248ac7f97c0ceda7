/* Which command is it? CTAPHID's, CTAP's (CTAP 2.1 section 6) and U2F's messages end up here. */
#ifndef SOFTKEY_CTAP_H
#define SOFTKEY_CTAP_H

#include <stdint.h>

#include "message.h"

struct key;

/* Puts the key together as it is after power-on; what it keeps without power stays. */
void ctap_power_on(struct key *key);

/* Of CTAPHID_INIT's answer. */
uint8_t ctap_capabilities(const struct key *key);

/* A whole message came in: does what it asks, and answers. */
void ctap_message(struct key *key, uint8_t command, struct slice payload);

#endif
