/* Bodies of edits, and the answers to them. */
#include <stdio.h>

#include "src/mailcow/admin_json.h"
#include "tests/unit/base/expect.h"

static const struct ck_record people[] = {
    {.account = {.name = "a@b.test", .role = CK_ROLE_MAILBOX}},
    {.account = {.name = "b@b.test", .role = CK_ROLE_MAILBOX}},
    {.account = {.name = "c@b.test", .role = CK_ROLE_MAILBOX}},
};
static const struct ck_record *const three[] = {&people[0], &people[1], &people[2]};

#define NAMES "[\"a@b.test\",\"b@b.test\",\"c@b.test\"]"
#define LOG(names) "\"log\":[\"mailbox\",\"edit\",\"mailbox\",{\"username\":" names "},null]"
#define DONE(name)                                                                                 \
    "{\"type\":\"success\"," LOG(NAMES) ",\"msg\":[\"mailbox_modified\",\"" name "\"]}"
#define NO(type, message) "{\"type\":\"" type "\"," LOG(NAMES) ",\"msg\":" message "}"
#define DENIED NO("danger", "\"access_denied\"")

/* --- bodies --- */

static void assert_body(const struct ck_account_edit *edit, size_t count, const char *json)
{
    struct ck_secret *body = NULL;
    struct ck_error err;

    assert_int_equal(ck_edit_make_body(three, count, edit, &body, &err), CK_OK);
    assert_secret(body, json);
    ck_secret_free(&body);
}

static void test_bodies(void **state)
{
    struct ck_secret *password = secret_of("p\"w \xc3\xbc");
    struct ck_account_edit edit = {.force_tfa = 1, .force_pw_update = 0};

    (void)state;
    assert_body(&edit, 3,
                "{\"attr\":{\"force_tfa\":\"1\",\"force_pw_update\":\"0\"},\"items\":" NAMES "}");
    edit.force_tfa = edit.force_pw_update = -1;
    assert_body(&edit, 1, "{\"attr\":{},\"items\":[\"a@b.test\"]}");
    edit.disable_tfa = true;
    edit.password = password;
    assert_body(&edit, 1,
                "{\"attr\":{\"disable_tfa\":\"1\",\"password\":\"p\\\"w \xc3\xbc\","
                "\"password2\":\"p\\\"w \xc3\xbc\"},\"items\":[\"a@b.test\"]}");
    ck_secret_free(&password);
}

static void test_password_that_is_no_text(void **state)
{
    struct ck_secret *password = secret_of("p\xff");
    struct ck_account_edit edit = {.password = password};
    struct ck_secret *body = UNTOUCHED;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_edit_make_body(three, 1, &edit, &body, &err), CK_ERR_USAGE);
    assert_ptr_equal(body, UNTOUCHED);
    ck_secret_free(&password);
}

/* --- answers --- */

/* What was said of each, as a letter: yes, no, or nothing ("-"). */
static const char *said(const char *json, size_t count, struct ck_said *ret_said)
{
    static char letters[8];
    struct ck_error err;

    memset(ret_said, 0x55, 3 * sizeof(*ret_said));
    if (ck_said_parse(json, strlen(json), three, count, ret_said, &err) != CK_OK) {
        assert_error(&err, CK_ERR_UNKNOWN, "");
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        assert_false(ret_said[i].done && ret_said[i].refused);
        assert_true(ret_said[i].refused || ret_said[i].message[0] == '\0');
        letters[i] = ret_said[i].done ? 'y' : ret_said[i].refused ? 'n' : '-';
    }
    letters[count] = '\0';
    return letters;
}

