/* Holding a plan against a server's list. */
#include "check_list.h"

#include <string.h>

#include "cowkey/base/cleanup.h"
#include "order.h"
#include "plan_store.h"

struct listing {
    struct ck_plan *plan;
    const uint32_t *rows;
    size_t count;
    struct told *told;
};

static enum ck_err note(void *data, const struct ck_record *record, struct ck_error *err)
{
    struct listing *listing = data;
    size_t at = order_find(listing->plan, listing->rows, listing->count, &record->account);

    if (at == listing->count)
        return CK_OK;
    if (listing->told[at].is_told)
        return ck_error_set(err, CK_ERR_UNREACHABLE, "the server's list has '%s' twice",
                            record->account.name);
    listing->told[at] = (struct told){.is_told = true,
                                      .active = record->active,
                                      .tfa_active = (int8_t)record->tfa_active,
                                      .force_tfa = (int8_t)record->force_tfa,
                                      .force_pw_update = (int8_t)record->force_pw_update,
                                      .authsource = (int8_t)record->authsource};
    return plan_store_set_display_name(listing->plan->store, listing->rows[at],
                                       record->display_name, err);
}

static enum ck_err read_records(struct listing *listing, struct ck_admin *admin, enum ck_role role,
                                struct ck_error *err)
{
    CK_CLEANUP(ck_records_clear) struct ck_records records = {0};
    enum ck_err r = ck_admin_list(admin, role, &records, err);

    for (size_t i = 0; i < records.count && r == CK_OK; i++)
        r = note(listing, &records.rows[i], err);
    return r;
}

enum ck_err check_list_read(struct ck_plan *plan, const uint32_t *rows, size_t count,
                            struct ck_admin *admin, struct told *told, struct ck_error *err)
{
    struct listing listing = {.plan = plan, .rows = rows, .count = count, .told = told};
    const struct ck_account first = ck_plan_item(plan, rows[0]).account;

    memset(told, 0, count * sizeof(*told));
    enum ck_err r =
        first.role == CK_ROLE_MAILBOX
            ? ck_admin_walk_mailboxes(admin, ck_account_domain(&first), note, &listing, err)
            : read_records(&listing, admin, first.role, err);
    if (r != CK_OK)
        memset(told, 0, count * sizeof(*told));
    return r == CK_ERR_USAGE ? CK_OK : r;
}

bool check_list_told(const struct told *told, struct ck_record *record)
{
    record->active = told->active == 1;
    record->tfa_active = told->tfa_active;
    record->force_tfa = told->force_tfa;
    record->force_pw_update = told->force_pw_update;
    record->authsource = (enum ck_authsource)told->authsource;
    return told->is_told;
}
