/*
 * The TOTP enrollment against a server that may do anything: what it says, and what it leaves
 * behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cowkey/enroll/totp.h"
#include "tests/unit/enroll/fake.h"

static const char key_bytes[CK_TOTP_KEY_SIZE] = "a made-up 160bit key";

static struct fake_person person;
static struct ck_otpauth otpauth;
static struct ck_totp_wish wish;
static struct ck_login login;
static struct ck_enrollment done;
static struct ck_error err;

static int set_up(void **state)
{
    (void)state;
    fake_reset();
    fake_person_init(&person);
    login = fake_login(&person);
    otpauth = (struct ck_otpauth){
        .issuer = "mail.example.test", .account = "alice@example.test", .params = ck_totp_default};
    assert_int_equal(ck_secret_new(key_bytes, sizeof(key_bytes), &otpauth.key, &err), CK_OK);
    wish = (struct ck_totp_wish){.common = {.label = "my phone", .evidence = CK_EVIDENCE_LOGIN},
                                 .otpauth = &otpauth};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ck_otpauth_clear(&otpauth);
    assert_int_equal(fake.sessions_open, 0);
    return 0;
}

static enum ck_err run(void)
{
    return ck_enroll_totp(&login, &wish, &done, &err);
}

static void assert_nothing_changed(enum ck_err expected)
{
    size_t rows = fake.rows_count;

    assert_int_equal(run(), expected);
    assert_int_equal(err.code, expected);
    assert_int_equal(done.result, CK_ENROLL_FAILED);
    assert_int_equal(done.evidence, CK_EVIDENCE_NONE);
    assert_int_equal(done.factor_id, 0);
    assert_int_equal(fake.rows_count, rows);
    assert_true(person.voided);
}

static void test_enrolled_after_a_fresh_login(void **state)
{
    (void)state;
    assert_int_equal(run(), CK_OK);
    assert_int_equal(done.result, CK_ENROLL_ENROLLED);
    assert_int_equal(done.evidence, CK_EVIDENCE_LOGIN);
    assert_int_equal(done.factor_id, 231);
    assert_int_equal(fake.answered_id, 231);
    assert_int_equal(fake.logins, 2);
    assert_true(done.code_known && !done.code_computed);
    assert_int_equal(done.mail_programs, CK_MAIL_WILL_STOP);
    assert_false(person.voided);
}

static void test_recorded_needs_no_second_login(void **state)
{
    (void)state;
    wish.common.evidence = CK_EVIDENCE_RECORDED;
    assert_int_equal(run(), CK_OK);
    assert_int_equal(done.result, CK_ENROLL_RECORDED);
    assert_int_equal(fake.logins, 1);
}

static void test_unattended_computes_the_code_at_the_servers_time(void **state)
{
    (void)state;
    char code[CK_TOTP_CODE_MAX];

    wish.unattended = true;
    fake.clock_offset_s = 29;
    assert_int_equal(run(), CK_OK);
    assert_true(done.code_computed);
    assert_int_equal(person.codes_asked, 0);
    assert_int_equal(ck_totp_code(otpauth.key, &otpauth.params, FAKE_NOW_S + 29, code, &err),
                     CK_OK);
    assert_string_equal(fake.answered_code, code);
}

static void test_codes_do_not_grow_old_while_they_wait_to_be_sent(void **state)
{
    (void)state;
    char code[CK_TOTP_CODE_MAX];

    wish.unattended = true;
    fake.turn_takes_s = 600;
    assert_int_equal(run(), CK_OK);
    assert_true(fake.waited_s >= 2 * 600);
    assert_int_equal(
        ck_totp_code(otpauth.key, &otpauth.params, FAKE_NOW_S + fake.waited_s, code, &err), CK_OK);
    assert_string_equal(fake.answered_code, code);
}

static void test_unattended_refuses_clock_skew_unless_accepted(void **state)
{
    (void)state;
    wish.unattended = true;
    fake.clock_offset_s = -CK_CLOCK_SKEW_MAX_S - 1;
    assert_nothing_changed(CK_ERR_UNCHANGED);
    assert_false(done.submitted);
    assert_null(person.given);

    wish.accept_clock_skew = true;
    assert_int_equal(run(), CK_OK);
    assert_int_equal(done.clock_offset_s, -CK_CLOCK_SKEW_MAX_S - 1);
}

static void test_a_person_is_told_of_clock_skew(void **state)
{
    (void)state;
    fake.clock_offset_s = 90;
    person.phone_off_s = 90;
    assert_int_equal(run(), CK_OK);
    assert_true(person.clock_told);
}

static void test_wrong_codes_are_asked_again_and_not_sent(void **state)
{
    (void)state;
    person.wrong_codes = 4;
    assert_int_equal(run(), CK_OK);
    assert_int_equal(person.codes_asked, 5);
    assert_false(person.misfit.other_step);
}

static void test_only_wrong_codes_end_it(void **state)
{
    (void)state;
    person.wrong_codes = 100;
    assert_nothing_changed(CK_ERR_REFUSED);
    assert_false(done.submitted);
    assert_int_equal(person.codes_asked, 5);
}

static void test_a_slow_phone_is_told_by_how_much(void **state)
{
    (void)state;
    person.phone_off_s = -210;
    assert_nothing_changed(CK_ERR_REFUSED);
    assert_true(person.misfit.other_step);
    assert_int_equal(person.misfit.phone_off_s, -210);
}

static void test_the_servers_window_is_one_step(void **state)
{
    (void)state;
    person.phone_off_s = -30;
    assert_int_equal(run(), CK_OK);
    fake_reset();
    person.phone_off_s = 60;
    assert_nothing_changed(CK_ERR_REFUSED);
}

static void test_a_no_to_the_mail_programs_changes_nothing(void **state)
{
    (void)state;
    person.mail_answer = CK_ERR_UNCHANGED;
    assert_nothing_changed(CK_ERR_UNCHANGED);
    assert_null(person.given);
}

static void test_mail_programs_matter_only_for_a_first_factor(void **state)
{
    (void)state;
    fake_add_row("old", CK_METHOD_TOTP);
    assert_int_equal(run(), CK_OK);
    assert_false(person.mail_asked);

    fake_reset();
    fake.app_passwords = 2;
    assert_int_equal(run(), CK_OK);
    assert_int_equal(person.mail_programs, CK_MAIL_APP_PASSWORDS);

    fake_reset();
    fake.app_passwords = -1;
    assert_int_equal(run(), CK_OK);
    assert_int_equal(person.mail_programs, CK_MAIL_NOT_VISIBLE);
}

static void test_a_hidden_list_is_not_an_empty_one(void **state)
{
    (void)state;
    fake.list_absent = true;
    assert_nothing_changed(CK_ERR_UNCHANGED);
    assert_false(done.submitted);
}

static void test_a_success_that_stored_nothing(void **state)
{
    (void)state;
    fake.adding = ADD_STORES_NOTHING;
    assert_nothing_changed(CK_ERR_UNCHANGED);
    assert_true(done.submitted);
}

static void test_a_refused_submit(void **state)
{
    (void)state;
    fake.adding = ADD_IS_REFUSED;
    assert_nothing_changed(CK_ERR_UNCHANGED);
}

static void assert_unknown(void)
{
    assert_int_equal(run(), CK_ERR_UNKNOWN);
    assert_int_equal(done.result, CK_ENROLL_UNKNOWN);
    assert_false(person.voided);
    assert_false(fake.removed_all);
    assert_int_equal(fake.removed_id, 0);
}

static void test_what_cannot_be_decided_is_unknown_and_left_alone(void **state)
{
    (void)state;
    const enum fake_adding undecidable[] = {ADD_IS_CUT, ADD_STORES_TWO, ADD_STORES_OTHER_LABEL,
                                            ADD_HIDES_LIST, ADD_SAYS_NO};

    for (size_t i = 0; i < sizeof(undecidable) / sizeof(*undecidable); i++) {
        fake_reset();
        fake.adding = undecidable[i];
        assert_unknown();
        assert_int_equal(fake.logins, 1);
    }
}

static void test_a_refused_only_factor_is_taken_back(void **state)
{
    (void)state;
    fake.codes_refused = true;
    assert_nothing_changed(CK_ERR_UNCHANGED);
    assert_true(fake.removed_all);
}

static void test_a_refused_factor_among_others_is_taken_back_by_its_id(void **state)
{
    (void)state;
    fake_add_row("old", CK_METHOD_TOTP);
    fake.codes_refused = true;
    assert_nothing_changed(CK_ERR_UNCHANGED);
    assert_false(fake.removed_all);
    assert_int_equal(fake.removed_id, 232);
}

static void test_a_factor_that_is_not_asked_for_is_taken_back(void **state)
{
    (void)state;
    fake.new_factor_not_asked = true;
    assert_nothing_changed(CK_ERR_UNCHANGED);
    fake_reset();
    fake.new_factor_not_listed = true;
    assert_nothing_changed(CK_ERR_UNCHANGED);
}

static void test_a_login_that_shows_no_page_says_nothing_about_the_factor(void **state)
{
    (void)state;
    fake.new_factor_not_asked = true;
    fake.pages_fail = true;
    assert_unknown();
    assert_int_equal(fake.rows_count, 1);
}

static void test_unattended_needs_the_servers_time(void **state)
{
    (void)state;
    wish.unattended = true;
    fake.clock_known = false;
    assert_nothing_changed(CK_ERR_UNCHANGED);
    assert_null(person.given);
    wish.accept_clock_skew = true;
    assert_int_equal(run(), CK_OK);
}

static void test_the_list_is_not_emptied_when_somebody_enrolled_meanwhile(void **state)
{
    (void)state;
    fake.codes_refused = true;
    fake.held_for_setup = true; /* no visit at login, so that the next one is that look */
    fake.somebody_enrols = true;
    assert_int_equal(run(), CK_ERR_UNKNOWN);
    assert_false(fake.removed_all);
    assert_int_equal(fake.rows_count, 2);
}

