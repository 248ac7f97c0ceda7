/*
 * How programs reach the key: connections to a SOCK_SEQPACKET socket, one report a packet (what a
 * hidraw node would be), or a device that the kernel makes of /dev/uhid. Beside it the control
 * socket, PATH.ctl, takes scripts while the key is in use.
 */
#ifndef SOFTKEY_SERVER_H
#define SOFTKEY_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct key;

enum {
    LINKS_MAX = 16,
    CONTROLS_MAX = 8,
    SCRIPT_SIZE_MAX = 64 * 1024,
};

struct link {
    int fd;      /* -1: free */
    unsigned id; /* never used twice */
};

struct server {
    const char *path;
    int listener; /* -1: the key is not plugged in, or uhid is used */
    int control_listener;
    bool use_uhid;
    int uhid;       /* -1: not plugged in, or not used */
    bool until_eof; /* ends with standard input */
    unsigned last_id;
    struct link links[LINKS_MAX];
    struct link controls[CONTROLS_MAX];
};

/* Opens the control socket; the key is not plugged in yet. */
void server_open(struct server *server, const char *path, bool use_uhid, bool until_eof);
/* Removes the sockets. */
void server_close(struct server *server);

/* Plugging in gives power. Both do nothing when it is so already. */
void server_plug(struct key *key);
void server_unplug(struct key *key);

/* Waits until something came, at most timeout_ms (-1: for ever), and deals with it. */
void server_step(struct key *key, int64_t timeout_ms);

/* To a link that may have gone meanwhile. */
void server_send(struct key *key, unsigned link, const uint8_t *report, size_t size);

#endif
