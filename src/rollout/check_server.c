/* Holding a plan against a server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_list.h"
#include "cowkey/base/cleanup.h"
#include "order.h"
#include "plan_store.h"

void ck_check_found_clear(struct ck_check_found *found)
{
    ck_complaints_clear(&found->problems);
    for (size_t i = 0; i < found->mail_programs_count; i++)
        free(found->mail_programs[i]);
    free(found->mail_programs);
    *found = (struct ck_check_found){0};
}

struct looking {
    struct ck_plan *plan;
    const struct ck_operator *by;
    enum ck_check_depth depth;
    struct ck_check_found *found;
    void (*progress)(void *data, size_t done, size_t count);
    void *data;
    size_t done, count; /* rows */
    struct ck_error *err;
};

static enum ck_err complain(struct looking *looking, const struct ck_plan_item *item,
                            const char *why)
{
    return ck_complaints_add(&looking->found->problems, item->line, looking->err, "%s: %s",
                             item->account.name, why);
}

/* --- one row --- */

/* What the page of such an account offers (protocol 15). */
static const char *check_authsource(const struct ck_plan_item *item, const struct ck_record *record)
{
    enum ck_authsource source = record->authsource;

    if (source == CK_AUTHSOURCE_MAILCOW)
        return NULL;
    if (item->route == CK_ROUTE_RESET_PASSWORD)
        return "its password is not kept by mailcow, and can't be set here";
    if (item->method == CK_ROLLOUT_PASSKEY)
        return "its password is not kept by mailcow, and the server offers such accounts no "
               "passkeys";
    if (source == CK_AUTHSOURCE_LDAP)
        return NULL;
    return "it logs in through an outside provider, and the server offers such accounts no second "
           "factors";
}

static const char *check_way(const struct ck_operator *by, const struct ck_plan_item *item,
                             const struct ck_record *record)
{
    bool by_key = ck_admin_account(by->admin) == NULL;
    bool holds = record->force_tfa >= 0; /* the releases that force factors hold logins, too */

    switch (item->route) {
    case CK_ROUTE_SIGN_ON:
        return by_key ? NULL : "the route 'sign-on' needs an API key";
    case CK_ROUTE_LOG_IN_AS:
        return ck_operator_may_log_in_as(by, item->account.role)
                   ? NULL
                   : "the route 'log-in-as' needs the login of an admin, or for a mailbox that of "
                     "its domain admin: --account";
    case CK_ROUTE_PASSWORD:
        if (holds && record->force_pw_update == 1)
            return "it has to change its password at the next login, so that this one is of no "
                   "use: take the route 'reset-password'";
        break;
    case CK_ROUTE_RESET_PASSWORD:
    case CK_ROUTES:
        break;
    }
    return record->tfa_active == 1 ? "it has a second factor already, which its login would ask "
                                     "for: take the route 'sign-on' or 'log-in-as'"
                                   : NULL;
}

static enum ck_err judge(struct looking *looking, const struct ck_plan_item *item,
                         const struct ck_record *record, bool *ret_runs)
{
    const char *wrong = record->active ? check_authsource(item, record)
                                       : "it is deactivated: it can't log in, and nothing could be "
                                         "proved";

    if (wrong == NULL)
        wrong = check_way(looking->by, item, record);
    if (wrong != NULL)
        return complain(looking, item, wrong);
    *ret_runs = true;
    looking->found->changes_unforced +=
        item->route == CK_ROUTE_RESET_PASSWORD && record->force_pw_update < 0;
    return CK_OK;
}

/* --- one account --- */

static enum ck_err note_mail_programs(struct looking *looking, const struct ck_account *account)
{
    enum { STEP = 64 };
    struct ck_check_found *found = looking->found;
    int count = -1;

