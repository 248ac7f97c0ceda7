/* Which accounts an audit looks at, list after list. */
#include "cowkey/admin/audit.h"

#include <stdlib.h>
#include <string.h>

#include "audit_internal.h"
#include "cowkey/base/cleanup.h"

struct course {
    const struct ck_audit *audit;
    struct ck_audit_summary *summary;
    struct audit_crew *crew;
    struct ck_domains reach;  /* those of own, where lists_more */
    struct ck_audit_list now; /* the list at work */
    size_t done;              /* of it */
    size_t listed;            /* accounts that came from a list of the server */
};

/* --- telling --- */

static void judge(struct course *course, struct audit_row *row, struct ck_audited *audited)
{
    const struct ck_audit *audit = course->audit;

    *audited = (struct ck_audited){.account = row->record->account, .unopened = row->unopened};
    if (audit->exceptions != NULL)
        row->facts.excepted = ck_exceptions_find(audit->exceptions, audited->account.name,
                                                 audit->now_s, &audited->exception);
    audited->facts = row->facts;
    audited->second_factor = ck_facts_second_factor(&row->facts);
    audited->findings = ck_facts_judge(&row->facts);
}

static void count(struct ck_audit_summary *summary, const struct ck_audited *audited)
{
    bool excepted = audited->facts.excepted == CK_EXCEPTION_ACTIVE;

    summary->accounts++;
    summary->states[audited->account.role][audited->second_factor]++;
    summary->policies_seen += audited->facts.force_tfa >= 0;
    summary->unopened += audited->unopened != NULL;
    summary->excepted += excepted && audited->findings != 0;
    for (int i = 0; i < CK_FINDINGS_COUNT && !excepted; i++) {
        enum ck_finding finding = (enum ck_finding)i;
        if ((audited->findings & 1U << i) == 0)
            continue;
        summary->findings[i][audited->account.role]++;
        summary->levels[ck_finding_level(finding, audited->account.role)]++;
    }
}

static void tell(void *data, struct audit_row *rows, size_t first, size_t size)
{
    struct course *course = data;
    const struct ck_audit_visitor *visitor = course->audit->visitor;

    for (size_t i = first; i < first + size; i++) {
        struct ck_audited audited;
        judge(course, &rows[i], &audited);
        count(course->summary, &audited);
        visitor->account(visitor->data, &audited);
        free(rows[i].unopened);
        rows[i].unopened = NULL;
        visitor->progress(visitor->data, &course->now, ++course->done);
    }
}

bool ck_audit_found(const struct ck_audit_summary *summary, enum ck_level level)
{
    size_t found = level <= CK_LEVEL_WARNING ? summary->expired_exceptions : 0;

    for (int i = (int)level; i < CK_LEVELS_COUNT; i++)
        found += summary->levels[i];
    return found > 0;
}

/* --- one list --- */

static bool is_own(const struct course *course, const struct ck_account *account)
{
    const struct ck_account *own =
        course->audit->own != NULL ? ck_admin_account(course->audit->own) : NULL;

    return own != NULL && own->role == account->role && strcmp(own->name, account->name) == 0;
}

/* Whether an API key lists more than the domain admin's own session does. */
static bool lists_more(const struct ck_audit *audit)
{
    return ck_admin_account(audit->lists) == NULL && audit->own != NULL &&
           ck_admin_account(audit->own)->role == CK_ROLE_DOMAIN_ADMIN;
}

static bool reaches_domain(const struct course *course, const char *domain)
{
    if (!lists_more(course->audit))
        return true;
    for (size_t i = 0; i < course->reach.count; i++) {
        if (strcmp(course->reach.names[i], domain) == 0)
            return true;
    }
    return false;
}

/* Admins don't open admins, whoever they are (protocol 8). */
static bool opens(const struct course *course)
{
    const struct ck_audit *audit = course->audit;
    enum ck_role role = course->now.role;

    return audit->deep && audit->session != NULL && role != CK_ROLE_ADMIN &&
           ck_admin_manages(audit->own, role) &&
           (role != CK_ROLE_MAILBOX || reaches_domain(course, course->now.domain));
}

static void free_rows(struct audit_row **rows)
{
    free(*rows);
    *rows = NULL;
}

/* The own page was read when the session was opened; it is looked at before the session is lent. */
static enum ck_err prepare(struct course *course, struct audit_row *row,
                           const struct ck_record *record, bool open, struct ck_error *err)
{
    audit_row_begin(row, record);
    if (is_own(course, &record->account))
        return audit_row_read_own(row, course->audit->session, err);
    row->open = open;
    return CK_OK;
}

