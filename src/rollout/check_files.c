/* What a plan says together with its policy and its passwords. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/rollout/check.h"
#include "order.h"

const char *ck_rollout_label(const struct ck_rollout *rollout, const struct ck_plan_item *item)
{
    return item->label != NULL ? item->label : ck_policy_find(rollout->policy, item->group)->label;
}

/* --- one row --- */

/* The longest it can get; several keys need labels that tell them apart. */
static const char *check_label(const struct ck_rollout *rollout, const struct ck_plan_item *item)
{
    const struct ck_policy_group *group = ck_policy_find(rollout->policy, item->group);
    const char *pattern = ck_rollout_label(rollout, item);
    char serial[CK_LABEL_SERIAL_MAX + 1], label[CK_FACTOR_LABEL_MAX];
    bool is_key = ck_plan_item_takes_key(item);

    memset(serial, 'x', CK_LABEL_SERIAL_MAX);
    serial[CK_LABEL_SERIAL_MAX] = '\0';
    if (!ck_label_fill(pattern, item->account.name, is_key ? serial : NULL, group->keys, label))
        return "the label gets longer than the server takes, 255 bytes";
    if (is_key && group->keys > 1 && !ck_label_has(pattern, "{n}") &&
        !ck_label_has(pattern, "{serial}"))
        return "the person's keys would all get the same label: put {n} or {serial} into it";
    return NULL;
}

static enum ck_err check_file(const struct ck_rollout *rollout, const struct ck_plan_item *item,
                              struct ck_complaints *complaints, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *password = NULL;
    CK_CLEANUP(ck_free_p) char *path = NULL;
    struct ck_error why;

    if (asprintf(&path, "%s/%s", rollout->directory, item->password_name) < 0)
        return ck_error_no_memory(err);
    enum ck_err r = ck_password_file_read(path, &password, &why);
    if (r == CK_OK)
        return CK_OK;
    if (r == CK_ERR_USAGE)
        return ck_complaints_add(complaints, item->line, err, "%s", why.text);
    *err = why;
    return r;
}

static enum ck_err check_item(const struct ck_rollout *rollout, const struct ck_plan_item *item,
                              struct ck_complaints *complaints, struct ck_error *err)
{
    if (ck_policy_find(rollout->policy, item->group) == NULL)
        return ck_complaints_add(complaints, item->line, err, "the policy has no group '%s'",
                                 item->group);
    const char *wrong = check_label(rollout, item);
    if (wrong == NULL && item->password_kind == CK_PASSWORD_SECRET) {
        if (rollout->secrets == NULL)
            wrong = "the password_ref is for a secrets file, and none was given";
        else if (!ck_secrets_has(rollout->secrets, item->password_name))
            wrong = "the password_ref names no entry of the secrets file";
    }
    if (wrong != NULL)
        return ck_complaints_add(complaints, item->line, err, "%s", wrong);
    return item->password_kind == CK_PASSWORD_FILE ? check_file(rollout, item, complaints, err)
                                                   : CK_OK;
}

/* --- the rows of one account --- */

static bool is_same_factor(const struct ck_rollout *rollout, const struct ck_plan_item *one,
                           const struct ck_plan_item *other)
{
    if (one->method != other->method || ck_policy_find(rollout->policy, one->group) == NULL ||
        ck_policy_find(rollout->policy, other->group) == NULL)
        return false;
    return strcmp(ck_rollout_label(rollout, one), ck_rollout_label(rollout, other)) == 0;
}

/* A passkey by "log in as" has no password, and then another row's is none of another. */
static bool has_other_password(const struct ck_plan_item *one, const struct ck_plan_item *other)
{
    if (one->password_kind == CK_PASSWORD_NONE || other->password_kind == CK_PASSWORD_NONE)
        return false;
    return one->password_kind != other->password_kind ||
           strcmp(one->password_name, other->password_name) != 0;
}

/* Each is held against so many before it: who has more factors than that has a strange plan. */
enum { RIVALS_MAX = 64 };

