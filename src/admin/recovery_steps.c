/* The steps of a recovery: each done, and read back. */
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/mailcow/factor.h"
#include "cowkey/mailcow/webauthn.h"
#include "recovery.h"

static enum ck_step_state *step(struct recovery *recovery, enum ck_recover_step which)
{
    return &recovery->done->steps[which];
}

enum ck_step_state recovery_state_after(enum ck_err r)
{
    return r == CK_OK ? CK_STEP_DONE : r == CK_ERR_UNKNOWN ? CK_STEP_UNKNOWN : CK_STEP_TO_DO;
}

static void tell(const struct recovery *recovery, enum ck_recover_step which)
{
    const struct ck_recover_person *person = recovery->wish->person;

    person->tell_step(person->data, which);
}

enum ck_err recovery_set_password(struct recovery *recovery, struct ck_error *err)
{
    struct ck_recovery *done = recovery->done;
    bool blocked = done->record.force_is_number && done->record.force_tfa == 1;
    struct ck_record after = done->record;

    if (!recovery->plan.sets_password)
        return CK_OK;
    tell(recovery, CK_RECOVER_PASSWORD);
    done->submitted = true;
    enum ck_err r = ck_reset_set(&recovery->reset, &done->record, &after, err);
    done->record = after;
    /* What was only said stays unknown until a login shows it. */
    *step(recovery, CK_RECOVER_PASSWORD) =
        r == CK_OK || r == CK_ERR_UNKNOWN ? CK_STEP_UNKNOWN : CK_STEP_TO_DO;
    if (blocked)
        *step(recovery, CK_RECOVER_UNBLOCK) = recovery_state_after(r);
    return r;
}

enum ck_err recovery_unblock(struct recovery *recovery, struct ck_error *err)
{
    struct ck_recovery *done = recovery->done;
    /* The server keeps no forced password change of an account whose password is elsewhere. */
    const struct ck_account_edit same = {
        .force_tfa = 1, .force_pw_update = done->record.force_pw_update >= 0 ? 0 : -1};
    struct ck_record after = done->record;

    if (recovery->plan.sets_password || *step(recovery, CK_RECOVER_UNBLOCK) != CK_STEP_TO_DO)
        return CK_OK;
    tell(recovery, CK_RECOVER_UNBLOCK);
    done->submitted = true;
    /* Any edit makes it a text, which blocks nothing, and still insists (protocol 3). */
    enum ck_err r = ck_admin_edit(recovery->wish->by->admin, &done->record, &same, &after, err);
    if (r == CK_OK && after.force_is_number)
        r = ck_error_set(err, CK_ERR_UNCHANGED,
                         "the server says success, and still blocks the removal of factors");
    done->record = after;
    *step(recovery, CK_RECOVER_UNBLOCK) = recovery_state_after(r);
    return r;
}

static enum ck_err enter_by_operator(struct recovery *recovery, struct ck_error *err)
{
    return recovery->may_enter ? ck_operator_enter(recovery->wish->by, &recovery->done->record,
                                                   &recovery->session, err)
                               : CK_OK;
}

static enum ck_err still_held(const struct recovery *recovery, struct ck_error *err)
{
    return ck_error_set(err, CK_ERR_UNKNOWN,
                        "the server holds the login of '%s', although nothing should be forced now",
                        recovery->wish->account->name);
}

/* Switched off again: a login whose answer was lost has switched them on. */
static enum ck_err try_again(struct recovery *recovery, struct ck_error *err)
{
    struct ck_recovery *done = recovery->done;
    struct ck_record after = done->record;

    ck_session_close(&recovery->session);
    enum ck_err r = ck_reset_set(&recovery->reset, &done->record, &after, err);
    done->record = after;
    if (r == CK_OK)
        r = ck_reset_try(&recovery->reset, recovery->wish->account, &recovery->session, err);
    if (r != CK_OK || ck_session_state(recovery->session) != CK_SESSION_ASKS_FACTOR)
        return r;
    return ck_error_set(err, CK_ERR_UNKNOWN,
                        "the server says that the factors of '%s' are off, and still asks for one",
                        recovery->wish->account->name);
}

