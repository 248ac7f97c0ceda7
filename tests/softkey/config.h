/* authenticatorConfig (CTAP 2.1 section 6.11). */
#ifndef SOFTKEY_CONFIG_H
#define SOFTKEY_CONFIG_H

#include "message.h"

struct key;

enum ctap_status configure(struct key *key, const cbor_item_t *request, struct message *reply);

#endif
