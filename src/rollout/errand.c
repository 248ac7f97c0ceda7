/* One person's account: the way in, and what comes last. */
#include "errand.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/mailcow/new_password.h"
#include "errand_internal.h"

/* --- what the parts share --- */

enum ck_err errand_break(struct errand *errand, const struct ck_error *err)
{
    errand->broken = *err;
    return err->code;
}

enum ck_err errand_step(struct errand *errand, enum ck_step_event event,
                        const struct ck_ledger_facts *facts, struct ck_error *err)
{
    static const struct ck_ledger_facts none = {.label = NULL};
    struct ck_ledger_item *item = errand->item;

    facts = facts != NULL ? facts : &none;
    if (ck_ledger_step(errand->all->ledger, item->id, event, facts, &item->state, err) != CK_OK)
        return errand_break(errand, err);
    if (ck_step_is_there(item->state))
        errand->own_sought = false;
    if (facts->factor_id != 0)
        item->factor_id = facts->factor_id;
    if (facts->cid != NULL && facts->cid != item->cid)
        snprintf(item->cid, sizeof(item->cid), "%s", facts->cid);
    if (facts->cause != NULL)
        item->cause = *facts->cause;
    if (event == CK_STEP_SUBMIT)
        item->submitted_s = errand->all->settings->now_s();
    return CK_OK;
}

enum errand_result errand_end_with(struct errand *errand, enum ck_step_event event,
                                   const struct ck_error *cause, struct ck_error *err)
{
    struct ck_error kept = *cause;
    const struct ck_ledger_facts facts = {.cause = &kept};

    if (errand_step(errand, event, &facts, err) != CK_OK)
        return ERRAND_BROKEN;
    *err = kept;
    return ERRAND_DONE;
}

enum errand_result errand_broken(struct errand *errand, struct ck_error *err)
{
    *err = errand->broken;
    return ERRAND_BROKEN;
}

enum errand_result errand_count_refusals(struct errand *errand, unsigned count,
                                         struct ck_error *err)
{
    struct ck_error why;

    for (unsigned i = 0; i < count; i++) {
        unsigned total;
        if (ck_ledger_add_refusal(errand->all->ledger, &total, &why) != CK_OK) {
            *err = why;
            return ERRAND_BROKEN;
        }
    }
    return count > 0 ? ERRAND_REFUSED : ERRAND_DONE;
}

enum errand_result errand_obstacle(enum ck_err code)
{
    switch (code) {
    case CK_ERR_UNREACHABLE:
        return ERRAND_NETWORK;
    case CK_ERR_INTERRUPTED:
        return ERRAND_INTERRUPTED;
    case CK_ERR_KEY:
        return ERRAND_KEY;
    case CK_ERR_REFUSED:
        return ERRAND_REFUSED;
    default:
        return ERRAND_DONE;
    }
}

enum ck_err errand_blame(const struct errand *errand, enum ck_err r, struct ck_error *err)
{
    const struct ck_key *key = errand->login.key;

    if (r == CK_ERR_REFUSED && key != NULL && ck_key_has_refused(key))
        r = err->code = CK_ERR_KEY;
    return r;
}

const struct ck_policy_group *errand_group(const struct errand *errand)
{
    return ck_policy_find(errand->all->policy, errand->person.group);
}

/* --- the way in --- */

static enum ck_err read_password_file(struct errand *errand, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *path = NULL;

    if (asprintf(&path, "%s/%s", errand->all->directory, errand->person.password_name) < 0)
        return ck_error_no_memory(err);
    return ck_password_file_read(path, &errand->password, err);
}

static enum ck_err read_new_password(struct errand *errand, struct ck_error *err)
{
    enum ck_err r = ck_pending_get(errand->all->pending, CK_PENDING_PASSWORD, errand->person.id, 0,
                                   &errand->password, err);

    errand->password_kept = r == CK_OK && errand->password != NULL;
    if (r != CK_OK || errand->password_kept)
        return r;
    /* A made-up one would be refused. */
    if (errand->person.password == CK_PASSWORD_IN_FORCE)
        return ck_error_set(err, CK_ERR_UNCHANGED,
                            "its new password is in force, but not among the hand-outs");
    return ck_new_password_make(&errand->password, err);
}

static enum ck_err read_password(struct errand *errand, struct ck_error *err)
{
    if (errand->person.route == CK_ROUTE_RESET_PASSWORD)
        return read_new_password(errand, err);
    switch (errand->person.password_kind) {
    case CK_PASSWORD_FILE:
        return read_password_file(errand, err);
    case CK_PASSWORD_SECRET:
        if (errand->all->secrets == NULL)
            return ck_error_set(err, CK_ERR_USAGE, "there is no secrets file");
        return ck_secrets_get(errand->all->secrets, errand->person.password_name, &errand->password,
                              err);
    case CK_PASSWORD_NONE:
        break;
    }
    return CK_OK;
}

