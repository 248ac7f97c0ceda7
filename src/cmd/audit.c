/* cowkey audit */
#include <string.h>

#include "audit_access.h"
#include "audit_report.h"
#include "command.h"
#include "cowkey/base/cleanup.h"
#include "interrupt.h"
#include "number.h"
#include "output.h"
#include "scope.h"

/* What is asked for, before anything is asked of a person or the server. */
struct request {
    struct scope scope;
    int64_t jobs;
    bool deep;
};

static void request_clear(struct request *request)
{
    scope_clear(&request->scope);
}

static enum ck_err read_level(const struct options *options, enum ck_level *level,
                              struct ck_error *err)
{
    const char *text = option_value(options, OPTION_FAIL_ON);

    if (text == NULL)
        return CK_OK;
    for (int i = 0; i < CK_LEVELS_COUNT; i++) {
        if (strcmp(text, ck_level_name((enum ck_level)i)) == 0) {
            *level = (enum ck_level)i;
            return CK_OK;
        }
    }
    return ck_error_set(err, CK_ERR_USAGE,
                        "--fail-on takes info, warning or critical, not '%.100s'", text);
}

static enum ck_err read_form(const struct options *options, enum audit_form *form,
                             struct ck_error *err)
{
    bool json = option_given(options, OPTION_JSON),
         lines = option_given(options, OPTION_JSON_LINES);

    *form = json ? AUDIT_JSON : lines ? AUDIT_JSON_LINES : AUDIT_TABLE;
    if (!json || !lines)
        return CK_OK;
    return ck_error_set(err, CK_ERR_USAGE, "--json and --json-lines exclude each other");
}

static enum ck_err read_request(const struct options *options, struct request *request,
                                struct audit_report *report, struct ck_error *err)
{
    request->deep = option_given(options, OPTION_DEEP);
    enum ck_err r = read_form(options, &report->form, err);
    if (r == CK_OK)
        r = read_level(options, &report->fail_on, err);
    if (r == CK_OK)
        r = number_read_of(options, OPTION_JOBS, "number of sessions", 1, CK_AUDIT_JOBS_MAX,
                           &request->jobs, err);
    if (r == CK_OK && request->jobs > 1 && !request->deep) {
        ck_error_set(err, CK_ERR_USAGE, "--jobs is for --deep");
        r = ck_error_hint(err, "Without it, nothing takes long enough to be shared.");
    }
    return r == CK_OK ? scope_read(options, &request->scope, err) : r;
}

static enum ck_err look(const struct request *request, struct audit_access *access,
                        struct audit_report *report, struct ck_error *err)
{
    const struct scope *scope = &request->scope;
    struct ck_audit_visitor visitor = audit_report_visitor(report);
    const struct ck_audit audit = {
        .scope = {.admins = scope->admins,
                  .domain_admins = scope->domain_admins,
                  .mailboxes = scope->mailboxes,
                  .domain = scope->domain},
        .lists = access->who.admin,
        .session = access->who.session,
        .own = access->who.own,
        .deep = request->deep,
        .jobs = access->jobs,
        .open = audit_access_open_more,
        .open_data = access,
        .exceptions = &scope->exceptions,
        .now_s = report->started_s,
        .cancel = &interrupt_noted,
        .visitor = &visitor,
    };

    report->reach = ck_audit_reach(&audit);
    progress_begin(&report->progress, report->options);
    return ck_audit_run(&audit, &report->summary, err);
}

static int run(const struct options *options)
{
    CK_CLEANUP(request_clear) struct request request = {.jobs = 1};
    CK_CLEANUP(audit_access_close) struct audit_access access = {0};
    CK_CLEANUP(audit_report_clear)
    struct audit_report report = {
        .options = options,
        .html = option_value(options, OPTION_HTML),
        .fail_on = CK_LEVEL_WARNING,
        .exceptions = &request.scope.exceptions,
        .started_s = clock_now_s(),
    };
    struct ck_error err = {.code = CK_OK};

    enum ck_err r = read_request(options, &request, &report, &err);
    if (r == CK_OK && report.html != NULL)
        r = audit_page_open(&report, &err);
    if (r == CK_OK)
        r = audit_access_open(options, request.deep, (unsigned)request.jobs, &access, &err);
    if (r == CK_OK) {
        report.server = access.who.target.settings.host.origin;
        report.deep = request.deep;
        report.by = admin_target_name(&access.who);
        report.in_session = access.who.logs_in;
        r = look(&request, &access, &report, &err);
    }
    return audit_report_end(&report, r == CK_OK ? NULL : &err);
}

static const enum option_id own_options[] = {ADMIN_TARGET_OPTIONS, SCOPE_OPTIONS, OPTION_DEEP,
                                             OPTION_FAIL_ON,       OPTION_JOBS,   OPTION_JSON_LINES,
                                             OPTION_HTML,          OPTION_COUNT};

const struct command command_audit = {
    .words = "audit",
    .summary = "what can be seen of the second factors of others, and what is wrong",
    .options = own_options,
    .online = true,
    .without_account = true,
    .run = run,
};
