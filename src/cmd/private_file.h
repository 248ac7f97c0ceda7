/* New files that hold a secret, and taking them back when it is not in use. */
#ifndef CMD_PRIVATE_FILE_H
#define CMD_PRIVATE_FILE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "cowkey/base/error.h"
#include "cowkey/base/secret.h"
#include "options.h"

/* A file that was made, and which one: to remove it later, and no other. */
struct private_file {
    bool made;
    struct stat status;
};

/* Makes it, on disk and with mode 0600, and says so; what is "secret (an otpauth URI)". */
enum ck_err private_file_write(const struct options *options, const char *what, const char *path,
                               const struct ck_secret *bytes, struct private_file *file,
                               struct ck_error *err);

/* The same with a line end behind the secret. */
enum ck_err private_file_write_line(const struct options *options, const char *what,
                                    const char *path, const struct ck_secret *secret,
                                    struct private_file *file, struct ck_error *err);

/* Removes it if it was made and is still the same, and says so. */
void private_file_remove(struct private_file *file, const char *path);

#endif
