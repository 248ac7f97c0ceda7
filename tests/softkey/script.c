#include "script.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "must.h"

static const char *const uv_names[] = {"none", "unset", "set", NULL};
static const char *const uv_result_names[] = {"ok", "fail", "timeout", NULL};
static const char *const attestation_names[] = {"batch", "self", "none", NULL};
static const char *const status_names[] = {"pin-policy-violation", "pin-invalid", NULL};
static const char *const fault_names[] = {
    "none",
    "short-frame",
    "wrong-sequence",
    "wrong-channel",
    "truncated",
    "garbage",
    "silence",
    "pull",
    "status",
    "hid-error",
    "wrong-signature",
    "wrong-rp-id-hash",
    "wrong-credential",
    "wrong-algorithm",
    "no-up",
    "no-uv",
    NULL,
};

static const struct setting {
    const char *name;
    enum { NUMBER, SWITCH, CHOICE, BYTES, LIST } kind;
    size_t offset;
    int64_t min, max;           /* of a NUMBER; of a LIST: how many */
    const char *const *choices; /* of a CHOICE */
} settings[] = {
#define NUMBER_OF(field, min, max)                                                                 \
    {                                                                                              \
#field, NUMBER, offsetof(struct script, field), min, max, NULL                             \
    }
#define SWITCH_OF(field)                                                                           \
    {                                                                                              \
#field, SWITCH, offsetof(struct script, field), 0, 0, NULL                                 \
    }
#define CHOICE_OF(field, names)                                                                    \
    {                                                                                              \
#field, CHOICE, offsetof(struct script, field), 0, 0, names                                \
    }
    {"touch", NUMBER, offsetof(struct script, touch_ms), TOUCH_NEVER, INT32_MAX, NULL},
    NUMBER_OF(touch_timeout_ms, 1, INT32_MAX),
    NUMBER_OF(keepalives, 0, 100000),
    NUMBER_OF(keepalive_ms, 1, INT32_MAX),
    NUMBER_OF(processing_ms, 0, INT32_MAX),
    CHOICE_OF(uv, uv_names),
    CHOICE_OF(uv_result, uv_result_names),
    SWITCH_OF(client_pin),
    SWITCH_OF(ctap21),
    SWITCH_OF(u2f),
    SWITCH_OF(u2f_only),
    SWITCH_OF(resident_keys),
    SWITCH_OF(credential_management),
    SWITCH_OF(cred_protect),
    SWITCH_OF(make_cred_uv_not_required),
    CHOICE_OF(forced_change_status, status_names),
    NUMBER_OF(capacity, 0, 1000),
    NUMBER_OF(list_max, 0, 1000),
    NUMBER_OF(credential_id_size, 1, CREDENTIAL_ID_MAX),
    NUMBER_OF(firmware, 0, UINT32_MAX),
    SWITCH_OF(all_info),
    NUMBER_OF(rp_id_max, 0, 255),
    NUMBER_OF(reset_window_ms, 0, INT32_MAX),
    CHOICE_OF(attestation, attestation_names),
    {"aaguid", BYTES, offsetof(struct script, aaguid), 0, 0, NULL},
    {"algorithms", LIST, offsetof(struct script, algorithms), 0, ALGORITHMS_MAX, NULL},
    {"protocols", LIST, offsetof(struct script, protocols), 0, PROTOCOLS_MAX, NULL},
};
enum { SETTINGS = sizeof(settings) / sizeof(settings[0]) };

void script_init(struct script *script)
{
    static const uint8_t made_up[AAGUID_SIZE] = {0xc0, 0x3c, 0xe4, 0x50, 0xf7, 0xce, 0x4a, 0x11,
                                                 0x9e, 0x57, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05};

    *script = (struct script){
        .touch_timeout_ms = 30000,
        .keepalive_ms = 100,
        .client_pin = true,
        .ctap21 = true,
        .u2f = true,
        .resident_keys = true,
        .credential_management = true,
        .cred_protect = true,
        .make_cred_uv_not_required = true,
        .capacity = 25,
        .credential_id_size = 64,
        .firmware = 0x00050403,
        .reset_window_ms = 10000,
        .algorithms = {ALG_ES256, ALG_EDDSA, ALG_RS256},
        .protocols = {2, 1},
    };
    memcpy(script->aaguid, made_up, sizeof(made_up));
}

/* --- one setting --- */

