/* One pause for all threads. */
#include "cowkey/mailcow/brake.h"

#include <time.h>

#include "cowkey/base/clock.h"

enum {
    FAILURES = 500, /* from here on: it is in no state to take more */
    LOOK_MS = 200,  /* how often it is looked for an interruption: its signal may wake another */
};

const struct ck_brake_pace ck_brake_usual = {.first = 1000, .max = 60000, .wish_max = 600000};

static _Thread_local unsigned hits;

unsigned ck_brake_hits(void)
{
    return hits;
}

/* Until then, or a signal. */
static void sleep_until(int64_t when_ms)
{
    const struct timespec when = {.tv_sec = when_ms / 1000,
                                  .tv_nsec = (long)(when_ms % 1000) * 1000000};

    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL);
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t read_until_ms(struct ck_brake *brake)
{
    pthread_mutex_lock(&brake->lock);
    int64_t until_ms = brake->until_ms;
    pthread_mutex_unlock(&brake->lock);
    return until_ms;
}

static void before(void *data, const volatile sig_atomic_t *cancel)
{
    struct ck_brake *brake = data;

    while (cancel == NULL || !*cancel) {
        int64_t now_ms = ck_clock_steady_ms(), until_ms = read_until_ms(brake);
        if (now_ms >= until_ms)
            return;
        sleep_until(smaller(until_ms, now_ms + LOOK_MS));
    }
}

/* With the lock held. One that has nothing sent again leaves that to those who use it. */
static void give_up(struct ck_brake *brake)
{
    if (brake->http.again == NULL)
        return;
    brake->given_up = true;
    brake->until_ms = 0;
}

/* With the lock held. Returns the new pause's length when it is one, or got longer; else 0. */
static int64_t slow_down(struct ck_brake *brake, int64_t wish_ms)
{
    const struct ck_brake_pace *pace = &brake->pace;
    int64_t now_ms = ck_clock_steady_ms(), length_ms = smaller(wish_ms, pace->wish_max);

    /* Exchanges that were under way when the pause began say nothing of whether it helped. */
    if (now_ms >= brake->until_ms) {
        bool again = brake->pause_ms > 0;
        if (!again)
            brake->since_ms = now_ms;
        brake->pause_ms = again ? smaller(2 * brake->pause_ms, pace->max) : pace->first;
        if (length_ms < brake->pause_ms)
            length_ms = brake->pause_ms;
    }
    if (wish_ms > pace->wish_max || now_ms + length_ms - brake->since_ms > CK_BRAKE_PATIENCE_MS)
        give_up(brake);
    if (brake->given_up || now_ms + length_ms <= brake->until_ms)
        return 0;
    brake->until_ms = now_ms + length_ms;
    return length_ms;
}

static void after(void *data, int status, int64_t retry_after_s)
{
    struct ck_brake *brake = data;
    int64_t pause_ms = 0;

    pthread_mutex_lock(&brake->lock);
    if (status == CK_HTTP_TOO_MANY || status == CK_HTTP_UNAVAILABLE) {
        hits++;
        pause_ms = slow_down(brake, retry_after_s * 1000);
    } else if (status > 0 && status < FAILURES && ck_clock_steady_ms() >= brake->until_ms) {
        brake->pause_ms = 0;
        brake->given_up = false;
    }
    pthread_mutex_unlock(&brake->lock);
    if (pause_ms > 0 && brake->tell_pause != NULL)
        brake->tell_pause(brake->data, pause_ms);
}

static bool again(void *data, unsigned tries, int64_t pause_max_ms,
                  const volatile sig_atomic_t *cancel)
{
    struct ck_brake *brake = data;

    pthread_mutex_lock(&brake->lock);
    if (tries >= CK_BRAKE_TRIES_MAX)
        give_up(brake);
    int64_t left_ms = brake->until_ms - ck_clock_steady_ms();
    bool given_up = brake->given_up;
    pthread_mutex_unlock(&brake->lock);
    return !given_up && left_ms <= pause_max_ms && (cancel == NULL || !*cancel);
}

void ck_brake_send_again(struct ck_brake *brake)
{
    brake->http.again = again;
}

void ck_brake_init(struct ck_brake *brake, const struct ck_brake_pace *pace,
                   void (*tell_pause)(void *data, int64_t pause_ms), void *data)
{
    *brake = (struct ck_brake){
        .http = {.data = brake, .before = before, .after = after},
        .pace = *pace,
        .tell_pause = tell_pause,
        .data = data,
    };
    pthread_mutex_init(&brake->lock, NULL);
}

void ck_brake_clear(struct ck_brake *brake)
{
    pthread_mutex_destroy(&brake->lock);
}
