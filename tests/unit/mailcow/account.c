#include "cowkey/mailcow/account.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A255 A64 A64 A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void expect_account(const char *name, const char *role_name, const char *as,
                           enum ck_role role)
{
    struct ck_account account;
    struct ck_error err;

    assert_int_equal(ck_account_parse(name, role_name, &account, &err), CK_OK);
    assert_string_equal(account.name, as);
    assert_int_equal(account.role, role);
}

static void expect_usage(const char *name, const char *role_name)
{
    struct ck_account account = {.name = "untouched", .role = CK_ROLE_ADMIN};
    struct ck_error err = {.code = CK_OK};

    assert_int_equal(ck_account_parse(name, role_name, &account, &err), CK_ERR_USAGE);
    assert_int_equal(err.code, CK_ERR_USAGE);
    assert_true(*err.text);
    assert_string_equal(account.name, "untouched");
    assert_int_equal(account.role, CK_ROLE_ADMIN);
}

static void test_role_is_guessed_from_the_name(void **state)
{
    (void)state;
    expect_account("carol@example.test", NULL, "carol@example.test", CK_ROLE_MAILBOX);
    expect_account("admin", NULL, "admin", CK_ROLE_ADMIN);
    expect_account(" ADMIN", NULL, "admin", CK_ROLE_ADMIN);
    expect_usage("admin2", NULL);
    expect_usage("da1", NULL);
}

static void test_role_that_is_given_wins(void **state)
{
    (void)state;
    expect_account("da1", "domain-admin", "da1", CK_ROLE_DOMAIN_ADMIN);
    expect_account("admin2", "admin", "admin2", CK_ROLE_ADMIN);
    expect_account("admin", "domain-admin", "admin", CK_ROLE_DOMAIN_ADMIN);
    expect_account("carol@example.test", "mailbox", "carol@example.test", CK_ROLE_MAILBOX);
    expect_usage("da1", "domainadmin");
    expect_usage("da1", "Admin");
    expect_usage("da1", "");
}

static void test_name_is_kept_as_the_server_keeps_it(void **state)
{
    (void)state;
    expect_account(" \t\r\n\vCarol@Example.TEST\v\n ", NULL, "carol@example.test", CK_ROLE_MAILBOX);
    expect_account("a b@example.test", NULL, "a b@example.test", CK_ROLE_MAILBOX);
    /* The server's lower case is ASCII's. */
    expect_account("JÜRGEN@example.test", NULL, "jÜrgen@example.test", CK_ROLE_MAILBOX);
}

static void test_names_that_no_account_has(void **state)
{
    (void)state;
    expect_usage("", NULL);
    expect_usage(" \n", "admin");
    expect_usage("a\x01@example.test", NULL);
    expect_usage("a\n@example.test", NULL);
    expect_usage("a\x7f@example.test", NULL);
    expect_usage("a\xff@example.test", NULL);
    expect_usage("a\xc3", "admin");
}

static void test_name_at_its_bound(void **state)
{
    (void)state;
    _Static_assert(sizeof(A255) == CK_ACCOUNT_NAME_MAX, "the longest name");
    expect_account(A255, "admin", A255, CK_ROLE_ADMIN);
    expect_account("  " A255 "  ", "admin", A255, CK_ROLE_ADMIN);
    expect_usage(A255 "a", "admin");
}

static void test_role_names(void **state)
{
    (void)state;
    assert_string_equal(ck_role_name(CK_ROLE_MAILBOX), "mailbox");
    assert_string_equal(ck_role_name(CK_ROLE_DOMAIN_ADMIN), "domain-admin");
    assert_string_equal(ck_role_name(CK_ROLE_ADMIN), "admin");
}

static void test_domains(void **state)
{
    (void)state;
    const struct ck_account quoted = {.name = "\"a@b\"@example.test", .role = CK_ROLE_MAILBOX};
    const struct ck_account da1 = {.name = "da1", .role = CK_ROLE_DOMAIN_ADMIN};

    assert_string_equal(ck_account_domain(&quoted), "example.test");
    assert_string_equal(ck_account_domain(&da1), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_role_is_guessed_from_the_name),
        cmocka_unit_test(test_role_that_is_given_wins),
        cmocka_unit_test(test_name_is_kept_as_the_server_keeps_it),
        cmocka_unit_test(test_names_that_no_account_has),
        cmocka_unit_test(test_name_at_its_bound),
        cmocka_unit_test(test_role_names),
        cmocka_unit_test(test_domains),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
