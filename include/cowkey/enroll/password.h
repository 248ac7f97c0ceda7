/* Changing the own password, proved by a login with the new one. */
#ifndef COWKEY_ENROLL_PASSWORD_H
#define COWKEY_ENROLL_PASSWORD_H

#include <stdbool.h>

#include "cowkey/enroll/entry.h"
#include "cowkey/enroll/login.h"

struct ck_password_change {
    enum ck_change_result result;
    bool submitted; /* the server was told */
    bool forced;    /* it held the login until the password was changed */
    bool proved; /* by a fresh login with the new one, up to where a second factor is asked for */
};

/*
 * Logs in with login->password, changes it to new_password, and logs in afresh with that: a login
 * that is asked for the second factor is proof enough, since the server asks only behind the right
 * password. A new one that is refused there costs one counted attempt and is followed by one login
 * with the old password, to know which of them is in force. *ret_change is filled in every case.
 *
 * - CK_ERR_USAGE: no password that everybody can type: empty, not UTF-8, with control characters,
 *   or the present one.
 * - CK_ERR_UNCHANGED: the server's policy refused it, in the server's words; or the server said
 *   success and the old one is still in force; or the account's password is kept elsewhere.
 * - CK_ERR_UNKNOWN: cut; or neither password logs in; or the proof did not get through.
 * - the errors of a login.
 */
enum ck_err ck_password_change_run(struct ck_login *login, const struct ck_secret *new_password,
                                   struct ck_password_change *ret_change, struct ck_error *err);

/* The part of CK_ERR_USAGE that the new password alone decides. */
enum ck_err ck_password_check(const struct ck_secret *new_password, struct ck_error *err);

#endif
