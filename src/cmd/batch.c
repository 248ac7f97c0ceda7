/*
 * The machinery of --batch: one thread reads, hands out pieces and writes; the others judge.
 *
 * A piece goes round: it is filled, queued, judged, written, and filled again. Pieces are numbered,
 * and piece n lies in slot n modulo the number of slots, so that the order is kept by itself. The
 * first thread waits in ppoll() only, and there signals come through.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "batch_internal.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/secret.h"
#include "interrupt.h"
#include "output.h"

/* --- reading --- */

/* The end of the piece's last line that it may have, and how many those are; 0 for none. */
static size_t count_lines(const struct piece *piece, bool is_last, size_t *ret_count)
{
    const char *at = piece->in, *end = piece->in + piece->in_size, *line_end;
    size_t count = 0;

    while (count < PIECE_LINES_MAX && at < end &&
           (line_end = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        at = line_end + 1;
        count++;
    }
    if (is_last && at < end && count < PIECE_LINES_MAX) {
        at = end;
        count++;
    }
    *ret_count = count;
    return (size_t)(at - piece->in);
}

static void queue(struct batch *batch, struct piece *piece, size_t lines)
{
    piece->first_line = batch->lines + 1;
    piece->counts = (struct counts){0};
    piece->is_cut = false;
    piece->out_size = piece->written = 0;
    batch->lines += lines;
    pthread_mutex_lock(&batch->lock);
    piece->state = PIECE_QUEUED;
    batch->next_queued++;
    pthread_cond_signal(&batch->queued);
    pthread_mutex_unlock(&batch->lock);
}

static bool is_free(const struct batch *batch, uint64_t number)
{
    return number - batch->next_written < batch->pieces_count;
}

/* Drops what belongs to a line that is too long; the rest of it may still come. */
static void skip_rest_of_line(struct batch *batch, struct piece *piece)
{
    char *line_end = memchr(piece->in, '\n', piece->in_size);
    size_t size = line_end != NULL ? (size_t)(line_end + 1 - piece->in) : piece->in_size;

    memmove(piece->in, piece->in + size, piece->in_size - size);
    piece->in_size -= size;
    batch->skips_line = line_end == NULL;
}

/*
 * Queues the lines that are complete; what is behind them moves on to the next piece. Needs that
 * one to be free. Returns whether it queued.
 */
static bool hand_out(struct batch *batch)
{
    struct piece *piece = batch_piece(batch, batch->next_queued);
    size_t lines;

    if (!is_free(batch, batch->next_queued + 1))
        return false;
    if (batch->skips_line)
        skip_rest_of_line(batch, piece);
    size_t size = count_lines(piece, batch->in_ended, &lines);
    struct piece *following = batch_piece(batch, batch->next_queued + 1);
    piece->is_too_long = lines == 0 && piece->in_size == PIECE_MAX;
    following->in_size = 0;
    if (piece->is_too_long) {
        batch->skips_line = true;
        size = piece->in_size;
        lines = 1;
    } else if (lines == 0) {
        return false;
    }
    following->in_size = piece->in_size - size;
    memcpy(following->in, piece->in + size, following->in_size);
    ck_secret_erase(piece->in + size, following->in_size);
    piece->lines_size = size;
    queue(batch, piece, lines);
    return true;
}

static enum ck_err read_more(struct batch *batch, struct ck_error *err)
{
    struct piece *piece = batch_piece(batch, batch->next_queued);
    size_t room = PIECE_MAX - piece->in_size;
    ssize_t got = read(batch->in_fd, piece->in + piece->in_size, room < READ_MAX ? room : READ_MAX);

    if (got < 0 && errno != EINTR && errno != EAGAIN)
        return ck_error_set(err, CK_ERR_UNCHANGED, "the lines can't be read on: %s",
                            strerror(errno));
    if (got == 0)
        batch->in_ended = true;
    if (got > 0)
        piece->in_size += (size_t)got;
    return CK_OK;
}

/* --- writing --- */

static enum ck_err cannot_write(struct ck_error *err)
{
    return ck_error_set(err, CK_ERR_UNCHANGED,
                        "the results could not be written to standard output: %s", strerror(errno));
}

/* One write of the next piece's results; a piece that is written is free again. */
static enum ck_err write_some(struct batch *batch, struct ck_error *err)
{
    struct piece *piece = batch_piece(batch, batch->next_written);
    size_t left = piece->out_size - piece->written;

    if (left > 0) {
        ssize_t put_out = write(batch->out_fd, piece->out + piece->written,
                                left < batch->out_piece ? left : batch->out_piece);
        if (put_out < 0)
            return errno == EINTR || errno == EAGAIN ? CK_OK : cannot_write(err);
        piece->written += (size_t)put_out;
    }
    if (piece->written < piece->out_size)
        return CK_OK;
    batch->counts.valid += piece->counts.valid;
    batch->counts.not_valid += piece->counts.not_valid;
    batch->counts.bad += piece->counts.bad;
    piece->state = PIECE_FREE;
    batch->next_written++;
    return CK_OK;
}

static bool has_judged(struct batch *batch, struct ck_error *err)
{
    pthread_mutex_lock(&batch->lock);
    bool has = batch->next_written < batch->next_queued &&
               batch_piece(batch, batch->next_written)->state == PIECE_JUDGED;
    *err = batch->failure;
    pthread_mutex_unlock(&batch->lock);
    return has;
}

/* --- the first thread --- */

/* Waits for what may go on; signals other than during ppoll() are blocked. */
static enum ck_err take_turn(struct batch *batch, bool can_read, bool can_write,
                             struct ck_error *err)
{
    struct pollfd fds[] = {{.fd = batch->event_fd, .events = POLLIN},
                           {.fd = can_read ? batch->in_fd : -1, .events = POLLIN},
                           {.fd = can_write ? batch->out_fd : -1, .events = POLLOUT}};
    uint64_t judged;
    sigset_t none;

    sigemptyset(&none);
    if (ppoll(fds, 3, NULL, &none) < 0)
        return errno == EINTR
                   ? CK_OK
                   : ck_error_set(err, CK_ERR_UNCHANGED, "waiting failed: %s", strerror(errno));
    if (fds[0].revents != 0 && read(batch->event_fd, &judged, sizeof(judged)) < 0)
        return CK_OK;
    if (fds[2].revents != 0 && write_some(batch, err) != CK_OK)
        return err->code;
    return fds[1].revents != 0 ? read_more(batch, err) : CK_OK;
}

static enum ck_err go_round(struct batch *batch, struct ck_error *err)
{
    for (;;) {
        if (interrupt_noted) {
            batch->is_interrupted = true;
            return CK_OK;
        }
        while (hand_out(batch))
            ;
        bool can_write = has_judged(batch, err);
        if (err->code != CK_OK)
            return err->code;
        if (batch->in_ended && batch->next_written == batch->next_queued)
            return CK_OK;
        bool can_read = !batch->in_ended && is_free(batch, batch->next_queued + 1);
        if (take_turn(batch, can_read, can_write, err) != CK_OK)
            return err->code;
    }
}

/*
 * After an interrupt: what was judged before it, as long as somebody takes it. Returns whether a
 * whole line was the last.
 */
static bool write_rest(struct batch *batch)
{
    struct pollfd out = {.fd = batch->out_fd, .events = POLLOUT};
    struct ck_error err;
    bool was_cut = false;

    while (!was_cut && has_judged(batch, &err) && err.code == CK_OK) {
        const struct piece *piece = batch_piece(batch, batch->next_written);
        uint64_t number = batch->next_written;
        if (poll(&out, 1, DRAIN_MS) != 1 || write_some(batch, &err) != CK_OK)
            return piece->written == 0;
        was_cut = piece->is_cut && batch->next_written > number;
    }
    return true;
}

static unsigned count_processors(void)
{
    cpu_set_t set;
    long count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set)
                                                              : sysconf(_SC_NPROCESSORS_ONLN);

    return count < 1 ? 1 : count > BATCH_WORKERS_MAX ? BATCH_WORKERS_MAX : (unsigned)count;
}

