/* cowkey rollout run */
#include <openssl/rand.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "cowkey/base/cleanup.h"
#include "further_login.h"
#include "interrupt.h"
#include "number.h"
#include "output.h"
#include "prompt.h"
#include "rollout/brake.h"
#include "rollout/unattended.h"
#include "rollout/untouched.h"
#include "rollout_checking.h"
#include "rollout_desk.h"
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
    struct brake brake;
    struct ck_ledger *ledger;
    struct ck_pending *pending;
    struct ck_seal *seal;
    struct errands all;
    pthread_mutex_t speech; /* threads speak one after the other */
    struct progress progress;
    struct rollout_run_report report;
};

static void tell_pause(void *data, int64_t pause_ms);

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
    pthread_mutex_init(&running->speech, NULL);
    brake_init(&running->brake, &brake_usual, tell_pause, running);
}

static void running_clear(struct running *running)
{
    rollout_checking_clear(&running->checking);
    ck_seal_free(&running->seal);
    ck_pending_close(&running->pending);
    ck_ledger_close(&running->ledger);
    free(running->handouts_path);
    brake_clear(&running->brake);
    pthread_mutex_destroy(&running->speech);
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
    const char *handouts = option_value(running->options, OPTION_HANDOUTS);

    running->ledger_path = option_value(running->options, OPTION_LEDGER);
    if (running->ledger_path == NULL) {
        ck_error_set(err, CK_ERR_USAGE, "--ledger is missing");
        return ck_error_hint(err, "It is the file that knows what is done and what is left: name a "
                                  "new one for a new roll-out, and always the same to go on.");
    }
    int r = handouts != NULL
                ? asprintf(&running->handouts_path, "%s", handouts)
                : asprintf(&running->handouts_path, "%s.handouts", running->ledger_path);
    if (r < 0)
        return ck_error_no_memory(err);
    running->report.ledger = running->ledger_path;
    running->report.handouts = running->handouts_path;
    return CK_OK;
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

static enum ck_err too_many_refusals(const struct running *running, unsigned refusals,
                                     struct ck_error *err)
{
    ck_error_set(err, CK_ERR_REFUSED,
                 "this roll-out was refused %u times so far, and --max-refusals is %d", refusals,
                 (int)running->max_refusals);
    return ck_error_hint(err,
                         "The server counts the failures of this address, and shuts it out after "
                         "some more; it forgets them after 10 quiet minutes. Put right what was "
                         "refused ('cowkey rollout status' names it), then go on with a higher "
                         "--max-refusals.");
}

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
               ? too_many_refusals(running, refusals, err)
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
    struct ck_plan untouched = {.items = NULL};
    enum ck_err r = rollout_checking_open_server(checking, err);

    if (r != CK_OK)
        return r;
    if (running->ledger == NULL)
        return rollout_checking_ask_server(checking, &checking->plan, err);
    r = untouched_rows(&checking->plan, running->ledger, &untouched, err);
    if (r == CK_OK)
        r = rollout_checking_ask_server(checking, &untouched, err);
    for (size_t i = 0; i < untouched.count; i++)
        free(untouched.items[i].display_name); /* the ledger has its people by now */
    free(untouched.items);
    return r;
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
    return CK_OK;
}

static const struct ck_complaint *first_complaint(const struct ck_complaints *complaints,
                                                  const char *path, const char **ret_path)
{
    *ret_path = path;
    return complaints->count > 0 ? &complaints->rows[0] : NULL;
}

