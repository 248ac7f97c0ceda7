/* An admin's session that becomes another account's, and an admin that works in its own session. */
#include "cowkey/mailcow/log_in_as.h"

#include <string.h>

#include "bench.h"
#include "cowkey/mailcow/admin.h"
#include "html_sample.h"

#define PAGE_OF(role, head)                                                                        \
    {                                                                                              \
        .status = 200, .body = PAGE(role, HEAD_OF(head), FACTORS(ROW("231", "x")), "")             \
    }
#define ADMIN_PAGE PAGE_OF("admin", "admin")
/* The page of somebody that the admin logged in as. */
#define LENT_PAGE PAGE_OF("user", "a@b.test <span class=\"text-info\">(admin)</span> ")
/* What a held login is shown. */
#define SETUP "<div id=\"SetupTFAModal\"></div>"
#define TO(path)                                                                                   \
    {                                                                                              \
        .status = 302, .location = path                                                            \
    }
#define LOGIN TO("/admin/dashboard"), ADMIN_PAGE
#define RETURN TO("/admin/mailbox")
#define LOGGED_OUT TO("/admin")

static const struct ck_account mailbox = {.name = "a@b.test", .role = CK_ROLE_MAILBOX};
static const struct ck_account da1 = {.name = "da1", .role = CK_ROLE_DOMAIN_ADMIN};
static const struct ck_account the_admin = {.name = "admin", .role = CK_ROLE_ADMIN};

static struct ck_session *log_in(struct bench *bench, const struct ck_account *account,
                                 const struct scripted *script)
{
    struct ck_secret *password = secret_of("made up");
    struct ck_session *session = NULL;

    bench->server->script = script;
    bench->server->count = bench->server->connections = 0;
    assert_int_equal(ck_session_login(&bench->settings, CK_DIALECT_SPLIT, account, password,
                                      &session, &bench->err),
                     CK_OK);
    ck_secret_free(&password);
    return session;
}

/* With its page read: two requests. */
static struct ck_session *open_admin(struct bench *bench, const struct scripted *script)
{
    struct ck_session *session = log_in(bench, &the_admin, script);

    if (ck_session_visit(session, &bench->err) != CK_OK)
        fail_msg("%s", bench->err.text);
    return session;
}

static void expect_requests(const struct bench *bench, unsigned from, const char *const *lines)
{
    const struct server *server = bench->server;

    for (; *lines != NULL; lines++, from++) {
        assert_true(from < server->count);
        assert_string_equal(server->requests[from].line, *lines);
        if (strncmp(*lines, "POST", 4) == 0)
            assert_string_equal(server->requests[from].body, "logout=1");
    }
    assert_int_equal(server->count, from);
}

static void test_there_and_back(void **state)
{
    static const struct scripted script[] = {
        LOGIN, TO("/user"), LENT_PAGE, RETURN, TO("/user"), LENT_PAGE, RETURN, LOGGED_OUT, TO("/")};
    static const char *const requests[] = {"GET /?duallogin=a%40b.test",
                                           "GET /user",
                                           "POST /user",
                                           "GET /?duallogin=a%40b.test",
                                           "GET /user",
                                           "POST /user",
                                           "POST /user",
                                           "POST /user",
                                           NULL};
    struct bench *bench = *state;
    struct ck_session *admin = open_admin(bench, script), *session = NULL, *again = NULL;

    assert_int_equal(ck_session_log_in_as(admin, &mailbox, &session, &bench->err), CK_OK);
    assert_int_equal(ck_session_state(session), CK_SESSION_OPEN);
    assert_string_equal(ck_session_page(session)->account, "a@b.test");
    assert_int_equal(ck_session_page(session)->factors_count, 1);
    /* It is lent once, and to somebody who can't lend it. */
    assert_int_equal(ck_session_log_in_as(admin, &mailbox, &again, &bench->err), CK_ERR_USAGE);
    assert_int_equal(ck_session_log_in_as(session, &mailbox, &again, &bench->err), CK_ERR_USAGE);
    ck_session_close(&session);
    /* It returned, so nothing has to be looked at. */
    assert_int_equal(ck_session_log_in_as(admin, &mailbox, &session, &bench->err), CK_OK);
    ck_session_close(&session);
    ck_session_close(&admin);
    expect_requests(bench, 2, requests);
}

