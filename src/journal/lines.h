/* A journal file, line by line. */
#ifndef JOURNAL_LINES_H
#define JOURNAL_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "cowkey/journal/journal.h"

struct line {
    uint64_t number;  /* from 1 */
    const char *text; /* without its LF; NULL when it is longer than CK_JOURNAL_LINE_MAX */
    size_t size;
    char hash[CK_JOURNAL_HASH_SIZE + 1];
    bool is_ended; /* by an LF, which the hash covers */
};

struct lines;

/* See ck_journal_walk. What another process writes from now on does not belong to it. */
enum ck_err lines_open(const char *path, struct lines **ret_lines, struct ck_error *err);
void lines_close(struct lines **lines);

/* The next line, valid until the one after it; *ret_line is NULL behind the last. */
enum ck_err lines_next(struct lines *lines, const struct line **ret_line, struct ck_error *err);

#endif