enum ck_err errand_load_own_totp(struct errand *errand, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) struct ck_ledger_item *items = NULL;
    CK_CLEANUP(ck_secret_free) struct ck_secret *uri = NULL;
    size_t count = 0;

    if (errand->own_totp.key != NULL || errand->own_sought)
        return CK_OK;
    enum ck_err r = ck_ledger_items(errand->all->ledger, errand->person.id, &items, &count, err);
    errand->own_sought = r == CK_OK;

    for (size_t i = 0; i < count && r == CK_OK && uri == NULL; i++) {
        if (items[i].method != CK_ROLLOUT_TOTP || !ck_step_is_there(items[i].state))
            continue;
        snprintf(errand->own_factor, sizeof(errand->own_factor), "%" PRIu64, items[i].factor_id);
        r = ck_pending_get(errand->all->pending, CK_PENDING_TOTP, items[i].id, 0, &uri, err);
    }
    if (r == CK_OK && uri != NULL)
        r = ck_otpauth_parse(uri, &errand->own_totp, err);
    if (r == CK_OK && uri != NULL) {
        errand->login.factor_key = &errand->own_totp;
        errand->login.factor = errand->own_factor;
    }
    return r;
}

static enum ck_err hand_out_password(void *data, struct ck_error *err)
{
    struct errand *errand = data;
    enum ck_err r = CK_OK;

    if (!errand->password_kept)
        r = ck_pending_put(errand->all->pending, CK_PENDING_PASSWORD, errand->person.id, 0,
                           errand->password, err);
    if (r == CK_OK && errand->person.password != CK_PASSWORD_HANDED_OUT)
        r = ck_ledger_password(errand->all->ledger, errand->person.id, CK_PASSWORD_HANDED_OUT, err);
    if (r != CK_OK)
        return errand_break(errand, err);
    errand->password_kept = true;
    errand->person.password = CK_PASSWORD_HANDED_OUT;
    return CK_OK;
}

/*
 * The account was finished before, and its login asks for what it got: a new password would help
 * nobody when that can't be answered.
 */
static enum ck_err check_answerable(const struct errand *errand, struct ck_error *err)
{
    if (errand->own_factor[0] == '\0' || errand->own_totp.key != NULL)
        return CK_OK;
    ck_error_set(err, CK_ERR_UNCHANGED,
                 "the login asks for the app that this roll-out enrolled, whose secret was handed "
                 "out and is here no more");
    return ck_error_hint(err, "The password was not touched. Add the factor in the account itself, "
                              "or by 'cowkey enroll --for'.");
}

/* Also one that has to be changed already: no login with it leads anywhere. */
static enum ck_err reset_password(struct errand *errand, struct ck_error *err)
{
    if (errand->person.route != CK_ROUTE_RESET_PASSWORD ||
        errand->person.password == CK_PASSWORD_IN_FORCE)
        return CK_OK;
    enum ck_err r = check_answerable(errand, err);
    if (r != CK_OK)
        return r;
    r = ck_behalf_reset(&errand->behalf, errand->password, hand_out_password, errand, err);
    if (r != CK_OK)
        return r;
    r = ck_ledger_password(errand->all->ledger, errand->person.id, CK_PASSWORD_IN_FORCE, err);
    if (r != CK_OK)
        return errand_break(errand, err);
    errand->person.password = CK_PASSWORD_IN_FORCE;
    return CK_OK;
}

/* What can't come to a good end is not begun. */
static enum ck_err check_proof(const struct errand *errand, struct ck_error *err)
{
    bool proves = errand_group(errand)->proof == CK_ROLLOUT_PROOF_LOGIN;

    if (errand->by == NULL || errand->password == NULL || !proves ||
        errand->person.route == CK_ROUTE_RESET_PASSWORD)
        return CK_OK;
    return ck_behalf_check_proof(&errand->behalf, err);
}

static enum ck_err open_way(struct errand *errand, struct ck_error *err)
{
    enum ck_err r =
        errand_group(errand) != NULL
            ? CK_OK
            : ck_error_set(err, CK_ERR_USAGE, "the policy has no group '%s'", errand->person.group);
    if (r == CK_OK)
        r = read_password(errand, err);
    if (r != CK_OK)
        return r;
    errand->login.password = errand->password;
    r = errand_load_own_totp(errand, err);
    if (r != CK_OK)
        return r;
    r = ck_behalf_begin(&errand->behalf, errand->password != NULL, err);
    if (r == CK_OK)
        r = check_proof(errand, err);
    return r == CK_OK ? reset_password(errand, err) : r;
}

enum errand_result errand_fail_all(struct errand *errand, const struct ck_error *cause,
                                   struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) struct ck_ledger_item *items = NULL;
    struct ck_ledger_item *in_work = errand->item;
    const struct ck_ledger_facts facts = {.cause = cause};
    size_t count = 0;
    enum ck_err r = ck_ledger_items(errand->all->ledger, errand->person.id, &items, &count, err);

    for (size_t i = 0; i < count && r == CK_OK; i++) {
        bool is_app = items[i].method == CK_ROLLOUT_TOTP;
        if (is_app == (errand->kind == CK_LEDGER_APPS) &&
            ck_step_action(items[i].state) == CK_STEP_DO_ENROLL) {
            errand->item = &items[i];
            r = errand_step(errand, CK_STEP_FAIL, &facts, err);
        }
    }
    errand->item = in_work;
    return r == CK_OK ? ERRAND_DONE : ERRAND_BROKEN;
}

