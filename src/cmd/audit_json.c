/* An audit for scripts: one document, or a line for each account. */
#include <jansson.h>
#include <string.h>

#include "audit_report.h"
#include "output.h"
#include "scope.h"
#include "target.h"

static const char schema[] = "cowkey.audit/1";

static void append_name(void *list, enum ck_finding finding, enum ck_level level)
{
    (void)level;
    json_array_append_new(list, json_string(ck_finding_about(finding)->name));
}

static json_t *account_json(const struct ck_audited *audited)
{
    const struct ck_facts *facts = &audited->facts;
    bool has_exception = facts->excepted != CK_EXCEPTION_NONE && audited->exception != NULL;
    json_t *findings = json_array();
    enum ck_role role = audited->account.role;

    audit_each_finding(audited->findings, role, append_name, findings);
    return json_pack(
        "{s:o, s:s, s:b, s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:b, s:o, s:o}", "account",
        text_json(audited->account.name), "role", ck_role_name(role), "active", facts->active,
        "second_factor", ck_second_factor_name(audited->second_factor), "factors",
        number_or_null_json(facts->factors), "security_keys",
        number_or_null_json(facts->security_keys), "passkeys", number_or_null_json(facts->passkeys),
        "app_passwords", number_or_null_json(facts->app_passwords), "forced",
        flag_or_null_json(facts->force_tfa), "authsource", ck_authsource_name(facts->authsource),
        "findings", findings, "excepted", facts->excepted == CK_EXCEPTION_ACTIVE, "exception",
        has_exception ? exception_json(audited->exception) : json_null(), "reason",
        text_or_null_json(audited->unopened));
}

/* --- the whole --- */

static json_t *about_json(const struct audit_report *report)
{
    return json_pack("{s:s, s:s, s:o, s:b, s:o}", "schema", schema, "server", report->server, "by",
                     text_json(report->by), "deep", report->deep, "started",
                     time_json(report->started_s));
}

static json_t *states_json(const struct ck_audit_summary *summary)
{
    json_t *roles = json_object();

    for (int role = 0; role < CK_ROLES_COUNT; role++) {
        json_t *states = json_object();
        for (int state = 0; state < CK_SECOND_FACTORS_COUNT; state++)
            json_object_set_new(states, ck_second_factor_name((enum ck_second_factor)state),
                                json_integer((json_int_t)summary->states[role][state]));
        json_object_set_new(roles, ck_role_name((enum ck_role)role), states);
    }
    return roles;
}

static void append_found(void *list, enum ck_finding finding, enum ck_level level, size_t count)
{
    const struct ck_finding_about *about = ck_finding_about(finding);

    json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:s, s:s}", "name", about->name, "level",
                                          ck_level_name(level), "accounts", (json_int_t)count,
                                          "sentence", about->sentence, "cure", about->cure));
}

static json_t *levels_json(const struct ck_audit_summary *summary)
{
    json_t *levels = json_object();

    for (int level = 0; level < CK_LEVELS_COUNT; level++)
        json_object_set_new(levels, ck_level_name((enum ck_level)level),
                            json_integer((json_int_t)summary->levels[level]));
    return levels;
}

static json_t *expired_json(const struct audit_report *report)
{
    json_t *list = json_array();
    const struct ck_exception *expired;
    size_t at = 0;

    while ((expired = ck_exceptions_next_expired(report->exceptions, report->started_s, &at)) !=
           NULL)
        json_array_append_new(list, exception_json(expired));
    return list;
}

static json_t *unmatched_json(const struct audit_report *report, const struct ck_error *why)
{
    json_t *list = json_array();
    const struct ck_exception *unmatched;
    size_t at = 0;

    while ((unmatched = audit_next_unmatched(report, why, &at)) != NULL)
        json_array_append_new(list, exception_json(unmatched));
    return list;
}

static json_t *summary_json(const struct audit_report *report, const struct ck_error *why)
{
    const struct ck_audit_summary *summary = &report->summary;
    json_t *found = json_array();

    audit_each_found(summary, append_found, found);
    return json_pack("{s:b, s:I, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:s}", "complete", why == NULL,
                     "accounts", (json_int_t)summary->accounts, "second_factors",
                     states_json(summary), "findings", found, "levels", levels_json(summary),
                     "excepted", (json_int_t)summary->excepted, "unopened",
                     (json_int_t)summary->unopened, "expired_exceptions", expired_json(report),
                     "unmatched_exceptions", unmatched_json(report, why), "fail_on",
                     ck_level_name(report->fail_on));
}

static json_t *ending_json(const struct audit_report *report, const struct ck_error *why)
{
    json_t *ending = json_pack("{s:o, s:o}", "summary", summary_json(report, why), "finished",
                               time_json(clock_now_s()));

    if (why != NULL)
        json_object_set_new(ending, "error", error_json(why));
    return ending;
}

/* --- printing --- */

/*
 * The document is written piece by piece, since nobody keeps all its accounts: an object without
 * its end, the list, an object without its beginning.
 */
static void print_piece(struct audit_report *report, json_t *object, bool opens, bool closes)
{
    if (!print_json_piece(object, opens, closes))
        report->short_of_memory = true;
}

static void print_line(json_t *document, json_t *more)
{
    json_object_update(document, more);
    json_decref(more);
    print_json(document);
}

static void begin_document(struct audit_report *report)
{
    print_piece(report, about_json(report), true, false);
    fputs(",\"accounts\":[", stdout);
    report->begun = true;
}

void audit_json_account(struct audit_report *report, const struct ck_audited *audited)
{
    json_t *account = account_json(audited);

    if (report->form == AUDIT_JSON_LINES) {
        print_line(json_pack("{s:s}", "schema", schema), account);
        return;
    }
    if (report->begun)
        putchar(',');
    else
        begin_document(report);
    print_piece(report, account, true, true);
}

void audit_json_end(struct audit_report *report, const struct ck_error *why)
{
    json_t *ending = ending_json(report, why);

    if (report->form == AUDIT_JSON_LINES) {
        print_line(about_json(report), ending);
        return;
    }
    if (!report->begun)
        begin_document(report);
    fputs("],", stdout);
    print_piece(report, ending, false, true);
    putchar('\n');
}
