/* A stream whose buffer and whose file is a secret. */
#include "page_stream.h"

#include <string.h>

#include "cowkey/base/cleanup.h"

enum { BUFFER_SIZE = 4096, GROUP = 4 };

static ssize_t append(void *data, const char *bytes, size_t size)
{
    struct page_stream *stream = data;

    return ck_secret_append(&stream->text, bytes, size, &stream->error) == CK_OK ? (ssize_t)size
                                                                                 : 0;
}

enum ck_err page_stream_open(struct page_stream *stream, struct ck_error *err)
{
    static const cookie_io_functions_t functions = {.write = append};

    *stream = (struct page_stream){.error = {.code = CK_OK}};
    enum ck_err r = ck_secret_new(NULL, BUFFER_SIZE, &stream->buffer, err);
    if (r == CK_OK)
        r = ck_secret_new("", 0, &stream->text, err);
    if (r == CK_OK)
        stream->to = fopencookie(stream, "w", functions);
    if (r == CK_OK && stream->to == NULL)
        r = ck_error_no_memory(err);
    if (r == CK_OK)
        setvbuf(stream->to, ck_secret_bytes(stream->buffer), _IOFBF, BUFFER_SIZE);
    return r;
}

enum ck_err page_stream_finish(struct page_stream *stream, struct ck_secret **ret_text,
                               struct ck_error *err)
{
    FILE *to = CK_TAKE(stream->to);
    bool failed = ferror(to) != 0;

    failed |= fclose(to) != 0;
    if (stream->error.code != CK_OK) {
        *err = stream->error;
        return err->code;
    }
    if (failed)
        return ck_error_no_memory(err);
    *ret_text = CK_TAKE(stream->text);
    return CK_OK;
}

void page_stream_clear(struct page_stream *stream)
{
    if (stream->to != NULL)
        fclose(stream->to);
    stream->to = NULL;
    ck_secret_free(&stream->buffer);
    ck_secret_free(&stream->text);
}

/* Character by character: no copy is made that would have to be erased. */
static void put_character(FILE *to, char c)
{
    switch (c) {
    case '&':
        fputs("&amp;", to);
        break;
    case '<':
        fputs("&lt;", to);
        break;
    case '>':
        fputs("&gt;", to);
        break;
    case '"':
        fputs("&quot;", to);
        break;
    case '\'':
        fputs("&#39;", to);
        break;
    default:
        fputc(c, to);
    }
}

void page_put_secret(FILE *to, const struct ck_secret *secret)
{
    for (size_t i = 0; i < ck_secret_size(secret); i++)
        put_character(to, ck_secret_bytes(secret)[i]);
}

void page_put_groups(FILE *to, const struct ck_secret *secret)
{
    for (size_t i = 0; i < ck_secret_size(secret); i++) {
        if (i > 0 && i % GROUP == 0)
            fputc(' ', to);
        put_character(to, ck_secret_bytes(secret)[i]);
    }
}
