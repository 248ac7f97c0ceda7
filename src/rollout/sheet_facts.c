/* Reading what a person has got, from the ledger and the pending hand-outs. */
#include "sheet_facts.h"

#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"

void sheet_facts_clear(struct sheet_facts *facts)
{
    for (size_t i = 0; facts->uris != NULL && i < facts->count; i++)
        ck_secret_free(&facts->uris[i]);
    for (size_t n = 0; n <= CK_POLICY_KEYS_MAX; n++)
        ck_secret_free(&facts->keys[n].pin);
    free(facts->uris);
    free(facts->items);
    ck_secret_free(&facts->password);
    ck_secret_free(&facts->app_password);
    *facts = (struct sheet_facts){0};
}

/* --- items --- */

bool sheet_item_is_doubtful(const struct ck_ledger_item *item)
{
    return item->state == CK_STEP_UNKNOWN || item->state == CK_STEP_SUBMITTED;
}

bool sheet_item_counts(const struct ck_ledger_item *item)
{
    return ck_step_is_there(item->state) ||
           (item->method == CK_ROLLOUT_TOTP && sheet_item_is_doubtful(item));
}

/* --- reading --- */

static enum ck_err wrong_directory(const struct sheet_facts *facts, const char *what,
                                   const struct ck_pending *pending, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_USAGE, "the %s of '%.100s' is not among the hand-outs in '%.200s'",
                 what, facts->person.account.name, ck_pending_directory(pending));
    return ck_error_hint(err, "Give the directory that the run kept them in, with --handouts. If "
                              "it is lost, so is the secret: the person needs a new one.");
}

/* What should be pending, and is not, was on a sheet before; else it is somewhere else. */
static enum ck_err get(const struct ck_pending *pending, const struct sheet_facts *facts,
                       enum ck_pending_kind kind, int64_t id, const char *what, bool needed,
                       struct ck_secret **ret_secret, struct ck_error *err)
{
    enum ck_err r = ck_pending_get(pending, kind, id, 0, ret_secret, err);

    if (r != CK_OK || *ret_secret != NULL || !needed || facts->has_last)
        return r;
    return wrong_directory(facts, what, pending, err);
}

static enum ck_err take_sheet(void *data, const struct ck_ledger_sheet *sheet, struct ck_error *err)
{
    struct sheet_facts *facts = data;

    (void)err;
    if (sheet->kind == CK_SHEET_PERSON && (!facts->has_last || sheet->n >= facts->last.n)) {
        facts->last = *sheet;
        facts->has_last = true;
    }
    return CK_OK;
}

static enum ck_err read_uris(const struct ck_pending *pending, struct sheet_facts *facts,
                             struct ck_error *err)
{
    enum ck_err r = CK_OK;

    facts->uris = calloc(facts->count + 1, sizeof(*facts->uris));
    if (facts->uris == NULL)
        return ck_error_no_memory(err);
    for (size_t i = 0; i < facts->count && r == CK_OK; i++) {
        const struct ck_ledger_item *item = &facts->items[i];
        facts->work_left |= ck_step_is_left(item->state, item->wants_proof);
        if (item->method != CK_ROLLOUT_TOTP || !sheet_item_counts(item))
            continue;
        r = get(pending, facts, CK_PENDING_TOTP, item->id, "secret", true, &facts->uris[i], err);
        facts->doubtful |= sheet_item_is_doubtful(item);
    }
    return r;
}

static bool may_have_any(const struct sheet_facts *facts)
{
    bool may = false;

    for (size_t i = 0; i < facts->count && !may; i++)
        may = ck_step_is_there(facts->items[i].state) || sheet_item_is_doubtful(&facts->items[i]);
    return may;
}

static enum ck_err read_passwords(const struct ck_pending *pending, struct sheet_facts *facts,
                                  struct ck_error *err)
{
    const struct ck_ledger_person *person = &facts->person;
    enum ck_err r = CK_OK;

