/*
 * For LD_PRELOAD: gives libfido2 the software keys of SOFTKEYS (paths of sockets, with colons
 * between them) instead of the machine's devices, so that programs need nothing for the test.
 *
 * A key whose socket can't be reached is like one that is not plugged in: the others keep their
 * paths.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fido.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    REPORT_SIZE = 64,
    KEYS_MAX = 64,
};

static const char prefix[] = "/dev/softkey";

/* What libfido2 keeps for an open device. */
struct connection {
    int fd;
};

/* --- sockets --- */

/* The number of a path that the manifest gave; -1 for any other. */
static long number_of(const char *path)
{
    char *end;

    if (path == NULL || strncmp(path, prefix, sizeof(prefix) - 1) != 0)
        return -1;
    path += sizeof(prefix) - 1;
    long number = strtol(path, &end, 10);
    return path[0] >= '0' && path[0] <= '9' && *end == '\0' ? number : -1;
}

/* The wanted one of SOFTKEYS; false when there are not so many. */
static bool find_socket(long wanted, struct sockaddr_un *ret)
{
    const char *at = getenv("SOFTKEYS");

    while (at != NULL && wanted-- > 0)
        at = (at = strchr(at, ':')) == NULL ? NULL : at + 1;
    if (at == NULL)
        return false;
    size_t size = strcspn(at, ":");
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (size == 0 || size >= sizeof(ret->sun_path))
        return false;
    memcpy(ret->sun_path, at, size);
    return true;
}

static int connect_to(long number)
{
    struct sockaddr_un address;

    if (!find_socket(number, &address))
        return -1;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* --- libfido2's device functions --- */

static void *shim_open(const char *path)
{
    int fd = connect_to(number_of(path));

    if (fd < 0)
        return NULL;
    struct connection *connection = malloc(sizeof(*connection));
    if (connection == NULL)
        close(fd);
    else
        connection->fd = fd;
    return connection;
}

static void shim_close(void *handle)
{
    struct connection *connection = handle;

    close(connection->fd);
    free(connection);
}

/* A signal ends the wait, as it does in libfido2's own function. */
static int shim_read(void *handle, unsigned char *report, size_t size, int timeout_ms)
{
    struct connection *connection = handle;
    struct pollfd ready = {.fd = connection->fd, .events = POLLIN};

    if (size != REPORT_SIZE || poll(&ready, 1, timeout_ms) != 1)
        return -1;
    return (int)recv(connection->fd, report, size, 0) == REPORT_SIZE ? REPORT_SIZE : -1;
}

/* The report's number, 0, comes first. */
static int shim_write(void *handle, const unsigned char *numbered, size_t size)
{
    struct connection *connection = handle;

    if (size != REPORT_SIZE + 1 ||
        send(connection->fd, numbered + 1, REPORT_SIZE, MSG_NOSIGNAL) != REPORT_SIZE)
        return -1;
    return (int)size;
}

static const fido_dev_io_t shim_io = {shim_open, shim_close, shim_read, shim_write};

/* --- what is replaced --- */

int fido_dev_info_manifest(fido_dev_info_t *list, size_t size, size_t *ret_count)
{
    struct sockaddr_un address;
    char path[64], product[64];

    *ret_count = 0;
    for (long i = 0; i < KEYS_MAX && *ret_count < size && find_socket(i, &address); i++) {
        int fd = connect_to(i);
        if (fd < 0)
            continue;
        close(fd);
        snprintf(path, sizeof(path), "%s%ld", prefix, i);
        snprintf(product, sizeof(product), "Softkey %ld", i);
        if (fido_dev_info_set(list, *ret_count, path, "Softkey Works", product, &shim_io, NULL) !=
            FIDO_OK)
            return FIDO_ERR_INTERNAL;
        ++*ret_count;
    }
    return FIDO_OK;
}

/* What libfido2 has under a name that is also ours. */
static void *original(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);

    if (function == NULL)
        abort();
    return function;
}

int fido_dev_open(fido_dev_t *dev, const char *path)
{
    int (*real)(fido_dev_t *, const char *);

    *(void **)&real = original("fido_dev_open");
    if (number_of(path) >= 0) {
        int rc = fido_dev_set_io_functions(dev, &shim_io);
        if (rc != FIDO_OK)
            return rc;
    }
    return real(dev, path);
}

/*
 * libfido2 1.12 takes the functions of a listed device for its own, unless they are set once more.
 */
fido_dev_t *fido_dev_new_with_info(const fido_dev_info_t *info)
{
    fido_dev_t *(*real)(const fido_dev_info_t *);

    *(void **)&real = original("fido_dev_new_with_info");
    fido_dev_t *dev = real(info);
    if (dev != NULL && number_of(fido_dev_info_path(info)) >= 0 &&
        fido_dev_set_io_functions(dev, &shim_io) != FIDO_OK)
        fido_dev_free(&dev);
    return dev;
}
