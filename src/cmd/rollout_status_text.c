/* The status of a roll-out for people. */
#include <stdio.h>

#include "cowkey/base/cleanup.h"
#include "output.h"
#include "output_table.h"
#include "rollout_status.h"

enum {
    PROBLEMS_MAX = 50,  /* that are named, and so many new passwords; there may be 100000 */
    CELL_MAX = 2 * 512, /* bytes of a cause and its cure, and more */
};

/* --- the whole --- */

/* What is well first, what went wrong last. */
static const struct {
    enum ck_step_state state;
    const char *header;
} shown_states[CK_STEP_STATES] = {
    {CK_STEP_PROVED, "PROVED"},       {CK_STEP_RECORDED, "RECORDED"},
    {CK_STEP_SUBMITTED, "SUBMITTED"}, {CK_STEP_PREPARED, "PREPARED"},
    {CK_STEP_PLANNED, "PLANNED"},     {CK_STEP_UNDOING, "UNDOING"},
    {CK_STEP_SKIPPED, "SKIPPED"},     {CK_STEP_FAILED, "FAILED"},
    {CK_STEP_UNKNOWN, "UNKNOWN"},
};

static void print_states(const struct rollout_status *status)
{
    const struct rollout_tally *tally = &status->figures.tally;
    char text[256];
    int used = 0;

    for (int i = CK_STEP_STATES - 1; i >= 0; i--) {
        size_t count = tally->all.states[i];
        if (count > 0)
            used +=
                snprintf(text + used, sizeof(text) - (size_t)used, "%s%zu %s", used > 0 ? ", " : "",
                         count, ck_step_state_name((enum ck_step_state)i));
    }
    print_result("%zu account%s, %zu factor%s%s%s.", tally->people, plural(tally->people),
                 tally->all.items, plural(tally->all.items), used > 0 ? ": " : "",
                 used > 0 ? text : "");
}

static void print_summary(const struct rollout_status *status)
{
    const struct rollout_tally *tally = &status->figures.tally;
    const struct ck_ledger_history *history = &status->figures.history;
    char begun[ROLLOUT_TIME_MAX], changed[ROLLOUT_TIME_MAX], runner[ROLLOUT_RUNNER_MAX];

    rollout_time_text(history->begun_s, begun);
    rollout_time_text(history->changed_s, changed);
    rollout_runner_text(&status->figures, runner);
    print_result("Roll-out on %s", ck_ledger_server(status->ledger));
    if (history->begun_s != 0)
        print_result("Begun %s, last change %s.", begun, changed);
    else
        print_result("Nothing was done yet.");
    if (*runner != '\0')
        print_result("%s", runner);
    print_states(status);
    print_result("Left to do: %zu of authenticator apps, %zu of security keys.", tally->apps_left,
                 tally->keys_left);
    if (history->refusals > 0)
        print_result("Refused logins, codes and API keys so far: %u.", history->refusals);
}

/* A column for each state that something is in. */
static enum ck_err print_groups(const struct rollout_tally *tally, struct ck_error *err)
{
    CK_CLEANUP(ck_table_free) struct ck_table *table = NULL;
    const char *cells[2 + CK_STEP_STATES] = {"GROUP", "FACTORS"};
    char numbers[1 + CK_STEP_STATES][24];
    enum ck_step_state shown[CK_STEP_STATES];
    size_t columns = 0;

    for (int i = 0; i < CK_STEP_STATES; i++) {
        if (tally->all.states[shown_states[i].state] == 0)
            continue;
        cells[2 + columns] = shown_states[i].header;
        shown[columns++] = shown_states[i].state;
    }
    enum ck_err r = ck_table_new(cells, 2 + columns, &table, err);
    for (size_t i = 0; r == CK_OK && i < tally->groups_count; i++) {
        const struct rollout_group *group = &tally->groups[i];
        cells[0] = group->name;
        snprintf(numbers[0], sizeof(numbers[0]), "%zu", group->items);
        cells[1] = numbers[0];
        for (size_t j = 0; j < columns; j++) {
            snprintf(numbers[1 + j], sizeof(numbers[0]), "%zu", group->states[shown[j]]);
            cells[2 + j] = numbers[1 + j];
        }
        r = ck_table_add(table, cells, err);
    }
    if (r != CK_OK)
        return r;
    print_result("%s", "");
    return print_table(table, err);
}

/* --- what went wrong or waits --- */

struct problems {
    struct ck_table *problems, *passwords;
    size_t problems_count, passwords_count;
    int64_t last_person;
};

