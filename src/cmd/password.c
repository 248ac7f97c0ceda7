/* cowkey password */
#include <jansson.h>
#include <stdio.h>

#include "change.h"
#include "command.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/enroll/password.h"
#include "output.h"
#include "person.h"
#include "prompt.h"
#include "target.h"

static const char sources[] =
    "Give it with --new-password-file, --new-password-fd or --new-password-command.";

static enum ck_err ask_new_password(struct target *target, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *question = NULL;

    if (asprintf(&question, "New password of %s on %s: ", target->account.name,
                 target->settings.host.name) < 0)
        return ck_error_no_memory(err);
    return prompt_twice(question, "new password", sources, NULL, NULL, &target->new_password, err);
}

static void print_document(const struct target *target, const struct ck_password_change *change,
                           int64_t started_s, const struct ck_error *err)
{
    json_t *document = change_json("cowkey.password/1", target, change->result, "changed");

    json_object_set_new(document, "proof", json_string(change->proved ? "login" : "none"));
    json_object_set_new(document, "forced", json_boolean(change->forced));
    change_print(document, started_s, err);
}

static int run(const struct options *options)
{
    CK_CLEANUP(target_clear) struct target target = {0};
    struct speaker speaker = {.options = options, .target = &target};
    struct ck_person person = person_new(&speaker);
    struct ck_key_person key_person = key_person_new(&speaker);
    struct ck_password_change change = {0};
    struct ck_error err = {.code = CK_OK};
    int64_t started_s = clock_now_s();

    enum ck_err r = target_read(options, &person, &key_person, true, &target, &err);
    if (r == CK_OK && target.new_password == NULL)
        r = ask_new_password(&target, &err);
    if (r == CK_OK)
        r = ck_password_check(target.new_password, &err);
    if (r == CK_OK && ck_secret_equal(target.password, target.new_password))
        r = ck_error_set(&err, CK_ERR_USAGE, "the new password is the present one");
    if (r == CK_OK)
        r = target_probe(&target, &err);
    if (r == CK_OK)
        r = ck_password_change_run(&target.login, target.new_password, &change, &err);
    if (r != CK_OK && !change.submitted)
        return report_error(option_given(options, OPTION_JSON), &err);
    if (option_given(options, OPTION_JSON))
        print_document(&target, &change, started_s, &err);
    else if (r == CK_OK)
        print_result("Changed: a fresh login of %s with the new password worked.",
                     target.account.name);
    if (r == CK_OK)
        say(options, "Sessions that are logged in already stay so.");
    return r != CK_OK ? say_error(&err) : (int)CK_OK;
}

static const enum option_id own_options[] = {OPTION_NEW_PASSWORD_FILE, OPTION_NEW_PASSWORD_FD,
                                             OPTION_NEW_PASSWORD_COMMAND, OPTION_COUNT};

const struct command command_password = {
    .words = "password",
    .summary = "change the account's own password, and prove the new one by a login",
    .options = own_options,
    .online = true,
    .changes = true,
    .run = run,
};