static void test_domain_admin(void **state)
{
    static const struct scripted script[] = {
        LOGIN,
        TO("/domainadmin/mailbox"),
        PAGE_OF("domainadmin", "da1 <span class=\"text-info\">(admin)</span> "),
        RETURN,
        LOGGED_OUT,
        TO("/")};
    static const char *const requests[] = {"GET /domainadmin/?duallogin=da1",
                                           "GET /domainadmin/user",
                                           "POST /user",
                                           "POST /user",
                                           "POST /user",
                                           NULL};
    struct bench *bench = *state;
    struct ck_session *admin = open_admin(bench, script), *session = NULL;

    assert_int_equal(ck_session_log_in_as(admin, &da1, &session, &bench->err), CK_OK);
    ck_session_close(&session);
    ck_session_close(&admin);
    expect_requests(bench, 2, requests);
}

/* The admin is still who it was; a log-out would have ended its login. */
static void test_ignored(void **state)
{
    static const struct scripted script[] = {LOGIN, TO("/admin/dashboard"), LOGGED_OUT, TO("/")};
    static const char *const requests[] = {"GET /?duallogin=a%40b.test", "POST /user", "POST /user",
                                           NULL};
    struct bench *bench = *state;
    struct ck_session *admin = open_admin(bench, script), *session = NULL;

    assert_int_equal(ck_session_log_in_as(admin, &mailbox, &session, &bench->err),
                     CK_ERR_UNCHANGED);
    assert_error(&bench->err, CK_ERR_UNCHANGED, "did not let 'admin' log in as 'a@b.test'");
    assert_null(session);
    ck_session_close(&admin);
    expect_requests(bench, 2, requests);
}

/* Pages that do not show the account; the log-out does not return, so the admin is looked at. */
static void test_somebody_else(void **state)
{
    static const struct scripted other[] = {
        LOGIN,   TO("/user"), PAGE_OF("user", "c@b.test <span>(admin)</span>"), LOGGED_OUT, TO("/"),
        TO("/"), TO("/")};
    static const struct scripted the_admins[] = {
        LOGIN, TO("/user"), PAGE_OF("admin", "admin"), LOGGED_OUT, TO("/"), TO("/"), TO("/")};
    static const struct scripted in_brackets[] = {
        LOGIN,   TO("/user"), PAGE_OF("user", "admin <span>a@b.test</span>"), LOGGED_OUT, TO("/"),
        TO("/"), TO("/")};
    static const struct scripted nobody[] = {LOGIN,   TO("/user"), TO("/"), LOGGED_OUT,
                                             TO("/"), TO("/"),     TO("/")};
    static const struct scripted held[] = {
        LOGIN,      TO("/user"), {.status = 200, .body = PAGE("user", "", SETUP, "")},
        LOGGED_OUT, TO("/"),     TO("/"),
        TO("/")};
    static const struct scripted *const scripts[] = {other, the_admins, in_brackets, nobody, held};
    static const char *const requests[] = {"GET /?duallogin=a%40b.test",
                                           "GET /user",
                                           "POST /user",
                                           "GET /admin/system",
                                           "POST /user",
                                           "POST /user",
                                           NULL};
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
        struct ck_session *admin = open_admin(bench, scripts[i]), *session = NULL;
        assert_int_equal(ck_session_log_in_as(admin, &mailbox, &session, &bench->err),
                         CK_ERR_UNREACHABLE);
        assert_int_equal(ck_session_log_in_as(admin, &mailbox, &session, &bench->err),
                         CK_ERR_UNREACHABLE);
        assert_null(session);
        ck_session_close(&admin);
        expect_requests(bench, 2, requests);
    }
}

