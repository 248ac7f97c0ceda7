/* A new credential on the key, made for a session and checked before anybody is told of it. */
#ifndef ENROLL_NEW_CREDENTIAL_H
#define ENROLL_NEW_CREDENTIAL_H

#include "cowkey/enroll/login.h"
#include "cowkey/mailcow/webauthn.h"
#include "cowkey/webauthn/credential.h"

enum ck_err new_credential_make(struct ck_login *login, struct ck_session *session,
                                enum ck_webauthn_kind kind,
                                struct ck_registration *ret_registration,
                                struct ck_credential *ret_credential, struct ck_error *err);

#endif