/*
 * The login that shows the new password is also the way in, where no factor is asked for: for all
 * (domain) admins, whose factors the new password switched off until then.
 */
enum ck_err recovery_enter(struct recovery *recovery, struct ck_error *err)
{
    if (!recovery->plan.proves_password)
        return enter_by_operator(recovery, err);
    enum ck_err r =
        ck_reset_try(&recovery->reset, recovery->wish->account, &recovery->session, err);
    if (r != CK_OK)
        return r;
    *step(recovery, CK_RECOVER_PASSWORD) = CK_STEP_DONE;
    bool asks = ck_session_state(recovery->session) == CK_SESSION_ASKS_FACTOR;
    if (asks && recovery->reset.disable_tfa && !recovery->may_enter)
        r = try_again(recovery, err);
    if (r != CK_OK || ck_session_state(recovery->session) == CK_SESSION_OPEN)
        return r;
    bool held = ck_session_state(recovery->session) == CK_SESSION_HELD;
    ck_session_close(&recovery->session);
    return held ? still_held(recovery, err) : enter_by_operator(recovery, err);
}

/* The server keeps the last one without the password, which is not ours to know. */
static enum ck_err remove_all_but_last(struct recovery *recovery, struct ck_error *err)
{
    struct ck_recovery *done = recovery->done;
    enum ck_err r = CK_OK;

    while (r == CK_OK && ck_session_page(recovery->session)->factors_count > 1) {
        uint64_t id = ck_session_page(recovery->session)->factors[0].id;
        done->submitted = true;
        r = ck_factor_remove(recovery->session, id, err);
        done->factors_removed += r == CK_OK;
    }
    if (r == CK_ERR_UNKNOWN)
        done->factors_removed = -1;
    *step(recovery, CK_RECOVER_FACTORS) =
        r == CK_OK ? CK_STEP_NOT_POSSIBLE : recovery_state_after(r);
    return r;
}

static enum ck_err remove_all(struct recovery *recovery, struct ck_error *err)
{
    struct ck_recovery *done = recovery->done;
    int count = (int)ck_session_page(recovery->session)->factors_count;

    done->submitted = true;
    /* Also when none is listed: there may be some that are switched off. */
    enum ck_err r = ck_factor_remove_all(recovery->session, recovery->wish->password, err);
    *step(recovery, CK_RECOVER_FACTORS) = recovery_state_after(r);
    done->factors_removed = r == CK_OK ? count : r == CK_ERR_UNKNOWN ? -1 : 0;
    /* The server took the new password for that; nothing else shows it of an inactive account. */
    if (r == CK_OK && count > 0)
        *step(recovery, CK_RECOVER_PASSWORD) = CK_STEP_DONE;
    return r;
}

enum ck_err recovery_remove_factors(struct recovery *recovery, struct ck_error *err)
{
    const struct ck_page *page =
        recovery->session != NULL ? ck_session_page(recovery->session) : NULL;

    if (page == NULL || page->factors_state == CK_LIST_ABSENT) {
        *step(recovery, CK_RECOVER_FACTORS) = CK_STEP_NOT_POSSIBLE;
        return CK_OK;
    }
    recovery->done->factors_removed = 0;
    tell(recovery, CK_RECOVER_FACTORS);
    if (recovery->plan.sets_password)
        return remove_all(recovery, err);
    if (page->factors_count > 0)
        return remove_all_but_last(recovery, err);
    *step(recovery, CK_RECOVER_FACTORS) = CK_STEP_DONE;
    return CK_OK;
}

enum ck_err recovery_remove_passkeys(struct recovery *recovery, struct ck_error *err)
{
    struct ck_session *session = recovery->session;
    struct ck_recovery *done = recovery->done;
    enum ck_err r = CK_OK;

