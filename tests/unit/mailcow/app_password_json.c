#include "src/mailcow/app_password_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define OWNER "bob@example.test"
#define ROW(id, name, mailbox, imap, active)                                                       \
    "{\"id\":" id ",\"name\":\"" name "\",\"mailbox\":\"" mailbox                                  \
    "\",\"password\":\"{BLF-CRYPT}$2y$made-up\",\"created\":\"2026-11-23 15:11:32\","              \
    "\"modified\":null,\"imap_access\":" imap ",\"smtp_access\":1,\"dav_access\":0,"               \
    "\"eas_access\":0,\"pop3_access\":0,\"sieve_access\":\"1\",\"active\":" active "}"

static enum ck_err parse(const char *json, struct ck_app_passwords *list)
{
    struct ck_error err;

    return ck_app_passwords_parse(json, strlen(json), OWNER, list, &err);
}

static void test_list(void **state)
{
    struct ck_app_passwords list;

    (void)state;
    assert_int_equal(parse("[" ROW("2", "phone", OWNER, "1",
                                   "1") "," ROW("\"31\"", "x", "BOB@example.test", "0", "0") "]",
                           &list),
                     CK_OK);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.rows[0].id, 2);
    assert_string_equal(list.rows[0].label, "phone");
    assert_int_equal(list.rows[0].protocols,
                     CK_PROTOCOL_IMAP | CK_PROTOCOL_SMTP | CK_PROTOCOL_SIEVE);
    assert_true(list.rows[0].active);
    assert_string_equal(list.rows[0].created, "2026-11-23 15:11:32");
    assert_int_equal(list.rows[1].id, 31);
    assert_int_equal(list.rows[1].protocols, CK_PROTOCOL_SMTP | CK_PROTOCOL_SIEVE);
    assert_false(list.rows[1].active);
    ck_app_passwords_clear(&list);
}

static void test_none(void **state)
{
    struct ck_app_passwords list;

    (void)state;
    assert_int_equal(parse("{}", &list), CK_OK);
    assert_int_equal(list.count, 0);
    ck_app_passwords_clear(&list);
    assert_int_equal(parse("[]", &list), CK_OK);
    ck_app_passwords_clear(&list);
}

/* Each is one row, or one thing in it, away from being a list of ours. */
static void test_what_is_no_list_of_ours(void **state)
{
    static const char *const bad[] = {
        "",
        "null",
        "7",
        "{\"type\":\"error\",\"msg\":\"x\"}",
        "[7]",
        "[" ROW("2", "x", "alice@example.test", "1", "1") "]",
        "[" ROW("0", "x", OWNER, "1", "1") "]",
        "[" ROW("-1", "x", OWNER, "1", "1") "]",
        "[" ROW("\"2x\"", "x", OWNER, "1", "1") "]",
        "[" ROW("2", "x", OWNER, "2", "1") "]",
        "[" ROW("2", "x", OWNER, "true", "1") "]",
        "[" ROW("2", "x", OWNER, "1", "2") "]",
        "[" ROW("2", "x", OWNER, "1", "null") "]",
        "[" ROW("2", "x", OWNER, "1", "1") ","
                                           "{}"
                                           "]",
        "[" ROW("2", "x", OWNER, "1", "1"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct ck_app_passwords list = {.count = 4711};
        assert_int_equal(parse(bad[i], &list), CK_ERR_UNREACHABLE);
        assert_int_equal(list.count, 4711);
    }
}

static void test_names_are_as_they_were_given(void **state)
{
    static const struct {
        const char *shown, *meant;
    } names[] = {
        {"lap &amp;amp; top", "lap & top"},
        {"&amp;lt;b&amp;gt; &amp;quot;x&amp;quot; &amp;#039;y&amp;#039;", "<b> \\\"x\\\" 'y'"},
        {"&amp;amp;amp;", "&amp;"},
        {"&amp;", "&"},
        {"&", "&"},
        {"a&b;", "a&b;"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        struct ck_app_passwords list;
        char json[512], meant[64] = "";
        snprintf(json, sizeof(json), "[" ROW("2", "%s", OWNER, "1", "1") "]", names[i].shown);
        for (const char *c = names[i].meant; *c != '\0'; c++) {
            if (*c != '\\')
                strncat(meant, c, 1);
        }
        assert_int_equal(parse(json, &list), CK_OK);
        assert_string_equal(list.rows[0].label, meant);
        ck_app_passwords_clear(&list);
    }
}

static void test_stored_length(void **state)
{
    (void)state;
    assert_int_equal(ck_app_password_stored_length("laptop"), 6);
    assert_int_equal(ck_app_password_stored_length("\xc3\xbc\xf0\x9f\x93\xb1"), 2);
    assert_int_equal(ck_app_password_stored_length("&<>\"'"), 5 + 4 + 4 + 6 + 6);
}

static void test_body(void **state)
{
    struct ck_secret *password, *body;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_secret_new("Made-Up-1", 9, &password, &err), CK_OK);
    assert_int_equal(
        ck_app_password_make_body("lap & \"top\"", CK_PROTOCOL_DAV, password, &body, &err), CK_OK);
    assert_string_equal(ck_secret_bytes(body),
                        "{\"app_name\":\"lap & \\\"top\\\"\",\"app_passwd\":\"Made-Up-1\","
                        "\"app_passwd2\":\"Made-Up-1\",\"active\":\"1\","
                        "\"protocols\":[\"dav_access\"]}");
    ck_secret_free(&body);
    ck_secret_truncate(password, 0);
    assert_int_equal(ck_secret_append(&password, "\xff", 1, &err), CK_OK);
    assert_int_equal(ck_app_password_make_body("x", CK_PROTOCOL_ALL, password, &body, &err),
                     CK_ERR_USAGE);
    ck_secret_free(&password);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_what_is_no_list_of_ours),
        cmocka_unit_test(test_names_are_as_they_were_given),
        cmocka_unit_test(test_stored_length),
        cmocka_unit_test(test_body),
    };

    struct ck_error err;

    if (ck_secret_heap_init(&err) != CK_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
