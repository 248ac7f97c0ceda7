/* The file of a journal: found safe, and locked. */
#ifndef JOURNAL_FILE_H
#define JOURNAL_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "cowkey/journal/journal.h"

void file_close(int *fd); /* accepts -1 */

/* Opens it for reading and appending; see ck_journal_open. */
enum ck_err file_open(const char *path, int *ret_fd, struct ck_error *err);

/* operation: LOCK_EX or LOCK_SH. Waits CK_JOURNAL_LOCK_WAIT_MS at most; else CK_ERR_UNCHANGED. */
enum ck_err file_lock(int fd, int operation, const char *path, struct ck_error *err);
void file_unlock(int fd);

/*
 * Appends size bytes and returns when they are on disk. Needs the lock. On failure what was written
 * is cut off again, unless it is whole and keeps_whole: CK_ERR_UNCHANGED.
 */
enum ck_err file_append(int fd, const char *bytes, size_t size, bool keeps_whole, const char *path,
                        struct ck_error *err);

#endif
