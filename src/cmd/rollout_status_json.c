/* The status of a roll-out for scripts. */
#include <jansson.h>

#include "cowkey/base/cleanup.h"
#include "output.h"
#include "rollout_status.h"
#include "target.h"

/* A list that is being printed. */
struct list {
    bool begun;
    int64_t last_person;
};

static enum ck_err print_row(struct list *list, json_t *row, struct ck_error *err)
{
    if (list->begun)
        putchar(',');
    list->begun = true;
    return print_json_piece(row, true, true) ? CK_OK : ck_error_no_memory(err);
}

/* --- what stands first --- */

static json_t *groups_json(const struct rollout_tally *tally)
{
    json_t *groups = json_array();

    for (size_t i = 0; i < tally->groups_count; i++) {
        const struct rollout_group *group = &tally->groups[i];
        json_array_append_new(groups, json_pack("{s:o, s:I, s:o}", "name", text_json(group->name),
                                                "items", (json_int_t)group->items, "states",
                                                rollout_states_json(group->states)));
    }
    return groups;
}

static json_t *about_json(const struct rollout_status *status)
{
    const struct rollout_figures *figures = &status->figures;
    json_t *about =
        json_pack("{s:s, s:o, s:I, s:o, s:o}", "schema", "cowkey.rollout-status/1", "server",
                  text_json(ck_ledger_server(status->ledger)), "refusals",
                  (json_int_t)figures->history.refusals, "groups", groups_json(&figures->tally),
                  "sheets", rollout_sheets_json(&figures->sheets));

    json_object_update_new(about, rollout_figures_json(figures));
    return about;
}

/* --- the lists --- */

static enum ck_err print_problem(void *data, const struct ck_ledger_person *person,
                                 const struct ck_ledger_item *item, const struct ck_ledger_key *key,
                                 struct ck_error *err)
{
    (void)key;
    if (item == NULL || !rollout_item_is_problem(item))
        return CK_OK;
    return print_row(
        data,
        json_pack("{s:o, s:s, s:s, s:i, s:o, s:s, s:o, s:o, s:I}", "account",
                  text_json(person->account.name), "role", ck_role_name(person->account.role),
                  "method", ck_rollout_method_name(item->method), "n", (int)item->n, "label",
                  text_or_null_json(item->label), "state", ck_step_state_name(item->state), "cause",
                  text_json(rollout_item_cause(item)), "cure", text_json(rollout_item_cure(item)),
                  "line", (json_int_t)item->line),
        err);
}

static enum ck_err print_password(void *data, const struct ck_ledger_person *person,
                                  const struct ck_ledger_item *item,
                                  const struct ck_ledger_key *key, struct ck_error *err)
{
    struct list *list = data;

    (void)key;
    if (person->id == list->last_person || !rollout_password_waits(person->password))
        return CK_OK;
    list->last_person = person->id;
    return print_row(data,
                     json_pack("{s:o, s:s, s:s, s:s, s:s}", "account",
                               text_json(person->account.name), "role",
                               ck_role_name(person->account.role), "state",
                               ck_password_state_name(person->password), "cause",
                               rollout_password_cause(person->password), "cure",
                               rollout_password_cure(person->password, item != NULL)),
                     err);
}

/* --- one account --- */

static json_t *item_json(const struct ck_ledger_item *item)
{
    return json_pack("{s:I, s:s, s:i, s:o, s:o, s:s, s:s, s:b, s:o, s:o, s:o, s:i, s:o, s:o}",
                     "line", (json_int_t)item->line, "method", ck_rollout_method_name(item->method),
                     "n", (int)item->n, "pattern", text_json(item->pattern), "label",
                     text_or_null_json(item->label), "state", ck_step_state_name(item->state),
                     "evidence", rollout_item_evidence(item), "wants_proof", item->wants_proof,
                     "factor_id", rollout_item_id_json(item), "submitted",
                     rollout_time_or_null_json(item->submitted_s), "changed",
                     rollout_time_or_null_json(item->changed_s), "tries", (int)item->tries, "cause",
                     text_or_null_json(rollout_item_cause(item)), "cure",
                     text_or_null_json(rollout_item_cure(item)));
}

