/* A roll-out as a page for a browser. */
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/report/html.h"
#include "output.h"
#include "rollout_report.h"
#include "spool.h"

static const char *const state_classes[CK_STEP_STATES] = {
    [CK_STEP_PLANNED] = "unknown", [CK_STEP_PREPARED] = "unknown", [CK_STEP_SUBMITTED] = "doubt",
    [CK_STEP_RECORDED] = "good",   [CK_STEP_PROVED] = "good",      [CK_STEP_FAILED] = "bad",
    [CK_STEP_UNKNOWN] = "doubt",   [CK_STEP_SKIPPED] = "bad",      [CK_STEP_UNDOING] = "doubt",
};

enum ck_err rollout_page_begin(struct rollout_report *report, struct ck_error *err)
{
    enum ck_err r = spool_open(&report->accounts, err);

    if (r == CK_OK)
        r = spool_open(&report->problems, err);
    return r == CK_OK ? spool_open(&report->passwords, err) : r;
}

/* --- rows --- */

static void put_cell(FILE *to, const char *attributes, const char *text)
{
    fprintf(to, "<td%s>", attributes);
    ck_html_text(to, text);
    fputs("</td>", to);
}

static void put_state(FILE *to, const struct ck_ledger_item *item)
{
    fprintf(to, "<td class=\"%s\">%s</td>",
            rollout_standing(item) == ROLLOUT_LEFT && item->state == CK_STEP_RECORDED
                ? "doubt"
                : state_classes[item->state],
            ck_step_state_name(item->state));
}

static void put_cause(FILE *to, const char *cause, const char *cure)
{
    fputs("<td>", to);
    ck_html_text(to, cause);
    fputs("</td><td>", to);
    ck_html_text(to, cure);
    fputs("</td></tr>\n", to);
}

static void put_account(FILE *to, const struct ck_ledger_person *person,
                        const struct ck_ledger_item *item, const struct ck_ledger_key *key)
{
    char name[ROLLOUT_ITEM_NAME_MAX], finished[ROLLOUT_TIME_MAX];
    const char *model = key != NULL ? rollout_key_model(key) : NULL;

    fputs("<tr>", to);
    put_cell(to, " class=\"name\"", person->account.name);
    put_cell(to, " class=\"word\"", person->group);
    rollout_item_name(item, name);
    put_cell(to, " class=\"word\"", name);
    put_state(to, item);
    put_cell(to, "", model != NULL ? model : key != NULL ? key->aaguid : "");
    put_cell(to, " class=\"word\"", key != NULL ? key->serial : "");
    put_cell(to, " class=\"short\"", key != NULL ? key->firmware : "");
    rollout_time_text(rollout_item_finished_s(item), finished);
    put_cell(to, " class=\"short\"", finished);
    fputs("</tr>\n", to);
}

void rollout_page_item(struct rollout_report *report, const struct ck_ledger_person *person,
                       const struct ck_ledger_item *item, const struct ck_ledger_key *key)
{
    char name[ROLLOUT_ITEM_NAME_MAX];

    if (person->id != report->last_person && rollout_password_waits(person->password)) {
        fputs("<tr>", report->passwords);
        put_cell(report->passwords, " class=\"name\"", person->account.name);
        put_cause(report->passwords, rollout_password_cause(person->password),
                  rollout_password_cure(person->password, item != NULL));
    }
    report->last_person = person->id;
    if (item == NULL)
        return;
    put_account(report->accounts, person, item, key);
    if (!rollout_item_is_problem(item))
        return;
    report->problems_count++;
    fputs("<tr>", report->problems);
    put_cell(report->problems, " class=\"name\"", person->account.name);
    rollout_item_name(item, name);
    put_cell(report->problems, " class=\"word\"", name);
    put_state(report->problems, item);
    put_cause(report->problems, rollout_item_cause(item), rollout_item_cure(item));
}

/* --- what stands above them --- */

