/*
 * What those who check many codes keep between the checks: a place for the state of HMAC (RFC 2104)
 * behind the key, from which each code is half the work.
 */
#ifndef COWKEY_OTP_MAC_H
#define COWKEY_OTP_MAC_H

#include "cowkey/base/error.h"

/* Not for two threads at once. What HMAC made of a key is there until the next check or the free. */
struct ck_otp_mac;

enum ck_err ck_otp_mac_new(struct ck_otp_mac **ret_mac, struct ck_error *err);

/* Erases and frees *mac and sets it to NULL; accepts a pointer to NULL. */
void ck_otp_mac_free(struct ck_otp_mac **mac);

#endif
