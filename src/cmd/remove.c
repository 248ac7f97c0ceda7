/* cowkey remove */
#include <jansson.h>

#include "change.h"
#include "command.h"
#include "confirm.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/enroll/removal.h"
#include "output.h"
#include "person.h"
#include "target.h"

static const char *kind_of(const struct ck_listed *listed)
{
    return listed->is_passkey ? "passkey" : "second factor";
}

/* What it means, said before it is asked. */
static void warn(const struct ck_removal_plan *plan)
{
    if (plan->no_factor_left && plan->forced == 1)
        say_always("It is the last one, and the server insists on a second factor: the next login "
                   "will be held until a new one is set up.");
    else if (plan->no_factor_left && plan->forced == 0)
        say_always("No second factor will be left: the password alone will log in.");
    else if (plan->no_factor_left) /* not every account may read whether it is forced */
        say_always("No second factor will be left: the password alone will log in, or the server "
                   "holds the next login until a new one is set up, if it insists on one.");
    if (plan->used_now)
        say_always(
            "It is the one that you logged in with just now: the next login needs another of "
            "the account's factors.");
    if (plan->no_passkey_left)
        say_always("It is the last passkey: logging in will take the password.");
}

static enum ck_err ask_removal(void *data, const struct ck_removal_plan *plan, struct ck_error *err)
{
    const struct options *options = data;
    bool told = confirm_tells(options);

    for (size_t i = 0; told && i < plan->going_count; i++)
        say_always("To be removed: the %s '%s' (ID %s).", kind_of(&plan->going[i]),
                   plan->going[i].label, plan->going[i].id);
    if (told)
        warn(plan);
    return confirm(options, "Remove? [y/N] ", err);
}

static json_t *going_json(const struct ck_removal *removal)
{
    json_t *list = json_array();

    for (size_t i = 0; i < removal->going_count; i++)
        json_array_append_new(list, listed_json(&removal->going[i]));
    return list;
}

static void print_document(const struct target *target, const struct ck_removal *removal,
                           int64_t started_s, const struct ck_error *err)
{
    json_t *document = change_json("cowkey.remove/1", target, removal->result, "removed");
    bool done = removal->result == CK_CHANGE_DONE;

    json_object_set_new(document, "entries", going_json(removal));
    json_object_set_new(document, "factors_left",
                        done ? json_integer((json_int_t)removal->factors_left) : json_null());
    json_object_set_new(document, "passkeys_left",
                        number_or_null_json(done ? removal->passkeys_left : -1));
    change_print(document, started_s, err);
}

static void print_sentences(const struct target *target, const struct ck_removal *removal)
{
    if (removal->result != CK_CHANGE_DONE)
        return;
    if (removal->going_count == 0)
        print_result("%s has no second factors: there was nothing to remove.",
                     target->account.name);
    for (size_t i = 0; i < removal->going_count; i++)
        print_result("Removed: the %s '%s' (ID %s) of %s.", kind_of(&removal->going[i]),
                     removal->going[i].label, removal->going[i].id, target->account.name);
    if (removal->going_count > 0 && removal->going[0].is_passkey)
        say_always("The security key still holds it, and will offer it in vain.");
}

/* Either an ID or --all-factors. */
static enum ck_err read_wish(const struct options *options, const char **ret_what,
                             struct ck_error *err)
{
    *ret_what = option_argument(options, 0);
    if ((*ret_what != NULL) != option_given(options, OPTION_ALL_FACTORS))
        return CK_OK;
    ck_error_set(err, CK_ERR_USAGE,
                 *ret_what != NULL ? "--all-factors and an ID can't be given together"
                                   : "'remove' needs an ID, or --all-factors");
    return ck_error_hint(err, "'cowkey list' shows the IDs.");
}

static int run(const struct options *options)
{
    CK_CLEANUP(target_clear) struct target target = {0};
    CK_CLEANUP(ck_removal_clear) struct ck_removal removal = {0};
    struct speaker speaker = {.options = options, .target = &target};
    struct ck_person person = person_new(&speaker);
    struct ck_key_person key_person = key_person_new(&speaker);
    const struct ck_removal_person asked = {(void *)options, ask_removal};
    struct ck_error err = {.code = CK_OK};
    int64_t started_s = clock_now_s();
    const char *what;

    enum ck_err r = read_wish(options, &what, &err);
    if (r == CK_OK)
        r = target_read(options, &person, &key_person, true, &target, &err);
    if (r == CK_OK)
        r = target_probe(&target, &err);
    if (r == CK_OK)
        r = ck_removal_run(&target.login, what, &asked, &removal, &err);
    if (r == CK_ERR_UNKNOWN)
        target_hint_look(options, "list", &err);
    if (r != CK_OK && !removal.submitted)
        return report_error(option_given(options, OPTION_JSON), &err);
    if (option_given(options, OPTION_JSON))
        print_document(&target, &removal, started_s, &err);
    else
        print_sentences(&target, &removal);
    return r != CK_OK ? say_error(&err) : (int)CK_OK;
}

static const enum option_id own_options[] = {OPTION_ALL_FACTORS, OPTION_COUNT};

const struct command command_remove = {
    .words = "remove",
    .arguments = "[ID]",
    .summary = "remove a second factor or a passkey of the account",
    .options = own_options,
    .online = true,
    .changes = true,
    .run = run,
};
