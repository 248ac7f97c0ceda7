/* Reading files on ordinary memory. */
#include "document.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cowkey/base/cleanup.h"
#include "interrupt.h"

enum { FIRST_READ = 8192 };

const char *document_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

enum ck_err error_at(struct ck_error *err, const char *place)
{
    char hint[CK_ERROR_HINT_MAX];

    if (err->code != CK_ERR_USAGE)
        return err->code;
    strcpy(hint, err->hint);
    ck_error_set(err, err->code, "%.300s: %s", place, err->text);
    return ck_error_hint(err, "%s", hint);
}

static enum ck_err cannot_read(const char *path, struct ck_error *err)
{
    if (errno == EINTR && interrupt_noted)
        return ck_error_set(err, CK_ERR_INTERRUPTED, "interrupted");
    return ck_error_set(err, CK_ERR_USAGE, "%.300s can't be read: %s", document_name(path),
                        strerror(errno));
}

/* Reads to the end, or one byte more than size_max. */
static enum ck_err read_all(int fd, const char *path, size_t size_max, char **text, size_t *size,
                            struct ck_error *err)
{
    size_t capacity = 0;

    for (;;) {
        if (*size + 1 >= capacity) {
            capacity = capacity == 0 ? FIRST_READ : 2 * capacity;
            char *grown = realloc(*text, capacity);
            if (grown == NULL)
                return ck_error_no_memory(err);
            *text = grown;
        }
        ssize_t got = read(fd, *text + *size, capacity - 1 - *size);
        if (got < 0 && (errno != EINTR || interrupt_noted))
            return cannot_read(path, err);
        if (got == 0)
            break;
        *size += got > 0 ? (size_t)got : 0;
        if (*size > size_max)
            return ck_error_set(err, CK_ERR_USAGE, "%.300s has more than %zu bytes",
                                document_name(path), size_max);
    }
    (*text)[*size] = '\0';
    return CK_OK;
}

enum ck_err document_read(const char *path, size_t size_max, char **ret_text, size_t *ret_size,
                          struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *text = NULL;
    size_t size = 0;
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0)
        return cannot_read(path, err);
    enum ck_err r = read_all(fd, path, size_max, &text, &size, err);
    if (fd != STDIN_FILENO)
        close(fd);
    if (r != CK_OK)
        return r;
    *ret_text = CK_TAKE(text);
    *ret_size = size;
    return CK_OK;
}
