/* Enrolling for somebody else, from the options to the journal. */
#include "enroll_for.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "confirm.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/file.h"
#include "cowkey/mailcow/new_password.h"
#include "output.h"
#include "prompt.h"
#include "source.h"

static bool takes_password(const struct enroll_for *enroll_for)
{
    return strcmp(enroll_for->method, "passkey") != 0;
}

enum ck_err enroll_for_account(const struct options *options, struct ck_account *ret_account,
                               struct ck_error *err)
{
    return option_given(options, OPTION_FOR)
               ? ck_behalf_account(option_value(options, OPTION_FOR), ret_account, err)
               : target_read_account(options, ret_account, err);
}

/* What would be ignored. */
static enum ck_err check_own(const struct options *options, struct ck_error *err)
{
    static const enum option_id others[] = {
        OPTION_FOR_PASSWORD_FILE, OPTION_FOR_PASSWORD_FD, OPTION_FOR_PASSWORD_COMMAND,
        OPTION_FOR_PASSWORD_OUT,  OPTION_RESET_PASSWORD,  OPTION_FORCE_CHANGE,
        OPTION_API_KEY_FILE,      OPTION_API_KEY_FD,      OPTION_API_KEY_COMMAND,
        OPTION_LOGIN_PASSKEY,     OPTION_JOURNAL};

    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        if (option_on_command_line(options, others[i])) {
            ck_error_set(err, CK_ERR_USAGE, "--%s goes with --for", option_name(others[i]));
            return ck_error_hint(err, "Name the person with --for.");
        }
    }
    return CK_OK;
}

static enum ck_err check_for(const struct options *options, struct ck_error *err)
{
    bool reset = option_given(options, OPTION_RESET_PASSWORD);

    if (reset && option_source_given(options, OPTION_FOR_PASSWORD_FILE))
        return ck_error_set(err, CK_ERR_USAGE,
                            "either --for-password-... or --reset-password, not both");
    if (reset && !option_given(options, OPTION_FOR_PASSWORD_OUT)) {
        ck_error_set(err, CK_ERR_USAGE, "nobody would get the new password");
        return ck_error_hint(err, "Name a new file for it with --for-password-out.");
    }
    if (!reset && option_given(options, OPTION_FOR_PASSWORD_OUT))
        return ck_error_set(err, CK_ERR_USAGE, "--for-password-out goes with --reset-password");
    return ck_file_check_new(option_value(options, OPTION_FOR_PASSWORD_OUT), err);
}

/*
 * Whether somebody else opens the account, or may change it. With the person's password nobody else
 * is needed, and --account alone, which may be the profile's, is no reason to ask for another
 * password.
 */
static bool decide_acts(const struct enroll_for *enroll_for)
{
    const struct options *options = enroll_for->options;
    bool given = option_source_given(options, OPTION_API_KEY_FILE) ||
                 option_source_given(options, OPTION_PASSWORD_FILE) ||
                 option_given(options, OPTION_LOGIN_PASSKEY);

    if (takes_password(enroll_for))
        return given || option_given(options, OPTION_RESET_PASSWORD) ||
               option_given(options, OPTION_FORCE_CHANGE);
    return given || !option_source_given(options, OPTION_FOR_PASSWORD_FILE);
}

static enum ck_err ask_password(const struct options *options, const struct ck_account *account,
                                struct ck_secret **ret_password, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *question = NULL;
    const char *server = option_value(options, OPTION_SERVER);

    if (asprintf(&question, "Password of %s on %s: ", account->name,
                 server != NULL ? server : "?") < 0)
        return ck_error_no_memory(err);
    return prompt_secret(question, "the person's password",
                         "The server asks for it. Give it with --for-password-file, "
                         "--for-password-fd or --for-password-command, or let --reset-password "
                         "make a new one.",
                         ret_password, err);
}

