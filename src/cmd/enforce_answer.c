/* Answers of enforce. */
#include "enforce_answer.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "output.h"
#include "target.h"

enum { LINES_MAX = 20 }; /* with more accounts, those that stay as they are get no line */

/* --- lines --- */

static bool is_quiet(enum ck_enforce_result result)
{
    return result == CK_ENFORCE_ALREADY || result == CK_ENFORCE_EXCEPTED ||
           result == CK_ENFORCE_NOT_TRIED;
}

static const char *switch_name(int force_tfa)
{
    return force_tfa == 1 ? "on" : force_tfa == 0 ? "off" : "unknown";
}

/* It has no reason of its own: the exception has one, and a day. */
static void print_excepted(const struct ck_enforce_row *row)
{
    print_result("%s (%s): excepted until %s, %s", row->record.account.name,
                 ck_role_name(row->record.account.role), row->exception->last_day,
                 row->exception->reason);
}

void enforce_print_row(const struct ck_enforcement *enforcement, const struct ck_enforce_row *row)
{
    static const char *const words[CK_ENFORCE_RESULTS_COUNT] = {
        [CK_ENFORCE_PENDING] = "would change",  [CK_ENFORCE_CHANGED] = "changed",
        [CK_ENFORCE_ALREADY] = "is so already", [CK_ENFORCE_NOT_ENFORCEABLE] = "not enforceable",
        [CK_ENFORCE_FAILED] = "failed",         [CK_ENFORCE_UNKNOWN] = "not known",
        [CK_ENFORCE_NOT_TRIED] = "not tried",
    };
    const char *name = row->record.account.name, *role = ck_role_name(row->record.account.role);
    bool moves = row->result == CK_ENFORCE_CHANGED || row->result == CK_ENFORCE_PENDING;

    if (is_quiet(row->result) && enforcement->count > LINES_MAX)
        return;
    if (row->result == CK_ENFORCE_EXCEPTED)
        print_excepted(row);
    else if (moves)
        print_result("%s (%s): %s, %s -> %s%s%s", name, role, words[row->result],
                     switch_name(row->before), switch_name(enforcement->on),
                     row->reason != NULL ? "; " : "", row->reason != NULL ? row->reason : "");
    else if (row->reason != NULL)
        print_result("%s (%s): %s: %s", name, role, words[row->result], row->reason);
    else
        print_result("%s (%s): %s", name, role, words[row->result]);
}

static bool is_expired(const struct ck_enforce_row *row)
{
    return row->exception != NULL && row->result != CK_ENFORCE_EXCEPTED;
}

/* Each exception once, however many accounts it matches. */
static void print_expired(const struct ck_enforcement *enforcement,
                          const struct ck_exceptions *exceptions)
{
    CK_CLEANUP(ck_free_p) size_t *counts = calloc(exceptions->count + 1, sizeof(*counts));

    for (size_t i = 0; counts != NULL && i < enforcement->count; i++) {
        if (is_expired(&enforcement->rows[i]))
            counts[enforcement->rows[i].exception - exceptions->rows]++;
    }
    for (size_t i = 0; counts != NULL && i < exceptions->count; i++) {
        const struct ck_exception *exception = &exceptions->rows[i];
        if (counts[i] > 0)
            print_result("Expired exception: %s was excepted until %s (%s); it matches %zu "
                         "account%s.",
                         exception->pattern, exception->last_day, exception->reason, counts[i],
                         counts[i] == 1 ? "" : "s");
    }
}

static void print_unmatched(const struct scope *scope)
{
    const struct ck_exceptions_reach reach = scope_reach(scope);
    const struct ck_exception *row;
    size_t at = 0;

    while ((row = ck_exceptions_next_unmatched(&scope->exceptions, &reach, &at)) != NULL)
        print_result("Exception of nobody: %s (line %zu, until %s: %s) matches no account that was "
                     "seen.",
                     row->pattern, row->line, row->last_day, row->reason);
}

void enforce_print_plan(const struct ck_enforcement *enforcement, const struct scope *scope,
                        bool dry_run)
{
    for (size_t i = 0; i < enforcement->count; i++) {
        if (dry_run || enforcement->rows[i].result != CK_ENFORCE_PENDING)
            enforce_print_row(enforcement, &enforcement->rows[i]);
    }
    if (enforcement->nameless > 0)
        print_result("%zu mailbox%s of which the server tells nothing, not even the name: not "
                     "enforceable",
                     enforcement->nameless, enforcement->nameless == 1 ? "" : "es");
    print_expired(enforcement, &scope->exceptions);
    print_unmatched(scope);
}

