/* What commands need that talk to a server, and others do not pay for. */
#ifndef CMD_ONLINE_H
#define CMD_ONLINE_H

#include "cowkey/base/error.h"

/* Around a command that is online. */
enum ck_err online_start(struct ck_error *err);
void online_end(void);

/*
 * In the small program, which has only commands that need no server: becomes the whole program, with
 * the same arguments. Returns only when that can't be found, with its error. In the whole program
 * it does nothing but return CK_OK.
 */
enum ck_err online_become(char **argv, struct ck_error *err);

#endif
