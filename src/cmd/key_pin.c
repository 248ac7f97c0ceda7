/* cowkey key pin set, cowkey key pin change */
#include "cowkey/key/pin.h"

#include <jansson.h>
#include <openssl/rand.h>
#include <string.h>

#include "command.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/file.h"
#include "key_command.h"
#include "new_pin.h"
#include "number.h"
#include "output.h"
#include "private_file.h"
#include "prompt.h"
#include "source.h"

/* What was asked for; pin is the new one, once it is known. */
struct plan {
    const struct options *options;
    enum ck_pin_act act;
    struct ck_secret *pin;
    struct ck_pin_wish wish;
    size_t random; /* characters; 0: the person chooses the PIN */
    const char *out;
    struct private_file file;
    bool shown;
};

static void plan_clear(struct plan *plan)
{
    ck_secret_free(&plan->pin);
}

/* --- options --- */

/* A random PIN has to reach somebody, and a JSON document is no place for it. */
static enum ck_err check_random(const struct plan *plan, struct ck_error *err)
{
    if (plan->random == 0 && plan->out == NULL)
        return CK_OK;
    if (plan->random == 0) {
        ck_error_set(err, CK_ERR_USAGE, "--out is for a PIN that cowkey makes");
        return ck_error_hint(err, "Add --random LENGTH, or leave --out out.");
    }
    if (plan->pin != NULL)
        return ck_error_set(err, CK_ERR_USAGE, "the new PIN is either given or random");
    if (plan->out != NULL)
        return ck_file_check_new(plan->out, err);
    if (option_given(plan->options, OPTION_JSON) || !prompt_possible()) {
        ck_error_set(err, CK_ERR_USAGE, "there is nowhere to show the random PIN");
        return ck_error_hint(err, "Have it written into a new private file: --out FILE.");
    }
    return CK_OK;
}

static enum ck_err read_plan(struct plan *plan, struct ck_error *err)
{
    const struct options *options = plan->options;
    int64_t random = 0;

    enum ck_err r = source_read(options, OPTION_NEW_PIN_FILE, "new PIN", &plan->pin, err);
    if (r == CK_OK)
        r = number_read_of(options, OPTION_RANDOM, "number of characters", CK_PIN_MIN, CK_PIN_MAX,
                           &random, err);
    if (r == CK_OK)
        r = number_read_of(options, OPTION_MIN_LENGTH, "number of characters", CK_PIN_MIN,
                           CK_PIN_MAX, &plan->wish.length_min, err);
    plan->wish.force_change = option_given(options, OPTION_FORCE_CHANGE);
    plan->random = (size_t)random;
    plan->out = option_value(options, OPTION_OUT);
    return r == CK_OK ? check_random(plan, err) : r;
}

/* --- the new PIN --- */

static enum ck_err make_random(struct plan *plan, int64_t length_min, struct ck_error *err)
{
    if ((int64_t)plan->random < length_min) {
        ck_error_set(err, CK_ERR_USAGE,
                     "a random PIN of %zu characters is too short: it needs %lld", plan->random,
                     (long long)length_min);
        return ck_error_hint(err, "Make --random at least that.");
    }
    return ck_pin_random(plan->random, RAND_priv_bytes, &plan->pin, err);
}

static enum ck_err find_pin(struct plan *plan, const struct ck_key_info *info, struct ck_error *err)
{
    int64_t length_min =
        plan->wish.length_min > info->pin_length_min ? plan->wish.length_min : info->pin_length_min;
    enum ck_err r = CK_OK;

    if (plan->random > 0)
        r = make_random(plan, length_min, err);
    else if (plan->pin == NULL)
        r = new_pin_ask(length_min,
                        "Give it with --new-pin-file, --new-pin-fd or --new-pin-command, or use "
                        "--random.",
                        &plan->pin, err);
    if (r == CK_OK)
        r = ck_pin_check(plan->pin, length_min, err);
    plan->wish.pin = plan->pin;
    return r;
}

/* --- a random PIN reaches the person before the key hears of it --- */

