/* What a sequence asks in the middle of an errand. */
#include "cowkey/base/cleanup.h"
#include "errand_internal.h"

/* The server's list shows it: that is worth knowing before the proof begins. */
static void note_listed(struct errand *errand)
{
    const struct ck_enrollment *done = &errand->done;
    const struct ck_ledger_facts facts = {.factor_id = done->factor_id, .cid = done->cid};
    struct ck_error ignored; /* it is kept */

    if (errand->item != NULL && errand->item->state == CK_STEP_SUBMITTED &&
        done->evidence == CK_EVIDENCE_RECORDED)
        errand_step(errand, CK_STEP_LIST, &facts, &ignored);
}

static void tell_stage(void *data, enum ck_stage stage)
{
    struct errand *errand = data;

    if (stage == CK_STAGE_PROOF)
        note_listed(errand);
    errand->front->tell_stage(errand->front->data, stage);
}

static enum ck_err ask_login_code(void *data, const struct ck_factor *factor,
                                  char ret_code[CK_TOTP_CODE_MAX], struct ck_error *err)
{
    const struct ck_person *front = ((struct errand *)data)->front;

    return front->ask_login_code(front->data, factor, ret_code, err);
}

static enum ck_err ask_yubico_otp(void *data, struct ck_secret **ret_otp, struct ck_error *err)
{
    const struct ck_person *front = ((struct errand *)data)->front;

    return front->ask_yubico_otp(front->data, ret_otp, err);
}

static enum ck_err ask_factor(void *data, const struct ck_factor *factors, size_t count,
                              size_t *ret_index, struct ck_error *err)
{
    const struct ck_person *front = ((struct errand *)data)->front;

    return front->ask_factor(front->data, factors, count, ret_index, err);
}

/* `rollout check` has told whose mail programs will stop, and the plan was started all the same. */
static enum ck_err ask_mail_programs(void *data, enum ck_mail_programs programs,
                                     struct ck_error *err)
{
    (void)data;
    (void)programs;
    (void)err;
    return CK_OK;
}

static void tell_clock(void *data, int64_t server_off_s)
{
    const struct ck_person *front = ((struct errand *)data)->front;

    front->tell_clock(front->data, server_off_s);
}

static enum ck_err keep_secret(struct errand *errand, const struct ck_otpauth *otpauth,
                               struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *uri = NULL;
    enum ck_err r = ck_otpauth_format(otpauth, &uri, err);

    return r == CK_OK ? ck_pending_put(errand->all->pending, CK_PENDING_TOTP, errand->item->id, 0,
                                       uri, err)
                      : r;
}

/* The secret is safe before the server is told; one from an earlier try is so already. */
static enum ck_err give_totp(void *data, const struct ck_otpauth *otpauth, struct ck_error *err)
{
    struct errand *errand = data;
    const struct ck_ledger_facts facts = {.label = errand->item->label,
                                          .before = errand->done.before,
                                          .before_count = errand->done.before_count,
                                          .before_known = true};

    if (!errand->secret_kept && keep_secret(errand, otpauth, err) != CK_OK)
        return errand_break(errand, err);
    errand->secret_kept = true;
    return errand_step(errand, CK_STEP_PREPARE, &facts, err);
}

/* It stays where it is, and is taken again for another try. */
static void void_totp(void *data)
{
    (void)data;
}

static enum ck_err ask_new_code(void *data, const struct ck_code_misfit *misfit,
                                char ret_code[CK_TOTP_CODE_MAX], struct ck_error *err)
{
    const struct ck_person *front = ((struct errand *)data)->front;

    return front->ask_new_code(front->data, misfit, ret_code, err);
}

static enum ck_err ask_other_key(void *data, struct ck_error *err)
{
    const struct ck_person *front = ((struct errand *)data)->front;

    return front->ask_other_key(front->data, err);
}

static enum ck_err ask_forget(void *data, bool *ret_forget, struct ck_error *err)
{
    const struct ck_person *front = ((struct errand *)data)->front;

    return front->ask_forget(front->data, ret_forget, err);
}

static enum ck_err ask_retry_proof(void *data, const struct ck_error *why, bool *ret_again,
                                   struct ck_error *err)
{
    const struct ck_person *front = ((struct errand *)data)->front;

    return front->ask_retry_proof(front->data, why, ret_again, err);
}

void errand_person_init(struct errand *errand)
{
    errand->between = (struct ck_person){
        .data = errand,
        .tell_stage = tell_stage,
        .ask_login_code = ask_login_code,
        .ask_yubico_otp = ask_yubico_otp,
        .ask_factor = ask_factor,
        .ask_mail_programs = ask_mail_programs,
        .tell_clock = tell_clock,
        .give_totp = give_totp,
        .void_totp = void_totp,
        .ask_new_code = ask_new_code,
        .ask_other_key = ask_other_key,
        .ask_forget = ask_forget,
        .ask_retry_proof = ask_retry_proof,
    };
}
