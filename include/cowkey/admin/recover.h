/*
 * Letting a locked-out person in again: an account is brought back to "a new password only, and a
 * new second factor required".
 *
 * In this order: the new password is handed out; set, while nothing is forced, which also lifts a
 * flag that would block the removal of factors (protocol 3); the factors go; the passkeys go, since
 * they ignore both; a fresh login shows that the password alone is enough; both flags are set. From
 * whatever step a run was cut off at, another one begins anew and ends the same.
 */
#ifndef COWKEY_ADMIN_RECOVER_H
#define COWKEY_ADMIN_RECOVER_H

#include "cowkey/admin/operator.h"
#include "cowkey/base/secret.h"
#include "cowkey/journal/journal.h"

enum ck_recover_step {
    CK_RECOVER_HAND_OUT,
    CK_RECOVER_PASSWORD,
    CK_RECOVER_UNBLOCK, /* of a flag that blocks the removal of factors */
    CK_RECOVER_FACTORS,
    CK_RECOVER_PASSKEYS,
    CK_RECOVER_FLAGS,
    CK_RECOVER_STEPS,
};

/* "hand-out", "password", ... */
const char *ck_recover_step_name(enum ck_recover_step step);

enum ck_step_state {
    CK_STEP_NOT_WANTED,   /* or there was nothing to do */
    CK_STEP_NOT_POSSIBLE, /* with these credentials, this account, this release */
    CK_STEP_TO_DO,        /* not begun, or known to have failed */
    CK_STEP_UNKNOWN,      /* may have been done */
    CK_STEP_DONE,         /* read back */
};

/* How far a removal can get. */
enum ck_reach {
    CK_REACH_ALL,
    CK_REACH_ALL_BUT_LAST, /* the last factor takes a password that is kept elsewhere */
    CK_REACH_IF_ALONE,     /* only by a login with the new password that no factor is asked for */
    CK_REACH_NONE,
};

/* What is there, and what is going to happen; for the person who decides. All is borrowed. */
struct ck_recover_plan {
    const struct ck_record *record;
    const struct ck_page *page; /* the account's own lists; NULL where they can't be seen before */
    bool sets_password;
    bool proves_password; /* by a login: not for deactivated accounts */
    bool removes_passkeys;
    enum ck_reach factors, passkeys;
    int force_tfa, force_pw_update; /* what they will be: 1, 0; -1: the release does not know it */
};

struct ck_recover_person {
    void *data;
    /* Whether to go on; CK_ERR_UNCHANGED when the person says no. Before anything is changed. */
    enum ck_err (*ask)(void *data, const struct ck_recover_plan *plan, struct ck_error *err);
    /* Makes the new password safe; the server is told only after that. */
    enum ck_err (*hand_out)(void *data, struct ck_error *err);
    void (*tell_step)(void *data, enum ck_recover_step step); /* for a line of progress */
};

/* All is borrowed. */
struct ck_recover {
    const struct ck_operator *by;
    const struct ck_account *account;
    const struct ck_secret *password; /* the new one */
    bool keep_passkeys;
    struct ck_journal *journal;
    const struct ck_journal_deed *deed; /* who and where; the rest is filled in here */
    const struct ck_recover_person *person;
};

enum ck_recovery_result {
    CK_RECOVERY_FAILED,    /* the account is as it was */
    CK_RECOVERY_UNKNOWN,   /* a step may have been done or not: see the error */
    CK_RECOVERY_PARTIAL,   /* what is done is known, and it is not all */
    CK_RECOVERY_RECOVERED, /* all of it, read back */
    CK_RECOVERY_ALLOWED_ONCE,
};

struct ck_recovery {
    enum ck_recovery_result result;
    bool submitted;    /* the server was told something */
    bool record_known; /* record is what the server told last */
    struct ck_record record;
    enum ck_step_state steps[CK_RECOVER_STEPS];
    int factors_removed, passkeys_removed; /* -1: not known */
    bool proved; /* a fresh login with the new password alone got in, and showed empty lists */
};

/*
 * Runs it; *ret_recovery is filled in every case.
 * - CK_OK: RECOVERED, or PARTIAL: what the plan said before that it can't do was not done.
 * - CK_ERR_USAGE: no such account, the own one, or one that the operator does not manage.
 * - CK_ERR_UNKNOWN: it ended after something was changed; the text says what. Result PARTIAL or
 *   UNKNOWN.
 * - CK_ERR_UNCHANGED: refused by the server, or the person said no. And the errors of the calls
 *   before the first change.
 */
enum ck_err ck_recover_run(const struct ck_recover *wish, struct ck_recovery *ret_recovery,
                           struct ck_error *err);

/*
 * The milder way, for domain admins and admins: the factors are switched off for the next login,
 * which switches them on again. Proved by tfa_active; a login would use it up. Nothing is changed
 * when they are off already, or there are none: submitted is false then, and it is CK_OK. Errors
 * as above; a mailbox is CK_ERR_USAGE.
 */
enum ck_err ck_recover_allow_once(const struct ck_recover *wish, struct ck_recovery *ret_recovery,
                                  struct ck_error *err);

#endif
