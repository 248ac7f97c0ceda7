/* Looking for udev rules. */
#include "cowkey/key/rules.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

/* The first one that has a file of a name wins (udev(7)). */
static const char *const directories[] = {"etc/udev/rules.d", "run/udev/rules.d",
                                          "usr/local/lib/udev/rules.d", "usr/lib/udev/rules.d",
                                          "lib/udev/rules.d"};

static bool find_file(const char *root, const char *name, char *ret_path)
{
    for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
        struct stat status;
        snprintf(ret_path, CK_KEY_RULES_PATH_MAX, "%s/%s/%s", root, directories[i], name);
        if (stat(ret_path, &status) == 0)
            return S_ISREG(status.st_mode) && status.st_size > 0;
    }
    return false;
}

enum ck_key_rules ck_key_rules_find(const char *root, char ret_path[CK_KEY_RULES_PATH_MAX])
{
    char uaccess[CK_KEY_RULES_PATH_MAX];

    if (find_file(root, "70-uaccess.rules", uaccess) &&
        find_file(root, "60-fido-id.rules", ret_path))
        return CK_KEY_RULES_SYSTEMD;
    if (find_file(root, "70-cowkey.rules", ret_path))
        return CK_KEY_RULES_COWKEY;
    if (find_file(root, "70-u2f.rules", ret_path))
        return CK_KEY_RULES_MAKERS;
    ret_path[0] = '\0';
    return CK_KEY_RULES_NONE;
}