static int index_of(const char *const *names, const char *name)
{
    for (int i = 0; name != NULL && names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    return -1;
}

/* "never" and "instant" stand for numbers of a touch. */
static bool to_number(const struct setting *setting, const json_t *value, int64_t *ret)
{
    const char *word = json_string_value(value);

    if (word != NULL && setting->min == TOUCH_NEVER) {
        *ret = strcmp(word, "never") == 0 ? TOUCH_NEVER : 0;
        return *ret == TOUCH_NEVER || strcmp(word, "instant") == 0;
    }
    *ret = json_integer_value(value);
    return json_is_integer(value) && *ret >= setting->min && *ret <= setting->max;
}

/* With or without the hyphens of a UUID. */
static bool to_aaguid(const char *text, uint8_t ret[AAGUID_SIZE])
{
    size_t digits = 0;

    for (; text != NULL && *text != '\0'; text++) {
        if (*text == '-')
            continue;
        if (!isxdigit((unsigned char)*text) || digits == 2 * AAGUID_SIZE)
            return false;
        uint8_t nibble =
            (uint8_t)(isdigit((unsigned char)*text) ? *text - '0' : (*text | 0x20) - 'a' + 10);
        ret[digits / 2] = (uint8_t)(ret[digits / 2] << 4 | nibble);
        digits++;
    }
    return digits == 2 * AAGUID_SIZE;
}

static bool to_list(const json_t *value, int64_t *ret, size_t count_max)
{
    size_t count = json_array_size(value);

    if (!json_is_array(value) || count > count_max)
        return false;
    for (size_t i = 0; i < count_max; i++)
        ret[i] = i < count ? json_integer_value(json_array_get(value, i)) : 0;
    return true;
}

static bool set_one(const struct setting *setting, void *field, const json_t *value)
{
    uint8_t aaguid[AAGUID_SIZE];
    int64_t number;
    int choice;

    switch (setting->kind) {
    case NUMBER:
        if (!to_number(setting, value, &number))
            return false;
        *(int64_t *)field = number;
        return true;
    case SWITCH:
        *(bool *)field = json_is_true(value);
        return json_is_boolean(value);
    case CHOICE:
        choice = index_of(setting->choices, json_string_value(value));
        if (choice >= 0)
            *(int *)field = choice;
        return choice >= 0;
    case BYTES:
        if (!to_aaguid(json_string_value(value), aaguid))
            return false;
        memcpy(field, aaguid, sizeof(aaguid));
        return true;
    case LIST:
        return to_list(value, field, (size_t)setting->max);
    }
    return false;
}

/* --- faults --- */

const char *fault_name(enum fault_kind kind)
{
    return fault_names[kind];
}

static bool add_fault(struct script *script, const json_t *object)
{
    const char *at = json_string_value(json_object_get(object, "at"));
    const json_t *times = json_object_get(object, "times");
    int kind = index_of(fault_names, json_string_value(json_object_get(object, "do")));

    if (kind < 0 || script->fault_count == FAULTS_MAX)
        return false;
    struct fault *fault = &script->faults[script->fault_count];
    *fault = (struct fault){
        .kind = (enum fault_kind)kind,
        .code = json_integer_value(json_object_get(object, "code")),
        .skip = json_integer_value(json_object_get(object, "skip")),
        .times = times == NULL ? 1 : json_integer_value(times),
    };
    if (at != NULL && strlen(at) >= sizeof(fault->at))
        return false;
    strcpy(fault->at, at == NULL ? "" : at);
    script->fault_count++;
    return true;
}

/* A list replaces what was there. */
static bool set_faults(struct script *script, const json_t *list)
{
    const json_t *item;
    size_t i;

    script->fault_count = 0;
    json_array_foreach(list, i, item)
    {
        if (!add_fault(script, item))
            return false;
    }
    return json_is_array(list);
}

struct fault script_fault(struct script *script, const char *command)
{
    for (size_t i = 0; i < script->fault_count; i++) {
        struct fault *fault = &script->faults[i];
        if ((fault->at[0] != '\0' && strcmp(fault->at, command) != 0) || fault->times == 0)
            continue;
        if (fault->skip > 0) {
            fault->skip--;
            continue;
        }
        if (fault->times > 0)
            fault->times--;
        return *fault;
    }
    return (struct fault){.kind = FAULT_NONE};
}

/* --- all of them --- */

bool script_set(struct script *script, const char *name, const json_t *value,
                const char **ret_problem)
{
    if (strcmp(name, "faults") == 0) {
        if (!set_faults(script, value))
            *ret_problem = "not a list of known faults";
        return true;
    }
    for (size_t i = 0; i < SETTINGS; i++) {
        if (strcmp(settings[i].name, name) != 0)
            continue;
        if (!set_one(&settings[i], (char *)script + settings[i].offset, value))
            *ret_problem = "not a value for this";
        return true;
    }
    return false;
}

static json_t *show_list(const int64_t *list, size_t count_max)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count_max && list[i] != 0; i++)
        json_array_append_new(array, json_integer(list[i]));
    return array;
}

static json_t *show_one(const struct setting *setting, const void *field)
{
    char hex[2 * AAGUID_SIZE + 1];

    switch (setting->kind) {
    case NUMBER:
        return json_integer(*(const int64_t *)field);
    case SWITCH:
        return json_boolean(*(const bool *)field);
    case CHOICE:
        return json_string(setting->choices[*(const int *)field]);
    case BYTES:
        for (size_t i = 0; i < AAGUID_SIZE; i++)
            snprintf(hex + 2 * i, 3, "%02x", ((const uint8_t *)field)[i]);
        return json_string(hex);
    case LIST:
        return show_list(field, (size_t)setting->max);
    }
    return NULL;
}

json_t *script_show(const struct script *script)
{
    json_t *object = json_object();

    for (size_t i = 0; i < SETTINGS; i++)
        json_object_set_new(object, settings[i].name,
                            show_one(&settings[i], (const char *)script + settings[i].offset));
    return object;
}

static bool offers(const int64_t *list, size_t count_max, int64_t wanted)
{
    for (size_t i = 0; i < count_max && list[i] != 0; i++) {
        if (list[i] == wanted)
            return true;
    }
    return false;
}

bool script_offers_algorithm(const struct script *script, int64_t algorithm)
{
    return key_known(algorithm) && offers(script->algorithms, ALGORITHMS_MAX, algorithm);
}

bool script_offers_protocol(const struct script *script, int64_t protocol)
{
    return (protocol == 1 || protocol == 2) && offers(script->protocols, PROTOCOLS_MAX, protocol);
}