    enum ck_err r = ck_admin_count_app_passwords(looking->by->admin, account, &count, looking->err);
    if (r != CK_OK || count > 0)
        return r;
    if (count < 0) {
        found->mail_programs_unknown++;
        return CK_OK;
    }
    if (found->mail_programs_count % STEP == 0) {
        char **grown =
            reallocarray(found->mail_programs, found->mail_programs_count + STEP, sizeof(*grown));
        if (grown == NULL)
            return ck_error_no_memory(looking->err);
        found->mail_programs = grown;
    }
    char *name = strdup(account->name);
    if (name == NULL)
        return ck_error_no_memory(looking->err);
    found->mail_programs[found->mail_programs_count++] = name;
    return CK_OK;
}

static struct ck_plan_item row_of(const struct looking *looking, uint32_t row)
{
    return ck_plan_item(looking->plan, row);
}

/* A second factor ends the use of the password by mail programs; a passkey does not. */
static bool gets_factor(const struct looking *looking, const uint32_t *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct ck_plan_item item = row_of(looking, rows[i]);
        if (item.method != CK_ROLLOUT_PASSKEY)
            return item.account.role == CK_ROLE_MAILBOX;
    }
    return false;
}

static enum ck_err complain_all(struct looking *looking, const uint32_t *rows, size_t count,
                                const char *why)
{
    enum ck_err r = CK_OK;

    for (size_t i = 0; i < count && r == CK_OK; i++) {
        const struct ck_plan_item item = row_of(looking, rows[i]);
        r = complain(looking, &item, why);
    }
    return r;
}

static void progress(struct looking *looking, size_t done)
{
    looking->done += done;
    if (looking->progress != NULL)
        looking->progress(looking->data, looking->done, looking->count);
}

/* record NULL: the server has none. */
static enum ck_err look_at(struct looking *looking, const uint32_t *rows, size_t count,
                           const struct ck_record *record)
{
    bool runs = false;

    progress(looking, count);
    if (record == NULL)
        return complain_all(looking, rows, count,
                            "the server has no such account, or not for you to manage");
    int enforceable = record->force_tfa >= 0;
    if (enforceable > looking->found->enforceable)
        looking->found->enforceable = enforceable;
    enum ck_err r = plan_store_set_display_name(looking->plan->store, rows[0], record->display_name,
                                                looking->err);
    for (size_t i = 0; i < count && r == CK_OK; i++) {
        const struct ck_plan_item item = row_of(looking, rows[i]);
        r = judge(looking, &item, record, &runs);
    }
    return r == CK_OK && runs && looking->depth == CK_CHECK_TO_TELL &&
                   gets_factor(looking, rows, count)
               ? note_mail_programs(looking, &record->account)
               : r;
}

/* What can be told before the server is asked: who it is for this operator. */
static const char *check_operator(const struct ck_operator *by, const struct ck_plan_item *item,
                                  bool *ret_is_own, struct ck_error *why)
{
    const struct ck_account *own = by->account, *account = &item->account;

    *ret_is_own =
        own != NULL && own->role == account->role && strcmp(own->name, account->name) == 0;
    if (*ret_is_own)
        return item->route == CK_ROUTE_PASSWORD ? NULL
                                                : "it is the account that you log in with: take "
                                                  "the route 'password'";
    return ck_operator_check(by, account, why) == CK_OK ? NULL : why->text;
}

static enum ck_err read_one(struct looking *looking, const uint32_t *rows, size_t count)
{
    const struct ck_plan_item item = row_of(looking, rows[0]);
    struct ck_record record;
    struct ck_error why;
    enum ck_err r = ck_admin_read(looking->by->admin, &item.account, &record, &why);

    if (r == CK_OK)
        return look_at(looking, rows, count, &record);
    if (r == CK_ERR_USAGE)
        return look_at(looking, rows, count, NULL);
    if (r == CK_ERR_UNCHANGED) {
        progress(looking, count);
        return complain_all(looking, rows, count, why.text);
    }
    *looking->err = why;
    return r;
}

/* --- many accounts --- */

/*
 * Of mailboxes whose domain's list can't be had, such as one that takes the server too long, each is
 * asked for: that also shows whether the server is there.
 */
