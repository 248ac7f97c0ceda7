/* cowkey rollout run */
#include <malloc.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/enroll/totp.h"
#include "cowkey/mailcow/brake.h"
#include "interrupt.h"
#include "number.h"
#include "output.h"
#include "prompt.h"
#include "rollout/desk.h"
#include "rollout/refusals.h"
#include "rollout/untouched.h"
#include "rollout_apps.h"
#include "rollout_checking.h"
#include "rollout_desk.h"
#include "rollout_paths.h"
#include "rollout_run_report.h"

enum {
    JOBS_DEFAULT = 4,
    REFUSALS_DEFAULT = 3,
    REFUSALS_MAX = 1000,
    WAIT_MAX_S = 7 * 24 * 3600,
    LATE_DEFAULT_S = 60,
    LATE_MAX_S = 24 * 3600,
};

/* What one run has at hand; keep it where it was begun. */
struct running {
    const struct options *options;
    struct rollout_checking checking;
    const char *ledger_path;
    char *handouts_path;
    int64_t jobs, max_refusals, wait_s, late_s;
    struct ck_brake brake;
    struct ck_ledger *ledger;
    struct ck_pending *pending;
    struct ck_seal *seal;
    struct errands all;
    struct rollout_speech speech;
    struct rollout_run_report report;
};

static void running_init(struct running *running, const struct options *options)
{
    *running = (struct running){
        .options = options,
        .jobs = JOBS_DEFAULT,
        .max_refusals = REFUSALS_DEFAULT,
        .late_s = LATE_DEFAULT_S,
        .report = {.options = options, .does_apps = true, .does_keys = true},
    };
    rollout_checking_init(&running->checking, options);
    running->report.started_s = running->checking.report.started_s;
    rollout_speech_init(&running->speech, options);
    ck_brake_init(&running->brake, &ck_brake_usual, rollout_speech_tell_pause, &running->speech);
}

static void running_clear(struct running *running)
{
    rollout_checking_clear(&running->checking);
    ck_seal_free(&running->seal);
    ck_pending_close(&running->pending);
    ck_ledger_close(&running->ledger);
    free(running->handouts_path);
    ck_brake_clear(&running->brake);
    rollout_speech_clear(&running->speech);
}

static struct admin_target *who_of(struct running *running)
{
    return &running->checking.acting.who;
}

/* --- the options --- */

static enum ck_err read_only(struct running *running, struct ck_error *err)
{
    const char *only = option_value(running->options, OPTION_ONLY);

    if (only == NULL)
        return CK_OK;
    running->report.does_apps = strcmp(only, "apps") == 0;
    running->report.does_keys = strcmp(only, "keys") == 0;
    if (running->report.does_apps || running->report.does_keys)
        return CK_OK;
    return ck_error_set(err, CK_ERR_USAGE, "--only takes apps or keys, not '%.100s'", only);
}

static enum ck_err read_numbers(struct running *running, struct ck_error *err)
{
    const struct options *options = running->options;
    enum ck_err r = number_read_of(options, OPTION_JOBS, "number of threads", 1,
                                   UNATTENDED_JOBS_MAX, &running->jobs, err);

    if (r == CK_OK)
        r = number_read_of(options, OPTION_MAX_REFUSALS, "number of refusals", 1, REFUSALS_MAX,
                           &running->max_refusals, err);
    if (r == CK_OK)
        r = number_read_of(options, OPTION_WAIT, "number of seconds", 0, WAIT_MAX_S,
                           &running->wait_s, err);
    if (r == CK_OK)
        r = number_read_of(options, OPTION_LATE, "number of seconds", 0, LATE_MAX_S,
                           &running->late_s, err);
    return r;
}

static enum ck_err read_paths(struct running *running, struct ck_error *err)
{
    enum ck_err r = rollout_ledger_path(running->options, &running->ledger_path, err);

