/* Reading secrets from where the options point. */
#include "source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/file.h"

static enum ck_err read_fd(const char *text, const char *what, struct ck_secret **ret_secret,
                           struct ck_error *err)
{
    char *end;
    long fd = strtol(text, &end, 10);

    if (*text == '\0' || *end != '\0' || fd < 0 || fd > 65535)
        return ck_error_set(err, CK_ERR_USAGE, "'%.100s' is not the number of %s", text, what);
    return ck_file_read_fd((int)fd, CK_SECRET_INPUT_MAX, what, ret_secret, err);
}

enum ck_err source_read(const struct options *options, enum option_id first, const char *what,
                        struct ck_secret **ret_secret, struct ck_error *err)
{
    const char *file = option_value(options, first), *fd = option_value(options, first + 1);
    const char *command = option_value(options, first + 2);
    CK_CLEANUP(ck_secret_free) struct ck_secret *secret = NULL;
    enum ck_err r = CK_OK;

    char source[64];
    snprintf(source, sizeof(source), "the %s %s", what,
             file != NULL ? "file"
             : fd != NULL ? "descriptor"
                          : "command");
    if (file != NULL)
        r = ck_file_read(file, CK_SECRET_INPUT_MAX, source, &secret, err);
    else if (fd != NULL)
        r = read_fd(fd, source, &secret, err);
    else if (command != NULL)
        r = ck_file_read_command(command, CK_SECRET_INPUT_MAX, source, &secret, err);
    if (r != CK_OK)
        return r;
    if (secret != NULL) {
        ck_secret_chomp(secret);
        if (ck_secret_size(secret) == 0)
            return ck_error_set(err, CK_ERR_USAGE, "%s gave nothing", source);
        if (strlen(ck_secret_bytes(secret)) != ck_secret_size(secret))
            return ck_error_set(err, CK_ERR_USAGE, "%s gave a NUL byte", source);
    }
    *ret_secret = CK_TAKE(secret);
    return CK_OK;
}

enum ck_err source_read_totp(const struct options *options, enum option_id first, const char *what,
                             struct ck_otpauth *ret_otpauth, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *text = NULL;

    *ret_otpauth = (struct ck_otpauth){0};
    enum ck_err r = source_read(options, first, what, &text, err);
    if (r != CK_OK || text == NULL)
        return r;
    return ck_otpauth_parse_any(text, ret_otpauth, err);
}
