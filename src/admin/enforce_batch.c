/* Which accounts are sent together, and reading them again. */
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/clock.h"
#include "enforce_internal.h"

enum {
    /*
     * Listing all mailboxes of a domain takes the server so much less for each than reading single
     * ones does. Admins are read one by one there, whether it is asked for all or for one.
     */
    LISTED_PER_READ = 20,
};

/* --- which rows --- */

static const char *domain_of(const struct ck_enforce_row *row)
{
    return ck_account_domain(&row->record.account);
}

/* Whether one list tells of both. */
static bool share_list(const struct ck_enforce_row *a, const struct ck_enforce_row *b)
{
    return a->listed && b->listed && a->record.account.role == b->record.account.role &&
           (a->record.account.role != CK_ROLE_MAILBOX || strcmp(domain_of(a), domain_of(b)) == 0);
}

void ck_enforce_batch_fill(struct ck_enforce_batch *batch, size_t *at)
{
    struct ck_enforcement *plan = batch->enforcement;
    size_t i = *at;

    batch->count = 0;
    while (i < plan->count && !ck_enforce_is_pending(&plan->rows[i]))
        i++;
    *at = batch->first = batch->end = i;
    for (; i < plan->count && batch->count < CK_ADMIN_EDIT_MAX; i++) {
        struct ck_enforce_row *row = &plan->rows[i];
        const struct ck_enforce_row *head = &plan->rows[*at];
        if (row->listed != head->listed || row->record.account.role != head->record.account.role ||
            (row->listed && !share_list(head, row)))
            break;
        if (!ck_enforce_is_pending(row))
            continue;
        if (row->alone && batch->count > 0)
            break;
        batch->rows[batch->count++] = row;
        if (row->alone)
            break;
    }
    if (batch->count == 0)
        return;
    while (batch->first > 0 && share_list(&plan->rows[batch->first - 1], batch->rows[0]))
        batch->first--;
    while (batch->end < plan->count &&
           (batch->end == *at || share_list(batch->rows[0], &plan->rows[batch->end])))
        batch->end++;
}

/* --- looking --- */

/* Reads all accounts that share the row's role, and for a mailbox its domain. */
static enum ck_err list(struct ck_admin *admin, const struct ck_enforce_row *row,
                        struct ck_records *ret_records, struct ck_error *err)
{
    return row->record.account.role == CK_ROLE_MAILBOX
               ? ck_admin_list_mailboxes(admin, domain_of(row), ret_records, err)
               : ck_admin_list(admin, row->record.account.role, ret_records, err);
}

static void take_record(struct ck_enforce_row *row, const struct ck_record *record)
{
    row->record = *record;
    row->read_ms = ck_clock_steady_ms();
}

/* Also the rows that are still to come are seen anew by the way. */
static enum ck_err look_at_list(struct ck_enforce_batch *batch, struct ck_error *err)
{
    CK_CLEANUP(ck_records_clear) struct ck_records records = {0};

    if (list(batch->enforcer->admin, batch->rows[0], &records, err) != CK_OK)
        return err->code;
    ck_records_sort(&records);
    for (size_t i = batch->first, mine = 0; i < batch->end; i++) {
        struct ck_enforce_row *row = &batch->enforcement->rows[i];
        bool is_mine = mine < batch->count && batch->rows[mine] == row;
        if (!is_mine && !ck_enforce_is_pending(row))
            continue;
        const struct ck_record *found = ck_records_find(&records, row->record.account.name);
        if (found != NULL)
            take_record(row, found);
        if (is_mine)
            batch->looks[mine++] = found != NULL ? CK_LOOK_SEEN : CK_LOOK_GONE;
    }
    return CK_OK;
}

static enum ck_err look_at_each(struct ck_enforce_batch *batch, struct ck_error *err)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct ck_account account = batch->rows[i]->record.account;
        struct ck_record record;
        enum ck_err r = ck_admin_read(batch->enforcer->admin, &account, &record, err);
        if (r == CK_OK)
            take_record(batch->rows[i], &record);
        else if (r != CK_ERR_USAGE)
            return r;
        batch->looks[i] = r == CK_OK ? CK_LOOK_SEEN : CK_LOOK_GONE;
    }
    return CK_OK;
}

enum ck_err ck_enforce_batch_look(struct ck_enforce_batch *batch, struct ck_error *err)
{
    bool mailboxes = batch->rows[0]->record.account.role == CK_ROLE_MAILBOX;
    size_t listed = batch->end - batch->first;
    size_t list_costs = mailboxes ? 1 + listed / LISTED_PER_READ : listed;

    for (size_t i = 0; i < batch->count; i++)
        batch->looks[i] = CK_LOOK_FAILED;
    return batch->rows[0]->listed && list_costs <= batch->count ? look_at_list(batch, err)
                                                                : look_at_each(batch, err);
}
