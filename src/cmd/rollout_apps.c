/* The apps of a roll-out: who acts in each thread, and what is told of it in the end. */
#include "rollout_apps.h"

#include "further_login.h"
#include "further_operator.h"
#include "interrupt.h"
#include "output.h"
#include "rollout/refusals.h"
#include "rollout/unattended.h"

static void explain_stop(const struct rollout_apps *apps, const struct unattended_result *result,
                         struct rollout_run_report *report, struct ck_error *err)
{
    static const enum rollout_stop stops[] = {
        [UNATTENDED_DONE] = ROLLOUT_GOES_ON,
        [UNATTENDED_REFUSALS] = ROLLOUT_REFUSALS,
        [UNATTENDED_SERVER_AWAY] = ROLLOUT_SERVER_AWAY,
        [UNATTENDED_INTERRUPTED] = ROLLOUT_INTERRUPTED,
        [UNATTENDED_BROKEN] = ROLLOUT_BROKEN,
    };
    struct ck_error last = *err;

    if (result->stop == UNATTENDED_REFUSALS)
        refusals_reached(result->refusals, apps->max_refusals, &last, err);
    if (result->stop == UNATTENDED_SERVER_AWAY && apps->wait_s == 0)
        ck_error_hint(err,
                      "The same command goes on when it is back; --wait SECONDS waits for it.");
    rollout_run_report_stop(report, stops[result->stop], err);
}

/* --- what an unattended run asks and tells --- */

static enum ck_err open_operator(void *data, struct own_operator *ret_operator,
                                 struct ck_error *err)
{
    const struct rollout_apps *apps = data;

    return further_operator_open(apps->acting, FURTHER_ASKS_NOBODY, ret_operator, err);
}

static void tell_progress(void *data, const struct unattended_progress *progress)
{
    const struct rollout_apps *apps = data;

    rollout_speech_tell_progress(apps->speech, progress);
}

static void tell_news(void *data, enum unattended_news news, int64_t number,
                      const struct ck_error *why)
{
    const struct rollout_apps *apps = data;

    rollout_speech_tell_news(apps->speech, news, number, why);
}

/* What another run does; nothing in the ledger says why. */
static void tell_given_up(const struct unattended_result *result)
{
    const char *why = result->given_up_why.text;

    say_always("%zu account%s left for another run%s%s.", result->given_up,
               result->given_up == 1 ? " is" : "s are", *why != '\0' ? ", the last because: " : "",
               why);
}

/* --- all of it --- */

void rollout_apps_run(const struct rollout_apps *apps, struct rollout_run_report *report)
{
    const struct admin_target *who = &apps->acting->who;
    bool one_only = who->logs_in && further_login_needs_person(apps->options, who);
    struct rollout_apps within = *apps;
    struct unattended_result result;
    struct ck_error err = {.code = CK_OK};

    if (one_only && apps->jobs > 1)
        say(apps->options, "One thread only: each further login would need a code or a touch.");
    const struct unattended run = {
        .all = apps->all,
        .jobs = one_only ? 1 : apps->jobs,
        .by = &apps->acting->by,
        .open = one_only ? NULL : open_operator,
        .max_refusals = apps->max_refusals,
        .wait_s = apps->wait_s,
        .ending = &interrupt_noted,
        .tell_progress = tell_progress,
        .tell_news = tell_news,
        .data = &within,
    };
    progress_begin(&apps->speech->progress, apps->options);
    ck_journal_let_outcomes_wait(apps->all->journal);
    if (unattended_run(&run, &result, &err) != CK_OK)
        explain_stop(apps, &result, report, &err);
    if (ck_journal_settle(apps->all->journal, &err) != CK_OK)
        rollout_run_report_stop(report, ROLLOUT_BROKEN, &err);
    progress_clear(&apps->speech->progress);
    if (result.stop == UNATTENDED_DONE && result.given_up > 0)
        tell_given_up(&result);
    report->items_now += result.items;
    report->changed = report->changed || result.changed;
}
