/*
 * Files that hold secrets: made new, private and durable, or read whole within a bound.
 *
 * What is read goes straight to the secure heap. A line end at its end stays: ck_secret_chomp.
 */
#ifndef COWKEY_BASE_FILE_H
#define COWKEY_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "cowkey/base/error.h"
#include "cowkey/base/secret.h"

/*
 * Makes a new file of mode 0600 that holds bytes, and returns once they and the directory entry are
 * on disk. A path that exists (also a dangling link) is refused with CK_ERR_USAGE and left alone;
 * so is one in a directory that is missing or can't be written and read (reading it is needed to
 * sync it). When writing fails (disk full, I/O error, no private files there) the file is removed
 * again and the error is CK_ERR_UNCHANGED.
 */
enum ck_err ck_file_create(const char *path, const struct ck_secret *bytes, struct ck_error *err);

/* The same for what is no secret, and may be larger than one. */
enum ck_err ck_file_create_bytes(const char *path, const void *bytes, size_t size,
                                 struct ck_error *err);

/*
 * The same where not even a crash may leave a part of it, or where an old file may be replaced: it
 * is written as path ".new" (what a crash left there is removed), and then gets its name. A file
 * that is replaced is overwritten before it goes.
 */
enum ck_file_rule { CK_FILE_NEW, CK_FILE_REPLACE };
enum ck_err ck_file_put(const char *path, const void *bytes, size_t size, enum ck_file_rule rule,
                        struct ck_error *err);
#define CK_FILE_PUT_SUFFIX ".new"

/*
 * Overwrites a file, which disks need not honour, and removes it; *ret_removed (may be NULL) is
 * false where there was none. It is gone from the disk, too, on return; a crash may leave it as
 * path ".new". CK_ERR_UNCHANGED: it is still there, by one of the names, whole or not.
 */
enum ck_err ck_file_erase(const char *path, bool *ret_removed, struct ck_error *err);

/*
 * Whether ck_file_create will refuse path, as far as can be told early, before anything else is
 * done. Without a path (NULL) there is nothing to refuse.
 */
enum ck_err ck_file_check_new(const char *path, struct ck_error *err);

/*
 * Reads a whole file, or what is left of an open descriptor (which stays open), of at most size_max
 * bytes; more is CK_ERR_USAGE, as is a file that can't be opened or read. what names the thing in
 * error texts ("the password file"). A signal handler without SA_RESTART ends a read that waits (a
 * pipe, a terminal) with CK_ERR_INTERRUPTED.
 */
enum ck_err ck_file_read(const char *path, size_t size_max, const char *what,
                         struct ck_secret **ret_bytes, struct ck_error *err);
enum ck_err ck_file_read_fd(int fd, size_t size_max, const char *what, struct ck_secret **ret_bytes,
                            struct ck_error *err);

/*
 * What a command prints on its standard output, run by /bin/sh with /dev/null as standard input and
 * with our standard error; a status other than 0 is CK_ERR_USAGE. what: "the password command". The
 * shell has ended when this returns: it is killed when it prints more than size_max bytes, and when
 * a signal handler without SA_RESTART runs meanwhile (CK_ERR_INTERRUPTED).
 */
enum ck_err ck_file_read_command(const char *command, size_t size_max, const char *what,
                                 struct ck_secret **ret_bytes, struct ck_error *err);

#endif
