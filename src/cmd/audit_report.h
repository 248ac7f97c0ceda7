/* What an audit shows, account by account and in the end, in each form that it can be asked for. */
#ifndef CMD_AUDIT_REPORT_H
#define CMD_AUDIT_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cowkey/admin/audit.h"
#include "cowkey/report/table.h"
#include "options.h"
#include "progress.h"

struct json_t;

enum audit_form { AUDIT_TABLE, AUDIT_JSON, AUDIT_JSON_LINES };

/* The visitor's data; all is borrowed but what the forms keep. */
struct audit_report {
    const struct options *options;
    enum audit_form form;
    const char *html; /* NULL: no page */
    const char *server;
    const char *by;  /* the account that logged in, or "API key" */
    bool in_session; /* that account did */
    bool deep;
    enum ck_level fail_on;
    const struct ck_exceptions *exceptions;
    struct ck_exceptions_reach reach;
    struct ck_audit_summary summary;
    int64_t started_s;

    struct progress progress;
    bool begun;             /* something was printed */
    struct ck_table *table; /* of the present list */
    FILE *rows;             /* the page's, until it is known what stands above them */
    bool short_of_memory;
};

/* Fills a visitor that tells the report. */
struct ck_audit_visitor audit_report_visitor(struct audit_report *report);

/*
 * Ends the report; why is the error that ended the audit early, or NULL. Returns the exit status.
 */
int audit_report_end(struct audit_report *report, const struct ck_error *why);

void audit_report_clear(struct audit_report *report);

/* --- the forms; each begins by itself --- */

void audit_json_account(struct audit_report *report, const struct ck_audited *audited);
void audit_json_end(struct audit_report *report, const struct ck_error *why);

void audit_text_begin(struct audit_report *report);
void audit_text_account(struct audit_report *report, const struct ck_audited *audited);
void audit_text_end_list(struct audit_report *report, const struct ck_audit_list *list);
void audit_text_end(struct audit_report *report, const struct ck_error *why);

/* Before the audit: the file that the rows wait in. */
enum ck_err audit_page_open(struct audit_report *report, struct ck_error *err);
void audit_page_begin_list(struct audit_report *report, const struct ck_audit_list *list);
void audit_page_account(struct audit_report *report, const struct ck_audited *audited);
void audit_page_end_list(struct audit_report *report);
/* Writes the page into its file. */
enum ck_err audit_page_write(struct audit_report *report, const struct ck_error *why,
                             struct ck_error *err);

/* --- what they share --- */

/* "Admins", "Domain admins", "Mailboxes of example.test" */
void audit_list_title(const struct ck_audit_list *list, char *text, size_t size);

/* The findings of an account, the worst first; calls told for each. */
void audit_each_finding(uint32_t findings, enum ck_role role,
                        void (*told)(void *data, enum ck_finding finding, enum ck_level level),
                        void *data);

/* The same for those of the whole audit, with the number of accounts. */
void audit_each_found(const struct ck_audit_summary *summary,
                      void (*told)(void *data, enum ck_finding finding, enum ck_level level,
                                   size_t count),
                      void *data);

/*
 * From *at = 0: exceptions of nobody, of an audit that was finished (why is NULL). Those that have
 * expired are told as such.
 */
const struct ck_exception *audit_next_unmatched(const struct audit_report *report,
                                                const struct ck_error *why, size_t *at);

/* "yes", "no"; "?" where it was not seen */
const char *audit_yes_no(int value);

#endif
