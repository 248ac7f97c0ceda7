/*
 * Judging many lines at once: JSON lines in, one JSON line of result for each in the same order,
 * then a summary line. What a line means is the judge's; reading, threads, order and writing are
 * here.
 *
 * The lines are judged by as many threads as the process may use processors. Memory does not grow
 * with the input: a ring of pieces of bounded size goes round between the thread that reads and
 * writes and those that judge. What was read is erased once it is judged.
 */
#ifndef CMD_BATCH_H
#define CMD_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cowkey/base/error.h"
#include "options.h"

enum {
    BATCH_LINE_MAX = 256 * 1024, /* bytes of a line, without its end; a longer one is bad */
    BATCH_MORE_MAX = 4096,       /* bytes of the members that a judge adds to a result */
    BATCH_WORKERS_MAX = 64,
};

/*
 * What a judge says of one line. reason is NULL when it is valid, else a static plain word
 * ("signature").
 * more: JSON members that follow, each with a comma before it (the batch_put_* functions); a member
 * that does not fit is left out.
 */
struct batch_answer {
    const char *reason;
    char more[BATCH_MORE_MAX];
    size_t more_size;
};

/* key is a plain word. text: what is not plain ASCII in it is escaped; NULL becomes null. */
void batch_put_text(struct batch_answer *answer, const char *key, const char *text);
void batch_put_number(struct batch_answer *answer, const char *key, int64_t number);
void batch_put_bool(struct batch_answer *answer, const char *key, bool value);
void batch_put_null(struct batch_answer *answer, const char *key);
void batch_put_error(struct batch_answer *answer, const struct ck_error *err);

/*
 * The callbacks are called by several threads at once, each with a worker of its own; terms is
 * shared and only read.
 */
struct batch_judge {
    const char *schema; /* "cowkey.verify/1": plain, as it stands in JSON */

    /* What one thread keeps between lines; NULL when memory is short. */
    void *(*worker_new)(const void *terms);
    void (*worker_free)(void *worker);

    /*
     * Judges one line of size bytes, without its end and not terminated; it may be written to.
     * CK_ERR_USAGE: the line can't be read, err says where and why, and the next ones are judged
     * all the same; any other error ends the batch.
     */
    enum ck_err (*judge)(void *worker, char *line, size_t size, struct batch_answer *answer,
                         struct ck_error *err);
};

/*
 * Judges the lines of the file path, "-" for standard input, and prints the results. Returns the
 * exit status: 0 when every line is valid (also when there is none), 1 when some are not or are
 * bad, 2 when the file can't be opened, 3 when reading, writing or memory failed on the way, 130
 * when interrupted: the results so far and the summary are printed then, too.
 *
 * A result: {"schema":...,"line":N,"valid":BOOL,"reason":TEXT|null, then more}; of a bad
 * line valid is false, reason is "unreadable" and "error":{"status":2,"error":TEXT,"hint":TEXT}
 * says why. The summary: {"schema":...,"summary":
 * {"lines":N,"valid":N,"not_valid":N,"bad":N,"interrupted":BOOL}}.
 */
int batch_run(const struct options *options, const char *path, const struct batch_judge *judge,
              const void *terms);

#endif
