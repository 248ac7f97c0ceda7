#include "src/mailcow/admin_json.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/base/expect.h"

/* What a record says first, and the rest of it, as the server writes them. */
#define FLAGS(force, password)                                                                     \
    "\"attributes\":{\"force_tfa\":" force ",\"force_pw_update\":" password                        \
    ",\"sogo_access\":\"1\"}"
#define MAILBOX(name, domain, active, rest)                                                        \
    "{\"username\":\"" name "\",\"active\":" active ",\"active_int\":1,\"domain\":\"" domain       \
    "\",\"name\":\"A, B\",\"tags\":[]," rest "}"
#define ADMIN(name, active, tfa, rest)                                                             \
    "{\"username\":\"" name "\",\"tfa_active\":" tfa ",\"tfa_active_int\":" tfa                    \
    ",\"active\":" active ",\"created\":\"2026-11-23 08:21:24\"," rest "}"
#define LOCAL "\"authsource\":\"mailcow\"," FLAGS("\"0\"", "\"0\"")

static const struct ck_account bob = {.name = "bob@example.test", .role = CK_ROLE_MAILBOX};
static const struct ck_account da1 = {.name = "da1", .role = CK_ROLE_DOMAIN_ADMIN};

static struct ck_record record_of(const char *json, const struct ck_account *account)
{
    struct ck_record record;
    struct ck_error err;
    bool found = false;

    if (ck_record_parse(json, strlen(json), account, &record, &found, &err) != CK_OK)
        fail_msg("%s", err.text);
    assert_true(found);
    return record;
}

static void test_mailbox(void **state)
{
    struct ck_record record = record_of(MAILBOX("bob@example.test", "example.test", "1",
                                                "\"authsource\":\"ldap\"," FLAGS("\"1\"", "\"0\"")),
                                        &bob);

    (void)state;
    assert_string_equal(record.account.name, "bob@example.test");
    assert_int_equal(record.account.role, CK_ROLE_MAILBOX);
    assert_true(record.active);
    assert_int_equal(record.tfa_active, -1);
    assert_int_equal(record.force_tfa, 1);
    assert_false(record.force_is_number);
    assert_int_equal(record.force_pw_update, 0);
    assert_int_equal(record.authsource, CK_AUTHSOURCE_LDAP);
    assert_string_equal(record.display_name, "A, B");
}

/* A name that is too long is cut between characters. */
static void test_long_name(void **state)
{
    static const char row[] =
        "{\"username\":\"bob@example.test\",\"active\":1,\"name\":\"%.*s%s\"}";
    char json[512], filler[CK_DISPLAY_NAME_MAX];

    (void)state;
    memset(filler, 'x', sizeof(filler));
    snprintf(json, sizeof(json), row, CK_DISPLAY_NAME_MAX - 2, filler, "\xc3\xbc");
    struct ck_record record = record_of(json, &bob);
    assert_int_equal(strlen(record.display_name), CK_DISPLAY_NAME_MAX - 2);
    snprintf(json, sizeof(json), row, CK_DISPLAY_NAME_MAX - 3, filler, "\xc3\xbc");
    record = record_of(json, &bob);
    assert_int_equal(strlen(record.display_name), CK_DISPLAY_NAME_MAX - 1);
}

/* Numbers, and the release that has neither the one flag nor another place for passwords. */
static void test_forms_of_a_mailbox(void **state)
{
    struct ck_record record =
        record_of(MAILBOX("Bob@example.test", "example.test", "\"1\"", FLAGS("1", "0")), &bob);

    (void)state;
    assert_true(record.force_is_number);
    assert_int_equal(record.force_tfa, 1);
    assert_int_equal(record.authsource, CK_AUTHSOURCE_MAILCOW);

    record = record_of(MAILBOX("bob@example.test", "example.test", "0", FLAGS("0", "1")), &bob);
    assert_false(record.active);
    assert_false(record.force_is_number);
    assert_int_equal(record.force_pw_update, 1);

    record = record_of(MAILBOX("bob@example.test", "example.test", "2",
                               "\"attributes\":{\"force_pw_update\":\"1\"}"),
                       &bob);
    assert_false(record.active);
    assert_int_equal(record.force_tfa, -1);
    assert_int_equal(record.force_pw_update, 1);
}

