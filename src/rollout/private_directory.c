/* Making private directories, and cleaning them up. */
#include "private_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/file.h"

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static void close_directory(DIR **directory)
{
    if (*directory != NULL)
        closedir(*directory);
}

char *private_path(const char *directory, const char *name)
{
    char *path;

    return asprintf(&path, "%s/%s", directory, name) >= 0 ? path : NULL;
}

static enum ck_err cannot_make(const char *path, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_USAGE, "the directory '%.300s' could not be made: %m", path);
    return ck_error_hint(err, "Choose a place where you may write, and make the directories above "
                              "it.");
}

/* The umask may have taken bits from the mode. What is below the new entry has to survive, too. */
static enum ck_err finish_new(const char *path, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *parent = private_path(path, "..");

    if (parent == NULL)
        return ck_error_no_memory(err);
    if (chmod(path, S_IRWXU) != 0)
        return cannot_make(path, err);
    CK_CLEANUP(close_fd) int dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* A file system that can't sync directories at all says EINVAL. */
    return dir >= 0 && (fsync(dir) == 0 || errno == EINVAL) ? CK_OK : cannot_make(path, err);
}

static enum ck_err check(const char *path, struct ck_error *err)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return ck_error_set(err, CK_ERR_USAGE, "'%.300s' could not be looked at: %m", path);
    if (!S_ISDIR(status.st_mode))
        return ck_error_set(err, CK_ERR_USAGE, "'%.300s' is no directory", path);
    if (status.st_uid != geteuid()) {
        ck_error_set(err, CK_ERR_USAGE, "the directory '%.300s' belongs to somebody else", path);
        return ck_error_hint(err, "Secrets would lie there: choose a directory of your own.");
    }
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        ck_error_set(err, CK_ERR_USAGE, "others may enter the directory '%.300s'", path);
        return ck_error_hint(err, "Secrets lie there. Make it private: chmod 700. If its file "
                                  "system keeps no permissions, choose another one.");
    }
    return CK_OK;
}

enum ck_err private_directory_make(const char *path, struct ck_error *err)
{
    enum ck_err r = CK_OK;

    if (mkdir(path, S_IRWXU) == 0)
        r = finish_new(path, err);
    else if (errno != EEXIST)
        r = cannot_make(path, err);
    return r == CK_OK ? check(path, err) : r;
}

static bool is_unfinished(const char *name)
{
    size_t length = strlen(name), suffix = strlen(CK_FILE_PUT_SUFFIX);

    return length > suffix && strcmp(name + length - suffix, CK_FILE_PUT_SUFFIX) == 0;
}

static enum ck_err erase(const char *directory, const char *name, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *path = private_path(directory, name);

    return path != NULL ? ck_file_erase(path, NULL, err) : ck_error_no_memory(err);
}

enum ck_err private_directory_clean(const char *path, struct ck_error *err)
{
    CK_CLEANUP(close_directory) DIR *directory = opendir(path);
    const struct dirent *entry;
    enum ck_err r = CK_OK;

    if (directory == NULL && errno == ENOENT)
        return CK_OK;
    if (directory == NULL && errno == ENOMEM)
        return ck_error_no_memory(err);
    if (directory == NULL)
        return ck_error_set(err, CK_ERR_USAGE, "'%.300s' could not be read: %m", path);
    while (r == CK_OK && (entry = readdir(directory)) != NULL) {
        if (is_unfinished(entry->d_name))
            r = erase(path, entry->d_name, err);
    }
    return r;
}
