/* New files that hold a secret. */
#include "private_file.h"

#include <unistd.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/file.h"
#include "output.h"

enum ck_err private_file_write(const struct options *options, const char *what, const char *path,
                               const struct ck_secret *bytes, struct private_file *file,
                               struct ck_error *err)
{
    enum ck_err r = ck_file_create(path, bytes, err);

    if (r == CK_OK) {
        file->made = lstat(path, &file->status) == 0;
        say(options, "The %s is in %s, readable by you only.", what, path);
    }
    return r;
}

enum ck_err private_file_write_line(const struct options *options, const char *what,
                                    const char *path, const struct ck_secret *secret,
                                    struct private_file *file, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *line = NULL;

    enum ck_err r = ck_secret_append(&line, ck_secret_bytes(secret), ck_secret_size(secret), err);
    if (r == CK_OK)
        r = ck_secret_append(&line, "\n", 1, err);
    return r == CK_OK ? private_file_write(options, what, path, line, file, err) : r;
}

/* Not what somebody else has put there in the meantime. */
void private_file_remove(struct private_file *file, const char *path)
{
    struct stat now;

    if (file->made && lstat(path, &now) == 0 && now.st_dev == file->status.st_dev &&
        now.st_ino == file->status.st_ino && unlink(path) == 0)
        say_always("%s was removed: the secret in it is not in use.", path);
    file->made = false;
}
