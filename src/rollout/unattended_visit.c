/* Person by person, item by item. */
#include "unattended_visit.h"

#include <stdlib.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/mailcow/brake.h"

struct visiting {
    const struct errands *all;
    struct errand errand;
    struct ck_person nobody;
    const struct visit_watch *watch;
    struct ck_http_settings ended; /* those of all, with which no request is made any more */
    struct ck_ledger_item *before; /* owned */
    size_t count;
};

static void visiting_clear(struct visiting *visiting)
{
    errand_clear(&visiting->errand);
    free(visiting->before);
}

/* --- nobody is there --- */

static void tell_stage(void *data, enum ck_stage stage)
{
    static const volatile sig_atomic_t set = 1;
    struct visiting *visiting = data;
    const struct visit_watch *watch = visiting->watch;

    if (stage == CK_STAGE_SUBMIT)
        watch->past_login(watch->data);
    if (stage != CK_STAGE_PROOF || watch->before_proof(watch->data))
        return;
    visiting->ended = *visiting->all->settings;
    visiting->ended.cancel = &set;
    visiting->errand.login.settings = &visiting->ended;
}

static enum ck_err cant_answer(struct ck_error *err)
{
    ck_error_set(err, CK_ERR_UNCHANGED,
                 "the login asks for a second factor that this roll-out did not give");
    return ck_error_hint(err, "An unattended run can't answer that: take the account out of the "
                              "plan, or its old factor off the account ('cowkey recover').");
}

static enum ck_err ask_login_code(void *data, const struct ck_factor *factor,
                                  char ret_code[CK_TOTP_CODE_MAX], struct ck_error *err)
{
    (void)data;
    (void)factor;
    (void)ret_code;
    return cant_answer(err);
}

static enum ck_err ask_yubico_otp(void *data, struct ck_secret **ret_otp, struct ck_error *err)
{
    (void)data;
    (void)ret_otp;
    return cant_answer(err);
}

static enum ck_err ask_factor(void *data, const struct ck_factor *factors, size_t count,
                              size_t *ret_index, struct ck_error *err)
{
    (void)data;
    (void)factors;
    (void)count;
    (void)ret_index;
    return cant_answer(err);
}

static void tell_clock(void *data, int64_t server_off_s)
{
    (void)data;
    (void)server_off_s;
}

/* Apps' codes are computed, so this is never asked. */
static enum ck_err ask_new_code(void *data, const struct ck_code_misfit *misfit,
                                char ret_code[CK_TOTP_CODE_MAX], struct ck_error *err)
{
    (void)data;
    (void)misfit;
    (void)ret_code;
    return cant_answer(err);
}

static enum ck_err ask_other_key(void *data, struct ck_error *err)
{
    (void)data;
    return cant_answer(err);
}

static enum ck_err ask_forget(void *data, bool *ret_forget, struct ck_error *err)
{
    (void)data;
    (void)err;
    *ret_forget = false;
    return CK_OK;
}

/* The item waits for its proof in the ledger; the run knows better when to try again. */
static enum ck_err ask_retry_proof(void *data, const struct ck_error *why, bool *ret_again,
                                   struct ck_error *err)
{
    (void)data;
    (void)why;
    (void)err;
    *ret_again = false;
    return CK_OK;
}

static void nobody_init(struct visiting *visiting)
{
    visiting->nobody = (struct ck_person){
        .data = visiting,
        .tell_stage = tell_stage,
        .ask_login_code = ask_login_code,
        .ask_yubico_otp = ask_yubico_otp,
        .ask_factor = ask_factor,
        .tell_clock = tell_clock,
        .ask_new_code = ask_new_code,
        .ask_other_key = ask_other_key,
        .ask_forget = ask_forget,
        .ask_retry_proof = ask_retry_proof,
    };
}

/* --- the errand --- */

static bool is_due(const struct ck_ledger_item *item)
{
    return item->method == CK_ROLLOUT_TOTP && ck_step_is_left(item->state, item->wants_proof);
}

