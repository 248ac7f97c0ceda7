/* Tests of the course of an audit, with a server of a few lines instead of the room mailcow. */
#include "cowkey/admin/audit.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/base/expect.h"

#include "cowkey/mailcow/http.h"
#include "cowkey/mailcow/log_in_as.h"

/* --- the server --- */

enum { MAILBOXES_MAX = 300, DOMAINS_MAX = 4 };

static struct {
    const char *domains[DOMAINS_MAX];
    size_t domains_count;
    size_t mailboxes; /* in each domain */
    int force_tfa;
    const char *no_list; /* the domain whose list does not come */
    const char *lost;    /* the domain that is answered as one that is not there */
    bool lost_is_listed; /* and yet goes on being listed */
    bool was_lost;
    const char *broken;  /* the account whose page is not understood */
    const char *hung_up; /* the account at which the server goes away */
    const char *refused; /* the account at which the admin is refused */
    const char *foreign; /* a domain that the domain admin does not have */
    bool refuses_more;   /* logins after the first, which go before anything else */
    volatile sig_atomic_t cancel;
    const char *cancel_at; /* set when this account is opened */

    atomic_bool refused_more;
    atomic_bool gone; /* the server went away */
    atomic_int sessions, opened, looked, lent, counts_of_keys, counts_of_apps;
} server;

struct ck_session {
    struct ck_account account;
    struct ck_session *lender;
    pthread_t thread;
    struct ck_page page;
    atomic_bool is_lent;
};

struct ck_admin {
    struct ck_account account;
    bool is_key;
};

static struct ck_session *session_of(const char *name, enum ck_role role)
{
    struct ck_session *session = calloc(1, sizeof(*session));

    snprintf(session->account.name, sizeof(session->account.name), "%s", name);
    session->account.role = role;
    session->thread = pthread_self();
    session->page.factors_state = CK_LIST_PRESENT;
    session->page.passkeys_state = CK_LIST_PRESENT;
    server.sessions++;
    return session;
}

void ck_session_close(struct ck_session **session)
{
    if (*session == NULL)
        return;
    assert_true(pthread_equal((*session)->thread, pthread_self()));
    assert_false((*session)->is_lent);
    if ((*session)->lender != NULL)
        (*session)->lender->is_lent = false;
    server.sessions--;
    free(*session);
    *session = NULL;
}

/* Nothing to close here. */
void ck_http_thread_end(void)
{
}

const struct ck_page *ck_session_page(const struct ck_session *session)
{
    assert_false(session->is_lent);
    return &session->page;
}

static enum ck_err gone(struct ck_error *err)
{
    return ck_error_set(err, CK_ERR_UNREACHABLE, "the server went away");
}

enum ck_err ck_session_visit(struct ck_session *session, struct ck_error *err)
{
    (void)session;
    return server.gone ? gone(err) : CK_OK;
}

static bool is_called(const char *name, const char *wanted)
{
    return wanted != NULL && strcmp(name, wanted) == 0;
}

enum ck_err ck_session_log_in_as(struct ck_session *admin, const struct ck_account *account,
                                 struct ck_session **ret_session, struct ck_error *err)
{
    const char *name = account->name;

    assert_true(pthread_equal(admin->thread, pthread_self()));
    assert_false(admin->is_lent);
    assert_int_not_equal(account->role, CK_ROLE_ADMIN);
    server.opened++;
    while (server.refuses_more && !server.refused_more)
        sched_yield();
    if (is_called(name, server.cancel_at))
        server.cancel = 1;
    if (is_called(name, server.hung_up))
        server.gone = true;
    if (server.gone)
        return gone(err);
    if (is_called(name, server.broken))
        return ck_error_set(err, CK_ERR_UNREACHABLE, "the page of %s is not understood", name);
    if (is_called(name, server.refused))
        return ck_error_set(err, CK_ERR_REFUSED, "no more");
    struct ck_session *session = session_of(name, account->role);
    session->lender = admin;
    admin->is_lent = true;
    /* As many passkeys as the number in its name, so that a wrong row would show. */
    session->page.passkeys_count = strtoul(name + strcspn(name, "0123456789"), NULL, 10) % 7;
    session->page.factors_count = 1;
    server.lent++;
    *ret_session = session;
    return CK_OK;
}

enum ck_err ck_session_count_security_keys(struct ck_session *session, int *ret_count,
                                           struct ck_error *err)
{
    (void)err;
    assert_false(session->is_lent);
    server.counts_of_keys++;
    *ret_count = 1;
    return CK_OK;
}

