/* An audit for people: a table for each list, and in the end what it all means. */
#include <stdlib.h>
#include <string.h>

#include "audit_report.h"
#include "cowkey/base/cleanup.h"
#include "output.h"
#include "output_table.h"

static void put_table(struct audit_report *report, const struct ck_table *table)
{
    struct ck_error err;

    if (print_table(table, &err) != CK_OK)
        report->short_of_memory = true;
}

/* --- a list --- */

void audit_text_begin(struct audit_report *report)
{
    static const char *const headers[] = {"ACCOUNT",  "ACTIVE", "SECOND FACTOR",
                                          "PASSKEYS", "FORCED", "FINDINGS"};
    struct ck_error err;

    ck_table_free(&report->table);
    if (ck_table_new(headers, sizeof(headers) / sizeof(*headers), &report->table, &err) != CK_OK)
        report->short_of_memory = true;
}

/* What other columns show is not repeated; what was not seen has its own signs there. */
static bool is_shown_elsewhere(enum ck_finding finding)
{
    return finding == CK_FINDING_NOT_VISIBLE || finding == CK_FINDING_PASSKEYS_NOT_VISIBLE;
}

static void put_finding(void *to, enum ck_finding finding, enum ck_level level)
{
    if (is_shown_elsewhere(finding))
        return;
    if (ftello(to) > 0)
        fputs(", ", to);
    if (level == CK_LEVEL_CRITICAL)
        fputs("CRITICAL:", to);
    fputs(ck_finding_about(finding)->name, to);
}

static char *findings_text(const struct ck_audited *audited)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);

    if (to == NULL)
        return NULL;
    if (audited->facts.excepted == CK_EXCEPTION_ACTIVE && audited->findings != 0)
        fprintf(to, "(excepted until %s)", audited->exception->last_day);
    else
        audit_each_finding(audited->findings, audited->account.role, put_finding, to);
    if (audited->unopened != NULL)
        fprintf(to, "%snot opened: %s", ftello(to) > 0 ? ", " : "", audited->unopened);
    fclose(to);
    return text;
}

static void format_state(const struct ck_audited *audited, char *text, size_t size)
{
    const char *name = ck_second_factor_name(audited->second_factor);

    if (audited->facts.factors > 0)
        snprintf(text, size, "%s (%d)", name, audited->facts.factors);
    else
        snprintf(text, size, "%s", name);
}

void audit_text_account(struct audit_report *report, const struct ck_audited *audited)
{
    CK_CLEANUP(ck_free_p) char *findings = findings_text(audited);
    const struct ck_facts *facts = &audited->facts;
    char state[32], passkeys[16] = "?";
    struct ck_error err;

    format_state(audited, state, sizeof(state));
    if (facts->passkeys >= 0)
        snprintf(passkeys, sizeof(passkeys), "%d", facts->passkeys);
    const char *cells[] = {
        audited->account.name,          audit_yes_no(facts->active),     state, passkeys,
        audit_yes_no(facts->force_tfa), findings != NULL ? findings : ""};
    if (report->table == NULL || findings == NULL ||
        ck_table_add(report->table, cells, &err) != CK_OK)
        report->short_of_memory = true;
}

void audit_text_end_list(struct audit_report *report, const struct ck_audit_list *list)
{
    char title[512];

    audit_list_title(list, title, sizeof(title));
    if (report->begun)
        print_result("%s", "");
    report->begun = true;
    print_result("%s: %zu", title, list->count);
    if (list->count > 0 && report->table != NULL)
        put_table(report, report->table);
    ck_table_free(&report->table);
}

/* --- the end --- */

static void add_found(void *data, enum ck_finding finding, enum ck_level level, size_t count)
{
    struct audit_report *report = data;
    const struct ck_finding_about *about = ck_finding_about(finding);
    CK_CLEANUP(ck_free_p) char *text = NULL;
    char number[24];
    struct ck_error err;

    if (finding == CK_FINDING_RELEASE)
        strcpy(number, "the server");
    else
        snprintf(number, sizeof(number), "%zu", count);
    const char *cells[] = {ck_level_name(level), about->name, number, ""};
    if (asprintf(&text, "%s %s", about->sentence, about->cure) < 0)
        text = NULL;
    cells[3] = text != NULL ? text : "";
    if (text == NULL || ck_table_add(report->table, cells, &err) != CK_OK)
        report->short_of_memory = true;
}

static void print_findings(struct audit_report *report)
{
    static const char *const headers[] = {"LEVEL", "FINDING", "ACCOUNTS",
                                          "WHAT IT MEANS, AND WHAT TO DO"};
    const struct ck_audit_summary *summary = &report->summary;
    struct ck_error err;

    print_result("%s", "");
    if (summary->levels[CK_LEVEL_INFO] + summary->levels[CK_LEVEL_WARNING] +
            summary->levels[CK_LEVEL_CRITICAL] ==
        0) {
        print_result("No findings.");
        return;
    }
    if (ck_table_new(headers, sizeof(headers) / sizeof(*headers), &report->table, &err) != CK_OK) {
        report->short_of_memory = true;
        return;
    }
    audit_each_found(summary, add_found, report);
    put_table(report, report->table);
}

static void print_coverage(const struct ck_audit_summary *summary)
{
    for (int role = CK_ROLE_ADMIN; role >= 0; role--) {
        const size_t *states = summary->states[role];
        size_t total = 0;
        for (int state = 0; state < CK_SECOND_FACTORS_COUNT; state++)
            total += states[state];
        if (total > 0)
            print_result("Second factors of %s: %zu present, %zu absent, %zu disabled, %zu not "
                         "visible, of %zu.",
                         ck_role_noun((enum ck_role)role, true), states[CK_SECOND_FACTOR_PRESENT],
                         states[CK_SECOND_FACTOR_ABSENT], states[CK_SECOND_FACTOR_DISABLED],
                         states[CK_SECOND_FACTOR_NOT_VISIBLE], total);
    }
}

static void print_exceptions(const struct audit_report *report, const struct ck_error *why)
{
    const struct ck_exception *expired, *unmatched;
    size_t at = 0;

    if (report->summary.excepted > 0)
        print_result("Excepted, and their findings not counted: %zu.", report->summary.excepted);
    while ((expired = ck_exceptions_next_expired(report->exceptions, report->started_s, &at)) !=
           NULL)
        print_result("warning: the exception for %s (line %zu) expired on %s: %s", expired->pattern,
                     expired->line, expired->last_day, expired->reason);
    at = 0;
    while ((unmatched = audit_next_unmatched(report, why, &at)) != NULL)
        print_result("note: the exception for %s (line %zu) matches no account that was seen: %s",
                     unmatched->pattern, unmatched->line, unmatched->reason);
}

void audit_text_end(struct audit_report *report, const struct ck_error *why)
{
    print_findings(report);
    print_result("%s", "");
    print_coverage(&report->summary);
    print_exceptions(report, why);
    if (why != NULL)
        print_result("This is not all: the audit was not finished.");
}
