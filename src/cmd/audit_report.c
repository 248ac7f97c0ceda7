/* From the visits of an audit to its forms. */
#include "audit_report.h"

#include <unistd.h>

#include "output.h"
#include "spool.h"
#include "target.h"

/* A bar between the lines of a document would spoil it. */
static bool may_draw(const struct audit_report *report)
{
    return report->form == AUDIT_TABLE || !isatty(STDOUT_FILENO);
}

static void begin(void *data, const struct ck_audit_list *list)
{
    struct audit_report *report = data;

    if (report->form == AUDIT_TABLE)
        audit_text_begin(report);
    if (report->html != NULL)
        audit_page_begin_list(report, list);
}

static void account(void *data, const struct ck_audited *audited)
{
    struct audit_report *report = data;

    if (report->form == AUDIT_TABLE)
        audit_text_account(report, audited);
    else
        audit_json_account(report, audited);
    if (report->html != NULL)
        audit_page_account(report, audited);
}

static void end(void *data, const struct ck_audit_list *list)
{
    struct audit_report *report = data;

    if (report->form == AUDIT_TABLE) {
        progress_clear(&report->progress);
        audit_text_end_list(report, list);
    }
    if (report->html != NULL)
        audit_page_end_list(report);
}

static void show_progress(void *data, const struct ck_audit_list *list, size_t done)
{
    struct audit_report *report = data;
    double of_list = list->count > 0 ? (double)done / (double)list->count : 0;
    size_t lists = list->lists_count > 0 ? list->lists_count : 1;
    char title[512];

    if (!may_draw(report))
        return;
    audit_list_title(list, title, sizeof(title));
    progress_show(&report->progress, list->domain != NULL ? list->domain : title,
                  ((double)list->lists_before + of_list) / (double)lists, report->summary.accounts,
                  "accounts");
}

struct ck_audit_visitor audit_report_visitor(struct audit_report *report)
{
    return (struct ck_audit_visitor){
        .data = report, .begin = begin, .account = account, .end = end, .progress = show_progress};
}

/* A page that could not be written is no success, whatever was found. */
static int write_page(struct audit_report *report, const struct ck_error *why)
{
    struct ck_error err = {.code = CK_OK};

    if (report->html == NULL || (why != NULL && report->summary.accounts == 0))
        return 0;
    if (audit_page_write(report, why, &err) != CK_OK)
        return say_error(&err);
    say(report->options, "The page is in %s, readable by you only.", report->html);
    return 0;
}

int audit_report_end(struct audit_report *report, const struct ck_error *why)
{
    struct ck_error no_memory;

    progress_clear(&report->progress);
    if (report->short_of_memory && why == NULL) {
        ck_error_no_memory(&no_memory);
        why = &no_memory;
    }
    if (why != NULL && report->summary.accounts == 0)
        return report_error(report->form != AUDIT_TABLE, why);
    if (report->form == AUDIT_TABLE)
        audit_text_end(report, why);
    else
        audit_json_end(report, why);
    if (why != NULL)
        say_error(why);
    int page_status = write_page(report, why);
    if (why != NULL)
        return (int)why->code;
    return page_status != 0 ? page_status : ck_audit_found(&report->summary, report->fail_on);
}

void audit_report_clear(struct audit_report *report)
{
    ck_table_free(&report->table);
    spool_close(&report->rows);
}

/* --- what the forms share --- */

void audit_list_title(const struct ck_audit_list *list, char *text, size_t size)
{
    if (list->role == CK_ROLE_MAILBOX)
        snprintf(text, size, "Mailboxes of %s", list->domain);
    else
        snprintf(text, size, "%s", list->role == CK_ROLE_ADMIN ? "Admins" : "Domain admins");
}

void audit_each_finding(uint32_t findings, enum ck_role role,
                        void (*told)(void *data, enum ck_finding finding, enum ck_level level),
                        void *data)
{
    for (int level = CK_LEVELS_COUNT - 1; level >= 0; level--) {
        for (int i = 0; i < CK_FINDINGS_COUNT; i++) {
            if ((findings & 1U << i) != 0 &&
                (int)ck_finding_level((enum ck_finding)i, role) == level)
                told(data, (enum ck_finding)i, (enum ck_level)level);
        }
    }
}

void audit_each_found(const struct ck_audit_summary *summary,
                      void (*told)(void *data, enum ck_finding finding, enum ck_level level,
                                   size_t count),
                      void *data)
{
    for (int level = CK_LEVELS_COUNT - 1; level >= 0; level--) {
        for (int i = 0; i < CK_FINDINGS_COUNT; i++) {
            size_t count = 0;
            for (int role = 0; role < CK_ROLES_COUNT; role++) {
                if ((int)ck_finding_level((enum ck_finding)i, (enum ck_role)role) == level)
                    count += summary->findings[i][role];
            }
            if (count > 0)
                told(data, (enum ck_finding)i, (enum ck_level)level, count);
        }
    }
}

const struct ck_exception *audit_next_unmatched(const struct audit_report *report,
                                                const struct ck_error *why, size_t *at)
{
    const struct ck_exception *row = NULL;

    if (why != NULL)
        return NULL;
    do
        row = ck_exceptions_next_unmatched(report->exceptions, &report->reach, at);
    while (row != NULL && row->ends_s <= report->started_s);
    return row;
}

const char *audit_yes_no(int value)
{
    return value < 0 ? "?" : value > 0 ? "yes" : "no";
}
