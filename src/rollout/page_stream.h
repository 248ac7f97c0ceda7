/* A stream into a secret, for pages that hold some: nothing of them lies elsewhere. */
#ifndef ROLLOUT_PAGE_STREAM_H
#define ROLLOUT_PAGE_STREAM_H

#include <stdio.h>

#include "cowkey/base/secret.h"

struct page_stream {
    FILE *to;
    struct ck_secret *buffer; /* of to */
    struct ck_secret *text;
    struct ck_error error;
};

/* Keep it where it was opened, and clear it in any case. */
enum ck_err page_stream_open(struct page_stream *stream, struct ck_error *err);
/* The text so far, and the end of the stream. */
enum ck_err page_stream_finish(struct page_stream *stream, struct ck_secret **ret_text,
                               struct ck_error *err);
void page_stream_clear(struct page_stream *stream);

/* Writes a secret escaped for HTML. */
void page_put_secret(FILE *to, const struct ck_secret *secret);
/* The same in groups of four characters with spaces between. */
void page_put_groups(FILE *to, const struct ck_secret *secret);

#endif
