#include "src/mailcow/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define DONE "{\"type\":\"success\",\"log\":[],\"msg\":[\"mailbox_modified\",\"a@b.test\"]}"
#define NEWS "{\"type\":\"success\",\"msg\":[\"logged_in_as\",\"a@b.test\"]}"
#define WEAK                                                                                       \
    "{\"type\":\"danger\",\"log\":[\"password_check\",null],\"msg\":\"password_complexity\"}"

static void expect_edit(const char *json, enum ck_err outcome, const char *message)
{
    char said[CK_ANSWER_MESSAGE_MAX] = "untouched";
    struct ck_error err = {0};

    assert_int_equal(ck_answer_read_edit(json, strlen(json), "mailbox_modified", said, &err),
                     outcome);
    assert_int_equal(err.code, outcome);
    if (message)
        assert_string_equal(said, message);
}

static void test_edit_that_was_made(void **state)
{
    (void)state;
    expect_edit("[" DONE "]", CK_OK, "");
    expect_edit("[" NEWS "," DONE "]", CK_OK, "");
    expect_edit("[" WEAK "," DONE "]", CK_OK, NULL); /* an earlier try's, not shown before */
    expect_edit("[{\"type\":\"success\",\"msg\":\"mailbox_modified\"}]", CK_OK, "");
}

static void test_edit_that_was_refused(void **state)
{
    (void)state;
    expect_edit("[" WEAK "]", CK_ERR_UNCHANGED, "password_complexity");
    expect_edit("[" NEWS "," WEAK "]", CK_ERR_UNCHANGED, "password_complexity");
    expect_edit("[{\"type\":\"danger\",\"msg\":[\"access_denied\",\"x\"]}]", CK_ERR_UNCHANGED,
                "access_denied");
    expect_edit("{\"type\":\"error\",\"msg\":\"Cannot find attributes in post data\"}",
                CK_ERR_UNCHANGED, "Cannot find attributes in post data");
    expect_edit("[{\"type\":\"danger\"}]", CK_ERR_UNCHANGED, "");
}

static void test_edit_that_is_not_clear(void **state)
{
    (void)state;
    expect_edit("", CK_ERR_UNKNOWN, "");
    expect_edit("{}", CK_ERR_UNKNOWN, "");
    expect_edit("[]", CK_ERR_UNKNOWN, "");
    expect_edit("null", CK_ERR_UNKNOWN, "");
    expect_edit("[null, 1, \"x\", []]", CK_ERR_UNKNOWN, "");
    expect_edit("[" NEWS "]", CK_ERR_UNKNOWN, "");
    expect_edit("[" DONE "," WEAK "]", CK_ERR_UNKNOWN, NULL);
    expect_edit("[" DONE, CK_ERR_UNKNOWN, "");
    expect_edit("[{\"type\":\"success\",\"msg\":[\"domain_admin_modified\",\"x\"]}]",
                CK_ERR_UNKNOWN, "");
    expect_edit("[{\"type\":[\"success\"],\"msg\":\"mailbox_modified\"}]", CK_ERR_UNKNOWN, "");
    expect_edit("{\"type\":\"success\",\"msg\":\"Task completed\"}", CK_ERR_UNKNOWN, "");
}

static void test_long_message_is_cut(void **state)
{
    char json[2 * CK_ANSWER_MESSAGE_MAX] = "[{\"type\":\"danger\",\"msg\":\"";
    char said[CK_ANSWER_MESSAGE_MAX];
    struct ck_error err;

    (void)state;
    memset(json + strlen(json), 'x', CK_ANSWER_MESSAGE_MAX);
    strcat(json, "\"}]");
    assert_int_equal(ck_answer_read_edit(json, strlen(json), "x", said, &err), CK_ERR_UNCHANGED);
    assert_int_equal(strlen(said), CK_ANSWER_MESSAGE_MAX - 1);
}

static int count(const char *json)
{
    return ck_answer_count_app_passwords(json, strlen(json), "a@b.test");
}

#define APP(active, mailbox) "{\"id\":2,\"mailbox\":\"" mailbox "\",\"active\":" active "}"

static void test_app_passwords_are_counted(void **state)
{
    (void)state;
    assert_int_equal(count("{}"), 0);
    assert_int_equal(count("[]"), 0);
    assert_int_equal(count("[" APP("1", "a@b.test") "]"), 1);
    assert_int_equal(count("[" APP("1", "a@b.test") "," APP("0", "a@b.test") "]"), 1);
    assert_int_equal(count("[" APP("\"1\"", "A@B.test") "," APP("true", "a@b.test") "]"), 2);
}

static void test_app_passwords_that_are_not_told(void **state)
{
    (void)state;
    assert_int_equal(count(""), -1);
    assert_int_equal(count("null"), -1);
    assert_int_equal(count("{\"type\":\"error\",\"msg\":\"x\"}"), -1);
    assert_int_equal(count("[1]"), -1);
    assert_int_equal(count("[{}]"), -1);
    assert_int_equal(count("[" APP("2", "a@b.test") "]"), -1);
    assert_int_equal(count("[" APP("null", "a@b.test") "]"), -1);
    assert_int_equal(count("[" APP("1", "a@b.test") "," APP("1", "c@b.test") "]"), -1);
    assert_int_equal(count("<html>"), -1);
}

