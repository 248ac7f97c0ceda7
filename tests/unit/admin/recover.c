/* Recovering accounts: each way, what each can't do, and servers that lie or let go in the middle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/admin/recover_fake.h"

static struct ck_recovery done;
static struct ck_recover_plan plan; /* what was asked */
static size_t listed_factors;
static unsigned asked, handed_out;
static enum ck_err answer, handing_out;
static bool keep_passkeys;
static struct ck_error err;

static enum ck_err ask(void *data, const struct ck_recover_plan *asked_plan, struct ck_error *e)
{
    (void)data;
    plan = *asked_plan;
    listed_factors = plan.page != NULL ? plan.page->factors_count : 0;
    asked++;
    assert_int_equal(server.edits, 0);
    return answer == CK_OK ? CK_OK : ck_error_set(e, answer, "no");
}

static enum ck_err hand_out(void *data, struct ck_error *e)
{
    (void)data;
    assert_int_equal(server.edits, 0);
    assert_false(server.intended);
    handed_out++;
    return handing_out == CK_OK ? CK_OK : ck_error_set(e, handing_out, "disk full");
}

static void tell_step(void *data, enum ck_recover_step step)
{
    (void)data, (void)step;
}

static int set_up(void **state)
{
    (void)state;
    server_reset();
    asked = handed_out = 0;
    answer = handing_out = CK_OK;
    keep_passkeys = false;
    err = (struct ck_error){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(server.sessions_open, 0);
    assert_false(server.lent);
    return 0;
}

static struct ck_secret *secret(const char *text)
{
    struct ck_secret *made = NULL;

    assert_int_equal(ck_secret_new(text, strlen(text), &made, &err), CK_OK);
    return made;
}

static enum ck_err run_with(const char *new_password,
                            enum ck_err (*call)(const struct ck_recover *, struct ck_recovery *,
                                                struct ck_error *))
{
    const struct ck_recover_person person = {NULL, ask, hand_out, tell_step};
    const struct ck_account *own = ck_admin_account(NULL);
    const struct ck_operator by = {.session = own != NULL ? (void *)"session" : NULL,
                                   .account = own};
    const struct ck_journal_deed deed = {.user = "root@mx1"};
    struct ck_secret *password = secret(new_password);
    const struct ck_account account = server.record.account;

    const struct ck_recover wish = {.by = &by,
                                    .account = &account,
                                    .password = password,
                                    .keep_passkeys = keep_passkeys,
                                    .deed = &deed,
                                    .person = &person};
    err = (struct ck_error){0};
    enum ck_err r = call(&wish, &done, &err);
    ck_secret_free(&password);
    return r;
}

static enum ck_err run(void)
{
    return run_with("new", ck_recover_run);
}

static void assert_recovered(void)
{
    assert_int_equal(done.result, CK_RECOVERY_RECOVERED);
    assert_string_equal(server.password, "new");
    assert_int_equal(server_factors(), 0);
    assert_int_equal(server_passkeys(), keep_passkeys ? 1 : 0);
    assert_int_equal(server.record.force_tfa, 1);
    assert_int_equal(server.record.force_pw_update, 1);
    assert_string_equal(server.concluded, "done");
    assert_int_equal(handed_out, 1);
}

static void be_domain_admin(void)
{
    server.record.account = (struct ck_account){.name = "da1", .role = CK_ROLE_DOMAIN_ADMIN};
}

static void be_admin(void)
{
    server.record.account = (struct ck_account){.name = "admin2", .role = CK_ROLE_ADMIN};
}

static void use_key(void)
{
    server.operator_has_key = true;
}

/* --- each way --- */

static void test_mailbox_by_an_admin(void **state)
{
    (void)state;
    assert_int_equal(run(), CK_OK);
    assert_recovered();
    assert_true(done.proved);
    assert_int_equal(done.factors_removed, 2);
    assert_int_equal(done.passkeys_removed, 1);
    assert_int_equal(listed_factors, 2);
    assert_int_equal(plan.factors, CK_REACH_ALL);
}

static void test_mailbox_by_its_domain_admin(void **state)
{
    (void)state;
    server.operator_role = CK_ROLE_DOMAIN_ADMIN;
    strcpy(server.operator_name, "da1");
    assert_int_equal(run(), CK_OK);
    assert_recovered();
}

static void test_mailbox_with_a_key_keeps_its_factors(void **state)
{
    (void)state;
    use_key();
    assert_int_equal(run(), CK_OK);
    assert_int_equal(plan.factors, CK_REACH_IF_ALONE);
    assert_null(plan.page);
    assert_int_equal(done.result, CK_RECOVERY_PARTIAL);
    assert_int_equal(done.steps[CK_RECOVER_PASSWORD], CK_STEP_DONE);
    assert_int_equal(done.steps[CK_RECOVER_FACTORS], CK_STEP_NOT_POSSIBLE);
    assert_int_equal(done.steps[CK_RECOVER_PASSKEYS], CK_STEP_NOT_POSSIBLE);
    assert_int_equal(done.factors_removed, -1);
    assert_int_equal(server_passkeys(), 1);
    assert_int_equal(server.record.force_pw_update, 1);
}

static void test_mailbox_with_a_key_and_no_factor(void **state)
{
    (void)state;
    use_key();
    memset(server.factors, 0, sizeof(server.factors));
    assert_int_equal(run(), CK_OK);
    assert_recovered();
    assert_int_equal(done.passkeys_removed, 1);
}

static void test_domain_admin(void **state)
{
    (void)state;
    for (int key = 0; key <= 1; key++) {
        set_up(NULL);
        be_domain_admin();
        server.operator_has_key = key;
        assert_int_equal(run(), CK_OK);
        assert_recovered();
        assert_int_equal(listed_factors, 2);
        assert_int_equal(done.factors_removed, 2);
    }
}

static void test_another_admin(void **state)
{
    (void)state;
    for (int key = 0; key <= 1; key++) {
        set_up(NULL);
        be_admin();
        server.operator_has_key = key;
        assert_int_equal(run(), CK_OK);
        assert_recovered();
        assert_null(plan.page);
        assert_int_equal(done.factors_removed, 2);
    }
}

/* Rows that somebody let off once before are not listed, and go all the same. */
static void test_switched_off_factors_go_too(void **state)
{
    (void)state;
    be_domain_admin();
    use_key();
    server.factors_off = true;
    assert_int_equal(run(), CK_OK);
    assert_recovered();
    assert_int_equal(listed_factors, 0);
}

static void test_blocking_flag_is_lifted(void **state)
{
    (void)state;
    server.record.force_tfa = 1;
    server.record.force_is_number = true;
    assert_int_equal(run(), CK_OK);
    assert_recovered();
    assert_int_equal(done.steps[CK_RECOVER_UNBLOCK], CK_STEP_DONE);
}

static void test_forced_accounts_are_not_held_meanwhile(void **state)
{
    (void)state;
    be_admin();
    server.record.force_tfa = server.record.force_pw_update = 1;
    assert_int_equal(run(), CK_OK);
    assert_recovered();
}

static void test_release_without_flags(void **state)
{
    (void)state;
    be_domain_admin();
    server.record.force_tfa = server.record.force_pw_update = -1;
    assert_int_equal(run(), CK_OK);
    assert_int_equal(done.result, CK_RECOVERY_RECOVERED);
    assert_int_equal(done.steps[CK_RECOVER_FLAGS], CK_STEP_NOT_WANTED);
    assert_int_equal(plan.force_tfa, -1);
}

static void test_keep_passkeys(void **state)
{
    (void)state;
    keep_passkeys = true;
    assert_int_equal(run(), CK_OK);
    assert_recovered();
    assert_int_equal(done.steps[CK_RECOVER_PASSKEYS], CK_STEP_NOT_WANTED);
    assert_int_equal(done.passkeys_removed, -1);
}

/* --- deactivated accounts: nobody can log in, and so the password can't be shown --- */

static void test_deactivated_mailbox(void **state)
{
    (void)state;
    server.record.active = false;
    assert_int_equal(run(), CK_OK);
    assert_recovered(); /* the server took the password when the factors were removed */
    assert_false(plan.proves_password || done.proved);
}

static void test_deactivated_mailbox_without_factors(void **state)
{
    (void)state;
    server.record.active = false;
    memset(server.factors, 0, sizeof(server.factors));
    assert_int_equal(run(), CK_OK);
    assert_int_equal(done.result, CK_RECOVERY_PARTIAL);
    assert_int_equal(done.steps[CK_RECOVER_PASSWORD], CK_STEP_UNKNOWN);
    assert_int_equal(server_passkeys(), 0);
}

static void test_deactivated_domain_admin(void **state)
{
    (void)state;
    be_domain_admin();
    server.record.active = false;
    use_key();
    assert_int_equal(run(), CK_OK);
    assert_int_equal(plan.factors, CK_REACH_NONE);
    assert_int_equal(done.result, CK_RECOVERY_PARTIAL);
    assert_int_equal(server_factors(), 2);
    assert_false(server.factors_off);

    set_up(NULL);
    be_domain_admin();
    server.record.active = false;
    assert_int_equal(run(), CK_OK);
    assert_recovered();
}

/* --- accounts from elsewhere --- */

static void test_external_account(void **state)
{
    (void)state;
    server.record.authsource = CK_AUTHSOURCE_LDAP;
    server.record.force_tfa = 1;
    server.record.force_is_number = true;
    assert_int_equal(run(), CK_OK);
    assert_int_equal(handed_out, 0);
    assert_int_equal(plan.factors, CK_REACH_ALL_BUT_LAST);
    assert_string_equal(server.password, "old");
    assert_int_equal(server_factors(), 1);
    assert_int_equal(server_passkeys(), 0);
    assert_int_equal(server.record.force_tfa, 1);
    assert_int_equal(done.steps[CK_RECOVER_PASSWORD], CK_STEP_NOT_WANTED);
    assert_int_equal(done.steps[CK_RECOVER_UNBLOCK], CK_STEP_DONE);
    assert_int_equal(done.result, CK_RECOVERY_PARTIAL);
}

static void test_external_account_that_stays_blocked(void **state)
{
    (void)state;
    server.record.authsource = CK_AUTHSOURCE_LDAP;
    server.record.force_tfa = 1;
    server.record.force_is_number = server.number_stays = true;
    assert_int_equal(run(), CK_ERR_UNCHANGED);
    assert_int_equal(done.result, CK_RECOVERY_FAILED);
    assert_int_equal(server_factors(), 2);
    assert_string_equal(server.concluded, "failed");
}

static void test_external_account_without_factors(void **state)
{
    (void)state;
    server.record.authsource = CK_AUTHSOURCE_LDAP;
    memset(server.factors, 0, sizeof(server.factors));
    server.passkeys_hidden = true;
    assert_int_equal(run(), CK_OK);
    assert_int_equal(done.result, CK_RECOVERY_PARTIAL); /* its passkeys can't be seen */
    assert_int_equal(server.edits, 0);
    assert_false(done.submitted);
}

static void test_external_account_with_a_key(void **state)
{
    (void)state;
    server.record.authsource = CK_AUTHSOURCE_LDAP;
    use_key();
    assert_int_equal(run(), CK_OK);
    assert_int_equal(plan.factors, CK_REACH_NONE);
    assert_int_equal(done.result, CK_RECOVERY_PARTIAL);
    assert_int_equal(server_factors(), 2);
}

/* --- refused before anything is changed --- */

static void assert_untouched(enum ck_err r, enum ck_err wanted)
{
    assert_int_equal(r, wanted);
    assert_int_equal(done.result, CK_RECOVERY_FAILED);
    assert_false(done.submitted);
    assert_int_equal(server.edits, 0);
    assert_int_equal(server_factors(), 2);
    assert_int_equal(server_passkeys(), 1);
}

static void test_a_no_changes_nothing(void **state)
{
    (void)state;
    answer = CK_ERR_UNCHANGED;
    assert_untouched(run(), CK_ERR_UNCHANGED);
    assert_int_equal(handed_out, 0);
    assert_false(server.intended);
}

static void test_own_account(void **state)
{
    (void)state;
    be_admin();
    strcpy(server.operator_name, "admin2");
    assert_untouched(run(), CK_ERR_USAGE);
    assert_non_null(strstr(err.hint, "cowkey password"));
}

static void test_roles_that_are_not_managed(void **state)
{
    (void)state;
    server.operator_role = CK_ROLE_DOMAIN_ADMIN;
    strcpy(server.operator_name, "da2");
    be_domain_admin();
    assert_untouched(run(), CK_ERR_USAGE);
    be_admin();
    assert_untouched(run(), CK_ERR_USAGE);
}

static void test_somebody_elses_page(void **state)
{
    (void)state;
    server.way = CK_ERR_UNREACHABLE;
    assert_untouched(run(), CK_ERR_UNREACHABLE);
    assert_int_equal(asked, 0);
}

/* A domain admin whom nobody lets log in as others. */
static void test_ignored_log_in_as(void **state)
{
    (void)state;
    server.way = CK_ERR_UNCHANGED;
    assert_int_equal(run(), CK_OK);
    assert_int_equal(plan.factors, CK_REACH_IF_ALONE);
    assert_null(plan.page);
    assert_int_equal(done.result, CK_RECOVERY_PARTIAL);
    assert_int_equal(server_factors(), 2);
}

static void test_hand_out_fails(void **state)
{
    (void)state;
    handing_out = CK_ERR_UNCHANGED;
    assert_untouched(run(), CK_ERR_UNCHANGED);
    assert_false(server.intended);
}

static void test_journal_fails(void **state)
{
    (void)state;
    server.intending = CK_ERR_UNCHANGED;
    assert_untouched(run(), CK_ERR_UNCHANGED);
}

static void test_policy_refuses_the_password(void **state)
{
    (void)state;
    server.policy_refuses = true;
    assert_int_equal(run(), CK_ERR_UNCHANGED);
    assert_int_equal(done.result, CK_RECOVERY_FAILED);
    assert_int_equal(done.steps[CK_RECOVER_PASSWORD], CK_STEP_TO_DO);
    assert_string_equal(server.concluded, "failed");
}

static void test_key_that_may_only_read(void **state)
{
    (void)state;
    use_key();
    be_admin();
    server.edits_refused = true;
    assert_int_equal(run(), CK_ERR_REFUSED);
    assert_int_equal(done.result, CK_RECOVERY_FAILED);
}

/* --- lies --- */

static void test_password_was_not_set(void **state)
{
    (void)state;
    server.password_lies = true;
    assert_int_equal(run(), CK_ERR_UNKNOWN);
    assert_int_equal(done.result, CK_RECOVERY_UNKNOWN);
    assert_int_equal(done.steps[CK_RECOVER_PASSWORD], CK_STEP_UNKNOWN);
    assert_int_equal(server_passkeys(), 1);
    assert_string_equal(server.concluded, "unknown");
}

static void test_factors_were_not_removed(void **state)
{
    (void)state;
    server.factors_lie = true;
    assert_int_equal(run(), CK_ERR_UNKNOWN);
    assert_int_equal(done.result, CK_RECOVERY_UNKNOWN);
    assert_int_not_equal(done.steps[CK_RECOVER_FLAGS], CK_STEP_DONE);
}

static void test_factors_were_not_switched_off(void **state)
{
    (void)state;
    be_admin();
    server.factors_lie = true;
    assert_int_equal(run(), CK_ERR_UNKNOWN);
    assert_int_equal(done.result, CK_RECOVERY_PARTIAL);
    assert_int_equal(server.edits, 2);
}

static void test_passkeys_were_not_removed(void **state)
{
    (void)state;
    server.passkeys_lie = true;
    assert_int_equal(run(), CK_ERR_UNKNOWN);
    assert_int_not_equal(done.result, CK_RECOVERY_RECOVERED);
    assert_false(done.proved);
}

static void test_flags_were_not_set(void **state)
{
    (void)state;
    server.flags_lie = true;
    assert_int_equal(run(), CK_ERR_UNKNOWN);
    assert_int_equal(done.result, CK_RECOVERY_PARTIAL);
    assert_int_equal(done.steps[CK_RECOVER_FLAGS], CK_STEP_TO_DO);
    assert_non_null(strstr(err.text, "the new password is in force"));
}

static void test_journal_does_not_hear_of_the_end(void **state)
{
    (void)state;
    server.concluding = CK_ERR_UNKNOWN;
    assert_int_equal(run(), CK_ERR_UNKNOWN);
    assert_int_equal(done.result, CK_RECOVERY_RECOVERED);
}

/* --- cut anywhere, and run again --- */

static void cut_everywhere(void (*prepare)(void), enum fake_cut cut)
{
    unsigned calls;

    set_up(NULL);
    prepare();
    assert_int_equal(run(), CK_OK);
    calls = server.calls;
    assert_true(calls > 4);
    for (unsigned at = 1; at <= calls; at++) {
        set_up(NULL);
        prepare();
        server.cut_at = at;
        server.cut = cut;
        enum ck_err r = run();
        bool finished = r == CK_OK; /* a login that does not get through is tried once more */
        assert_int_equal(server.sessions_open, 0);
        if (finished)
            assert_int_equal(done.result, CK_RECOVERY_RECOVERED);
        if (done.result == CK_RECOVERY_RECOVERED) {
            assert_true(finished);
            assert_int_equal(server_passkeys(), 0);
        }
        if (done.result == CK_RECOVERY_FAILED)
            assert_true(strcmp(server.password, "old") == 0 && server_passkeys() == 1);
        if (strcmp(server.password, "new") == 0)
            assert_true(done.steps[CK_RECOVER_PASSWORD] >= CK_STEP_UNKNOWN);
        if (!finished && done.submitted)
            assert_int_equal(r, CK_ERR_UNKNOWN);

        server.cut_at = 0;
        server.concluded[0] = '\0';
        server.edits = handed_out = 0;
        server.intended = false;
        assert_int_equal(run(), CK_OK);
        assert_recovered();
    }
}

static void as_it_is(void)
{
}

static void domain_admin_with_key(void)
{
    be_domain_admin();
    use_key();
}

static void test_cut_anywhere_and_run_again(void **state)
{
    static void (*const kinds[])(void) = {as_it_is, be_domain_admin, domain_admin_with_key,
                                          be_admin};

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        cut_everywhere(kinds[i], CUT_BEFORE);
        cut_everywhere(kinds[i], CUT_AFTER);
    }
}