enum ck_err ck_session_count_app_passwords(struct ck_session *session, int *ret_count,
                                           struct ck_error *err)
{
    (void)err;
    assert_false(session->is_lent);
    server.counts_of_apps++;
    *ret_count = 0;
    return CK_OK;
}

const struct ck_account *ck_admin_account(const struct ck_admin *admin)
{
    return admin->is_key ? NULL : &admin->account;
}

bool ck_admin_manages(const struct ck_admin *admin, enum ck_role role)
{
    return admin->is_key || admin->account.role == CK_ROLE_ADMIN || role == CK_ROLE_MAILBOX;
}

static struct ck_record record_of(const char *name, enum ck_role role)
{
    struct ck_record record = {.active = true,
                               .tfa_active = role == CK_ROLE_MAILBOX ? -1 : 1,
                               .force_tfa = server.force_tfa,
                               .force_pw_update = 0,
                               .account.role = role};

    snprintf(record.account.name, sizeof(record.account.name), "%s", name);
    return record;
}

enum ck_err ck_admin_list(struct ck_admin *admin, enum ck_role role, struct ck_records *ret_records,
                          struct ck_error *err)
{
    (void)err;
    assert_true(ck_admin_manages(admin, role));
    ret_records->count = 2;
    ret_records->rows = calloc(2, sizeof(*ret_records->rows));
    ret_records->rows[0] = record_of(role == CK_ROLE_ADMIN ? "root" : "da2", role);
    ret_records->rows[1] = record_of(role == CK_ROLE_ADMIN ? "admin" : "da1", role);
    return CK_OK;
}

enum ck_err ck_admin_list_domains(struct ck_admin *admin, struct ck_domains *ret_domains,
                                  struct ck_error *err)
{
    bool own = !admin->is_key && admin->account.role == CK_ROLE_DOMAIN_ADMIN;

    (void)err;
    ret_domains->names = calloc(DOMAINS_MAX, sizeof(*ret_domains->names));
    for (size_t i = 0; i < server.domains_count; i++) {
        bool is_gone =
            server.was_lost && !server.lost_is_listed && is_called(server.domains[i], server.lost);
        if ((!own || !is_called(server.domains[i], server.foreign)) && !is_gone)
            snprintf(ret_domains->names[ret_domains->count++], CK_HOST_MAX, "%s",
                     server.domains[i]);
    }
    return CK_OK;
}

enum ck_err ck_admin_list_mailboxes(struct ck_admin *admin, const char *domain,
                                    struct ck_records *ret_records, struct ck_error *err)
{
    (void)admin;
    if (is_called(domain, server.no_list))
        return ck_error_set(err, CK_ERR_UNREACHABLE, "no list");
    if (is_called(domain, server.lost)) {
        server.was_lost = true;
        return ck_error_set(err, CK_ERR_USAGE, "the server has no domain");
    }
    ret_records->rows = calloc(MAILBOXES_MAX, sizeof(*ret_records->rows));
    for (size_t i = server.mailboxes; i-- > 0;) {
        char name[CK_ACCOUNT_NAME_MAX];
        snprintf(name, sizeof(name), "m%03zu@%s", i, domain);
        ret_records->rows[ret_records->count++] = record_of(name, CK_ROLE_MAILBOX);
    }
    return CK_OK;
}

void ck_records_clear(struct ck_records *records)
{
    free(records->rows);
    *records = (struct ck_records){0};
}

void ck_domains_clear(struct ck_domains *domains)
{
    free(domains->names);
    *domains = (struct ck_domains){0};
}

/* --- the visitor --- */

struct visits {
    char names[1024][CK_ACCOUNT_NAME_MAX];
    struct ck_facts facts[1024];
    char unopened[128]; /* of the last one that was not opened */
    size_t count, begun, ended;
    size_t done; /* what progress said last */
};

static void on_begin(void *data, const struct ck_audit_list *list)
{
    struct visits *visits = data;

    assert_true(list->lists_before < list->lists_count);
    assert_int_equal(visits->begun, visits->ended);
    visits->begun++;
}

static void on_account(void *data, const struct ck_audited *audited)
{
    struct visits *visits = data;

    assert_int_equal(visits->begun, visits->ended + 1);
    snprintf(visits->names[visits->count], sizeof(visits->names[0]), "%s", audited->account.name);
    visits->facts[visits->count++] = audited->facts;
    if (audited->unopened != NULL)
        snprintf(visits->unopened, sizeof(visits->unopened), "%s", audited->unopened);
}

