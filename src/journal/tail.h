/* The end of a journal, to which the next line is chained. */
#ifndef JOURNAL_TAIL_H
#define JOURNAL_TAIL_H

#include <stdbool.h>

#include "cowkey/journal/journal.h"

enum {
    TAIL_WINDOW = 8 * CK_JOURNAL_LINE_MAX, /* bytes that are searched for the last entry */
};

/* What the next line has to say. */
struct tail {
    uint64_t n;
    char prev[CK_JOURNAL_HASH_SIZE + 1];
    bool needs_line_end; /* what is there ends without an LF */
    bool after_torn;
};

/*
 * Reads backwards from the end of the file; needs the lock. window: TAIL_WINDOW bytes to use. When
 * they hold no entry, and the file is larger, it is CK_ERR_UNCHANGED.
 */
enum ck_err tail_read(int fd, const char *path, char *window, struct tail *ret_tail,
                      struct ck_error *err);

#endif