static void test_a_blocked_take_back_is_unknown(void **state)
{
    (void)state;
    fake.codes_refused = true;
    fake.removal_blocked = true;
    assert_unknown();
    assert_int_equal(done.factor_id, 231);
    assert_non_null(strstr(err.text, "231"));
}

static void test_a_cut_proof_is_tried_again_and_then_asked_about(void **state)
{
    (void)state;
    fake.logins_cut = 1;
    assert_int_equal(run(), CK_OK);
    assert_int_equal(person.retries_asked, 0);

    fake_reset();
    fake.logins_cut = 3;
    person.retries_granted = 2;
    assert_int_equal(run(), CK_OK);
    assert_int_equal(person.retries_asked, 2);
}

static void test_a_proof_that_cannot_be_carried_out_deletes_nothing(void **state)
{
    (void)state;
    fake.logins_cut = 100;
    assert_unknown();
    assert_int_equal(done.evidence, CK_EVIDENCE_RECORDED);
    assert_int_equal(fake.rows_count, 1);
}

static void test_a_password_that_is_refused_at_the_proof_is_not_tried_again(void **state)
{
    (void)state;
    fake.logins_refused = true;
    person.retries_granted = 100;
    assert_unknown();
    assert_int_equal(fake.logins, 2);
}

static void test_the_old_factor_goes_last(void **state)
{
    (void)state;
    fake_add_row("old phone", CK_METHOD_TOTP);
    wish.common.replace = "old phone";
    assert_int_equal(run(), CK_OK);
    assert_int_equal(done.replaced_id, 231);
    assert_int_equal(fake.removed_id, 231);
    assert_int_equal(fake.rows_count, 1);
    assert_int_equal(person.stages[person.stages_count - 1], CK_STAGE_REMOVE_OLD);
}

