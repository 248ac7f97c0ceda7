/* Where a text comes from that is read piece by piece. */
#ifndef COWKEY_BASE_TEXT_SOURCE_H
#define COWKEY_BASE_TEXT_SOURCE_H

#include <stddef.h>

#include "cowkey/base/error.h"

struct ck_text_source {
    void *data;
    /* Reads up to room bytes, at least one; *ret_size is 0 at the end. */
    enum ck_err (*read)(void *data, char *to, size_t room, size_t *ret_size, struct ck_error *err);
};

/* A text that is at hand: what of it was not read yet; borrowed. */
struct ck_text_rest {
    const char *text;
    size_t size;
};
/* For a source, whose data is the rest. */
enum ck_err ck_text_rest_read(void *rest, char *to, size_t room, size_t *ret_size,
                              struct ck_error *err);

#endif