    if (r == CK_OK)
        r = rollout_handouts_path(running->options, &running->handouts_path, err);
    running->report.ledger = running->ledger_path;
    running->report.handouts = running->handouts_path;
    return r;
}

static enum ck_err read_options(struct running *running, struct ck_error *err)
{
    const char *certificate = option_value(running->options, OPTION_SEAL_TO);
    enum ck_err r = read_paths(running, err);

    if (r == CK_OK)
        r = read_only(running, err);
    if (r == CK_OK)
        r = read_numbers(running, err);
    if (r == CK_OK && certificate != NULL)
        r = ck_seal_load(certificate, clock_now_s(), &running->seal, err);
    running->report.sealed = running->seal != NULL;
    return r;
}

/* --- the ledger --- */

static enum ck_err open_ledger(struct running *running, struct ck_error *err)
{
    enum ck_ledger_plan_rule rule =
        option_given(running->options, OPTION_NEW_PLAN) ? CK_LEDGER_NEW_PLAN : CK_LEDGER_SAME_PLAN;
    unsigned refusals = 0;
    size_t kept = 0;

    if (running->ledger != NULL)
        return CK_OK;
    enum ck_err r = ck_ledger_open(running->ledger_path, &running->checking.report.rollout,
                                   who_of(running)->target.settings.host.origin, rule, clock_now_s,
                                   &running->ledger, &kept, err);
    if (r == CK_OK && kept > 0)
        say_always("%zu factor%s of the plan before were begun and are in this one no more: the "
                   "ledger keeps them.",
                   kept, kept == 1 ? "" : "s");
    if (r == CK_OK)
        r = ck_ledger_refusals(running->ledger, &refusals, err);
    return r == CK_OK && refusals >= running->max_refusals
               ? refusals_reached(refusals, (unsigned)running->max_refusals, NULL, err)
               : r;
}

/* Before the server is asked: who goes on is told at once that another run is at it. */
static enum ck_err open_old_ledger(struct running *running, struct ck_error *err)
{
    return access(running->ledger_path, F_OK) == 0 ? open_ledger(running, err) : CK_OK;
}

/* A refused login or API key, before anybody was enrolled, is one all the same. */
static enum ck_err count_refusal(struct running *running, struct ck_error *err)
{
    struct ck_error why;
    unsigned total;

    if (err->code != CK_ERR_REFUSED)
        return err->code;
    if (open_ledger(running, &why) != CK_OK ||
        ck_ledger_add_refusal(running->ledger, &total, &why) != CK_OK)
        say_always("cowkey: that this was refused could not be counted: %s.", why.text);
    return err->code;
}

/* --- the check --- */

static enum ck_err ask_server(struct running *running, struct ck_error *err)
{
    struct rollout_checking *checking = &running->checking;
    CK_CLEANUP(order_clear) struct order untouched = {0};
    enum ck_err r = rollout_checking_open_server(checking, err);

    if (r != CK_OK)
        return r;
    if (running->ledger == NULL)
        return rollout_checking_ask_server(checking, NULL, 0, CK_CHECK_TO_RUN, err);
    r = untouched_rows(&checking->plan, running->ledger, &untouched, err);
    if (r == CK_OK)
        r = rollout_checking_ask_server(checking, untouched.rows, untouched.count, CK_CHECK_TO_RUN,
                                        err);
    return r == CK_OK ? ck_ledger_note_names(running->ledger, &checking->plan, err) : r;
}

/* A clock that is wrong would fail everybody, one after the other. */
static enum ck_err check_clocks(struct running *running, struct ck_error *err)
{
    const struct rollout_check_report *report = &running->checking.report;
    struct ck_ledger_counts counts = {.apps_left = report->counts.methods[CK_ROLLOUT_TOTP]};
    const struct ck_server_clock *clock = &who_of(running)->target.clock;
    enum ck_err r = CK_OK;

