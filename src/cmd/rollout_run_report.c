/* The report of a run. */
#include "rollout_run_report.h"

#include <jansson.h>
#include <stdio.h>

#include "output.h"
#include "rollout_figures.h"
#include "target.h"

void rollout_run_report_stop(struct rollout_run_report *report, enum rollout_stop why,
                             const struct ck_error *err)
{
    report->stop = why;
    report->error = *err;
    if (why == ROLLOUT_INTERRUPTED)
        ck_error_hint(&report->error, "The same command goes on where this one stopped.");
}

static size_t items_left(const struct rollout_run_report *report)
{
    const struct ck_ledger_counts *counts = &report->counts;

    return (report->does_apps ? counts->apps_left : 0) +
           (report->does_keys ? counts->keys_left : 0);
}

/* A person whose new password still has to be put under its forced change has no item left. */
static size_t people_left(const struct rollout_run_report *report)
{
    const struct ck_ledger_counts *counts = &report->counts;

    return (report->does_apps ? counts->people_left[CK_LEDGER_APPS] : 0) +
           (report->does_keys ? counts->people_left[CK_LEDGER_KEYS] : 0);
}

static int status_of(const struct rollout_run_report *report)
{
    const size_t *states = report->counts.states;
    size_t unknown = states[CK_STEP_UNKNOWN] + states[CK_STEP_SUBMITTED] + states[CK_STEP_UNDOING];

    switch (report->stop) {
    case ROLLOUT_REFUSALS:
        return CK_ERR_REFUSED;
    case ROLLOUT_SERVER_AWAY:
        return CK_ERR_UNREACHABLE;
    case ROLLOUT_INTERRUPTED:
        return report->changed ? CK_ERR_UNKNOWN : CK_ERR_INTERRUPTED;
    case ROLLOUT_BROKEN:
        return report->changed || report->error.code == CK_OK ? CK_ERR_UNKNOWN
                                                              : (int)report->error.code;
    case ROLLOUT_GOES_ON:
    case ROLLOUT_QUIT:
        break;
    }
    if (unknown > 0)
        return CK_ERR_UNKNOWN;
    return states[CK_STEP_FAILED] + states[CK_STEP_SKIPPED] + items_left(report) +
                       people_left(report) + report->desk_waits >
                   0
               ? 1
               : 0;
}

/* --- for people --- */

static void print_numbers(const struct rollout_run_report *report)
{
    const struct ck_ledger_counts *counts = &report->counts;
    char text[256] = "";
    int used = 0;

    for (int i = 0; i < CK_STEP_STATES; i++) {
        if (counts->states[i] > 0)
            used +=
                snprintf(text + used, sizeof(text) - (size_t)used, "%s%zu %s", used > 0 ? ", " : "",
                         counts->states[i], ck_step_state_name((enum ck_step_state)i));
    }
    print_result("%zu account%s, %zu factor%s: %s.", counts->people, plural(counts->people),
                 counts->items, plural(counts->items), text);
    print_result("This run brought %zu of them there.", report->items_now);
}

static void print_next_steps(const struct rollout_run_report *report)
{
    const struct options *options = report->options;
    const struct ck_ledger_counts *counts = &report->counts;
    size_t wrong = counts->states[CK_STEP_FAILED] + counts->states[CK_STEP_UNKNOWN];

    if (report->desk_waits && counts->keys_left == 0)
        say(options, "A security key was not told yet to insist on a new PIN, and waits for a "
                     "desk: the same command on a terminal.");
    else if (report->desk_waits)
        say(options,
            "%zu factor%s of %zu account%s are for security keys, and wait for a desk: the "
            "same command on a terminal.",
            counts->keys_left, plural(counts->keys_left), counts->people_left[CK_LEDGER_KEYS],
            plural(counts->people_left[CK_LEDGER_KEYS]));
    if (wrong > 0)
        say(options, "Why, and what helps: cowkey rollout status --ledger %s", report->ledger);
    if (items_left(report) > 0)
        say(options, "The same command goes on with what is left; nothing is done twice.");
    if (counts->states[CK_STEP_SKIPPED] + counts->states[CK_STEP_FAILED] > 0)
        say(options, "With --retry the same command takes up what was skipped or failed.");
    if (counts->states[CK_STEP_PROVED] + counts->states[CK_STEP_RECORDED] == 0)
        return;
    if (report->sealed)
        say(options, "The sealed sheets of those who are done are in %s/sheets", report->handouts);
    else
        say(options, "The sheets for the people: cowkey rollout handout --ledger %s",
            report->ledger);
}

/* --- for scripts --- */

static json_t *stop_json(enum rollout_stop stop)
{
    static const char *const names[] = {
        [ROLLOUT_REFUSALS] = "refusals",       [ROLLOUT_SERVER_AWAY] = "server-away",
        [ROLLOUT_INTERRUPTED] = "interrupted", [ROLLOUT_QUIT] = "quit",
        [ROLLOUT_BROKEN] = "broken",
    };
    return stop == ROLLOUT_GOES_ON ? json_null() : json_string(names[stop]);
}

static void print_document(const struct rollout_run_report *report, const struct ck_error *err)
{
    const struct ck_ledger_counts *counts = &report->counts;
    json_t *left = json_pack("{s:I, s:I}", "apps", (json_int_t)counts->apps_left, "keys",
                             (json_int_t)counts->keys_left);
    json_t *document = json_pack(
        "{s:s, s:s, s:o, s:o, s:I, s:I, s:o, s:o}", "schema", "cowkey.rollout-run/1", "server",
        report->server, "ledger", text_json(report->ledger), "handouts",
        text_json(report->handouts), "people", (json_int_t)counts->people, "items",
        (json_int_t)counts->items, "states", rollout_states_json(counts->states), "left", left);
    json_object_set_new(document, "changed_now", json_integer((json_int_t)report->items_now));
    json_object_set_new(document, "refusals", json_integer((json_int_t)report->refusals));
    json_object_set_new(document, "stopped", stop_json(report->stop));
    json_object_set_new(document, "started", time_json(report->started_s));
    json_object_set_new(document, "finished", time_json(clock_now_s()));
    json_object_set_new(document, "error", err->code == CK_OK ? json_null() : error_json(err));
    print_json(document);
}

int rollout_run_report_print(const struct rollout_run_report *report)
{
    struct ck_error err = report->error;
    int status = status_of(report);

    if (err.code != CK_OK)
        err.code = (enum ck_err)status;
    if (option_given(report->options, OPTION_JSON)) {
        print_document(report, &err);
    } else {
        print_numbers(report);
        print_next_steps(report);
    }
    if (err.code != CK_OK)
        say_error(&err);
    return status;
}
