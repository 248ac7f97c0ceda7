/* What planning and carrying out have in common. */
#ifndef ADMIN_ENFORCE_INTERNAL_H
#define ADMIN_ENFORCE_INTERNAL_H

#include "cowkey/admin/enforce.h"

/* Judges the account by its record, which was just read: pending, or a result with its reason. */
void ck_enforce_judge(struct ck_enforce_row *row, bool on);

/* Gives the row a result, and a reason of this format (NULL: none). */
void ck_enforce_settle(struct ck_enforce_row *row, enum ck_enforce_result result,
                       const char *format, ...) __attribute__((format(printf, 3, 4)));

/* What a change takes from the account beside the flag, as a clause; NULL: nothing. */
const char *ck_enforce_loss(const struct ck_record *record);

static inline bool ck_enforce_is_pending(const struct ck_enforce_row *row)
{
    return row->result == CK_ENFORCE_PENDING;
}

/* How the last look at a row went. */
enum ck_look { CK_LOOK_SEEN, CK_LOOK_GONE, CK_LOOK_FAILED };

/* Accounts that are sent together: as many requests as there are values of force_pw_update. */
struct ck_enforce_batch {
    const struct ck_enforcer *enforcer;
    struct ck_enforcement *enforcement;
    struct ck_enforce_row *rows[CK_ADMIN_EDIT_MAX];
    size_t count;
    size_t first, end; /* of the plan's rows: those that one list tells of */

    char ids[CK_ADMIN_EDIT_MAX][CK_JOURNAL_ID_SIZE + 1];
    bool sent[CK_ADMIN_EDIT_MAX];
    struct ck_said said[CK_ADMIN_EDIT_MAX];
    struct ck_record was[CK_ADMIN_EDIT_MAX];
    enum ck_look looks[CK_ADMIN_EDIT_MAX];
    struct ck_error errors[2]; /* of the request with this force_pw_update; code is its result */
    struct ck_error looking;   /* why a look failed, if one did */
};

/* From *at on: pending rows of one role, and mailboxes of one domain. Empty when there are none. */
void ck_enforce_batch_fill(struct ck_enforce_batch *batch, size_t *at);

/* Reads the rows of the batch again, in whichever way costs the server less. */
enum ck_err ck_enforce_batch_look(struct ck_enforce_batch *batch, struct ck_error *err);

#endif