static enum ck_err read_list(struct looking *looking, const uint32_t *rows, size_t count,
                             struct told *told)
{
    struct ck_check_found *found = looking->found;
    enum ck_err r =
        check_list_read(looking->plan, rows, count, looking->by->admin, told, looking->err);

    if (r != CK_ERR_UNREACHABLE ||
        plan_store_role(looking->plan->store, rows[0]) != CK_ROLE_MAILBOX)
        return r;
    if (found->asked_singly == 0)
        found->singly_cause = *looking->err;
    for (size_t i = 0; i < count; i += order_run(looking->plan, &rows[i], count - i))
        found->asked_singly++;
    return CK_OK;
}

static enum ck_err look_in_list(struct looking *looking, const uint32_t *rows, size_t count)
{
    CK_CLEANUP(ck_free_p) struct told *told = calloc(count, sizeof(*told));
    enum ck_err r =
        told != NULL ? read_list(looking, rows, count, told) : ck_error_no_memory(looking->err);

    for (size_t i = 0, run; i < count && r == CK_OK; i += run) {
        struct ck_record record = {.account = row_of(looking, rows[i]).account};
        run = order_run(looking->plan, &rows[i], count - i);
        /* What a list leaves out may be there all the same (a row that tells nothing). */
        r = check_list_told(&told[i], &record) ? look_at(looking, &rows[i], run, &record)
                                               : read_one(looking, &rows[i], run);
    }
    return r;
}

/* Those of one role, of mailboxes of one domain; whom the operator does not reach is sorted out. */
static enum ck_err look_at_crowd(struct looking *looking, uint32_t *rows, size_t count)
{
    size_t kept = 0, accounts = 0;
    enum ck_err r = CK_OK;

    for (size_t i = 0, run; i < count && r == CK_OK; i += run) {
        const struct ck_plan_item item = row_of(looking, rows[i]);
        struct ck_error why;
        bool is_own;
        run = order_run(looking->plan, &rows[i], count - i);
        const char *wrong = check_operator(looking->by, &item, &is_own, &why);
        if (wrong != NULL)
            r = complain_all(looking, &rows[i], run, wrong);
        if (wrong != NULL || is_own) {
            progress(looking, run);
            continue;
        }
        for (size_t j = 0; j < run; j++)
            rows[kept++] = rows[i + j];
        accounts++;
    }
    if (r == CK_OK && accounts >= CK_CHECK_LIST_FROM)
        return look_in_list(looking, rows, kept);
    for (size_t i = 0, run; i < kept && r == CK_OK; i += run) {
        run = order_run(looking->plan, &rows[i], kept - i);
        r = read_one(looking, &rows[i], run);
    }
    return r;
}

enum ck_err ck_check_server(struct ck_plan *plan, const uint32_t *rows, size_t count,
                            const struct ck_operator *by, enum ck_check_depth depth,
                            void (*progress_of)(void *data, size_t done, size_t count), void *data,
                            struct ck_check_found *ret_found, struct ck_error *err)
{
    CK_CLEANUP(order_clear) struct order order = {0};
    CK_CLEANUP(ck_check_found_clear) struct ck_check_found found = {.enforceable = -1};
    struct looking looking = {.plan = plan,
                              .by = by,
                              .depth = depth,
                              .found = &found,
                              .progress = progress_of,
                              .data = data,
                              .count = rows != NULL ? count : plan->count,
                              .err = err};
    enum ck_err r = order_of(plan, rows, count, &order, err);

    for (size_t i = 0, run; i < order.count && r == CK_OK; i += run) {
        run = order_crowd(plan, &order.rows[i], order.count - i);
        r = look_at_crowd(&looking, &order.rows[i], run);
    }
    if (r != CK_OK)
        return r;
    ck_complaints_sort(&found.problems);
    *ret_found = found;
    found = (struct ck_check_found){0};
    return CK_OK;
}
