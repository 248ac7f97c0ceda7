/* cowkey key credentials list, cowkey key credentials remove */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "confirm.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/escape.h"
#include "cowkey/key/stored.h"
#include "key_command.h"
#include "output.h"

enum { ID_PREFIX_MIN = 8 }; /* characters that may stand for a whole ID */

/* CTAP 2.1 section 12.1. */
static const char *const protections[] = {
    NULL,
    "optional",
    "optional-with-list",
    "required",
};

static const char *protection_name(int protection)
{
    return protection >= 1 && protection <= 3 ? protections[protection] : NULL;
}

static json_t *bytes_json(const struct ck_bytes *bytes)
{
    CK_CLEANUP(ck_free_p) char *text = ck_base64_encode(CK_BASE64_URL, bytes->data, bytes->size);

    return text != NULL ? json_string(text) : json_null();
}

static json_t *stored_json(const struct ck_stored *stored)
{
    const char *protection = protection_name(stored->protection);

    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s?}", "id", bytes_json(&stored->id), "rp_id",
        text_json(stored->rp_id), "rp_name", text_or_null_json(stored->rp_name), "user_name",
        text_or_null_json(stored->user_name), "user_display_name",
        text_or_null_json(stored->user_display_name), "user_handle", bytes_json(&stored->user_id),
        "alg", stored->algorithm != 0 ? json_integer(stored->algorithm) : json_null(), "protection",
        protection);
}

/* --- list --- */

static void print_document(const struct ck_plugged_key *key, const struct ck_stored_list *list)
{
    json_t *document = key_document("cowkey.key-credentials-list/1", key);
    json_t *rows = json_array();

    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(rows, stored_json(&list->items[i]));
    json_object_set_new(document, "credentials", rows);
    json_object_set_new(document, "stored", json_integer((json_int_t)list->stored));
    json_object_set_new(document, "room", number_or_null_json(list->room));
    print_json(document);
}

static void print_stored(const struct ck_stored *stored)
{
    static const char *const sentences[] = {
        NULL,
        "the key shows it to anybody",
        "the key shows it to who knows its ID or the PIN",
        "the key shows it to who knows the PIN",
    };
    CK_CLEANUP(ck_free_p)
    char *id = ck_base64_encode(CK_BASE64_URL, stored->id.data, stored->id.size);
    CK_CLEANUP(ck_free_p)
    char *handle = ck_base64_encode(CK_BASE64_URL, stored->user_id.data, stored->user_id.size);
    const char *display = stored->user_display_name;

    if (id == NULL || handle == NULL)
        return;
    print_result("  %s%s%s%s", *stored->user_name != '\0' ? stored->user_name : "(no user name)",
                 *display != '\0' ? " (" : "", display, *display != '\0' ? ")" : "");
    print_result("    ID          %s", id);
    print_result("    user handle %s", handle);
    if (protection_name(stored->protection) != NULL)
        print_result("    protection  %s", sentences[stored->protection]);
}

static void print_list(const struct ck_plugged_key *key, const struct ck_stored_list *list,
                       bool all)
{
    CK_CLEANUP(ck_free_p) char *title = key_title(key);
    const char *rp_id = "";

    print_result("%s", title != NULL ? title : key->path);
    for (size_t i = 0; i < list->count; i++) {
        const struct ck_stored *stored = &list->items[i];
        if (strcmp(stored->rp_id, rp_id) != 0) {
            rp_id = stored->rp_id;
            print_result("%s%s%s%s", rp_id, *stored->rp_name != '\0' ? " (" : "", stored->rp_name,
                         *stored->rp_name != '\0' ? ")" : "");
        }
        print_stored(stored);
    }
    if (list->count == 0)
        print_result(all ? "No passkeys." : "No passkeys for this server.");
    if (all && list->stored > list->count)
        print_result("%zu more can't be shown: the key keeps their servers' names shortened.",
                     list->stored - list->count);
    if (list->room >= 0)
        print_result("Room for %" PRId64 " more.", list->room);
}

static int run_list(const struct options *options)
{
    CK_CLEANUP(key_command_clear) struct key_command command;
    CK_CLEANUP(ck_stored_list_clear) struct ck_stored_list list = {0};
    const char *rp_id = option_value(options, OPTION_RP_ID);
    struct ck_error err = {.code = CK_OK};
    bool json = option_given(options, OPTION_JSON);

    key_command_init(&command, options);
    enum ck_err r = key_command_open(&command, &err);
    if (r == CK_OK)
        r = ck_stored_read(command.key, rp_id, &list, &err);
    if (r != CK_OK)
        return report_error(json, &err);
    if (json)
        print_document(&command.described, &list);
    else
        print_list(&command.described, &list, rp_id == NULL);
    return 0;
}

