/*
 * What is done on behalf of somebody: a session that another way opened, and a witness who hears of
 * each change before it is made; and the login with a passkey.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/enroll/totp.h"
#include "cowkey/enroll/webauthn.h"
#include "cowkey/enroll/yubiotp.h"
#include "tests/unit/enroll/fake.h"

static struct fake_person person;
static struct ck_login login;
static struct ck_otpauth key;
static struct ck_secret *client_key;
static struct ck_enrollment done;
static struct ck_error err;

/* The witness: how often it was told, what it answers, and what was changed until then. */
static unsigned told;
static enum ck_err witness_answer;
static bool changed_before;

static bool is_changed(void)
{
    return fake.rows_count > 0 || fake.passkeys_count > 0 || fake.registrations > 0;
}

static enum ck_err before_change(void *data, struct ck_error *ret_err)
{
    (void)data;
    told++;
    changed_before = changed_before || is_changed();
    return witness_answer == CK_OK
               ? CK_OK
               : ck_error_set(ret_err, witness_answer, "the journal can't be written");
}

/* The entrance: a door of the fake, which counts who comes in. */
static unsigned entered;

static enum ck_err open_door(void *data, struct ck_session **ret_session, struct ck_error *ret_err)
{
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;

    (void)data;
    entered++;
    enum ck_err r = ck_session_login(login.settings, login.dialect, login.account, login.password,
                                     &session, ret_err);
    if (r == CK_OK)
        r = ck_session_visit(session, ret_err);
    if (r == CK_OK)
        *ret_session = CK_TAKE(session);
    return r;
}

/* A YubiKey that is touched: each password is another. */
static enum ck_err touch(void *data, struct ck_secret **ret_otp, struct ck_error *ret_err)
{
    static unsigned touches;
    char otp[45];

    (void)data;
    snprintf(otp, sizeof(otp), "cccccccbdefgcbdefghijklnrtuvcbdefghijklnrtu%c",
             "cbdefghijklnrtuv"[touches++ % 16]);
    return ck_secret_new(otp, strlen(otp), ret_otp, ret_err);
}

static const struct ck_witness witness = {NULL, before_change};
static const struct ck_entrance entrance = {NULL, open_door};

static int set_up(void **state)
{
    (void)state;
    fake_reset();
    fake_person_init(&person);
    person.calls.ask_yubico_otp = touch;
    login = fake_login(&person);
    login.witness = &witness;
    told = entered = 0;
    witness_answer = CK_OK;
    changed_before = false;
    key = (struct ck_otpauth){
        .issuer = "mail.example.test", .account = "alice@example.test", .params = ck_totp_default};
    if (ck_secret_new("made-up-client-key", 18, &client_key, &err) != CK_OK)
        return -1;
    return (int)ck_secret_new("a made-up 160bit key", 20, &key.key, &err);
}

static int tear_down(void **state)
{
    (void)state;
    ck_otpauth_clear(&key);
    ck_secret_free(&client_key);
    ck_enrollment_clear(&done);
    assert_int_equal(fake.sessions_open, 0);
    return 0;
}

static const struct ck_wish common = {.label = "my key", .evidence = CK_EVIDENCE_LOGIN};

static enum ck_err enroll_totp(void)
{
    const struct ck_totp_wish wish = {.common = common, .otpauth = &key};

    return ck_enroll_totp(&login, &wish, &done, &err);
}

static enum ck_err enroll_webauthn(void)
{
    return ck_enroll_webauthn(&login, &common, &done, &err);
}

static enum ck_err enroll_passkey(void)
{
    return ck_enroll_passkey(&login, &common, &done, &err);
}

static enum ck_err enroll_yubiotp(void)
{
    const struct ck_yubiotp_wish wish = {
        .common = common, .client_id = "99999", .client_key = client_key};

    return ck_enroll_yubiotp(&login, &wish, &done, &err);
}

static enum ck_err (*const enrollments[])(void) = {enroll_totp, enroll_webauthn, enroll_passkey,
                                                   enroll_yubiotp};

