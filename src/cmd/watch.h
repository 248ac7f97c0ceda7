/* A code that keeps itself up to date on the terminal. */
#ifndef CMD_WATCH_H
#define CMD_WATCH_H

#include "cowkey/base/error.h"
#include "cowkey/otp/otpauth.h"

/* CK_ERR_USAGE when standard output is no terminal: nobody would watch. */
enum ck_err watch_check(struct ck_error *err);

/*
 * Shows the code of the moment, the seconds that are left for it and the next code, on one line
 * that is written anew each second, until a signal ends it; then the line is wiped. The terminal's
 * settings are not touched, so none can be left behind.
 */
enum ck_err watch_run(const struct ck_otpauth *otpauth, struct ck_error *err);

#endif
