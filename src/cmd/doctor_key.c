/* The part of doctor that looks at security keys. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/key/info.h"
#include "cowkey/key/rules.h"
#include "doctor.h"
#include "interrupt.h"
#include "target.h"

enum { TRIES_FEW = 3 }; /* a key that is left alone has 8 */

static void look_at_rules(struct doctor *doctor)
{
    static const char cure[] =
        "Install cowkey's 70-cowkey.rules (meson's -Dudev_rules_dir), or the "
        "package libfido2 or udev that brings one; then plug the key in again.";
    char path[CK_KEY_RULES_PATH_MAX];

    switch (ck_key_rules_find("", path)) {
    case CK_KEY_RULES_SYSTEMD:
    case CK_KEY_RULES_COWKEY:
        doctor_add(doctor, "udev", DOCTOR_OK, NULL,
                   "%s opens security keys to whoever sits at this computer.", path);
        break;
    case CK_KEY_RULES_MAKERS:
        doctor_add(doctor, "udev", DOCTOR_OK, NULL,
                   "%s opens the security keys of the makers that it lists.", path);
        break;
    case CK_KEY_RULES_NONE:
        doctor_add(doctor, "udev", DOCTOR_PROBLEM, cure,
                   "No udev rule opens security keys to whoever sits at this computer.");
        break;
    }
}

static void judge_pin(struct doctor *doctor, const char *name, const struct ck_key_info *info)
{
    char tries[64] = "";

    if (info->pin_tries >= 0)
        snprintf(tries, sizeof(tries), ", with %d %s left", info->pin_tries,
                 info->pin_tries == 1 ? "try" : "tries");
    switch (info->pin) {
    case CK_PIN_UNSUPPORTED:
        doctor_add(doctor, "key", DOCTOR_OK, NULL,
                   info->fido2 ? "%s can be used; it has no PINs."
                               : "%s can be used as a second factor; it speaks U2F only and holds "
                                 "no passkeys.",
                   name);
        break;
    case CK_PIN_NOT_SET:
        doctor_add(doctor, "key", DOCTOR_OK,
                   info->built_in_uv ? NULL : "For a passkey set one: 'cowkey key pin set'.",
                   info->built_in_uv
                       ? "%s can be used; no PIN is set, but a finger is enrolled."
                       : "%s can be used as a second factor; no PIN is set, and a passkey needs "
                         "one.",
                   name);
        break;
    case CK_PIN_CHANGE_REQUIRED:
        doctor_add(doctor, "key", DOCTOR_PROBLEM, "Change it: 'cowkey key pin change'.",
                   "%s wants its PIN changed before it does anything that needs it.", name);
        break;
    case CK_PIN_BLOCKED:
        doctor_add(doctor, "key", DOCTOR_PROBLEM,
                   "Only a reset helps, which deletes all that is on it: 'cowkey key reset'.",
                   "The PIN of %s is blocked.", name);
        break;
    case CK_PIN_SET:
        if (info->pin_tries >= 0 && info->pin_tries <= TRIES_FEW)
            doctor_add(
                doctor, "key", DOCTOR_PROBLEM,
                "Make sure of the PIN before you type it: the right one gives all tries back.",
                "%s has a PIN%s; after them it is blocked for good.", name, tries);
        else
            doctor_add(doctor, "key", DOCTOR_OK, NULL, "%s can be used; its PIN is set%s.", name,
                       tries);
        break;
    }
}

/* Whoever may write to it can use up the tries of its PIN, or reset it. */
static void judge_node(struct doctor *doctor, const char *path)
{
    static const char cure[] =
        "Look for the udev rule that opens it, such as one with MODE=\"0666\" in "
        "/etc/udev/rules.d, and remove that; then plug the key in again.";
    struct stat status;

    if (stat(path, &status) == 0 && S_ISCHR(status.st_mode) &&
        (status.st_mode & (S_IROTH | S_IWOTH)) != 0)
        doctor_add(doctor, "key", DOCTOR_PROBLEM, cure,
                   "Everybody on this computer may use the security key at %s (mode %03o).", path,
                   (unsigned)status.st_mode & 0777);
}

static void judge_key(struct doctor *doctor, const struct ck_plugged_key *key)
{
    CK_CLEANUP(ck_free_p) char *name = NULL;

    if (asprintf(&name, "%s%s%s (%s)", key->maker, key->maker[0] != '\0' ? " " : "",
                 key->product[0] != '\0' ? key->product : "The key", key->path) < 0)
        name = NULL;
    if (key->problem.code != CK_OK)
        doctor_add_error(doctor, "key", &key->problem);
    else
        judge_pin(doctor, name != NULL ? name : key->path, &key->info);
    judge_node(doctor, key->path);
}

enum ck_err doctor_look_at_keys(struct doctor *doctor, const struct options *options,
                                struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) struct ck_plugged_key *keys = NULL;
    struct ck_key_settings settings = {.device = option_value(options, OPTION_DEVICE),
                                       .cancel = &interrupt_noted};
    size_t count = 0;
    enum ck_err r = target_read_touch_timeout(options, &settings.touch_timeout_ms, err);

    if (r != CK_OK)
        return r;
    look_at_rules(doctor);
    r = ck_key_find_all(&settings, &keys, &count, err);
    if (r != CK_OK)
        return r;
    if (count == 0 && settings.device != NULL)
        doctor_add(doctor, "key", DOCTOR_PROBLEM, "Plug it in, or leave --device out.",
                   "There is no security key at %s.", settings.device);
    else if (count == 0)
        doctor_add(doctor, "key", DOCTOR_UNKNOWN, NULL, "No security key is plugged in.");
    for (size_t i = 0; i < count; i++)
        judge_key(doctor, &keys[i]);
    return CK_OK;
}