    if (running->ledger != NULL)
        r = ck_ledger_count(running->ledger, &counts, err);
    if (r != CK_OK || counts.apps_left == 0 || !running->report.does_apps ||
        option_given(running->options, OPTION_ACCEPT_CLOCK_SKEW))
        return r;
    return ck_clocks_check(clock->known, clock->offset_s, err);
}

/* *ret_runs: nothing is wrong with the plan; else the report of the check says what. */
static enum ck_err check(struct running *running, bool *ret_runs, struct ck_error *err)
{
    struct rollout_checking *checking = &running->checking;
    enum ck_err r = rollout_checking_read_files(checking, err);

    if (r != CK_OK || rollout_check_report_is_bad(&checking->report))
        return r;
    r = rollout_checking_read_server(checking, true, err);
    if (r == CK_OK)
        r = open_old_ledger(running, err);
    if (r != CK_OK)
        return r;
    who_of(running)->target.settings.brake = &running->brake.http;
    if (ask_server(running, err) != CK_OK)
        return count_refusal(running, err);
    *ret_runs = ck_complaints_total(&checking->report.found.problems) == 0;
    return *ret_runs ? check_clocks(running, err) : CK_OK;
}

/* --- who acts --- */

/* From now on the first Ctrl-C lets those in work come to their end, the second cuts them. */
static void let_finish(struct running *running)
{
    struct admin_target *who = who_of(running);

    who->target.settings.cancel = &interrupt_insisted;
    if (who->with_key != NULL)
        ck_admin_set_cancel(who->with_key, &interrupt_insisted);
    if (who->own != NULL)
        ck_admin_set_cancel(who->own, &interrupt_insisted);
}

/* --- the work --- */

static void do_apps(struct running *running)
{
    const struct rollout_apps apps = {
        .options = running->options,
        .all = &running->all,
        .acting = &running->checking.acting,
        .speech = &running->speech,
        .jobs = (unsigned)running->jobs,
        .max_refusals = (unsigned)running->max_refusals,
        .wait_s = running->wait_s,
    };

    rollout_apps_run(&apps, &running->report);
}

static enum ck_err do_keys(struct running *running, struct ck_error *err)
{
    size_t keys = 0;
    enum ck_err r = desk_count(&running->all, &keys, err);

    const struct rollout_desk desk = {
        .options = running->options,
        .all = &running->all,
        .acting = &running->checking.acting,
        .ledger = running->ledger_path,
        .max_refusals = (unsigned)running->max_refusals,
    };
    if (r != CK_OK || keys == 0)
        return r;
    running->report.desk_waits = !prompt_possible();
    if (!running->report.desk_waits)
        rollout_desk_run(&desk, &running->report);
    return CK_OK;
}

static enum ck_err check_hand_outs(struct running *running, struct ck_error *err)
{
    char name[CK_LEDGER_NAME_SIZE + 1];
    struct ck_ledger_counts counts;
    enum ck_err r = ck_ledger_count(running->ledger, &counts, err);

    if (r == CK_OK)
        r = ck_ledger_name(running->ledger, name, err);
    if (r != CK_OK)
        return r;
    return ck_pending_belong(
        running->pending, name,
        counts.states[CK_STEP_PLANNED] < counts.items ? CK_PENDING_BEGUN : CK_PENDING_UNBEGUN, err);
}

/* The ledger has all of it: what a run needs is no more for many people than for a few. */
static void forget_plan(struct running *running)
{
    ck_plan_clear(&running->checking.plan);
    malloc_trim(0);
}

static enum ck_err open_hand_outs(struct running *running, struct ck_error *err)
{
    size_t again = 0;
    enum ck_err r = open_ledger(running, err);

