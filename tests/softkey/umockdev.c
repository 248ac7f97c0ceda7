/*
 * Gives a program hidraw devices that are software keys: real libudev and libfido2's real hidraw
 * code run in it, on what umockdev (preloaded) lays over /sys and /dev.
 *
 *   umockdev-run [--forbidden] [--user NAME] [--preload LIBRARY] SOCKET... -- PROGRAM [ARGUMENT...]
 *
 * The first socket's key is /dev/hidraw0, and so on. --forbidden: the nodes are there, but nobody
 * but root may open them; --user runs the program as somebody else, which shows that. --preload: a
 * library that the program needs before umockdev's, such as libasan.so.8 (gcc; clang links its
 * own).
 *
 * The program takes this one's place: its process id, terminal and status are what the caller
 * expects. A process beside it plays the devices until the program has ended. It copies reports
 * between a key's socket and a pseudo-terminal, which stands for the node because it can be polled;
 * umockdev's handler answers the ioctls. A key that is pulled takes its device along, and brings
 * another, with the next number.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib-object.h>
#include <grp.h>
#include <linux/hidraw.h>
#include <poll.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <umockdev.h>
#include <unistd.h>

#include "descriptor.h"
#include "must.h"

enum {
    REPORT_SIZE = 64,
    OUTPUT_SIZE = 1 + REPORT_SIZE, /* with the report's number */
    DEVICES_MAX = 16,
    REPLUG_MS = 20, /* how often a pulled key is looked for */
};

struct device {
    const char *path; /* of the key's socket */
    size_t number;
    int socket; /* -1: not plugged in */
    int master; /* of the pseudo-terminal; umockdev's */
    int slave;  /* ours, so that the master never hangs up */
    atomic_int clients;
    uint8_t output[OUTPUT_SIZE]; /* what came of one so far */
    size_t output_size;
};

struct bed {
    UMockdevTestbed *testbed;
    bool forbidden;
    struct device devices[DEVICES_MAX];
    size_t count;
    size_t replugged;
};

/* --- ioctls; these functions run in umockdev's thread --- */

/* Fills in the ioctl's argument, in the program's memory; which may have ended meanwhile. */
static void answer_ioctl(UMockdevIoctlClient *client, const void *data, size_t offset, size_t size,
                         size_t size_all)
{
    UMockdevIoctlData *pointer = umockdev_ioctl_client_get_arg(client);
    UMockdevIoctlData *argument = umockdev_ioctl_data_resolve(pointer, 0, size_all, NULL);

    if (argument == NULL) {
        umockdev_ioctl_client_complete(client, -1, EFAULT);
        return;
    }
    memcpy(argument->data + offset, data, size);
    umockdev_ioctl_client_complete(client, 0, 0);
}

static gboolean handle_ioctl(UMockdevIoctlBase *base, UMockdevIoctlClient *client, void *user_data)
{
    const gulong request = umockdev_ioctl_client_get_request(client);
    const int size = sizeof(report_descriptor);

    (void)base;
    (void)user_data;
    if (request == HIDIOCGRDESCSIZE)
        answer_ioctl(client, &size, 0, sizeof(size), sizeof(size));
    else if (request == HIDIOCGRDESC)
        answer_ioctl(client, report_descriptor, offsetof(struct hidraw_report_descriptor, value),
                     sizeof(report_descriptor), sizeof(struct hidraw_report_descriptor));
    else
        return FALSE; /* umockdev says ENOTTY */
    return TRUE;
}

static void client_changed(GObject *client, GParamSpec *property, void *user_data)
{
    struct device *device = user_data;

    (void)property;
    if (!umockdev_ioctl_client_get_connected((UMockdevIoctlClient *)client))
        device->clients--;
}

/* Who opens a hidraw node finds no reports that were meant for others. */
static void client_connected(UMockdevIoctlBase *base, UMockdevIoctlClient *client, void *user_data)
{
    struct device *device = user_data;

    (void)base;
    if (device->clients++ == 0)
        tcflush(device->slave, TCIFLUSH);
    g_signal_connect(client, "notify::connected", G_CALLBACK(client_changed), device);
}

