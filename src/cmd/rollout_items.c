/* Items of a ledger in words. */
#include "rollout_items.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cowkey/key/aaguid.h"
#include "output.h"

enum rollout_standing rollout_standing(const struct ck_ledger_item *item)
{
    switch (item->state) {
    case CK_STEP_PROVED:
        return ROLLOUT_DONE;
    case CK_STEP_RECORDED:
        return item->wants_proof ? ROLLOUT_LEFT : ROLLOUT_DONE;
    case CK_STEP_FAILED:
    case CK_STEP_SKIPPED:
        return ROLLOUT_FAILED;
    case CK_STEP_UNKNOWN:
        return ROLLOUT_UNKNOWN;
    default:
        return ROLLOUT_LEFT;
    }
}

bool rollout_item_is_problem(const struct ck_ledger_item *item)
{
    return rollout_standing(item) != ROLLOUT_DONE && item->state != CK_STEP_PLANNED &&
           item->state != CK_STEP_PREPARED;
}

/* What is said where the ledger has no cause or no hint of its own. */
static const struct {
    const char *cause, *cure;
} words[CK_STEP_STATES] = {
    [CK_STEP_SUBMITTED] = {"the server was told, and it was not seen what it made of it",
                           "Go on with 'cowkey rollout run': it looks first, and posts nothing "
                           "twice."},
    [CK_STEP_RECORDED] = {"the server's list shows it, and the login that proves it was not made",
                          "Go on with 'cowkey rollout run'."},
    [CK_STEP_FAILED] = {"the cause was not noted", "The account has nothing of it. 'cowkey rollout "
                                                   "run --retry' takes it up again."},
    [CK_STEP_UNKNOWN] = {"what the account has of it was not seen",
                         "'cowkey rollout run --retry' looks again; 'cowkey list' shows what the "
                         "account has."},
    [CK_STEP_SKIPPED] = {"the operator passed it over", "The account has nothing of it. 'cowkey "
                                                        "rollout run --retry' asks for it again."},
    [CK_STEP_UNDOING] = {"it was being removed again, and it was not seen that it is gone",
                         "Go on with 'cowkey rollout run': it goes on with the removal."},
};

const char *rollout_item_cause(const struct ck_ledger_item *item)
{
    if (rollout_standing(item) == ROLLOUT_DONE)
        return "";
    if (item->cause.code != CK_OK && *item->cause.text != '\0')
        return item->cause.text;
    return words[item->state].cause != NULL ? words[item->state].cause : "";
}

const char *rollout_item_cure(const struct ck_ledger_item *item)
{
    if (rollout_standing(item) == ROLLOUT_DONE)
        return "";
    if (item->cause.code != CK_OK && *item->cause.hint != '\0')
        return item->cause.hint;
    return words[item->state].cure != NULL ? words[item->state].cure : "";
}

const char *rollout_item_evidence(const struct ck_ledger_item *item)
{
    return item->state == CK_STEP_PROVED     ? "login"
           : item->state == CK_STEP_RECORDED ? "recorded"
                                             : "none";
}

int64_t rollout_item_finished_s(const struct ck_ledger_item *item)
{
    return rollout_standing(item) == ROLLOUT_LEFT ? 0 : item->changed_s;
}

void rollout_item_name(const struct ck_ledger_item *item, char ret_name[ROLLOUT_ITEM_NAME_MAX])
{
    const char *label = *item->label != '\0' ? item->label : item->pattern;
    const char *method = ck_rollout_method_name(item->method);

    if (item->n > 0)
        snprintf(ret_name, ROLLOUT_ITEM_NAME_MAX, "%s, key %u, '%s'", method, item->n, label);
    else
        snprintf(ret_name, ROLLOUT_ITEM_NAME_MAX, "%s, '%s'", method, label);
}

void rollout_item_id(const struct ck_ledger_item *item, char ret_id[ROLLOUT_ID_MAX])
{
    *ret_id = '\0';
    if (*item->cid != '\0')
        snprintf(ret_id, ROLLOUT_ID_MAX, "pk:%s", item->cid);
    else if (item->factor_id != 0)
        snprintf(ret_id, ROLLOUT_ID_MAX, "%" PRIu64, item->factor_id);
}

/* 8-4-4-4-12 hex digits. */
const char *rollout_key_model(const struct ck_ledger_key *key)
{
    char hex[2 * CK_AAGUID_SIZE + 1] = {0};
    uint8_t aaguid[CK_AAGUID_SIZE];
    size_t count = 0;

    for (const char *c = key->aaguid; *c != '\0' && count < sizeof(hex); c++) {
        if (*c != '-')
            hex[count++] = *c;
    }
    if (count != sizeof(hex) - 1)
        return NULL;
    for (size_t i = 0; i < CK_AAGUID_SIZE; i++) {
        unsigned byte;
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
            return NULL;
        aaguid[i] = (uint8_t)byte;
    }
    return ck_aaguid_name(aaguid);
}

/* --- new passwords --- */

bool rollout_password_waits(enum ck_password_state state)
{
    return state == CK_PASSWORD_HANDED_OUT || state == CK_PASSWORD_IN_FORCE;
}

const char *rollout_password_cause(enum ck_password_state state)
{
    return state == CK_PASSWORD_HANDED_OUT
               ? "the new password is in its hand-out, and it was not seen whether the server "
                 "has taken it"
               : "the new password logs in, and nothing makes the account change it yet";
}

const char *rollout_password_cure(enum ck_password_state state, bool has_items)
{
    if (state == CK_PASSWORD_HANDED_OUT && !has_items)
        return "Its rows are not in the plan any more, so that no run finds it out: put them back "
               "(--new-plan), or give the account another password.";
    return state == CK_PASSWORD_HANDED_OUT
               ? "Go on with 'cowkey rollout run', with --retry if all of the account failed: it "
                 "finds that out."
               : "Go on with 'cowkey rollout run': it sees to that when nothing of the account is "
                 "left to do.";
}

/* --- time --- */

static void format_time(int64_t time_s, const char *format, char ret_text[ROLLOUT_TIME_MAX])
{
    time_t time = (time_t)time_s;
    struct tm parts;

    *ret_text = '\0';
    if (time_s != 0 && gmtime_r(&time, &parts) != NULL)
        strftime(ret_text, ROLLOUT_TIME_MAX, format, &parts);
}

void rollout_time_text(int64_t time_s, char ret_text[ROLLOUT_TIME_MAX])
{
    format_time(time_s, "%Y-%m-%d %H:%M UTC", ret_text);
}

void rollout_time_iso(int64_t time_s, char ret_text[ROLLOUT_TIME_MAX])
{
    format_time(time_s, "%Y-%m-%dT%H:%M:%SZ", ret_text);
}

/* --- for documents --- */

json_t *rollout_item_id_json(const struct ck_ledger_item *item)
{
    if (*item->cid != '\0')
        return json_sprintf("pk:%s", item->cid);
    return item->factor_id != 0 ? json_integer((json_int_t)item->factor_id) : json_null();
}

json_t *rollout_time_or_null_json(int64_t time_s)
{
    return time_s != 0 ? time_json(time_s) : json_null();
}
