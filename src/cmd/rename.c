/* cowkey rename */
#include <jansson.h>

#include "change.h"
#include "command.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/enroll/renaming.h"
#include "cowkey/mailcow/factor.h"
#include "output.h"
#include "person.h"
#include "target.h"

static void print_document(const struct target *target, const struct ck_renaming *renaming,
                           const char *label, int64_t started_s, const struct ck_error *err)
{
    json_t *document = change_json("cowkey.rename/1", target, renaming->result, "renamed");

    json_object_set_new(document, "id", json_string(renaming->passkey.id));
    json_object_set_new(document, "label", text_json(label));
    json_object_set_new(document, "label_before", text_json(renaming->passkey.label));
    change_print(document, started_s, err);
}

static int run(const struct options *options)
{
    CK_CLEANUP(target_clear) struct target target = {0};
    CK_CLEANUP(ck_renaming_clear) struct ck_renaming renaming = {0};
    struct speaker speaker = {.options = options, .target = &target};
    struct ck_person person = person_new(&speaker);
    struct ck_key_person key_person = key_person_new(&speaker);
    const char *what = option_argument(options, 0), *label = option_argument(options, 1);
    struct ck_error err = {.code = CK_OK};
    int64_t started_s = clock_now_s();

    enum ck_err r = ck_factor_label_check(label, &err);
    if (r == CK_OK)
        r = target_read(options, &person, &key_person, true, &target, &err);
    if (r == CK_OK)
        r = target_probe(&target, &err);
    if (r == CK_OK)
        r = ck_renaming_run(&target.login, what, label, &renaming, &err);
    if (r == CK_ERR_UNKNOWN)
        target_hint_look(options, "list", &err);
    if (r != CK_OK && !renaming.submitted)
        return report_error(option_given(options, OPTION_JSON), &err);
    if (option_given(options, OPTION_JSON))
        print_document(&target, &renaming, label, started_s, &err);
    else if (r == CK_OK)
        print_result("Renamed: the passkey '%s' (ID %s) of %s is called '%s' now.",
                     renaming.passkey.label, renaming.passkey.id, target.account.name, label);
    return r != CK_OK ? say_error(&err) : (int)CK_OK;
}

const struct command command_rename = {
    .words = "rename",
    .arguments = "ID LABEL",
    .summary = "give a passkey another name",
    .online = true,
    .changes = true,
    .run = run,
};