static void problems_clear(struct problems *problems)
{
    ck_table_free(&problems->problems);
    ck_table_free(&problems->passwords);
}

static enum ck_err add_password(struct problems *problems, const struct ck_ledger_person *person,
                                bool has_items, struct ck_error *err)
{
    char text[CELL_MAX];

    if (person->id == problems->last_person || !rollout_password_waits(person->password))
        return CK_OK;
    problems->last_person = person->id;
    if (problems->passwords_count++ >= PROBLEMS_MAX)
        return CK_OK;
    snprintf(text, sizeof(text), "%s. %s", rollout_password_cause(person->password),
             rollout_password_cure(person->password, has_items));
    const char *cells[] = {person->account.name, ck_password_state_name(person->password), text};
    return ck_table_add(problems->passwords, cells, err);
}

static enum ck_err add_problem(void *data, const struct ck_ledger_person *person,
                               const struct ck_ledger_item *item, const struct ck_ledger_key *key,
                               struct ck_error *err)
{
    struct problems *problems = data;
    char name[ROLLOUT_ITEM_NAME_MAX], text[CELL_MAX];
    enum ck_err r = add_password(problems, person, item != NULL, err);

    (void)key;
    if (r != CK_OK || item == NULL || !rollout_item_is_problem(item) ||
        problems->problems_count++ >= PROBLEMS_MAX)
        return r;
    rollout_item_name(item, name);
    snprintf(text, sizeof(text), "%s. %s", rollout_item_cause(item), rollout_item_cure(item));
    const char *cells[] = {person->account.name, name, ck_step_state_name(item->state), text};
    return ck_table_add(problems->problems, cells, err);
}

static enum ck_err print_some(const char *title, const struct ck_table *table, size_t count,
                              struct ck_error *err)
{
    if (count == 0)
        return CK_OK;
    print_result("%s", "");
    print_result("%s: %zu", title, count);
    enum ck_err r = print_table(table, err);
    if (r == CK_OK && count > PROBLEMS_MAX)
        print_result("and %zu more; --json names all", count - PROBLEMS_MAX);
    return r;
}

static enum ck_err print_problems(const struct rollout_status *status, struct ck_error *err)
{
    static const char *const headers[] = {"ACCOUNT", "FACTOR", "STATE",
                                          "WHAT HAPPENED, AND WHAT TO DO"},
                             *const password_headers[] = {"ACCOUNT", "PASSWORD",
                                                          "WHAT HAPPENED, AND WHAT TO DO"};
    CK_CLEANUP(problems_clear) struct problems problems = {.last_person = 0};
    enum ck_err r = ck_table_new(headers, 4, &problems.problems, err);

    if (r == CK_OK)
        r = ck_table_new(password_headers, 3, &problems.passwords, err);
    if (r == CK_OK)
        r = rollout_figures_walk(status->ledger, status->person, add_problem, &problems, err);
    if (r == CK_OK)
        r = print_some("Failed, unknown, skipped or between two steps", problems.problems,
                       problems.problems_count, err);
    return r == CK_OK ? print_some("New passwords that still have to be forced to be changed",
                                   problems.passwords, problems.passwords_count, err)
                      : r;
}

static void print_sheets(const struct rollout_sheets *sheets)
{
    if (sheets->sheets + sheets->letters == 0)
        return;
    print_result("%s", "");
    print_result("Hand-outs: %zu sheet%s and %zu PIN letter%s made (%zu sealed), %zu deleted.",
                 sheets->sheets, plural(sheets->sheets), sheets->letters, plural(sheets->letters),
                 sheets->sealed, sheets->deleted);
    if (sheets->open > 0)
        print_result("In the clear and not deleted yet: %zu. 'cowkey rollout handout --delete' "
                     "does that once they are printed.",
                     sheets->open);
}

/* --- one account --- */

static const char *const password_words[CK_PASSWORD_STATES] = {
    [CK_PASSWORD_TO_CHANGE] = "it is in force, and the account has to change it",
    [CK_PASSWORD_UNFORCED] = "it is in force; this release can't insist on another one, so the "
                             "person was told to choose it",
};

static const char *const pin_words[CK_KEY_PIN_STATES] = {
    [CK_KEY_PIN_HANDED_OUT] = "it is in its letter, and it was not seen whether the key has it",
    [CK_KEY_PIN_SET] = "set",
    [CK_KEY_PIN_TO_CHANGE] = "set, and to be changed before the key is used again",
    [CK_KEY_PIN_UNFORCED] = "set; the key can't insist on another one",
};

