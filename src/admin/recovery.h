/* A recovery in progress, and its steps. Each may end it; what has happened is in done. */
#ifndef ADMIN_RECOVERY_H
#define ADMIN_RECOVERY_H

#include "cowkey/admin/recover.h"
#include "cowkey/admin/reset.h"

struct recovery {
    const struct ck_recover *wish;
    struct ck_recovery *done;
    struct ck_reset reset;
    struct ck_recover_plan plan;
    bool may_enter;             /* without the password: the server let us, when we looked */
    struct ck_session *session; /* of the account: looks before, removes after; NULL: no way in */
    char intent[CK_JOURNAL_ID_SIZE + 1];
};

/* How a step stands that was told to the server, and ended with r. */
enum ck_step_state recovery_state_after(enum ck_err r);

/* Opens the session that looks, if there is a way, and makes the plan. */
enum ck_err recovery_look(struct recovery *recovery, struct ck_error *err);

/* Everything from the first change on, in order. */
enum ck_err recovery_set_password(struct recovery *recovery, struct ck_error *err);
enum ck_err recovery_unblock(struct recovery *recovery, struct ck_error *err);
enum ck_err recovery_enter(struct recovery *recovery, struct ck_error *err);
enum ck_err recovery_remove_factors(struct recovery *recovery, struct ck_error *err);
enum ck_err recovery_remove_passkeys(struct recovery *recovery, struct ck_error *err);
enum ck_err recovery_prove(struct recovery *recovery, struct ck_error *err);
enum ck_err recovery_set_flags(struct recovery *recovery, struct ck_error *err);

#endif