static enum ck_err run_threads(struct batch *batch, unsigned count, struct ck_error *err)
{
    pthread_t threads[BATCH_WORKERS_MAX];
    sigset_t all, before;
    unsigned started = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before); /* the workers inherit it */
    while (started < count && pthread_create(&threads[started], NULL, batch_work, batch) == 0)
        started++;
    if (started == 0)
        ck_error_set(err, CK_ERR_UNCHANGED, "no thread could be started");
    else
        go_round(batch, err);
    pthread_mutex_lock(&batch->lock);
    batch->is_over = true;
    pthread_cond_broadcast(&batch->queued);
    pthread_mutex_unlock(&batch->lock);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    if (batch->is_interrupted && !write_rest(batch))
        batch->is_cut = true;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return err->code;
}

/* --- from outside --- */

static void batch_clear(struct batch *batch)
{
    for (size_t i = 0; i < batch->pieces_count && batch->pieces != NULL; i++) {
        if (batch->pieces[i].in != NULL)
            ck_secret_erase(batch->pieces[i].in, PIECE_MAX);
        free(batch->pieces[i].in);
        free(batch->pieces[i].out);
    }
    free(batch->pieces);
    if (batch->event_fd >= 0)
        close(batch->event_fd);
    if (batch->in_fd > STDERR_FILENO)
        close(batch->in_fd);
    if (batch->out_fd > STDERR_FILENO)
        close(batch->out_fd);
}