static void test_authsources(void **state)
{
    static const struct {
        const char *told;
        enum ck_authsource source;
        const char *name;
    } cases[] = {
        {"mailcow", CK_AUTHSOURCE_MAILCOW, "mailcow"},
        {"ldap", CK_AUTHSOURCE_LDAP, "ldap"},
        {"keycloak", CK_AUTHSOURCE_KEYCLOAK, "keycloak"},
        {"generic-oidc", CK_AUTHSOURCE_OIDC, "oidc"},
        {"oidc", CK_AUTHSOURCE_OTHER, "other"},
        {"MAILCOW", CK_AUTHSOURCE_OTHER, "other"},
        {"", CK_AUTHSOURCE_MAILCOW, "mailcow"},
    };
    char json[512];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        snprintf(json, sizeof(json),
                 MAILBOX("bob@example.test", "example.test", "1", "\"authsource\":\"%s\""),
                 cases[i].told);
        assert_int_equal(record_of(json, &bob).authsource, cases[i].source);
        assert_string_equal(ck_authsource_name(cases[i].source), cases[i].name);
    }
}

static void test_admins(void **state)
{
    struct ck_record record = record_of(ADMIN("da1", "1", "1", FLAGS("\"1\"", "\"1\"")), &da1);

    (void)state;
    assert_int_equal(record.account.role, CK_ROLE_DOMAIN_ADMIN);
    assert_int_equal(record.tfa_active, 1);
    assert_int_equal(record.force_tfa, 1);
    assert_int_equal(record.force_pw_update, 1);
    assert_int_equal(record.authsource, CK_AUTHSOURCE_MAILCOW);

    record = record_of(ADMIN("da1", "0", "\"0\"", "\"selected_domains\":[\"a.test\"]"), &da1);
    assert_false(record.active);
    assert_int_equal(record.tfa_active, 0);
    assert_int_equal(record.force_tfa, -1);
    assert_int_equal(record.force_pw_update, -1);
}

/* An object without anything, and a row that was joined from nothing. */
static void test_not_there(void **state)
{
    static const char *const texts[] = {"{}", " { } ", "{\"username\":null,\"active\":null}"};
    struct ck_record record;
    struct ck_error err;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        bool found = true;
        assert_int_equal(ck_record_parse(texts[i], strlen(texts[i]), &bob, &record, &found, &err),
                         CK_OK);
        assert_false(found);
    }
}

/* Each is one thing away from being the record. */
static void test_no_record(void **state)
{
    static const char *const bad[] = {
        "",
        "[]",
        "null",
        "{\"type\":\"error\",\"msg\":\"route not found\"}",
        "[" MAILBOX("bob@example.test", "example.test", "1", LOCAL) "]",
        MAILBOX("bob@example.tes", "example.test", "1", LOCAL),
        MAILBOX("alice@example.test", "example.test", "1", LOCAL),
        MAILBOX("bob", "example.test", "1", LOCAL),
        MAILBOX("", "example.test", "1", LOCAL),
        MAILBOX("bob@example.test\\u0007", "example.test", "1", LOCAL),
        MAILBOX("bob@example.test", "example.test", "3", LOCAL),
        MAILBOX("bob@example.test", "example.test", "null", LOCAL),
        MAILBOX("bob@example.test", "example.test", "1", FLAGS("2", "0")),
        MAILBOX("bob@example.test", "example.test", "1", FLAGS("\"\"", "0")),
        MAILBOX("bob@example.test", "example.test", "1", FLAGS("0", "\"on\"")),
        MAILBOX("bob@example.test", "example.test", "1", FLAGS("0", "null")),
        MAILBOX("bob@example.test", "example.test", "1", LOCAL) "x",
    };
    static const char *const bad_admins[] = {
        ADMIN("da1@example.test", "1", "0", LOCAL),
        ADMIN("da1", "2x", "0", LOCAL),
        ADMIN("da1", "1", "2", LOCAL),
        ADMIN("da1", "1", "null", LOCAL),
        "{\"username\":\"da1\",\"active\":1}",
        "{\"username\":\"da1\",\"tfa_active\":1}",
    };
    struct ck_record record = {.force_tfa = 77};
    struct ck_error err;
    bool found = false;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (ck_record_parse(bad[i], strlen(bad[i]), &bob, &record, &found, &err) !=
            CK_ERR_UNREACHABLE)
            fail_msg("%s", bad[i]);
    }
    for (size_t i = 0; i < sizeof(bad_admins) / sizeof(*bad_admins); i++) {
        if (ck_record_parse(bad_admins[i], strlen(bad_admins[i]), &da1, &record, &found, &err) !=
            CK_ERR_UNREACHABLE)
            fail_msg("%s", bad_admins[i]);
    }
    assert_int_equal(record.force_tfa, 77);
    assert_false(found);
}