/* The person's password, given or made, where it is needed. */
static enum ck_err read_password(struct enroll_for *enroll_for, const struct ck_account *account,
                                 struct ck_error *err)
{
    const struct options *options = enroll_for->options;
    enum ck_err r = source_read(options, OPTION_FOR_PASSWORD_FILE, "person's password",
                                &enroll_for->password, err);

    if (r != CK_OK || enroll_for->password != NULL || !takes_password(enroll_for))
        return r;
    if (!option_given(options, OPTION_RESET_PASSWORD))
        return ask_password(options, account, &enroll_for->password, err);
    enroll_for->out = option_value(options, OPTION_FOR_PASSWORD_OUT);
    return ck_new_password_make(&enroll_for->new_password, err);
}

/* A sign-on opens domain admins with an API key; a mailbox takes a login, where there is one. */
static bool needs_session(const struct options *options, const struct ck_account *account)
{
    struct ck_account own;
    struct ck_error ignored;

    if (admin_target_login_asked(options))
        return true;
    return account->role == CK_ROLE_MAILBOX && option_given(options, OPTION_ACCOUNT) &&
           target_read_account(options, &own, &ignored) == CK_OK && own.role != CK_ROLE_MAILBOX;
}

static struct speaker *speaker_of(const struct ck_person *person)
{
    return person->data;
}

static enum ck_err read_acting(struct enroll_for *enroll_for, const struct ck_account *account,
                               const struct ck_person *person, struct ck_error *err)
{
    const struct options *options = enroll_for->options;

    if (!enroll_for->acts)
        return acting_read_journal(options, &enroll_for->acting, err);
    if (option_source_given(options, OPTION_NEW_PASSWORD_FILE)) {
        ck_error_set(err, CK_ERR_USAGE, "a new password is not for this way into the account");
        return ck_error_hint(err, "--reset-password makes one.");
    }
    enroll_for->speaker = *speaker_of(person);
    enroll_for->speaker.target = &enroll_for->acting.who.target;
    enroll_for->person = person_new(&enroll_for->speaker);
    enroll_for->key_person = key_person_new(&enroll_for->speaker);
    return acting_read(options, &enroll_for->person, &enroll_for->key_person,
                       needs_session(options, account), &enroll_for->acting, err);
}

enum ck_err enroll_for_read(struct enroll_for *enroll_for, const struct options *options,
                            const char *method, const struct ck_person *person,
                            const struct ck_key_person *key_person, struct target *target,
                            struct ck_error *err)
{
    struct ck_account account;

    enroll_for->options = options;
    enroll_for->method = method;
    enroll_for->wanted = option_given(options, OPTION_FOR);
    if (!enroll_for->wanted)
        return check_own(options, err) == CK_OK
                   ? target_read(options, person, key_person, true, target, err)
                   : err->code;
    enroll_for->acts = decide_acts(enroll_for);
    enum ck_err r = check_for(options, err);
    if (r == CK_OK)
        r = enroll_for_account(options, &account, err);
    if (r == CK_OK)
        r = read_acting(enroll_for, &account, person, err);
    if (r == CK_OK)
        r = read_password(enroll_for, &account, err);
    if (r == CK_OK)
        r = target_read_other(options, person, key_person, &account, &enroll_for->password,
                              !enroll_for->acting.who.logs_in, target, err);
    if (r == CK_OK && enroll_for->acts)
        target->settings.brake = &enroll_for->acting.who.brake.http;
    return r;
}

/* The key that logged in is that of who acts, and not the one to enroll. */
static enum ck_err put_key_away(struct enroll_for *enroll_for, const struct target *target,
                                struct ck_error *err)
{
    struct ck_login *login = &enroll_for->acting.who.target.login;
    const struct ck_person *person = target->login.person;

    if (login->key == NULL || strcmp(enroll_for->method, "totp") == 0)
        return CK_OK;
    ck_key_close(&login->key);
    return person->ask_other_key(person->data, err);
}

static enum ck_err open_way(struct enroll_for *enroll_for, struct target *target,
                            struct ck_error *err)
{
    struct acting *acting = &enroll_for->acting;

