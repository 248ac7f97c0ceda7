/*
 * An https server of a few lines, in a thread of the test: the path of a request says how it is
 * answered, and what was asked is kept.
 */
#ifndef COWKEY_TESTS_SERVER_H
#define COWKEY_TESTS_SERVER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

enum { SERVER_REQUESTS_MAX = 64 };

struct request {
    char line[256];  /* "POST /path" */
    char head[4096]; /* all lines */
    char body[1024];
    unsigned connection; /* which one it came on, from 1 */
};

/* status 0: no answer, the connection is closed; from 500 on it is closed after the answer. */
struct scripted {
    int status;
    const char *location; /* may be NULL */
    const char *body;     /* may be NULL */
};

struct server {
    int port;
    char cacert[64]; /* its self-signed certificate, for mail.example.test */
    unsigned connections;
    unsigned count;
    struct request requests[SERVER_REQUESTS_MAX];
    volatile sig_atomic_t cancel; /* raised by a request for /cancel */
    const struct scripted
        *script; /* when set: how the next requests are answered, whatever they ask */
};

struct server *server_start(void);
void server_stop(struct server *server);

/* How many requests with this line there were. */
unsigned server_count(const struct server *server, const char *line);

#endif
