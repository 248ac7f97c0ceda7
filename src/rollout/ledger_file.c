/*
 * The ledger's file and its lock, before SQLite opens it.
 *
 * A file that is there is never opened here: closing it would drop the POSIX locks that SQLite may
 * hold on it elsewhere in this process.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cowkey/base/cleanup.h"
#include "ledger_internal.h"

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* --- the file --- */

/* SQLite is told to follow no link, and would refuse one above the file, too. */
enum ck_err ledger_resolve(const char *path, char **ret_path, bool *ret_exists,
                           struct ck_error *err)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    CK_CLEANUP(ck_free_p)
    char *parent = name == path ? strdup(".") : strndup(path, (size_t)(name - path));
    CK_CLEANUP(ck_free_p) char *resolved = NULL;
    struct stat status;

    if (parent == NULL)
        return ck_error_no_memory(err);
    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return ck_error_set(err, CK_ERR_USAGE, "'%.200s' names no file for a ledger", path);
    CK_CLEANUP(ck_free_p) char *directory = realpath(parent, NULL);
    if (directory == NULL && errno == ENOMEM)
        return ck_error_no_memory(err);
    if (directory == NULL) {
        ck_error_set(err, CK_ERR_USAGE, "the directory of the ledger '%.200s' can't be entered: %m",
                     path);
        return ck_error_hint(err, "Name a file in a directory that is there, with --ledger.");
    }
    if (asprintf(&resolved, "%s/%s", strcmp(directory, "/") == 0 ? "" : directory, name) < 0)
        return ck_error_no_memory(err);
    bool exists = lstat(resolved, &status) == 0;
    if (!exists && errno != ENOENT)
        return ck_error_set(err, CK_ERR_USAGE, "the ledger '%.200s' can't be reached: %m", path);
    if (exists && S_ISLNK(status.st_mode)) {
        ck_error_set(err, CK_ERR_USAGE, "the ledger '%.200s' is a link", path);
        return ck_error_hint(err, "Name the file itself: a link could be turned to another one.");
    }
    if (exists && !S_ISREG(status.st_mode)) {
        ck_error_set(err, CK_ERR_USAGE, "'%.200s' is no file, and so no ledger", path);
        return ck_error_hint(err, "Name the ledger of the roll-out, or a file that is yet to be "
                                  "made, with --ledger.");
    }
    *ret_path = CK_TAKE(resolved);
    *ret_exists = exists;
    return CK_OK;
}

enum ck_err ledger_check_ours(const char *path, struct ck_error *err)
{
    struct stat status;

    if (lstat(path, &status) != 0)
        return ck_error_set(err, CK_ERR_USAGE, "the ledger '%.200s' can't be reached: %m", path);
    if (status.st_uid != geteuid()) {
        ck_error_set(err, CK_ERR_USAGE, "the ledger '%.200s' belongs to somebody else", path);
        return ck_error_hint(err, "Whoever owns it could change what it says was done. Go on as "
                                  "that user, or choose a file of your own with --ledger.");
    }
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) == 0)
        return CK_OK;
    ck_error_set(err, CK_ERR_USAGE, "others may %s the ledger '%.200s'",
                 (status.st_mode & (S_IWGRP | S_IWOTH)) != 0 ? "write" : "read", path);
    return ck_error_hint(err, "It names everybody's accounts and keys. Find out who gave that "
                              "permission, then take it away: chmod 600.");
}

enum ck_err ledger_check_there(const struct ck_ledger *ledger, struct ck_error *err)
{
    struct stat status;

    if (lstat(ledger->path, &status) == 0 && status.st_dev == ledger->device &&
        status.st_ino == ledger->inode)
        return CK_OK;
    ck_error_set(err, CK_ERR_UNCHANGED, "the ledger '%.200s' was removed or replaced meanwhile",
                 ledger->path);
    return ck_error_hint(err, "What was done up to now was in that file. Put it back, or look at "
                              "the accounts with 'cowkey audit' before you begin anew.");
}

/* Brings the entry of a new file to disk. */
static bool sync_parent(const char *path)
{
    CK_CLEANUP(ck_free_p) char *parent = strndup(path, (size_t)(strrchr(path, '/') - path + 1));

    if (parent == NULL)
        return false;
    CK_CLEANUP(close_fd) int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* A file system that can't sync directories at all says EINVAL. */
    return fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
}

static enum ck_err not_made(const char *path, struct ck_error *err)
{
    if (errno == ENOMEM)
        return ck_error_no_memory(err);
    ck_error_set(err, CK_ERR_UNCHANGED, "the ledger '%.200s' can't be made: %m", path);
    return ck_error_hint(err, "Without it a roll-out does not begin. Choose a place where you may "
                              "write, and where there is room, with --ledger.");
}

