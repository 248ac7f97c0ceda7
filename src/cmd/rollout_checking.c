/* Reading a plan and what goes with it, and holding it against the server. */
#include "rollout_checking.h"

#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "document.h"
#include "output.h"
#include "rollout_roots.h"

void rollout_checking_init(struct rollout_checking *checking, const struct options *options)
{
    *checking = (struct rollout_checking){
        .options = options,
        .report = {.options = options, .started_s = clock_now_s()},
    };
}

void rollout_checking_clear(struct rollout_checking *checking)
{
    rollout_check_report_clear(&checking->report);
    acting_clear(&checking->acting);
    ck_plan_clear(&checking->plan);
    ck_policy_clear(&checking->policy);
    ck_secrets_clear(&checking->secrets);
    free(checking->directory);
}

/* --- the files --- */

static enum ck_err make_directory_name(struct rollout_checking *checking, const char *path,
                                       struct ck_error *err)
{
    const char *slash = strrchr(path, '/');

    checking->directory = slash == NULL   ? strdup(".")
                          : slash == path ? strdup("/")
                                          : strndup(path, (size_t)(slash - path));
    return checking->directory != NULL ? CK_OK : ck_error_no_memory(err);
}

static enum ck_err read_plan(struct rollout_checking *checking, struct rollout_file *file,
                             struct ck_error *err)
{
    CK_CLEANUP(document_close) struct document document = {.fd = -1};
    const struct ck_text_source source = {.data = &document, .read = document_read_some};
    enum ck_err r = make_directory_name(checking, file->path, err);

    if (r == CK_OK)
        r = document_open(&document, file->path, err);
    if (r != CK_OK)
        return r;
    r = ck_plan_read(&source, &checking->plan, &file->complaints, err);
    return r == CK_OK ? CK_OK : error_at(err, document_name(file->path));
}

static enum ck_err read_policy(struct rollout_checking *checking, struct rollout_file *file,
                               struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *text = NULL;
    size_t size;

    if (file->path == NULL)
        return ck_policy_default(&checking->policy, err);
    enum ck_err r = document_read(file->path, CK_POLICY_FILE_MAX, &text, &size, err);
    if (r == CK_OK)
        r = ck_policy_parse(text, size, &checking->policy, &file->complaints, err);
    return r == CK_OK ? rollout_roots_read(&checking->policy, file->path, &file->complaints, err)
                      : r;
}

enum ck_err rollout_checking_read_files(struct rollout_checking *checking, struct ck_error *err)
{
    struct rollout_check_report *report = &checking->report;
    struct rollout_file *files = report->files;

    files[ROLLOUT_PLAN].path = option_argument(checking->options, 0);
    files[ROLLOUT_POLICY].path = option_value(checking->options, OPTION_POLICY);
    files[ROLLOUT_SECRETS].path = option_value(checking->options, OPTION_SECRETS);
    enum ck_err r = read_policy(checking, &files[ROLLOUT_POLICY], err);
    if (r == CK_OK && files[ROLLOUT_SECRETS].path != NULL)
        r = ck_secrets_load(files[ROLLOUT_SECRETS].path, &checking->secrets,
                            &files[ROLLOUT_SECRETS].complaints, err);
    if (r == CK_OK)
        r = read_plan(checking, &files[ROLLOUT_PLAN], err);
    report->rollout = (struct ck_rollout){
        .plan = &checking->plan,
        .policy = &checking->policy,
        .secrets = files[ROLLOUT_SECRETS].path != NULL ? &checking->secrets : NULL,
        .directory = checking->directory,
    };
    if (r == CK_OK)
        r = ck_check_files(&report->rollout, &files[ROLLOUT_PLAN].complaints, err);
    for (int i = 0; i < ROLLOUT_FILES; i++)
        ck_complaints_sort(&files[i].complaints);
    if (r == CK_OK && !rollout_check_report_is_bad(report))
        r = ck_check_count(&report->rollout, &report->counts, err);
    return r;
}

/* --- the server --- */

enum ck_err rollout_checking_read_server(struct rollout_checking *checking, bool acts,
                                         struct ck_error *err)
{
    const struct options *options = checking->options;
    struct acting *acting = &checking->acting;
    /* With an API key a login is worth its attempt only where the plan goes that way. */
    bool session_needed = checking->report.counts.routes[CK_ROUTE_LOG_IN_AS] > 0 &&
                          option_given(options, OPTION_ACCOUNT);

    checking->speaker = (struct speaker){.options = options, .target = &acting->who.target};
    checking->person = person_new(&checking->speaker);
    checking->key_person = key_person_new(&checking->speaker);
    return acts ? acting_read(options, &checking->person, &checking->key_person, session_needed,
                              acting, err)
                : admin_target_read(options, &checking->person, &checking->key_person,
                                    session_needed, &acting->who, err);
}

enum ck_err rollout_checking_open_server(struct rollout_checking *checking, struct ck_error *err)
{
    struct admin_target *who = &checking->acting.who;
    struct rollout_check_report *report = &checking->report;
    enum ck_err r = acting_open(&checking->acting, err);

    if (r != CK_OK)
        return r;
    report->server = who->target.settings.host.origin;
    report->login = who->logs_in ? who->target.account.name : NULL;
    report->login_touches =
        who->logs_in && (who->target.login.with_passkey || who->target.login.key_answered);
    return CK_OK;
}

static void show_progress(void *data, size_t done, size_t count)
{
    struct rollout_checking *checking = data;

    progress_show(&checking->progress, "plan", (double)done / (double)count, done, "rows");
}

enum ck_err rollout_checking_ask_server(struct rollout_checking *checking, const uint32_t *rows,
                                        size_t count, enum ck_check_depth depth,
                                        struct ck_error *err)
{
    progress_begin(&checking->progress, checking->options);
    enum ck_err r = ck_check_server(&checking->plan, rows, count, &checking->acting.by, depth,
                                    show_progress, checking, &checking->report.found, err);
    progress_clear(&checking->progress);
    return r;
}

/* --- a run that does not begin --- */

static const struct ck_complaint *first_complaint(const struct ck_complaints *complaints,
                                                  const char *path, const char **ret_path)
{
    *ret_path = path;
    return complaints->count > 0 ? &complaints->rows[0] : NULL;
}

/* A person gets the whole list, as from a check; a script gets the first, and where the rest is. */
int rollout_checking_refuse(struct rollout_checking *checking)
{
    struct rollout_check_report *report = &checking->report;
    const struct ck_complaint *first = NULL;
    const char *path = "";
    size_t count = ck_complaints_total(&report->found.problems);
    struct ck_error err;

    for (int i = 0; i < ROLLOUT_FILES; i++) {
        count += ck_complaints_total(&report->files[i].complaints);
        if (first == NULL)
            first = first_complaint(&report->files[i].complaints, report->files[i].path, &path);
    }
    if (first == NULL)
        first = first_complaint(&report->found.problems, report->files[ROLLOUT_PLAN].path, &path);
    if (!option_given(checking->options, OPTION_JSON)) {
        rollout_check_report_print(report);
        return CK_ERR_USAGE;
    }
    ck_error_set(&err, CK_ERR_USAGE, "the plan can't run: %.100s:%zu: %.200s%s", path,
                 first != NULL ? first->line : 0, first != NULL ? first->text : "",
                 count > 1 ? ", and more" : "");
    ck_error_hint(&err, "Nobody was enrolled. 'cowkey rollout check' lists all that is wrong.");
    return report_error(true, &err);
}
