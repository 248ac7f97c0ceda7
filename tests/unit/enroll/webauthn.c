/* Enrolling keys against a server and a key that may do anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cowkey/enroll/webauthn.h"
#include "tests/unit/enroll/fake.h"

static struct fake_person person;
static struct ck_wish wish;
static struct ck_login login;
static struct ck_enrollment done;
static struct ck_error err;

static void start_afresh(void)
{
    fake_reset();
    fake_person_init(&person);
    login = fake_login(&person);
    ck_enrollment_clear(&done);
}

static int set_up(void **state)
{
    (void)state;
    start_afresh();
    wish = (struct ck_wish){.label = "my key", .evidence = CK_EVIDENCE_LOGIN};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ck_enrollment_clear(&done);
    assert_int_equal(fake.sessions_open, 0);
    fake_reset();
    return 0;
}

typedef enum ck_err enroll(struct ck_login *, const struct ck_wish *, struct ck_enrollment *,
                           struct ck_error *);
static enroll *const both[] = {ck_enroll_webauthn, ck_enroll_passkey};

static void assert_failed(enroll *run, enum ck_err expected)
{
    size_t rows = fake.rows_count, passkeys = fake.passkeys_count;

    assert_int_equal(run(&login, &wish, &done, &err), expected);
    assert_int_equal(done.result, CK_ENROLL_FAILED);
    assert_int_equal(done.evidence, CK_EVIDENCE_NONE);
    assert_int_equal(fake.rows_count, rows);
    assert_int_equal(fake.passkeys_count, passkeys);
}

static void assert_unknown(enroll *run)
{
    assert_int_equal(run(&login, &wish, &done, &err), CK_ERR_UNKNOWN);
    assert_int_equal(done.result, CK_ENROLL_UNKNOWN);
    assert_int_equal(fake.removed_id, 0);
    assert_string_equal(fake.removed_cid, "");
}

static void test_a_factor_is_proved_with_its_own_credential(void **state)
{
    (void)state;
    assert_int_equal(ck_enroll_webauthn(&login, &wish, &done, &err), CK_OK);
    assert_int_equal(done.result, CK_ENROLL_ENROLLED);
    assert_int_equal(done.factor_id, 231);
    assert_int_equal(fake.answered_id, 231);
    assert_int_equal(fake_key.allowed, 1);
    assert_false(fake_key.resident);
    assert_false(fake_key.verified);
    assert_true(done.credential_known);
}

static void test_a_passkey_is_resident_verified_named_and_proved(void **state)
{
    (void)state;
    assert_int_equal(ck_enroll_passkey(&login, &wish, &done, &err), CK_OK);
    assert_int_equal(done.result, CK_ENROLL_ENROLLED);
    assert_true(fake_key.resident && fake_key.verified);
    assert_int_equal(fake_key.allowed, 0);
    assert_string_equal(fake.passkeys[0].label, "my key");
    assert_string_equal(done.cid, fake.passkeys[0].cid);
    assert_int_equal(fake.logins, 1);
}

static void test_a_second_key_answers_with_the_new_one_only(void **state)
{
    (void)state;
    assert_int_equal(ck_enroll_webauthn(&login, &wish, &done, &err), CK_OK);
    ck_enrollment_clear(&done);
    assert_int_equal(ck_enroll_webauthn(&login, &wish, &done, &err), CK_OK);
    assert_int_equal(done.factor_id, 232);
    assert_int_equal(fake.answered_id, 232);
    assert_int_equal(fake_key.allowed, 1);
}

static void test_without_a_usable_key_nothing_is_posted(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        start_afresh();
        fake_key.opening = CK_ERR_KEY;
        assert_failed(both[i], CK_ERR_KEY);
        start_afresh();
        fake_key.making = CK_ERR_KEY;
        assert_failed(both[i], CK_ERR_KEY);
        start_afresh();
        fake_key.making = CK_ERR_INTERRUPTED;
        assert_failed(both[i], CK_ERR_INTERRUPTED);
        assert_int_equal(fake.registrations, 0);
        assert_false(done.submitted);
    }
}

static void test_a_registration_that_does_not_hold_is_not_posted(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        start_afresh();
        fake_key.verify_reason = "attestation-signature";
        assert_failed(both[i], CK_ERR_KEY);
        assert_int_equal(fake.registrations, 0);
        assert_non_null(strstr(err.text, "attestation-signature"));
    }
}

static void test_a_refused_registration(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        start_afresh();
        fake.adding = ADD_IS_REFUSED;
        assert_failed(both[i], CK_ERR_UNCHANGED);
    }
}

static void test_a_no_that_stored_it_all_the_same_is_not_believed(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        start_afresh();
        fake.held_for_setup = i >= 2;
        fake.adding = ADD_SAYS_NO;
        assert_unknown(both[i % 2]);
        assert_int_equal(fake.rows_count + fake.passkeys_count, 1);
        assert_int_equal(fake_key.signed_count, 0);
    }
}

static void test_a_success_that_stored_nothing_is_a_wrong_password_for_a_factor(void **state)
{
    (void)state;
    fake.adding = ADD_STORES_NOTHING;
    assert_failed(ck_enroll_webauthn, CK_ERR_REFUSED);
    start_afresh();
    fake.adding = ADD_STORES_NOTHING;
    assert_failed(ck_enroll_passkey, CK_ERR_UNCHANGED);
}

static void test_a_cut_registration_is_unknown(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        start_afresh();
        fake.adding = ADD_IS_CUT;
        assert_unknown(both[i]);
    }
}

static void test_a_missed_touch_at_the_proof_is_asked_about_and_deletes_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        start_afresh();
        fake_key.signing[0] = CK_ERR_KEY;
        person.retries_granted = 1;
        assert_int_equal(both[i](&login, &wish, &done, &err), CK_OK);
        assert_int_equal(person.retries_asked, 1);
        assert_int_equal(fake_key.reopened, 1);

        start_afresh();
        fake_key.signing[0] = CK_ERR_KEY;
        assert_unknown(both[i]);
        assert_int_equal(done.evidence, CK_EVIDENCE_RECORDED);
        assert_int_equal(fake.rows_count + fake.passkeys_count, 1);
    }
}

static void test_a_wrong_pin_at_the_proof_is_not_the_servers_no(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        start_afresh();
        fake_key.signing[0] = CK_ERR_REFUSED;
        assert_unknown(both[i]);
    }
}

static void test_short_memory_at_the_proof_is_not_the_servers_no(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        start_afresh();
        fake_key.signing[0] = CK_ERR_UNCHANGED;
        assert_unknown(both[i]);
        assert_int_equal(fake.rows_count + fake.passkeys_count, 1);
    }
}

static void test_a_refused_factor_is_taken_back(void **state)
{
    (void)state;
    fake_key.server_refuses = true;
    assert_failed(ck_enroll_webauthn, CK_ERR_UNCHANGED);
    assert_true(fake.removed_all);
}

static void test_a_credential_that_is_not_offered_is_taken_back(void **state)
{
    (void)state;
    fake.credential_not_offered = true;
    assert_failed(ck_enroll_webauthn, CK_ERR_UNCHANGED);
}

static void test_a_refused_passkey_is_taken_back_and_forgotten_if_wanted(void **state)
{
    (void)state;
    fake_key.server_refuses = true;
    assert_failed(ck_enroll_passkey, CK_ERR_UNCHANGED);
    assert_string_not_equal(fake.removed_cid, "");
    assert_string_equal(fake_key.forgotten, "");

    start_afresh();
    fake_key.server_refuses = true;
    person.forgets = true;
    assert_failed(ck_enroll_passkey, CK_ERR_UNCHANGED);
    assert_string_equal(fake_key.forgotten, "credential 1");
}

static void test_a_passkey_that_can_not_be_taken_back_is_said(void **state)
{
    (void)state;
    fake_key.server_refuses = true;
    fake.removal_blocked = true;
    assert_int_equal(ck_enroll_passkey(&login, &wish, &done, &err), CK_ERR_UNKNOWN);
    assert_int_equal(done.result, CK_ENROLL_UNKNOWN);
    assert_int_equal(fake.passkeys_count, 1);
}

static void test_a_name_that_is_not_taken_is_no_failure(void **state)
{
    (void)state;
    fake.rename_fails = true;
    assert_int_equal(ck_enroll_passkey(&login, &wish, &done, &err), CK_OK);
    assert_int_equal(done.result, CK_ENROLL_ENROLLED);
}

static void test_recorded_factors_have_their_credential_listed(void **state)
{
    (void)state;
    wish.evidence = CK_EVIDENCE_RECORDED;
    assert_int_equal(ck_enroll_webauthn(&login, &wish, &done, &err), CK_OK);
    assert_int_equal(done.result, CK_ENROLL_RECORDED);
    start_afresh();
    fake.credential_not_offered = true;
    assert_unknown(ck_enroll_webauthn);
}

static void test_an_old_passkey_goes_last(void **state)
{
    (void)state;
    assert_int_equal(ck_enroll_passkey(&login, &wish, &done, &err), CK_OK);
    char id[16];
    snprintf(id, sizeof(id), "pk:%.8s", fake.passkeys[0].cid);
    ck_enrollment_clear(&done);

    wish.replace = id;
    assert_int_equal(ck_enroll_passkey(&login, &wish, &done, &err), CK_OK);
    assert_int_equal(fake.passkeys_count, 1);
    assert_string_equal(fake.passkeys[0].cid, done.cid);
    assert_string_equal(done.replaced_cid, fake.removed_cid);

    ck_enrollment_clear(&done);
    wish.replace = "pk:00000000";
    assert_failed(ck_enroll_passkey, CK_ERR_USAGE);
}

static void test_a_hidden_list_is_not_an_empty_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        start_afresh();
        fake.list_absent = true;
        assert_failed(both[i], CK_ERR_UNCHANGED);
        assert_int_equal(fake_key.made, 0);
    }
}

static void test_forced_set_up(void **state)
{
    (void)state;
    fake.held_for_setup = true;
    assert_int_equal(ck_enroll_webauthn(&login, &wish, &done, &err), CK_OK);
    assert_true(done.forced);
}

static void test_a_key_answers_an_existing_factor(void **state)
{
    (void)state;
    assert_int_equal(ck_enroll_webauthn(&login, &wish, &done, &err), CK_OK);
    struct ck_session *session = NULL;
    assert_int_equal(ck_login_open(&login, &session, &err), CK_OK);
    ck_session_close(&session);
    assert_int_equal(fake.answered_id, 231);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_factor_is_proved_with_its_own_credential),
        TEST(a_passkey_is_resident_verified_named_and_proved),
        TEST(a_second_key_answers_with_the_new_one_only),
        TEST(without_a_usable_key_nothing_is_posted),
        TEST(a_registration_that_does_not_hold_is_not_posted),
        TEST(a_refused_registration),
        TEST(a_no_that_stored_it_all_the_same_is_not_believed),
        TEST(a_success_that_stored_nothing_is_a_wrong_password_for_a_factor),
        TEST(a_cut_registration_is_unknown),
        TEST(a_missed_touch_at_the_proof_is_asked_about_and_deletes_nothing),
        TEST(a_wrong_pin_at_the_proof_is_not_the_servers_no),
        TEST(short_memory_at_the_proof_is_not_the_servers_no),
        TEST(a_refused_factor_is_taken_back),
        TEST(a_credential_that_is_not_offered_is_taken_back),
        TEST(a_refused_passkey_is_taken_back_and_forgotten_if_wanted),
        TEST(a_passkey_that_can_not_be_taken_back_is_said),
        TEST(a_name_that_is_not_taken_is_no_failure),
        TEST(recorded_factors_have_their_credential_listed),
        TEST(an_old_passkey_goes_last),
        TEST(a_hidden_list_is_not_an_empty_one),
        TEST(forced_set_up),
        TEST(a_key_answers_an_existing_factor),
    };
    struct ck_error heap_err;

    if (ck_secret_heap_init(&heap_err) != CK_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
