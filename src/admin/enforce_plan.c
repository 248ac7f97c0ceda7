/* Whom it is about, and what the server tells of each. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cowkey/admin/find.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/clock.h"
#include "enforce_internal.h"

const char *ck_enforce_result_name(enum ck_enforce_result result)
{
    static const char *const names[CK_ENFORCE_RESULTS_COUNT] = {
        [CK_ENFORCE_PENDING] = "would-change", [CK_ENFORCE_CHANGED] = "changed",
        [CK_ENFORCE_ALREADY] = "already",      [CK_ENFORCE_NOT_ENFORCEABLE] = "not-enforceable",
        [CK_ENFORCE_EXCEPTED] = "excepted",    [CK_ENFORCE_FAILED] = "failed",
        [CK_ENFORCE_UNKNOWN] = "unknown",      [CK_ENFORCE_NOT_TRIED] = "not-tried",
    };

    return names[result];
}

void ck_enforcement_clear(struct ck_enforcement *enforcement)
{
    for (size_t i = 0; i < enforcement->count; i++)
        free(enforcement->rows[i].reason);
    free(enforcement->rows);
    *enforcement = (struct ck_enforcement){0};
}

size_t ck_enforcement_count(const struct ck_enforcement *enforcement, enum ck_enforce_result result)
{
    size_t count = 0;

    for (size_t i = 0; i < enforcement->count; i++)
        count += enforcement->rows[i].result == result;
    return count;
}

/* --- what both halves use --- */

/* A reason that memory is short for is left out: the result stands without it. */
void ck_enforce_settle(struct ck_enforce_row *row, enum ck_enforce_result result,
                       const char *format, ...)
{
    va_list arguments;

    free(row->reason);
    row->reason = NULL;
    row->result = result;
    if (format == NULL)
        return;
    va_start(arguments, format);
    if (vasprintf(&row->reason, format, arguments) < 0)
        row->reason = NULL;
    va_end(arguments);
}

/* The server keeps no forced change for them, and drops one that was set before they became that. */
const char *ck_enforce_loss(const struct ck_record *record)
{
    return record->authsource != CK_AUTHSOURCE_MAILCOW && record->force_pw_update == 1
               ? "with that the server drops its forced change of the password, which it keeps for "
                 "no account of another source"
               : NULL;
}

void ck_enforce_judge(struct ck_enforce_row *row, bool on)
{
    const struct ck_record *record = &row->record;

    row->before = row->after = record->force_tfa;
    if (record->force_tfa < 0)
        ck_enforce_settle(row, CK_ENFORCE_NOT_ENFORCEABLE,
                          "the server does not tell whether it insists on a second factor for it");
    else if (record->force_tfa == on)
        ck_enforce_settle(row, CK_ENFORCE_ALREADY, NULL);
    else if (on && record->authsource == CK_AUTHSOURCE_OIDC)
        ck_enforce_settle(row, CK_ENFORCE_NOT_ENFORCEABLE,
                          "it logs in through OpenID Connect, and the server keeps no enforcement "
                          "for such accounts, although it says success");
    else if (ck_enforce_loss(record) != NULL)
        ck_enforce_settle(row, CK_ENFORCE_PENDING, "%s", ck_enforce_loss(record));
    else
        ck_enforce_settle(row, CK_ENFORCE_PENDING, NULL);
}

/* --- the plan --- */

struct planning {
    struct ck_admin *admin;
    const struct ck_enforce_wish *wish;
    struct ck_enforcement enforcement;
    size_t named_count; /* the first rows; only they can come up again in a list */
};

static void planning_clear(struct planning *planning)
{
    ck_enforcement_clear(&planning->enforcement);
}

static bool is_named(const struct planning *planning, const struct ck_account *account)
{
    for (size_t i = 0; i < planning->named_count; i++) {
        const struct ck_account *named = &planning->enforcement.rows[i].record.account;
        if (named->role == account->role && strcmp(named->name, account->name) == 0)
            return true;
    }
    return false;
}

static enum ck_err add(struct planning *planning, const struct ck_record *record, bool listed,
                       struct ck_error *err)
{
    enum { ROWS_STEP = 1024 };
    struct ck_enforcement *enforcement = &planning->enforcement;
    struct ck_enforce_row row = {
        .record = *record, .listed = listed, .read_ms = ck_clock_steady_ms()};
    struct ck_enforce_row *rows = enforcement->rows;

    if (is_named(planning, &record->account))
        return CK_OK;
    if (enforcement->count == CK_ENFORCE_ROWS_MAX) {
        ck_error_set(err, CK_ERR_USAGE, "these are more than %d accounts", CK_ENFORCE_ROWS_MAX);
        return ck_error_hint(err, "Go domain by domain, with --domain.");
    }
    if (enforcement->count % ROWS_STEP == 0)
        rows = reallocarray(rows, enforcement->count + ROWS_STEP, sizeof(*rows));
    if (rows == NULL)
        return ck_error_no_memory(err);
    enforcement->rows = rows;

