/* cowkey key reset */
#include "cowkey/key/reset.h"

#include <jansson.h>
#include <string.h>

#include "command.h"
#include "confirm.h"
#include "cowkey/base/cleanup.h"
#include "key_command.h"
#include "output.h"
#include "prompt.h"

static void tell_unplug(void *data)
{
    (void)data;
    say_always("Unplug the security key now ...");
}

static void tell_plug(void *data)
{
    (void)data;
    say_always("Plug it in again, and touch it as soon as it blinks ...");
}

static enum ck_err ask_reset(const struct key_command *command, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *title = key_title(&command->described);
    CK_CLEANUP(ck_secret_free) struct ck_secret *answer = NULL;

    if (confirm_tells(command->options)) {
        say_always("This resets %s.", title != NULL ? title : command->described.path);
        say_always("It deletes every passkey on it and its PIN. Wherever it is a second factor it");
        say_always(
            "stops being one, on every account of every server, until it is registered anew.");
        say_always("Nothing brings back what was on it.");
    }
    if (option_given(command->options, OPTION_YES))
        return CK_OK;
    enum ck_err r = prompt_line("Type the word reset to go on: ", "an answer",
                                "Pass --yes to go on without being asked.", &answer, err);
    if (r != CK_OK || strcmp(ck_secret_bytes(answer), "reset") == 0)
        return r;
    ck_error_set(err, CK_ERR_UNCHANGED, "ended, as you wished: the key is as it was");
    return ck_error_hint(err, "Only the word reset goes on.");
}

static enum ck_err check(const struct ck_plugged_key *key, struct ck_error *err)
{
    if (key->info.fido2)
        return CK_OK;
    ck_error_set(err, CK_ERR_KEY, "a U2F key can't be reset");
    return ck_error_hint(err, "It keeps nothing of the accounts that it is registered for.");
}

static int report(const struct options *options, const struct ck_plugged_key *key,
                  const struct ck_error *err)
{
    bool done = err->code == CK_OK;

    if (option_given(options, OPTION_JSON)) {
        json_t *document = key_document("cowkey.key-reset/1", key);
        json_object_set_new(document, "result", json_string(done ? "reset" : "unknown"));
        if (!done)
            json_object_set_new(document, "error", error_json(err));
        print_json(document);
    } else if (done) {
        print_result("The security key is reset, and has no PIN.");
    }
    return done ? 0 : say_error(err);
}

static int run(const struct options *options)
{
    const struct ck_reset_person person = {.tell_unplug = tell_unplug, .tell_plug = tell_plug};
    CK_CLEANUP(key_command_clear) struct key_command command;
    struct ck_error err = {.code = CK_OK};

    key_command_init(&command, options);
    enum ck_err r = key_command_open(&command, &err);
    if (r == CK_OK)
        r = check(&command.described, &err);
    if (r == CK_OK)
        r = ask_reset(&command, &err);
    if (r == CK_OK)
        r = ck_key_reset(&command.key, &command.described, &person, &err);
    if (r == CK_OK || r == CK_ERR_UNKNOWN)
        return report(options, &command.described, &err);
    return report_error(option_given(options, OPTION_JSON), &err);
}

const struct command command_key_reset = {
    .words = "key reset",
    .summary = "delete everything on a security key, as if it were new",
    .changes = true,
    .run = run,
};
