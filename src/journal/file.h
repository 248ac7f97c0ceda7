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

/* What becomes of bytes that are written, but could not be brought to disk. */
enum file_rule {
    FILE_ALL_OR_NONE, /* they are cut off again */
    FILE_KEEP,        /* they stay */
    FILE_MAY_WAIT,    /* the same, and nobody waits for the disk: file_settle does, or the next */
};

/*
 * Appends size bytes, and returns when they are on disk. Needs the lock. What can't be written whole
 * is cut off again: CK_ERR_UNCHANGED.
 */
enum ck_err file_append(int fd, const char *bytes, size_t size, enum file_rule rule,
                        const char *path, struct ck_error *err);

/* Brings to disk what was appended. */
enum ck_err file_settle(int fd, const char *path, struct ck_error *err);

#endif
