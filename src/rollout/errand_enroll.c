/* Enrolling one factor of the account. */
#include <stdio.h>
#include <string.h>

#include "attested.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/enroll/app_password.h"
#include "cowkey/enroll/totp.h"
#include "cowkey/enroll/webauthn.h"
#include "cowkey/mailcow/new_password.h"
#include "errand_internal.h"

/* --- what is enrolled --- */

static enum ck_err new_secret(struct errand *errand, struct ck_error *err)
{
    struct ck_otpauth *otpauth = &errand->otpauth;
    const char *account = errand->person.account.name, *issuer = errand->all->settings->host.name;

    otpauth->params = ck_totp_default;
    if (strlen(account) >= sizeof(otpauth->account) || strchr(account, ':') != NULL ||
        strlen(issuer) >= sizeof(otpauth->issuer))
        return ck_error_set(err, CK_ERR_USAGE, "apps can't show the account's name");
    snprintf(otpauth->account, sizeof(otpauth->account), "%s", account);
    snprintf(otpauth->issuer, sizeof(otpauth->issuer), "%s", issuer);
    return ck_totp_key_make(errand->all->random, &otpauth->key, err);
}

enum ck_err errand_load_totp(struct errand *errand, bool *ret_kept, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *uri = NULL;

    ck_otpauth_clear(&errand->otpauth);
    errand->otpauth = (struct ck_otpauth){.key = NULL};
    enum ck_err r =
        ck_pending_get(errand->all->pending, CK_PENDING_TOTP, errand->item->id, 0, &uri, err);
    if (r != CK_OK)
        return r;
    *ret_kept = uri != NULL;
    return uri != NULL ? ck_otpauth_parse(uri, &errand->otpauth, err) : new_secret(errand, err);
}

static enum ck_err fill_label(struct errand *errand, const char *serial, struct ck_error *err)
{
    struct ck_ledger_item *item = errand->item;
    unsigned n = item->n > 0 ? item->n : 1;

    /* Once it was prepared, it keeps its name: a look searches for that. */
    if (item->label[0] != '\0' ||
        ck_label_fill(item->pattern, errand->person.account.name, serial, n, item->label))
        return ck_factor_label_check(item->label, err);
    return ck_error_set(err, CK_ERR_USAGE, "the label gets longer than the server takes");
}

static enum ck_err keep_app_password(void *data, struct ck_error *err)
{
    struct errand *errand = data;

    if (errand->app_password_kept)
        return CK_OK;
    if (ck_pending_put(errand->all->pending, CK_PENDING_APP_PASSWORD, errand->person.id, 0,
                       errand->app_password, err) != CK_OK)
        return errand_break(errand, err);
    errand->app_password_kept = true;
    return CK_OK;
}

/* The same one for every try. *ret_wish stays as it is where none is wanted. */
static enum ck_err wish_app_password(struct errand *errand, struct ck_app_password_wish *wish,
                                     const struct ck_app_password_wish **ret_wish,
                                     struct ck_error *err)
{
    const char *label = errand_group(errand)->app_password;

    if (*label == '\0' || errand->person.account.role != CK_ROLE_MAILBOX ||
        errand->item->method == CK_ROLLOUT_PASSKEY)
        return CK_OK;
    ck_secret_free(&errand->app_password);
    enum ck_err r = ck_pending_get(errand->all->pending, CK_PENDING_APP_PASSWORD, errand->person.id,
                                   0, &errand->app_password, err);
    errand->app_password_kept = r == CK_OK && errand->app_password != NULL;
    if (r == CK_OK && !errand->app_password_kept)
        r = ck_new_password_make(&errand->app_password, err);
    if (r != CK_OK)
        return r;
    *wish = (struct ck_app_password_wish){
        .label = label,
        .protocols = CK_PROTOCOL_ALL,
        .password = errand->app_password,
        .if_needed = true,
        .give = keep_app_password,
        .data = errand,
    };
    *ret_wish = wish;
    return CK_OK;
}

/* --- the ledger before the server --- */

/* A key's credential is made by now, and has to be known to whoever looks for it later. */
static enum ck_err prepare_key(struct errand *errand, struct ck_error *err)
{
    const struct ck_enrollment *done = &errand->done;
    const struct ck_ledger_facts facts = {.label = errand->item->label,
                                          .before = done->before,
                                          .before_count = done->before_count,
                                          .before_known = true,
                                          .credential = &done->credential.id,
                                          .cid = done->cid};

    return errand_step(errand, CK_STEP_PREPARE, &facts, err);
}

static enum ck_err before_change(void *data, struct ck_error *err)
{
    struct errand *errand = data;
    bool is_key = errand->item->method != CK_ROLLOUT_TOTP;
    enum ck_err r = CK_OK;

    /* Only what was made shows it, and the server is not to hear of it then. */
    if (is_key)
        r = attested_check(errand_group(errand), &errand->done.credential, errand->serial,
                           errand->all->settings->now_s(), err);
    if (r == CK_OK && is_key)
        r = prepare_key(errand, err);
    if (r != CK_OK)
        return r;
    r = errand->behalfs.before_change(errand->behalfs.data, err);
    if (r != CK_OK)
        return errand_break(errand, err);
    return errand_step(errand, CK_STEP_SUBMIT, NULL, err);
}

void errand_begin_item(struct errand *errand)
{
    ck_enrollment_clear(&errand->done);
    errand->done = (struct ck_enrollment){.result = CK_ENROLL_FAILED};
    errand->behalf.method = ck_rollout_method_name(errand->item->method);
    errand->behalfs = errand->behalf.witness;
    errand->witness = (struct ck_witness){errand, before_change};
    errand->login.witness = &errand->witness;
    errand->login.witnessed = false;
}