    if (!recovery->plan.removes_passkeys)
        return CK_OK;
    if (session == NULL || ck_session_page(session)->passkeys_state == CK_LIST_ABSENT) {
        *step(recovery, CK_RECOVER_PASSKEYS) = CK_STEP_NOT_POSSIBLE;
        return CK_OK;
    }
    done->passkeys_removed = 0;
    tell(recovery, CK_RECOVER_PASSKEYS);
    /* Rows of the same credential share a cid, and go at once. */
    while (r == CK_OK && ck_session_page(session)->passkeys_count > 0) {
        char cid[CK_PAGE_CID_SIZE + 1];
        size_t before = ck_session_page(session)->passkeys_count;
        memcpy(cid, ck_session_page(session)->passkeys[0].cid, sizeof(cid));
        done->submitted = true;
        r = ck_passkey_remove(session, cid, err);
        if (r == CK_OK && ck_session_page(session)->passkeys_count >= before)
            r = ck_error_set(err, CK_ERR_UNKNOWN, "passkeys are added while they are removed");
        if (r == CK_OK)
            done->passkeys_removed += (int)(before - ck_session_page(session)->passkeys_count);
    }
    if (r == CK_ERR_UNKNOWN)
        done->passkeys_removed = -1;
    *step(recovery, CK_RECOVER_PASSKEYS) = recovery_state_after(r);
    return r;
}

static enum ck_err check_empty(const struct recovery *recovery, const struct ck_page *page,
                               struct ck_error *err)
{
    size_t passkeys = recovery->plan.removes_passkeys ? page->passkeys_count : 0;

    if (page->factors_state == CK_LIST_PRESENT && page->factors_count == 0 && passkeys == 0)
        return CK_OK;
    return ck_error_set(err, CK_ERR_UNKNOWN,
                        "a fresh login still shows %zu second factors and %zu passkeys that should "
                        "be gone",
                        page->factors_count, passkeys);
}

/* The password alone is enough now, and the lists are empty, also those of switched-off factors. */
enum ck_err recovery_prove(struct recovery *recovery, struct ck_error *err)
{
    struct ck_recovery *done = recovery->done;
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;

    if (!recovery->plan.proves_password || *step(recovery, CK_RECOVER_FACTORS) != CK_STEP_DONE)
        return CK_OK;
    enum ck_err r = ck_reset_try(&recovery->reset, recovery->wish->account, &session, err);
    if (r != CK_OK)
        return r;
    if (ck_session_state(session) == CK_SESSION_ASKS_FACTOR) {
        *step(recovery, CK_RECOVER_FACTORS) = CK_STEP_UNKNOWN;
        return ck_error_set(err, CK_ERR_UNKNOWN,
                            "the server says that all factors are gone, and still asks for one");
    }
    if (ck_session_state(session) != CK_SESSION_OPEN)
        return still_held(recovery, err);
    r = check_empty(recovery, ck_session_page(session), err);
    done->proved = r == CK_OK;
    return r;
}

enum ck_err recovery_set_flags(struct recovery *recovery, struct ck_error *err)
{
    const struct ck_recover_plan *plan = &recovery->plan;
    struct ck_recovery *done = recovery->done;
    struct ck_record after = done->record;

    if (!plan->sets_password || (plan->force_tfa < 0 && plan->force_pw_update < 0))
        return CK_OK;
    tell(recovery, CK_RECOVER_FLAGS);
    done->submitted = true;
    enum ck_err r = ck_reset_force_change(recovery->wish->by, &done->record, 1, &after, err);
    done->record = after;
    *step(recovery, CK_RECOVER_FLAGS) = recovery_state_after(r);
    if (r == CK_OK && *step(recovery, CK_RECOVER_FACTORS) == CK_STEP_DONE && after.tfa_active == 1)
        r = ck_error_set(err, CK_ERR_UNKNOWN, "the server says that '%s' has a second factor again",
                         recovery->wish->account->name);
    return r;
}
