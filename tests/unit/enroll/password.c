/* A password change against a server that may say anything. */
#include "cowkey/enroll/password.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/enroll/fake.h"

static struct fake_person person;
static struct ck_login login;
static struct ck_secret *wanted;
static struct ck_password_change done;
static struct ck_error err;

static int set_up(void **state)
{
    (void)state;
    fake_reset();
    fake_person_init(&person);
    login = fake_login(&person);
    err = (struct ck_error){0};
    return ck_secret_new("Made-Up-New", 11, &wanted, &err) != CK_OK;
}

static int tear_down(void **state)
{
    (void)state;
    ck_secret_free(&wanted);
    assert_int_equal(fake.sessions_open, 0);
    return 0;
}

static enum ck_err run(void)
{
    return ck_password_change_run(&login, wanted, &done, &err);
}

static void test_changed_and_proved(void **state)
{
    (void)state;
    assert_int_equal(run(), CK_OK);
    assert_int_equal(done.result, CK_CHANGE_DONE);
    assert_true(done.proved && !done.forced);
    assert_string_equal(fake.password, "Made-Up-New");
    assert_int_equal(fake.logins, 2);
}

static void test_forced(void **state)
{
    (void)state;
    fake.held_for_password = true;
    assert_int_equal(run(), CK_OK);
    assert_true(done.forced);
}

static void test_proof_ends_where_a_factor_is_asked_for(void **state)
{
    (void)state;
    fake_add_row("phone", CK_METHOD_TOTP);
    fake.answered_id = 0;
    assert_int_equal(run(), CK_OK);
    assert_int_equal(fake.logins, 2);
}

static void test_refused(void **state)
{
    (void)state;
    fake.changing = CK_ERR_UNCHANGED;
    assert_int_equal(run(), CK_ERR_UNCHANGED);
    assert_int_equal(done.result, CK_CHANGE_FAILED);
    assert_int_equal(fake.logins, 1);
}

static void test_cut(void **state)
{
    (void)state;
    fake.changing = CK_ERR_UNKNOWN;
    assert_int_equal(run(), CK_ERR_UNKNOWN);
    assert_int_equal(done.result, CK_CHANGE_UNKNOWN);
    assert_non_null(strstr(err.hint, "old one"));
}

static void test_a_lie(void **state)
{
    (void)state;
    strcpy(fake.refused_password, "Made-Up-New");
    assert_int_equal(run(), CK_ERR_UNCHANGED);
    assert_int_equal(done.result, CK_CHANGE_FAILED);
    assert_false(done.proved);
    assert_string_equal(fake.password, "made-up"); /* tried last */
    assert_int_equal(fake.logins, 3);
}

static void test_neither_logs_in(void **state)
{
    (void)state;
    fake.logins_refused = true;
    assert_int_equal(run(), CK_ERR_UNKNOWN);
    assert_int_equal(fake.logins, 3);
}

static void test_the_proof_is_tried_twice(void **state)
{
    (void)state;
    fake.logins_cut = 1;
    assert_int_equal(run(), CK_OK);
    assert_int_equal(err.code, CK_OK);
    fake.logins = 0;
    fake.logins_cut = 2;
    assert_int_equal(run(), CK_ERR_UNKNOWN);
}

static void test_a_page_of_no_account_proves_nothing(void **state)
{
    (void)state;
    fake.pages_fail = true;
    assert_int_equal(run(), CK_ERR_UNKNOWN);
    assert_false(done.proved);
}

static void test_an_account_that_is_kept_elsewhere(void **state)
{
    (void)state;
    fake.list_absent = true;
    assert_int_equal(run(), CK_ERR_UNCHANGED);
    assert_false(done.submitted);
}

static void test_passwords_that_can_t_be(void **state)
{
    static const char *const bad[] = {"", "a\tb", "a\nb", "\xff", "made-up" /* the present one */};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        ck_secret_free(&wanted);
        assert_int_equal(ck_secret_new(bad[i], strlen(bad[i]), &wanted, &err), CK_OK);
        assert_int_equal(run(), CK_ERR_USAGE);
        assert_int_equal(fake.logins, 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_changed_and_proved),
        TEST(test_forced),
        TEST(test_proof_ends_where_a_factor_is_asked_for),
        TEST(test_refused),
        TEST(test_cut),
        TEST(test_a_lie),
        TEST(test_neither_logs_in),
        TEST(test_the_proof_is_tried_twice),
        TEST(test_a_page_of_no_account_proves_nothing),
        TEST(test_an_account_that_is_kept_elsewhere),
        TEST(test_passwords_that_can_t_be),
    };

    if (ck_secret_heap_init(&err) != CK_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
