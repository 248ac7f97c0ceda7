/*
 * Yubico one-time passwords (YubiKey manual, "Yubico OTP"): what a key types at a touch. Whether
 * one is right only Yubico's service knows; here is what can be told before.
 */
#ifndef COWKEY_OTP_YUBIOTP_H
#define COWKEY_OTP_YUBIOTP_H

#include <stdbool.h>

#include "cowkey/base/error.h"
#include "cowkey/base/secret.h"

enum {
    CK_YUBIOTP_SIZE = 44, /* modhex letters, of which the first name the key: */
    CK_YUBIOTP_KEY_SIZE = 12,
    CK_YUBICO_ID_MAX = 16,  /* bytes of a client ID, with NUL */
    CK_YUBICO_KEY_MIN = 16, /* base64 characters of a client's key; Yubico's have 28 */
    CK_YUBICO_KEY_MAX = 128,
};

/* Whether otp is CK_YUBIOTP_SIZE letters out of "cbdefghijklnrtuv"; else CK_ERR_USAGE. */
enum ck_err ck_yubiotp_check(const struct ck_secret *otp, struct ck_error *err);

/* Whether two that were checked come from the same key. */
bool ck_yubiotp_same_key(const struct ck_secret *a, const struct ck_secret *b);

/*
 * The client ID (a number) and key (base64) with which a server asks YubiCloud; else CK_ERR_USAGE.
 * Without a key the service's answers would not be verified.
 */
enum ck_err ck_yubico_id_check(const char *id, struct ck_error *err);
enum ck_err ck_yubico_key_check(const struct ck_secret *key, struct ck_error *err);

#endif