static void put_about(FILE *to, const struct rollout_report *report)
{
    const struct rollout_tally *tally = &report->figures.tally;
    const struct ck_ledger_history *history = &report->figures.history;
    size_t failed = tally->all.states[CK_STEP_FAILED] + tally->all.states[CK_STEP_SKIPPED];
    char now[ROLLOUT_TIME_MAX], begun[ROLLOUT_TIME_MAX], changed[ROLLOUT_TIME_MAX];
    char runner[ROLLOUT_RUNNER_MAX];

    rollout_time_text(report->started_s, now);
    rollout_time_text(history->begun_s, begun);
    rollout_time_text(history->changed_s, changed);
    fprintf(to, "<p class=\"soft\">%s, by cowkey %s. Accounts: %zu, factors: %zu. ", now,
            COWKEY_VERSION, tally->people, tally->all.items);
    if (history->begun_s != 0)
        fprintf(to, "Begun %s, last change %s.", begun, changed);
    else
        fputs("Nothing was done yet.", to);
    if (history->refusals > 0)
        fprintf(to, " Refused logins, codes and API keys: %u.", history->refusals);
    rollout_runner_text(&report->figures, runner);
    fprintf(to, "%s%s", *runner != '\0' ? " " : "", runner);
    fputs("</p>\n", to);
    if (rollout_tally_is_done(tally)) {
        fputs("<p>All is done.</p>\n", to);
        return;
    }
    fprintf(to,
            "<p class=\"alarm\"><strong>This is not all:</strong> %zu failed or skipped, %zu "
            "unknown, %zu of apps and %zu of security keys left to do",
            failed, tally->all.states[CK_STEP_UNKNOWN], tally->apps_left, tally->keys_left);
    if (tally->passwords_waiting > 0)
        fprintf(to, ", %zu new password%s not forced to be changed yet", tally->passwords_waiting,
                plural(tally->passwords_waiting));
    fputs(".</p>\n", to);
}

/* A bar for each method of a group. */
static size_t add_bars(const struct rollout_group *group, struct ck_chart_bar *bars,
                       char (*labels)[CK_GROUP_NAME_MAX + 16])
{
    size_t count = 0;

    for (int i = 0; i < CK_ROLLOUT_METHODS; i++) {
        snprintf(labels[count], sizeof(*labels), "%s%s%s", group->name,
                 *group->name != '\0' ? ", " : "",
                 ck_rollout_method_name((enum ck_rollout_method)i));
        bars[count].label = labels[count];
        for (int j = 0; j < ROLLOUT_STANDINGS; j++)
            bars[count].parts[j] = group->standings[i][j];
        count++;
    }
    return count;
}

static enum ck_err put_coverage(FILE *to, const struct rollout_tally *tally, struct ck_error *err)
{
    static const char *const names[ROLLOUT_STANDINGS] = {"done", "failed or skipped", "unknown",
                                                         "left"};
    size_t max = (tally->groups_count + 1) * CK_ROLLOUT_METHODS, count = 0;
    CK_CLEANUP(ck_free_p) struct ck_chart_bar *bars = calloc(max, sizeof(*bars));
    CK_CLEANUP(ck_free_p) char(*labels)[CK_GROUP_NAME_MAX + 16] = calloc(max, sizeof(*labels));

    if (bars == NULL || labels == NULL)
        return ck_error_no_memory(err);
    fputs("<h2>Coverage</h2>\n", to);
    count = add_bars(&tally->all, bars, labels);
    ck_html_chart(to, "Factors, by method", names, ROLLOUT_STANDINGS, bars, count);
    fprintf(to,
            "<p class=\"soft\">Done: %zu proved by a login of their own, %zu recorded (the "
            "server's list shows them), where the group wants no more.</p>\n",
            tally->all.states[CK_STEP_PROVED],
            tally->all.standings[0][ROLLOUT_DONE] + tally->all.standings[1][ROLLOUT_DONE] +
                tally->all.standings[2][ROLLOUT_DONE] - tally->all.states[CK_STEP_PROVED]);
    if (tally->groups_count < 2)
        return CK_OK;
    fputs("<h2>By group</h2>\n", to);
    count = 0;
    for (size_t i = 0; i < tally->groups_count; i++)
        count += add_bars(&tally->groups[i], bars + count, labels + count);
    ck_html_chart(to, "Factors, by group and method", names, ROLLOUT_STANDINGS, bars, count);
    return CK_OK;
}