static void test_the_old_factor_stays_when_the_new_one_fails(void **state)
{
    (void)state;
    fake_add_row("old phone", CK_METHOD_TOTP);
    wish.common.replace = "231";
    fake.codes_refused = true;
    assert_nothing_changed(CK_ERR_UNCHANGED);
    assert_int_equal(fake.rows[0].id, 231);
}

static void test_an_old_factor_that_cannot_go_is_said(void **state)
{
    (void)state;
    fake_add_row("old phone", CK_METHOD_TOTP);
    wish.common.replace = "old phone";
    fake.removal_blocked = true;
    assert_int_equal(run(), CK_ERR_UNKNOWN);
    assert_int_equal(done.result, CK_ENROLL_ENROLLED);
    assert_int_equal(done.replaced_id, 0);
    assert_false(person.voided);
}

static void test_replacing_what_is_not_there_changes_nothing(void **state)
{
    (void)state;
    wish.common.replace = "no such phone";
    assert_nothing_changed(CK_ERR_USAGE);
    assert_false(done.submitted);
}

static void test_forced_set_up(void **state)
{
    (void)state;
    fake.held_for_setup = true;
    assert_int_equal(run(), CK_OK);
    assert_true(done.forced);
    assert_int_equal(done.result, CK_ENROLL_ENROLLED);
}