static void on_end(void *data, const struct ck_audit_list *list)
{
    struct visits *visits = data;

    (void)list;
    visits->ended++;
}

static void on_progress(void *data, const struct ck_audit_list *list, size_t done)
{
    struct visits *visits = data;

    assert_true(done <= list->count);
    visits->done = done;
}

/* --- running --- */

static struct visits visits;
static struct ck_audit_summary summary;
static struct ck_error err;

static enum ck_err open_more(void *data, struct ck_session **ret_session, struct ck_error *error)
{
    const struct ck_account *account = data;

    server.refused_more = true;
    if (server.refuses_more)
        return ck_error_set(error, CK_ERR_REFUSED, "wrong password");
    *ret_session = session_of(account->name, account->role);
    return CK_OK;
}

static void set_up(size_t domains, size_t mailboxes)
{
    static const char *const names[DOMAINS_MAX] = {"b.test", "a.test", "d.test", "c.test"};

    memset(&server, 0, sizeof(server));
    memset(&visits, 0, sizeof(visits));
    memset(&summary, 0, sizeof(summary));
    err = (struct ck_error){.code = CK_OK};
    for (size_t i = 0; i < domains; i++)
        server.domains[i] = names[i];
    server.domains_count = domains;
    server.mailboxes = mailboxes;
    server.force_tfa = 1;
}

/* With an API key, or a session of login, or both; afterwards no session is left. */
static enum ck_err run(struct ck_audit audit, bool by_key, const struct ck_account *login)
{
    static const struct ck_audit_visitor visitor = {.data = &visits,
                                                    .begin = on_begin,
                                                    .account = on_account,
                                                    .end = on_end,
                                                    .progress = on_progress};
    struct ck_admin key = {.is_key = true}, own = {.is_key = false};

    if (login != NULL) {
        own.account = *login;
        audit.own = &own;
        audit.session = session_of(login->name, login->role);
        audit.session->page.factors_count = 3;
    }
    audit.lists = by_key ? &key : &own;
    audit.open = open_more;
    audit.open_data = (void *)login;
    audit.cancel = &server.cancel;
    audit.visitor = &visitor;
    enum ck_err r = ck_audit_run(&audit, &summary, &err);
    ck_session_close(&audit.session);
    assert_int_equal(server.sessions, 0);
    assert_int_equal(visits.begun, visits.ended);
    assert_int_equal(visits.count, summary.accounts);
    assert_int_equal(r, err.code);
    return r;
}

static const struct ck_account admin = {.name = "admin", .role = CK_ROLE_ADMIN};
static const struct ck_account da1 = {.name = "da1", .role = CK_ROLE_DOMAIN_ADMIN};