static void put_pace(FILE *to, const struct rollout_pace *pace)
{
    const char *unit = pace->unit_s == 3600            ? "hour"
                       : pace->unit_s == 24 * 3600     ? "day"
                       : pace->unit_s == 7 * 24 * 3600 ? "week"
                                                       : "four weeks";
    struct ck_chart_column columns[ROLLOUT_PACE_MAX];
    char labels[ROLLOUT_PACE_MAX][ROLLOUT_TIME_MAX], title[64];
    size_t total = 0;

    if (pace->times_count == 0)
        return;
    for (size_t i = 0; i < pace->times_count; i++) {
        rollout_time_text(pace->times[i].begin_s, labels[i]);
        if (pace->unit_s > 3600)
            labels[i][strcspn(labels[i], " ")] = '\0';
        columns[i].label = labels[i];
        columns[i].count = pace->times[i].count;
        total += pace->times[i].count;
    }
    snprintf(title, sizeof(title), "Factors enrolled, by %s", unit);
    fputs("<h2>Pace</h2>\n", to);
    ck_html_columns(to, title, columns, pace->times_count);
    fprintf(to,
            "<p class=\"soft\">Factors enrolled in each %s, on average %zu; those without "
            "any are left out.</p>\n",
            unit, (total + pace->times_count / 2) / pace->times_count);
}

static void put_sheets(FILE *to, const struct rollout_sheets *sheets)
{
    if (sheets->sheets + sheets->letters == 0)
        return;
    fprintf(to,
            "<h2>Hand-outs</h2>\n<p>Sheets: %zu, PIN letters: %zu; of these sealed: %zu, deleted: "
            "%zu.</p>\n",
            sheets->sheets, sheets->letters, sheets->sealed, sheets->deleted);
    if (sheets->open > 0)
        fprintf(to, "<p class=\"alarm\">In the clear and not deleted yet: %zu.</p>\n",
                sheets->open);
}

/* --- the whole --- */

static void put_table(FILE *to, const char *title, const char *columns, FILE *rows)
{
    fprintf(to, "<h2>%s</h2>\n<div class=\"wide\"><table>\n<thead><tr>%s</tr></thead>\n<tbody>\n",
            title, columns);
    spool_copy(rows, to);
    fputs("</tbody>\n</table></div>\n", to);
}

static enum ck_err put_page(FILE *to, struct rollout_report *report, struct ck_error *err)
{
    const char *server = ck_ledger_server(report->ledger), *scheme = strstr(server, "://");
    char title[512];

    snprintf(title, sizeof(title), "Roll-out on %s",
             scheme != NULL ? scheme + strlen("://") : server);
    ck_html_begin(to, title);
    put_about(to, report);
    enum ck_err r = put_coverage(to, &report->figures.tally, err);
    if (r != CK_OK)
        return r;
    put_pace(to, &report->pace);
    if (report->problems_count > 0)
        put_table(to, "Failed, unknown, skipped or between two steps",
                  "<th>Account</th><th>Factor</th><th>State</th><th>What happened</th><th>What to "
                  "do</th>",
                  report->problems);
    if (report->figures.tally.passwords_waiting > 0)
        put_table(to, "New passwords not forced to be changed yet",
                  "<th>Account</th><th>What happened</th><th>What to do</th>", report->passwords);
    put_sheets(to, &report->figures.sheets);
    put_table(to, "Accounts and keys",
              "<th>Account</th><th>Group</th><th>Factor</th><th>State</th><th>Key</th><th>Serial "
              "number</th><th>Firmware</th><th>Ended</th>",
              report->accounts);
    ck_html_end(to);
    return CK_OK;
}

enum ck_err rollout_page_write(struct rollout_report *report, struct ck_error *err)
{
    FILE *const rows[] = {report->accounts, report->problems, report->passwords};
    CK_CLEANUP(spool_close) FILE *page = NULL;
    enum ck_err r = spool_open(&page, err);

    if (r == CK_OK)
        r = put_page(page, report, err);
    for (size_t i = 0; r == CK_OK && i < sizeof(rows) / sizeof(*rows); i++)
        r = spool_check(rows[i], "page", err);
    return r == CK_OK ? spool_keep(page, "page", report->html, err) : r;
}