static void test_all_said(void **state)
{
    struct ck_said answers[3];

    (void)state;
    assert_string_equal(
        said("[" DONE("a@b.test") "," DONE("b@b.test") "," DONE("c@b.test") "]", 3, answers),
        "yyy");
    assert_string_equal(said("[" DONE("a@b.test") "," DENIED "," DONE("c@b.test") "]", 3, answers),
                        "yny");
    assert_string_equal(answers[1].message, "access_denied");
    assert_string_equal(said("[" DENIED "," DONE("b@b.test") "," NO(
                                 "danger", "[\"mailbox_quota_exceeded\",20]") "]",
                             3, answers),
                        "nyn");
    assert_string_equal(answers[0].message, "access_denied");
    assert_string_equal(answers[2].message, "mailbox_quota_exceeded");
    assert_string_equal(said("[" DENIED "," DENIED "," DENIED "]", 3, answers), "nnn");
    assert_string_equal(
        said("[" DONE("a@b.test") "," NO("danger", "[\"username_invalid\","
                                                   "\"b@b.test\"]") "," DONE("c@b.test") "]",
             3, answers),
        "yny");
    assert_string_equal(answers[1].message, "username_invalid");
}

/* What does not say whose it is must not be taken for somebody's. */
static void test_not_all_said(void **state)
{
    struct ck_said answers[3];

    (void)state;
    assert_string_equal(said("[]", 3, answers), "---");
    assert_string_equal(said("[" DONE("b@b.test") "]", 3, answers), "-y-");
    assert_string_equal(said("[" DENIED "," DONE("c@b.test") "]", 3, answers), "--y");
    assert_string_equal(said("[" DONE("a@b.test") "," DENIED "]", 3, answers), "y--");
    assert_string_equal(said("[" DENIED "]", 3, answers), "---");
    assert_string_equal(said("[" DONE("d@b.test") "]", 3, answers), "---");
    assert_string_equal(said("[" NO("info", "[\"x\",\"a@b.test\"]") "]", 3, answers), "---");
    assert_string_equal(said("[{\"type\":\"success\",\"msg\":\"mailbox_modified\"}]", 3, answers),
                        "---");
    assert_string_equal(said("{\"type\":\"success\",\"msg\":\"Task completed\"}", 3, answers),
                        "---");
    assert_string_equal(said("{\"type\":\"error\",\"msg\":\"Cannot edit item\"}", 3, answers),
                        "---");
    assert_string_equal(
        said("[7,null,\"x\",{\"msg\":[]},{\"type\":\"danger\",\"log\":7}]", 3, answers), "---");
}

static void test_one_alone(void **state)
{
    struct ck_said answers[3];

    (void)state;
    assert_string_equal(said("{\"type\":\"error\",\"msg\":\"Cannot edit item\"}", 1, answers), "n");
    assert_string_equal(answers[0].message, "Cannot edit item");
    assert_string_equal(said("{\"type\":\"success\",\"msg\":\"Task completed\"}", 1, answers), "-");
    assert_string_equal(said("[{\"type\":\"danger\",\"msg\":\"password_complexity\"}]", 1, answers),
                        "n");
    assert_string_equal(
        said("[{\"type\":\"success\",\"msg\":[\"admin_modified\",\"a@b.test\"]}]", 1, answers),
        "y");
}

/* A session's answers begin with what it said before. */
static void test_earlier_answers(void **state)
{
#define ONE(type, message) "{\"type\":\"" type "\"," LOG("[\"a@b.test\"]") ",\"msg\":" message "}"
#define ONE_DONE ONE("success", "[\"mailbox_modified\",\"a@b.test\"]")
#define ONE_DENIED ONE("danger", "\"access_denied\"")
    struct ck_said answers[3];

    (void)state;
    /* Of other requests: for one of the accounts, in another order, and of something else. */
    assert_string_equal(said("[" ONE_DENIED "," ONE_DONE "," DONE("b@b.test") "]", 3, answers),
                        "-y-");
    assert_string_equal(said("[" DONE("a@b.test") "," DENIED "," ONE_DONE "]", 1, answers), "y");
    assert_string_equal(said("[{\"type\":\"success\",\"msg\":[\"logged_in_as\",\"admin\"]}," DENIED
                             "," DONE("b@b.test") "," DENIED "]",
                             3, answers),
                        "nyn");
    /* Of the same accounts: the last counts. */
    assert_string_equal(said("[" ONE_DONE "," ONE_DENIED "]", 1, answers), "n");
    assert_string_equal(said("[" ONE_DENIED "," ONE_DONE "]", 1, answers), "y");
    assert_string_equal(said("[" ONE_DENIED "," ONE_DONE "," ONE_DENIED "]", 1, answers), "n");
    assert_string_equal(said("[" DONE("a@b.test") "," DONE("b@b.test") "," DONE(
                                 "c@b.test") "," DENIED "," DONE("b@b.test") "," DENIED "]",
                             3, answers),
                        "nyn");
    assert_string_equal(said("[" DENIED "," DENIED "," DENIED
                             "," DONE("a@b.test") "," DENIED "," DONE("c@b.test") "]",
                             3, answers),
                        "yny");
#undef ONE
#undef ONE_DONE
#undef ONE_DENIED
}

