/* authenticatorMakeCredential (CTAP 2.1 section 6.1). */
#ifndef SOFTKEY_MAKE_H
#define SOFTKEY_MAKE_H

#include "message.h"

struct key;

enum ctap_status make_credential(struct key *key, const cbor_item_t *request,
                                 struct message *reply);

#endif