static enum errand_result do_items(struct visiting *visiting, struct visit *visit,
                                   struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) struct ck_ledger_item *items = NULL;
    enum errand_result result = ERRAND_DONE;
    size_t count = 0;

    if (ck_ledger_items(visiting->all->ledger, visiting->errand.person.id, &items, &count, err) !=
        CK_OK)
        return ERRAND_BROKEN;
    for (size_t i = 0; i < count && result == ERRAND_DONE; i++) {
        if (!is_due(&items[i]))
            continue;
        /* What may yet come late would get between another's lists, and be asked for at its login. */
        result = errand_item(&visiting->errand, &items[i], NULL, err);
        visit->later_s = visiting->errand.later_s;
    }
    return result;
}

static enum errand_result do_errand(struct visiting *visiting, const struct ck_operator *by,
                                    const struct ck_ledger_person *person, struct visit *visit,
                                    struct ck_error *err)
{
    bool goes_on = false;
    enum errand_result result =
        errand_begin(&visiting->errand, visiting->all, by, person, &visiting->nobody, NULL,
                     CK_LEDGER_APPS, &goes_on, err);

    if (result != ERRAND_DONE || !goes_on)
        return result;
    result = do_items(visiting, visit, err);
    return result == ERRAND_DONE ? errand_finish(&visiting->errand, err) : result;
}

/* --- what came of it --- */

static enum ck_err put_back(struct visiting *visiting, struct ck_ledger_item *item,
                            struct visit *visit, struct ck_error *err)
{
    enum ck_err r =
        ck_ledger_step(visiting->all->ledger, item->id, CK_STEP_RETRY, NULL, &item->state, err);

    visit->put_back = visit->put_back || r == CK_OK;
    return r;
}

static enum ck_err compare(struct visiting *visiting, bool may_put_back, struct visit *visit,
                           struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) struct ck_ledger_item *items = NULL;
    size_t count = 0;
    enum ck_err r =
        ck_ledger_items(visiting->all->ledger, visiting->errand.person.id, &items, &count, err);

    for (size_t i = 0; i < count && i < visiting->count && r == CK_OK; i++) {
        const struct ck_ledger_item *before = &visiting->before[i];
        struct ck_ledger_item *item = &items[i];
        if (item->method != CK_ROLLOUT_TOTP)
            continue;
        bool was_told = item->tries != before->tries;
        if (may_put_back && visit->busy && item->state == CK_STEP_FAILED && is_due(before) &&
            !was_told)
            r = put_back(visiting, item, visit, err);
        visit->changed = visit->changed || was_told;
        visit->left = visit->left || is_due(item);
        visit->items += ck_step_is_there(item->state) && !ck_step_is_there(before->state);
        visit->failed =
            visit->failed || item->state == CK_STEP_FAILED || item->state == CK_STEP_UNKNOWN;
    }
    return r;
}

void visit_person(const struct errands *all, const struct ck_operator *by,
                  const struct ck_ledger_person *person, bool may_put_back,
                  const struct visit_watch *watch, struct visit *ret_visit, struct ck_error *err)
{
    CK_CLEANUP(visiting_clear)
    struct visiting visiting = {.all = all, .watch = watch};
    unsigned hits = ck_brake_hits();
    struct ck_error why;

    *ret_visit = (struct visit){.result = ERRAND_BROKEN};
    nobody_init(&visiting);
    if (ck_ledger_items(all->ledger, person->id, &visiting.before, &visiting.count, err) != CK_OK)
        return;
    ret_visit->result = do_errand(&visiting, by, person, ret_visit, err);
    ret_visit->busy = ck_brake_hits() != hits;
    ret_visit->changed = visiting.errand.person.password != person->password;
    if (compare(&visiting, may_put_back, ret_visit, &why) != CK_OK &&
        ret_visit->result != ERRAND_BROKEN) {
        ret_visit->result = ERRAND_BROKEN;
        *err = why;
    }
}
