/* What is there, and what can be done about it. */
#include "recovery.h"

static bool lists_passkeys(const struct ck_page *page)
{
    return page != NULL && page->passkeys_state == CK_LIST_PRESENT;
}

/* Where the password stays as it is, only what takes none can be removed. */
static void plan_external(struct ck_recover_plan *plan)
{
    const struct ck_page *page = plan->page;
    bool listed = page != NULL && page->factors_state == CK_LIST_PRESENT;

    plan->factors = !listed                    ? CK_REACH_NONE
                    : page->factors_count == 0 ? CK_REACH_ALL
                                               : CK_REACH_ALL_BUT_LAST;
    plan->passkeys = lists_passkeys(page) ? CK_REACH_ALL : CK_REACH_NONE;
    plan->force_tfa = plan->record->force_tfa;
    plan->force_pw_update = plan->record->force_pw_update;
}

static void plan_local(bool may_enter, struct ck_recover_plan *plan)
{
    const struct ck_record *record = plan->record;
    bool is_admin = record->account.role != CK_ROLE_MAILBOX;

    plan->sets_password = true;
    plan->proves_password = record->active;
    /* The factors of (domain) admins can be switched off for the login with the new password. */
    if (may_enter || (is_admin && record->active))
        plan->factors = CK_REACH_ALL;
    else
        plan->factors = record->active ? CK_REACH_IF_ALONE : CK_REACH_NONE;
    plan->passkeys = plan->factors;
    plan->force_tfa = record->force_tfa >= 0 ? 1 : -1;
    plan->force_pw_update = record->force_pw_update >= 0 ? 1 : -1;
}

/* A wish that the server ignores, as of a domain admin who may not log in as others, is no way. */
static enum ck_err enter(struct recovery *recovery, struct ck_error *err)
{
    const struct ck_operator *by = recovery->wish->by;

    if (!ck_operator_may_enter(by, &recovery->done->record))
        return CK_OK;
    struct ck_error why;
    enum ck_err r = ck_operator_enter(by, &recovery->done->record, &recovery->session, &why);
    recovery->may_enter = r == CK_OK;
    if (r == CK_OK || r == CK_ERR_UNCHANGED)
        return CK_OK;
    *err = why;
    return r;
}

enum ck_err recovery_look(struct recovery *recovery, struct ck_error *err)
{
    const struct ck_recover *wish = recovery->wish;
    const struct ck_record *record = &recovery->done->record;
    struct ck_recover_plan *plan = &recovery->plan;
    enum ck_err r = enter(recovery, err);

    if (r != CK_OK)
        return r;
    *plan = (struct ck_recover_plan){
        .record = record,
        .page = recovery->session != NULL ? ck_session_page(recovery->session) : NULL,
        .removes_passkeys = !wish->keep_passkeys,
    };
    if (record->authsource != CK_AUTHSOURCE_MAILCOW)
        plan_external(plan);
    else
        plan_local(recovery->may_enter, plan);
    return CK_OK;
}