static enum ck_err look_at(struct course *course, struct ck_records *records, struct ck_error *err)
{
    const struct ck_audit_visitor *visitor = course->audit->visitor;
    CK_CLEANUP(free_rows)
    struct audit_row *rows = calloc(records->count + 1, sizeof(*rows));
    bool open = opens(course);
    enum ck_err r = rows != NULL ? CK_OK : ck_error_no_memory(err);

    ck_records_sort(records);
    for (size_t i = 0; i < records->count && r == CK_OK; i++)
        r = prepare(course, &rows[i], &records->rows[i], open, err);
    if (r != CK_OK)
        return r;
    course->now.count = records->count;
    course->done = 0;
    visitor->begin(visitor->data, &course->now);
    r = audit_crew_work(course->crew, rows, records->count, tell, course, err);
    visitor->end(visitor->data, &course->now);
    course->now.lists_before++;
    return r;
}

/* The server may take half a minute for thousands of mailboxes: that is to be seen, too. */
static void begin_reading(struct course *course, enum ck_role role, const char *domain)
{
    const struct ck_audit_visitor *visitor = course->audit->visitor;

    course->now.role = role;
    course->now.domain = domain;
    course->now.count = 0;
    visitor->progress(visitor->data, &course->now, 0);
}

static enum ck_err look_at_role(struct course *course, enum ck_role role, struct ck_error *err)
{
    CK_CLEANUP(ck_records_clear) struct ck_records records = {0};

    begin_reading(course, role, NULL);
    enum ck_err r = ck_admin_list(course->audit->lists, role, &records, err);
    course->listed += records.count;
    return r == CK_OK ? look_at(course, &records, err) : r;
}

/* Nobody lists a domain admin for itself; its page tells what it may see. */
static enum ck_err look_at_own(struct course *course, struct ck_error *err)
{
    struct ck_record record = {
        .account = *ck_admin_account(course->audit->own),
        .active = true,
        .tfa_active = -1,
        .force_tfa = -1,
        .force_pw_update = -1,
        .authsource = CK_AUTHSOURCE_MAILCOW,
    };
    struct ck_records only = {.rows = &record, .count = 1};

    course->now.role = record.account.role;
    course->now.domain = NULL;
    return look_at(course, &only, err);
}

/*
 * The server shows no mailboxes of the domain, which it listed before. Whether it does not list it
 * any more, so that there is nothing to look at.
 */
static enum ck_err check_gone(struct course *course, const char *domain, struct ck_error *err)
{
    CK_CLEANUP(ck_domains_clear) struct ck_domains domains = {0};
    struct ck_error why = *err;

    if (ck_admin_list_domains(course->audit->lists, &domains, err) != CK_OK)
        return err->code;
    for (size_t i = 0; i < domains.count; i++) {
        if (strcmp(domains.names[i], domain) == 0)
            return ck_error_set(err, CK_ERR_UNREACHABLE, "the server lists '%s', and yet: %s",
                                domain, why.text);
    }
    return err->code = CK_OK;
}

static enum ck_err look_at_domain(struct course *course, const char *domain, struct ck_error *err)
{
    CK_CLEANUP(ck_records_clear) struct ck_records records = {0};

    begin_reading(course, CK_ROLE_MAILBOX, domain);
    enum ck_err r = ck_admin_list_mailboxes(course->audit->lists, domain, &records, err);
    course->listed += records.count;
    if (r == CK_ERR_USAGE)
        r = check_gone(course, domain, err);
    if (r == CK_ERR_UNREACHABLE && err->hint[0] == '\0')
        ck_error_hint(err, "The list of a domain's mailboxes takes the server long when there are "
                           "thousands: give it more time with --timeout.");
    return r == CK_OK ? look_at(course, &records, err) : r;
}

/* --- all of them --- */

