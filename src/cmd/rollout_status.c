/* cowkey rollout status */
#include "rollout_status.h"

#include <string.h>

#include "command.h"
#include "cowkey/base/cleanup.h"
#include "interrupt.h"
#include "output.h"
#include "rollout_paths.h"

static enum ck_err count_item(void *data, const struct ck_ledger_person *person,
                              const struct ck_ledger_item *item, const struct ck_ledger_key *key,
                              struct ck_error *err)
{
    (void)key;
    if (interrupt_noted)
        return ck_error_set(err, CK_ERR_INTERRUPTED, "interrupted");
    return rollout_tally_add(data, person, item, err);
}

static enum ck_err count(struct rollout_status *status, struct ck_error *err)
{
    struct rollout_figures *figures = &status->figures;
    enum ck_err r = rollout_figures_begin(figures, status->ledger, status->person, err);

    /* From one look, so that they agree with each other while a run goes on. */
    return r == CK_OK ? rollout_figures_walk(status->ledger, status->person, count_item,
                                             &figures->tally, err)
                      : r;
}

/* Names with an @ are those of mailboxes; of others the ledger knows the role. */
static enum ck_err find_person(struct rollout_status *status, const char *name,
                               struct ck_ledger_person *person, struct ck_error *err)
{
    struct ck_account account;
    bool found;
    enum ck_err r =
        ck_account_parse(name, ck_role_name(CK_ROLE_MAILBOX), &account, err); /* as it is kept */

    if (r == CK_OK)
        r = ck_ledger_find_person(status->ledger, account.name, person, &found, err);
    if (r != CK_OK)
        return r;
    if (!found) {
        ck_error_set(err, CK_ERR_USAGE, "the ledger has no account %.256s", account.name);
        return ck_error_hint(err, "Without a name, 'cowkey rollout status' is about all of them.");
    }
    status->person = person;
    return CK_OK;
}

static enum ck_err look(struct rollout_status *status, struct ck_ledger_person *person,
                        struct ck_error *err)
{
    const char *name = option_argument(status->options, 0);
    enum ck_err r = rollout_ledger_open(status->options, &status->ledger, err);

    if (r == CK_OK && name != NULL)
        r = find_person(status, name, person, err);
    return r == CK_OK ? count(status, err) : r;
}

static void status_clear(struct rollout_status *status)
{
    rollout_tally_clear(&status->figures.tally);
    ck_ledger_close(&status->ledger);
}

static int run(const struct options *options)
{
    CK_CLEANUP(status_clear) struct rollout_status status = {.options = options};
    struct ck_ledger_person person;
    struct ck_error err = {.code = CK_OK};
    bool json = option_given(options, OPTION_JSON), begun = false;
    enum ck_err r = look(&status, &person, &err);

    if (r == CK_OK)
        r = json ? rollout_status_print_json(&status, &begun, &err)
                 : rollout_status_print_text(&status, &err);
    if (r != CK_OK)
        return begun ? say_error(&err) : report_error(json, &err);
    return rollout_tally_is_done(&status.figures.tally) ? 0 : 1;
}

static const enum option_id own_options[] = {OPTION_LEDGER, OPTION_COUNT};

const struct command command_rollout_status = {
    .words = "rollout status",
    .arguments = "[ACCOUNT]",
    .summary = "how far a roll-out is, what went wrong and what to do about it",
    .options = own_options,
    .without_account = true,
    .without_secrets = true,
    .run = run,
};