/* --- plugging in --- */

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    MUST(fd >= 0 && strlen(path) < sizeof(address.sun_path));
    strcpy(address.sun_path, path);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

/* As umockdev-record would write it. */
__attribute__((format(printf, 2, 3))) static void add(UMockdevTestbed *testbed, const char *format,
                                                      ...)
{
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    MUST(size > 0 && (size_t)size < sizeof(text));
    MUST(umockdev_testbed_add_from_string(testbed, text, NULL));
}

/*
 * A USB device with one interface, that one's HID device, and its node: N makes a pseudo-terminal.
 */
static void add_devices(UMockdevTestbed *testbed, size_t number)
{
    char usb[64], interface[128], hid[192], node[256], target[64];
    const size_t n = number;

    snprintf(usb, sizeof(usb), "/devices/1-%zu", n + 1);
    snprintf(interface, sizeof(interface), "%s/1-%zu:1.0", usb, n + 1);
    snprintf(target, sizeof(target), "0003:%04X:%04X.%04zX", USB_VENDOR, USB_PRODUCT, n + 1);
    snprintf(hid, sizeof(hid), "%s/%s", interface, target);
    snprintf(node, sizeof(node), "%s/hidraw/hidraw%zu", hid, n);
    add(testbed, "P: %s\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_device\n", usb);
    add(testbed, "P: %s\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_interface\n", interface);
    add(testbed, "P: %s\nE: SUBSYSTEM=hid\nE: HID_ID=0003:%08X:%08X\nE: HID_NAME=Softkey %zu\n",
        hid, USB_VENDOR, USB_PRODUCT, n);
    add(testbed,
        "P: %s\nN: hidraw%zu\nE: SUBSYSTEM=hidraw\nE: DEVNAME=/dev/hidraw%zu\n"
        "E: MAJOR=240\nE: MINOR=%zu\nA: dev=240:%zu\nL: device=../../../%s\n",
        node, n, n, n, n, target);
}

/* What libfido2 and cowkey read there. */
static void add_attributes(UMockdevTestbed *testbed, size_t number, const char *serial)
{
    char usb[64], hid[256], product[32];

    snprintf(usb, sizeof(usb), "/sys/devices/1-%zu", number + 1);
    snprintf(hid, sizeof(hid), "%s/1-%zu:1.0/0003:%04X:%04X.%04zX", usb, number + 1, USB_VENDOR,
             USB_PRODUCT, number + 1);
    snprintf(product, sizeof(product), "Softkey %zu\n", number);
    umockdev_testbed_set_attribute(testbed, usb, "manufacturer", "Softkey Works\n");
    umockdev_testbed_set_attribute(testbed, usb, "product", product);
    umockdev_testbed_set_attribute(testbed, usb, "serial", serial);
    umockdev_testbed_set_attribute_binary(testbed, hid, "report_descriptor",
                                          (guint8 *)report_descriptor, sizeof(report_descriptor));
}

static void attach_handler(struct bed *bed, struct device *device, const char *node)
{
    UMockdevIoctlBase *base = umockdev_ioctl_base_new();

    g_signal_connect(base, "handle-ioctl", G_CALLBACK(handle_ioctl), device);
    g_signal_connect(base, "client-connected", G_CALLBACK(client_connected), device);
    MUST(umockdev_testbed_attach_ioctl(bed->testbed, node, base, NULL));
    g_object_unref(base);
}

/*
 * The handler comes before the node: a program that opens one without the other is ended by
 * umockdev.
 */
