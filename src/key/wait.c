/*
 * Waiting for a key. libfido2's calls block until the key answers, which can be as long as nobody
 * touches it. So each runs on a thread of its own, while this one waits for its end, a signal, or
 * the time-out; the latter two send the key a cancel, upon which the call ends by itself.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "cowkey/base/clock.h"
#include "internal.h"

/* Beyond a person's touch: how long libfido2 waits for a key that answers not even a cancel. */
enum { GRACE_MS = 2000 };

struct waiting {
    struct ck_key *key;
    int (*call)(struct ck_key *key, void *data);
    void *data;
    int fido_error;
    int ended; /* an eventfd */
};

static void *run(void *argument)
{
    struct waiting *waiting = argument;
    const uint64_t one = 1;

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
    int64_t until_ms = ck_clock_steady_ms() + settings->touch_timeout_ms;

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

enum ck_err wait_for_key(struct ck_key *key, int (*call)(struct ck_key *key, void *data),
                         void *data, int *ret_fido_error, struct ck_error *err)
{
    struct waiting waiting = {.key = key, .call = call, .data = data};
    sigset_t all, before;
    pthread_t thread;
    enum end end = ENDED;

    fido_dev_set_timeout(key->device, (int)key->settings->touch_timeout_ms + GRACE_MS);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    enum ck_err r = start(&waiting, &thread, err);
    if (r == CK_OK) {
        end = wait_for_end(&waiting, &before);
        if (end != ENDED)
            fido_dev_cancel(key->device);
        pthread_join(thread, NULL);
        close(waiting.ended);
    }
    fido_dev_set_timeout(key->device, ANSWER_TIMEOUT_MS);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r != CK_OK)
        return r;
    /* The key may have finished just before the cancel reached it: then it counts. */
    if (end == SIGNALLED && waiting.fido_error != FIDO_OK)
        return ck_error_set(err, CK_ERR_INTERRUPTED,
                            "interrupted while waiting for the security key");
    if (end == TIMED_OUT && waiting.fido_error != FIDO_OK) {
        ck_error_set(err, CK_ERR_KEY, "the security key was not touched in time");
        return ck_error_hint(err, "Start again, and touch it when it blinks.");
    }
    *ret_fido_error = waiting.fido_error;
    return CK_OK;
}