/* --- lists --- */

static enum ck_err list(const char *json, enum ck_role role, const char *domain,
                        struct ck_records *ret_records, struct ck_error *err)
{
    return ck_records_parse(json, strlen(json), role, domain, ret_records, err);
}

static void test_lists(void **state)
{
    struct ck_records records = {0};
    struct ck_error err;

    (void)state;
    assert_int_equal(list("[" MAILBOX("bob@example.test", "example.test", "1", LOCAL) "," MAILBOX(
                              "a@Example.Test", "Example.Test", "0", LOCAL) "]",
                          CK_ROLE_MAILBOX, "example.test", &records, &err),
                     CK_OK);
    assert_int_equal(records.count, 2);
    assert_string_equal(records.rows[0].account.name, "bob@example.test");
    assert_true(records.rows[0].active);
    assert_string_equal(records.rows[1].account.name, "a@example.test");
    assert_false(records.rows[1].active);
    ck_records_clear(&records);
    assert_null(records.rows);

    assert_int_equal(
        list("[" ADMIN("da1", "1", "0", LOCAL) "," ADMIN("d.a-2_", "1", "1", LOCAL) "]",
             CK_ROLE_DOMAIN_ADMIN, NULL, &records, &err),
        CK_OK);
    assert_int_equal(records.count, 2);
    assert_int_equal(records.rows[1].account.role, CK_ROLE_DOMAIN_ADMIN);
    ck_records_clear(&records);

    assert_int_equal(list("{}", CK_ROLE_ADMIN, NULL, &records, &err), CK_OK);
    assert_int_equal(records.count, 0);
    ck_records_clear(&records);
    assert_int_equal(list("[]", CK_ROLE_ADMIN, NULL, &records, &err), CK_OK);
    ck_records_clear(&records);
}

static void test_bad_lists(void **state)
{
    static const char *const bad[] = {
        "",
        "null",
        "{\"a\":1}",
        "{\"type\":\"error\",\"msg\":\"x\"}",
        "[{}]",
        "[null]",
        "[" MAILBOX("bob@example.test", "example.test", "1", LOCAL),
        "[" MAILBOX("bob@example.test", "example.test", "1",
                    LOCAL) "," MAILBOX("bob@example.test", "example.test", "1", LOCAL) "]",
        "[" MAILBOX("bob@example.test", "example.test", "1",
                    LOCAL) "," MAILBOX("BOB@example.test", "example.test", "1", LOCAL) "]",
        "[" MAILBOX("bob@example.test", "example.test", "1",
                    LOCAL) "," MAILBOX("x@example.org", "example.org", "1", LOCAL) "]",
        "[" MAILBOX("bob@example.test", "example.test", "1",
                    LOCAL) "," MAILBOX("x@a.example.test", "example.test", "1", LOCAL) "]",
        "[" MAILBOX("bob@example.test", "example.test", "1", LOCAL) "," ADMIN("da1", "1", "0",
                                                                              LOCAL) "]",
    };
    struct ck_records records = {.count = 77};
    struct ck_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (list(bad[i], CK_ROLE_MAILBOX, "example.test", &records, &err) != CK_ERR_UNREACHABLE)
            fail_msg("%s", bad[i]);
    }
    assert_int_equal(records.count, 77);
}

/* What the server answers when it does not have the domain: everybody. */
static void test_mailboxes_of_others(void **state)
{
    static const char *const others[] = {
        "[" MAILBOX("x@example.org", "example.org", "1", LOCAL) "]",
        "[" MAILBOX("x@example.org", "example.test", "1", LOCAL) "]",
        "[" MAILBOX("x@example.test", "example.org", "1", LOCAL) "]",
        "[" MAILBOX("x@subexample.test", "subexample.test", "1", LOCAL) "]",
    };
    struct ck_records records = {.count = 77};
    struct ck_error err;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(list(others[i], CK_ROLE_MAILBOX, "example.test", &records, &err),
                         CK_ERR_USAGE);
        assert_error(&err, CK_ERR_USAGE, "no domain 'example.test'");
    }
    assert_int_equal(records.count, 77);
}

#define NOBODY "{\"username\":null,\"active\":null,\"domain\":null,\"authsource\":\"mailcow\"}"

