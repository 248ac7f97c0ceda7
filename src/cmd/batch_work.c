/* The threads of a batch that judge. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch_internal.h"
#include "cowkey/base/secret.h"
#include "interrupt.h"

static enum ck_err make_room(struct piece *piece, struct ck_error *err)
{
    if (piece->out_capacity - piece->out_size >= RESULT_MAX)
        return CK_OK;
    size_t capacity = 2 * piece->out_capacity + OUT_FIRST;
    char *out = realloc(piece->out, capacity);
    if (out == NULL)
        return ck_error_no_memory(err);
    piece->out = out;
    piece->out_capacity = capacity;
    return CK_OK;
}

static void append(struct piece *piece, const char *text, size_t size)
{
    memcpy(piece->out + piece->out_size, text, size);
    piece->out_size += size;
}

static void append_literal(struct piece *piece, const char *text)
{
    append(piece, text, strlen(text));
}

/* The members that every result starts with; those of the answer follow. */
static void write_result(const struct batch *batch, struct piece *piece, uint64_t line,
                         const struct batch_answer *answer)
{
    struct batch_answer number;

    number.more_size = 0;
    batch_put_number(&number, "line", (int64_t)line);
    append_literal(piece, "{\"schema\":\"");
    append_literal(piece, batch->judge->schema);
    append_literal(piece, "\"");
    append(piece, number.more, number.more_size);
    if (answer->reason == NULL) {
        append_literal(piece, ",\"valid\":true,\"reason\":null");
    } else {
        append_literal(piece, ",\"valid\":false,\"reason\":\"");
        append_literal(piece, answer->reason);
        append_literal(piece, "\"");
    }
    append(piece, answer->more, answer->more_size);
    append_literal(piece, "}\n");
}

static void write_bad(const struct batch *batch, struct piece *piece, uint64_t line,
                      const struct ck_error *err)
{
    struct batch_answer answer = {.reason = "unreadable"};

    batch_put_error(&answer, err);
    write_result(batch, piece, line, &answer);
    piece->counts.bad++;
}

static enum ck_err judge_line(const struct batch *batch, struct piece *piece, void *worker,
                              uint64_t number, char *line, size_t size, struct ck_error *err)
{
    struct batch_answer answer;

    answer.reason = NULL;
    answer.more_size = 0;
    if (make_room(piece, err) != CK_OK)
        return err->code;
    enum ck_err r = batch->judge->judge(worker, line, size, &answer, err);
    if (r == CK_ERR_USAGE) {
        write_bad(batch, piece, number, err);
        return CK_OK;
    }
    if (r != CK_OK)
        return r;
    write_result(batch, piece, number, &answer);
    (*(answer.reason == NULL ? &piece->counts.valid : &piece->counts.not_valid))++;
    return CK_OK;
}

static enum ck_err judge_piece(const struct batch *batch, struct piece *piece, void *worker,
                               struct ck_error *err)
{
    char *at = piece->in, *end = piece->in + piece->lines_size;
    uint64_t number = piece->first_line;

    if (piece->is_too_long) {
        if (make_room(piece, err) != CK_OK)
            return err->code;
        ck_error_set(err, CK_ERR_USAGE, "the line has more than %d bytes", BATCH_LINE_MAX);
        write_bad(batch, piece, number, err);
        return CK_OK;
    }
    for (; at < end; number++) {
        if (interrupt_noted) {
            piece->is_cut = true;
            break;
        }
        char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t size = (size_t)((line_end != NULL ? line_end : end) - at);
        if (judge_line(batch, piece, worker, number, at, size, err) != CK_OK)
            return err->code;
        at += size + 1;
    }
    return CK_OK;
}

struct piece *batch_piece(const struct batch *batch, uint64_t number)
{
    return &batch->pieces[number % batch->pieces_count];
}

static void notify(const struct batch *batch)
{
    const uint64_t one = 1;

    while (write(batch->event_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
}

/* The next piece to judge; NULL when there will be none. */
static struct piece *take_piece(struct batch *batch)
{
    struct piece *piece = NULL;

    pthread_mutex_lock(&batch->lock);
    while (!batch->is_over && batch->next_judged == batch->next_queued)
        pthread_cond_wait(&batch->queued, &batch->lock);
    if (!batch->is_over)
        piece = batch_piece(batch, batch->next_judged++);
    pthread_mutex_unlock(&batch->lock);
    return piece;
}

static void give_back(struct batch *batch, struct piece *piece, const struct ck_error *err)
{
    pthread_mutex_lock(&batch->lock);
    piece->state = PIECE_JUDGED;
    if (err->code != CK_OK && batch->failure.code == CK_OK)
        batch->failure = *err;
    pthread_mutex_unlock(&batch->lock);
    notify(batch);
}

void *batch_work(void *data)
{
    struct batch *batch = data;
    struct ck_error err = {.code = CK_OK};
    void *worker = batch->judge->worker_new(batch->terms);
    struct piece *piece;

    while ((piece = take_piece(batch)) != NULL) {
        err.code = CK_OK;
        if (worker == NULL)
            ck_error_no_memory(&err);
        else if (judge_piece(batch, piece, worker, &err) == CK_OK)
            err.code = CK_OK; /* a bad line has left its own there */
        ck_secret_erase(piece->in, piece->lines_size);
        give_back(batch, piece, &err);
    }
    if (worker != NULL)
        batch->judge->worker_free(worker);
    return NULL;
}