static void assert_told_once(enum ck_err (*enroll)(void))
{
    set_up(NULL);
    assert_int_equal(enroll(), CK_OK);
    assert_int_equal(done.result, CK_ENROLL_ENROLLED);
    assert_int_equal(told, 1);
    assert_false(changed_before);
    assert_true(is_changed());
    tear_down(NULL);
}

static void test_the_witness_is_told_once_and_before(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(enrollments) / sizeof(*enrollments); i++)
        assert_told_once(enrollments[i]);
}

static void assert_nothing_without_witness(enum ck_err (*enroll)(void))
{
    set_up(NULL);
    witness_answer = CK_ERR_UNCHANGED;
    assert_int_equal(enroll(), CK_ERR_UNCHANGED);
    assert_int_equal(told, 1);
    assert_false(is_changed());
    assert_false(done.submitted);
    assert_int_equal(done.result, CK_ENROLL_FAILED);
    tear_down(NULL);
}

static void test_nothing_is_changed_that_it_can_not_note(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(enrollments) / sizeof(*enrollments); i++)
        assert_nothing_without_witness(enrollments[i]);
}

static void test_a_forced_password_change_is_told_of(void **state)
{
    (void)state;
    CK_CLEANUP(ck_secret_free) struct ck_secret *new_password = NULL;

    fake.held_for_password = true;
    assert_int_equal(ck_secret_new("made-up-2", 9, &new_password, &err), CK_OK);
    login.new_password = new_password;
    witness_answer = CK_ERR_UNCHANGED;
    assert_int_equal(enroll_totp(), CK_ERR_UNCHANGED);
    assert_string_equal(fake.new_password, "");

    witness_answer = CK_OK;
    assert_int_equal(enroll_totp(), CK_OK);
    assert_string_equal(fake.new_password, "made-up-2");
    assert_int_equal(told, 2); /* the first answer was a no: asked again, and not a third time */
}

static void test_an_entrance_takes_the_place_of_the_login(void **state)
{
    (void)state;
    login.entrance = &entrance;
    assert_int_equal(enroll_passkey(), CK_OK);
    assert_int_equal(done.result, CK_ENROLL_ENROLLED);
    assert_int_equal(entered, 1);
    assert_int_equal(fake.logins, 1); /* the door's; the proof has no password */
}

static void test_a_closed_entrance_is_the_end(void **state)
{
    (void)state;
    fake.pages_fail = true;
    login.entrance = &entrance;
    assert_int_equal(enroll_passkey(), CK_OK); /* the first page is shown */
    ck_enrollment_clear(&done);
    assert_int_equal(enroll_passkey(), CK_ERR_UNREACHABLE);
    assert_int_equal(entered, 2);
    assert_int_equal(told, 1);
}

static void test_a_passkey_opens_the_login(void **state)
{
    (void)state;
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;

    assert_int_equal(enroll_passkey(), CK_OK);
    unsigned logins = fake.logins;
    login.with_passkey = true;
    assert_int_equal(ck_login_open(&login, &session, &err), CK_OK);
    assert_int_equal(fake.logins, logins); /* no password was sent */
    assert_true(login.key_answered);
}

static void test_a_refused_passkey_does_not(void **state)
{
    (void)state;
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;

    assert_int_equal(enroll_passkey(), CK_OK);
    login.with_passkey = true;
    fake_key.server_refuses = true;
    assert_int_equal(ck_login_open(&login, &session, &err), CK_ERR_REFUSED);
    assert_null(session);
    assert_false(login.key_answered);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_witness_is_told_once_and_before),
        cmocka_unit_test(test_nothing_is_changed_that_it_can_not_note),
        TEST(a_forced_password_change_is_told_of),
        TEST(an_entrance_takes_the_place_of_the_login),
        TEST(a_closed_entrance_is_the_end),
        TEST(a_passkey_opens_the_login),
        TEST(a_refused_passkey_does_not),
    };
    struct ck_error heap_err;

    if (ck_secret_heap_init(&heap_err) != CK_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