static enum errand_result judge_way(struct errand *errand, enum ck_err r, struct ck_error *err)
{
    struct ck_error cause = *err;

    if (errand->broken.code != CK_OK) {
        *err = errand->broken;
        return ERRAND_BROKEN;
    }
    if (r == CK_ERR_REFUSED)
        return errand_count_refusals(errand, 1, err);
    if (r == CK_ERR_UNKNOWN && errand->behalf.cut)
        return ERRAND_NETWORK;
    enum errand_result obstacle = errand_obstacle(r);
    return obstacle != ERRAND_DONE ? obstacle : errand_fail_all(errand, &cause, err);
}

enum errand_result errand_begin(struct errand *errand, const struct errands *all,
                                const struct ck_operator *by, const struct ck_ledger_person *person,
                                const struct ck_person *front,
                                const struct ck_key_settings *key_settings,
                                enum ck_ledger_kind kind, bool *ret_goes_on, struct ck_error *err)
{
    *errand =
        (struct errand){.all = all, .by = by, .person = *person, .kind = kind, .front = front};
    errand_person_init(errand);
    errand->deed = *all->deed;
    if (by == NULL)
        errand->deed.operator= errand->person.account.name;
    errand->login = (struct ck_login){
        .settings = all->settings,
        .dialect = all->dialect,
        .account = &errand->person.account,
        .person = &errand->between,
        .key_settings = key_settings,
    };
    errand->behalf = (struct ck_behalf){
        .by = by,
        .login = &errand->login,
        .done = &errand->done,
        .journal = all->journal,
        .deed = &errand->deed,
        .keys_answer = key_settings != NULL,
    };
    /* Who comes again has got on since the caller read it. */
    if (ck_ledger_person(all->ledger, person->id, &errand->person, err) != CK_OK)
        return ERRAND_BROKEN;
    enum ck_err r = open_way(errand, err);
    *ret_goes_on = r == CK_OK;
    return r == CK_OK ? ERRAND_DONE : judge_way(errand, r, err);
}

/* --- what comes last --- */

static enum ck_err count_left(const struct errand *errand, size_t *ret_left, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) struct ck_ledger_item *items = NULL;
    size_t count = 0, left = 0;
    enum ck_err r = ck_ledger_items(errand->all->ledger, errand->person.id, &items, &count, err);

    for (size_t i = 0; i < count && r == CK_OK; i++)
        left += ck_step_is_left(items[i].state, items[i].wants_proof);
    if (r == CK_OK)
        *ret_left = left;
    return r;
}

/* The ledger has it as still to be done, and what is no obstacle of the moment waits for a person. */
static enum errand_result not_forced(struct errand *errand, struct ck_error *err)
{
    enum ck_err why = errand->behalf.hindered;

    if (why == CK_ERR_REFUSED)
        return errand_count_refusals(errand, 1, err);
    return why == CK_ERR_UNKNOWN ? ERRAND_NETWORK : errand_obstacle(why);
}

static enum errand_result force_change(struct errand *errand, struct ck_error *err)
{
    bool known = false;

    if (errand->person.password != CK_PASSWORD_IN_FORCE)
        return ERRAND_DONE;
    if (ck_behalf_force_change(&errand->behalf, &known, err) != CK_OK)
        return not_forced(errand, err);
    enum ck_password_state state = known ? CK_PASSWORD_TO_CHANGE : CK_PASSWORD_UNFORCED;
    if (ck_ledger_password(errand->all->ledger, errand->person.id, state, err) != CK_OK)
        return ERRAND_BROKEN;
    errand->person.password = state;
    return ERRAND_DONE;
}

enum errand_result errand_finish(struct errand *errand, struct ck_error *err)
{
    const struct ck_sheets sheets = {.ledger = errand->all->ledger,
                                     .pending = errand->all->pending,
                                     .seal = errand->all->seal,
                                     .now_s = errand->all->settings->now_s()};
    size_t left = 0, made;

    if (count_left(errand, &left, err) != CK_OK)
        return ERRAND_BROKEN;
    if (left > 0)
        return ERRAND_DONE;
    enum errand_result result = force_change(errand, err);
    if (result != ERRAND_DONE || sheets.seal == NULL)
        return result;
    return ck_sheets_make(&sheets, errand->person.id, &made, err) == CK_OK ? ERRAND_DONE
                                                                           : ERRAND_BROKEN;
}

void errand_clear(struct errand *errand)
{
    ck_key_close(&errand->login.key);
    ck_enrollment_clear(&errand->done);
    ck_otpauth_clear(&errand->otpauth);
    ck_otpauth_clear(&errand->own_totp);
    ck_secret_free(&errand->password);
    ck_secret_free(&errand->app_password);
}
