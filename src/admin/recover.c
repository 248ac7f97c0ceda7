/* Recovering an account: looked at, agreed to, written down, done, read back. */
#include "cowkey/admin/recover.h"

#include <stdio.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "deed.h"
#include "recovery.h"

const char *ck_recover_step_name(enum ck_recover_step step)
{
    static const char *const names[] = {
        [CK_RECOVER_HAND_OUT] = "hand-out", [CK_RECOVER_PASSWORD] = "password",
        [CK_RECOVER_UNBLOCK] = "unblock",   [CK_RECOVER_FACTORS] = "factors",
        [CK_RECOVER_PASSKEYS] = "passkeys", [CK_RECOVER_FLAGS] = "flags",
    };
    return names[step];
}

static enum ck_err read_record(const struct ck_recover *wish, struct ck_recovery *done,
                               struct ck_error *err)
{
    enum ck_err r = ck_operator_check(wish->by, wish->account, err);

    if (r == CK_OK)
        r = ck_admin_read(wish->by->admin, wish->account, &done->record, err);
    done->record_known = r == CK_OK;
    return r;
}

static void plan_steps(struct recovery *recovery)
{
    const struct ck_recover_plan *plan = &recovery->plan;
    const struct ck_record *record = plan->record;
    enum ck_step_state *steps = recovery->done->steps;

    if (plan->sets_password)
        steps[CK_RECOVER_HAND_OUT] = steps[CK_RECOVER_PASSWORD] = CK_STEP_TO_DO;
    /* Where no factor can be reached anyhow, the flag stays as it is. */
    if (record->force_is_number && record->force_tfa == 1 &&
        (plan->sets_password || plan->factors == CK_REACH_ALL_BUT_LAST))
        steps[CK_RECOVER_UNBLOCK] = CK_STEP_TO_DO;
    steps[CK_RECOVER_FACTORS] =
        plan->factors != CK_REACH_NONE ? CK_STEP_TO_DO : CK_STEP_NOT_POSSIBLE;
    if (plan->removes_passkeys)
        steps[CK_RECOVER_PASSKEYS] =
            plan->passkeys != CK_REACH_NONE ? CK_STEP_TO_DO : CK_STEP_NOT_POSSIBLE;
    if (plan->sets_password && (plan->force_tfa >= 0 || plan->force_pw_update >= 0))
        steps[CK_RECOVER_FLAGS] = CK_STEP_TO_DO;
}

static enum ck_err hand_out(struct recovery *recovery, struct ck_error *err)
{
    const struct ck_recover_person *person = recovery->wish->person;

    if (!recovery->plan.sets_password)
        return CK_OK;
    person->tell_step(person->data, CK_RECOVER_HAND_OUT);
    enum ck_err r = person->hand_out(person->data, err);
    if (r == CK_OK)
        recovery->done->steps[CK_RECOVER_HAND_OUT] = CK_STEP_DONE;
    return r;
}

static enum ck_err intend(struct recovery *recovery, const char *action, const char *detail,
                          struct ck_error *err)
{
    const struct ck_recover *wish = recovery->wish;
    struct ck_journal_deed deed = deed_of(wish->deed, wish->account, action);

    deed.detail = detail;
    return ck_journal_intend(wish->journal, &deed, recovery->intent, err);
}

/* From the first change on. */
static enum ck_err carry_out(struct recovery *recovery, struct ck_error *err)
{
    static enum ck_err (*const in_order[])(struct recovery *, struct ck_error *) = {
        recovery_set_password,    recovery_unblock, recovery_enter,    recovery_remove_factors,
        recovery_remove_passkeys, recovery_prove,   recovery_set_flags};
    enum ck_err r = CK_OK;

    for (size_t i = 0; r == CK_OK && i < sizeof(in_order) / sizeof(*in_order); i++) {
        /* While it is open, an admin's own session rests, and could edit nothing. */
        if (in_order[i] == recovery_prove)
            ck_session_close(&recovery->session);
        r = in_order[i](recovery, err);
    }
    ck_session_close(&recovery->session);
    return r;
}

static enum ck_recovery_result judge(const struct ck_recovery *done, enum ck_err r)
{
    bool all = r == CK_OK;

