/* What is put together in a file without a name, before it gets one: of any size, in no memory. */
#ifndef CMD_SPOOL_H
#define CMD_SPOOL_H

#include <stdio.h>

#include "cowkey/base/error.h"

/* A file that goes when it is closed; none can be made: CK_ERR_UNCHANGED. */
enum ck_err spool_open(FILE **ret_spool, struct ck_error *err);
/* A destructor. */
void spool_close(FILE **spool);

/* Writes all of it to another; whoever keeps that looks for errors of both. */
void spool_copy(FILE *spool, FILE *to);

/* Whether all that was written to it is there; what is "page". */
enum ck_err spool_check(FILE *spool, const char *what, struct ck_error *err);

/* Checks it, and makes the new file path of it (ck_file_create_bytes). */
enum ck_err spool_keep(FILE *spool, const char *what, const char *path, struct ck_error *err);

#endif
