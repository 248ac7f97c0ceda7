/* Pending hand-outs: a private file for each secret. */
#include "cowkey/rollout/pending.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/file.h"
#include "cowkey/rollout/secrets_file.h"
#include "private_directory.h"

struct ck_pending {
    char *directory; /* of hand-outs */
    char *files;     /* "pending" in it */
    int lock;        /* the descriptor that holds it; -1 */
};

static const char *const kind_names[] = {
    [CK_PENDING_TOTP] = "totp",
    [CK_PENDING_PASSWORD] = "password",
    [CK_PENDING_APP_PASSWORD] = "app-password",
    [CK_PENDING_PIN] = "pin",
};

/* --- opening --- */

static int lock(int fd, int operation)
{
    int rc;

    do {
        rc = flock(fd, operation);
    } while (rc != 0 && errno == EINTR);
    return rc;
}

/* Sheets and letters are made of secrets, too. */
static enum ck_err clean(const struct ck_pending *pending, struct ck_error *err)
{
    static const char *const names[] = {"pending", SHEETS_DIRECTORY, LETTERS_DIRECTORY};
    enum ck_err r = CK_OK;

    for (size_t i = 0; i < sizeof(names) / sizeof(*names) && r == CK_OK; i++) {
        CK_CLEANUP(ck_free_p) char *path = private_path(pending->directory, names[i]);
        r = path != NULL ? private_directory_clean(path, err) : ck_error_no_memory(err);
    }
    return r;
}

/*
 * What another process is just writing looks like what a crash left half written. So everybody
 * holds a shared lock, and only who is alone cleans up. File systems without locks are shared by
 * nobody who cleans up.
 */
static enum ck_err begin(struct ck_pending *pending, struct ck_error *err)
{
    pending->lock = open(pending->files, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (pending->lock < 0)
        return ck_error_set(err, CK_ERR_USAGE, "'%.300s' could not be opened: %m", pending->files);
    enum ck_err r = lock(pending->lock, LOCK_EX | LOCK_NB) == 0 ? clean(pending, err) : CK_OK;
    lock(pending->lock, LOCK_SH);
    return r;
}

enum ck_err ck_pending_open(const char *directory, struct ck_pending **ret_pending,
                            struct ck_error *err)
{
    CK_CLEANUP(ck_pending_close) struct ck_pending *pending = calloc(1, sizeof(*pending));

    if (pending == NULL)
        return ck_error_no_memory(err);
    pending->lock = -1;
    pending->directory = strdup(directory);
    pending->files = private_path(directory, "pending");
    if (pending->directory == NULL || pending->files == NULL)
        return ck_error_no_memory(err);
    enum ck_err r = private_directory_make(directory, err);
    if (r == CK_OK)
        r = private_directory_make(pending->files, err);
    if (r == CK_OK)
        r = begin(pending, err);
    if (r == CK_OK)
        *ret_pending = CK_TAKE(pending);
    return r;
}

void ck_pending_close(struct ck_pending **pending)
{
    if (*pending == NULL)
        return;
    if ((*pending)->lock >= 0)
        close((*pending)->lock);
    free((*pending)->directory);
    free((*pending)->files);
    free(*pending);
    *pending = NULL;
}

const char *ck_pending_directory(const struct ck_pending *pending)
{
    return pending->directory;
}

/* --- whose they are --- */

static enum ck_err not_its_own(const struct ck_pending *pending, const char *whose,
                               struct ck_error *err)
{
    ck_error_set(err, CK_ERR_USAGE, "the hand-outs in '%.300s' are %s", pending->directory, whose);
    return ck_error_hint(err, "With them, people would get secrets of others. Give this ledger the "
                              "directory that it began with, or a new one when it is new, with "
                              "--handouts. Keep the other: it may be the only place of secrets "
                              "that the server has.");
}

static enum ck_err not_there(const struct ck_pending *pending, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_USAGE, "the hand-outs of this ledger are not in '%.300s'",
                 pending->directory);
    return ck_error_hint(err, "Give the directory that it began with, with --handouts. If that is "
                              "lost, so are the secrets in it: begin a new ledger for whoever is "
                              "left.");
}

static void close_directory(DIR **directory)
{
    if (*directory != NULL)
        closedir(*directory);
}

static enum ck_err has_any(const struct ck_pending *pending, bool *ret_any, struct ck_error *err)
{
    CK_CLEANUP(close_directory) DIR *directory = opendir(pending->files);
    const struct dirent *entry;
    bool any = false;

    if (directory == NULL)
        return ck_error_set(err, CK_ERR_USAGE, "'%.300s' could not be read: %m", pending->files);
    while (!any && (entry = readdir(directory)) != NULL)
        any = entry->d_name[0] != '.';
    *ret_any = any;
    return CK_OK;
}