    if (!done->submitted && r != CK_OK)
        return CK_RECOVERY_FAILED;
    for (int i = 0; i < CK_RECOVER_STEPS; i++) {
        if (done->steps[i] == CK_STEP_UNKNOWN && r != CK_OK)
            return CK_RECOVERY_UNKNOWN;
        all = all && (done->steps[i] == CK_STEP_DONE || done->steps[i] == CK_STEP_NOT_WANTED);
    }
    return all ? CK_RECOVERY_RECOVERED : CK_RECOVERY_PARTIAL;
}

/* "the new password is set, 2 second factors are removed" */
static void list_done(const struct ck_recovery *done, char *text, size_t size)
{
    size_t at = 0;
    const char *comma = "";

    text[0] = '\0';
#define ADD(...)                                                                                   \
    (at += (size_t)snprintf(text + at, size - at, "%s", comma),                                    \
     at += (size_t)snprintf(text + at, size - at, __VA_ARGS__), comma = ", ")
    if (done->steps[CK_RECOVER_PASSWORD] == CK_STEP_DONE)
        ADD("the new password is in force");
    if (done->steps[CK_RECOVER_PASSWORD] == CK_STEP_UNKNOWN)
        ADD("whether the new password is in force is not known");
    if (done->factors_removed > 0)
        ADD("second factors removed: %d", done->factors_removed);
    if (done->passkeys_removed > 0)
        ADD("passkeys removed: %d", done->passkeys_removed);
    if (done->steps[CK_RECOVER_FLAGS] == CK_STEP_DONE)
        ADD("password change and new second factor are forced where the release can");
#undef ADD
}

/* An error after something was changed says how far it got, and that another run goes on. */
static enum ck_err explain(const struct ck_recovery *done, enum ck_err r, struct ck_error *err)
{
    struct ck_error cause = *err;
    char what[256];

    list_done(done, what, sizeof(what));
    ck_error_set(err, CK_ERR_UNKNOWN, "the recovery was not finished (%s): %.300s",
                 what[0] != '\0' ? what : "nothing of it is certain", cause.text);
    return ck_error_hint(err,
                         "The same command again, with another --out, begins anew and finishes "
                         "it.%s%.350s",
                         r == CK_ERR_UNKNOWN && cause.hint[0] != '\0' ? " " : "",
                         r == CK_ERR_UNKNOWN ? cause.hint : "");
}

/* The server said no to the very first thing, and the record shows that it meant it. */
static bool nothing_changed(const struct ck_recovery *done, enum ck_err r)
{
    bool refused = r != CK_ERR_UNKNOWN && done->steps[CK_RECOVER_PASSWORD] != CK_STEP_UNKNOWN &&
                   done->steps[CK_RECOVER_PASSWORD] != CK_STEP_DONE;

    return refused && done->steps[CK_RECOVER_UNBLOCK] != CK_STEP_DONE &&
           done->factors_removed <= 0 && done->passkeys_removed <= 0;
}

static enum ck_err conclude(struct recovery *recovery, enum ck_err r, struct ck_error *err)
{
    const struct ck_recover *wish = recovery->wish;
    const struct ck_recovery *done = recovery->done;
    enum ck_journal_outcome outcome = done->result == CK_RECOVERY_FAILED ? CK_JOURNAL_FAILED
                                      : r == CK_OK                       ? CK_JOURNAL_DONE
                                                                         : CK_JOURNAL_UNKNOWN;
    const char *evidence = r != CK_OK ? NULL : done->proved ? "login" : "read back";
    char detail[320];
    struct ck_error why;

    list_done(done, detail, sizeof(detail));
    if (done->result == CK_RECOVERY_PARTIAL && r == CK_OK)
        snprintf(detail + strlen(detail), sizeof(detail) - strlen(detail), "%snot all was possible",
                 detail[0] != '\0' ? "; " : "");
    if (ck_journal_conclude(wish->journal, recovery->intent, outcome, evidence, NULL, NULL,
                            r != CK_OK          ? err->text
                            : detail[0] != '\0' ? detail
                                                : NULL,
                            &why) == CK_OK)
        return r;
    return deed_untold(r,
                       done->result == CK_RECOVERY_PARTIAL ? "what was possible is done"
                                                           : "the account is changed as wished",
                       &why, err);
}

static struct ck_recovery nothing_yet(void)
{
    return (struct ck_recovery){
        .result = CK_RECOVERY_FAILED, .factors_removed = -1, .passkeys_removed = -1};
}

