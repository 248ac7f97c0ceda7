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

/* --- piece by piece --- */

enum ck_err document_open(struct document *document, const char *path, struct ck_error *err)
{
    document->path = path;
    document->fd =
        strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    return document->fd >= 0 ? CK_OK : cannot_read(path, err);
}

void document_close(struct document *document)
{
    if (document->fd >= 0 && document->fd != STDIN_FILENO)
        close(document->fd);
    document->fd = -1;
}

enum ck_err document_read_some(void *data, char *to, size_t room, size_t *ret_size,
                               struct ck_error *err)
{
    const struct document *document = data;
    ssize_t got;

    do
        got = read(document->fd, to, room);
    while (got < 0 && errno == EINTR && !interrupt_noted);
    if (got < 0)
        return cannot_read(document->path, err);
    *ret_size = (size_t)got;
    return CK_OK;
}

/* --- whole --- */

/* Reads to the end, or one byte more than size_max. */
static enum ck_err read_all(struct document *document, size_t size_max, char **text, size_t *size,
                            struct ck_error *err)
{
    size_t capacity = 0, got = 1;

    while (got > 0) {
        if (*size + 1 >= capacity) {
            capacity = capacity == 0 ? FIRST_READ : 2 * capacity;
            char *grown = realloc(*text, capacity);
            if (grown == NULL)
                return ck_error_no_memory(err);
            *text = grown;
        }
        if (document_read_some(document, *text + *size, capacity - 1 - *size, &got, err) != CK_OK)
            return err->code;
        *size += got;
        if (*size > size_max)
            return ck_error_set(err, CK_ERR_USAGE, "%.300s has more than %zu bytes",
                                document_name(document->path), size_max);
    }
    (*text)[*size] = '\0';
    return CK_OK;
}

enum ck_err document_read(const char *path, size_t size_max, char **ret_text, size_t *ret_size,
                          struct ck_error *err)
{
    CK_CLEANUP(document_close) struct document document = {.fd = -1};
    CK_CLEANUP(ck_free_p) char *text = NULL;
    size_t size = 0;
    enum ck_err r = document_open(&document, path, err);

    if (r == CK_OK)
        r = read_all(&document, size_max, &text, &size, err);
    if (r != CK_OK)
        return r;
    *ret_text = CK_TAKE(text);
    *ret_size = size;
    return CK_OK;
}