static json_t *key_json(const struct ck_ledger_key *key)
{
    return json_pack(
        "{s:i, s:o, s:o, s:o, s:o, s:b, s:s, s:o, s:o, s:o}", "n", (int)key->n, "aaguid",
        text_or_null_json(key->aaguid), "model", text_or_null_json(rollout_key_model(key)),
        "serial", text_or_null_json(key->serial), "firmware", text_or_null_json(key->firmware),
        "reset", key->reset, "pin", ck_key_pin_state_name(key->pin), "begun",
        rollout_time_or_null_json(key->begun_s), "done", rollout_time_or_null_json(key->done_s),
        "own_ms", key->done_s != 0 ? json_integer(key->own_ms) : json_null());
}

/* Where the account is put together. */
struct account {
    json_t *items, *keys, *sheets;
    bool keys_seen[CK_POLICY_KEYS_MAX + 1]; /* a key can have several items */
};

static enum ck_err add_item(void *data, const struct ck_ledger_person *person,
                            const struct ck_ledger_item *item, const struct ck_ledger_key *key,
                            struct ck_error *err)
{
    struct account *account = data;

    (void)person;
    (void)err;
    if (item == NULL)
        return CK_OK;
    json_array_append_new(account->items, item_json(item));
    if (key == NULL || key->n > CK_POLICY_KEYS_MAX || account->keys_seen[key->n])
        return CK_OK;
    account->keys_seen[key->n] = true;
    json_array_append_new(account->keys, key_json(key));
    return CK_OK;
}

static enum ck_err add_sheet(void *data, const struct ck_ledger_sheet *sheet, struct ck_error *err)
{
    struct account *account = data;

    (void)err;
    json_array_append_new(account->sheets,
                          json_pack("{s:s, s:i, s:o, s:b, s:o, s:o}", "kind",
                                    sheet->kind == CK_SHEET_PIN_LETTER ? "pin-letter" : "sheet",
                                    "n", (int)sheet->n, "file", text_json(sheet->name), "sealed",
                                    sheet->sealed, "made", rollout_time_or_null_json(sheet->made_s),
                                    "deleted", rollout_time_or_null_json(sheet->deleted_s)));
    return CK_OK;
}

static enum ck_err add_account(const struct rollout_status *status, json_t *ending,
                               struct ck_error *err)
{
    const struct ck_ledger_person *person = status->person;
    struct account account = {json_array(), json_array(), json_array(), {false}};
    enum ck_err r = rollout_figures_walk(status->ledger, status->person, add_item, &account, err);

    if (r == CK_OK)
        r = ck_ledger_walk_sheets(status->ledger, person->id, add_sheet, &account, err);
    json_t *object = json_pack(
        "{s:o, s:s, s:o, s:s, s:s, s:o, s:o, s:o, s:o}", "account", text_json(person->account.name),
        "role", ck_role_name(person->account.role), "group", text_json(person->group), "route",
        ck_rollout_route_name(person->route), "password", ck_password_state_name(person->password),
        "app_password_id",
        person->app_password_id != 0 ? json_integer(person->app_password_id) : json_null(), "items",
        account.items, "keys", account.keys, "sheets", account.sheets);
    json_object_set_new(ending, "account", object);
    return r;
}

/* --- the whole --- */

static enum ck_err print_lists(const struct rollout_status *status, struct ck_error *err)
{
    struct list problems = {false, 0}, passwords = {false, 0};

    fputs(",\"problems\":[", stdout);
    enum ck_err r =
        rollout_figures_walk(status->ledger, status->person, print_problem, &problems, err);
    fputs("],\"passwords\":[", stdout);
    if (r == CK_OK)
        r = rollout_figures_walk(status->ledger, status->person, print_password, &passwords, err);
    fputs("],", stdout);
    return r;
}

enum ck_err rollout_status_print_json(const struct rollout_status *status, bool *ret_begun,
                                      struct ck_error *err)
{
    if (!print_json_piece(about_json(status), true, false))
        return ck_error_no_memory(err);
    *ret_begun = true;
    enum ck_err r = print_lists(status, err);
    json_t *ending = json_pack("{s:o}", "account", json_null());
    if (r == CK_OK && status->person != NULL)
        r = add_account(status, ending, err);
    if (r != CK_OK)
        json_object_set_new(ending, "error", error_json(err));
    if (!print_json_piece(ending, false, true) && r == CK_OK)
        r = ck_error_no_memory(err);
    putchar('\n');
    return r;
}
