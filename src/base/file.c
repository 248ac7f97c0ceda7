/* Making and removing files that hold secrets. */
#include "cowkey/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cowkey/base/cleanup.h"

enum {
    CHUNK = 4096, /* bytes overwritten at once; most secrets are smaller */
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* --- making a file --- */

/*
 * Opens the directory that path lies in, before anything is made there: the new entry can be synced
 * (fsync wants a readable directory), and a rename of the directory meanwhile changes nothing.
 */
static enum ck_err open_parent(const char *path, int *ret_dir, const char **ret_name,
                               struct ck_error *err)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    CK_CLEANUP(ck_free_p)
    char *parent = name == path ? strdup(".") : strndup(path, (size_t)(name - path));

    if (parent == NULL)
        return ck_error_no_memory(err);
    if (name[0] == '\0')
        return ck_error_set(err, CK_ERR_USAGE, "'%s' names no file", path);
    int dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        ck_error_set(err, CK_ERR_USAGE, "no file can be made in '%s': %m", parent);
        return ck_error_hint(err, "Choose a directory that you may read and write.");
    }
    *ret_dir = dir;
    *ret_name = name;
    return CK_OK;
}

static enum ck_err refuse_existing(const char *path, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_USAGE, "'%s' exists already", path);
    return ck_error_hint(err, "Give another name, or move the old file away: "
                              "cowkey overwrites nothing.");
}

/* O_EXCL is what keeps an old file, and what a link points at, out of danger. */
static enum ck_err open_new(int dir, const char *name, const char *path, int *ret_fd,
                            struct ck_error *err)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY,
                    S_IRUSR | S_IWUSR);

    if (fd < 0 && errno == EEXIST)
        return refuse_existing(path, err);
    if (fd < 0)
        return ck_error_set(err, CK_ERR_USAGE, "'%s' could not be made: %m", path);
    *ret_fd = fd;
    return CK_OK;
}

/*
 * The umask may have taken bits from the mode, and some file systems (FAT, network shares) give
 * every file the same mode and do not say so.
 */
static enum ck_err make_private(int fd, const char *path, struct ck_error *err)
{
    const mode_t private = S_IRUSR | S_IWUSR;
    struct stat status;

    if (fchmod(fd, private) != 0 || fstat(fd, &status) != 0)
        return ck_error_set(err, CK_ERR_UNCHANGED, "'%s' could not be made private: %m", path);
    if ((status.st_mode & ALLPERMS) != private) {
        ck_error_set(err, CK_ERR_UNCHANGED, "others could read '%s' there", path);
        return ck_error_hint(err, "Its file system keeps no permissions; choose another one.");
    }
    return CK_OK;
}

static enum ck_err write_failed(const char *path, struct ck_error *err)
{
    bool full = errno == ENOSPC || errno == EDQUOT;

    ck_error_set(err, CK_ERR_UNCHANGED, "'%s' could not be written: %m", path);
    return full ? ck_error_hint(err, "Make room on the disk, or choose another one.") : err->code;
}

static enum ck_err write_all(int fd, const char *from, size_t left, const char *path,
                             struct ck_error *err)
{
    while (left > 0) {
        ssize_t written = write(fd, from, left);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return write_failed(path, err);
        from += written;
        left -= (size_t)written;
    }
    return CK_OK;
}

/* Fills and closes *fd. Some file systems (NFS) report only at the close that a write failed. */
static enum ck_err write_and_close(int *fd, const void *bytes, size_t size, const char *path,
                                   struct ck_error *err)
{
    if (make_private(*fd, path, err) != CK_OK || write_all(*fd, bytes, size, path, err) != CK_OK)
        return err->code;
    if (fsync(*fd) != 0)
        return write_failed(path, err);
    int rc = close(*fd);
    *fd = -1;
    return rc == 0 ? CK_OK : write_failed(path, err);
}

/*
 * A file system that can't sync directories at all says EINVAL; there is nothing better to do then.
 */
static enum ck_err sync_directory(int dir, const char *path, struct ck_error *err)
{
    return fsync(dir) == 0 || errno == EINVAL ? CK_OK : write_failed(path, err);
}

enum ck_err ck_file_check_new(const char *path, struct ck_error *err)
{
    CK_CLEANUP(close_fd) int dir = -1;
    const char *name = NULL;
    struct stat status;