static void expect_admin(const char *json, enum ck_err outcome, int force_tfa)
{
    struct ck_error err;
    int found = -7;

    assert_int_equal(ck_answer_read_admin(json, strlen(json), "admin", &found, &err), outcome);
    assert_int_equal(found, outcome == CK_OK ? force_tfa : -7);
}

static void test_own_record_of_an_admin(void **state)
{
    (void)state;
    expect_admin("{\"username\":\"admin\",\"attributes\":{\"force_tfa\":\"1\"}}", CK_OK, 1);
    expect_admin("{\"username\":\"admin\",\"attributes\":{\"force_tfa\":1}}", CK_OK, 1);
    expect_admin("{\"username\":\"admin\",\"attributes\":{\"force_tfa\":\"0\"}}", CK_OK, 0);
    expect_admin("{\"username\":\"admin\",\"attributes\":{}}", CK_OK, -1);
    expect_admin("{\"username\":\"admin\"}", CK_OK, -1);
    expect_admin("{\"username\":\"admin2\"}", CK_ERR_UNCHANGED, 0);
    expect_admin("{}", CK_ERR_UNCHANGED, 0);
    expect_admin("[]", CK_ERR_UNCHANGED, 0);
    expect_admin("", CK_ERR_UNCHANGED, 0);
}

static void expect_success(const char *json, enum ck_err outcome, const char *message)
{
    char said[CK_ANSWER_MESSAGE_MAX] = "untouched";
    struct ck_error err = {0};

    assert_int_equal(ck_answer_read_success(json, strlen(json), said, &err), outcome);
    if (outcome != CK_OK)
        assert_int_equal(err.code, outcome);
    assert_string_equal(said, message);
}

static void test_success(void **state)
{
    (void)state;
    expect_success("{\"success\":true}", CK_OK, "");
    expect_success(" {\"success\": true, \"more\": [1]}\n", CK_OK, "");
    expect_success("{\"success\":false,\"msg\":\"invalid origin\"}", CK_ERR_UNCHANGED,
                   "invalid origin");
    expect_success("{\"success\":false}", CK_ERR_UNCHANGED, "");
    expect_success("{\"success\":false,\"msg\":\"\\u001b[2J\\u00fc\"}", CK_ERR_UNCHANGED,
                   "\x1b[2J\xc3\xbc");
    expect_success("{\"type\":\"error\",\"msg\":\"Cannot find attributes in post data\"}",
                   CK_ERR_UNREACHABLE, "Cannot find attributes in post data");
    expect_success("{\"type\":\"error\"}", CK_ERR_UNREACHABLE, "");
}

static void test_success_that_is_not_clear(void **state)
{
    static const char *const answers[] = {
        "",
        "{}",
        "[]",
        "null",
        "true",
        "\"success\"",
        "[{\"success\":true}]",
        "{\"success\":\"true\"}",
        "{\"success\":1}",
        "{\"success\":null}",
        "{\"success\":[true]}",
        "{\"success\":null,\"type\":\"error\"}",
        "{\"success\":false,\"msg\":[\"a\"]}",
        "{\"success\":false,\"msg\":null}",
        "{\"success\":false,\"success\":true}",
        "{\"success\":true",
        "{\"success\":true}x",
        "{\"Success\":true}",
        "{\"type\":\"success\"}",
        "{\"type\":[\"error\"]}",
        "<html>{\"success\":true}</html>",
        "{\"success\":false,\"msg\":\"\\u0000\"}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
        expect_success(answers[i], CK_ERR_UNKNOWN, "");
}

static void test_long_message_is_cut_between_characters(void **state)
{
    char json[2 * CK_ANSWER_MESSAGE_MAX] = "{\"success\":false,\"msg\":\"x";
    char said[CK_ANSWER_MESSAGE_MAX];
    struct ck_error err;

    (void)state;
    for (int i = 0; i < 400; i++)
        strcat(json, "\xe2\x82\xac");
    strcat(json, "\"}");
    assert_int_equal(ck_answer_read_success(json, strlen(json), said, &err), CK_ERR_UNCHANGED);
    assert_int_equal(strlen(said), 1 + 340 * 3);
    assert_memory_equal(said + 1 + 339 * 3, "\xe2\x82\xac", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edit_that_was_made),
        cmocka_unit_test(test_edit_that_was_refused),
        cmocka_unit_test(test_edit_that_is_not_clear),
        cmocka_unit_test(test_long_message_is_cut),
        cmocka_unit_test(test_app_passwords_are_counted),
        cmocka_unit_test(test_app_passwords_that_are_not_told),
        cmocka_unit_test(test_own_record_of_an_admin),
        cmocka_unit_test(test_success),
        cmocka_unit_test(test_success_that_is_not_clear),
        cmocka_unit_test(test_long_message_is_cut_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
