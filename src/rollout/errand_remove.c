/* Removing a factor again that the operator wants undone. */
#include <inttypes.h>
#include <stdio.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/enroll/removal.h"
#include "errand_internal.h"

static enum ck_err agree(void *data, const struct ck_removal_plan *plan, struct ck_error *err)
{
    (void)data;
    (void)plan;
    (void)err;
    return CK_OK; /* the operator was asked */
}

/* What the list does not show any more is gone. */
static enum ck_err remove_listed(struct errand *errand, struct ck_error *err)
{
    const struct ck_removal_person person = {.ask_removal = agree};
    CK_CLEANUP(ck_removal_clear) struct ck_removal removal = {.going = NULL};
    const struct ck_ledger_item *item = errand->item;
    char id[CK_ENTRY_ID_MAX];

    if (item->cid[0] != '\0')
        snprintf(id, sizeof(id), "pk:%s", item->cid);
    else
        snprintf(id, sizeof(id), "%" PRIu64, item->factor_id);
    enum ck_err r = ck_removal_run(&errand->login, id, &person, &removal, err);
    return r == CK_ERR_USAGE ? CK_OK : r;
}

/* From the key, too, which would go on offering a passkey. */
static void forget_on_key(struct errand *errand)
{
    CK_CLEANUP(ck_bytes_clear) struct ck_bytes credential = {0};
    struct ck_error ignored;

    if (errand->item->method == CK_ROLLOUT_PASSKEY && errand->login.key != NULL &&
        ck_ledger_credential(errand->all->ledger, errand->item->id, &credential, &ignored) == CK_OK)
        ck_key_forget(errand->login.key, &credential, &ignored);
}

enum errand_result errand_remove(struct errand *errand, struct ck_error *err)
{
    struct ck_journal_deed deed = errand->deed;
    char intent[CK_JOURNAL_ID_SIZE + 1];

    deed.account = errand->person.account.name;
    deed.role = ck_role_name(errand->person.account.role);
    deed.action = "remove";
    deed.method = ck_rollout_method_name(errand->item->method);
    errand_begin_item(errand);
    errand->login.witness = NULL;
    if (ck_journal_intend(errand->all->journal, &deed, intent, err) != CK_OK)
        return ERRAND_BROKEN;
    enum ck_err r = errand_blame(errand, remove_listed(errand, err), err);
    struct ck_error cause = *err, told;
    enum ck_journal_outcome outcome = r == CK_OK            ? CK_JOURNAL_DONE
                                      : r == CK_ERR_UNKNOWN ? CK_JOURNAL_UNKNOWN
                                                            : CK_JOURNAL_FAILED;
    if (ck_journal_conclude(errand->all->journal, intent, outcome, r == CK_OK ? "read back" : NULL,
                            NULL, NULL, r != CK_OK ? cause.text : NULL, &told) != CK_OK)
        errand_break(errand, &told);
    if (r == CK_OK && errand_step(errand, CK_STEP_GONE, NULL, err) == CK_OK)
        forget_on_key(errand);
    if (errand->broken.code != CK_OK)
        return errand_broken(errand, err);
    if (r == CK_OK)
        return ERRAND_DONE;
    if (r == CK_ERR_REFUSED)
        return errand_count_refusals(errand, 1, err);
    /* It can be tried again: what is being removed stays so in the ledger. */
    return errand_obstacle(r) != ERRAND_DONE ? errand_obstacle(r) : ERRAND_NETWORK;
}