static void expect_visited(const char *const *names, size_t count)
{
    assert_int_equal(visits.count, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(visits.names[i], names[i]);
}

/* --- which accounts, and in which order --- */

static void test_order(void **state)
{
    static const char *const all[] = {"admin",       "root",        "da1",         "da2",
                                      "m000@a.test", "m001@a.test", "m000@b.test", "m001@b.test"};

    (void)state;
    set_up(2, 2);
    assert_int_equal(run((struct ck_audit){.jobs = 1}, true, NULL), CK_OK);
    expect_visited(all, 8);
    assert_int_equal(server.opened, 0);
    assert_int_equal(summary.states[CK_ROLE_ADMIN][CK_SECOND_FACTOR_PRESENT], 2);
    assert_int_equal(summary.states[CK_ROLE_MAILBOX][CK_SECOND_FACTOR_NOT_VISIBLE], 4);
}

static void test_scopes(void **state)
{
    static const struct {
        struct ck_audit_scope scope;
        size_t count;
        const char *first;
    } cases[] = {
        {{.admins = true}, 2, "admin"},
        {{.domain_admins = true}, 2, "da1"},
        {{.mailboxes = true}, 4, "m000@a.test"},
        {{.domain = "b.test"}, 2, "m000@b.test"},
        {{.domain = "b.test", .admins = true}, 4, "admin"},
        {{.domain = "b.test", .mailboxes = true}, 2, "m000@b.test"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        set_up(2, 2);
        assert_int_equal(run((struct ck_audit){.jobs = 1, .scope = cases[i].scope}, true, NULL),
                         CK_OK);
        assert_int_equal(visits.count, cases[i].count);
        assert_string_equal(visits.names[0], cases[i].first);
    }
}

/* Asked for, such a domain would be answered with the mailboxes of all. */
static void test_domain_that_is_not_there(void **state)
{
    (void)state;
    set_up(2, 2);
    assert_int_equal(
        run((struct ck_audit){.jobs = 1, .scope.domain = "x.test", .scope.admins = true}, true,
            NULL),
        CK_ERR_USAGE);
    assert_int_equal(visits.count, 0);
}

/* Deleted since it was listed: there is nobody, and the others are looked at. */
static void test_domain_that_goes(void **state)
{
    (void)state;
    set_up(3, 2);
    server.lost = "b.test";
    assert_int_equal(run((struct ck_audit){.jobs = 1, .scope.mailboxes = true}, true, NULL), CK_OK);
    assert_int_equal(visits.count, 4);
    assert_int_equal(visits.begun, 3);

    set_up(3, 2);
    server.lost = "b.test";
    server.lost_is_listed = true;
    assert_int_equal(run((struct ck_audit){.jobs = 1, .scope.mailboxes = true}, true, NULL),
                     CK_ERR_UNREACHABLE);
    assert_int_equal(visits.count, 2);
}

static void test_of_nobody(void **state)
{
    (void)state;
    set_up(0, 0);
    assert_int_equal(run((struct ck_audit){.jobs = 1, .scope.mailboxes = true}, true, NULL), CK_OK);
    assert_int_equal(visits.count, 0);
    assert_false(ck_audit_found(&summary, CK_LEVEL_INFO));
}

static void test_domain_admin_sees_itself_and_its_mailboxes(void **state)
{
    static const char *const all[] = {"da1", "m000@a.test", "m001@a.test"};

    (void)state;
    set_up(2, 2);
    server.foreign = "b.test";
    assert_int_equal(run((struct ck_audit){.jobs = 1, .deep = true}, false, &da1), CK_OK);
    expect_visited(all, 3);
    assert_int_equal(server.opened, 2);
    assert_int_equal(visits.facts[0].factors, 3);
    assert_int_equal(visits.facts[0].security_keys, 1);
    assert_int_equal(visits.facts[0].force_tfa, -1);
}

static void test_domain_admin_does_not_see_admins(void **state)
{
    (void)state;
    set_up(1, 1);
    assert_int_equal(run((struct ck_audit){.jobs = 1, .scope.admins = true}, false, &da1),
                     CK_ERR_USAGE);
}

/* The key lists all; only what is the domain admin's is opened. */
static void test_domain_admin_with_a_key_opens_its_own(void **state)
{
    (void)state;
    set_up(2, 3);
    server.foreign = "b.test";
    assert_int_equal(run((struct ck_audit){.jobs = 1, .deep = true}, true, &da1), CK_OK);
    assert_int_equal(visits.count, 4 + 6);
    assert_int_equal(server.opened, 3);
    assert_int_equal(summary.unopened, 0);
}

/* --- what is looked at --- */

static void test_own_page_is_read_without_opening(void **state)
{
    (void)state;
    set_up(1, 1);
    assert_int_equal(run((struct ck_audit){.jobs = 1}, false, &admin), CK_OK);
    assert_string_equal(visits.names[0], "admin");
    assert_int_equal(visits.facts[0].factors, 3);
    assert_int_equal(visits.facts[0].passkeys, 0);
    assert_int_equal(visits.facts[1].passkeys, -1);
    assert_int_equal(server.opened, 0);
}

static void test_no_more_exchanges_than_findings_need(void **state)
{
    (void)state;
    set_up(1, 5);
    assert_int_equal(run((struct ck_audit){.jobs = 1, .deep = true}, false, &admin), CK_OK);
    assert_int_equal(server.lent, 2 + 5);       /* domain admins and mailboxes */
    assert_int_equal(server.counts_of_keys, 3); /* those, and the own one */
    assert_int_equal(server.counts_of_apps, 5);
}

static void test_account_that_can_not_be_opened(void **state)
{
    (void)state;
    set_up(1, 3);
    server.broken = "m001@b.test";
    assert_int_equal(run((struct ck_audit){.jobs = 1, .deep = true}, false, &admin), CK_OK);
    assert_int_equal(visits.count, 7);
    assert_int_equal(summary.unopened, 1);
    assert_string_equal(visits.unopened, "the page of m001@b.test is not understood");
    assert_int_equal(visits.facts[5].passkeys, -1);
    assert_int_equal(visits.facts[6].passkeys, 2);
}

/* --- side by side --- */

static void expect_right_rows(void)
{
    for (size_t i = 0; i < visits.count; i++) {
        const struct ck_facts *facts = &visits.facts[i];
        if (facts->role == CK_ROLE_MAILBOX)
            assert_int_equal(facts->passkeys, strtoul(visits.names[i] + 1, NULL, 10) % 7);
    }
}

static void test_several_sessions_keep_the_order(void **state)
{
    (void)state;
    for (unsigned jobs = 1; jobs <= 8; jobs++) {
        set_up(3, MAILBOXES_MAX);
        assert_int_equal(run((struct ck_audit){.jobs = jobs, .deep = true}, false, &admin), CK_OK);
        assert_int_equal(visits.count, 4 + 3 * MAILBOXES_MAX);
        expect_right_rows();
        for (size_t i = 5; i < visits.count; i++) {
            if (i >= 4 && (i - 4) % MAILBOXES_MAX != 0)
                assert_true(strcmp(visits.names[i - 1], visits.names[i]) < 0);
        }
        assert_int_equal(visits.done, MAILBOXES_MAX);
    }
}

static void test_refused_login_of_a_worker_stops_all(void **state)
{
    (void)state;
    set_up(2, MAILBOXES_MAX);
    server.refuses_more = true;
    assert_int_equal(run((struct ck_audit){.jobs = 4, .deep = true}, false, &admin),
                     CK_ERR_REFUSED);
    assert_string_equal(err.text, "wrong password");
    assert_true(visits.count < 4 + 2 * MAILBOXES_MAX);
}

static void test_refusal_stops_all(void **state)
{
    (void)state;
    for (unsigned jobs = 1; jobs <= 4; jobs += 3) {
        set_up(2, MAILBOXES_MAX);
        server.refused = "m100@a.test";
        assert_int_equal(run((struct ck_audit){.jobs = jobs, .deep = true}, false, &admin),
                         CK_ERR_REFUSED);
        assert_true(visits.count >= 4 + 100);
        assert_true(visits.count < 4 + MAILBOXES_MAX);
        expect_right_rows();
    }
}

static void test_server_that_goes_away(void **state)
{
    (void)state;
    for (unsigned jobs = 1; jobs <= 4; jobs += 3) {
        set_up(2, MAILBOXES_MAX);
        server.hung_up = "m100@a.test";
        assert_int_equal(run((struct ck_audit){.jobs = jobs, .deep = true}, false, &admin),
                         CK_ERR_UNREACHABLE);
        assert_true(visits.count >= 4 + 90); /* workers may be in rows before it */
        assert_true(visits.count < 4 + MAILBOXES_MAX);
    }
}

static void test_list_that_does_not_come(void **state)
{
    (void)state;
    set_up(2, 2);
    server.no_list = "b.test";
    assert_int_equal(run((struct ck_audit){.jobs = 1}, true, NULL), CK_ERR_UNREACHABLE);
    assert_int_equal(visits.count, 4 + 2);
}

static void test_interrupt(void **state)
{
    (void)state;
    for (unsigned jobs = 1; jobs <= 4; jobs += 3) {
        set_up(2, MAILBOXES_MAX);
        server.cancel_at = "m050@a.test";
        assert_int_equal(run((struct ck_audit){.jobs = jobs, .deep = true}, false, &admin),
                         CK_ERR_INTERRUPTED);
        assert_true(visits.count >= 4 + 40 && visits.count < 4 + 100);
    }
    set_up(2, 2);
    server.cancel = 1;
    assert_int_equal(run((struct ck_audit){.jobs = 1}, true, NULL), CK_ERR_INTERRUPTED);
}

/* --- summing up --- */

static void test_levels(void **state)
{
    (void)state;
    set_up(1, 1);
    server.force_tfa = 0;
    assert_int_equal(run((struct ck_audit){.jobs = 1}, true, NULL), CK_OK);
    assert_int_equal(summary.findings[CK_FINDING_NOT_FORCED][CK_ROLE_ADMIN], 2);
    assert_int_equal(summary.findings[CK_FINDING_NOT_FORCED][CK_ROLE_MAILBOX], 1);
    assert_int_equal(summary.levels[CK_LEVEL_WARNING], 4); /* not forced, of two roles */
    assert_int_equal(summary.levels[CK_LEVEL_CRITICAL], 0);
    assert_true(ck_audit_found(&summary, CK_LEVEL_INFO));
    assert_true(ck_audit_found(&summary, CK_LEVEL_WARNING));
    assert_false(ck_audit_found(&summary, CK_LEVEL_CRITICAL));
}

static void test_release(void **state)
{
    (void)state;
    set_up(1, 1);
    server.force_tfa = -1;
    assert_int_equal(run((struct ck_audit){.jobs = 1}, true, NULL), CK_OK);
    assert_int_equal(summary.findings[CK_FINDING_RELEASE][CK_ROLE_ADMIN], 1);
    assert_int_equal(summary.levels[CK_LEVEL_WARNING], 1);
}

/* Of a domain admin itself nobody tells whether it is forced: that says nothing of the release. */
static void test_release_is_not_judged_by_an_own_page(void **state)
{
    (void)state;
    set_up(0, 0);
    assert_int_equal(run((struct ck_audit){.jobs = 1}, false, &da1), CK_OK);
    assert_int_equal(visits.count, 1);
    assert_int_equal(summary.findings[CK_FINDING_RELEASE][CK_ROLE_ADMIN], 0);
}

static void test_exceptions(void **state)
{
    static const char text[] = "root 2027-01-31 break glass\n"
                               "admin 2025-01-31 until the key came\n"
                               "nobody 2025-01-31 left\n";
    struct ck_exceptions exceptions = {.count = 0};

    (void)state;
    assert_int_equal(ck_exceptions_parse(text, strlen(text), &exceptions, &err), CK_OK);
    set_up(0, 0);
    server.force_tfa = 0;
    assert_int_equal(run((struct ck_audit){.jobs = 1,
                                           .scope.admins = true,
                                           .exceptions = &exceptions,
                                           .now_s = 1785542400 /* 2026-08-01 */},
                         true, NULL),
                     CK_OK);
    assert_int_equal(summary.excepted, 1);
    assert_int_equal(summary.findings[CK_FINDING_NOT_FORCED][CK_ROLE_ADMIN], 1);
    assert_int_equal(summary.findings[CK_FINDING_EXCEPTION_EXPIRED][CK_ROLE_ADMIN], 1);
    assert_int_equal(summary.expired_exceptions, 2);
    assert_int_equal(visits.facts[0].excepted, CK_EXCEPTION_EXPIRED);
    assert_int_equal(visits.facts[1].excepted, CK_EXCEPTION_ACTIVE);
    ck_exceptions_clear(&exceptions);
}

static void test_expired_exception_of_nobody_is_found(void **state)
{
    static const char text[] = "nobody 2025-01-31 left\n";
    struct ck_exceptions exceptions = {.count = 0};

    (void)state;
    assert_int_equal(ck_exceptions_parse(text, strlen(text), &exceptions, &err), CK_OK);
    set_up(0, 0);
    assert_int_equal(run((struct ck_audit){.jobs = 1,
                                           .scope.mailboxes = true,
                                           .exceptions = &exceptions,
                                           .now_s = 1785542400},
                         true, NULL),
                     CK_OK);
    assert_true(ck_audit_found(&summary, CK_LEVEL_WARNING));
    assert_false(ck_audit_found(&summary, CK_LEVEL_CRITICAL));
    ck_exceptions_clear(&exceptions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_scopes),
        cmocka_unit_test(test_domain_that_is_not_there),
        cmocka_unit_test(test_domain_that_goes),
        cmocka_unit_test(test_of_nobody),
        cmocka_unit_test(test_domain_admin_sees_itself_and_its_mailboxes),
        cmocka_unit_test(test_domain_admin_does_not_see_admins),
        cmocka_unit_test(test_domain_admin_with_a_key_opens_its_own),
        cmocka_unit_test(test_own_page_is_read_without_opening),
        cmocka_unit_test(test_no_more_exchanges_than_findings_need),
        cmocka_unit_test(test_account_that_can_not_be_opened),
        cmocka_unit_test(test_several_sessions_keep_the_order),
        cmocka_unit_test(test_refused_login_of_a_worker_stops_all),
        cmocka_unit_test(test_refusal_stops_all),
        cmocka_unit_test(test_server_that_goes_away),
        cmocka_unit_test(test_list_that_does_not_come),
        cmocka_unit_test(test_interrupt),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_release),
        cmocka_unit_test(test_release_is_not_judged_by_an_own_page),
        cmocka_unit_test(test_exceptions),
        cmocka_unit_test(test_expired_exception_of_nobody_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
