/* What model of key an AAGUID stands for (src/key/aaguid.csv says from where that is known). */
#ifndef COWKEY_KEY_AAGUID_H
#define COWKEY_KEY_AAGUID_H

#include <stdint.h>

#include "cowkey/webauthn/authenticator_data.h"

/* "YubiKey 5 Series with NFC"; borrowed. NULL for an AAGUID that is not known. */
const char *ck_aaguid_name(const uint8_t aaguid[CK_AAGUID_SIZE]);

#endif
