#include "uhid.h"

#include <fcntl.h>
#include <linux/input.h>
#include <linux/uhid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "descriptor.h"
#include "hid.h"
#include "must.h"

/* The kernel takes events that are shorter than its largest. */
static void write_event(int fd, const struct uhid_event *event)
{
    MUST(write(fd, event, sizeof(*event)) == (ssize_t)sizeof(*event));
}

int uhid_create(const char *name)
{
    struct uhid_event event = {.type = UHID_CREATE2};
    struct uhid_create2_req *create = &event.u.create2;
    int fd = open("/dev/uhid", O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        perror("/dev/uhid");
        exit(2);
    }
    snprintf((char *)create->name, sizeof(create->name), "%s", name);
    create->bus = BUS_USB;
    create->vendor = USB_VENDOR;
    create->product = USB_PRODUCT;
    create->rd_size = sizeof(report_descriptor);
    memcpy(create->rd_data, report_descriptor, sizeof(report_descriptor));
    write_event(fd, &event);
    return fd;
}

void uhid_destroy(int *fd)
{
    struct uhid_event event = {.type = UHID_DESTROY};

    write_event(*fd, &event);
    close(*fd);
    *fd = -1;
}

void uhid_send(int fd, const uint8_t *report, size_t size)
{
    struct uhid_event event = {.type = UHID_INPUT2};

    event.u.input2.size = (__u16)size;
    memcpy(event.u.input2.data, report, size);
    write_event(fd, &event);
}

/* Of the other events, only those need an answer that a FIDO program never causes. */
bool uhid_receive(int fd, uint8_t report[REPORT_SIZE])
{
    struct uhid_event event;

    MUST(read(fd, &event, sizeof(event)) > 0);
    if (event.type == UHID_OUTPUT) {
        /* The report's number comes first: 0, as there is only one. */
        size_t skipped = event.u.output.size == REPORT_SIZE + 1 ? 1 : 0;
        memcpy(report, event.u.output.data + skipped, REPORT_SIZE);
        return true;
    }
    return false;
}
