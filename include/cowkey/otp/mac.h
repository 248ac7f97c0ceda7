/*
 * What those who check many codes keep between the checks: the state of HMAC (RFC 2104) behind the
 * key, from which each code is half the work, and none of it again for the same key.
 */
#ifndef COWKEY_OTP_MAC_H
#define COWKEY_OTP_MAC_H

#include "cowkey/base/error.h"

/*
 * Not for two threads at once. It holds a copy of the key of the last check, and what HMAC made of
 * it; both are erased when another key takes their place or it is freed.
 */
struct ck_otp_mac;

enum ck_err ck_otp_mac_new(struct ck_otp_mac **ret_mac, struct ck_error *err);

/* Erases and frees *mac and sets it to NULL; accepts a pointer to NULL. */
void ck_otp_mac_free(struct ck_otp_mac **mac);

#endif