/* A log-out that got lost: before the admin's session is used its page is read. */
static void test_return_that_is_not_sure(void **state)
{
    static const struct scripted script[] = {LOGIN,  TO("/user"), LENT_PAGE,   {0},
                                             {0},    ADMIN_PAGE,  TO("/user"), LENT_PAGE,
                                             RETURN, LOGGED_OUT,  TO("/")};
    static const char *const requests[] = {"GET /?duallogin=a%40b.test",
                                           "GET /user",
                                           "POST /user",
                                           "POST /user",
                                           "GET /admin/system",
                                           "GET /?duallogin=a%40b.test",
                                           "GET /user",
                                           "POST /user",
                                           "POST /user",
                                           "POST /user",
                                           NULL};
    struct bench *bench = *state;
    struct ck_session *admin = open_admin(bench, script), *session = NULL;

    assert_int_equal(ck_session_log_in_as(admin, &mailbox, &session, &bench->err), CK_OK);
    ck_session_close(&session);
    assert_int_equal(ck_session_log_in_as(admin, &mailbox, &session, &bench->err), CK_OK);
    ck_session_close(&session);
    ck_session_close(&admin);
    expect_requests(bench, 2, requests);
}

/* Interrupted while it asks: the server may have acted, so everything is logged out. */
static void test_interrupted(void **state)
{
    static const struct scripted script[] = {LOGIN, RETURN, LOGGED_OUT, TO("/")};
    static const char *const requests[] = {"POST /user", "POST /user", "POST /user", NULL};
    struct bench *bench = *state;

    bench->settings.cancel = &bench->server->cancel;
    struct ck_session *admin = open_admin(bench, script), *session = NULL;
    bench->server->cancel = 1;
    assert_int_equal(ck_session_log_in_as(admin, &mailbox, &session, &bench->err),
                     CK_ERR_INTERRUPTED);
    assert_null(session);
    /* Logging out did not make the admin deaf. */
    assert_int_equal(ck_session_visit(admin, &bench->err), CK_ERR_INTERRUPTED);
    ck_session_close(&admin);
    expect_requests(bench, 2, requests);
}

/* In the wrong order: both are logged out, and nothing is used after it is freed. */
static void test_lender_closed_first(void **state)
{
    static const struct scripted script[] = {LOGIN, TO("/user"), LENT_PAGE, RETURN, LOGGED_OUT};
    struct bench *bench = *state;
    struct ck_session *admin = open_admin(bench, script), *session = NULL;

    assert_int_equal(ck_session_log_in_as(admin, &mailbox, &session, &bench->err), CK_OK);
    ck_session_close(&admin);
    assert_int_equal(bench->server->count, 6);
    ck_session_close(&session);
    assert_int_equal(bench->server->count, 6);
}

static void test_who_can_not(void **state)
{
    static const struct scripted script[] = {LOGIN, LOGGED_OUT};
    static const struct scripted unread[] = {TO("/admin/dashboard"), LOGGED_OUT};
    static const struct scripted of_da1[] = {TO("/domainadmin/mailbox"),
                                             PAGE_OF("domainadmin", "da1"), TO("/domainadmin")};
    static const struct scripted of_mailbox[] = {TO("/user"), PAGE_OF("user", "a@b.test"), TO("/")};
    static const struct ck_account odd = {.name = "x@b.test", .role = CK_ROLE_DOMAIN_ADMIN};
    static const struct ck_account odd_too = {.name = "x", .role = CK_ROLE_MAILBOX};
    struct bench *bench = *state;
    struct ck_session *session = open_admin(bench, script), *lent = NULL;

    assert_int_equal(ck_session_log_in_as(session, &the_admin, &lent, &bench->err), CK_ERR_USAGE);
    assert_int_equal(ck_session_log_in_as(session, &odd, &lent, &bench->err), CK_ERR_USAGE);
    assert_int_equal(ck_session_log_in_as(session, &odd_too, &lent, &bench->err), CK_ERR_USAGE);
    ck_session_close(&session);
    assert_int_equal(bench->server->count, 3); /* never lent, so one log-out */

    /* The server ignores the wish of a session that has seen no page. */
    session = log_in(bench, &the_admin, unread);
    assert_int_equal(ck_session_log_in_as(session, &mailbox, &lent, &bench->err), CK_ERR_UNCHANGED);
    ck_session_close(&session);
    assert_int_equal(bench->server->count, 2);

    session = log_in(bench, &da1, of_da1);
    assert_int_equal(ck_session_visit(session, &bench->err), CK_OK);
    assert_int_equal(ck_session_log_in_as(session, &da1, &lent, &bench->err), CK_ERR_USAGE);
    ck_session_close(&session);

    session = log_in(bench, &mailbox, of_mailbox);
    assert_int_equal(ck_session_visit(session, &bench->err), CK_OK);
    assert_int_equal(ck_session_log_in_as(session, &mailbox, &lent, &bench->err), CK_ERR_USAGE);
    ck_session_close(&session);
    assert_null(lent);
}