void enforce_print_summary(const struct ck_enforcement *enforcement, bool dry_run)
{
    static const char *const words[CK_ENFORCE_RESULTS_COUNT] = {
        [CK_ENFORCE_PENDING] = "would change", [CK_ENFORCE_CHANGED] = "changed",
        [CK_ENFORCE_ALREADY] = "already so",   [CK_ENFORCE_NOT_ENFORCEABLE] = "not enforceable",
        [CK_ENFORCE_EXCEPTED] = "excepted",    [CK_ENFORCE_FAILED] = "failed",
        [CK_ENFORCE_UNKNOWN] = "not known",    [CK_ENFORCE_NOT_TRIED] = "not tried",
    };
    char text[256] = "";
    size_t used = 0;

    for (int i = 0; i < CK_ENFORCE_RESULTS_COUNT && used < sizeof(text); i++) {
        size_t count = ck_enforcement_count(enforcement, (enum ck_enforce_result)i);
        if (count > 0)
            used += (size_t)snprintf(text + used, sizeof(text) - used, ", %zu %s", count, words[i]);
    }
    print_result("%zu account%s%s.%s", enforcement->count, enforcement->count == 1 ? "" : "s", text,
                 dry_run ? " Nothing was changed: this was a dry run." : "");
}

/* --- document --- */

static json_t *row_json(const struct ck_enforce_row *row)
{
    bool excepted = row->result == CK_ENFORCE_EXCEPTED;

    return json_pack(
        "{s:o, s:s, s:s, s:o, s:o, s:o, s:o}", "account", text_json(row->record.account.name),
        "role", ck_role_name(row->record.account.role), "result",
        ck_enforce_result_name(row->result), "before", flag_or_null_json(row->before), "after",
        flag_or_null_json(row->after), "reason", text_or_null_json(row->reason), "exception",
        excepted ? exception_json(row->exception) : json_null());
}

static json_t *findings_json(const struct ck_enforcement *enforcement)
{
    json_t *list = json_array();

    for (size_t i = 0; i < enforcement->count; i++) {
        const struct ck_enforce_row *row = &enforcement->rows[i];
        if (is_expired(row))
            json_array_append_new(list,
                                  json_pack("{s:s, s:o, s:s, s:o}", "finding", "exception-expired",
                                            "account", text_json(row->record.account.name), "role",
                                            ck_role_name(row->record.account.role), "exception",
                                            exception_json(row->exception)));
    }
    return list;
}

static json_t *unmatched_json(const struct scope *scope)
{
    const struct ck_exceptions_reach reach = scope_reach(scope);
    json_t *list = json_array();
    const struct ck_exception *row;
    size_t at = 0;

    while ((row = ck_exceptions_next_unmatched(&scope->exceptions, &reach, &at)) != NULL)
        json_array_append_new(list, exception_json(row));
    return list;
}

/* Members are called as the results, with '_'. */
static json_t *summary_json(const struct ck_enforcement *enforcement)
{
    json_t *summary = json_pack("{s:I, s:I}", "accounts", (json_int_t)enforcement->count,
                                "nameless", (json_int_t)enforcement->nameless);

    for (int i = 0; i < CK_ENFORCE_RESULTS_COUNT; i++) {
        enum ck_enforce_result result = (enum ck_enforce_result)i;
        char name[32];
        snprintf(name, sizeof(name), "%s", ck_enforce_result_name(result));
        for (char *dash = strchr(name, '-'); dash != NULL; dash = strchr(dash, '-'))
            *dash = '_';
        json_object_set_new(summary, name,
                            json_integer((json_int_t)ck_enforcement_count(enforcement, result)));
    }
    return summary;
}

void enforce_print_document(const struct admin_target *by, const struct ck_enforcement *enforcement,
                            const struct scope *scope, bool dry_run, int64_t started_s,
                            const struct ck_error *err)
{
    json_t *accounts = json_array();

    for (size_t i = 0; i < enforcement->count; i++)
        json_array_append_new(accounts, row_json(&enforcement->rows[i]));
    json_t *document = json_pack(
        "{s:s, s:s, s:o, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "schema", "cowkey.enforce/1",
        "server", by->target.settings.host.origin, "by", text_json(admin_target_name(by)), "wish",
        enforcement->on ? "on" : "off", "dry_run", dry_run, "accounts", accounts, "findings",
        findings_json(enforcement), "unmatched_exceptions", unmatched_json(scope), "summary",
        summary_json(enforcement), "started", time_json(started_s), "finished",
        time_json(clock_now_s()));
    if (err->code != CK_OK)
        json_object_set_new(document, "error", error_json(err));
    print_json(document);
}

/* --- exit status --- */

int enforce_status(const struct ck_enforcement *enforcement, const struct ck_error *err)
{
    bool some_changed = ck_enforcement_count(enforcement, CK_ENFORCE_CHANGED) > 0;

    if (ck_enforcement_count(enforcement, CK_ENFORCE_UNKNOWN) > 0 || err->code == CK_ERR_UNKNOWN)
        return CK_ERR_UNKNOWN;
    if (err->code == CK_ERR_INTERRUPTED && some_changed)
        return CK_ERR_UNKNOWN; /* what was begun is not done */
    if (err->code == CK_ERR_REFUSED || (err->code != CK_OK && !some_changed))
        return (int)err->code;
    return err->code != CK_OK || enforcement->nameless > 0 ||
           ck_enforcement_count(enforcement, CK_ENFORCE_FAILED) > 0 ||
           ck_enforcement_count(enforcement, CK_ENFORCE_NOT_ENFORCEABLE) > 0;
}
