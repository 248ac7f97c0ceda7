#include "cowkey/mailcow/session.h"

#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "cowkey/mailcow/factor.h"
#include "html_sample.h"

#define LOGIN_PAGE(lines) PAGE("", "", "<form>a login form</form>", lines)
#define ALERT(type, text) "    mailcow_alert_box('" text "', '" type "');\n"
#define PENDING_PAGE PAGE("", "", CONFIRM(OFFER("totp", "231", "my phone")), "")
#define FACTOR_PAGE(lines) PAGE("user", HEAD_OF("a@b.test"), FACTORS(ROW("231", "x")), lines)
#define OTHER_TOKEN "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define PASSWORD "hunter2 and two more words"
#define LOGGED_OUT                                                                                 \
    {                                                                                              \
        .status = 302, .location = "/"                                                             \
    }

static enum ck_err try_login(struct bench *bench, const struct scripted *script,
                             struct ck_session **ret_session)
{
    static const struct ck_account account = {.name = "a@b.test", .role = CK_ROLE_MAILBOX};
    struct ck_secret *password = secret_of(PASSWORD);

    bench->server->script = script;
    enum ck_err r = ck_session_login(&bench->settings, CK_DIALECT_SPLIT, &account, password,
                                     ret_session, &bench->err);
    ck_secret_free(&password);
    return r;
}

static struct ck_session *log_in(struct bench *bench, const struct scripted *script)
{
    struct ck_session *session = NULL;

    if (try_login(bench, script, &session) != CK_OK)
        fail_msg("%s", bench->err.text);
    return session;
}

static void test_wrong_second_factor(void **state)
{
    static const struct scripted script[] = {
        {.status = 200, .body = PENDING_PAGE},
        {.status = 200, .body = LOGIN_PAGE(ALERT("danger", "TOTP verification failed"))},
        LOGGED_OUT,
    };
    struct bench *bench = *state;
    struct ck_session *session = log_in(bench, script);

    assert_int_equal(ck_session_answer_totp(session, 231, "123456", &bench->err), CK_ERR_REFUSED);
    assert_non_null(strstr(bench->err.hint, "TOTP verification failed"));
    ck_session_close(&session);
}

/* The answer to the second factor was not judged. */
static void expect_forgotten(struct bench *bench, const struct scripted *script)
{
    struct ck_session *session = log_in(bench, script);

    assert_int_equal(ck_session_answer_totp(session, 231, "123456", &bench->err),
                     CK_ERR_UNREACHABLE);
    assert_error(&bench->err, CK_ERR_UNREACHABLE, "forgot the login");
    ck_session_close(&session);
}

/* A login page that complains of nothing: nobody has looked at the code. */
static void test_login_forgotten_in_between(void **state)
{
    static const struct scripted script[] = {
        {.status = 200, .body = PENDING_PAGE},
        {.status = 200, .body = LOGIN_PAGE(ALERT("info", "Welcome"))},
        LOGGED_OUT,
    };

    expect_forgotten(*state, script);
}

/*
 * A server that lost the session refuses the code in the words that a wrong one gets, on a page with
 * another form token.
 */
static void test_session_lost_in_between(void **state)
{
    char *lost = strdup(LOGIN_PAGE(ALERT("danger", "TOTP verification failed")));
    assert_non_null(lost);
    memcpy(strstr(lost, TOKEN), OTHER_TOKEN, sizeof(OTHER_TOKEN) - 1);
    const struct scripted script[] = {
        {.status = 200, .body = PENDING_PAGE},
        {.status = 200, .body = lost},
        LOGGED_OUT,
    };

    expect_forgotten(*state, script);
    free(lost);
}

static void test_held_for_a_password_after_the_code(void **state)
{
    static const struct scripted script[] = {
        {.status = 200, .body = PENDING_PAGE},
        {.status = 302, .location = "/"},
        {.status = 200,
         .body = PAGE("user", "", "<div id=\"ChangePWModal\"></div>", LINK_OF("a%40b.test"))},
        LOGGED_OUT,
    };
    struct bench *bench = *state;
    struct ck_session *session = log_in(bench, script);

    assert_int_equal(ck_session_answer_totp(session, 231, "123456", &bench->err), CK_OK);
    assert_int_equal(ck_session_state(session), CK_SESSION_HELD);
    assert_int_equal(ck_session_visit(session, &bench->err), CK_ERR_REFUSED);
    assert_error(&bench->err, CK_ERR_REFUSED, "until the password is changed");
    assert_non_null(strstr(bench->err.hint, "Change the password first"));
    ck_session_close(&session);
}