static enum ck_err open_lines(struct batch *batch, const char *path, struct ck_error *err)
{
    batch->in_fd =
        strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (batch->in_fd < 0 && errno == EINTR && interrupt_noted) /* a pipe that nobody writes to */
        return ck_error_set(err, CK_ERR_INTERRUPTED, "interrupted");
    if (batch->in_fd < 0)
        return ck_error_set(err, CK_ERR_USAGE, "the batch file %.200s can't be opened: %s", path,
                            strerror(errno));
    struct stat status;
    if (fstat(batch->in_fd, &status) == 0 && S_ISDIR(status.st_mode))
        return ck_error_set(err, CK_ERR_USAGE, "the batch file %.200s is a directory", path);
    return CK_OK;
}

/*
 * Standard output, which others share, is opened once more so that only the writes here do not wait;
 * but not a file, which has its place to write at and never waits.
 */
static void open_output(struct batch *batch)
{
    struct stat status;

    batch->out_piece = SIZE_MAX;
    if (fstat(STDOUT_FILENO, &status) == 0 && S_ISREG(status.st_mode))
        return;
    int fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd >= 0)
        batch->out_fd = fd;
    else
        batch->out_piece = OUT_PIECE;
}

static enum ck_err prepare(struct batch *batch, unsigned workers, struct ck_error *err)
{
    size_t count = 2 * (size_t)workers + 2;

    batch->pieces = calloc(count, sizeof(*batch->pieces));
    if (batch->pieces == NULL)
        return ck_error_no_memory(err);
    batch->pieces_count = count;
    for (size_t i = 0; i < count; i++) {
        batch->pieces[i].in = malloc(PIECE_MAX);
        if (batch->pieces[i].in == NULL)
            return ck_error_no_memory(err);
    }
    batch->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return batch->event_fd >= 0
               ? CK_OK
               : ck_error_set(err, CK_ERR_UNCHANGED, "no event descriptor: %s", strerror(errno));
}

static void print_summary(const struct batch *batch)
{
    const struct counts *counts = &batch->counts;
    uint64_t lines = counts->valid + counts->not_valid + counts->bad;

    print_json(json_pack("{s:s, s:{s:I, s:I, s:I, s:I, s:b}}", "schema", batch->judge->schema,
                         "summary", "lines", (json_int_t)lines, "valid", (json_int_t)counts->valid,
                         "not_valid", (json_int_t)counts->not_valid, "bad", (json_int_t)counts->bad,
                         "interrupted", batch->is_interrupted));
}

int batch_run(const struct options *options, const char *path, const struct batch_judge *judge,
              const void *terms)
{
    CK_CLEANUP(batch_clear)
    struct batch batch = {.judge = judge,
                          .terms = terms,
                          .lock = PTHREAD_MUTEX_INITIALIZER,
                          .queued = PTHREAD_COND_INITIALIZER,
                          .event_fd = -1,
                          .in_fd = -1,
                          .out_fd = STDOUT_FILENO};
    struct ck_error err = {.code = CK_OK};
    unsigned workers = count_processors();

    open_output(&batch);
    if (open_lines(&batch, path, &err) != CK_OK || prepare(&batch, workers, &err) != CK_OK)
        return report_error(option_given(options, OPTION_JSON), &err);
    if (run_threads(&batch, workers, &err) != CK_OK) {
        say_always("cowkey: %s.", err.text);
        return (int)err.code;
    }
    if (batch.is_cut)
        return (int)CK_ERR_INTERRUPTED;
    print_summary(&batch);
    const struct counts *counts = &batch.counts;
    say(options, "%llu valid, %llu not valid, %llu bad%s.", (unsigned long long)counts->valid,
        (unsigned long long)counts->not_valid, (unsigned long long)counts->bad,
        batch.is_interrupted ? "; interrupted, the rest was not judged" : "");
    if (batch.is_interrupted)
        return (int)CK_ERR_INTERRUPTED;
    return counts->not_valid + counts->bad > 0 ? 1 : 0;
}