static void test_a_forced_password_change_is_refused_or_made(void **state)
{
    (void)state;
    struct ck_secret *new_password = NULL;

    fake.held_for_password = true;
    assert_nothing_changed(CK_ERR_REFUSED);

    assert_int_equal(ck_secret_new("made-up-2", strlen("made-up-2"), &new_password, &err), CK_OK);
    login.new_password = new_password;
    assert_int_equal(run(), CK_OK);
    assert_true(login.password_changed);
    assert_string_equal(fake.password, "made-up-2");
    ck_secret_free(&new_password);
}

static void test_a_failure_after_the_password_change_says_so(void **state)
{
    (void)state;
    struct ck_secret *new_password = NULL;

    fake.held_for_password = true;
    fake.adding = ADD_IS_REFUSED;
    assert_int_equal(ck_secret_new("made-up-2", strlen("made-up-2"), &new_password, &err), CK_OK);
    login.new_password = new_password;
    assert_int_equal(run(), CK_ERR_UNKNOWN);
    assert_int_equal(done.result, CK_ENROLL_FAILED);
    assert_true(person.voided);
    assert_non_null(strstr(err.text, "password was changed"));
    ck_secret_free(&new_password);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(enrolled_after_a_fresh_login),
        TEST(recorded_needs_no_second_login),
        TEST(unattended_computes_the_code_at_the_servers_time),
        TEST(codes_do_not_grow_old_while_they_wait_to_be_sent),
        TEST(unattended_refuses_clock_skew_unless_accepted),
        TEST(a_person_is_told_of_clock_skew),
        TEST(wrong_codes_are_asked_again_and_not_sent),
        TEST(only_wrong_codes_end_it),
        TEST(a_slow_phone_is_told_by_how_much),
        TEST(the_servers_window_is_one_step),
        TEST(a_no_to_the_mail_programs_changes_nothing),
        TEST(mail_programs_matter_only_for_a_first_factor),
        TEST(a_hidden_list_is_not_an_empty_one),
        TEST(a_success_that_stored_nothing),
        TEST(a_refused_submit),
        TEST(what_cannot_be_decided_is_unknown_and_left_alone),
        TEST(a_refused_only_factor_is_taken_back),
        TEST(a_refused_factor_among_others_is_taken_back_by_its_id),
        TEST(a_factor_that_is_not_asked_for_is_taken_back),
        TEST(a_login_that_shows_no_page_says_nothing_about_the_factor),
        TEST(unattended_needs_the_servers_time),
        TEST(the_list_is_not_emptied_when_somebody_enrolled_meanwhile),
        TEST(a_blocked_take_back_is_unknown),
        TEST(a_cut_proof_is_tried_again_and_then_asked_about),
        TEST(a_proof_that_cannot_be_carried_out_deletes_nothing),
        TEST(a_password_that_is_refused_at_the_proof_is_not_tried_again),
        TEST(the_old_factor_goes_last),
        TEST(the_old_factor_stays_when_the_new_one_fails),
        TEST(an_old_factor_that_cannot_go_is_said),
        TEST(replacing_what_is_not_there_changes_nothing),
        TEST(forced_set_up),
        TEST(a_forced_password_change_is_refused_or_made),
        TEST(a_failure_after_the_password_change_says_so),
    };
    struct ck_error heap_err;

    if (ck_secret_heap_init(&heap_err) != CK_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
