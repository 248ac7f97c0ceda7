/* Directories that nobody else may enter, for files made by ck_file_put. */
#ifndef ROLLOUT_PRIVATE_DIRECTORY_H
#define ROLLOUT_PRIVATE_DIRECTORY_H

#include "cowkey/base/error.h"

/* Below the directory of hand-outs, beside "pending". */
#define SHEETS_DIRECTORY "sheets"
#define LETTERS_DIRECTORY "letters"

/* "DIRECTORY/NAME", a new string; NULL when memory is short. */
char *private_path(const char *directory, const char *name);

/*
 * Makes a directory (0700) where there is none; its parent has to be there. One that is not ours,
 * or that others may enter, is CK_ERR_USAGE.
 */
enum ck_err private_directory_make(const char *path, struct ck_error *err);

/* Removes what a crash left half written in it; no directory is CK_OK. */
enum ck_err private_directory_clean(const char *path, struct ck_error *err);

#endif
