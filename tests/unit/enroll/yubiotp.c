/* The enrollment of a YubiKey, and the app password on its way. */
#include "cowkey/enroll/yubiotp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cowkey/enroll/app_password.h"
#include "tests/unit/enroll/fake.h"

static struct fake_person person;
static struct ck_login login;
static struct ck_yubiotp_wish wish;
static struct ck_app_password_wish app_password;
static struct ck_enrollment done;
static struct ck_error err;
static unsigned touches, given;
static const char *typed[8]; /* NULL: a fresh one of the same key */

static enum ck_err touch(void *data, struct ck_secret **ret_otp, struct ck_error *e)
{
    char otp[45];

    (void)data;
    snprintf(otp, sizeof(otp), "cccccccbdefgcbdefghijklnrtuvcbdefghijklnrtu%c",
             "cbdefghi"[touches]);
    const char *text = typed[touches] != NULL ? typed[touches] : otp;
    touches++;
    return ck_secret_new(text, strlen(text), ret_otp, e);
}

static enum ck_err give(void *data, struct ck_error *e)
{
    (void)data, (void)e;
    given++;
    return CK_OK;
}

static int set_up(void **state)
{
    (void)state;
    fake_reset();
    fake_person_init(&person);
    person.calls.ask_yubico_otp = touch;
    login = fake_login(&person);
    wish = (struct ck_yubiotp_wish){.common = {.label = "my key", .evidence = CK_EVIDENCE_LOGIN},
                                    .client_id = "1"};
    app_password = (struct ck_app_password_wish){.label = "laptop", .give = give};
    touches = given = 0;
    memset(typed, 0, sizeof(typed));
    err = (struct ck_error){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(fake.sessions_open, 0);
    return 0;
}

static enum ck_err run(void)
{
    return ck_enroll_yubiotp(&login, &wish, &done, &err);
}

static void test_enrolled_by_two_touches(void **state)
{
    (void)state;
    assert_int_equal(run(), CK_OK);
    assert_int_equal(done.result, CK_ENROLL_ENROLLED);
    assert_int_equal(done.factor_id, 231);
    assert_int_equal(touches, 2);
    assert_int_equal(fake.logins, 2);
}

static void test_what_is_no_otp_is_not_sent(void **state)
{
    (void)state;
    typed[0] = "nonsense";
    assert_int_equal(run(), CK_ERR_USAGE);
    assert_false(done.submitted);
    assert_int_equal(fake.rows_count, 0);
}

static void test_refused_by_the_service(void **state)
{
    (void)state;
    fake.adding = ADD_IS_REFUSED;
    assert_int_equal(run(), CK_ERR_UNCHANGED);
    assert_non_null(strstr(err.hint, "client ID"));
    assert_int_equal(done.result, CK_ENROLL_FAILED);
}

static void test_cut(void **state)
{
    (void)state;
    fake.adding = ADD_IS_CUT;
    assert_int_equal(run(), CK_ERR_UNKNOWN);
    assert_int_equal(done.result, CK_ENROLL_UNKNOWN);
}

static void test_proof_refused_is_taken_back(void **state)
{
    (void)state;
    fake.codes_refused = true;
    person.retries_granted = 1;
    assert_int_equal(run(), CK_ERR_UNCHANGED);
    assert_int_equal(touches, 3);
    assert_int_equal(person.retries_asked, 2);
    assert_true(fake.removed_all);
    assert_int_equal(fake.rows_count, 0);
}

static void test_proof_by_another_key(void **state)
{
    (void)state;
    typed[1] = "ccccccccccckcbdefghijklnrtuvcbdefghijklnrtuv";
    person.retries_granted = 1;
    assert_int_equal(run(), CK_OK);
    assert_int_equal(touches, 3);
}

static void test_proof_by_the_same_otp(void **state)
{
    (void)state;
    typed[0] = typed[1] = "cccccccbdefgcbdefghijklnrtuvcbdefghijklnrtuv";
    assert_int_equal(run(), CK_ERR_UNKNOWN);
    assert_int_equal(done.result, CK_ENROLL_UNKNOWN);
    assert_int_equal(fake.rows_count, 1);
}

static void test_row_of_the_same_key(void **state)
{
    (void)state;
    fake_add_row("old", CK_METHOD_YUBIOTP);
    fake.same_key_id = 231;
    wish.common.replace = "old";
    assert_int_equal(run(), CK_OK);
    assert_int_equal(done.replaced_id, 231);
    assert_int_equal(fake.rows_count, 1);
    assert_int_equal(fake.removed_id, 0); /* it was gone already */
}

static void test_row_of_the_same_key_and_taken_back(void **state)
{
    (void)state;
    fake_add_row("old", CK_METHOD_YUBIOTP);
    fake.same_key_id = 231;
    fake.codes_refused = true;
    assert_int_equal(run(), CK_ERR_UNCHANGED);
    assert_true(fake.removed_all);
}

static void test_app_password_on_the_way(void **state)
{
    (void)state;
    wish.common.app_password = &app_password;
    assert_int_equal(run(), CK_OK);
    assert_int_equal(given, 1);
    assert_int_equal(done.app_password_id, FAKE_APP_PASSWORD_ID);
    assert_int_equal(done.mail_programs, CK_MAIL_APP_PASSWORDS);
    assert_int_equal(fake.app_passwords, 1);
}

static void test_app_password_goes_again(void **state)
{
    (void)state;
    wish.common.app_password = &app_password;
    fake.codes_refused = true;
    assert_int_equal(run(), CK_ERR_UNCHANGED);
    assert_int_equal(done.app_password_id, 0);
    assert_int_equal(fake.app_passwords, 0);
}

static void test_app_password_that_stays_is_named(void **state)
{
    (void)state;
    wish.common.app_password = &app_password;
    fake.adding = ADD_IS_REFUSED;
    fake.app_password_stays = true;
    assert_int_equal(run(), CK_ERR_UNKNOWN);
    assert_int_equal(done.result, CK_ENROLL_UNKNOWN);
    assert_int_equal(done.app_password_id, FAKE_APP_PASSWORD_ID);
    assert_non_null(strstr(err.text, "ID 77"));
}

static void test_app_password_that_fails_ends_it(void **state)
{
    (void)state;
    wish.common.app_password = &app_password;
    fake.app_password_adding = CK_ERR_UNCHANGED;
    assert_int_equal(run(), CK_ERR_UNCHANGED);
    assert_false(done.submitted || done.app_password_unknown);
    fake.app_password_adding = CK_ERR_UNKNOWN;
    touches = 0;
    assert_int_equal(run(), CK_ERR_UNKNOWN);
    assert_true(done.app_password_unknown);
    assert_int_equal(fake.rows_count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_enrolled_by_two_touches),
        TEST(test_what_is_no_otp_is_not_sent),
        TEST(test_refused_by_the_service),
        TEST(test_cut),
        TEST(test_proof_refused_is_taken_back),
        TEST(test_proof_by_another_key),
        TEST(test_proof_by_the_same_otp),
        TEST(test_row_of_the_same_key),
        TEST(test_row_of_the_same_key_and_taken_back),
        TEST(test_app_password_on_the_way),
        TEST(test_app_password_goes_again),
        TEST(test_app_password_that_stays_is_named),
        TEST(test_app_password_that_fails_ends_it),
    };

    if (ck_secret_heap_init(&err) != CK_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
