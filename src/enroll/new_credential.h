/* A new credential on the key, made for a session and checked before anybody is told of it. */
#ifndef ENROLL_NEW_CREDENTIAL_H
#define ENROLL_NEW_CREDENTIAL_H

#include "cowkey/enroll/login.h"
#include "cowkey/mailcow/webauthn.h"
#include "cowkey/webauthn/credential.h"

/*
 * Asks the server for options, the key for a credential (resident and with user verification as a
 * passkey), and checks what came of it: what does not hold is CK_ERR_KEY. Otherwise the errors of
 * ck_webauthn_creation_options, ck_login_need_key, ck_login_need_other_key and ck_key_make.
 */
enum ck_err new_credential_make(struct ck_login *login, struct ck_session *session,
                                enum ck_webauthn_kind kind,
                                struct ck_registration *ret_registration,
                                struct ck_credential *ret_credential, struct ck_error *err);

#endif
