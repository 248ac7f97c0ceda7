/* The record of a credential in a file: no secret, but nobody else's business. */
#ifndef CMD_RECORD_H
#define CMD_RECORD_H

#include "cowkey/base/error.h"
#include "cowkey/webauthn/credential.h"

struct json_t;

/*
 * Writes the record with the members of more (released) and the date into a new file of mode 0600.
 */
enum ck_err record_write(const char *path, const struct ck_credential *credential,
                         struct json_t *more, struct ck_error *err);

/*
 * Reads one back. A file that is none, or whose public key is none or not of its 'alg', is
 * CK_ERR_USAGE, and the error's text names it.
 */
enum ck_err record_read(const char *path, struct ck_credential *ret_credential,
                        struct ck_error *err);

#endif
