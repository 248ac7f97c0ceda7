/* An audit as a page for a browser. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audit_report.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/file.h"
#include "cowkey/report/html.h"
#include "spool.h"
#include "target.h"

static const char *const level_classes[CK_LEVELS_COUNT] = {"unknown", "doubt", "bad"};
static const char *const state_classes[CK_SECOND_FACTORS_COUNT] = {
    [CK_SECOND_FACTOR_PRESENT] = "good",
    [CK_SECOND_FACTOR_ABSENT] = "bad",
    [CK_SECOND_FACTOR_DISABLED] = "doubt",
    [CK_SECOND_FACTOR_NOT_VISIBLE] = "unknown",
};

enum ck_err audit_page_open(struct audit_report *report, struct ck_error *err)
{
    enum ck_err r = ck_file_check_new(report->html, err);

    return r == CK_OK ? spool_open(&report->rows, err) : r;
}

/* --- rows --- */

void audit_page_begin_list(struct audit_report *report, const struct ck_audit_list *list)
{
    char title[512];

    audit_list_title(list, title, sizeof(title));
    fputs("<tbody>\n<tr><th scope=\"rowgroup\" colspan=\"6\">", report->rows);
    ck_html_text(report->rows, title);
    fprintf(report->rows, " <span class=\"soft\">%zu</span></th></tr>\n", list->count);
}

void audit_page_end_list(struct audit_report *report)
{
    fputs("</tbody>\n", report->rows);
}

static void put_tag(void *to, enum ck_finding finding, enum ck_level level)
{
    const char *name = ck_finding_about(finding)->name;

    fprintf(to, "<a class=\"tag %s\" href=\"#%s-%s\">%s</a>", level_classes[level], name,
            ck_level_name(level), name);
}

static void put_exception(FILE *to, const struct ck_audited *audited)
{
    if (audited->exception == NULL || audited->facts.excepted == CK_EXCEPTION_NONE)
        return;
    fprintf(to, "<div class=\"soft\">%s ",
            audited->facts.excepted == CK_EXCEPTION_ACTIVE ? "Excepted until"
                                                           : "Was excepted until");
    ck_html_text(to, audited->exception->last_day);
    fputs(": ", to);
    ck_html_text(to, audited->exception->reason);
    fputs("</div>", to);
}

void audit_page_account(struct audit_report *report, const struct ck_audited *audited)
{
    const struct ck_facts *facts = &audited->facts;
    FILE *to = report->rows;

    fputs("<tr><td class=\"name\">", to);
    ck_html_text(to, audited->account.name);
    fprintf(to, "</td><td>%s</td><td class=\"%s\">%s", facts->active ? "yes" : "no",
            state_classes[audited->second_factor], ck_second_factor_name(audited->second_factor));
    if (facts->factors > 0)
        fprintf(to, " (%d)", facts->factors);
    if (facts->passkeys >= 0)
        fprintf(to, "</td><td>%d</td>", facts->passkeys);
    else
        fputs("</td><td class=\"unknown\">?</td>", to);
    fprintf(to, "<td>%s</td><td>", audit_yes_no(facts->force_tfa));
    audit_each_finding(audited->findings, audited->account.role, put_tag, to);
    put_exception(to, audited);
    if (audited->unopened != NULL) {
        fputs("<div class=\"soft\">Not opened: ", to);
        ck_html_text(to, audited->unopened);
        fputs("</div>", to);
    }
    fputs("</td></tr>\n", to);
}

/* --- what stands above them --- */

static void put_about(FILE *to, const struct audit_report *report, const struct ck_error *why)
{
    time_t started = (time_t)report->started_s;
    struct tm parts;
    char moment[64];

    gmtime_r(&started, &parts);
    strftime(moment, sizeof(moment), "%Y-%m-%d %H:%M UTC", &parts);
    fprintf(to, "<p class=\"soft\">%s, by cowkey %s, ", moment, COWKEY_VERSION);
    if (report->in_session) {
        fputs("in the session of ", to);
        ck_html_text(to, report->by);
        fputs(report->deep ? ", each account opened" : ", without opening the accounts", to);
    } else {
        fputs("with an API key, which does not show mailboxes' factors nor passkeys", to);
    }
    fprintf(to, ". Accounts: %zu.</p>\n", report->summary.accounts);
    if (why == NULL)
        return;
    fputs("<p class=\"alarm\"><strong>This is not all:</strong> the audit was not finished: ", to);
    ck_html_text(to, why->text);
    fputs(".</p>\n", to);
}

