/* Removing and renaming entries: which ID names which, what is asked, and what a server may do to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cowkey/enroll/removal.h"
#include "cowkey/enroll/renaming.h"
#include "tests/unit/enroll/fake.h"

static struct fake_person person;
static struct ck_login login;
static struct ck_removal done;
static struct ck_removal_plan plan; /* what was asked last */
static unsigned asked;
static enum ck_err answer;
static struct ck_error err;

static enum ck_err ask(void *data, const struct ck_removal_plan *asked_plan, struct ck_error *e)
{
    (void)data;
    plan = *asked_plan;
    asked++;
    return answer == CK_OK ? CK_OK : ck_error_set(e, answer, "no");
}

static int set_up(void **state)
{
    (void)state;
    fake_reset();
    fake_person_init(&person);
    login = fake_login(&person);
    fake_add_row("phone", CK_METHOD_TOTP);
    fake_add_row("tablet", CK_METHOD_TOTP);
    asked = 0;
    answer = CK_OK;
    err = (struct ck_error){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ck_removal_clear(&done);
    assert_int_equal(fake.sessions_open, 0);
    return 0;
}

static enum ck_err run(const char *what)
{
    const struct ck_removal_person asker = {NULL, ask};

    return ck_removal_run(&login, what, &asker, &done, &err);
}

static void add_passkey(const char *cid_begins, const char *label)
{
    struct ck_passkey *passkey = &fake.passkeys[fake.passkeys_count++];

    memset(passkey->cid, '0', 64);
    memcpy(passkey->cid, cid_begins, strlen(cid_begins));
    passkey->label = strdup(label);
}

static void test_by_id_and_by_label(void **state)
{
    (void)state;
    assert_int_equal(run("231"), CK_OK);
    assert_int_equal(fake.removed_id, 231);
    assert_int_equal(done.result, CK_CHANGE_DONE);
    assert_int_equal(done.factors_left, 1);
    assert_int_equal(asked, 1);
    assert_false(plan.no_factor_left);
}

static void test_the_last_one_goes_with_all(void **state)
{
    (void)state;
    fake.rows_count = 1;
    fake.forced = 1;
    assert_int_equal(run("phone"), CK_OK);
    assert_true(plan.no_factor_left && plan.forced == 1);
    assert_true(fake.removed_all);
    assert_int_equal(err.code, CK_OK);
}

static void test_all(void **state)
{
    (void)state;
    assert_int_equal(run(NULL), CK_OK);
    assert_true(fake.removed_all && plan.no_factor_left);
    assert_int_equal(done.going_count, 2);
}

static void test_all_of_none_asks_nothing(void **state)
{
    (void)state;
    fake.rows_count = 0;
    assert_int_equal(run(NULL), CK_OK);
    assert_int_equal(asked, 0);
    assert_false(done.submitted || fake.removed_all);
}

static void test_a_no_changes_nothing(void **state)
{
    (void)state;
    answer = CK_ERR_UNCHANGED;
    assert_int_equal(run("phone"), CK_ERR_UNCHANGED);
    assert_false(done.submitted);
    assert_int_equal(fake.rows_count, 2);
}

static void test_unknown_and_ambiguous(void **state)
{
    static const char *const names[] = {"4711", "0231", "", "Phone", "pk:00000000"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        assert_int_equal(run(names[i]), CK_ERR_USAGE);
        ck_removal_clear(&done);
    }
    fake_add_row("phone", CK_METHOD_TOTP);
    assert_int_equal(run("phone"), CK_ERR_USAGE);
    assert_int_equal(asked, 0);
    assert_int_equal(fake.rows_count, 3);
}

static void test_blocked(void **state)
{
    (void)state;
    fake.removal_blocked = true;
    assert_int_equal(run("phone"), CK_ERR_UNCHANGED);
    assert_int_equal(done.result, CK_CHANGE_FAILED);
    assert_true(done.submitted);
    assert_non_null(strstr(err.hint, "enforces"));
}

static void test_others_that_are_gone_too(void **state)
{
    (void)state;
    fake.removes_too_much = true;
    assert_int_equal(run("phone"), CK_ERR_UNKNOWN);
    assert_int_equal(done.result, CK_CHANGE_UNKNOWN);
}

static void test_passkey_by_its_digits(void **state)
{
    (void)state;
    add_passkey("abcdef01", "blue");
    add_passkey("abcdef02", "red");
    assert_int_equal(run("pk:abcdef0"), CK_ERR_USAGE);
    ck_removal_clear(&done);
    assert_int_equal(run("pk:ABCDEF02"), CK_OK);
    assert_int_equal(fake.passkeys_count, 1);
    assert_string_equal(fake.passkeys[0].label, "blue");
    assert_int_equal(done.passkeys_left, 1);
    assert_false(plan.no_passkey_left);
}

static void test_passkey_of_two_rows(void **state)
{
    (void)state;
    add_passkey("abcdef01", "blue");
    add_passkey("abcdef01", "blue too");
    assert_int_equal(run("pk:abcdef01"), CK_OK);
    assert_true(plan.no_passkey_left);
    assert_int_equal(fake.passkeys_count, 0);
}

static void test_a_label_of_both_kinds(void **state)
{
    (void)state;
    add_passkey("abcdef01", "phone");
    assert_int_equal(run("phone"), CK_ERR_USAGE);
    ck_removal_clear(&done);
    assert_int_equal(run("231"), CK_OK);
}

static void test_lists_that_are_hidden(void **state)
{
    (void)state;
    fake.list_absent = true;
    fake.rows_count = 0;
    assert_int_equal(run("phone"), CK_ERR_UNCHANGED);
    ck_removal_clear(&done);
    assert_int_equal(run(NULL), CK_ERR_UNCHANGED);
    assert_false(fake.removed_all);
}

static void test_held(void **state)
{
    (void)state;
    fake.rows_count = 0;
    fake.held_for_setup = true;
    assert_int_equal(run("phone"), CK_ERR_UNCHANGED);
}

static enum ck_err rename_to(const char *what, const char *label)
{
    struct ck_renaming renaming;
    enum ck_err r = ck_renaming_run(&login, what, label, &renaming, &err);

    assert_int_equal(renaming.result == CK_CHANGE_DONE, r == CK_OK);
    ck_renaming_clear(&renaming);
    return r;
}

static void test_renaming(void **state)
{
    (void)state;
    add_passkey("abcdef01", "phone");
    assert_int_equal(rename_to("phone", "blue"),
                     CK_OK); /* the factor of that name can't be meant */
    assert_string_equal(fake.passkeys[0].label, "blue");
    assert_int_equal(rename_to("231", "x"), CK_ERR_USAGE);
    assert_non_null(strstr(err.text, "second factor"));
    assert_int_equal(rename_to("phone", "x"), CK_ERR_USAGE);
    assert_int_equal(rename_to("nothing", "x"), CK_ERR_USAGE);
    fake.rename_fails = true;
    assert_int_equal(rename_to("blue", "x"), CK_ERR_UNCHANGED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_by_id_and_by_label),
        TEST(test_the_last_one_goes_with_all),
        TEST(test_all),
        TEST(test_all_of_none_asks_nothing),
        TEST(test_a_no_changes_nothing),
        TEST(test_unknown_and_ambiguous),
        TEST(test_blocked),
        TEST(test_others_that_are_gone_too),
        TEST(test_passkey_by_its_digits),
        TEST(test_passkey_of_two_rows),
        TEST(test_a_label_of_both_kinds),
        TEST(test_lists_that_are_hidden),
        TEST(test_held),
        TEST(test_renaming),
    };

    if (ck_secret_heap_init(&err) != CK_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
