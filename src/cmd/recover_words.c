/* What is said before, during and after a recovery. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "confirm.h"
#include "cowkey/base/cleanup.h"
#include "output.h"
#include "recover.h"
#include "target.h"

static void say_factors(const struct ck_recover_plan *plan)
{
    const struct ck_page *page = plan->page;

    if (page != NULL && page->factors_state == CK_LIST_PRESENT) {
        if (page->factors_count == 0)
            say_always("  second factors: none");
        for (size_t i = 0; i < page->factors_count; i++)
            say_always("  second factor '%s' (ID %" PRIu64 ")", page->factors[i].label,
                       page->factors[i].id);
    } else if (plan->record->tfa_active >= 0) {
        say_always("  second factors: %s", plan->record->tfa_active == 1
                                               ? "yes; how many can't be seen from here"
                                               : "none, or switched off until the next login");
    } else {
        say_always("  second factors: can't be seen from here");
    }
}

static void say_passkeys(const struct ck_recover_plan *plan)
{
    const struct ck_page *page = plan->page;

    if (page == NULL || page->passkeys_state == CK_LIST_ABSENT) {
        say_always("  passkeys: can't be seen from here");
        return;
    }
    if (page->passkeys_count == 0)
        say_always("  passkeys: none");
    for (size_t i = 0; i < page->passkeys_count; i++)
        say_always("  passkey '%s' (ID pk:%.*s)", page->passkeys[i].label,
                   ck_page_cid_digits(page, page->passkeys[i].cid), page->passkeys[i].cid);
}

static const char *flag_word(int flag)
{
    return flag == 1 ? "yes" : flag == 0 ? "no" : "this release can't";
}

static void say_what_is_there(const struct recovering *recovering,
                              const struct ck_recover_plan *plan)
{
    const struct ck_record *record = plan->record;

    say_always("The %s %s on %s:", ck_role_noun(record->account.role, false), record->account.name,
               recovering->host->origin);
    say_always("  %s",
               record->active ? "active" : "deactivated: no password logs in, but a passkey does");
    if (record->authsource != CK_AUTHSOURCE_MAILCOW)
        say_always("  its password is kept elsewhere (%s)", ck_authsource_name(record->authsource));
    say_factors(plan);
    say_passkeys(plan);
    say_always("  forced: second factor: %s%s; password change: %s", flag_word(record->force_tfa),
               record->force_is_number && record->force_tfa == 1
                   ? " (and removing factors is blocked)"
                   : "",
               flag_word(record->force_pw_update));
}

static void say_factors_plan(const struct ck_recover_plan *plan)
{
    const struct ck_page *page = plan->page;

    switch (plan->factors) {
    case CK_REACH_ALL:
        say_always("  - all second factors are removed");
        return;
    case CK_REACH_ALL_BUT_LAST:
        say_always("  - second factors are removed, but '%s' STAYS: removing the last one takes "
                   "the account's password, which is kept elsewhere",
                   page->factors[page->factors_count - 1].label);
        return;
    case CK_REACH_IF_ALONE:
        say_always("  - second factors STAY if there are any: there is no way to a mailbox's from "
                   "here. Log in as an admin for that");
        return;
    case CK_REACH_NONE:
        say_always("  - second factors STAY: there is no way to them with what you log in with");
        return;
    }
}

static void say_passkeys_plan(const struct ck_recover_plan *plan)
{
    if (!plan->removes_passkeys)
        say_always("  - passkeys stay, as you wish: they log in without password and factor");
    else if (plan->passkeys == CK_REACH_ALL)
        say_always("  - passkeys are removed: they log in without password and factor");
    else if (plan->passkeys == CK_REACH_IF_ALONE)
        say_always(
            "  - passkeys are removed only if there is no second factor; else they STAY, and "
            "log in");
    else
        say_always("  - passkeys STAY, if there are any, and log in: they can't be seen or reached "
                   "from here");
}

static void say_flags_plan(const struct ck_recover_plan *plan)
{
    if (plan->force_tfa == 1 && plan->force_pw_update == 1)
        say_always("  - the next login has to choose a new password and to set up a second factor");
    else if (plan->force_pw_update == 1)
        say_always("  - the account has to choose a new password; this release can't insist on a "
                   "second factor");
    else
        say_always("  - nothing is forced: this release can't");
}

static void say_what_will_be(const struct recovering *recovering,
                             const struct ck_recover_plan *plan)
{
    say_always("What will be done:");
    if (plan->sets_password)
        say_always("  - a new random password is written into %s, and then set%s", recovering->out,
                   plan->proves_password ? ""
                                         : ". It can't be tried out: the account is deactivated");
    else
        say_always("  - no password is set");
    say_factors_plan(plan);
    say_passkeys_plan(plan);
    if (plan->sets_password)
        say_flags_plan(plan);
    say_always("Sessions that are open now stay usable until they were idle for 3 hours.");
}

static void say_allow_once(const struct ck_recover_plan *plan)
{
    say_always("The second factors of %s will be off for its next login with the password, whoever "
               "makes it. That login switches them on again.",
               plan->record->account.name);
    say_always("Password, passkeys and flags stay as they are.");
}

static enum ck_err ask(void *data, const struct ck_recover_plan *plan, struct ck_error *err)
{
    struct recovering *recovering = data;
    bool once = option_given(recovering->options, OPTION_ALLOW_ONCE);

    recovering->plan = *plan;
    recovering->plan.page = NULL;
    recovering->asked = true;
    if (confirm_tells(recovering->options)) {
        if (once) {
            say_allow_once(plan);
        } else {
            say_what_is_there(recovering, plan);
            say_what_will_be(recovering, plan);
        }
    }
    return confirm(recovering->options, "Go on? [y/N] ", err);
}

/* What the person who gets the file is going to meet. */
static const char *at_first_login(const struct ck_recover_plan *plan)
{
    if (plan->force_tfa == 1 && plan->force_pw_update == 1)
        return "The server will then let you choose a password of your own, and set up a second "
               "factor.\nUntil both are done, nothing else works there.";
    if (plan->force_pw_update == 1)
        return "Then choose a password of your own at once, and set up a second factor.";
    return "Change this password there at once, and set up a second factor.";
}