static void print_item(const struct ck_ledger_item *item)
{
    char name[ROLLOUT_ITEM_NAME_MAX], id[ROLLOUT_ID_MAX], time[ROLLOUT_TIME_MAX];

    rollout_item_name(item, name);
    print_result("%s", "");
    print_result("%s: %s (line %zu of the plan)", name, ck_step_state_name(item->state),
                 item->line);
    rollout_item_id(item, id);
    if (*id != '\0')
        print_result("  In the server's list: %s", id);
    rollout_time_text(item->submitted_s, time);
    if (*time != '\0')
        print_result("  Told to the server: %s; tries: %u", time, item->tries);
    rollout_time_text(item->changed_s, time);
    if (*time != '\0')
        print_result("  Last change: %s", time);
    if (*rollout_item_cause(item) != '\0')
        print_result("  Cause: %s.", rollout_item_cause(item));
    if (*rollout_item_cure(item) != '\0')
        print_result("  %s", rollout_item_cure(item));
}

static void print_key(const struct ck_ledger_key *key)
{
    const char *model = rollout_key_model(key);

    if (*key->aaguid == '\0')
        return;
    print_result("  Key: %s%s%s%s%s%s", model != NULL ? model : key->aaguid,
                 *key->serial != '\0' ? ", serial number " : "", key->serial,
                 *key->firmware != '\0' ? ", firmware " : "", key->firmware,
                 key->reset ? ", was reset" : "");
    if (key->pin != CK_KEY_PIN_ITS_OWN)
        print_result("  Its new PIN: %s.", pin_words[key->pin]);
}

static enum ck_err print_step(void *data, const struct ck_ledger_person *person,
                              const struct ck_ledger_item *item, const struct ck_ledger_key *key,
                              struct ck_error *err)
{
    (void)data;
    (void)person;
    (void)err;
    if (item != NULL)
        print_item(item);
    if (key != NULL)
        print_key(key);
    return CK_OK;
}

static enum ck_err print_sheet(void *data, const struct ck_ledger_sheet *sheet,
                               struct ck_error *err)
{
    char made[ROLLOUT_TIME_MAX], deleted[ROLLOUT_TIME_MAX];

    (void)data;
    (void)err;
    rollout_time_text(sheet->made_s, made);
    rollout_time_text(sheet->deleted_s, deleted);
    print_result("%s %s: made %s, %s%s%s",
                 sheet->kind == CK_SHEET_PIN_LETTER ? "PIN letter" : "Sheet", sheet->name, made,
                 sheet->sealed ? "sealed" : "in the clear",
                 *deleted != '\0' ? ", deleted " : ", not deleted", deleted);
    return CK_OK;
}

static enum ck_err print_account(const struct rollout_status *status, struct ck_error *err)
{
    const struct ck_ledger_person *person = status->person;
    char runner[ROLLOUT_RUNNER_MAX];

    print_result("%s (%s), group %s, by %s", person->account.name,
                 ck_role_noun(person->account.role, false), person->group,
                 ck_rollout_route_name(person->route));
    print_result("Roll-out on %s", ck_ledger_server(status->ledger));
    rollout_runner_text(&status->figures, runner);
    if (*runner != '\0')
        print_result("%s", runner);
    if (rollout_password_waits(person->password)) {
        print_result("New password: %s.", rollout_password_cause(person->password));
        print_result("  %s",
                     rollout_password_cure(person->password, status->figures.tally.all.items > 0));
    } else if (person->password != CK_PASSWORD_KEPT) {
        print_result("New password: %s.", password_words[person->password]);
    }
    if (person->app_password_id != 0)
        print_result("App password: made, with the ID %lld", (long long)person->app_password_id);
    enum ck_err r = rollout_figures_walk(status->ledger, status->person, print_step, NULL, err);
    if (r == CK_OK && status->figures.sheets.sheets + status->figures.sheets.letters > 0)
        print_result("%s", "");
    return r == CK_OK ? ck_ledger_walk_sheets(status->ledger, person->id, print_sheet, NULL, err)
                      : r;
}

enum ck_err rollout_status_print_text(const struct rollout_status *status, struct ck_error *err)
{
    if (status->person != NULL)
        return print_account(status, err);
    print_summary(status);
    enum ck_err r = print_groups(&status->figures.tally, err);
    if (r == CK_OK)
        r = print_problems(status, err);
    if (r == CK_OK)
        print_sheets(&status->figures.sheets);
    return r;
}
