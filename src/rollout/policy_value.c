/* Reading the values of a policy. */
#include "policy_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/ascii.h"
#include "cowkey/mailcow/app_password.h"

static const char *const names[POLICY_KEYS_COUNT] = {
    [POLICY_KEYS] = "keys",
    [POLICY_AAGUIDS] = "aaguids",
    [POLICY_FIRMWARE] = "firmware",
    [POLICY_ATTESTATION] = "attestation",
    [POLICY_ATTESTATION_ROOTS] = "attestation-roots",
    [POLICY_PIN] = "pin",
    [POLICY_PIN_LENGTH] = "pin-length",
    [POLICY_PIN_CHANGE] = "pin-change",
    [POLICY_RESET] = "reset",
    [POLICY_PROOF] = "proof",
    [POLICY_LABEL] = "label",
    [POLICY_APP_PASSWORD] = "app-password",
};

int policy_key_find(const char *name)
{
    int key = 0;

    while (key < POLICY_KEYS_COUNT && strcmp(names[key], name) != 0)
        key++;
    return key;
}

const char *policy_key_name(int key)
{
    return names[key];
}

const char *policy_key_names(void)
{
    return "keys, aaguids, firmware, attestation, attestation-roots, pin, pin-length, pin-change, "
           "reset, proof, label and app-password";
}

/* --- kinds of values --- */

static bool read_number(const char *text, unsigned min, unsigned max, unsigned *ret_number)
{
    unsigned number = 0;

    if (*text == '\0' || strlen(text) > 3 || strspn(text, "0123456789") != strlen(text))
        return false;
    for (; *text != '\0'; text++)
        number = 10 * number + (unsigned)(*text - '0');
    if (number < min || number > max)
        return false;
    *ret_number = number;
    return true;
}

static bool read_word(const char *text, const char *no, const char *yes, bool *ret_yes)
{
    bool is_yes = strcmp(text, yes) == 0;

    if (!is_yes && strcmp(text, no) != 0)
        return false;
    *ret_yes = is_yes;
    return true;
}

/* One to three numbers of a byte each: "5.4.3", "5.4", "5". */
static bool read_version(const char *text, unsigned *ret_version)
{
    unsigned version = 0, number;
    int numbers = 0;

    while (*text != '\0' && numbers < 3) {
        char one[4];
        size_t size = strcspn(text, ".");
        if (size >= sizeof(one))
            return false;
        snprintf(one, sizeof(one), "%.*s", (int)size, text);
        if (!read_number(one, 0, 255, &number))
            return false;
        version = version << 8 | number;
        numbers++;
        text += size;
        if (*text == '.' && *++text == '\0')
            return false;
    }
    if (*text != '\0' || numbers == 0)
        return false;
    *ret_version = version << 8 * (3 - numbers);
    return true;
}

static bool is_aaguid(const char *text, size_t size)
{
    static const char shape[] = "00000000-0000-0000-0000-000000000000";

    if (size != CK_AAGUID_TEXT_SIZE)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (shape[i] == '-' ? text[i] != '-' : ck_ascii_hex_value(text[i]) < 0)
            return false;
    }
    return true;
}

/* Blanks or commas stand between them. */
static const char *read_aaguids(const char *text, struct ck_policy_group *group)
{
    static const char between[] = " ,\t";

    for (text += strspn(text, between); *text != '\0'; text += strspn(text, between)) {
        size_t size = strcspn(text, between);
        if (!is_aaguid(text, size))
            return "takes AAGUIDs, such as 2fc0579f-8113-47ea-b116-bb5a8db9202a";
        if (group->aaguids_count == CK_POLICY_AAGUIDS_MAX)
            return "has too many of them";
        char(*grown)[CK_AAGUID_TEXT_SIZE + 1] =
            reallocarray(group->aaguids, group->aaguids_count + 1, sizeof(*grown));
        if (grown == NULL)
            return "takes more memory than there is";
        group->aaguids = grown;
        char *to = grown[group->aaguids_count++];
        for (size_t i = 0; i < size; i++)
            to[i] = ck_ascii_lower(text[i]);
        to[size] = '\0';
        text += size;
    }
    return group->aaguids_count > 0 ? NULL : "names no AAGUID";
}

static const char *read_label(const char *text, struct ck_policy_group *group)
{
    const char *wrong = *text == '\0' ? "is empty" : ck_label_check(text);

    if (wrong == NULL)
        snprintf(group->label, sizeof(group->label), "%s", text);
    return wrong;
}