/* --- enrolling --- */

static enum ck_err enroll(struct errand *errand, const char *serial, struct ck_error *err)
{
    struct ck_app_password_wish app_password;
    bool proves = errand->item->wants_proof;
    struct ck_totp_wish wish = {
        .common = {.label = errand->item->label,
                   .evidence = proves ? CK_EVIDENCE_LOGIN : CK_EVIDENCE_RECORDED},
        .otpauth = &errand->otpauth,
        .unattended = true,
        .accept_clock_skew = errand->all->accept_clock_skew,
    };
    enum ck_err r = fill_label(errand, serial, err);

    if (r == CK_OK)
        r = wish_app_password(errand, &app_password, &wish.common.app_password, err);
    if (r != CK_OK)
        return r;
    switch (errand->item->method) {
    case CK_ROLLOUT_TOTP:
        r = errand_load_totp(errand, &errand->secret_kept, err);
        return r == CK_OK ? ck_enroll_totp(&errand->login, &wish, &errand->done, err) : r;
    case CK_ROLLOUT_WEBAUTHN:
        return ck_enroll_webauthn(&errand->login, &wish.common, &errand->done, err);
    case CK_ROLLOUT_PASSKEY:
        return ck_enroll_passkey(&errand->login, &wish.common, &errand->done, err);
    case CK_ROLLOUT_METHODS:
        break;
    }
    return ck_error_set(err, CK_ERR_USAGE, "the method is none");
}

/* It is there, with the evidence that was wanted. */
static enum errand_result settle_good(struct errand *errand, struct ck_error *err)
{
    const struct ck_enrollment *done = &errand->done;
    const struct ck_error fine = {.code = CK_OK};
    const struct ck_ledger_facts facts = {.label = errand->item->label,
                                          .factor_id = done->factor_id,
                                          .cid = done->cid,
                                          .cause = &fine};

    errand_name_passkey(errand, done->cid, done->listed_as);
    if (errand->item->state == CK_STEP_SUBMITTED &&
        errand_step(errand, CK_STEP_LIST, &facts, err) != CK_OK)
        return ERRAND_BROKEN;
    if (done->result == CK_ENROLL_ENROLLED &&
        errand_step(errand, CK_STEP_ACCEPT, &facts, err) != CK_OK)
        return ERRAND_BROKEN;
    return ERRAND_DONE;
}

static bool is_cancelled(const struct errand *errand)
{
    const volatile sig_atomic_t *cancel = errand->all->settings->cancel;

    return cancel != NULL && *cancel;
}

static enum errand_result settle_bad(struct errand *errand, enum ck_err r, struct ck_error *err)
{
    const struct ck_enrollment *done = &errand->done;
    struct ck_error cause = *err;
    unsigned refusals = done->proof_refused;

    refusals += r == CK_ERR_REFUSED;
    enum errand_result result = errand_count_refusals(errand, refusals, err);
    if (result == ERRAND_BROKEN)
        return result;
    /* Also where the ledger says that the server was told: then the next try looks first. */
    if (r != CK_ERR_REFUSED && errand_obstacle(r) != ERRAND_DONE)
        return errand_obstacle(r);
    if (r != CK_ERR_UNKNOWN) {
        enum errand_result ended = errand_end_with(errand, CK_STEP_FAIL, &cause, err);
        /* The same password would be refused for the next item, too. */
        if (ended == ERRAND_DONE && r == CK_ERR_REFUSED && !done->submitted)
            ended = errand_fail_all(errand, &cause, err);
        return ended == ERRAND_DONE ? result : ended;
    }
    /* Listed, and its proof was refused but could not be taken back; or it was hindered. */
    if (errand->item->state == CK_STEP_RECORDED) {
        enum errand_result hindrance = errand_obstacle(done->hindered);
        if (hindrance != ERRAND_DONE) {
            const struct ck_ledger_facts why = {.cause = &cause};
            return errand_step(errand, CK_STEP_LIST, &why, err) == CK_OK ? hindrance
                                                                         : ERRAND_BROKEN;
        }
        enum errand_result ended = errand_end_with(errand, CK_STEP_LOSE, &cause, err);
        return ended == ERRAND_DONE ? result : ended;
    }
    /* Not heard of to the end: the next turn looks, unless the person wants it to end. */
    return is_cancelled(errand) ? ERRAND_INTERRUPTED : result;
}

enum errand_result errand_enroll(struct errand *errand, const char *serial, struct ck_error *err)
{
    errand_begin_item(errand);
    errand->serial = serial;
    enum ck_err r = errand_blame(errand, enroll(errand, serial, err), err);
    struct ck_error told = *err;
    enum ck_err after = ck_behalf_conclude(&errand->behalf, r, &told);

    if (errand->done.app_password_id != 0 &&
        ck_ledger_app_password(errand->all->ledger, errand->person.id,
                               (int64_t)errand->done.app_password_id, &told) != CK_OK)
        errand_break(errand, &told);
    if (errand->broken.code != CK_OK && !errand->done.submitted)
        return errand_broken(errand, err);
    enum errand_result result = r == CK_OK ? settle_good(errand, err) : settle_bad(errand, r, err);
    if (errand->broken.code == CK_OK && after != r)
        errand_break(errand, &told);
    return errand->broken.code != CK_OK ? errand_broken(errand, err) : result;
}