/* --- remove --- */

enum match { MATCH_NONE, MATCH_PREFIX, MATCH_WHOLE };

static enum match match(const struct ck_stored *stored, const char *wanted)
{
    CK_CLEANUP(ck_free_p)
    char *id = ck_base64_encode(CK_BASE64_URL, stored->id.data, stored->id.size);

    if (id == NULL || strncmp(id, wanted, strlen(wanted)) != 0)
        return MATCH_NONE;
    return strlen(id) == strlen(wanted) ? MATCH_WHOLE : MATCH_PREFIX;
}

/* The one whose ID this is, or the only one whose ID begins so. */
static enum ck_err find(const struct ck_stored_list *list, const char *wanted,
                        const struct ck_stored **ret_stored, struct ck_error *err)
{
    const struct ck_stored *found = NULL;
    size_t prefixes = 0;

    for (size_t i = 0; i < list->count; i++) {
        enum match matched = match(&list->items[i], wanted);
        if (matched == MATCH_WHOLE) {
            *ret_stored = &list->items[i];
            return CK_OK;
        }
        if (matched == MATCH_PREFIX && strlen(wanted) >= ID_PREFIX_MIN) {
            found = &list->items[i];
            prefixes++;
        }
    }
    if (prefixes == 1) {
        *ret_stored = found;
        return CK_OK;
    }
    if (prefixes > 1)
        ck_error_set(err, CK_ERR_USAGE, "%zu passkeys have an ID that begins with '%.100s'",
                     prefixes, wanted);
    else
        ck_error_set(err, CK_ERR_USAGE, "the security key keeps no passkey with the ID '%.100s'",
                     wanted);
    return ck_error_hint(err,
                         "'cowkey key credentials list' shows them; %d characters or more of "
                         "the beginning do.",
                         ID_PREFIX_MIN);
}

static enum ck_err ask_removal(const struct options *options, const struct ck_stored *stored,
                               struct ck_error *err)
{
    const char *user = stored->user_name;

    if (confirm_tells(options)) {
        say_always("This removes the passkey of %s for %s from the security key.",
                   *user != '\0' ? user : "an unnamed user", stored->rp_id);
        say_always("The server is not told: remove it there too, or it goes on being listed.");
    }
    return confirm(options, "Remove it? [y/N] ", err);
}

static int report(const struct options *options, const struct ck_plugged_key *key,
                  const struct ck_stored *stored, const struct ck_error *err)
{
    bool done = err->code == CK_OK;

    if (option_given(options, OPTION_JSON)) {
        json_t *document = key_document("cowkey.key-credentials-remove/1", key);
        json_object_set_new(document, "credential", stored_json(stored));
        json_object_set_new(document, "result", json_string(done ? "removed" : "unknown"));
        if (!done)
            json_object_set_new(document, "error", error_json(err));
        print_json(document);
    } else if (done) {
        print_result("The passkey is removed from the security key.");
    }
    return done ? 0 : say_error(err);
}

static int run_remove(const struct options *options)
{
    CK_CLEANUP(key_command_clear) struct key_command command;
    CK_CLEANUP(ck_stored_list_clear) struct ck_stored_list list = {0};
    const struct ck_stored *stored = NULL;
    struct ck_error err = {.code = CK_OK};

    key_command_init(&command, options);
    enum ck_err r = key_command_open(&command, &err);
    if (r == CK_OK)
        r = ck_stored_read(command.key, NULL, &list, &err);
    if (r == CK_OK)
        r = find(&list, option_argument(options, 0), &stored, &err);
    if (r == CK_OK)
        r = ask_removal(options, stored, &err);
    if (r == CK_OK)
        r = ck_stored_remove(command.key, stored, &err);
    if (r == CK_OK || r == CK_ERR_UNKNOWN)
        return report(options, &command.described, stored, &err);
    return report_error(option_given(options, OPTION_JSON), &err);
}

static const enum option_id list_options[] = {OPTION_RP_ID, OPTION_COUNT};

const struct command command_key_credentials_list = {
    .words = "key credentials list",
    .summary = "the passkeys that a security key keeps; needs its PIN",
    .options = list_options,
    .run = run_list,
};

const struct command command_key_credentials_remove = {
    .words = "key credentials remove",
    .arguments = "ID",
    .summary = "remove one of them from the key; the server is not told",
    .changes = true,
    .run = run_remove,
};
