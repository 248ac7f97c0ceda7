/* authenticatorGetInfo (CTAP 2.1 section 6.4). */
#ifndef SOFTKEY_INFO_H
#define SOFTKEY_INFO_H

#include "message.h"

struct key;

enum ctap_status get_info(struct key *key, const cbor_item_t *request, struct message *reply);

#endif
