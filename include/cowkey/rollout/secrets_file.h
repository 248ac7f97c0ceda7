/*
 * Passwords beside a plan: a CSV file (RFC 4180) of NAME,PASSWORD without a line of headers, or a
 * file with one password in it. Both belong to whoever runs cowkey, and nobody else may read them.
 * No error quotes a password.
 */
#ifndef COWKEY_ROLLOUT_SECRETS_FILE_H
#define COWKEY_ROLLOUT_SECRETS_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "cowkey/base/error.h"
#include "cowkey/base/secret.h"
#include "cowkey/rollout/complaints.h"

enum {
    CK_SECRETS_FILE_MAX = CK_SECRET_MAX, /* bytes of a file: it is held in locked memory */
    CK_SECRET_NAME_MAX = 256,            /* bytes of a name, with the terminating NUL */
};

struct ck_secret_row {
    char *name; /* owned */
    size_t line;
    size_t at, size; /* of the password */
};

/* {0} is none. */
struct ck_secrets {
    struct ck_secret_row *rows; /* sorted by name; owned */
    size_t count;
    struct ck_secret *passwords; /* one behind the other */
};
void ck_secrets_clear(struct ck_secrets *secrets);

/* Reads the text of a file; what is wrong with its lines goes to complaints. */
enum ck_err ck_secrets_parse(const struct ck_secret *text, struct ck_secrets *ret_secrets,
                             struct ck_complaints *complaints, struct ck_error *err);

/* Reads the file, see ck_private_file_read. */
enum ck_err ck_secrets_load(const char *path, struct ck_secrets *ret_secrets,
                            struct ck_complaints *complaints, struct ck_error *err);

bool ck_secrets_has(const struct ck_secrets *secrets, const char *name);
/* A copy of the password; a name that is not there is CK_ERR_USAGE. */
enum ck_err ck_secrets_get(const struct ck_secrets *secrets, const char *name,
                           struct ck_secret **ret_password, struct ck_error *err);

/*
 * Reads a file of at most size_max bytes that holds secrets. One that is no plain file, is not ours,
 * or that others may read or write is CK_ERR_USAGE; what names it in error texts.
 */
enum ck_err ck_private_file_read(const char *path, size_t size_max, const char *what,
                                 struct ck_secret **ret_bytes, struct ck_error *err);

/* Reads a file with one password, whose line end does not count. */
enum ck_err ck_password_file_read(const char *path, struct ck_secret **ret_password,
                                  struct ck_error *err);

#endif
