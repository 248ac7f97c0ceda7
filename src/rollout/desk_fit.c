/* What a key lacks. */
#include "desk_fit.h"

#include <stdio.h>
#include <string.h>

#include "cowkey/key/aaguid.h"
#include "cowkey/webauthn/credential.h"

static const char another_key[] = "Plug in another key.";

bool desk_firmware_parse(const char *text, unsigned *ret_firmware)
{
    unsigned parts[3];
    int end = 0;

    if (sscanf(text, "%3u.%3u.%3u%n", &parts[0], &parts[1], &parts[2], &end) != 3 ||
        text[end] != '\0' || parts[0] > 255 || parts[1] > 255 || parts[2] > 255)
        return false;
    *ret_firmware = parts[0] << 16 | parts[1] << 8 | parts[2];
    return true;
}

/* That are still to be made. */
static bool has_passkeys(const struct desk_demand *demand)
{
    for (size_t i = 0; i < demand->count; i++) {
        const struct ck_ledger_item *item = &demand->items[i];
        if (item->method == CK_ROLLOUT_PASSKEY && ck_step_action(item->state) == CK_STEP_DO_ENROLL)
            return true;
    }
    return false;
}

bool desk_needs_pin(const struct desk_demand *demand, const struct ck_key_info *info)
{
    return demand->group->pin == CK_PIN_RANDOM || (has_passkeys(demand) && !info->built_in_uv);
}

/* --- the model --- */

static enum ck_err check_model(const struct desk_demand *demand, const struct ck_key_info *info,
                               struct ck_error *err)
{
    const struct ck_policy_group *group = demand->group;
    char text[CK_AAGUID_TEXT_MAX];

    if (group->aaguids_count == 0)
        return CK_OK;
    ck_aaguid_format(info->aaguid, text);
    for (size_t i = 0; info->fido2 && i < group->aaguids_count; i++) {
        if (strcmp(group->aaguids[i], text) == 0)
            return CK_OK;
    }
    const char *name = ck_aaguid_name(info->aaguid);
    if (!info->fido2)
        ck_error_set(err, CK_ERR_KEY,
                     "this is a U2F key, which does not tell its model, and the policy of the "
                     "group '%s' names models",
                     group->name);
    else
        ck_error_set(err, CK_ERR_KEY,
                     "the policy of the group '%s' does not have this model of key: %.100s%s%s",
                     group->name, name != NULL ? name : "AAGUID ", name != NULL ? ", AAGUID " : "",
                     text);
    return ck_error_hint(err, "%s Its models are the AAGUIDs in the policy file.", another_key);
}

static enum ck_err check_firmware(const struct desk_demand *demand, const struct ck_key_info *info,
                                  struct ck_error *err)
{
    unsigned least = demand->group->firmware_min, firmware = 0;

    if (least == 0)
        return CK_OK;
    if (!desk_firmware_parse(info->device_version, &firmware))
        ck_error_set(
            err, CK_ERR_KEY,
            "the key does not tell its firmware, and the policy asks for %u.%u.%u or newer",
            least >> 16, least >> 8 & 0xFF, least & 0xFF);
    else if (firmware < least)
        ck_error_set(err, CK_ERR_KEY,
                     "the key's firmware is %s, and the policy asks for %u.%u.%u or newer",
                     info->device_version, least >> 16, least >> 8 & 0xFF, least & 0xFF);
    else
        return CK_OK;
    return ck_error_hint(err, "%s", another_key);
}

/* --- passkeys --- */

static bool keeps_passkeys(const struct ck_key_info *info)
{
    for (size_t i = 0; i < info->options.count; i++) {
        if (strcmp(info->options.names[i].text, "rk") == 0)
            return info->fido2 && info->options.values[i] != 0;
    }
    return false;
}

static enum ck_err check_passkeys(const struct desk_demand *demand, const struct ck_key_info *info,
                                  struct ck_error *err)
{
    if (!has_passkeys(demand))
        return CK_OK;
    if (!keeps_passkeys(info)) {
        ck_error_set(err, CK_ERR_KEY, "the plan wants a passkey on it, and this key keeps none");
        return ck_error_hint(err, "%s", another_key);
    }
    if (info->passkey_room == 0 && !demand->resets) {
        ck_error_set(err, CK_ERR_KEY, "the key has no room for another passkey");
        return ck_error_hint(err, "Delete one that is not used any more (cowkey key credentials), "
                                  "or plug in another key.");
    }
    return CK_OK;
}

/* --- the PIN --- */

static enum ck_err check_random_pin(const struct desk_demand *demand,
                                    const struct ck_key_info *info, struct ck_error *err)
{
    const struct ck_policy_group *group = demand->group;

    if (info->pin == CK_PIN_UNSUPPORTED) {
        ck_error_set(err, CK_ERR_KEY,
                     "the key has no PINs, and the policy gives each one a random PIN");
        return ck_error_hint(err, "%s", another_key);
    }
    if (info->pin_length_min > (int64_t)group->pin_length && !demand->resets) {
        ck_error_set(err, CK_ERR_KEY,
                     "the key wants PINs of %lld characters or more, and the policy makes them "
                     "with %u",
                     (long long)info->pin_length_min, group->pin_length);
        return ck_error_hint(err, "Raise pin-length in the policy, or plug in another key.");
    }
    if (info->pin == CK_PIN_NOT_SET || demand->resets || demand->has_our_pin)
        return CK_OK;
    ck_error_set(err, CK_ERR_KEY,
                 "the key has a PIN already, so it is not new, and the policy gives it a random "
                 "one");
    return ck_error_hint(err, "Plug in a new key, or reset this one with 'cowkey key reset', which "
                              "deletes all that is on it.");
}

static enum ck_err check_pin(const struct desk_demand *demand, const struct ck_key_info *info,
                             struct ck_error *err)
{
    if (demand->group->pin == CK_PIN_RANDOM && check_random_pin(demand, info, err) != CK_OK)
        return err->code;
    if (demand->resets || !desk_needs_pin(demand, info))
        return CK_OK;
    switch (info->pin) {
    case CK_PIN_UNSUPPORTED:
        ck_error_set(err, CK_ERR_KEY, "a passkey needs a PIN or a finger, and the key has neither");
        return ck_error_hint(err, "%s", another_key);
    case CK_PIN_BLOCKED:
        ck_error_set(err, CK_ERR_KEY, "the key is blocked: too many PINs were wrong");
        return ck_error_hint(err, "Plug in another key, or reset this one with 'cowkey key reset', "
                                  "which deletes all that is on it.");
    case CK_PIN_CHANGE_REQUIRED:
        ck_error_set(err, CK_ERR_KEY, "the key wants its PIN changed before it is used");
        return ck_error_hint(err, "Change it with 'cowkey key pin change', or plug in another "
                                  "key.");
    case CK_PIN_NOT_SET:
    case CK_PIN_SET:
        break;
    }
    return CK_OK;
}

enum ck_err desk_key_fits(const struct desk_demand *demand, const struct ck_key_info *info,
                          struct ck_error *err)
{
    enum ck_err r = check_model(demand, info, err);

    if (r == CK_OK)
        r = check_firmware(demand, info, err);
    if (r == CK_OK)
        r = check_passkeys(demand, info, err);
    return r == CK_OK ? check_pin(demand, info, err) : r;
}
