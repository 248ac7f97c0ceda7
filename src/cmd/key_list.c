/* cowkey key list */
#include <jansson.h>

#include "command.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/key/aaguid.h"
#include "cowkey/webauthn/credential.h"
#include "key_command.h"
#include "output.h"
#include "target.h"

static bool is_usable(const struct ck_plugged_key *key)
{
    return key->problem.code == CK_OK;
}

/* What only a key that answered tells. */
static json_t *answers_json(const struct ck_key_info *info)
{
    return json_pack("{s:b, s:b, s:o, s:s, s:o, s:o}", "fido2", info->fido2, "u2f", info->u2f,
                     "firmware", text_or_null_json(info->device_version), "pin",
                     ck_pin_state_name(info->pin), "pin_tries",
                     number_or_null_json(info->pin_tries), "passkey_room",
                     number_or_null_json(info->passkey_room));
}

static json_t *row_json(const struct ck_plugged_key *key)
{
    json_t *row = key_json(key);

    if (is_usable(key)) {
        json_t *answers = answers_json(&key->info);
        json_object_update(row, answers);
        json_decref(answers);
    }
    json_object_set_new(row, "problem", is_usable(key) ? json_null() : error_json(&key->problem));
    return row;
}

static void print_row(const struct ck_plugged_key *key)
{
    CK_CLEANUP(ck_free_p) char *title = key_title(key);
    CK_CLEANUP(ck_free_p) char *pin = pin_sentence(&key->info);
    const struct ck_key_info *info = &key->info;
    char aaguid[CK_AAGUID_TEXT_MAX];

    if (title == NULL || pin == NULL)
        return;
    print_result("%s", title);
    if (!is_usable(key)) {
        print_result("  can't be used: %s", key->problem.text);
        print_result("  %s", key->problem.hint);
        return;
    }
    const char *name = ck_aaguid_name(info->aaguid);
    ck_aaguid_format(info->aaguid, aaguid);
    print_result("  kind:     %s%s%s", info->fido2 ? "FIDO2" : "",
                 info->fido2 && info->u2f ? " and " : "", info->u2f ? "U2F" : "");
    if (*info->device_version != '\0')
        print_result("  firmware: %s", info->device_version);
    if (info->fido2)
        print_result("  model:    %s%s%s%s", name != NULL ? name : "", name != NULL ? " (" : "",
                     aaguid, name != NULL ? ")" : "");
    print_result("  PIN:      %s", pin);
}

/* Keys of which none can be used are no success, though there is something to print. */
static int print_all(const struct options *options, const struct ck_plugged_key *keys, size_t count)
{
    bool json = option_given(options, OPTION_JSON);
    const struct ck_error *problem = &keys[0].problem;
    json_t *rows = json_array();

    for (size_t i = 0; i < count; i++) {
        if (is_usable(&keys[i]))
            problem = NULL;
        if (json)
            json_array_append_new(rows, row_json(&keys[i]));
        else
            print_row(&keys[i]);
    }
    if (json) {
        json_t *document = json_pack("{s:s, s:O}", "schema", "cowkey.key-list/1", "keys", rows);
        if (problem != NULL)
            json_object_set_new(document, "error", error_json(problem));
        print_json(document);
    }
    json_decref(rows);
    return problem != NULL ? say_error(problem) : 0;
}

static int run(const struct options *options)
{
    struct key_command command;
    CK_CLEANUP(ck_free_p) struct ck_plugged_key *keys = NULL;
    struct ck_error err = {.code = CK_OK};
    size_t count = 0;

    key_command_init(&command, options);
    /* Nobody is asked for a touch, and yet a number that makes no sense is a mistake. */
    enum ck_err r = target_read_touch_timeout(options, &command.settings.touch_timeout_ms, &err);
    if (r == CK_OK)
        r = ck_key_find_all(&command.settings, &keys, &count, &err);
    if (r == CK_OK && count == 0)
        r = ck_key_none_found(command.settings.device, &err);
    if (r != CK_OK)
        return report_error(option_given(options, OPTION_JSON), &err);
    return print_all(options, keys, count);
}

const struct command command_key_list = {
    .words = "key list",
    .summary = "the security keys that are plugged in, and what is wrong with them",
    .run = run,
};
