/* cowkey recover */
#include "recover.h"

#include <jansson.h>
#include <string.h>

#include "acting.h"
#include "change.h"
#include "command.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/file.h"
#include "cowkey/mailcow/new_password.h"
#include "output.h"
#include "person.h"

static const char *result_name(enum ck_recovery_result result)
{
    static const char *const names[] = {
        [CK_RECOVERY_FAILED] = "failed",
        [CK_RECOVERY_UNKNOWN] = "unknown",
        [CK_RECOVERY_PARTIAL] = "partial",
        [CK_RECOVERY_RECOVERED] = "recovered",
        [CK_RECOVERY_ALLOWED_ONCE] = "allowed-once",
    };
    return names[result];
}

/* Only what was wanted; done is null where that is not known. */
static json_t *steps_json(const struct ck_recovery *done)
{
    json_t *list = json_array();

    for (enum ck_recover_step i = 0; i < CK_RECOVER_STEPS; i++) {
        enum ck_step_state state = done->steps[i];
        if (state == CK_STEP_NOT_WANTED)
            continue;
        json_array_append_new(
            list,
            json_pack("{s:s, s:o, s:b}", "step", ck_recover_step_name((enum ck_recover_step)i),
                      "done",
                      state == CK_STEP_UNKNOWN ? json_null() : json_boolean(state == CK_STEP_DONE),
                      "possible", state != CK_STEP_NOT_POSSIBLE));
    }
    return list;
}

static json_t *forced_json(const struct ck_recovery *done)
{
    if (!done->record_known)
        return json_null();
    return json_pack("{s:o, s:o}", "second_factor", flag_or_null_json(done->record.force_tfa),
                     "password_change", flag_or_null_json(done->record.force_pw_update));
}

static void print_document(const struct recovering *recovering, const struct acting *acting,
                           const struct ck_recovery *done, int64_t started_s,
                           const struct ck_error *err)
{
    const struct ck_account *account = &done->record.account;
    json_t *document =
        json_pack("{s:s, s:o, s:s, s:s, s:o, s:s}", "schema", "cowkey.recover/1", "account",
                  text_json(account->name), "role", ck_role_name(account->role), "server",
                  recovering->host->origin, "by", text_json(admin_target_name(&acting->who)),
                  "route", recovering->by->session != NULL ? "session" : "api-key");

    json_object_set_new(document, "result", json_string(result_name(done->result)));
    json_object_set_new(document, "steps", steps_json(done));
    json_object_set_new(document, "factors_removed", number_or_null_json(done->factors_removed));
    json_object_set_new(document, "passkeys_removed", number_or_null_json(done->passkeys_removed));
    json_object_set_new(document, "proof", json_string(done->proved ? "login" : "none"));
    json_object_set_new(document, "forced", forced_json(done));
    json_object_set_new(document, "handout",
                        text_or_null_json(recovering->file.made ? recovering->out : NULL));
    change_print(document, started_s, err);
}

/* What the options alone can have wrong. */
static enum ck_err check_options(const struct options *options, const char **ret_out,
                                 struct ck_error *err)
{
    const char *out = option_value(options, OPTION_OUT);
    bool once = option_given(options, OPTION_ALLOW_ONCE);

    if (once && (out != NULL || option_given(options, OPTION_KEEP_PASSKEYS)))
        return ck_error_set(err, CK_ERR_USAGE,
                            "--allow-once sets no password and removes nothing: "
                            "it goes without --out and --keep-passkeys");
    if (!once && out == NULL) {
        ck_error_set(err, CK_ERR_USAGE, "--out is missing: nobody would get the new password");
        return ck_error_hint(err, "Name a new file for it, with --out FILE.");
    }
    *ret_out = out;
    return ck_file_check_new(out, err);
}

/* With an API key alone there is a way into domain admins and admins, but not into mailboxes. */
static bool needs_session(const struct options *options)
{
    bool helps = strchr(option_argument(options, 0), '@') != NULL &&
                 option_given(options, OPTION_ACCOUNT) && !option_given(options, OPTION_ALLOW_ONCE);

    return helps || admin_target_login_asked(options);
}

/* The file is of no use when its password is certainly not in force. */
static void void_hand_out(struct recovering *recovering, const struct ck_recovery *done)
{
    enum ck_step_state state = done->steps[CK_RECOVER_PASSWORD];

    if (state != CK_STEP_UNKNOWN && state != CK_STEP_DONE)
        private_file_remove(&recovering->file, recovering->out);
}

static enum ck_err recover(const struct options *options, struct recovering *recovering,
                           const struct acting *acting, struct ck_recovery *done,
                           struct ck_error *err)
{
    const struct ck_recover_person person = recover_person(recovering);
    struct ck_account account;

    enum ck_err r = ck_operator_find(&acting->by, option_argument(options, 0), &account, err);
    if (r != CK_OK)
        return r;
    const struct ck_recover wish = {
        .by = &acting->by,
        .account = &account,
        .password = recovering->password,
        .keep_passkeys = option_given(options, OPTION_KEEP_PASSKEYS),
        .journal = acting->journal,
        .deed = &acting->deed,
        .person = &person,
    };
    return option_given(options, OPTION_ALLOW_ONCE) ? ck_recover_allow_once(&wish, done, err)
                                                    : ck_recover_run(&wish, done, err);
}

static int report(const struct recovering *recovering, const struct acting *acting,
                  const struct ck_recovery *done, int64_t started_s, const struct ck_error *err)
{
    bool json = option_given(recovering->options, OPTION_JSON);

    if (err->code != CK_OK && !done->submitted)
        return report_error(json, err);
    if (json)
        print_document(recovering, acting, done, started_s, err);
    else
        recover_print(recovering, done);
    if (err->code != CK_OK)
        return say_error(err);
    return done->result == CK_RECOVERY_PARTIAL ? 1 : 0;
}

static int run(const struct options *options)
{
    CK_CLEANUP(acting_clear) struct acting acting = {0};
    CK_CLEANUP(ck_secret_free) struct ck_secret *password = NULL;
    struct speaker speaker = {.options = options, .target = &acting.who.target};
    struct ck_person person = person_new(&speaker);
    struct ck_key_person key_person = key_person_new(&speaker);
    struct recovering recovering = {
        .options = options, .by = &acting.by, .host = &acting.who.target.settings.host};
    struct ck_recovery done = {.result = CK_RECOVERY_FAILED};
    struct ck_error err = {.code = CK_OK};
    int64_t started_s = clock_now_s();

    enum ck_err r = check_options(options, &recovering.out, &err);
    if (r == CK_OK && recovering.out != NULL)
        r = ck_new_password_make(&password, &err);
    recovering.password = password;
    if (r == CK_OK)
        r = acting_read(options, &person, &key_person, needs_session(options), &acting, &err);
    if (r == CK_OK)
        r = acting_open(&acting, &err);
    if (r == CK_OK)
        r = recover(options, &recovering, &acting, &done, &err);
    void_hand_out(&recovering, &done);
    return report(&recovering, &acting, &done, started_s, &err);
}

static const enum option_id own_options[] = {ACTING_OPTIONS, OPTION_OUT, OPTION_KEEP_PASSKEYS,
                                             OPTION_ALLOW_ONCE, OPTION_COUNT};

const struct command command_recover = {
    .words = "recover",
    .arguments = "ACCOUNT",
    .summary = "let a locked-out person in again: a new password, a new factor required",
    .options = own_options,
    .online = true,
    .changes = true,
    .run = run,
};
