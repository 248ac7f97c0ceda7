/* Looking after a factor whose submit was cut off, and proving one that is listed. */
#include <inttypes.h>
#include <stdio.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/enroll/look.h"
#include "cowkey/enroll/proof.h"
#include "cowkey/enroll/renaming.h"
#include "errand_internal.h"

/* With a new secret, the server would only count one more wrong code. */
static enum ck_err load_kept_totp(struct errand *errand, struct ck_error *err)
{
    bool kept = false;
    enum ck_err r = errand_load_totp(errand, &kept, err);

    return r != CK_OK || kept
               ? r
               : ck_error_set(err, CK_ERR_UNCHANGED, "its secret is not among the hand-outs");
}

/* --- looking --- */

static enum ck_err look(struct errand *errand, struct ck_looked *looked, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) uint64_t *before = NULL;
    CK_CLEANUP(ck_bytes_clear) struct ck_bytes credential = {0};
    const struct ck_ledger_item *item = errand->item;
    struct ck_sought sought = {.label = item->label};
    enum ck_err r =
        ck_ledger_before(errand->all->ledger, item->id, &before, &sought.before_count, err);

    sought.before = before;
    if (r == CK_OK)
        r = ck_ledger_credential(errand->all->ledger, item->id, &credential, err);
    if (r != CK_OK)
        return errand_break(errand, err);
    switch (item->method) {
    case CK_ROLLOUT_TOTP:
        r = load_kept_totp(errand, err);
        return r == CK_OK ? ck_look_totp(&errand->login, &sought, &errand->otpauth, looked, err)
                          : r;
    case CK_ROLLOUT_WEBAUTHN:
        return ck_look_webauthn(&errand->login, &sought, &credential, looked, err);
    case CK_ROLLOUT_PASSKEY:
        return ck_look_passkey(&errand->login, item->cid, item->label, looked, err);
    case CK_ROLLOUT_METHODS:
        break;
    }
    return CK_OK;
}

/* It gets its name by a second request, which may have been cut off alone. It works by any name. */
void errand_name_passkey(struct errand *errand, const char *cid, const char *listed_as)
{
    struct ck_ledger_item *item = errand->item;
    char id[CK_ENTRY_ID_MAX];
    struct ck_renaming renaming;
    struct ck_error ignored;

    if (*listed_as == '\0')
        return;
    snprintf(id, sizeof(id), "pk:%s", cid);
    if (ck_renaming_run(&errand->login, id, item->label, &renaming, &ignored) != CK_OK)
        snprintf(item->label, sizeof(item->label), "%s", listed_as);
    ck_renaming_clear(&renaming);
}

static enum errand_result found(struct errand *errand, const struct ck_looked *looked,
                                struct ck_error *err)
{
    const struct ck_error fine = {.code = CK_OK};
    const struct ck_ledger_facts facts = {
        .label = errand->item->label, .factor_id = looked->id, .cause = &fine};

    errand_name_passkey(errand, errand->item->cid, looked->listed_as);
    if (errand_step(errand, CK_STEP_LIST, &facts, err) != CK_OK)
        return ERRAND_BROKEN;
    if (looked->trace == CK_TRACE_ACCEPTED && errand_step(errand, CK_STEP_ACCEPT, &facts, err))
        return ERRAND_BROKEN;
    return ERRAND_DONE;
}

static enum errand_result not_found(struct errand *errand, struct ck_error *err)
{
    /* The second in which it was submitted may have been about to end. */
    int64_t late_s =
        errand->item->submitted_s + errand->all->late_s + (errand->all->late_s > 0 ? 1 : 0);

    if (errand->all->settings->now_s() < late_s) {
        errand->later_s = late_s;
        return ERRAND_LATER;
    }
    return errand_step(errand, CK_STEP_MISS, NULL, err) == CK_OK ? ERRAND_DONE : ERRAND_BROKEN;
}

/* Which one goes is not for us to say: it may be on somebody's phone, or on another key. */
static enum errand_result twice(struct errand *errand, const struct ck_looked *looked,
                                struct ck_error *err)
{
    struct ck_error cause;

    ck_error_set(&cause, CK_ERR_UNKNOWN,
                 "the server has '%.200s' twice, as factors %" PRIu64 " and %" PRIu64
                 ": it did what it was told before later than --late, and was told again by then",
                 errand->item->label, looked->id, looked->also);
    ck_error_hint(&cause, "Remove one of the two (cowkey remove), and run again with --retry: it "
                          "is looked for, and not sent again.");
    return errand_end_with(errand, CK_STEP_LOSE, &cause, err);
}

static enum errand_result undecided(struct errand *errand, struct ck_error *err)
{
    struct ck_error cause;

