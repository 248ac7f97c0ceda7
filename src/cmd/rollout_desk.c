/* The desk of a roll-out: who acts there, and what is told of it in the end. */
#include "rollout_desk.h"

#include "cowkey/base/cleanup.h"
#include "desk_person.h"
#include "further_operator.h"
#include "output.h"

/* The one who acts for others: first the one that the run was begun with. */
struct crew {
    struct acting *acting;
    struct own_operator fresh;
};

static void crew_clear(struct crew *crew)
{
    own_operator_clear(&crew->fresh);
}

/* Whoever sits at the desk can answer what the first login asked, too. */
static enum ck_err log_in_again(struct crew *crew, struct ck_error *err)
{
    struct own_operator fresh;
    enum ck_err r = further_operator_open(crew->acting, FURTHER_ASKS_PERSON, &fresh, err);

    if (r != CK_OK)
        return r;
    own_operator_clear(&crew->fresh);
    crew->fresh = fresh;
    return CK_OK;
}

static enum ck_err get_operator(void *data, bool afresh, const struct ck_operator **ret_by,
                                struct ck_error *err)
{
    struct crew *crew = data;
    enum ck_err r = afresh && crew->acting->who.logs_in ? log_in_again(crew, err) : CK_OK;

    if (r == CK_OK)
        *ret_by = crew->fresh.session != NULL ? &crew->fresh.by : &crew->acting->by;
    return r;
}

static enum rollout_stop stop_of(enum ck_err code)
{
    switch (code) {
    case CK_ERR_REFUSED:
        return ROLLOUT_REFUSALS;
    case CK_ERR_INTERRUPTED:
        return ROLLOUT_INTERRUPTED;
    case CK_ERR_UNREACHABLE:
        return ROLLOUT_SERVER_AWAY;
    default:
        return ROLLOUT_BROKEN;
    }
}

void rollout_desk_run(const struct rollout_desk *desk, struct rollout_run_report *report)
{
    CK_CLEANUP(crew_clear) struct crew crew = {.acting = desk->acting};
    const struct desk_operators operators = {.data = &crew, .get = get_operator};
    struct desk_front front;
    struct desk_result result = {0};
    struct ck_error err = {.code = CK_OK};
    const char *server = desk->all->settings->host.name;

    if (desk_front_init(&front, desk->options, server, desk->ledger, &err) != CK_OK) {
        rollout_run_report_stop(report, ROLLOUT_BROKEN, &err);
        return;
    }
    const struct desk work = {
        .all = desk->all,
        .operators = &operators,
        .front = &front.front,
        .key_settings = &front.key_settings,
        .person = &front.person,
        .max_refusals = desk->max_refusals,
    };
    enum ck_err r = desk_run(&work, &result, &err);
    report->items_now += result.items;
    report->changed = report->changed || result.changed;
    /* The terminal shows ^C. */
    if (r == CK_ERR_INTERRUPTED && !front.line_ended)
        say_always("%s", "");
    if (r != CK_OK) {
        rollout_run_report_stop(report, stop_of(r), &err);
    } else if (result.quit) {
        report->stop = ROLLOUT_QUIT;
    }
}