static enum ck_err claim(const struct ck_pending *pending, const char *path, const char *name,
                         enum ck_pending_stage stage, struct ck_error *err)
{
    bool any = false;
    enum ck_err r = stage == CK_PENDING_TO_LOOK ? CK_OK : has_any(pending, &any, err);

    if (r != CK_OK || stage == CK_PENDING_TO_LOOK)
        return r;
    if (any)
        return not_its_own(pending, "of no ledger that is known", err);
    return stage == CK_PENDING_UNBEGUN ? ck_file_put(path, name, strlen(name), CK_FILE_NEW, err)
                                       : not_there(pending, err);
}

enum ck_err ck_pending_belong(const struct ck_pending *pending, const char *name,
                              enum ck_pending_stage stage, struct ck_error *err)
{
    enum { NAME_MAX_SIZE = 256 };
    CK_CLEANUP(ck_free_p) char *path = private_path(pending->directory, "ledger");
    CK_CLEANUP(ck_secret_free) struct ck_secret *owner = NULL;
    struct stat status;

    if (path == NULL)
        return ck_error_no_memory(err);
    if (lstat(path, &status) != 0 && errno == ENOENT)
        return claim(pending, path, name, stage, err);
    enum ck_err r = ck_private_file_read(path, NAME_MAX_SIZE, "the ledger's name", &owner, err);
    if (r != CK_OK)
        return r;
    bool ours = ck_secret_size(owner) == strlen(name) &&
                memcmp(ck_secret_bytes(owner), name, strlen(name)) == 0;
    return ours ? CK_OK : not_its_own(pending, "another ledger's", err);
}

/* --- files --- */

/* "totp-000123", "pin-000045-1" */
static enum ck_err make_path(const struct ck_pending *pending, enum ck_pending_kind kind,
                             int64_t id, unsigned n, char **ret_path, struct ck_error *err)
{
    char name[64], number[16] = "";

    if (kind == CK_PENDING_PIN)
        snprintf(number, sizeof(number), "-%u", n);
    snprintf(name, sizeof(name), "%s-%06lld%s", kind_names[kind], (long long)id, number);
    *ret_path = private_path(pending->files, name);
    return *ret_path != NULL ? CK_OK : ck_error_no_memory(err);
}

enum ck_err ck_pending_get(const struct ck_pending *pending, enum ck_pending_kind kind, int64_t id,
                           unsigned n, struct ck_secret **ret_secret, struct ck_error *err)
{
    static const char what[] = "the hand-out";
    CK_CLEANUP(ck_free_p) char *path = NULL;
    CK_CLEANUP(ck_secret_free) struct ck_secret *secret = NULL;
    struct stat status;
    enum ck_err r = make_path(pending, kind, id, n, &path, err);

    if (r != CK_OK)
        return r;
    if (lstat(path, &status) != 0 && errno == ENOENT) {
        *ret_secret = NULL;
        return CK_OK;
    }
    r = ck_private_file_read(path, CK_SECRET_INPUT_MAX, what, &secret, err);
    if (r == CK_OK && ck_secret_size(secret) == 0)
        r = ck_error_set(err, CK_ERR_USAGE, "%s '%.300s' is empty", what, path);
    if (r == CK_OK)
        *ret_secret = CK_TAKE(secret);
    return r;
}

static enum ck_err refuse_second(const char *path, struct ck_error *err)
{
    return ck_error_set(err, CK_ERR_UNCHANGED,
                        "there is a hand-out already, which a new secret would replace: '%.300s'",
                        path);
}

enum ck_err ck_pending_put(const struct ck_pending *pending, enum ck_pending_kind kind, int64_t id,
                           unsigned n, const struct ck_secret *secret, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *path = NULL;
    struct stat status;
    enum ck_err r = make_path(pending, kind, id, n, &path, err);

    if (r != CK_OK)
        return r;
    if (ck_secret_size(secret) == 0 || ck_secret_size(secret) > CK_SECRET_INPUT_MAX)
        return ck_error_set(err, CK_ERR_USAGE, "a hand-out has 1 to %d bytes", CK_SECRET_INPUT_MAX);
    if (lstat(path, &status) == 0)
        return refuse_second(path, err);
    r = ck_file_put(path, ck_secret_bytes(secret), ck_secret_size(secret), CK_FILE_NEW, err);
    if (r == CK_OK)
        return CK_OK;
    /* Whatever hinders a file here, nobody was told anything yet. */
    err->code = CK_ERR_UNCHANGED;
    return err->code;
}

enum ck_err ck_pending_remove(const struct ck_pending *pending, enum ck_pending_kind kind,
                              int64_t id, unsigned n, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *path = NULL;
    enum ck_err r = make_path(pending, kind, id, n, &path, err);

    return r == CK_OK ? ck_file_erase(path, NULL, err) : r;
}
