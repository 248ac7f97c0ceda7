/*
 * A text that is read piece by piece: a window of it is at hand, line by line. Lines may be of any
 * length; one that is longer than WINDOW_LINE_MAX is given in part, and skipped.
 */
#ifndef ROLLOUT_TEXT_WINDOW_H
#define ROLLOUT_TEXT_WINDOW_H

#include <stdbool.h>
#include <stddef.h>

#include "cowkey/base/text_source.h"

enum {
    WINDOW_LINE_MAX = 16 * 1024,       /* bytes of a line that is given whole */
    WINDOW_SIZE = 4 * WINDOW_LINE_MAX, /* bytes that are held, where they are read */
};

struct text_window {
    const struct ck_text_source *source; /* NULL: text is all there is; borrowed */
    char *store;                         /* where it is read to; owned */
    const char *text;                    /* what is at hand */
    size_t size;
    bool ended; /* nothing follows what is at hand */
};

/* Reads source; or (NULL) text, of size bytes, which is borrowed. */
enum ck_err text_window_open(struct text_window *window, const struct ck_text_source *source,
                             const char *text, size_t size, struct ck_error *err);
void text_window_clear(struct text_window *window); /* what it held is erased */

/*
 * Sees to it that the line that begins at at is at hand, or more than WINDOW_LINE_MAX bytes of it.
 * What stands before keep may go: at and keep are then to be lowered by *ret_gone. at is no more
 * than two lines behind keep.
 */
enum ck_err text_window_fill(struct text_window *window, size_t keep, size_t at, size_t *ret_gone,
                             struct ck_error *err);

/*
 * Of the line that begins at at, with its end: the bytes that are at hand. *ret_whole: that is all
 * of it.
 */
size_t text_window_line(const struct text_window *window, size_t at, bool *ret_whole);

#endif