static void put_coverage(FILE *to, const struct ck_audit_summary *summary)
{
    static const char *const names[] = {"present", "absent", "disabled", "not visible"};
    static const char *const labels[] = {"Mailboxes", "Domain admins", "Admins"};
    struct ck_chart_bar bars[CK_ROLES_COUNT];

    for (int i = 0; i < CK_ROLES_COUNT; i++) {
        int role = CK_ROLE_ADMIN - i;
        bars[i].label = labels[role];
        for (int state = 0; state < CK_SECOND_FACTORS_COUNT; state++)
            bars[i].parts[state] = summary->states[role][state];
    }
    fputs("<h2>Second factors</h2>\n", to);
    ck_html_chart(to, "Second factors, by role", names, CK_SECOND_FACTORS_COUNT, bars,
                  CK_ROLES_COUNT);
}

static void put_found(void *to, enum ck_finding finding, enum ck_level level, size_t count)
{
    const struct ck_finding_about *about = ck_finding_about(finding);

    fprintf(to, "<dt id=\"%s-%s\"><span class=\"tag %s\">%s</span>%s <span class=\"soft\">%zu %s",
            about->name, ck_level_name(level), level_classes[level], ck_level_name(level),
            about->name, count,
            finding == CK_FINDING_RELEASE ? "server"
            : count == 1                  ? "account"
                                          : "accounts");
    fputs("</span></dt>\n<dd>", to);
    ck_html_text(to, about->sentence);
    fputs("</dd>\n<dd>", to);
    ck_html_text(to, about->cure);
    fputs("</dd>\n", to);
}

static void put_expired(FILE *to, const struct audit_report *report)
{
    const struct ck_exception *expired;
    size_t at = 0;

    while ((expired = ck_exceptions_next_expired(report->exceptions, report->started_s, &at)) !=
           NULL) {
        fputs("<p class=\"alarm\">The exception for ", to);
        ck_html_text(to, expired->pattern);
        fputs(" expired on ", to);
        ck_html_text(to, expired->last_day);
        fputs(": ", to);
        ck_html_text(to, expired->reason);
        fputs("</p>\n", to);
    }
}

static void put_unmatched(FILE *to, const struct audit_report *report, const struct ck_error *why)
{
    const struct ck_exception *unmatched;
    size_t at = 0;

    while ((unmatched = audit_next_unmatched(report, why, &at)) != NULL) {
        fputs("<p class=\"soft\">The exception for ", to);
        ck_html_text(to, unmatched->pattern);
        fputs(" matches no account that was seen: ", to);
        ck_html_text(to, unmatched->reason);
        fputs("</p>\n", to);
    }
}

static void put_findings(FILE *to, const struct audit_report *report, const struct ck_error *why)
{
    const struct ck_audit_summary *summary = &report->summary;
    size_t found = 0;

    for (int level = 0; level < CK_LEVELS_COUNT; level++)
        found += summary->levels[level];
    fputs("<h2>Findings</h2>\n", to);
    put_expired(to, report);
    put_unmatched(to, report, why);
    if (summary->excepted > 0)
        fprintf(to, "<p class=\"soft\">Excepted, and not counted here: %zu.</p>\n",
                summary->excepted);
    if (found == 0) {
        fputs("<p>None.</p>\n", to);
        return;
    }
    fputs("<dl>\n", to);
    audit_each_found(summary, put_found, to);
    fputs("</dl>\n", to);
}

/* --- the whole --- */

static void put_page(FILE *to, struct audit_report *report, const struct ck_error *why)
{
    const char *scheme = strstr(report->server, "://");
    char title[512];

    snprintf(title, sizeof(title), "Second factors on %s",
             scheme != NULL ? scheme + strlen("://") : report->server);
    ck_html_begin(to, title);
    put_about(to, report, why);
    put_coverage(to, &report->summary);
    put_findings(to, report, why);
    fputs("<h2>Accounts</h2>\n<div class=\"wide\"><table>\n<thead><tr><th>Account</th>"
          "<th>Active</th><th>Second factor</th><th>Passkeys</th><th>Forced</th>"
          "<th>Findings</th></tr></thead>\n",
          to);
    spool_copy(report->rows, to);
    fputs("</table></div>\n", to);
    ck_html_end(to);
}

enum ck_err audit_page_write(struct audit_report *report, const struct ck_error *why,
                             struct ck_error *err)
{
    CK_CLEANUP(spool_close) FILE *page = NULL;
    enum ck_err r = spool_open(&page, err);

    if (r != CK_OK)
        return r;
    put_page(page, report, why);
    r = spool_check(report->rows, "page", err);
    return r == CK_OK ? spool_keep(page, "page", report->html, err) : r;
}