static enum ck_err show(struct plan *plan, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *line = NULL;

    enum ck_err r = prompt_show_secret("The new PIN:  ", plan->pin,
                                       "\nWrite it down now: it is not shown again.\n", err);
    if (r != CK_OK)
        return r;
    plan->shown = true;
    if (option_given(plan->options, OPTION_YES))
        return CK_OK;
    return prompt_line("Press Enter when you have it, or Ctrl-C to end this. ", "an answer",
                       "Pass --yes to go on without being asked.", &line, err);
}

static enum ck_err hand_out(struct plan *plan, struct ck_error *err)
{
    if (plan->random == 0)
        return CK_OK;
    return plan->out != NULL ? private_file_write_line(plan->options, "new PIN", plan->out,
                                                       plan->pin, &plan->file, err)
                             : show(plan, err);
}

/* The key was not told, or did not take it. */
static void void_pin(struct plan *plan)
{
    private_file_remove(&plan->file, plan->out);
    if (plan->shown)
        say_always("The PIN above is not in use: forget it.");
}

/* --- the result --- */

static int report(const struct plan *plan, const struct ck_plugged_key *key, bool set,
                  const struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *title = key_title(key);
    bool done = err->code == CK_OK;

    if (option_given(plan->options, OPTION_JSON)) {
        json_t *document = key_document(
            plan->act == CK_PIN_ACT_SET ? "cowkey.key-pin-set/1" : "cowkey.key-pin-change/1", key);
        json_object_set_new(document, "result", json_string(set ? "set" : "unknown"));
        json_object_set_new(document, "out", text_or_null_json(plan->out));
        json_object_set_new(document, "pin_length_min",
                            done && plan->wish.length_min > 0 ? json_integer(plan->wish.length_min)
                                                              : json_null());
        json_object_set_new(document, "force_change",
                            json_boolean(done && plan->wish.force_change));
        if (!done)
            json_object_set_new(document, "error", error_json(err));
        print_json(document);
    } else if (set) {
        print_result("The PIN is %s: %s.", plan->act == CK_PIN_ACT_SET ? "set" : "changed",
                     title != NULL ? title : key->path);
    }
    if (done && plan->wish.force_change)
        say(plan->options, "It has to be changed before the key takes it: cowkey key pin change");
    return done ? 0 : say_error(err);
}

static int run(const struct options *options, enum ck_pin_act act)
{
    CK_CLEANUP(plan_clear) struct plan plan = {.options = options, .act = act};
    CK_CLEANUP(key_command_clear) struct key_command command;
    struct ck_error err = {.code = CK_OK};
    bool set = false;

    key_command_init(&command, options);
    enum ck_err r = read_plan(&plan, &err);
    if (r == CK_OK)
        r = key_command_open(&command, &err);
    if (r == CK_OK)
        r = ck_key_check_pin_act(command.key, &command.described.info, act, &plan.wish, &err);
    if (r == CK_OK && act == CK_PIN_ACT_CHANGE)
        r = ck_key_ask_old_pin(command.key, &err);
    if (r == CK_OK)
        r = find_pin(&plan, &command.described.info, &err);
    if (r == CK_OK)
        r = hand_out(&plan, &err);
    if (r == CK_OK)
        r = ck_key_set_pin(command.key, act, &plan.wish, &set, &err);
    if (r == CK_OK || r == CK_ERR_UNKNOWN)
        return report(&plan, &command.described, set, &err);
    void_pin(&plan);
    return report_error(option_given(options, OPTION_JSON), &err);
}

static int run_set(const struct options *options)
{
    return run(options, CK_PIN_ACT_SET);
}

static int run_change(const struct options *options)
{
    return run(options, CK_PIN_ACT_CHANGE);
}

static const enum option_id own_options[] = {
    OPTION_NEW_PIN_FILE, OPTION_NEW_PIN_FD, OPTION_NEW_PIN_COMMAND, OPTION_RANDOM,
    OPTION_OUT,          OPTION_MIN_LENGTH, OPTION_FORCE_CHANGE,    OPTION_COUNT};

const struct command command_key_pin_set = {
    .words = "key pin set",
    .summary = "give a security key its first PIN",
    .options = own_options,
    .changes = true,
    .run = run_set,
};

const struct command command_key_pin_change = {
    .words = "key pin change",
    .summary = "give a security key another PIN",
    .options = own_options,
    .changes = true,
    .run = run_change,
};