    ck_error_set(&cause, CK_ERR_UNKNOWN,
                 "after a cut-off it is not known whether the server has '%.200s': what it lists "
                 "does not answer to ours",
                 errand->item->label);
    ck_error_hint(&cause,
                  "Look at the account's factors, remove what is nobody's, and run again with "
                  "--retry.");
    return errand_end_with(errand, CK_STEP_LOSE, &cause, err);
}

enum errand_result errand_look(struct errand *errand, struct ck_error *err)
{
    struct ck_looked looked = {.trace = CK_TRACE_NONE};

    errand_begin_item(errand);
    enum ck_err r = errand_blame(errand, look(errand, &looked, err), err);
    if (errand->broken.code != CK_OK)
        return errand_broken(errand, err);
    enum errand_result counted =
        errand_count_refusals(errand, looked.refused + (r == CK_ERR_REFUSED), err);
    if (counted == ERRAND_BROKEN || r == CK_ERR_REFUSED)
        return counted;
    if (r != CK_OK) {
        struct ck_error cause = *err;
        enum errand_result obstacle = errand_obstacle(r);
        return obstacle != ERRAND_DONE ? obstacle
                                       : errand_end_with(errand, CK_STEP_LOSE, &cause, err);
    }
    enum errand_result result = looked.also != 0                     ? twice(errand, &looked, err)
                                : looked.trace == CK_TRACE_NONE      ? not_found(errand, err)
                                : looked.trace == CK_TRACE_UNDECIDED ? undecided(errand, err)
                                                                     : found(errand, &looked, err);
    return result == ERRAND_DONE ? counted : result;
}

/* --- proving --- */

static enum ck_verdict prove(struct errand *errand, struct ck_error *why)
{
    CK_CLEANUP(ck_bytes_clear) struct ck_bytes credential = {0};
    const struct ck_ledger_item *item = errand->item;

    if (ck_ledger_credential(errand->all->ledger, item->id, &credential, why) != CK_OK) {
        errand_break(errand, why);
        return CK_VERDICT_NOT_CARRIED_OUT;
    }
    switch (item->method) {
    case CK_ROLLOUT_TOTP:
        if (load_kept_totp(errand, why) != CK_OK)
            return CK_VERDICT_NOT_CARRIED_OUT;
        return ck_prove_totp(&errand->login, item->factor_id, &errand->otpauth, why);
    case CK_ROLLOUT_WEBAUTHN:
        return ck_prove_webauthn(&errand->login, item->factor_id, &credential, why);
    case CK_ROLLOUT_PASSKEY:
    case CK_ROLLOUT_METHODS:
        break;
    }
    return ck_prove_passkey(&errand->login, &credential, NULL, NULL, why);
}

static enum errand_result not_proved(struct errand *errand, enum ck_verdict verdict,
                                     struct ck_error *err)
{
    struct ck_error cause;
    enum errand_result counted = errand_count_refusals(errand, verdict == CK_VERDICT_REFUSED, err);

    if (counted == ERRAND_BROKEN)
        return counted;
    ck_error_set(&cause, CK_ERR_UNKNOWN, "the server listed '%.200s', but %s", errand->item->label,
                 verdict == CK_VERDICT_NOT_ASKED    ? "a fresh login was not asked for it"
                 : verdict == CK_VERDICT_NOT_LISTED ? "a fresh login did not offer it"
                                                    : "a fresh login with it was refused");
    ck_error_hint(&cause, "Look at the account's factors. The same command with "
                          "--retry takes it up again.");
    enum errand_result ended = errand_end_with(errand, CK_STEP_LOSE, &cause, err);
    return ended == ERRAND_DONE ? counted : ended;
}

enum errand_result errand_prove(struct errand *errand, struct ck_error *err)
{
    const struct ck_error fine = {.code = CK_OK};
    const struct ck_ledger_facts facts = {.cause = &fine};
    struct ck_error why = {.code = CK_OK};

    errand_begin_item(errand);
    enum ck_verdict verdict = prove(errand, &why);
    errand_blame(errand, why.code, &why);
    errand->login.key_failed = why.code == CK_ERR_KEY;
    if (errand->broken.code != CK_OK)
        return errand_broken(errand, err);
    if (verdict == CK_VERDICT_ACCEPTED)
        return errand_step(errand, CK_STEP_ACCEPT, &facts, err) == CK_OK ? ERRAND_DONE
                                                                         : ERRAND_BROKEN;
    if (verdict != CK_VERDICT_NOT_CARRIED_OUT)
        return not_proved(errand, verdict, err);
    *err = why;
    if (why.code == CK_ERR_REFUSED)
        return errand_count_refusals(errand, 1, err);
    enum errand_result obstacle = errand_obstacle(why.code);
    return obstacle != ERRAND_DONE ? obstacle : errand_end_with(errand, CK_STEP_LOSE, &why, err);
}
