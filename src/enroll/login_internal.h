/* The parts of logging in that other sequences of this room need. */
#ifndef ENROLL_LOGIN_INTERNAL_H
#define ENROLL_LOGIN_INTERNAL_H

#include "cowkey/enroll/login.h"

/*
 * Password and second factor; the session that comes out is open with its factor page read, or
 * held, also for a new password.
 */
enum ck_err ck_login_authenticate(struct ck_login *login, struct ck_session **ret_session,
                                  struct ck_error *err);

/* Tells the server a new password; an unknown outcome then says which passwords to try. */
enum ck_err ck_login_submit_password(const struct ck_login *login, struct ck_session *session,
                                     const struct ck_secret *new_password, struct ck_error *err);

/* An account that is held until it has a second factor, and shows no lists: CK_ERR_UNCHANGED. */
enum ck_err ck_login_check_not_held(const struct ck_login *login, const struct ck_session *session,
                                    struct ck_error *err);

#endif
