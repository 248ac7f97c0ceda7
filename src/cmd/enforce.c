/* cowkey enforce on, off */
#include "cowkey/admin/enforce.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "acting.h"
#include "command.h"
#include "confirm.h"
#include "cowkey/base/cleanup.h"
#include "enforce_answer.h"
#include "interrupt.h"
#include "output.h"
#include "person.h"
#include "scope.h"

enum { NAMED_MAX = 10 }; /* accounts that a question lists */

/* What one run has at hand; keep it where it was begun. */
struct enforcing {
    const struct options *options;
    struct acting acting; /* without a journal in a dry run */
    struct speaker speaker;
    struct ck_person person;
    struct ck_key_person key_person;
    struct scope scope;
    struct ck_enforcement enforcement;
    int64_t started_s;
    bool on;
};

static void enforcing_clear(struct enforcing *enforcing)
{
    ck_enforcement_clear(&enforcing->enforcement);
    scope_clear(&enforcing->scope);
    acting_clear(&enforcing->acting);
}

/* --- before --- */

static enum ck_err check_somebody(const struct options *options, const struct scope *scope,
                                  struct ck_error *err)
{
    if (option_argument(options, 0) != NULL || scope->admins || scope->domain_admins ||
        scope->mailboxes)
        return CK_OK;
    ck_error_set(err, CK_ERR_USAGE, "no accounts were named");
    return ck_error_hint(err, "Give their names, or --mailboxes, --domain DOMAIN, --domain-admins "
                              "or --admins.");
}

/* All that can be wrong with what was given, before the server hears anything. */
static enum ck_err prepare(struct enforcing *enforcing, struct ck_error *err)
{
    const struct options *options = enforcing->options;
    struct acting *acting = &enforcing->acting;
    enum ck_err r = scope_read(options, &enforcing->scope, err);

    if (r == CK_OK)
        r = check_somebody(options, &enforcing->scope, err);
    if (r != CK_OK)
        return r;
    enforcing->speaker = (struct speaker){.options = options, .target = &acting->who.target};
    enforcing->person = person_new(&enforcing->speaker);
    enforcing->key_person = key_person_new(&enforcing->speaker);
    bool logs_in = admin_target_login_asked(options);
    return option_given(options, OPTION_DRY_RUN)
               ? admin_target_read(options, &enforcing->person, &enforcing->key_person, logs_in,
                                   &acting->who, err)
               : acting_read(options, &enforcing->person, &enforcing->key_person, logs_in, acting,
                             err);
}

static enum ck_err plan(struct enforcing *enforcing, struct ck_error *err)
{
    const struct options *options = enforcing->options;
    const struct scope *scope = &enforcing->scope;
    const struct ck_enforce_wish wish = {
        .on = enforcing->on,
        .admins = scope->admins,
        .domain_admins = scope->domain_admins,
        .mailboxes = scope->mailboxes,
        .domain = scope->domain,
        .names = option_arguments(options),
        .exceptions = &scope->exceptions,
        .now_s = enforcing->started_s,
    };
    enum ck_err r = acting_open(&enforcing->acting, err);

    if (r == CK_OK)
        say(options, "Reading the accounts ...");
    return r == CK_OK
               ? ck_enforce_plan(enforcing->acting.by.admin, &wish, &enforcing->enforcement, err)
               : r;
}

/* --- the question --- */

static void count_roles(const struct ck_enforcement *enforcement, size_t counts[CK_ROLES_COUNT])
{
    for (size_t i = 0; i < enforcement->count; i++) {
        const struct ck_enforce_row *row = &enforcement->rows[i];
        counts[row->record.account.role] += row->result == CK_ENFORCE_PENDING;
    }
}

/* "2 mailboxes, 1 admin" */
static void name_counts(const size_t counts[CK_ROLES_COUNT], char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (int role = 0; role < CK_ROLES_COUNT && used < size; role++) {
        if (counts[role] > 0)
            used +=
                (size_t)snprintf(text + used, size - used, "%s%zu %s", used > 0 ? ", " : "",
                                 counts[role], ck_role_noun((enum ck_role)role, counts[role] != 1));
    }
}

static void tell_names(const struct ck_enforcement *enforcement)
{
    for (size_t i = 0; i < enforcement->count; i++) {
        const struct ck_enforce_row *row = &enforcement->rows[i];
        if (row->result == CK_ENFORCE_PENDING)
            say_always("  %s (%s)", row->record.account.name,
                       ck_role_name(row->record.account.role));
    }
}

/* Known of an own session only: an API key is nobody's. */
static bool holds_oneself(const struct enforcing *enforcing)
{
    const struct ck_session *session = enforcing->acting.by.session;
    const struct ck_account *self = enforcing->acting.by.account;
    const struct ck_page *page = session != NULL ? ck_session_page(session) : NULL;

    if (!enforcing->on || self == NULL || page->factors_state != CK_LIST_PRESENT ||
        page->factors_count > 0)
        return false;
    for (size_t i = 0; i < enforcing->enforcement.count; i++) {
        const struct ck_enforce_row *row = &enforcing->enforcement.rows[i];
        if (row->result == CK_ENFORCE_PENDING && row->record.account.role == self->role &&
            strcmp(row->record.account.name, self->name) == 0)
            return true;
    }
    return false;
}

