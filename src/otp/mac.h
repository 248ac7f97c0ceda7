/* The codes of a key, by HMAC that is set up once for several. */
#ifndef OTP_MAC_H
#define OTP_MAC_H

#include <stdint.h>

#include "cowkey/base/secret.h"
#include "cowkey/otp/mac.h"
#include "cowkey/otp/totp.h"

/* The key and the algorithm were checked (step.h). */
void ck_otp_mac_set_key(struct ck_otp_mac *mac, const struct ck_secret *key,
                        enum ck_totp_algorithm algorithm);

/* The code of a step >= 0, of that key; digits were checked, too. */
void ck_otp_mac_code(struct ck_otp_mac *mac, unsigned digits, int64_t step,
                     char ret_code[CK_TOTP_CODE_MAX]);

#endif
