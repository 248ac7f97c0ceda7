/*
 * Slows all clients that have it down when the server asks for that (429, 503): nobody sends
 * anything during a pause, which doubles each time it did not help, and ends with the first answer
 * that is none of those two. Clients of several threads may share one.
 */
#ifndef COWKEY_MAILCOW_BRAKE_H
#define COWKEY_MAILCOW_BRAKE_H

#include <pthread.h>

#include "cowkey/mailcow/http.h"

enum {
    CK_BRAKE_TRIES_MAX = 10, /* of a request, where it is sent again */
    CK_BRAKE_PATIENCE_MS = 15 * 60 * 1000,
};

/* Milliseconds. What the server asks for (Retry-After) is honoured up to wish_max. */
struct ck_brake_pace {
    int64_t first, max, wish_max;
};
extern const struct ck_brake_pace ck_brake_usual; /* 1 s to 60 s; 600 s */

struct ck_brake {
    struct ck_http_brake http; /* for the settings of a client */
    struct ck_brake_pace pace;
    /* Told when a pause begins or gets longer, by whose exchange it was; may be NULL. */
    void (*tell_pause)(void *data, int64_t pause_ms);
    void *data;

    pthread_mutex_t lock; /* of all below */
    int64_t pause_ms;     /* of the latest pause; 0: the server took the last exchange */
    int64_t since_ms;     /* of the steady clock: when the first of these pauses began */
    bool given_up;        /* nothing is sent again, or waits, until the server takes something */
    int64_t until_ms;     /* of the steady clock: nobody sends before */
};

void ck_brake_init(struct ck_brake *brake, const struct ck_brake_pace *pace,
                   void (*tell_pause)(void *data, int64_t pause_ms), void *data);
void ck_brake_clear(struct ck_brake *brake); /* when no client uses it any more */

/*
 * From now on requests that the server did not take are sent again. It gives up when one was sent
 * CK_BRAKE_TRIES_MAX times, when the server wishes for a longer pause than is honoured, and when the
 * pauses in a row are going to take more than CK_BRAKE_PATIENCE_MS.
 */
void ck_brake_send_again(struct ck_brake *brake);

/* How often this thread was asked to slow down, by whatever brake. */
unsigned ck_brake_hits(void);

#endif