static enum ck_err write_hand_out(const struct recovering *recovering, struct ck_secret **text,
                                  struct ck_error *err)
{
    const struct ck_account *account = &recovering->plan.record->account;
    CK_CLEANUP(ck_free_p) char *before = NULL;
    CK_CLEANUP(ck_free_p) char *after = NULL;

    if (asprintf(&before, "Account:   %s\nServer:    %s\nPassword:  ", account->name,
                 recovering->host->origin) < 0 ||
        asprintf(&after,
                 "\n\nLog in with this password at %s%s\n%s\n"
                 "Then destroy this file.\n",
                 recovering->host->origin,
                 ck_dialect_login_path(recovering->by->dialect, account->role),
                 at_first_login(&recovering->plan)) < 0)
        return ck_error_no_memory(err);
    enum ck_err r = ck_secret_append(text, before, strlen(before), err);
    if (r == CK_OK)
        r = ck_secret_append(text, ck_secret_bytes(recovering->password),
                             ck_secret_size(recovering->password), err);
    return r == CK_OK ? ck_secret_append(text, after, strlen(after), err) : r;
}

static enum ck_err hand_out(void *data, struct ck_error *err)
{
    struct recovering *recovering = data;
    CK_CLEANUP(ck_secret_free) struct ck_secret *text = NULL;

    enum ck_err r = write_hand_out(recovering, &text, err);
    return r == CK_OK ? private_file_write(recovering->options, "new password", recovering->out,
                                           text, &recovering->file, err)
                      : r;
}

static void tell_step(void *data, enum ck_recover_step step)
{
    static const char *const sentences[CK_RECOVER_STEPS] = {
        [CK_RECOVER_HAND_OUT] = "Writing down a new password ...",
        [CK_RECOVER_PASSWORD] = "Setting the new password ...",
        [CK_RECOVER_UNBLOCK] = "Letting factors be removed ...",
        [CK_RECOVER_FACTORS] = "Removing second factors ...",
        [CK_RECOVER_PASSKEYS] = "Removing passkeys ...",
        [CK_RECOVER_FLAGS] = "Forcing a new password and a new factor ...",
    };
    const struct recovering *recovering = data;

    say(recovering->options, "%s",
        option_given(recovering->options, OPTION_ALLOW_ONCE) ? "Switching the factors off ..."
                                                             : sentences[step]);
}

struct ck_recover_person recover_person(struct recovering *recovering)
{
    return (struct ck_recover_person){
        .data = recovering, .ask = ask, .hand_out = hand_out, .tell_step = tell_step};
}

static void print_removed(const struct ck_recovery *done)
{
    if (done->factors_removed > 0)
        print_result("Removed: %d second factor%s.", done->factors_removed,
                     done->factors_removed == 1 ? "" : "s");
    if (done->passkeys_removed > 0)
        print_result("Removed: %d passkey%s.", done->passkeys_removed,
                     done->passkeys_removed == 1 ? "" : "s");
}

static void print_left(const struct ck_recovery *done)
{
    const char *name = done->record.account.name;

    if (done->steps[CK_RECOVER_PASSWORD] == CK_STEP_DONE)
        print_result("Set: a new password, which a login showed to be in force.");
    if (done->steps[CK_RECOVER_PASSWORD] == CK_STEP_UNKNOWN)
        print_result("Set, as the server says: a new password. No login can show it.");
    print_removed(done);
    if (done->steps[CK_RECOVER_FACTORS] == CK_STEP_NOT_POSSIBLE)
        print_result("NOT removed: second factors, if %s has any. Its logins ask for them.", name);
    if (done->steps[CK_RECOVER_PASSKEYS] == CK_STEP_NOT_POSSIBLE)
        print_result("NOT removed: passkeys, if %s has any. They log in.", name);
}

static void print_allowed_once(const struct ck_recovery *done)
{
    const char *name = done->record.account.name;

    if (done->submitted)
        print_result("Allowed once: the next login of %s with its password is not asked for a "
                     "second factor.",
                     name);
    else
        print_result("%s has no second factors, or they are off until its next login: there was "
                     "nothing to do.",
                     name);
}

void recover_print(const struct recovering *recovering, const struct ck_recovery *done)
{
    const char *name = done->record.account.name;

    switch (done->result) {
    case CK_RECOVERY_RECOVERED:
        print_result("Recovered: %s has a new password and no second factor%s.", name,
                     done->proved ? "; a fresh login with it worked" : "");
        print_removed(done);
        break;
    case CK_RECOVERY_PARTIAL:
        print_result("Partly recovered: %s.", name);
        print_left(done);
        break;
    case CK_RECOVERY_ALLOWED_ONCE:
        print_allowed_once(done);
        break;
    default:
        break;
    }
    if (done->steps[CK_RECOVER_FLAGS] == CK_STEP_DONE)
        print_result("Forced at its next login: %s.", done->record.force_tfa == 1
                                                          ? "a new password, and a second factor"
                                                          : "a new password");
    if (recovering->file.made)
        print_result("The new password is in %s.", recovering->out);
}