/* --- once --- */

static enum ck_err allow_once(void)
{
    return run_with("unused", ck_recover_allow_once);
}

static void test_allow_once(void **state)
{
    (void)state;
    be_domain_admin();
    use_key();
    server.record.force_tfa = 1;
    assert_int_equal(allow_once(), CK_OK);
    assert_int_equal(done.result, CK_RECOVERY_ALLOWED_ONCE);
    assert_true(server.factors_off && done.submitted);
    assert_int_equal(server_factors(), 2);
    assert_int_equal(server.record.force_tfa, 1);
    assert_string_equal(server.password, "old");
    assert_int_equal(handed_out, 0);
    assert_string_equal(server.concluded, "done");
}

static void test_allow_once_when_they_are_off(void **state)
{
    (void)state;
    be_admin();
    server.factors_off = true;
    assert_int_equal(allow_once(), CK_OK);
    assert_false(done.submitted || server.intended);
    assert_int_equal(server.edits, 0);
    assert_int_equal(asked, 0);
}

static void test_allow_once_is_not_for_mailboxes(void **state)
{
    (void)state;
    assert_int_equal(allow_once(), CK_ERR_USAGE);
    assert_int_equal(server.calls, 0);
}

static void test_allow_once_is_cut(void **state)
{
    (void)state;
    for (int cut = CUT_BEFORE; cut <= CUT_AFTER; cut++) {
        set_up(NULL);
        be_admin();
        server.cut_at = 2;
        server.cut = (enum fake_cut)cut;
        assert_int_equal(allow_once(), CK_ERR_UNKNOWN);
        assert_int_equal(done.result, CK_RECOVERY_UNKNOWN);
        assert_string_equal(server.concluded, "unknown");
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_mailbox_by_an_admin),
        TEST(test_mailbox_by_its_domain_admin),
        TEST(test_mailbox_with_a_key_keeps_its_factors),
        TEST(test_mailbox_with_a_key_and_no_factor),
        TEST(test_domain_admin),
        TEST(test_another_admin),
        TEST(test_switched_off_factors_go_too),
        TEST(test_blocking_flag_is_lifted),
        TEST(test_forced_accounts_are_not_held_meanwhile),
        TEST(test_release_without_flags),
        TEST(test_keep_passkeys),
        TEST(test_deactivated_mailbox),
        TEST(test_deactivated_mailbox_without_factors),
        TEST(test_deactivated_domain_admin),
        TEST(test_external_account),
        TEST(test_external_account_that_stays_blocked),
        TEST(test_external_account_without_factors),
        TEST(test_external_account_with_a_key),
        TEST(test_a_no_changes_nothing),
        TEST(test_own_account),
        TEST(test_roles_that_are_not_managed),
        TEST(test_somebody_elses_page),
        TEST(test_ignored_log_in_as),
        TEST(test_hand_out_fails),
        TEST(test_journal_fails),
        TEST(test_policy_refuses_the_password),
        TEST(test_key_that_may_only_read),
        TEST(test_password_was_not_set),
        TEST(test_factors_were_not_removed),
        TEST(test_factors_were_not_switched_off),
        TEST(test_passkeys_were_not_removed),
        TEST(test_flags_were_not_set),
        TEST(test_journal_does_not_hear_of_the_end),
        TEST(test_cut_anywhere_and_run_again),
        TEST(test_allow_once),
        TEST(test_allow_once_when_they_are_off),
        TEST(test_allow_once_is_not_for_mailboxes),
        TEST(test_allow_once_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
