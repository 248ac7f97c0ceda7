/* Counting what a ledger has. */
#include "rollout_figures.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"

/* --- items --- */

void rollout_tally_clear(struct rollout_tally *tally)
{
    free(tally->groups);
    *tally = (struct rollout_tally){.groups = NULL};
}

static enum ck_err find_group(struct rollout_tally *tally, const char *name,
                              struct rollout_group **ret_group, struct ck_error *err)
{
    size_t count = tally->groups_count;

    if (tally->latest < count && strcmp(tally->groups[tally->latest].name, name) == 0) {
        *ret_group = &tally->groups[tally->latest];
        return CK_OK;
    }
    for (tally->latest = 0; tally->latest < count; tally->latest++) {
        *ret_group = &tally->groups[tally->latest];
        if (strcmp((*ret_group)->name, name) == 0)
            return CK_OK;
    }
    struct rollout_group *groups = reallocarray(tally->groups, count + 1, sizeof(*groups));
    if (groups == NULL)
        return ck_error_no_memory(err);
    tally->groups = groups;
    tally->groups_count++;
    groups[count] = (struct rollout_group){.items = 0};
    snprintf(groups[count].name, sizeof(groups[count].name), "%s", name);
    *ret_group = &groups[count];
    return CK_OK;
}

static void count_item(struct rollout_group *group, const struct ck_ledger_item *item)
{
    group->items++;
    group->states[item->state]++;
    group->standings[item->method][rollout_standing(item)]++;
}

enum ck_err rollout_tally_add(struct rollout_tally *tally, const struct ck_ledger_person *person,
                              const struct ck_ledger_item *item, struct ck_error *err)
{
    struct rollout_group *group = NULL;

    if (person->id != tally->last_person) {
        tally->people++;
        tally->last_person = person->id;
        tally->passwords_waiting += rollout_password_waits(person->password);
    }
    if (item == NULL)
        return CK_OK;
    enum ck_err r = find_group(tally, person->group, &group, err);
    if (r != CK_OK)
        return r;
    count_item(group, item);
    count_item(&tally->all, item);
    if (rollout_standing(item) == ROLLOUT_LEFT && item->method == CK_ROLLOUT_TOTP)
        tally->apps_left++;
    else if (rollout_standing(item) == ROLLOUT_LEFT)
        tally->keys_left++;
    return CK_OK;
}

bool rollout_tally_is_done(const struct rollout_tally *tally)
{
    const size_t *states = tally->all.states;

    return states[CK_STEP_FAILED] + states[CK_STEP_SKIPPED] + states[CK_STEP_UNKNOWN] +
               tally->apps_left + tally->keys_left + tally->passwords_waiting ==
           0;
}

enum ck_err rollout_sheets_add(void *data, const struct ck_ledger_sheet *sheet,
                               struct ck_error *err)
{
    struct rollout_sheets *sheets = data;

    (void)err;
    if (sheet->kind == CK_SHEET_PIN_LETTER)
        sheets->letters++;
    else
        sheets->sheets++;
    sheets->sealed += sheet->sealed;
    sheets->deleted += sheet->deleted_s != 0;
    sheets->open += !sheet->sealed && sheet->deleted_s == 0;
    return CK_OK;
}

/* --- the whole --- */

enum ck_err rollout_figures_begin(struct rollout_figures *figures, struct ck_ledger *ledger,
                                  const struct ck_ledger_person *person, struct ck_error *err)
{
    enum ck_err r = ck_ledger_history(ledger, &figures->history, err);

    figures->runner = ck_ledger_runner(ledger);
    return r == CK_OK ? ck_ledger_walk_sheets(ledger, person != NULL ? person->id : 0,
                                              rollout_sheets_add, &figures->sheets, err)
                      : r;
}

struct walk {
    struct ck_ledger *ledger;
    bool with_unseen; /* keys */
    ck_ledger_visitor *visitor;
    void *data; /* the visitor's */
};

static enum ck_err visit(void *data, const struct ck_ledger_person *person, struct ck_error *err)
{
    const struct walk *walk = data;
    CK_CLEANUP(ck_free_p) struct ck_ledger_item *items = NULL;
    size_t count = 0;
    enum ck_err r = ck_ledger_items(walk->ledger, person->id, &items, &count, err);

    if (r == CK_OK && count == 0)
        return walk->visitor(walk->data, person, NULL, NULL, err);
    for (size_t i = 0; r == CK_OK && i < count; i++) {
        struct ck_ledger_key key = {.begun_s = 0};
        if (items[i].n > 0)
            r = ck_ledger_key(walk->ledger, person->id, items[i].n, &key, err);
        bool is_shown =
            items[i].n > 0 && (walk->with_unseen || key.begun_s != 0 || *key.aaguid != '\0');
        if (r == CK_OK)
            r = walk->visitor(walk->data, person, &items[i], is_shown ? &key : NULL, err);
    }
    return r;
}

enum ck_err rollout_figures_walk(struct ck_ledger *ledger, const struct ck_ledger_person *person,
                                 ck_ledger_visitor *visitor, void *data, struct ck_error *err)
{
    struct walk walk = {
        .ledger = ledger, .with_unseen = person != NULL, .visitor = visitor, .data = data};

    return person != NULL ? visit(&walk, person, err)
                          : ck_ledger_walk_people(ledger, visit, &walk, err);
}

void rollout_runner_text(const struct rollout_figures *figures, char ret_text[ROLLOUT_RUNNER_MAX])
{
    *ret_text = '\0';
    if (figures->runner > 0)
        snprintf(ret_text, ROLLOUT_RUNNER_MAX, "A run is at it now (process %" PRId64 ").",
                 figures->runner);
    else if (figures->runner < 0)
        snprintf(ret_text, ROLLOUT_RUNNER_MAX, "A run is at it now.");
}

/* --- for documents --- */

static json_t *runner_json(int64_t runner)
{
    if (runner == 0)
        return json_null();
    return json_pack("{s:o}", "process", runner > 0 ? json_integer(runner) : json_null());
}

json_t *rollout_figures_json(const struct rollout_figures *figures)
{
    const struct rollout_tally *tally = &figures->tally;
    json_t *left = json_pack("{s:I, s:I}", "apps", (json_int_t)tally->apps_left, "keys",
                             (json_int_t)tally->keys_left);

    return json_pack(
        "{s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "people", (json_int_t)tally->people, "items",
        (json_int_t)tally->all.items, "states", rollout_states_json(tally->all.states), "left",
        left, "begun", rollout_time_or_null_json(figures->history.begun_s), "changed",
        rollout_time_or_null_json(figures->history.changed_s), "run", runner_json(figures->runner));
}

json_t *rollout_states_json(const size_t states[CK_STEP_STATES])
{
    json_t *object = json_object();

    for (int i = 0; i < CK_STEP_STATES; i++)
        json_object_set_new(object, ck_step_state_name((enum ck_step_state)i),
                            json_integer((json_int_t)states[i]));
    return object;
}

json_t *rollout_sheets_json(const struct rollout_sheets *sheets)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "sheets", (json_int_t)sheets->sheets,
                     "pin_letters", (json_int_t)sheets->letters, "sealed",
                     (json_int_t)sheets->sealed, "deleted", (json_int_t)sheets->deleted, "open",
                     (json_int_t)sheets->open);
}
