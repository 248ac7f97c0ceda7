/* What the kernel tells of hidraw nodes, also of those that may not be opened. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cowkey/base/cleanup.h"
#include "internal.h"

enum { DESCRIPTOR_MAX = 4096, SYSFS_PATH_MAX = 192 }; /* the kernel's HID_MAX_DESCRIPTOR_SIZE */

/*
 * Whether a HID report descriptor opens the FIDO usage page: item 0x06 (usage page, two bytes) with
 * 0xF1D0 (HID 1.11 section 6.2.2.2; CTAP 2.1 section 11.2.8.2). Items are walked, so that data is
 * not taken for one.
 */
static bool is_fido_descriptor(const unsigned char *bytes, size_t size)
{
    static const size_t item_sizes[] = {0, 1, 2, 4};

    for (size_t at = 0; at < size;) {
        size_t item = item_sizes[bytes[at] & 0x03];
        if (bytes[at] == 0x06 && size - at > 2 && bytes[at + 1] == 0xD0 && bytes[at + 2] == 0xF1)
            return true;
        at += 1 + item;
    }
    return false;
}

static bool is_fido_node(const char *descriptor_path)
{
    unsigned char descriptor[DESCRIPTOR_MAX];
    int fd = open(descriptor_path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return false;
    ssize_t size = read(fd, descriptor, sizeof(descriptor));
    close(fd);
    return size > 0 && is_fido_descriptor(descriptor, (size_t)size);
}

static void dir_close(DIR **dir)
{
    if (*dir != NULL)
        closedir(*dir);
}

size_t sysfs_list_nodes(struct node nodes[CK_KEYS_MAX])
{
    CK_CLEANUP(dir_close) DIR *dir = opendir("/sys/class/hidraw");
    const struct dirent *entry;
    size_t count = 0;

    while (dir != NULL && count < CK_KEYS_MAX && (entry = readdir(dir)) != NULL) {
        char descriptor[SYSFS_PATH_MAX];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(descriptor, sizeof(descriptor), "/sys/class/hidraw/%.64s/device/report_descriptor",
                 entry->d_name);
        if (is_fido_node(descriptor))
            snprintf(nodes[count++].path, sizeof(nodes->path), "/dev/%.64s", entry->d_name);
    }
    return count;
}

int sysfs_try_node(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

/* The HID device belongs to an interface, and that to the USB device, which has the attributes. */
void sysfs_read_attribute(const char *path, const char *attribute, char text[CK_KEY_TEXT_MAX])
{
    const char *name = strrchr(path, '/');
    char file[SYSFS_PATH_MAX];

    text[0] = '\0';
    if (name == NULL || strncmp(name, "/hidraw", strlen("/hidraw")) != 0)
        return;
    snprintf(file, sizeof(file), "/sys/class/hidraw/%.64s/device/../../%.32s", name + 1, attribute);
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t size = read(fd, text, CK_KEY_TEXT_MAX - 1);
    close(fd);
    text[size > 0 ? size : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
}
