/* The pieces of a batch, between the thread that hands them out and those that judge them. */
#ifndef CMD_BATCH_INTERNAL_H
#define CMD_BATCH_INTERNAL_H

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "batch.h"

enum {
    PIECE_MAX = BATCH_LINE_MAX + 1, /* bytes of input in a piece */
    PIECE_LINES_MAX = 2048,         /* and lines, since each has a result */
    READ_MAX = 64 * 1024, /* bytes at once: what is more than a piece's lines moves on each time */
    RESULT_MAX = BATCH_MORE_MAX + 2048,
    OUT_FIRST = 64 * 1024,
    OUT_PIECE = PIPE_BUF, /* what a pipe that is ready takes without waiting */
    DRAIN_MS = 1000,      /* how long a reader may take for more, after an interrupt */
};

enum piece_state { PIECE_FREE, PIECE_QUEUED, PIECE_JUDGED };

struct counts {
    uint64_t valid, not_valid, bad;
};

struct piece {
    enum piece_state state;
    char *in;
    size_t in_size;    /* what was read */
    size_t lines_size; /* of it, those of this piece's lines */
    uint64_t first_line;
    bool is_too_long; /* one line that was not kept */
    bool is_cut;      /* an interrupt came before the last line was judged */
    char *out;
    size_t out_size, out_capacity, written;
    struct counts counts;
};

struct batch {
    const struct batch_judge *judge;
    const void *terms;
    struct piece *pieces;
    size_t pieces_count;

    pthread_mutex_t lock;
    pthread_cond_t queued;
    uint64_t next_queued, next_judged, next_written; /* numbers of pieces */
    bool is_over;                                    /* workers leave */
    struct ck_error failure;                         /* ends the batch; code CK_OK for none */
    int event_fd;                                    /* a piece was judged */

    int in_fd;
    bool in_ended, skips_line, is_interrupted;
    int out_fd;
    size_t out_piece; /* bytes that it takes without waiting, or it waits for nobody */
    bool is_cut;      /* the output ends within a line */
    uint64_t lines;   /* that were handed out */
    struct counts counts;
};

/* The piece of that number. */
struct piece *batch_piece(const struct batch *batch, uint64_t number);

/* What a thread does that judges; data is the batch. */
void *batch_work(void *data);

#endif