/* The files that SQLite makes beside it get the same mode. */
enum ck_err ledger_make(const char *path, struct ck_error *err)
{
    CK_CLEANUP(close_fd)
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);

    if (fd < 0)
        return not_made(path, err);
    if (fchmod(fd, S_IRUSR | S_IWUSR) == 0 && sync_parent(path))
        return CK_OK;
    not_made(path, err);
    unlink(path);
    return err->code;
}

/* SQLite keeps no lock on it that closing another descriptor would give up. */
enum ck_err ledger_open_log(const char *path, int *ret_fd, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *log = NULL;

    if (asprintf(&log, "%s-wal", path) < 0) {
        log = NULL;
        return ck_error_no_memory(err);
    }
    CK_CLEANUP(close_fd) int fd = open(log, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || !sync_parent(log))
        return errno == ENOMEM
                   ? ck_error_no_memory(err)
                   : ck_error_set(err, CK_ERR_UNCHANGED, "'%.200s' could not be opened: %m", log);
    *ret_fd = fd;
    fd = -1;
    return CK_OK;
}

/* --- the lock --- */

/* 0 where it is not told. */
static long read_pid(int fd)
{
    char text[32] = "";
    ssize_t size = pread(fd, text, sizeof(text) - 1, 0);

    return size > 0 ? strtol(text, NULL, 10) : 0;
}

static enum ck_err is_locked(int fd, const char *path, struct ck_error *err)
{
    long pid = read_pid(fd);

    if (pid > 0)
        ck_error_set(err, CK_ERR_UNCHANGED,
                     "another run works with the ledger '%.200s': process %ld", path, pid);
    else
        ck_error_set(err, CK_ERR_UNCHANGED, "another run works with the ledger '%.200s'", path);
    return ck_error_hint(err, "Let it end first: two runs would enroll the same people twice. "
                              "'cowkey rollout status' shows how far it is.");
}

static enum ck_err cannot_lock(const char *lock, struct ck_error *err)
{
    if (errno == ELOOP)
        ck_error_set(err, CK_ERR_USAGE, "the ledger's lock '%.200s' is a link", lock);
    else
        ck_error_set(err, CK_ERR_UNCHANGED,
                     "the ledger's lock '%.200s' can't be made or opened: %m", lock);
    return ck_error_hint(err, "A run keeps others off its ledger with that file. The directory has "
                              "to be writable for you, and the file a plain one of your own.");
}

enum { LOCK_TRIES = 10, LOCK_PAUSE_MS = 10 };

/* Who only asks whether it is taken has it for a moment (ledger_locker). */
static bool take_lock(int fd)
{
    const struct timespec moment = {.tv_nsec = LOCK_PAUSE_MS * 1000000L};

    for (int tries = 0; tries < LOCK_TRIES; tries++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        if (errno != EWOULDBLOCK)
            return false;
        nanosleep(&moment, NULL);
        errno = EWOULDBLOCK;
    }
    return false;
}

int64_t ledger_locker(const char *path)
{
    CK_CLEANUP(ck_free_p) char *lock = NULL;

    if (asprintf(&lock, "%s.lock", path) < 0)
        return 0;
    CK_CLEANUP(close_fd)
    int fd = open(lock, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return 0;
    long pid = read_pid(fd);
    return pid > 0 ? pid : -1;
}

/*
 * The file stays when the lock is given back: removing it would let two processes lock two files of
 * one name.
 */
enum ck_err ledger_lock(const char *path, int *ret_fd, struct ck_error *err)
{
    const int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
    CK_CLEANUP(ck_free_p) char *lock = NULL;
    struct stat status;
    char text[32];

    if (asprintf(&lock, "%s.lock", path) < 0)
        return ck_error_no_memory(err);
    CK_CLEANUP(close_fd) int fd = open(lock, flags, S_IRUSR | S_IWUSR);
    if (fd < 0 || fstat(fd, &status) != 0)
        return cannot_lock(lock, err);
    if (!S_ISREG(status.st_mode) || status.st_uid != geteuid()) {
        errno = EPERM;
        return cannot_lock(lock, err);
    }
    if (!take_lock(fd))
        return errno == EWOULDBLOCK ? is_locked(fd, path, err) : cannot_lock(lock, err);
    /* The number is for people; a full disk does not unmake the lock. */
    int size = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
    if (fchmod(fd, S_IRUSR | S_IWUSR) != 0 || ftruncate(fd, 0) != 0)
        return cannot_lock(lock, err);
    ssize_t written = pwrite(fd, text, (size_t)size, 0);
    (void)written;
    *ret_fd = fd;
    fd = -1;
    return CK_OK;
}