/* Whether there is such a file is not asked here. "no": any root, where the default group has some. */
static const char *read_roots_path(const char *text, struct ck_policy_group *group)
{
    if (*text == '\0')
        return "takes a file of certificates (PEM), or no";
    if (strcmp(text, "no") == 0)
        text = "";
    snprintf(group->roots_path, sizeof(group->roots_path), "%s", text);
    return NULL;
}

/* "no" is no name for one here. */
static const char *read_app_password(const char *text, struct ck_policy_group *group)
{
    struct ck_error ignored;

    if (strcmp(text, "no") == 0)
        text = "";
    else if (ck_app_password_label_check(text, &ignored) != CK_OK)
        return "takes the name of an app password as the server can store it, or no";
    snprintf(group->app_password, sizeof(group->app_password), "%s", text);
    return NULL;
}

const char *policy_value_read(int key, const char *value, struct ck_policy_group *group)
{
    bool yes = false;

    switch ((enum policy_key)key) {
    case POLICY_KEYS:
        return read_number(value, 1, CK_POLICY_KEYS_MAX, &group->keys)
                   ? NULL
                   : "takes a number of keys, 1 to 8";
    case POLICY_AAGUIDS:
        return read_aaguids(value, group);
    case POLICY_FIRMWARE:
        return read_version(value, &group->firmware_min) ? NULL : "takes a version, such as 5.4.3";
    case POLICY_ATTESTATION:
        return read_word(value, "optional", "required", &group->attestation)
                   ? NULL
                   : "takes required or optional";
    case POLICY_ATTESTATION_ROOTS:
        return read_roots_path(value, group);
    case POLICY_PIN:
        if (!read_word(value, "typed", "random", &yes))
            return "takes typed or random";
        group->pin = yes ? CK_PIN_RANDOM : CK_PIN_TYPED;
        return NULL;
    case POLICY_PIN_LENGTH:
        return read_number(value, CK_POLICY_PIN_MIN, CK_POLICY_PIN_MAX, &group->pin_length)
                   ? NULL
                   : "takes a number of characters, 4 to 63";
    case POLICY_PIN_CHANGE:
        return read_word(value, "no", "yes", &group->pin_change) ? NULL : "takes yes or no";
    case POLICY_RESET:
        return read_word(value, "no", "yes", &group->reset) ? NULL : "takes yes or no";
    case POLICY_PROOF:
        if (!read_word(value, "login", "recorded", &yes))
            return "takes login or recorded";
        group->proof = yes ? CK_ROLLOUT_PROOF_RECORDED : CK_ROLLOUT_PROOF_LOGIN;
        return NULL;
    case POLICY_LABEL:
        return read_label(value, group);
    case POLICY_APP_PASSWORD:
        return read_app_password(value, group);
    case POLICY_KEYS_COUNT:
        break;
    }
    return "is not known";
}

bool policy_value_copy(int key, const struct ck_policy_group *from, struct ck_policy_group *to)
{
    switch ((enum policy_key)key) {
    case POLICY_KEYS:
        to->keys = from->keys;
        break;
    case POLICY_AAGUIDS:
        if (from->aaguids_count == 0)
            break;
        to->aaguids = reallocarray(NULL, from->aaguids_count, sizeof(*to->aaguids));
        if (to->aaguids == NULL)
            return false;
        memcpy(to->aaguids, from->aaguids, from->aaguids_count * sizeof(*to->aaguids));
        to->aaguids_count = from->aaguids_count;
        break;
    case POLICY_FIRMWARE:
        to->firmware_min = from->firmware_min;
        break;
    case POLICY_ATTESTATION:
        to->attestation = from->attestation;
        break;
    case POLICY_ATTESTATION_ROOTS:
        memcpy(to->roots_path, from->roots_path, sizeof(to->roots_path));
        to->roots_line = from->roots_line;
        break;
    case POLICY_PIN:
        to->pin = from->pin;
        break;
    case POLICY_PIN_LENGTH:
        to->pin_length = from->pin_length;
        break;
    case POLICY_PIN_CHANGE:
        to->pin_change = from->pin_change;
        break;
    case POLICY_RESET:
        to->reset = from->reset;
        break;
    case POLICY_PROOF:
        to->proof = from->proof;
        break;
    case POLICY_LABEL:
        memcpy(to->label, from->label, sizeof(to->label));
        break;
    case POLICY_APP_PASSWORD:
        memcpy(to->app_password, from->app_password, sizeof(to->app_password));
        break;
    case POLICY_KEYS_COUNT:
        break;
    }
    return true;
}