    if (!enroll_for->acts) {
        acting->deed.operator= target->account.name;
        acting->deed.server = target->settings.host.origin;
        return target_probe(target, err);
    }
    enum ck_err r = acting_open(acting, err);
    if (r != CK_OK)
        return r;
    /* One PIN is for one key. */
    speaker_of(target->login.person)->pin_given = enroll_for->speaker.pin_given;
    target->login.dialect = acting->by.dialect;
    return put_key_away(enroll_for, target, err);
}

static enum ck_err hand_out(void *data, struct ck_error *err)
{
    struct enroll_for *enroll_for = data;

    return private_file_write_line(enroll_for->options, "new password", enroll_for->out,
                                   enroll_for->new_password, &enroll_for->file, err);
}

static enum ck_err reset_password(struct enroll_for *enroll_for, struct ck_error *err)
{
    struct ck_behalf *behalf = &enroll_for->behalf;

    if (enroll_for->new_password == NULL)
        return CK_OK;
    enum ck_err r = ck_behalf_check_reset(behalf, err);
    if (r != CK_OK)
        return r;
    if (confirm_tells(enroll_for->options)) {
        say_always("First %s gets a new random password, which is written into %s before. The old "
                   "one logs in no more.",
                   behalf->record.account.name, enroll_for->out);
        say_always(behalf->record.force_pw_update >= 0
                       ? "In the end the account has to change it at its next login."
                       : "This release can't insist that it is changed: let the person do it.");
        if (behalf->login->entrance == NULL)
            say_always("If the account has a second factor already, nothing can be enrolled after "
                       "that: an API key opens no mailbox.");
        say_always("Sessions that are open now stay usable until they were idle for 3 hours.");
    }
    r = confirm(enroll_for->options, "Go on? [y/N] ", err);
    return r == CK_OK ? ck_behalf_reset(behalf, enroll_for->new_password, hand_out, enroll_for, err)
                      : r;
}

/* What can't come to a good end is not begun. */
static enum ck_err check_possible(const struct enroll_for *enroll_for, struct ck_error *err)
{
    const struct options *options = enroll_for->options;
    const char *proof = option_value(options, OPTION_PROOF);
    bool proves = proof == NULL || strcmp(proof, "recorded") != 0;
    enum ck_err r = CK_OK;

    if (!enroll_for->acts || !takes_password(enroll_for) || enroll_for->new_password != NULL)
        return CK_OK;
    if (proves)
        r = ck_behalf_check_proof(&enroll_for->behalf, err);
    if (r == CK_OK && option_given(options, OPTION_FORCE_CHANGE))
        r = ck_behalf_check_change(&enroll_for->behalf, err);
    return r;
}

enum ck_err enroll_for_open(struct enroll_for *enroll_for, struct target *target,
                            const struct ck_enrollment *done, struct ck_error *err)
{
    struct acting *acting = &enroll_for->acting;

    if (!enroll_for->wanted) {
        enroll_for->begun = true;
        return target_probe(target, err);
    }
    enum ck_err r = open_way(enroll_for, target, err);
    if (r != CK_OK)
        return r;
    enroll_for->behalf = (struct ck_behalf){
        .by = enroll_for->acts ? &acting->by : NULL,
        .login = &target->login,
        .done = done,
        .journal = acting->journal,
        .deed = &acting->deed,
        .method = enroll_for->method,
    };
    r = ck_behalf_begin(&enroll_for->behalf, takes_password(enroll_for), err);
    if (r == CK_OK)
        r = check_possible(enroll_for, err);
    if (r == CK_OK)
        r = reset_password(enroll_for, err);
    enroll_for->begun = r == CK_OK;
    return r;
}