    forget_plan(running);
    if (r == CK_OK)
        r = ck_pending_open(running->handouts_path, &running->pending, err);
    if (r == CK_OK)
        r = check_hand_outs(running, err);
    if (r == CK_OK && option_given(running->options, OPTION_RETRY))
        r = ck_ledger_retry(running->ledger, &again, err);
    if (r == CK_OK && again > 0)
        say(running->options, "%zu factor%s taken up again.", again, again == 1 ? " is" : "s are");
    return r;
}

static void fill_errands(struct running *running)
{
    struct rollout_checking *checking = &running->checking;
    struct acting *acting = &checking->acting;

    running->all = (struct errands){
        .policy = &checking->policy,
        .secrets = checking->report.rollout.secrets,
        .directory = checking->directory,
        .ledger = running->ledger,
        .pending = running->pending,
        .seal = running->seal,
        .settings = &acting->who.target.settings,
        .dialect = acting->who.target.login.dialect,
        .journal = acting->journal,
        .deed = &acting->deed,
        .random = RAND_priv_bytes,
        .accept_clock_skew = option_given(running->options, OPTION_ACCEPT_CLOCK_SKEW),
        .late_s = running->late_s,
    };
    running->report.server = acting->who.target.settings.host.origin;
}

/* What the run before was cut off before. */
static enum ck_err seal_rest(struct running *running, struct ck_error *err)
{
    const struct ck_sheets sheets = {.ledger = running->ledger,
                                     .pending = running->pending,
                                     .seal = running->seal,
                                     .now_s = clock_now_s()};

    return running->seal != NULL ? ck_sheets_make_rest(&sheets, err) : CK_OK;
}

static int work(struct running *running)
{
    struct rollout_run_report *report = &running->report;
    struct ck_error err = {.code = CK_OK};

    fill_errands(running);
    let_finish(running);
    if (report->does_apps)
        do_apps(running);
    if (report->does_keys && report->stop == ROLLOUT_GOES_ON && do_keys(running, &err) != CK_OK)
        rollout_run_report_stop(report, ROLLOUT_BROKEN, &err);
    if (report->stop != ROLLOUT_BROKEN && seal_rest(running, &err) != CK_OK)
        rollout_run_report_stop(report, ROLLOUT_BROKEN, &err);
    if (ck_ledger_count(running->ledger, &report->counts, &err) != CK_OK ||
        ck_ledger_refusals(running->ledger, &report->refusals, &err) != CK_OK) {
        if (report->stop == ROLLOUT_GOES_ON)
            rollout_run_report_stop(report, ROLLOUT_BROKEN, &err);
    }
    return rollout_run_report_print(report);
}

static int run(const struct options *options)
{
    CK_CLEANUP(running_clear) struct running running;
    struct ck_error err = {.code = CK_OK};
    bool runs = false;

    running_init(&running, options);
    enum ck_err r = read_options(&running, &err);
    if (r == CK_OK)
        r = check(&running, &runs, &err);
    if (r == CK_OK && !runs)
        return rollout_checking_refuse(&running.checking);
    if (r == CK_OK)
        r = open_hand_outs(&running, &err);
    return r == CK_OK ? work(&running) : report_error(option_given(options, OPTION_JSON), &err);
}

static const enum option_id own_options[] = {ACTING_OPTIONS,  OPTION_LEDGER,
                                             OPTION_HANDOUTS, OPTION_SEAL_TO,
                                             OPTION_POLICY,   OPTION_SECRETS,
                                             OPTION_JOBS,     OPTION_MAX_REFUSALS,
                                             OPTION_WAIT,     OPTION_LATE,
                                             OPTION_RETRY,    OPTION_NEW_PLAN,
                                             OPTION_ONLY,     OPTION_ACCEPT_CLOCK_SKEW,
                                             OPTION_COUNT};

const struct command command_rollout_run = {
    .words = "rollout run",
    .arguments = "PLAN",
    .summary = "enroll the people of a plan, and go on where that stopped",
    .options = own_options,
    .online = true,
    .changes = true,
    .without_account = true,
    .run = run,
};
