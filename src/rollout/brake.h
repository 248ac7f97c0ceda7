/*
 * Slows all threads of a run down when the server asks for that (429, 503): nobody sends anything
 * during a pause, which doubles each time it did not help, and ends with the first answer that is
 * none of those two.
 */
#ifndef ROLLOUT_BRAKE_H
#define ROLLOUT_BRAKE_H

#include <pthread.h>

#include "cowkey/mailcow/http.h"

enum { BRAKE_TRIES_MAX = 10, BRAKE_PATIENCE_MS = 15 * 60 * 1000 };

/* Milliseconds. What the server asks for (Retry-After) is honoured up to wish_max. */
struct brake_pace {
    int64_t first, max, wish_max;
};
extern const struct brake_pace brake_usual; /* 1 s to 60 s; 600 s */

struct brake {
    struct ck_http_brake http; /* for the settings of a client */
    struct brake_pace pace;
    /* Told when a pause begins or gets longer, by whose exchange it was; may be NULL. */
    void (*tell_pause)(void *data, int64_t pause_ms);
    void *data;

    pthread_mutex_t lock; /* of all below */
    int64_t pause_ms;     /* of the latest pause; 0: the server took the last exchange */
    int64_t since_ms;     /* of the steady clock: when the first of these pauses began */
    bool given_up;        /* nothing is sent again, or waits, until the server takes something */
    int64_t until_ms;     /* of the steady clock: nobody sends before */
};

void brake_init(struct brake *brake, const struct brake_pace *pace,
                void (*tell_pause)(void *data, int64_t pause_ms), void *data);
void brake_clear(struct brake *brake); /* when no client uses it any more */

/* How long from now on nobody may send; 0: not at all. */
int64_t brake_left_ms(struct brake *brake);

/*
 * From now on requests that the server did not take are sent again. It gives up when one was sent
 * BRAKE_TRIES_MAX times, when the server wishes for a longer pause than is honoured, and when the
 * pauses in a row are going to take more than BRAKE_PATIENCE_MS.
 */
void brake_send_again(struct brake *brake);

/* How often this thread was asked to slow down, by whatever brake. */
unsigned brake_hits(void);

#endif