static void tell_consequences(const struct enforcing *enforcing,
                              const size_t counts[CK_ROLES_COUNT])
{
    if (!enforcing->on) {
        say_always("The factors that they have stay, and are asked for as before.");
        return;
    }
    say_always("Who has no second factor yet is held at the next login, until one is set up.");
    if (counts[CK_ROLE_MAILBOX] > 0)
        say_always("Mail programs go on with the password until then; afterwards they need app "
                   "passwords.");
    if (holds_oneself(enforcing))
        say_always("Warning: you are logged in as %s, which has no second factor itself: its next "
                   "login will be held, too. 'cowkey enroll totp' sets one up.",
                   enforcing->acting.by.account->name);
}

static enum ck_err ask(const struct enforcing *enforcing, struct ck_error *err)
{
    const struct options *options = enforcing->options;
    size_t counts[CK_ROLES_COUNT] = {0};
    char text[128];

    count_roles(&enforcing->enforcement, counts);
    name_counts(counts, text, sizeof(text));
    if (confirm_tells(options)) {
        say_always(enforcing->on ? "The server will insist on a second factor of %s."
                                 : "The server will no longer insist on a second factor of %s.",
                   text);
        if (counts[0] + counts[1] + counts[2] <= NAMED_MAX)
            tell_names(&enforcing->enforcement);
        tell_consequences(enforcing, counts);
    }
    return confirm(options, "Change them? [y/N] ", err);
}

/* --- changing --- */

static void tell_settled(void *data, const struct ck_enforce_row *row)
{
    const struct enforcing *enforcing = data;

    if (!option_given(enforcing->options, OPTION_JSON))
        enforce_print_row(&enforcing->enforcement, row);
}

static enum ck_err change(struct enforcing *enforcing, struct ck_error *err)
{
    struct acting *acting = &enforcing->acting;
    const struct ck_enforcer enforcer = {
        .admin = acting->by.admin,
        .journal = acting->journal,
        .deed = acting->deed,
        .cancel = &interrupt_noted,
        .data = enforcing,
        .settled = tell_settled,
    };

    /* The first Ctrl-C lets an edit come to its end, the second cuts it. */
    ck_admin_set_cancel(acting->by.admin, &interrupt_insisted);
    return ck_enforce_run(&enforcer, &enforcing->enforcement, err);
}

static int fail_before(const struct options *options, const struct ck_error *err)
{
    int status = report_error(option_given(options, OPTION_JSON), err);

    if (err->code != CK_ERR_USAGE)
        say_always("  No account was changed.");
    return status;
}

static int run_enforce(const struct options *options, bool on)
{
    CK_CLEANUP(enforcing_clear)
    struct enforcing enforcing = {.options = options, .on = on, .started_s = clock_now_s()};
    struct ck_error err = {.code = CK_OK};
    bool dry_run = option_given(options, OPTION_DRY_RUN);
    bool json = option_given(options, OPTION_JSON);

    enum ck_err r = prepare(&enforcing, &err);
    if (r == CK_OK)
        r = plan(&enforcing, &err);
    if (r != CK_OK)
        return fail_before(options, &err);

    struct ck_enforcement *enforcement = &enforcing.enforcement;
    bool pending = ck_enforcement_count(enforcement, CK_ENFORCE_PENDING) > 0;
    if (!json)
        enforce_print_plan(enforcement, &enforcing.scope, dry_run);
    if (pending && !dry_run) {
        if (ask(&enforcing, &err) != CK_OK)
            return fail_before(options, &err);
        change(&enforcing, &err);
    }
    int status = enforce_status(enforcement, &err);
    if (err.code != CK_OK)
        err.code = (enum ck_err)status;
    if (json)
        enforce_print_document(&enforcing.acting.who, enforcement, &enforcing.scope, dry_run,
                               enforcing.started_s, &err);
    else
        enforce_print_summary(enforcement, dry_run);
    if (err.code != CK_OK)
        say_error(&err);
    return status;
}

static int run_on(const struct options *options)
{
    return run_enforce(options, true);
}

static int run_off(const struct options *options)
{
    return run_enforce(options, false);
}

static const enum option_id own_options[] = {ACTING_OPTIONS, SCOPE_OPTIONS, OPTION_DRY_RUN,
                                             OPTION_COUNT};

const struct command command_enforce_on = {
    .words = "enforce on",
    .arguments = "[ACCOUNT...]",
    .summary = "have the server insist on a second factor of accounts",
    .options = own_options,
    .online = true,
    .changes = true,
    .without_account = true,
    .run = run_on,
};

const struct command command_enforce_off = {
    .words = "enforce off",
    .arguments = "[ACCOUNT...]",
    .summary = "no longer have the server insist on a second factor of accounts",
    .options = own_options,
    .online = true,
    .changes = true,
    .without_account = true,
    .run = run_off,
};