/* A person gets the whole list, as from a check; a script gets the first, and where the rest is. */
static int refuse_plan(struct running *running)
{
    struct rollout_check_report *report = &running->checking.report;
    const struct ck_complaint *first = NULL;
    const char *path = "";
    size_t count = ck_complaints_total(&report->found.problems);
    struct ck_error err;

    for (int i = 0; i < ROLLOUT_FILES; i++) {
        count += ck_complaints_total(&report->files[i].complaints);
        if (first == NULL)
            first = first_complaint(&report->files[i].complaints, report->files[i].path, &path);
    }
    if (first == NULL)
        first = first_complaint(&report->found.problems, report->files[ROLLOUT_PLAN].path, &path);
    if (!option_given(running->options, OPTION_JSON)) {
        rollout_check_report_print(report);
        return CK_ERR_USAGE;
    }
    ck_error_set(&err, CK_ERR_USAGE, "the plan can't run: %.100s:%zu: %.200s%s", path,
                 first != NULL ? first->line : 0, first != NULL ? first->text : "",
                 count > 1 ? ", and more" : "");
    ck_error_hint(&err, "Nobody was enrolled. 'cowkey rollout check' lists all that is wrong.");
    return report_error(true, &err);
}

/* --- what is said meanwhile --- */

static void begin_speech(struct running *running)
{
    pthread_mutex_lock(&running->speech);
    progress_clear(&running->progress);
}

static void end_speech(struct running *running)
{
    pthread_mutex_unlock(&running->speech);
}

static void tell_pause(void *data, int64_t pause_ms)
{
    struct running *running = data;

    begin_speech(running);
    say(running->options, "The server asks for fewer requests: waiting %lld s ...",
        (long long)(pause_ms + 999) / 1000);
    end_speech(running);
}

static void tell_progress(void *data, const struct unattended_progress *progress)
{
    struct running *running = data;
    char what[64];

    snprintf(what, sizeof(what), progress->failed > 0 ? "apps, %zu failed" : "apps",
             progress->failed);
    pthread_mutex_lock(&running->speech);
    progress_show(&running->progress, what, (double)progress->done / (double)progress->count,
                  progress->done, "people");
    pthread_mutex_unlock(&running->speech);
}

