/*
 * Enrolling a security key: as second factor (mailcow's "webauthn") and for the passwordless login
 * (a passkey). The errors and *ret_enrollment are those of ck_enroll_totp, and CK_ERR_KEY.
 */
#ifndef COWKEY_ENROLL_WEBAUTHN_H
#define COWKEY_ENROLL_WEBAUTHN_H

#include "cowkey/enroll/enrollment.h"

/*
 * login->key_settings says which key; one that answers the login is used for the enrollment too. A
 * server that stored nothing, which is how it tells a wrong password, is CK_ERR_REFUSED.
 */
enum ck_err ck_enroll_webauthn(struct ck_login *login, const struct ck_wish *wish,
                               struct ck_enrollment *ret_enrollment, struct ck_error *err);

/*
 * The same for a passkey: a resident credential, with user verification whatever the server's
 * options say. A passkey that the server then refuses is taken back, and the person is asked
 * whether to delete it from the key.
 */
enum ck_err ck_enroll_passkey(struct ck_login *login, const struct ck_wish *wish,
                              struct ck_enrollment *ret_enrollment, struct ck_error *err);

#endif