/* An earlier row that this one does not go with, and why. */
static const char *find_rival(const struct ck_rollout *rollout, const uint32_t *rows, size_t count,
                              const struct ck_plan_item *item, size_t *ret_line)
{
    for (size_t i = 0; i < count; i++) {
        const struct ck_plan_item other = ck_plan_item(rollout->plan, rows[i]);
        *ret_line = other.line;
        if (is_same_factor(rollout, &other, item))
            return "is the same account, method and label as in line";
        if (other.route != item->route)
            return "takes another route into the account than line";
        if (has_other_password(&other, item))
            return "has another password_ref for the account than line";
        if (strcmp(other.group, item->group) != 0)
            return "puts the account into another group than line";
    }
    return NULL;
}

static enum ck_err check_account(const struct ck_rollout *rollout, const uint32_t *rows,
                                 size_t count, struct ck_complaints *complaints,
                                 struct ck_error *err)
{
    enum ck_err r = CK_OK;

    for (size_t i = 1; i < count && r == CK_OK; i++) {
        const struct ck_plan_item item = ck_plan_item(rollout->plan, rows[i]);
        size_t line = 0;
        const char *why = i < RIVALS_MAX ? find_rival(rollout, rows, i, &item, &line) : NULL;
        if (why != NULL)
            r = ck_complaints_add(complaints, item.line, err, "%s %zu", why, line);
        else if (i >= RIVALS_MAX)
            r = ck_complaints_add(complaints, item.line, err, "the account has more than %d rows",
                                  RIVALS_MAX);
    }
    return r;
}

enum ck_err ck_check_files(const struct ck_rollout *rollout, struct ck_complaints *complaints,
                           struct ck_error *err)
{
    const struct ck_plan *plan = rollout->plan;
    CK_CLEANUP(order_clear) struct order order = {0};
    enum ck_err r = order_of(plan, NULL, 0, &order, err);

    for (size_t i = 0; i < plan->count && r == CK_OK; i++) {
        const struct ck_plan_item item = ck_plan_item(plan, i);
        r = check_item(rollout, &item, complaints, err);
    }
    for (size_t i = 0, run; i < plan->count && r == CK_OK; i += run) {
        run = order_run(plan, &order.rows[i], plan->count - i);
        r = check_account(rollout, &order.rows[i], run, complaints, err);
    }
    return r;
}

/* --- how much there is to do --- */

static void count_item(const struct ck_rollout *rollout, const struct ck_plan_item *item,
                       struct ck_check_counts *counts)
{
    const struct ck_policy_group *group = ck_policy_find(rollout->policy, item->group);
    bool is_key = ck_plan_item_takes_key(item);
    size_t factors = is_key ? group->keys : 1;

    counts->factors += factors;
    counts->methods[item->method] += factors;
    counts->routes[item->route]++;
    if (!is_key) {
        /* A group's pattern is for its keys first. */
        counts->serial_apps += item->label != NULL && ck_label_has(item->label, "{serial}");
        return;
    }
    counts->serial_keys += ck_label_has(ck_rollout_label(rollout, item), "{serial}") ? factors : 0;
    counts->registrations += factors;
    counts->attested_by_any += group->attestation && group->roots_path[0] == '\0' ? factors : 0;
    counts->proofs += group->proof == CK_ROLLOUT_PROOF_LOGIN ? factors : 0;
}

static size_t count_resets(const struct ck_rollout *rollout, const uint32_t *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct ck_plan_item item = ck_plan_item(rollout->plan, rows[i]);
        const struct ck_policy_group *group = ck_policy_find(rollout->policy, item.group);
        if (ck_plan_item_takes_key(&item) && group->reset)
            return group->keys;
    }
    return 0;
}

enum ck_err ck_check_count(const struct ck_rollout *rollout, struct ck_check_counts *ret_counts,
                           struct ck_error *err)
{
    const struct ck_plan *plan = rollout->plan;
    CK_CLEANUP(order_clear) struct order order = {0};
    struct ck_check_counts counts = {0};

    if (order_of(plan, NULL, 0, &order, err) != CK_OK)
        return err->code;
    for (size_t i = 0; i < plan->count; i++) {
        const struct ck_plan_item item = ck_plan_item(plan, i);
        count_item(rollout, &item, &counts);
    }
    for (size_t i = 0, run; i < plan->count; i += run) {
        run = order_run(plan, &order.rows[i], plan->count - i);
        counts.accounts++;
        counts.resets += count_resets(rollout, &order.rows[i], run);
    }
    *ret_counts = counts;
    return CK_OK;
}