static void test_words_that_show_the_password(void **state)
{
    static const struct scripted whole[] = {
        {.status = 200, .body = LOGIN_PAGE(ALERT("danger", "[pw] \\u003D> " PASSWORD " )"))},
        LOGGED_OUT,
    };
    static const struct scripted begun[] = {
        {.status = 200, .body = LOGIN_PAGE(ALERT("danger", "verify('hunter2 and two...')"))},
        LOGGED_OUT,
    };
    static const struct scripted other[] = {
        {.status = 200, .body = LOGIN_PAGE(ALERT("danger", "hunter2 is not it"))},
        LOGGED_OUT,
    };
    struct bench *bench = *state;
    struct ck_session *session = NULL;

    assert_int_equal(try_login(bench, whole, &session), CK_ERR_REFUSED);
    assert_null(strstr(bench->err.hint, "hunter2"));
    assert_int_equal(try_login(bench, begun, &session), CK_ERR_REFUSED);
    assert_null(strstr(bench->err.hint, "hunter2"));
    assert_int_equal(try_login(bench, other, &session), CK_ERR_REFUSED);
    assert_non_null(strstr(bench->err.hint, "hunter2 is not it"));
}

static void expect_no_words(struct bench *bench, const struct scripted *script)
{
    struct ck_session *session = log_in(bench, script);
    struct ck_secret *base32 = secret_of("GEZDGNBVGY3TQOJQ");
    struct ck_secret *password = secret_of(PASSWORD);

    assert_int_equal(ck_session_visit(session, &bench->err), CK_OK);
    assert_int_equal(ck_factor_add_totp(session, "x", base32, "755224", password, &bench->err),
                     CK_ERR_UNCHANGED);
    assert_string_equal(bench->err.hint, "");
    assert_null(ck_page_alert(ck_session_page(session), NULL));
    ck_session_close(&session);
    ck_secret_free(&base32);
    ck_secret_free(&password);
}

static void test_words_that_show_what_was_enrolled(void **state)
{
#define SCRIPT(text)                                                                               \
    {                                                                                              \
        {.status = 302, .location = "/user"}, {.status = 200, .body = FACTOR_PAGE("")},            \
            {.status = 200, .body = FACTOR_PAGE(ALERT("danger", text))}, LOGGED_OUT,               \
    }
    static const struct scripted secret[] = SCRIPT("secret: GEZDGNBVGY3TQOJQ");
    static const struct scripted code[] = SCRIPT("code: 755224");
    static const struct scripted confirmed[] = SCRIPT("confirm_password: " PASSWORD);
#undef SCRIPT

    expect_no_words(*state, secret);
    expect_no_words(*state, code);
    expect_no_words(*state, confirmed);
}

static void test_log_out_once(void **state)
{
    static const struct scripted script[] = {{.status = 302, .location = "/user"}, LOGGED_OUT};
    struct bench *bench = *state;
    struct ck_session *session = log_in(bench, script);

    ck_session_close(&session);
    assert_null(session);
    assert_int_equal(bench->server->count, 2);
    assert_string_equal(bench->server->requests[1].line, "POST /user");
    assert_string_equal(bench->server->requests[1].body, "logout=1");
}

/* A moment's fault does not leave a login behind; one that lasts does not hold anybody up. */
static void test_log_out_again(void **state)
{
    static const struct scripted cut[] = {{.status = 302, .location = "/user"}, {0}, LOGGED_OUT};
    static const struct scripted fault[] = {
        {.status = 302, .location = "/user"}, {.status = 502}, LOGGED_OUT};
    static const struct scripted dead[] = {{.status = 302, .location = "/user"}, {0}, {0}};
    static const struct scripted *const scripts[] = {cut, fault, dead};
    struct bench *bench = *state;

    for (size_t i = 0; i < 3; i++) {
        const struct request *requests = &bench->server->requests[bench->server->count];
        unsigned before = bench->server->count;
        struct ck_session *session = log_in(bench, scripts[i]);
        ck_session_close(&session);
        assert_int_equal(bench->server->count, before + 3);
        assert_string_equal(requests[1].body, "logout=1");
        assert_string_equal(requests[2].body, "logout=1");
        assert_int_not_equal(requests[2].connection, requests[1].connection);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_wrong_second_factor),
        BENCH_TEST(test_login_forgotten_in_between),
        BENCH_TEST(test_session_lost_in_between),
        BENCH_TEST(test_held_for_a_password_after_the_code),
        BENCH_TEST(test_words_that_show_the_password),
        BENCH_TEST(test_words_that_show_what_was_enrolled),
        BENCH_TEST(test_log_out_once),
        BENCH_TEST(test_log_out_again),
    };

    no_proxy();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