static void plug(struct bed *bed, struct device *device)
{
    char node[32], serial[32];

    device->socket = connect_to(device->path);
    if (device->socket < 0)
        return;
    device->slave = -1;
    device->clients = 0;
    device->output_size = 0;
    snprintf(node, sizeof(node), "/dev/hidraw%zu", device->number);
    snprintf(serial, sizeof(serial), "SOFT%04td\n", device - bed->devices);
    attach_handler(bed, device, node);
    add_devices(bed->testbed, device->number);
    add_attributes(bed->testbed, device->number, serial);
    device->master = umockdev_testbed_get_dev_fd(bed->testbed, node);
    device->slave = open(ptsname(device->master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    MUST(device->slave >= 0 && fcntl(device->master, F_SETFL, O_NONBLOCK) == 0);
    MUST(chmod(ptsname(device->master), bed->forbidden ? 0 : 0666) == 0);
}

static void remove_file(const struct bed *bed, const char *path)
{
    char full[512];

    snprintf(full, sizeof(full), "%s%s", umockdev_testbed_get_root_dir(bed->testbed), path);
    unlink(full);
}

/* umockdev keeps this when it removes the device, and then can't use the pseudo-terminal again. */
static void forget_terminal(const struct bed *bed, int master)
{
    char path[64] = "/dev/.ptymap/";
    size_t prefix = strlen(path);

    MUST(ptsname_r(master, path + prefix, sizeof(path) - prefix) == 0);
    for (char *c = path + prefix; *c != '\0'; c++)
        *c = *c == '/' ? '_' : *c;
    remove_file(bed, path);
}

/* The master is not ours to close: another descriptor in its place hangs up all the same. */
static void unplug(struct bed *bed, struct device *device)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    char usb[64], node[32];

    snprintf(usb, sizeof(usb), "/sys/devices/1-%zu", device->number + 1);
    snprintf(node, sizeof(node), "/dev/hidraw%zu", device->number);
    remove_file(bed, node);
    forget_terminal(bed, device->master);
    MUST(null >= 0 && dup3(null, device->master, O_CLOEXEC) == device->master);
    close(null);
    close(device->slave);
    close(device->socket);
    device->socket = -1;
    umockdev_testbed_detach_ioctl(bed->testbed, node, NULL);
    umockdev_testbed_remove_device(bed->testbed, usb);
    device->number = bed->count + bed->replugged++; /* umockdev makes no node twice */
}

/* --- copying reports --- */

/* A pseudo-terminal keeps no borders between reports: they are counted out. */
static void copy_output(struct bed *bed, struct device *device)
{
    size_t room = OUTPUT_SIZE - device->output_size;
    ssize_t got = read(device->master, device->output + device->output_size, room);

    if (got <= 0)
        return;
    device->output_size += (size_t)got;
    if (device->output_size < OUTPUT_SIZE)
        return;
    device->output_size = 0;
    if (send(device->socket, device->output + 1, REPORT_SIZE, MSG_NOSIGNAL) != REPORT_SIZE)
        unplug(bed, device);
}

/* Reports that nobody reads are lost, as they are on a real node. */
static void copy_input(struct bed *bed, struct device *device)
{
    uint8_t report[REPORT_SIZE];
    ssize_t got = recv(device->socket, report, sizeof(report), 0);

    if (got <= 0)
        unplug(bed, device);
    else if (device->clients > 0 && write(device->master, report, (size_t)got) != got)
        tcflush(device->slave, TCIFLUSH);
}

/* Returns when the program has ended. */
static void play(struct bed *bed, int program)
{
    struct pollfd fds[1 + 2 * DEVICES_MAX];
    bool missing = false;

    for (;;) {
        fds[0] = (struct pollfd){.fd = program, .events = POLLIN};
        for (size_t i = 0; i < bed->count; i++) {
            struct device *device = &bed->devices[i];
            if (device->socket < 0)
                plug(bed, device);
            bool plugged = device->socket >= 0;
            missing |= !plugged;
            fds[1 + 2 * i] = (struct pollfd){device->socket, POLLIN, 0};
            fds[2 + 2 * i] = (struct pollfd){plugged ? device->master : -1, POLLIN, 0};
        }
        poll(fds, 1 + 2 * bed->count, missing ? REPLUG_MS : -1);
        missing = false;
        if (fds[0].revents != 0)
            return;
        for (size_t i = 0; i < bed->count; i++) {
            struct device *device = &bed->devices[i];
            if (fds[2 + 2 * i].revents != 0 && device->socket >= 0)
                copy_output(bed, device);
            if (fds[1 + 2 * i].revents != 0 && device->socket >= 0)
                copy_input(bed, device);
        }
    }
}

/* --- the two processes --- */

/* In a process that is nobody's child, so that the program's wait() never meets it. */
static _Noreturn void run_devices(struct bed *bed, int program, int ready)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    setsid();
    umask(0);
    bed->testbed = umockdev_testbed_new();
    char *root = umockdev_testbed_get_root_dir(bed->testbed);
    MUST(chmod(root, 0755) == 0);
    for (size_t i = 0; i < bed->count; i++)
        plug(bed, &bed->devices[i]);
    MUST(write(ready, root, strlen(root)) == (ssize_t)strlen(root));
    close(ready);
    for (int fd = 0; fd <= 2; fd++)
        dup2(null, fd);
    play(bed, program);
    g_object_unref(bed->testbed);
    _exit(0);
}