    enum ck_exception_state state = ck_exceptions_find(
        planning->wish->exceptions, record->account.name, planning->wish->now_s, &row.exception);
    ck_enforce_judge(&row, planning->wish->on);
    if (state == CK_EXCEPTION_ACTIVE)
        ck_enforce_settle(&row, CK_ENFORCE_EXCEPTED, NULL);
    rows[enforcement->count++] = row;
    return CK_OK;
}

static enum ck_err add_all(struct planning *planning, const struct ck_records *records,
                           struct ck_error *err)
{
    for (size_t i = 0; i < records->count; i++) {
        if (add(planning, &records->rows[i], true, err) != CK_OK)
            return err->code;
    }
    return CK_OK;
}

/* --- by name --- */

static enum ck_err plan_names(struct planning *planning, struct ck_error *err)
{
    const char *const *name = planning->wish->names;

    for (; name != NULL && *name != NULL; name++) {
        struct ck_record record;
        if (ck_find_account(planning->admin, *name, &record, err) != CK_OK ||
            add(planning, &record, false, err) != CK_OK)
            return err->code;
        planning->named_count = planning->enforcement.count;
    }
    return CK_OK;
}

/* --- by role --- */

static enum ck_err plan_role(struct planning *planning, enum ck_role role, struct ck_error *err)
{
    CK_CLEANUP(ck_records_clear) struct ck_records records = {0};

    if (ck_find_check_role(planning->admin, role, err) != CK_OK ||
        ck_admin_list(planning->admin, role, &records, err) != CK_OK)
        return err->code;
    return add_all(planning, &records, err);
}

static enum ck_err plan_domain(struct planning *planning, const char *domain, struct ck_error *err)
{
    CK_CLEANUP(ck_records_clear) struct ck_records records = {0};

    if (ck_admin_list_mailboxes(planning->admin, domain, &records, err) != CK_OK)
        return err->code;
    planning->enforcement.nameless += records.nameless;
    return add_all(planning, &records, err);
}

static enum ck_err plan_mailboxes(struct planning *planning, struct ck_error *err)
{
    CK_CLEANUP(ck_domains_clear) struct ck_domains domains = {0};
    const char *wanted = planning->wish->domain;
    bool found = wanted == NULL;

    if (ck_admin_list_domains(planning->admin, &domains, err) != CK_OK)
        return err->code;
    for (size_t i = 0; i < domains.count; i++) {
        if (wanted != NULL && strcasecmp(wanted, domains.names[i]) != 0)
            continue;
        found = true;
        if (plan_domain(planning, domains.names[i], err) != CK_OK)
            return err->code;
    }
    if (found)
        return CK_OK;
    ck_error_set(err, CK_ERR_USAGE, "there is no domain %.253s among those that can be seen",
                 wanted);
    return ck_error_hint(err, "Name it as the server does: with xn-- where it is international.");
}

/* Rows of a plan are told nothing of by a release that does not know the flag; one tells for all. */
static enum ck_err check_release(const struct ck_enforcement *enforcement, struct ck_error *err)
{
    for (size_t i = 0; i < enforcement->count; i++) {
        if (enforcement->rows[i].before >= 0)
            return CK_OK;
    }
    if (enforcement->count == 0)
        return CK_OK;
    ck_error_set(err, CK_ERR_UNCHANGED,
                 "the server's release can't insist on second factors; nothing was changed");
    return ck_error_hint(err, "Releases since 2026-03 can. Older ones answer success, and store "
                              "nothing.");
}

enum ck_err ck_enforce_plan(struct ck_admin *admin, const struct ck_enforce_wish *wish,
                            struct ck_enforcement *ret_enforcement, struct ck_error *err)
{
    CK_CLEANUP(planning_clear)
    struct planning planning = {.admin = admin, .wish = wish, .enforcement = {.on = wish->on}};
    bool named = wish->names != NULL && *wish->names != NULL;

    if (!named && !wish->admins && !wish->domain_admins && !wish->mailboxes)
        return ck_error_set(err, CK_ERR_USAGE, "no accounts were named");
    enum ck_err r = plan_names(&planning, err);
    if (r == CK_OK && wish->admins)
        r = plan_role(&planning, CK_ROLE_ADMIN, err);
    if (r == CK_OK && wish->domain_admins)
        r = plan_role(&planning, CK_ROLE_DOMAIN_ADMIN, err);
    if (r == CK_OK && wish->mailboxes)
        r = plan_mailboxes(&planning, err);
    if (r == CK_OK)
        r = check_release(&planning.enforcement, err);
    if (r != CK_OK)
        return r;
    *ret_enforcement = planning.enforcement;
    planning.enforcement = (struct ck_enforcement){0};
    return CK_OK;
}
