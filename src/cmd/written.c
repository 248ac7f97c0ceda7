#include "written.h"

#include <unistd.h>

#include "cowkey/base/file.h"
#include "output.h"

enum ck_err written_create(struct written *written, const char *path, const struct ck_secret *bytes,
                           struct ck_error *err)
{
    enum ck_err r = ck_file_create(path, bytes, err);

    if (r == CK_OK)
        written->done = lstat(path, &written->status) == 0;
    return r;
}

/* Not what somebody else has put there in the meantime. */
void written_remove(struct written *written, const char *path)
{
    struct stat now;

    if (written->done && lstat(path, &now) == 0 && now.st_dev == written->status.st_dev &&
        now.st_ino == written->status.st_ino && unlink(path) == 0)
        say_always("%s was removed: the secret in it is not in use.", path);
    written->done = false;
}
