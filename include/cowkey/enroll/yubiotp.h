/*
 * Enrolling a YubiKey's one-time passwords as second factor. The server asks Yubico's service
 * about each, with a client ID and key that the account gives it. The errors and *ret_enrollment
 * are those of ck_enroll_totp.
 */
#ifndef COWKEY_ENROLL_YUBIOTP_H
#define COWKEY_ENROLL_YUBIOTP_H

#include "cowkey/enroll/enrollment.h"

struct ck_yubiotp_wish {
    struct ck_wish common;
    const char *client_id;
    const struct ck_secret *client_key;
};

/*
 * The person touches the key twice: to enroll it, and to prove it. An older row of the same key is
 * replaced by the server, and told as replaced_id.
 */
enum ck_err ck_enroll_yubiotp(struct ck_login *login, const struct ck_yubiotp_wish *wish,
                              struct ck_enrollment *ret_enrollment, struct ck_error *err);

#endif