static void test_security_keys(void **state)
{
#define OPTIONS(name, excluded)                                                                    \
    {                                                                                              \
        .status = 200, .body = "{\"publicKey\":{\"user\":{\"name\":\"" name "\"}" excluded "}}"    \
    }
    static const struct scripted script[] = {
        LOGIN,
        OPTIONS("admin", ",\"excludeCredentials\":[{\"id\":\"x\"},{\"id\":\"y\"}]"),
        OPTIONS("admin", ",\"excludeCredentials\":[]"),
        OPTIONS("admin", ""),
        OPTIONS("a@b.test", ",\"excludeCredentials\":[]"),
        {.status = 200, .body = ""},
        {.status = 403, .body = "<html>"},
        LOGGED_OUT};
#undef OPTIONS
    struct bench *bench = *state;
    struct ck_session *session = open_admin(bench, script);
    int count = 77;

    assert_int_equal(ck_session_count_security_keys(session, &count, &bench->err), CK_OK);
    assert_int_equal(count, 2);
    assert_int_equal(ck_session_count_security_keys(session, &count, &bench->err), CK_OK);
    assert_int_equal(count, 0);
    assert_int_equal(ck_session_count_security_keys(session, &count, &bench->err), CK_OK);
    assert_int_equal(count, -1);
    count = 77;
    for (int i = 0; i < 3; i++)
        assert_int_equal(ck_session_count_security_keys(session, &count, &bench->err),
                         CK_ERR_UNREACHABLE);
    assert_int_equal(count, 77);
    ck_session_close(&session);
}

/* --- an admin that works in its own session --- */

#define RECORD                                                                                     \
    {                                                                                              \
        .status = 200, .body = "{\"username\":\"a@b.test\",\"active\":1}"                          \
    }

static void test_admin_in_a_session(void **state)
{
    static const struct scripted script[] = {LOGIN,
                                             RECORD,
                                             {.status = 200, .body = ""},
                                             {.status = 403,
                                              .body = "{\"type\":\"error\",\"msg\":\"API read\\/"
                                                      "write access denied\"}"},
                                             LOGGED_OUT};
    struct bench *bench = *state;
    struct ck_session *session = open_admin(bench, script), *none = NULL;
    struct ck_admin *admin = NULL;
    struct ck_record record;

    assert_int_equal(ck_admin_open_session(session, &admin, &bench->err), CK_OK);
    assert_string_equal(ck_admin_account(admin)->name, "admin");
    assert_true(ck_admin_manages(admin, CK_ROLE_ADMIN));
    assert_int_equal(ck_admin_read(admin, &mailbox, &record, &bench->err), CK_OK);
    assert_null(strcasestr(bench->server->requests[2].head, "X-API-Key"));
    /* A login that ended, seen by a read and by an edit. */
    assert_int_equal(ck_admin_read(admin, &mailbox, &record, &bench->err), CK_ERR_UNREACHABLE);
    assert_error(&bench->err, CK_ERR_UNREACHABLE, "did not keep the login of 'admin'");
    const struct ck_account_edit edit = {.force_tfa = 1, .force_pw_update = 0};
    assert_int_equal(ck_admin_edit(admin, &record, &edit, &record, &bench->err), CK_ERR_UNCHANGED);
    assert_error(&bench->err, CK_ERR_UNCHANGED, "ended the login of 'admin'");
    assert_int_equal(ck_admin_sign_on(admin, &da1, &none, &bench->err), CK_ERR_USAGE);
    ck_admin_close(&admin);
    ck_session_close(&session);
}

