/*
 * Waiting for a key. libfido2's calls block until the key answers, which can be as long as nobody
 * touches it, or for ever. So each runs on a thread of its own, while this one waits for its end,
 * a signal, or the time-out; the latter two send the key a cancel, upon which the call ends by
 * itself. A key that heeds no cancel, and U2F knows none, is left: a signal to the thread ends
 * libfido2's wait for its answer.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "cowkey/base/clock.h"
#include "internal.h"

enum {
    ANSWER_MS = 5 * 1000, /* for what a key does without a person */
    GRACE_MS = 2000,      /* how much longer libfido2 itself waits */
    CANCEL_MS = 1000,     /* for a key to heed a cancel */
    NUDGE_MS = 20,        /* between two signals to the thread, which may be busy with something */
    NUDGE = SIGURG,       /* nobody else sends it */
};

struct waiting {
    struct ck_key *key;
    int (*call)(struct ck_key *key, void *data);
    void *data;
    int64_t time_ms;
    int fido_error;
    int ended; /* an eventfd */
};

static void *run(void *argument)
{
    struct waiting *waiting = argument;
    const uint64_t one = 1;
    sigset_t nudge;

    sigemptyset(&nudge);
    sigaddset(&nudge, NUDGE);
    pthread_sigmask(SIG_UNBLOCK, &nudge, NULL);
    waiting->fido_error = waiting->call(waiting->key, waiting->data);
    while (write(waiting->ended, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
    return NULL;
}

enum end { ENDED, SIGNALLED, TIMED_OUT };

/* Signals are blocked but in the poll, so that none slips in between it and the look at *cancel. */
static enum end wait_for_end(const struct waiting *waiting, const sigset_t *unblocked)
{
    const struct ck_key_settings *settings = waiting->key->settings;
    struct pollfd end = {.fd = waiting->ended, .events = POLLIN};
    int64_t until_ms = ck_clock_steady_ms() + waiting->time_ms;

    for (;;) {
        int64_t left_ms = until_ms - ck_clock_steady_ms();
        if (settings->cancel != NULL && *settings->cancel)
            return SIGNALLED;
        if (left_ms <= 0)
            return TIMED_OUT;
        struct timespec left = {.tv_sec = left_ms / 1000, .tv_nsec = left_ms % 1000 * 1000000};
        if (ppoll(&end, 1, &left, unblocked) > 0)
            return ENDED;
    }
}

static void ignore(int signal_number)
{
    (void)signal_number;
}

/* Ends a call that was told to stop; false when it had to be torn from the key. */
static bool stop(const struct waiting *waiting, pthread_t thread)
{
    const struct sigaction nudged = {.sa_handler = ignore}; /* without SA_RESTART */
    struct pollfd end = {.fd = waiting->ended, .events = POLLIN};
    struct sigaction before;
    int64_t until_ms = ck_clock_steady_ms() + CANCEL_MS;

    fido_dev_cancel(waiting->key->device);
    for (int64_t left_ms = CANCEL_MS; left_ms > 0; left_ms = until_ms - ck_clock_steady_ms()) {
        if (poll(&end, 1, (int)left_ms) > 0)
            return true;
    }
    sigaction(NUDGE, &nudged, &before);
    do
        pthread_kill(thread, NUDGE);
    while (poll(&end, 1, NUDGE_MS) <= 0);
    /* Only now: a signal that is still on its way would find the handler gone. */
    pthread_join(thread, NULL);
    sigaction(NUDGE, &before, NULL);
    return false;
}

static enum ck_err not_in_time(const struct ck_key *key, enum wait wait, struct ck_error *err)
{
    if (wait == WAIT_FOR_ANSWER)
        return key_translate(key, FIDO_ERR_TIMEOUT, err);
    ck_error_set(err, CK_ERR_KEY, "the security key was not touched in time");
    return ck_error_hint(err, "Start again, and touch it when it blinks.");
}

static enum ck_err start(struct waiting *waiting, pthread_t *ret_thread, struct ck_error *err)
{
    waiting->ended = eventfd(0, EFD_CLOEXEC);
    if (waiting->ended < 0)
        return ck_error_no_memory(err);
    /* The thread inherits the blocked signals, so that they come to the one that waits. */
    if (pthread_create(ret_thread, NULL, run, waiting) != 0) {
        close(waiting->ended);
        return ck_error_no_memory(err);
    }
    return CK_OK;
}

enum ck_err key_wait(struct ck_key *key, enum wait wait,
                     int (*call)(struct ck_key *key, void *data), void *data, int *ret_fido_error,
                     struct ck_error *err)
{
    struct waiting waiting = {.key = key, .call = call, .data = data};
    sigset_t all, before;
    pthread_t thread;
    enum end end = ENDED;
    bool finished = true;

    waiting.time_ms = key->settings->touch_timeout_ms;
    if (wait == WAIT_FOR_ANSWER && waiting.time_ms > ANSWER_MS)
        waiting.time_ms = ANSWER_MS;
    fido_dev_set_timeout(key->device, (int)waiting.time_ms + GRACE_MS);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    enum ck_err r = start(&waiting, &thread, err);
    if (r == CK_OK) {
        end = wait_for_end(&waiting, &before);
        finished = end == ENDED || stop(&waiting, thread);
        if (finished)
            pthread_join(thread, NULL);
        close(waiting.ended);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r != CK_OK)
        return r;
    /* The key may have finished just before the cancel reached it: then it counts. */
    bool counts = finished && waiting.fido_error == FIDO_OK;
    if (end == SIGNALLED && !counts)
        return ck_error_set(err, CK_ERR_INTERRUPTED,
                            "interrupted while waiting for the security key");
    if (end == TIMED_OUT && !counts)
        return not_in_time(key, wait, err);
    *ret_fido_error = waiting.fido_error;
    return CK_OK;
}