static void tell_news(void *data, enum unattended_news news, int64_t number,
                      const struct ck_error *why)
{
    struct running *running = data;
    const struct options *options = running->options;

    begin_speech(running);
    switch (news) {
    case UNATTENDED_LATE:
        say(options,
            "The answers to the last requests were cut off. In %lld s it is looked what "
            "the server did of them ...",
            (long long)number);
        break;
    case UNATTENDED_AWAY:
        say(options, "The server is away: %s. Waiting for it, for %lld s at most ...", why->text,
            (long long)number);
        break;
    case UNATTENDED_BACK:
        say(options, "The server is back.");
        break;
    case UNATTENDED_ENDING:
        say(options, "Finishing the %lld in work; another Ctrl-C breaks them off.",
            (long long)number);
        break;
    }
    end_speech(running);
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

static enum ck_err open_operator(void *data, struct unattended_operator *ret_operator,
                                 struct ck_error *err)
{
    struct running *running = data;
    const struct admin_target *who = who_of(running);
    struct unattended_operator operator= {.by = running->checking.acting.by};
    enum ck_err r = CK_OK;

    if (who->logs_in)
        r = further_login_open(who, &operator.session, err);
    if (r == CK_OK)
        r = who->api_key != NULL
                ? ck_admin_open_key(&who->target.settings, who->target.login.dialect, who->api_key,
                                    &operator.admin, err)
                : ck_admin_open_session(operator.session, &operator.admin, err);
    if (r != CK_OK) {
        unattended_operator_clear(&operator);
        return r;
    }
    operator.by.session = operator.session;
    operator.by.admin = operator.admin;
    *ret_operator = operator;
    return CK_OK;
}

/* --- the work --- */

static void stop(struct running *running, enum rollout_stop why, const struct ck_error *err)
{
    running->report.stop = why;
    running->report.error = *err;
}

static void explain_stop(struct running *running, const struct unattended_result *result,
                         struct ck_error *err)
{
    static const enum rollout_stop stops[] = {
        [UNATTENDED_DONE] = ROLLOUT_GOES_ON,
        [UNATTENDED_REFUSALS] = ROLLOUT_REFUSALS,
        [UNATTENDED_SERVER_AWAY] = ROLLOUT_SERVER_AWAY,
        [UNATTENDED_INTERRUPTED] = ROLLOUT_INTERRUPTED,
        [UNATTENDED_BROKEN] = ROLLOUT_BROKEN,
    };
    char last[CK_ERROR_TEXT_MAX];

    if (result->stop == UNATTENDED_REFUSALS) {
        snprintf(last, sizeof(last), "%s", err->text);
        ck_error_set(err, CK_ERR_REFUSED,
                     "stopped at %d refusals (--max-refusals), the last: %.400s",
                     (int)running->max_refusals, last);
        ck_error_hint(err, "The server counts the failures of this address, and forgets them after "
                           "10 quiet minutes. 'cowkey rollout status' names what was refused; put "
                           "it right, then go on with a higher --max-refusals.");
    }
    if (result->stop == UNATTENDED_SERVER_AWAY && running->wait_s == 0)
        ck_error_hint(err,
                      "The same command goes on when it is back; --wait SECONDS waits for it.");
    if (result->stop == UNATTENDED_INTERRUPTED)
        ck_error_hint(err, "The same command goes on where this one stopped.");
    stop(running, stops[result->stop], err);
}

static void do_apps(struct running *running)
{
    struct admin_target *who = who_of(running);
    bool one_only = who->logs_in && further_login_needs_person(running->options, who);
    struct unattended_result result;
    struct ck_error err = {.code = CK_OK};

    if (one_only && running->jobs > 1)
        say(running->options, "One thread only: each further login would need a code or a touch.");
    const struct unattended run = {
        .all = &running->all,
        .jobs = one_only ? 1 : (unsigned)running->jobs,
        .by = &running->checking.acting.by,
        .open = one_only ? NULL : open_operator,
        .max_refusals = (unsigned)running->max_refusals,
        .wait_s = running->wait_s,
        .ending = &interrupt_noted,
        .tell_progress = tell_progress,
        .tell_news = tell_news,
        .data = running,
    };
    progress_begin(&running->progress, running->options);
    if (unattended_run(&run, &result, &err) != CK_OK)
        explain_stop(running, &result, &err);
    progress_clear(&running->progress);
    running->report.items_now += result.items;
    running->report.changed = running->report.changed || result.changed;
}

static enum ck_err do_keys(struct running *running, struct ck_error *err)
{
    struct ck_ledger_counts counts;
    enum ck_err r = ck_ledger_count(running->ledger, &counts, err);

    const struct rollout_desk desk = {
        .options = running->options,
        .all = &running->all,
        .acting = &running->checking.acting,
        .ledger = running->ledger_path,
        .max_refusals = (unsigned)running->max_refusals,
    };
    if (r != CK_OK || counts.keys_left == 0)
        return r;
    running->report.desk_waits = !prompt_possible();
    if (!running->report.desk_waits)
        rollout_desk_run(&desk, &running->report);
    return CK_OK;
}

static enum ck_err open_hand_outs(struct running *running, struct ck_error *err)
{
    size_t again = 0;
    enum ck_err r = open_ledger(running, err);

    if (r == CK_OK)
        r = ck_pending_open(running->handouts_path, &running->pending, err);
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
        stop(running, ROLLOUT_BROKEN, &err);
    if (report->stop != ROLLOUT_BROKEN && seal_rest(running, &err) != CK_OK)
        stop(running, ROLLOUT_BROKEN, &err);
    if (ck_ledger_count(running->ledger, &report->counts, &err) != CK_OK ||
        ck_ledger_refusals(running->ledger, &report->refusals, &err) != CK_OK) {
        if (report->stop == ROLLOUT_GOES_ON)
            stop(running, ROLLOUT_BROKEN, &err);
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
        return refuse_plan(&running);
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
