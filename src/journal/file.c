/* Opening, locking and appending, so that what is said to be on disk is there. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/clock.h"

enum { LOCK_PAUSE_MS = 5 };

void file_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* --- opening --- */

static enum ck_err cannot_make(const char *path, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_USAGE, "the journal '%.200s' can't be made or opened: %m", path);
    return ck_error_hint(err, "Without a journal nothing is done for others. Choose a place where "
                              "you may write with --journal.");
}

/* Brings the entries of the directory that path lies in to disk. */
static enum ck_err sync_parent(const char *path, struct ck_error *err)
{
    const char *slash = strrchr(path, '/');
    CK_CLEANUP(ck_free_p)
    char *parent = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path + 1));

    if (parent == NULL)
        return ck_error_no_memory(err);
    CK_CLEANUP(file_close) int dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* A file system that can't sync directories at all says EINVAL. */
    return dir >= 0 && (fsync(dir) == 0 || errno == EINVAL) ? CK_OK : cannot_make(path, err);
}

/* Makes the directories above path that are missing. */
static enum ck_err make_parents(const char *path, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *parent = strdup(path);

    if (parent == NULL)
        return ck_error_no_memory(err);
    for (char *slash = strchr(parent + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(parent, S_IRWXU) == 0) {
            if (sync_parent(parent, err) != CK_OK)
                return err->code;
        } else if (errno != EEXIST) {
            return cannot_make(path, err);
        }
        *slash = '/';
    }
    return CK_OK;
}

/* O_NONBLOCK is for what is no file: opening that shall not wait for anybody. */
static int open_existing(const char *path, int more)
{
    const int flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;

    return open(path, flags | more, S_IRUSR | S_IWUSR);
}

/* Another process may make it, or what is above it, at the same time. */
static enum ck_err open_or_make(const char *path, int *ret_fd, struct ck_error *err)
{
    int fd = open_existing(path, 0);

    if (fd < 0 && errno == ENOENT) {
        if (make_parents(path, err) != CK_OK)
            return err->code;
        fd = open_existing(path, O_CREAT | O_EXCL);
        if (fd >= 0 && fchmod(fd, S_IRUSR | S_IWUSR) != 0) { /* whatever the umask */
            file_close(&fd);
            return cannot_make(path, err);
        }
        if (fd < 0 && errno == EEXIST)
            fd = open_existing(path, 0);
    }
    if (fd < 0 && errno == ELOOP) {
        ck_error_set(err, CK_ERR_USAGE, "the journal '%.200s' is a link", path);
        return ck_error_hint(err, "Name the file itself: a link could be turned to another one.");
    }
    if (fd < 0)
        return cannot_make(path, err);
    *ret_fd = fd;
    return CK_OK;
}

static enum ck_err check_safe(int fd, const char *path, off_t *ret_size, struct ck_error *err)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return cannot_make(path, err);
    if (!S_ISREG(status.st_mode)) {
        ck_error_set(err, CK_ERR_USAGE, "the journal '%.200s' is no file", path);
        return ck_error_hint(err, "Name a file, or one that is yet to be made.");
    }
    if (status.st_uid != geteuid()) {
        ck_error_set(err, CK_ERR_USAGE, "the journal '%.200s' belongs to somebody else", path);
        return ck_error_hint(err, "Whoever owns it could change it. Choose one of your own with "
                                  "--journal.");
    }
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        ck_error_set(err, CK_ERR_USAGE, "others may write the journal '%.200s'", path);
        return ck_error_hint(err, "Find out who did, then take that permission away: chmod 600.");
    }
    *ret_size = status.st_size;
    return CK_OK;
}

enum ck_err file_open(const char *path, int *ret_fd, struct ck_error *err)
{
    CK_CLEANUP(file_close) int fd = -1;
    off_t size = 0;

    if (*path == '\0')
        return ck_error_set(err, CK_ERR_USAGE, "an empty name names no journal");
    if (open_or_make(path, &fd, err) != CK_OK || check_safe(fd, path, &size, err) != CK_OK)
        return err->code;
    /* Perhaps it was made just now, and by another process. */
    if (size == 0 && fsync(fd) != 0)
        return cannot_make(path, err);
    if (size == 0 && sync_parent(path, err) != CK_OK)
        return err->code;
    *ret_fd = fd;
    fd = -1;
    return CK_OK;
}

/* --- locking --- */

static void pause_shortly(void)
{
    const struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000 * 1000};

    nanosleep(&pause, NULL);
}

/* flock itself would wait for ever for a process that was stopped. */
enum ck_err file_lock(int fd, int operation, const char *path, struct ck_error *err)
{
    int64_t until_ms = ck_clock_steady_ms() + CK_JOURNAL_LOCK_WAIT_MS;

    while (flock(fd, operation | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return ck_error_set(err, CK_ERR_UNCHANGED, "the journal '%.200s' can't be locked: %m",
                                path);
        if (ck_clock_steady_ms() >= until_ms) {
            ck_error_set(err, CK_ERR_UNCHANGED,
                         "another process has held the journal '%.200s' locked for %d seconds",
                         path, CK_JOURNAL_LOCK_WAIT_MS / 1000);
            return ck_error_hint(err, "fuser(1) says which one it is.");
        }
        pause_shortly();
    }
    return CK_OK;
}

void file_unlock(int fd)
{
    flock(fd, LOCK_UN);
}

/* --- appending --- */

static enum ck_err write_failed(const char *path, struct ck_error *err)
{
    bool is_full = errno == ENOSPC || errno == EDQUOT;

    ck_error_set(err, CK_ERR_UNCHANGED, "the journal '%.200s' could not be written: %m", path);
    return is_full ? ck_error_hint(err, "Make room on its disk, or choose another one with "
                                        "--journal.")
                   : err->code;
}

static enum ck_err write_all(int fd, const char *bytes, size_t size, const char *path,
                             struct ck_error *err)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return write_failed(path, err);
        bytes += written;
        size -= (size_t)written;
    }
    return CK_OK;
}

/* Nobody else has written since: the lock is ours. */
static void cut_off(int fd, off_t size, const char *path, struct ck_error *err)
{
    if (ftruncate(fd, size) == 0 && fdatasync(fd) == 0)
        return;
    ck_error_hint(err,
                  "A part of an entry may be left at the end of '%.200s': the next one is "
                  "written behind it, and 'cowkey journal verify' will name it.",
                  path);
}

enum ck_err file_settle(int fd, const char *path, struct ck_error *err)
{
    return fdatasync(fd) == 0 ? CK_OK : write_failed(path, err);
}

enum ck_err file_append(int fd, const char *bytes, size_t size, enum file_rule rule,
                        const char *path, struct ck_error *err)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return write_failed(path, err);
    if (status.st_nlink == 0) {
        ck_error_set(err, CK_ERR_UNCHANGED, "the journal '%.200s' was removed meanwhile", path);
        return ck_error_hint(err, "Find out who did, then start again: a new one will be made.");
    }
    if (write_all(fd, bytes, size, path, err) != CK_OK) {
        cut_off(fd, status.st_size, path, err);
        return err->code;
    }
    if (rule == FILE_MAY_WAIT || file_settle(fd, path, err) == CK_OK)
        return CK_OK;
    if (rule == FILE_ALL_OR_NONE)
        cut_off(fd, status.st_size, path, err);
    return err->code;
}
