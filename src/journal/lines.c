/* Reading lines in memory that does not depend on their length. */
#include "lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cowkey/base/cleanup.h"
#include "digest.h"
#include "file.h"

enum { CHUNK_SIZE = 64 * 1024 };

struct lines {
    char *path; /* for error texts */
    int fd;
    off_t left; /* bytes that are not read yet */
    struct digest *digest;
    struct line line;
    char text[CK_JOURNAL_LINE_MAX];
    char chunk[CHUNK_SIZE];
    size_t at, size; /* in chunk */
};

static enum ck_err cannot_read(const char *path, struct ck_error *err)
{
    bool is_missing = errno == ENOENT;

    ck_error_set(err, CK_ERR_USAGE, "the journal '%.200s' can't be read: %m", path);
    return is_missing ? ck_error_hint(err, "The first change for somebody else makes it. If it is "
                                           "in another place, name that with --journal.")
                      : ck_error_hint(err, "Make it readable for you, or name another one with "
                                           "--journal.");
}

void lines_close(struct lines **lines)
{
    if (*lines == NULL)
        return;
    file_close(&(*lines)->fd);
    digest_free(&(*lines)->digest);
    free((*lines)->path);
    free(*lines);
    *lines = NULL;
}

/* How long the file is while nobody writes, so that no half of a line is seen. */
static enum ck_err find_size(struct lines *lines, struct ck_error *err)
{
    struct stat status;

    if (fstat(lines->fd, &status) != 0)
        return cannot_read(lines->path, err);
    if (!S_ISREG(status.st_mode)) {
        ck_error_set(err, CK_ERR_USAGE, "the journal '%.200s' is no file", lines->path);
        return ck_error_hint(err, "Name another one with --journal.");
    }
    if (file_lock(lines->fd, LOCK_SH, lines->path, err) != CK_OK)
        return err->code;
    int rc = fstat(lines->fd, &status);
    file_unlock(lines->fd);
    lines->left = status.st_size;
    return rc == 0 ? CK_OK : cannot_read(lines->path, err);
}

enum ck_err lines_open(const char *path, struct lines **ret_lines, struct ck_error *err)
{
    CK_CLEANUP(lines_close) struct lines *lines = calloc(1, sizeof(*lines));

    if (lines == NULL)
        return ck_error_no_memory(err);
    lines->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (lines->fd < 0)
        return cannot_read(path, err);
    lines->path = strdup(path);
    lines->digest = digest_new();
    if (lines->path == NULL || lines->digest == NULL)
        return ck_error_no_memory(err);
    if (find_size(lines, err) != CK_OK)
        return err->code;
    *ret_lines = CK_TAKE(lines);
    return CK_OK;
}

/* Fills the chunk; at the end it stays empty. */
static enum ck_err read_chunk(struct lines *lines, struct ck_error *err)
{
    size_t size = lines->left < CHUNK_SIZE ? (size_t)lines->left : CHUNK_SIZE;
    ssize_t got;

    do
        got = read(lines->fd, lines->chunk, size);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return cannot_read(lines->path, err);
    lines->left = got == 0 ? 0 : lines->left - got;
    lines->at = 0;
    lines->size = (size_t)got;
    return CK_OK;
}

static void keep(struct lines *lines, const char *part, size_t size)
{
    struct line *line = &lines->line;

    /* A line and its LF have to fit. */
    if (line->text == NULL || size >= CK_JOURNAL_LINE_MAX - line->size) {
        line->text = NULL;
        return;
    }
    memcpy(lines->text + line->size, part, size);
    line->size += size;
}

/* What the chunk has of the line. */
static enum ck_err take_part(struct lines *lines, struct ck_error *err)
{
    const char *part = lines->chunk + lines->at;
    const char *line_end = memchr(part, '\n', lines->size - lines->at);
    size_t size = line_end != NULL ? (size_t)(line_end - part) : lines->size - lines->at;

    lines->line.is_ended = line_end != NULL;
    lines->at += size + (line_end != NULL);
    keep(lines, part, size);
    return digest_add(lines->digest, part, size + (line_end != NULL), err);
}

enum ck_err lines_next(struct lines *lines, const struct line **ret_line, struct ck_error *err)
{
    bool is_line = false;

    lines->line = (struct line){.number = lines->line.number + 1, .text = lines->text};
    while (!lines->line.is_ended) {
        if (lines->at == lines->size && read_chunk(lines, err) != CK_OK)
            return err->code;
        if (lines->at == lines->size)
            break;
        is_line = true;
        if (take_part(lines, err) != CK_OK)
            return err->code;
    }
    if (is_line && digest_end(lines->digest, lines->line.hash, err) != CK_OK)
        return err->code;
    *ret_line = is_line ? &lines->line : NULL;
    return CK_OK;
}
