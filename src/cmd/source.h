/* Where secrets come from: a file, a descriptor, a command, or a question. */
#ifndef CMD_SOURCE_H
#define CMD_SOURCE_H

#include "cowkey/base/error.h"
#include "cowkey/base/secret.h"
#include "cowkey/otp/otpauth.h"
#include "options.h"

/*
 * Reads the secret whose -file, -fd and -command options begin at first; *ret_secret is NULL when
 * none of them was given. One line end at its end is dropped. what names it in error texts ("the
 * password").
 */
enum ck_err source_read(const struct options *options, enum option_id first, const char *what,
                        struct ck_secret **ret_secret, struct ck_error *err);

/* The same for a TOTP secret; ret_otpauth->key is NULL when none was given. Clear it. */
enum ck_err source_read_totp(const struct options *options, enum option_id first, const char *what,
                             struct ck_otpauth *ret_otpauth, struct ck_error *err);

#endif
