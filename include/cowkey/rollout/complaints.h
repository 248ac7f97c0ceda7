/* What is wrong with a file, line by line: all of it, so that one look is enough to repair it. */
#ifndef COWKEY_ROLLOUT_COMPLAINTS_H
#define COWKEY_ROLLOUT_COMPLAINTS_H

#include <stddef.h>

#include "cowkey/base/error.h"

enum {
    CK_COMPLAINTS_MAX = 1000,    /* that are kept; further ones are only counted */
    CK_COMPLAINT_TEXT_MAX = 512, /* bytes of one, with the terminating NUL */
};

struct ck_complaint {
    size_t line; /* from 1; 0: the file as a whole */
    char *text;  /* a clause, which may hold foreign text, never a password; owned */
};

/* {0} is none. */
struct ck_complaints {
    struct ck_complaint *rows; /* owned */
    size_t count;
    size_t more; /* that were not kept */
};
void ck_complaints_clear(struct ck_complaints *complaints);

/* Only the want of memory is an error. */
enum ck_err ck_complaints_add(struct ck_complaints *complaints, size_t line, struct ck_error *err,
                              const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Sorts by line; those of one line stay as they are. */
void ck_complaints_sort(struct ck_complaints *complaints);

/* All there were. */
size_t ck_complaints_total(const struct ck_complaints *complaints);

#endif
