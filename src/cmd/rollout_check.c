/* cowkey rollout check */
#include <string.h>
#include <unistd.h>

#include "admin_target.h"
#include "command.h"
#include "cowkey/base/cleanup.h"
#include "document.h"
#include "output.h"
#include "person.h"
#include "progress.h"
#include "rollout_check_report.h"

/* What one run has at hand; keep it where it was begun. */
struct checking {
    const struct options *options;
    struct ck_plan plan;
    struct ck_policy policy;
    struct ck_secrets secrets;
    char *directory;
    struct admin_target who;
    struct speaker speaker;
    struct ck_person person;
    struct ck_key_person key_person;
    struct ck_operator by;
    struct progress progress;
    struct rollout_check_report report;
};

static void checking_clear(struct checking *checking)
{
    rollout_check_report_clear(&checking->report);
    admin_target_clear(&checking->who);
    ck_plan_clear(&checking->plan);
    ck_policy_clear(&checking->policy);
    ck_secrets_clear(&checking->secrets);
    free(checking->directory);
}

/* --- the options --- */

static enum ck_err check_options(const struct options *options, struct ck_error *err)
{
    static const enum option_id ignored[] = {OPTION_API_KEY_FILE, OPTION_API_KEY_FD,
                                             OPTION_API_KEY_COMMAND, OPTION_LOGIN_PASSKEY};
    bool offline = option_given(options, OPTION_OFFLINE);

    for (size_t i = 0; offline && i < sizeof(ignored) / sizeof(*ignored); i++) {
        if (option_on_command_line(options, ignored[i]))
            return ck_error_set(err, CK_ERR_USAGE,
                                "with --offline no server is asked: it goes without --%s",
                                option_name(ignored[i]));
    }
    if (offline || option_source_given(options, OPTION_API_KEY_FILE) ||
        option_given(options, OPTION_ACCOUNT))
        return CK_OK;
    ck_error_set(err, CK_ERR_USAGE, "neither an API key nor --account is given");
    return ck_error_hint(err, "The accounts are looked up on the server: give its API key "
                              "(--api-key-file), or the account of an admin or domain admin. "
                              "--offline checks the files alone.");
}

/* --- the files --- */

static enum ck_err make_directory_name(struct checking *checking, const char *path,
                                       struct ck_error *err)
{
    const char *slash = strrchr(path, '/');

    checking->directory = slash == NULL   ? strdup(".")
                          : slash == path ? strdup("/")
                                          : strndup(path, (size_t)(slash - path));
    return checking->directory != NULL ? CK_OK : ck_error_no_memory(err);
}

static enum ck_err read_plan(struct checking *checking, struct rollout_file *file,
                             struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *text = NULL;
    size_t size;
    enum ck_err r = make_directory_name(checking, file->path, err);

    if (r == CK_OK)
        r = document_read(file->path, CK_PLAN_FILE_MAX, &text, &size, err);
    if (r != CK_OK)
        return r;
    r = ck_plan_parse(text, size, &checking->plan, &file->complaints, err);
    return r == CK_OK ? CK_OK : error_at(err, document_name(file->path));
}

static enum ck_err read_policy(struct checking *checking, struct rollout_file *file,
                               struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *text = NULL;
    size_t size;

    if (file->path == NULL)
        return ck_policy_default(&checking->policy, err);
    enum ck_err r = document_read(file->path, CK_POLICY_FILE_MAX, &text, &size, err);
    return r == CK_OK ? ck_policy_parse(text, size, &checking->policy, &file->complaints, err) : r;
}

static enum ck_err read_files(struct checking *checking, struct ck_error *err)
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

static enum ck_err open_server(struct checking *checking, struct ck_error *err)
{
    const struct options *options = checking->options;
    struct admin_target *who = &checking->who;
    struct rollout_check_report *report = &checking->report;
    /* With an API key a login is worth its attempt only where the plan goes that way. */
    bool session_needed =
        report->counts.routes[CK_ROUTE_LOG_IN_AS] > 0 && option_given(options, OPTION_ACCOUNT);

    checking->speaker = (struct speaker){.options = options, .target = &who->target};
    checking->person = person_new(&checking->speaker);
    checking->key_person = key_person_new(&checking->speaker);
    enum ck_err r = admin_target_read(options, &checking->person, &checking->key_person,
                                      session_needed, who, err);
    if (r == CK_OK)
        r = admin_target_open(who, err);
    if (r != CK_OK)
        return r;
    checking->by = admin_target_operator(who);
    report->server = who->target.settings.host.origin;
    report->login = who->logs_in ? who->target.account.name : NULL;
    report->login_touches =
        who->logs_in && (who->target.login.with_passkey || who->target.login.key_answered);
    return CK_OK;
}

static void show_progress(void *data, size_t done, size_t count)
{
    struct checking *checking = data;

    progress_show(&checking->progress, "plan", (double)done / (double)count, done, "rows");
}

static enum ck_err ask_server(struct checking *checking, struct ck_error *err)
{
    struct rollout_check_report *report = &checking->report;
    enum ck_err r = open_server(checking, err);

    if (r != CK_OK)
        return r;
    progress_begin(&checking->progress, checking->options);
    r = ck_check_server(&checking->plan, &checking->by, show_progress, checking, &report->found,
                        err);
    progress_clear(&checking->progress);
    return r;
}

static int run(const struct options *options)
{
    CK_CLEANUP(checking_clear)
    struct checking checking = {
        .options = options,
        .report = {.options = options, .started_s = clock_now_s()},
    };
    struct ck_error err = {.code = CK_OK};
    enum ck_err r = check_options(options, &err);

    if (r == CK_OK)
        r = read_files(&checking, &err);
    if (r == CK_OK && !rollout_check_report_is_bad(&checking.report) &&
        !option_given(options, OPTION_OFFLINE))
        r = ask_server(&checking, &err);
    return r == CK_OK ? rollout_check_report_print(&checking.report)
                      : report_error(option_given(options, OPTION_JSON), &err);
}

static const enum option_id own_options[] = {
    OPTION_API_KEY_FILE, OPTION_API_KEY_FD, OPTION_API_KEY_COMMAND, OPTION_LOGIN_PASSKEY,
    OPTION_POLICY,       OPTION_SECRETS,    OPTION_OFFLINE,         OPTION_COUNT};

const struct command command_rollout_check = {
    .words = "rollout check",
    .arguments = "PLAN",
    .summary = "whether a plan of whom to enroll can run, and what it takes",
    .options = own_options,
    .online = true,
    .run = run,
};
