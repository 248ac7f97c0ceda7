/* The udev rules that let whoever sits at the machine use its security keys. */
#ifndef COWKEY_KEY_RULES_H
#define COWKEY_KEY_RULES_H

enum { CK_KEY_RULES_PATH_MAX = 256 }; /* bytes of a path, with NUL */

enum ck_key_rules {
    CK_KEY_RULES_NONE,
    CK_KEY_RULES_SYSTEMD, /* 60-fido-id.rules and 70-uaccess.rules: every FIDO key */
    CK_KEY_RULES_COWKEY,  /* 70-cowkey.rules: every FIDO key where fido_id is, else a few makers' */
    CK_KEY_RULES_MAKERS,  /* libfido2's 70-u2f.rules: the makers that it lists */
};

/*
 * Looks for the best of them in the directories that udev reads (udev(7)), below root ("" for the
 * running system). A file that is masked, empty or a link to /dev/null, does not count. ret_path is
 * where it was found, empty for none; a path that is too long is cut.
 */
enum ck_key_rules ck_key_rules_find(const char *root, char ret_path[CK_KEY_RULES_PATH_MAX]);

#endif