static int compare_domains(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* A domain that is not there would be answered with the mailboxes of all (protocol 14.16). */
static enum ck_err choose_domains(const struct ck_audit_scope *scope, struct ck_domains *domains,
                                  struct ck_error *err)
{
    size_t kept = 0;

    if (domains->count > 0)
        qsort(domains->names, domains->count, sizeof(*domains->names), compare_domains);
    if (scope->domain == NULL)
        return CK_OK;
    for (size_t i = 0; i < domains->count; i++) {
        if (strcmp(domains->names[i], scope->domain) == 0)
            memmove(domains->names[kept++], domains->names[i], sizeof(*domains->names));
    }
    domains->count = kept;
    if (kept > 0)
        return CK_OK;
    ck_error_set(err, CK_ERR_USAGE, "the domain '%.200s' is not among those that can be seen",
                 scope->domain);
    return ck_error_hint(err, "A domain admin sees its own domains only.");
}

static enum ck_err read_domains(struct course *course, struct ck_domains *ret_domains,
                                struct ck_error *err)
{
    const struct ck_audit *audit = course->audit;
    enum ck_err r = ck_admin_list_domains(audit->lists, ret_domains, err);

    if (r == CK_OK)
        r = choose_domains(&audit->scope, ret_domains, err);
    if (r == CK_OK && audit->deep && lists_more(audit))
        r = ck_admin_list_domains(audit->own, &course->reach, err);
    return r;
}

/* Where nothing was asked for, it is all that the credentials see. */
static struct ck_audit_scope whole_scope(const struct ck_audit *audit)
{
    bool sees_admins = ck_admin_manages(audit->lists, CK_ROLE_ADMIN);
    bool is_domain_admin =
        audit->own != NULL && ck_admin_account(audit->own)->role == CK_ROLE_DOMAIN_ADMIN;
    struct ck_audit_scope scope = audit->scope;

    if (!scope.admins && !scope.domain_admins && !scope.mailboxes && scope.domain == NULL) {
        scope.admins = sees_admins;
        scope.domain_admins = sees_admins || is_domain_admin;
        scope.mailboxes = true;
    }
    scope.mailboxes = scope.mailboxes || scope.domain != NULL;
    return scope;
}

struct ck_exceptions_reach ck_audit_reach(const struct ck_audit *audit)
{
    const struct ck_audit_scope scope = whole_scope(audit);

    /* Of domain admins a domain admin sees itself, and nothing is to be said of the others. */
    return (struct ck_exceptions_reach){
        .mailboxes = scope.mailboxes,
        .domain_admins =
            scope.domain_admins && ck_admin_manages(audit->lists, CK_ROLE_DOMAIN_ADMIN),
        .admins = scope.admins,
        .domain = scope.domain,
    };
}

static enum ck_err check_scope(const struct ck_audit *audit, struct ck_error *err)
{
    if (!audit->scope.admins || ck_admin_manages(audit->lists, CK_ROLE_ADMIN))
        return CK_OK;
    ck_error_set(err, CK_ERR_USAGE, "a domain admin does not see admins");
    return ck_error_hint(err, "Log in as an admin, or give an API key.");
}

static enum ck_err look_at_all(struct course *course, struct ck_error *err)
{
    CK_CLEANUP(ck_domains_clear) struct ck_domains domains = {0};
    struct ck_audit_scope scope = whole_scope(course->audit);
    bool own_only = !ck_admin_manages(course->audit->lists, CK_ROLE_DOMAIN_ADMIN);
    enum ck_err r = check_scope(course->audit, err);

    /* Before anything else, so that a wrong name is told at once, and how much there is to do. */
    if (r == CK_OK && scope.mailboxes)
        r = read_domains(course, &domains, err);
    course->now.lists_count = (size_t)scope.admins + (size_t)scope.domain_admins + domains.count;
    if (r == CK_OK && scope.admins)
        r = look_at_role(course, CK_ROLE_ADMIN, err);
    if (r == CK_OK && scope.domain_admins)
        r = own_only ? look_at_own(course, err) : look_at_role(course, CK_ROLE_DOMAIN_ADMIN, err);
    for (size_t i = 0; r == CK_OK && i < domains.count; i++)
        r = look_at_domain(course, domains.names[i], err);
    return r;
}

/* Releases that can't force a factor leave the flag out of every record (dialects 2.5). */
static void judge_release(const struct course *course)
{
    struct ck_audit_summary *summary = course->summary;

    if (course->listed == 0 || summary->accounts == 0 || summary->policies_seen > 0)
        return;
    summary->findings[CK_FINDING_RELEASE][CK_ROLE_ADMIN] = 1;
    summary->levels[ck_finding_level(CK_FINDING_RELEASE, CK_ROLE_ADMIN)]++;
}

static void count_expired(const struct ck_audit *audit, struct ck_audit_summary *summary)
{
    size_t at = 0;

    while (audit->exceptions != NULL &&
           ck_exceptions_next_expired(audit->exceptions, audit->now_s, &at) != NULL)
        summary->expired_exceptions++;
}

enum ck_err ck_audit_run(const struct ck_audit *audit, struct ck_audit_summary *summary,
                         struct ck_error *err)
{
    CK_CLEANUP(audit_crew_free) struct audit_crew *crew = NULL;
    struct course course = {.audit = audit, .summary = summary};
    enum ck_err r = audit_crew_new(audit, &crew, err);

    course.crew = crew;
    if (r == CK_OK)
        r = look_at_all(&course, err);
    judge_release(&course);
    count_expired(audit, summary);
    ck_domains_clear(&course.reach);
    return r;
}