enum ck_err ck_recover_run(const struct ck_recover *wish, struct ck_recovery *ret_recovery,
                           struct ck_error *err)
{
    struct recovery recovery = {
        .wish = wish,
        .done = ret_recovery,
        .reset = {.by = wish->by, .password = wish->password},
    };

    *ret_recovery = nothing_yet();
    enum ck_err r = read_record(wish, ret_recovery, err);
    if (r == CK_OK)
        r = recovery_look(&recovery, err);
    if (r == CK_OK) {
        plan_steps(&recovery);
        r = wish->person->ask(wish->person->data, &recovery.plan, err);
    }
    ck_session_close(&recovery.session);
    recovery.plan.page = NULL;
    if (r == CK_OK)
        r = hand_out(&recovery, err);
    if (r == CK_OK)
        r = intend(&recovery, "recover", NULL, err);
    if (r != CK_OK)
        return r;
    /* For the login with the new password; one that is deactivated could not use it up. */
    recovery.reset.disable_tfa =
        ret_recovery->record.account.role != CK_ROLE_MAILBOX && ret_recovery->record.active;
    r = carry_out(&recovery, err);
    ret_recovery->result = r != CK_OK && nothing_changed(ret_recovery, r) ? CK_RECOVERY_FAILED
                                                                          : judge(ret_recovery, r);
    if (r != CK_OK && ret_recovery->result != CK_RECOVERY_FAILED)
        r = explain(ret_recovery, r, err);
    return conclude(&recovery, r, err);
}

static enum ck_err check_role(const struct ck_recover *wish, struct ck_error *err)
{
    if (wish->account->role != CK_ROLE_MAILBOX)
        return CK_OK;
    ck_error_set(err, CK_ERR_USAGE, "a mailbox can't be let in once without its factors");
    return ck_error_hint(err, "The server does that for domain admins and admins only. 'cowkey "
                              "recover' without --allow-once removes them.");
}

static enum ck_err switch_off(struct recovery *recovery, struct ck_error *err)
{
    const struct ck_account_edit edit = {
        .force_tfa = -1, .force_pw_update = -1, .disable_tfa = true};
    struct ck_recovery *done = recovery->done;
    struct ck_record after = done->record;

    done->submitted = true;
    enum ck_err r = ck_admin_edit(recovery->wish->by->admin, &done->record, &edit, &after, err);
    if (r == CK_OK && after.tfa_active != 0)
        r = ck_error_set(err, CK_ERR_UNCHANGED,
                         "the server says that it switched the factors of '%s' off, and did not",
                         recovery->wish->account->name);
    done->record = after;
    done->steps[CK_RECOVER_FACTORS] = recovery_state_after(r);
    done->result = r == CK_OK            ? CK_RECOVERY_ALLOWED_ONCE
                   : r == CK_ERR_UNKNOWN ? CK_RECOVERY_UNKNOWN
                                         : CK_RECOVERY_FAILED;
    return r;
}

enum ck_err ck_recover_allow_once(const struct ck_recover *wish, struct ck_recovery *ret_recovery,
                                  struct ck_error *err)
{
    struct recovery recovery = {.wish = wish, .done = ret_recovery};

    *ret_recovery = nothing_yet();
    enum ck_err r = check_role(wish, err);
    if (r == CK_OK)
        r = read_record(wish, ret_recovery, err);
    if (r != CK_OK)
        return r;
    if (ret_recovery->record.tfa_active == 0) {
        ret_recovery->result = CK_RECOVERY_ALLOWED_ONCE;
        return CK_OK;
    }
    recovery.plan = (struct ck_recover_plan){.record = &ret_recovery->record,
                                             .factors = CK_REACH_ALL,
                                             .force_tfa = -1,
                                             .force_pw_update = -1};
    ret_recovery->steps[CK_RECOVER_FACTORS] = CK_STEP_TO_DO;
    r = wish->person->ask(wish->person->data, &recovery.plan, err);
    if (r == CK_OK)
        r = intend(&recovery, "allow-once", NULL, err);
    if (r != CK_OK)
        return r;
    wish->person->tell_step(wish->person->data, CK_RECOVER_FACTORS);
    r = switch_off(&recovery, err);
    return conclude(&recovery, r, err);
}
