/* Private files that hold a new secret, and go again when nobody needs it. */
#ifndef CMD_WRITTEN_H
#define CMD_WRITTEN_H

#include <stdbool.h>
#include <sys/stat.h>

#include "cowkey/base/error.h"
#include "cowkey/base/secret.h"

/* A file that was made, and which one: to remove it later, and no other. */
struct written {
    bool done;
    struct stat status;
};

/* ck_file_create, remembered. */
enum ck_err written_create(struct written *written, const char *path, const struct ck_secret *bytes,
                           struct ck_error *err);

/* Removes it, and says so: the secret in it is not in use. */
void written_remove(struct written *written, const char *path);

#endif
