#include "server.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"
#include "key.h"
#include "must.h"
#include "uhid.h"

enum {
    UHID_LINK = 0,
    FDS_MAX = 4 + LINKS_MAX + CONTROLS_MAX,
};

/* --- sockets --- */

static struct sockaddr_un address_of(const char *path, const char *suffix)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int size = snprintf(address.sun_path, sizeof(address.sun_path), "%s%s", path, suffix);

    if (size < 0 || (size_t)size >= sizeof(address.sun_path)) {
        fprintf(stderr, "softkey: the path '%s' is too long for a socket\n", path);
        exit(2);
    }
    return address;
}

static int listen_at(const char *path, const char *suffix)
{
    struct sockaddr_un address = address_of(path, suffix);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    unlink(address.sun_path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fd, LINKS_MAX) != 0) {
        perror(address.sun_path);
        exit(2);
    }
    return fd;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void server_open(struct server *server, const char *path, bool use_uhid, bool until_eof)
{
    *server = (struct server){
        .path = path,
        .listener = -1,
        .control_listener = listen_at(path, ".ctl"),
        .use_uhid = use_uhid,
        .uhid = -1,
        .until_eof = until_eof,
        .last_id = UHID_LINK,
    };
    for (size_t i = 0; i < LINKS_MAX; i++)
        server->links[i].fd = -1;
    for (size_t i = 0; i < CONTROLS_MAX; i++)
        server->controls[i].fd = -1;
}

void server_close(struct server *server)
{
    unlink(address_of(server->path, "").sun_path);
    unlink(address_of(server->path, ".ctl").sun_path);
    if (server->uhid >= 0)
        uhid_destroy(&server->uhid);
}

/* --- the plug --- */

void server_plug(struct key *key)
{
    struct server *server = &key->server;

    if (server->listener >= 0 || server->uhid >= 0)
        return;
    ctap_power_on(key);
    if (server->use_uhid)
        server->uhid = uhid_create("Softkey");
    else
        server->listener = listen_at(server->path, "");
}

void server_unplug(struct key *key)
{
    struct server *server = &key->server;

    if (server->uhid >= 0)
        uhid_destroy(&server->uhid);
    if (server->listener >= 0)
        unlink(address_of(server->path, "").sun_path);
    close_fd(&server->listener);
    for (size_t i = 0; i < LINKS_MAX; i++)
        close_fd(&server->links[i].fd);
    key->hid.aborted = true;
}

/* --- reports --- */

void server_send(struct key *key, unsigned link, const uint8_t *report, size_t size)
{
    struct server *server = &key->server;

    if (link == UHID_LINK && server->uhid >= 0)
        uhid_send(server->uhid, report, size);
    for (size_t i = 0; i < LINKS_MAX; i++) {
        if (server->links[i].fd >= 0 && server->links[i].id == link)
            send(server->links[i].fd, report, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

static void accept_into(struct server *server, int listener, struct link *links, size_t count)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0)
        return;
    for (size_t i = 0; i < count; i++) {
        if (links[i].fd >= 0)
            continue;
        links[i] = (struct link){fd, ++server->last_id};
        return;
    }
    close(fd);
}

static void serve_link(struct key *key, struct link *link)
{
    uint8_t report[REPORT_SIZE + 1];
    ssize_t size = recv(link->fd, report, sizeof(report), MSG_DONTWAIT);

    if (size == REPORT_SIZE)
        hid_receive(key, link->id, report);
    else if (size <= 0)
        close_fd(&link->fd);
}

static void serve_uhid(struct key *key)
{
    uint8_t report[REPORT_SIZE];

    if (uhid_receive(key->server.uhid, report))
        hid_receive(key, UHID_LINK, report);
}

static void serve_control(struct key *key, struct link *control)
{
    static char script[SCRIPT_SIZE_MAX];
    ssize_t size = recv(control->fd, script, sizeof(script), MSG_DONTWAIT);

    if (size <= 0) {
        close_fd(&control->fd);
        return;
    }
    char *answer = control_apply(key, script, (size_t)size);
    send(control->fd, answer, strlen(answer), MSG_NOSIGNAL);
    free(answer);
}

static void check_input(void)
{
    char ignored[256];

    if (read(STDIN_FILENO, ignored, sizeof(ignored)) <= 0)
        raise(SIGTERM);
}

/* --- one step --- */

static void add_fd(struct pollfd *fds, nfds_t *count, int fd)
{
    fds[(*count)++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

/* poll() leaves out negative descriptors. */
static nfds_t list_fds(const struct server *server, struct pollfd fds[FDS_MAX])
{
    nfds_t count = 0;

    add_fd(fds, &count, server->until_eof ? STDIN_FILENO : -1);
    add_fd(fds, &count, server->control_listener);
    add_fd(fds, &count, server->listener);
    add_fd(fds, &count, server->uhid);
    for (size_t i = 0; i < CONTROLS_MAX; i++)
        add_fd(fds, &count, server->controls[i].fd);
    for (size_t i = 0; i < LINKS_MAX; i++)
        add_fd(fds, &count, server->links[i].fd);
    return count;
}

/*
 * What an event leads to may close or replace any descriptor, also in a step inside of this one:
 * each is looked at again before it is used. Controls come first, so that a test's word counts at
 * once.
 */
static void serve(struct key *key, const struct pollfd *fds)
{
    struct server *server = &key->server;
    const struct pollfd *controls = fds + 4;
    const struct pollfd *links = controls + CONTROLS_MAX;

    if (fds[0].revents != 0)
        check_input();
    if (fds[1].revents != 0)
        accept_into(server, server->control_listener, server->controls, CONTROLS_MAX);
    for (size_t i = 0; i < CONTROLS_MAX; i++) {
        if (controls[i].revents != 0 && server->controls[i].fd == controls[i].fd)
            serve_control(key, &server->controls[i]);
    }
    if (fds[2].revents != 0 && server->listener == fds[2].fd)
        accept_into(server, server->listener, server->links, LINKS_MAX);
    if (fds[3].revents != 0 && server->uhid == fds[3].fd)
        serve_uhid(key);
    for (size_t i = 0; i < LINKS_MAX; i++) {
        if (links[i].revents != 0 && server->links[i].fd == links[i].fd)
            serve_link(key, &server->links[i]);
    }
}

void server_step(struct key *key, int64_t timeout_ms)
{
    struct pollfd fds[FDS_MAX];
    nfds_t count = list_fds(&key->server, fds);
    int limit = timeout_ms > INT32_MAX ? INT32_MAX : (int)timeout_ms;

    if (poll(fds, count, limit) > 0)
        serve(key, fds);
    hid_expire(key);
}
