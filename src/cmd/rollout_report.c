/* cowkey rollout report */
#include "rollout_report.h"

#include <jansson.h>
#include <string.h>

#include "command.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/file.h"
#include "interrupt.h"
#include "output.h"
#include "rollout_paths.h"
#include "spool.h"
#include "target.h"

static void report_clear(struct rollout_report *report)
{
    spool_close(&report->table);
    spool_close(&report->problems);
    spool_close(&report->passwords);
    spool_close(&report->accounts);
    rollout_tally_clear(&report->figures.tally);
    ck_ledger_close(&report->ledger);
}

static enum ck_err read_request(struct rollout_report *report, struct ck_error *err)
{
    report->csv = option_value(report->options, OPTION_CSV);
    report->html = option_value(report->options, OPTION_HTML);
    if (report->csv == NULL && report->html == NULL) {
        ck_error_set(err, CK_ERR_USAGE, "no file for the report is given");
        return ck_error_hint(err, "Say --csv for a table, --html for a page, or both.");
    }
    if (report->csv != NULL && report->html != NULL && strcmp(report->csv, report->html) == 0)
        return ck_error_set(err, CK_ERR_USAGE, "--csv and --html name the same file");
    enum ck_err r = ck_file_check_new(report->csv, err);
    return r == CK_OK ? ck_file_check_new(report->html, err) : r;
}

/* --- reading --- */

static enum ck_err take_item(void *data, const struct ck_ledger_person *person,
                             const struct ck_ledger_item *item, const struct ck_ledger_key *key,
                             struct ck_error *err)
{
    struct rollout_report *report = data;

    if (interrupt_noted)
        return ck_error_set(err, CK_ERR_INTERRUPTED, "interrupted");
    enum ck_err r = rollout_tally_add(&report->figures.tally, person, item, err);
    if (r == CK_OK && item != NULL && report->csv != NULL)
        r = rollout_csv_item(report, person, item, key, err);
    if (r == CK_OK && report->html != NULL)
        rollout_page_item(report, person, item, key);
    return r;
}

static enum ck_err read_ledger(struct rollout_report *report, struct ck_error *err)
{
    enum ck_err r = rollout_figures_begin(&report->figures, report->ledger, NULL, err);

    if (r == CK_OK)
        r = ck_ledger_walk_pace(report->ledger, rollout_pace_add, &report->pace, err);
    return r == CK_OK ? rollout_figures_walk(report->ledger, NULL, take_item, report, err) : r;
}

/* --- writing --- */

static enum ck_err write_files(struct rollout_report *report, struct ck_error *err)
{
    enum ck_err r = CK_OK;

    if (report->csv != NULL)
        r = spool_keep(report->table, "table", report->csv, err);
    if (r != CK_OK || report->html == NULL)
        return r;
    r = rollout_page_write(report, err);
    if (r != CK_OK && report->csv != NULL)
        ck_error_hint(err, "The table is in %.300s; only the page is missing.", report->csv);
    return r;
}

static void print_document(const struct rollout_report *report)
{
    json_t *document =
        json_pack("{s:s, s:o, s:o, s:o}", "schema", "cowkey.rollout-report/1", "server",
                  text_json(ck_ledger_server(report->ledger)), "csv",
                  text_or_null_json(report->csv), "html", text_or_null_json(report->html));

    json_object_update_new(document, rollout_figures_json(&report->figures));
    json_object_set_new(document, "started", time_json(report->started_s));
    json_object_set_new(document, "finished", time_json(clock_now_s()));
    print_json(document);
}

static void print_names(const struct rollout_report *report)
{
    const struct rollout_tally *tally = &report->figures.tally;

    say(report->options, "Of %zu account%s and %zu factor%s; readable by you only:", tally->people,
        tally->people == 1 ? "" : "s", tally->all.items, tally->all.items == 1 ? "" : "s");
    if (report->csv != NULL)
        print_result("%s", report->csv);
    if (report->html != NULL)
        print_result("%s", report->html);
}

static int run(const struct options *options)
{
    CK_CLEANUP(report_clear)
    struct rollout_report report = {.options = options, .started_s = clock_now_s()};
    struct ck_error err = {.code = CK_OK};
    bool json = option_given(options, OPTION_JSON);
    enum ck_err r = read_request(&report, &err);

    if (r == CK_OK)
        r = rollout_ledger_open(options, &report.ledger, &err);
    if (r == CK_OK && report.csv != NULL)
        r = rollout_csv_begin(&report, &err);
    if (r == CK_OK && report.html != NULL)
        r = rollout_page_begin(&report, &err);
    if (r == CK_OK)
        r = read_ledger(&report, &err);
    if (r == CK_OK)
        r = write_files(&report, &err);
    if (r != CK_OK)
        return report_error(json, &err);
    if (json)
        print_document(&report);
    else
        print_names(&report);
    return 0;
}

static const enum option_id own_options[] = {OPTION_LEDGER, OPTION_CSV, OPTION_HTML, OPTION_COUNT};

const struct command command_rollout_report = {
    .words = "rollout report",
    .summary = "a table or a page of a roll-out's accounts, factors and keys",
    .options = own_options,
    .without_account = true,
    .without_secrets = true,
    .run = run,
};