static void start_devices(struct bed *bed, char *ret_root, size_t size)
{
    int program = pidfd_open(getpid(), 0);
    int ends[2];

    MUST(program >= 0 && fcntl(program, F_SETFD, FD_CLOEXEC) == 0 && pipe2(ends, O_CLOEXEC) == 0);
    pid_t pid = fork();
    MUST(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        pid = fork();
        if (pid == 0)
            run_devices(bed, program, ends[1]);
        _exit(pid > 0 ? 0 : 1);
    }
    close(ends[1]);
    MUST(waitpid(pid, NULL, 0) == pid);
    ssize_t got = read(ends[0], ret_root, size - 1);
    if (got <= 0) {
        fputs("umockdev-run: no devices\n", stderr);
        exit(2);
    }
    ret_root[got] = '\0';
    close(ends[0]);
}

/* After what the program wants first, which may be AddressSanitizer's library. */
static void preload(const char *first)
{
    char list[4096];

    snprintf(list, sizeof(list), "%s%slibumockdev-preload.so.0", first,
             first[0] == '\0' ? "" : ":");
    setenv("LD_PRELOAD", list, 1);
}

static void become(const char *name)
{
    const struct passwd *user = getpwnam(name);

    if (user == NULL || initgroups(name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
        setuid(user->pw_uid) != 0) {
        fprintf(stderr, "umockdev-run: can't become '%s'\n", name);
        exit(2);
    }
}

static _Noreturn void usage(void)
{
    fputs(
        "Usage: umockdev-run [--forbidden] [--user NAME] [--preload LIBRARY] SOCKET... -- PROGRAM "
        "[ARGUMENT...]\n",
        stderr);
    exit(2);
}

int main(int argc, char **argv)
{
    static struct bed bed;
    const char *user = NULL, *first = "";
    char root[256];
    int i = 1;

    for (; i < argc && strncmp(argv[i], "--", 2) == 0 && argv[i][2] != '\0'; i++) {
        if (strcmp(argv[i], "--forbidden") == 0)
            bed.forbidden = true;
        else if (strcmp(argv[i], "--user") == 0 && i + 1 < argc)
            user = argv[++i];
        else if (strcmp(argv[i], "--preload") == 0 && i + 1 < argc)
            first = argv[++i];
        else
            usage();
    }
    for (; i < argc && strcmp(argv[i], "--") != 0 && bed.count < DEVICES_MAX; i++) {
        bed.devices[bed.count] =
            (struct device){.path = argv[i], .number = bed.count, .socket = -1};
        bed.count++;
    }
    if (i + 1 >= argc || strcmp(argv[i], "--") != 0)
        usage();
    start_devices(&bed, root, sizeof(root));
    setenv("UMOCKDEV_DIR", root, 1);
    preload(first);
    if (user != NULL)
        become(user);
    execvp(argv[i + 1], argv + i + 1);
    perror(argv[i + 1]);
    return 127;
}