/* What the session would say while it is lent is another account's word. */
static void test_admin_whose_session_is_lent(void **state)
{
    static const struct scripted script[] = {LOGIN,           TO("/user"),     LENT_PAGE,
                                             {.status = 502}, {.status = 502}, ADMIN_PAGE,
                                             RECORD,          LOGGED_OUT,      TO("/")};
    struct bench *bench = *state;
    struct ck_session *session = open_admin(bench, script), *lent = NULL;
    struct ck_admin *admin = NULL;
    struct ck_record record;

    assert_int_equal(ck_admin_open_session(session, &admin, &bench->err), CK_OK);
    assert_int_equal(ck_session_log_in_as(session, &mailbox, &lent, &bench->err), CK_OK);
    assert_int_equal(ck_admin_read(admin, &mailbox, &record, &bench->err), CK_ERR_USAGE);
    assert_int_equal(bench->server->count, 4);
    ck_session_close(&lent);
    assert_int_equal(ck_admin_read(admin, &mailbox, &record, &bench->err), CK_OK);
    assert_string_equal(bench->server->requests[6].line, "GET /admin/system");
    ck_admin_close(&admin);
    ck_session_close(&session);
}

static void test_domain_admin_manages_mailboxes(void **state)
{
    static const struct scripted script[] = {TO("/domainadmin/mailbox"),
                                             PAGE_OF("domainadmin", "da1"),
                                             RECORD,
                                             {.status = 200, .body = "{}"},
                                             TO("/domainadmin")};
    struct bench *bench = *state;
    struct ck_session *session = log_in(bench, &da1, script);
    struct ck_admin *admin = NULL;
    struct ck_record record;
    struct ck_records records;

    assert_int_equal(ck_admin_open_session(session, &admin, &bench->err), CK_ERR_UNCHANGED);
    assert_int_equal(ck_session_visit(session, &bench->err), CK_OK);
    assert_int_equal(ck_admin_open_session(session, &admin, &bench->err), CK_OK);
    assert_true(ck_admin_manages(admin, CK_ROLE_MAILBOX));
    assert_false(ck_admin_manages(admin, CK_ROLE_DOMAIN_ADMIN));
    assert_false(ck_admin_manages(admin, CK_ROLE_ADMIN));
    assert_int_equal(ck_admin_read(admin, &mailbox, &record, &bench->err), CK_OK);
    assert_int_equal(ck_admin_read(admin, &mailbox, &record, &bench->err), CK_ERR_USAGE);
    assert_non_null(strstr(bench->err.hint, "'da1' manages"));
    assert_int_equal(ck_admin_read(admin, &da1, &record, &bench->err), CK_ERR_UNCHANGED);
    assert_int_equal(ck_admin_list(admin, CK_ROLE_ADMIN, &records, &bench->err), CK_ERR_UNCHANGED);
    assert_int_equal(bench->server->count, 4);
    ck_admin_close(&admin);
    ck_session_close(&session);
}

static void test_mailbox_manages_nobody(void **state)
{
    static const struct scripted script[] = {TO("/user"), PAGE_OF("user", "a@b.test"), TO("/")};
    struct bench *bench = *state;
    struct ck_session *session = log_in(bench, &mailbox, script);
    struct ck_admin *admin = NULL;

    assert_int_equal(ck_session_visit(session, &bench->err), CK_OK);
    assert_int_equal(ck_admin_open_session(session, &admin, &bench->err), CK_ERR_USAGE);
    assert_null(admin);
    ck_session_close(&session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_there_and_back),
        BENCH_TEST(test_domain_admin),
        BENCH_TEST(test_ignored),
        BENCH_TEST(test_somebody_else),
        BENCH_TEST(test_return_that_is_not_sure),
        BENCH_TEST(test_interrupted),
        BENCH_TEST(test_lender_closed_first),
        BENCH_TEST(test_who_can_not),
        BENCH_TEST(test_security_keys),
        BENCH_TEST(test_admin_in_a_session),
        BENCH_TEST(test_admin_whose_session_is_lent),
        BENCH_TEST(test_domain_admin_manages_mailboxes),
        BENCH_TEST(test_mailbox_manages_nobody),
    };

    no_proxy();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
