/* Which keys are plugged in, and why one that is may not be usable. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cowkey/base/cleanup.h"
#include "internal.h"

enum { DESCRIPTOR_MAX = 4096 }; /* HID_MAX_DESCRIPTOR_SIZE of the kernel */

static void manifest_free(fido_dev_info_t **manifest)
{
    fido_dev_info_free(manifest, CK_KEYS_MAX);
}

static void describe(const fido_dev_info_t *info, struct found_key *found)
{
    const char *maker = fido_dev_info_manufacturer_string(info);
    const char *product = fido_dev_info_product_string(info);

    snprintf(found->path, sizeof(found->path), "%s", fido_dev_info_path(info));
    snprintf(found->name, sizeof(found->name), "%.60s%s%.60s (%.60s)", maker != NULL ? maker : "",
             maker != NULL && *maker != '\0' ? " " : "", product != NULL ? product : "security key",
             found->path);
}

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

/* libfido2 leaves out a key whose node it may not open, without a word: look for one in sysfs. */
static bool find_forbidden(char node[PATH_MAX_BYTES], int *ret_errno)
{
    CK_CLEANUP(dir_close) DIR *dir = opendir("/sys/class/hidraw");
    const struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char descriptor[PATH_MAX_BYTES + 32];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(node, PATH_MAX_BYTES, "/dev/%.64s", entry->d_name);
        snprintf(descriptor, sizeof(descriptor), "/sys/class/hidraw/%.64s/device/report_descriptor",
                 entry->d_name);
        if (!is_fido_node(descriptor))
            continue;
        int fd = open(node, O_RDWR | O_CLOEXEC);
        *ret_errno = errno;
        if (fd < 0)
            return true;
        close(fd);
    }
    return false;
}

static enum ck_err none_found(const char *device, struct ck_error *err)
{
    char node[PATH_MAX_BYTES];
    int why;

    if (find_forbidden(node, &why)) {
        ck_error_set(err, CK_ERR_KEY, "a security key is plugged in, but %s can't be opened: %s",
                     node, strerror(why));
        return ck_error_hint(err,
                             why == EACCES || why == EPERM
                                 ? "Install cowkey's udev rule (70-cowkey.rules) or systemd's, "
                                   "unplug the key and plug it in again."
                                 : "Unplug the key and plug it in again.");
    }
    if (device != NULL)
        ck_error_set(err, CK_ERR_KEY, "there is no security key at %.100s", device);
    else
        ck_error_set(err, CK_ERR_KEY, "no security key is plugged in");
    return ck_error_hint(err, "Plug it in and start again.");
}

enum ck_err find_keys(const char *device, struct found_key found[CK_KEYS_MAX], size_t *ret_count,
                      struct ck_error *err)
{
    CK_CLEANUP(manifest_free) fido_dev_info_t *manifest = fido_dev_info_new(CK_KEYS_MAX);
    size_t listed = 0, count = 0;

    if (manifest == NULL)
        return ck_error_no_memory(err);
    if (fido_dev_info_manifest(manifest, CK_KEYS_MAX, &listed) != FIDO_OK)
        listed = 0;
    for (size_t i = 0; i < listed; i++) {
        const fido_dev_info_t *info = fido_dev_info_ptr(manifest, i);
        if (device == NULL || strcmp(fido_dev_info_path(info), device) == 0)
            describe(info, &found[count++]);
    }
    if (count == 0)
        return none_found(device, err);
    *ret_count = count;
    return CK_OK;
}