static void test_no_answer(void **state)
{
    static const char *const bad[] = {"", "{}", "null", "7", "<html>", "[", "{\"type\":7}"};
    struct ck_said answers[3];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_null(said(bad[i], 3, answers));
}

/* Cut between characters. */
static void test_long_message(void **state)
{
    struct ck_said answers[3];
    char json[512] = "[{\"type\":\"danger\",\"msg\":\"a";

    (void)state;
    for (int i = 0; i < 80; i++)
        strcat(json, "\xc3\xbc");
    strcat(json, "\"}]");
    assert_string_equal(said(json, 1, answers), "n");
    assert_int_equal(strlen(answers[0].message), sizeof(answers[0].message) - 1);
    assert_memory_equal(answers[0].message + 125, "\xc3\xbc", 3);
}

static void test_errors_of_the_api(void **state)
{
    static const char json[] = "{\"type\":\"error\",\"msg\":\"authentication failed\"}";
    static const char *const others[] = {"", "<html>", "{}", "{\"type\":\"danger\",\"msg\":\"x\"}",
                                         "[{\"type\":\"error\",\"msg\":\"x\"}]"};
    char message[16];

    (void)state;
    assert_true(ck_api_error_parse(json, strlen(json), message, sizeof(message)));
    assert_string_equal(message, "authentication ");
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        assert_false(ck_api_error_parse(others[i], strlen(others[i]), message, sizeof(message)));
}

/* --- sign-on --- */

static void test_tokens(void **state)
{
    static const char json[] = "{\"token\":\"0A1245-4FB34C-C24946-6A9CB9-142398\"}";
    static const char refusal[] =
        "[{\"type\":\"danger\",\"log\":[],\"msg\":[\"object_doesnt_exist\",\"x\"]}]";
    static const char *const bad[] = {
        "",
        "{}",
        "{\"token\":7}",
        "{\"token\":\"\"}",
        "{\"token\":\"0A1245\"}",
        "{\"token\":\"0A1245-4FB34C-C24946-6A9CB9-14239\"}",
        "{\"token\":\"0A1245-4FB34C-C24946-6A9CB9-1423988\"}",
        "{\"token\":\"0A1245-4FB34C-C24946-6A9CB9-14239G\"}",
        "{\"token\":\"0A1245-4FB34C-C24946-6A9CB9-142398-142398\"}",
        "{\"token\":\"0A12454FB34C-C24946-6A9CB9-142398-14239\"}",
        "{\"token\":\"0A1245-4FB34C-C24946-6A9CB9-14&a=b\"}",
        "{\"token\":\"0A1245-4FB34C-C24946-6A9CB9-1423 8\"}",
        "{\"token\":\"------------------------------------\"}",
    };
    struct ck_secret *token = NULL;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_sign_on_token_parse(json, strlen(json), &token, &err), CK_OK);
    assert_secret(token, "0A1245-4FB34C-C24946-6A9CB9-142398");
    ck_secret_free(&token);
    assert_int_equal(ck_sign_on_token_parse(refusal, strlen(refusal), &token, &err),
                     CK_ERR_UNCHANGED);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (ck_sign_on_token_parse(bad[i], strlen(bad[i]), &token, &err) != CK_ERR_UNREACHABLE)
            fail_msg("%s", bad[i]);
    }
    assert_null(token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_password_that_is_no_text),
        cmocka_unit_test(test_all_said),
        cmocka_unit_test(test_not_all_said),
        cmocka_unit_test(test_one_alone),
        cmocka_unit_test(test_earlier_answers),
        cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_long_message),
        cmocka_unit_test(test_errors_of_the_api),
        cmocka_unit_test(test_tokens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