    facts->work_left |= person->password == CK_PASSWORD_IN_FORCE;
    facts->doubtful |= person->password == CK_PASSWORD_HANDED_OUT;
    if (person->password != CK_PASSWORD_KEPT)
        r = get(pending, facts, CK_PENDING_PASSWORD, person->id, "new password", true,
                &facts->password, err);
    /* One that the server may have been told, though nothing came of it, was taken back. */
    if (r == CK_OK && (person->app_password_id != 0 || may_have_any(facts)))
        r = get(pending, facts, CK_PENDING_APP_PASSWORD, person->id, "app password",
                person->app_password_id != 0, &facts->app_password, err);
    return r;
}

static enum ck_err read_key(struct ck_ledger *ledger, const struct ck_pending *pending,
                            struct sheet_facts *facts, unsigned n, struct ck_error *err)
{
    struct sheet_key *key = &facts->keys[n];
    bool may_be_in_use = false;

    for (size_t i = 0; i < facts->count; i++) {
        if (facts->items[i].n != n)
            continue;
        key->on_sheet |= ck_step_is_there(facts->items[i].state);
        may_be_in_use |= key->on_sheet || sheet_item_is_doubtful(&facts->items[i]);
    }
    enum ck_err r = ck_ledger_key(ledger, facts->person.id, n, &key->is, err);
    if (r == CK_OK && may_be_in_use && key->is.pin != CK_KEY_PIN_ITS_OWN)
        r = ck_pending_get(pending, CK_PENDING_PIN, facts->person.id, n, &key->pin, err);
    return r;
}

enum ck_err sheet_facts_read(struct ck_ledger *ledger, const struct ck_pending *pending,
                             int64_t person, struct sheet_facts *ret_facts, struct ck_error *err)
{
    CK_CLEANUP(sheet_facts_clear) struct sheet_facts facts = {.count = 0};
    enum ck_err r = ck_ledger_person(ledger, person, &facts.person, err);

    if (r == CK_OK)
        r = ck_ledger_items(ledger, person, &facts.items, &facts.count, err);
    if (r == CK_OK)
        r = ck_ledger_walk_sheets(ledger, person, take_sheet, &facts, err);
    if (r == CK_OK)
        r = read_uris(pending, &facts, err);
    if (r == CK_OK)
        r = read_passwords(pending, &facts, err);
    for (unsigned n = 1; n <= CK_POLICY_KEYS_MAX && r == CK_OK; n++)
        r = read_key(ledger, pending, &facts, n, err);
    if (r != CK_OK)
        return r;
    *ret_facts = facts;
    facts = (struct sheet_facts){.count = 0};
    return CK_OK;
}

/* --- what there is --- */

bool sheet_facts_have(const struct sheet_facts *facts, enum ck_rollout_method method)
{
    for (size_t i = 0; i < facts->count; i++) {
        if (facts->items[i].method == method && ck_step_is_there(facts->items[i].state))
            return true;
    }
    return false;
}

bool sheet_facts_any(const struct sheet_facts *facts)
{
    bool any = facts->person.password != CK_PASSWORD_KEPT || facts->app_password != NULL;

    for (size_t i = 0; i < facts->count && !any; i++)
        any = sheet_item_counts(&facts->items[i]);
    return any;
}

/* What a sealed sheet left pending (see ck_sheets_make) is no news. */
static bool item_is_new(const struct sheet_facts *facts, size_t i)
{
    const struct ck_ledger_item *item = &facts->items[i];

    if (!sheet_item_counts(item))
        return false;
    if (item->changed_s > facts->last.made_s)
        return true;
    return facts->uris[i] != NULL && !(facts->last.sealed && sheet_item_is_doubtful(item));
}

bool sheet_facts_any_secret(const struct sheet_facts *facts)
{
    bool has = facts->password != NULL || facts->app_password != NULL;

    for (size_t i = 0; i < facts->count && !has; i++)
        has = facts->uris[i] != NULL;
    return has;
}

bool sheet_facts_any_letter(const struct sheet_facts *facts)
{
    bool any = false;

    for (size_t n = 1; n <= CK_POLICY_KEYS_MAX && !any; n++)
        any = facts->keys[n].pin != NULL;
    return any;
}

bool sheet_facts_new(const struct sheet_facts *facts)
{
    bool fresh = !facts->has_last || facts->password != NULL || facts->app_password != NULL;

    for (size_t i = 0; i < facts->count && !fresh; i++)
        fresh = item_is_new(facts, i);
    return fresh;
}
