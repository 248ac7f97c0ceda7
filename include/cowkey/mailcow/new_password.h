/* Passwords that the program makes for accounts of the server. */
#ifndef COWKEY_MAILCOW_NEW_PASSWORD_H
#define COWKEY_MAILCOW_NEW_PASSWORD_H

#include "cowkey/base/secret.h"

/*
 * A random one that meets whatever mailcow's password policy can ask for but its length. The
 * system's random numbers failing is CK_ERR_UNCHANGED.
 */
enum ck_err ck_new_password_make(struct ck_secret **ret_password, struct ck_error *err);

#endif