/* Mailboxes that the server tells nothing of are counted; admins always have a name. */
static void test_nameless(void **state)
{
    struct ck_records records = {0};
    struct ck_error err;

    (void)state;
    assert_int_equal(
        list("[" NOBODY "," MAILBOX("bob@example.test", "example.test", "1", LOCAL) "," NOBODY "]",
             CK_ROLE_MAILBOX, "example.test", &records, &err),
        CK_OK);
    assert_int_equal(records.count, 1);
    assert_int_equal(records.nameless, 2);
    assert_string_equal(records.rows[0].account.name, "bob@example.test");
    ck_records_clear(&records);
    assert_int_equal(records.nameless, 0);
    assert_int_equal(list("[" NOBODY "]", CK_ROLE_ADMIN, NULL, &records, &err), CK_ERR_UNREACHABLE);
    assert_int_equal(list("[" NOBODY "," MAILBOX("x@example.org", "example.org", "1", LOCAL) "]",
                          CK_ROLE_MAILBOX, "example.test", &records, &err),
                     CK_ERR_USAGE);
}

/* A list of count mailboxes; free it. */
static char *crowd(size_t count)
{
    size_t size = count * 128 + 3;
    char *json = malloc(size), *at = json;

    *at++ = '[';
    for (size_t i = 0; i < count; i++)
        at += sprintf(at, "%s{\"username\":\"m%zu@a.test\",\"domain\":\"a.test\",\"active\":1}",
                      i > 0 ? "," : "", i);
    strcpy(at, "]");
    return json;
}

static void test_how_many_rows(void **state)
{
    struct ck_records records = {0};
    struct ck_error err;
    char *json = crowd(CK_ADMIN_ROWS_MAX);

    (void)state;
    assert_int_equal(list(json, CK_ROLE_MAILBOX, "a.test", &records, &err), CK_OK);
    assert_int_equal(records.count, CK_ADMIN_ROWS_MAX);
    assert_string_equal(records.rows[CK_ADMIN_ROWS_MAX - 1].account.name, "m99999@a.test");
    ck_records_clear(&records);
    free(json);

    json = crowd(CK_ADMIN_ROWS_MAX + 1);
    assert_int_equal(list(json, CK_ROLE_MAILBOX, "a.test", &records, &err), CK_ERR_UNREACHABLE);
    assert_error(&err, CK_ERR_UNREACHABLE, "too long");
    free(json);
}

static void test_domains(void **state)
{
    static const char json[] = "[{\"domain_name\":\"a.test\",\"tags\":[]},"
                               "{\"domain_name\":\"XN--Bcher-KVA.example\",\"active\":0}]";
    static const char *const bad[] = {"null",
                                      "[{}]",
                                      "[{\"domain_name\":\"\"}]",
                                      "[{\"domain_name\":\"a b\"}]",
                                      "[{\"domain_name\":\"b\\u00fccher.example\"}]",
                                      "[{\"domain_name\":\"a/../b\"}]",
                                      "[{\"domain_name\":\"a.test\"},{\"domain_name\":\"A.test\"}]",
                                      "[{\"domain_name\":\"a.test,b.test\"}]"};
    struct ck_domains domains = {0};
    struct ck_error err;
    char longest[CK_HOST_MAX + 1];

    (void)state;
    assert_int_equal(ck_domains_parse(json, strlen(json), &domains, &err), CK_OK);
    assert_int_equal(domains.count, 2);
    assert_string_equal(domains.names[0], "a.test");
    assert_string_equal(domains.names[1], "xn--bcher-kva.example");
    ck_domains_clear(&domains);
    assert_null(domains.names);
    assert_int_equal(ck_domains_parse("{}", 2, &domains, &err), CK_OK);
    assert_int_equal(domains.count, 0);
    ck_domains_clear(&domains);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (ck_domains_parse(bad[i], strlen(bad[i]), &domains, &err) != CK_ERR_UNREACHABLE)
            fail_msg("%s", bad[i]);
    }

    memset(longest, 'a', sizeof(longest));
    longest[CK_HOST_MAX - 1] = '\0';
    assert_true(ck_domain_is_valid(longest));
    longest[CK_HOST_MAX - 1] = 'a';
    longest[CK_HOST_MAX] = '\0';
    assert_false(ck_domain_is_valid(longest));
    assert_false(ck_domain_is_valid("A.test"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mailbox),
        cmocka_unit_test(test_long_name),
        cmocka_unit_test(test_forms_of_a_mailbox),
        cmocka_unit_test(test_authsources),
        cmocka_unit_test(test_admins),
        cmocka_unit_test(test_not_there),
        cmocka_unit_test(test_no_record),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_bad_lists),
        cmocka_unit_test(test_mailboxes_of_others),
        cmocka_unit_test(test_nameless),
        cmocka_unit_test(test_how_many_rows),
        cmocka_unit_test(test_domains),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