    if (path == NULL)
        return CK_OK;
    if (open_parent(path, &dir, &name, err) != CK_OK)
        return err->code;
    if (fstatat(dir, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
        return refuse_existing(path, err);
    if (faccessat(dir, ".", W_OK | X_OK, AT_EACCESS) == 0)
        return CK_OK;
    ck_error_set(err, CK_ERR_USAGE, "no file can be made for '%s': %m", path);
    return ck_error_hint(err, "Choose a directory that you may read and write.");
}

enum ck_err ck_file_create_bytes(const char *path, const void *bytes, size_t size,
                                 struct ck_error *err)
{
    CK_CLEANUP(close_fd) int dir = -1;
    CK_CLEANUP(close_fd) int fd = -1;
    const char *name = NULL;

    if (open_parent(path, &dir, &name, err) != CK_OK ||
        open_new(dir, name, path, &fd, err) != CK_OK)
        return err->code;
    if (write_and_close(&fd, bytes, size, path, err) == CK_OK &&
        sync_directory(dir, path, err) == CK_OK)
        return CK_OK;
    if (unlinkat(dir, name, 0) != 0)
        ck_error_hint(err, "Remove '%s' yourself: it may hold a part of a secret.", path);
    return err->code;
}

enum ck_err ck_file_create(const char *path, const struct ck_secret *bytes, struct ck_error *err)
{
    return ck_file_create_bytes(path, ck_secret_bytes(bytes), ck_secret_size(bytes), err);
}

/* --- whole or not at all, and gone --- */

/* Without a file to overwrite, and where it can't be done, there is nothing better to do. */
static void overwrite(int fd)
{
    static const char zeros[CHUNK];
    struct stat status;
    off_t left = fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) ? status.st_size : 0;

    while (left > 0) {
        ssize_t written = write(fd, zeros, left < CHUNK ? (size_t)left : CHUNK);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        left -= written;
    }
    if (fd >= 0)
        fsync(fd);
}

static int open_old(int dir, const char *name)
{
    return openat(dir, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

/* Not all file systems can refuse to replace (NFS can't); looking before is next best there. */
static int rename_new(int dir, const char *from, const char *to)
{
    if (renameat2(dir, from, dir, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    if (faccessat(dir, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    return renameat(dir, from, dir, to);
}

static enum ck_err give_name(int dir, const char *from, const char *to, enum ck_file_rule rule,
                             const char *path, struct ck_error *err)
{
    int rc = rule == CK_FILE_REPLACE ? renameat(dir, from, dir, to) : rename_new(dir, from, to);

    if (rc == 0)
        return CK_OK;
    return errno == EEXIST ? refuse_existing(path, err) : write_failed(path, err);
}

static enum ck_err put_as(int dir, const char *unfinished, const char *name, const void *bytes,
                          size_t size, enum ck_file_rule rule, const char *path,
                          struct ck_error *err)
{
    CK_CLEANUP(close_fd) int fd = -1;
    CK_CLEANUP(close_fd) int old = rule == CK_FILE_REPLACE ? open_old(dir, name) : -1;
    const char *made = unfinished;

    if (open_new(dir, unfinished, path, &fd, err) != CK_OK)
        return err->code;
    enum ck_err r = write_and_close(&fd, bytes, size, path, err);
    if (r == CK_OK)
        r = give_name(dir, unfinished, name, rule, path, err);
    if (r == CK_OK) {
        made = name;
        r = sync_directory(dir, path, err);
    }
    if (r == CK_OK) {
        overwrite(old); /* not before the disk knows the new one by this name */
        return CK_OK;
    }
    /* Where an old one was replaced, the new one is better than none. */
    bool stays = made == name && rule == CK_FILE_REPLACE;
    if (!stays && unlinkat(dir, made, 0) != 0)
        ck_error_hint(err, "Remove '%s%s' yourself: it may hold a part of a secret.", path,
                      made == name ? "" : CK_FILE_PUT_SUFFIX);
    return r;
}

enum ck_err ck_file_put(const char *path, const void *bytes, size_t size, enum ck_file_rule rule,
                        struct ck_error *err)
{
    CK_CLEANUP(close_fd) int dir = -1;
    CK_CLEANUP(ck_free_p) char *unfinished = NULL;
    const char *name = NULL;

    if (open_parent(path, &dir, &name, err) != CK_OK)
        return err->code;
    if (asprintf(&unfinished, "%s" CK_FILE_PUT_SUFFIX, name) < 0) {
        unfinished = NULL;
        return ck_error_no_memory(err);
    }
    if (unlinkat(dir, unfinished, 0) != 0 && errno != ENOENT)
        return write_failed(path, err);
    return put_as(dir, unfinished, name, bytes, size, rule, path, err);
}

static enum ck_err erase_failed(const char *path, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_UNCHANGED, "'%s' could not be removed: %m", path);
    return ck_error_hint(err, "Remove it yourself: it may hold a secret.");
}

/* Overwritten under another name only: a crash meanwhile leaves nothing that looks whole. */
static enum ck_err erase_as(int dir, const char *name, const char *doomed, const char *path,
                            bool *ret_removed, struct ck_error *err)
{
    bool there = renameat(dir, name, dir, doomed) == 0;

    if (!there && errno != ENOENT)
        return erase_failed(path, err);
    if (there && fsync(dir) != 0 && errno != EINVAL)
        return erase_failed(path, err);
    CK_CLEANUP(close_fd) int fd = there ? open_old(dir, doomed) : -1;
    overwrite(fd);
    if (there && (unlinkat(dir, doomed, 0) != 0 || (fsync(dir) != 0 && errno != EINVAL)))
        return erase_failed(path, err);
    *ret_removed = there;
    return CK_OK;
}

enum ck_err ck_file_erase(const char *path, bool *ret_removed, struct ck_error *err)
{
    CK_CLEANUP(close_fd) int dir = -1;
    CK_CLEANUP(ck_free_p) char *doomed = NULL;
    const char *name = NULL;
    bool removed;

    if (open_parent(path, &dir, &name, err) != CK_OK)
        return err->code;
    if (asprintf(&doomed, "%s" CK_FILE_PUT_SUFFIX, name) < 0) {
        doomed = NULL;
        return ck_error_no_memory(err);
    }
    return erase_as(dir, name, doomed, path, ret_removed != NULL ? ret_removed : &removed, err);
}