/* The last step, for what is enrolled. */
static void force_change(struct enroll_for *enroll_for, enum ck_err *r, struct ck_error *err)
{
    const struct ck_enrollment *done = enroll_for->behalf.done;
    bool wished =
        enroll_for->new_password != NULL || option_given(enroll_for->options, OPTION_FORCE_CHANGE);
    struct ck_error why;
    bool known = false;

    if (!wished || done->result < CK_ENROLL_RECORDED)
        return;
    if (ck_behalf_force_change(&enroll_for->behalf, &known, &why) == CK_OK) {
        enroll_for->change_forced = known;
        enroll_for->change_not_known = !known;
        return;
    }
    struct ck_error before = *err;
    if (*r == CK_OK)
        *err = why;
    else
        ck_error_set(err, CK_ERR_UNKNOWN, "%.250s; and %.200s", before.text, why.text);
    *r = CK_ERR_UNKNOWN;
}

/* What failed after the account got its new password. */
static enum ck_err note_password(const struct enroll_for *enroll_for, enum ck_err r,
                                 struct ck_error *err)
{
    struct ck_error cause = *err;

    if (r == CK_OK || !enroll_for->behalf.password_set ||
        enroll_for->behalf.done->result >= CK_ENROLL_RECORDED)
        return r;
    ck_error_set(err, CK_ERR_UNKNOWN,
                 "the account has the new password now, and need not change it; but then: %.350s",
                 cause.text);
    return ck_error_hint(err,
                         "The password is in %.100s. To go on: --for-password-file with that file, "
                         "and --force-change, instead of --reset-password. %.250s",
                         enroll_for->out, cause.hint);
}

static void hint_look(const struct enroll_for *enroll_for, const struct target *target,
                      struct ck_error *err)
{
    struct ck_error before = *err;

    if (!enroll_for->wanted) {
        target_hint_look(enroll_for->options, "list", err);
        return;
    }
    ck_error_hint(err, "%.380s%sThe list of %.60s shows it: 'cowkey list' of that account.",
                  before.hint, before.hint[0] != '\0' ? " " : "", target->account.name);
}

void enroll_for_conclude(struct enroll_for *enroll_for, const struct target *target, enum ck_err r,
                         struct ck_error *err)
{
    const struct ck_enrollment *done = enroll_for->behalf.done;
    bool told = done != NULL && done->submitted;

    if (enroll_for->wanted && enroll_for->begun) {
        r = ck_behalf_conclude(&enroll_for->behalf, r, err);
        force_change(enroll_for, &r, err);
        r = note_password(enroll_for, r, err);
    }
    if (!enroll_for->behalf.password_set && enroll_for->out != NULL)
        private_file_remove(&enroll_for->file, enroll_for->out);
    if (enroll_for->change_not_known)
        say(enroll_for->options, "This release can't insist that the password is changed.");
    /* Where nothing was registered there is nothing to look for. */
    if (r == CK_ERR_UNKNOWN && enroll_for->begun && (!enroll_for->wanted || told))
        hint_look(enroll_for, target, err);
}

const char *enroll_for_by(const struct enroll_for *enroll_for)
{
    return enroll_for->wanted ? enroll_for->acting.deed.operator: NULL;
}

void enroll_for_add_members(const struct enroll_for *enroll_for, json_t *document)
{
    const char *by = enroll_for_by(enroll_for);

    if (by == NULL)
        return;
    json_object_set_new(document, "by", text_json(by));
    json_object_set_new(document, "password_reset", json_boolean(enroll_for->behalf.password_set));
    json_object_set_new(document, "change_forced", json_boolean(enroll_for->change_forced));
}

void enroll_for_print(const struct enroll_for *enroll_for)
{
    if (enroll_for->change_forced)
        print_result("Forced at its next login: a new password.");
    if (enroll_for->file.made)
        print_result("The new password is in %s.", enroll_for->out);
}

bool enroll_for_changed(const struct enroll_for *enroll_for)
{
    return enroll_for != NULL && enroll_for->behalf.password_set;
}

void enroll_for_clear(struct enroll_for *enroll_for)
{
    acting_clear(&enroll_for->acting);
    ck_secret_free(&enroll_for->password);
    ck_secret_free(&enroll_for->new_password);
}
