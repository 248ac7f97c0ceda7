#include "cowkey/rollout/plan.h"

#include "complaints.h"
#include "cowkey/base/cleanup.h"

#define HEAD "account,role,method,label,route,password_ref,group\n"

static struct ck_plan parse(const char *text, struct ck_complaints *complaints)
{
    struct ck_plan plan = {0};
    struct ck_error err;

    if (ck_plan_parse(text, strlen(text), &plan, complaints, &err) != CK_OK)
        fail_msg("refused: %s", err.text);
    return plan;
}

static struct ck_plan parse_good(const char *text)
{
    CK_CLEANUP(ck_complaints_clear) struct ck_complaints complaints = {0};
    struct ck_plan plan = parse(text, &complaints);

    assert_none(&complaints);
    return plan;
}

/* One bad row in line 2 behind the head; or in line 1, of JSON. */
static void expect_bad(const char *row, const char *part)
{
    CK_CLEANUP(ck_complaints_clear) struct ck_complaints complaints = {0};
    char text[1024];
    bool is_json = *row == '{';

    snprintf(text, sizeof(text), "%s%s\n", is_json ? "" : HEAD, row);
    CK_CLEANUP(ck_plan_clear) struct ck_plan plan = parse(text, &complaints);
    assert_int_equal(plan.count, 0);
    assert_complaint(&complaints, 0, is_json ? 1 : 2, part);
    assert_int_equal(complaints.count, 1);
}

static void expect_refused(const char *text, size_t size, const char *part)
{
    CK_CLEANUP(ck_complaints_clear) struct ck_complaints complaints = {0};
    struct ck_plan plan = {.count = 77};
    struct ck_error err = {0};

    assert_int_equal(ck_plan_parse(text, size, &plan, &complaints, &err), CK_ERR_USAGE);
    assert_int_equal(plan.count, 77);
    assert_error(&err, CK_ERR_USAGE, part);
}

static void assert_items(const struct ck_plan *plan, const size_t lines[2])
{
    assert_int_equal(plan->count, 2);
    const struct ck_plan_item items[] = {ck_plan_item(plan, 0), ck_plan_item(plan, 1)};
    assert_int_equal(items[0].line, lines[0]);
    assert_string_equal(items[0].account.name, "alice@example.test");
    assert_int_equal(items[0].account.role, CK_ROLE_MAILBOX);
    assert_int_equal(items[0].method, CK_ROLLOUT_WEBAUTHN);
    assert_int_equal(items[0].route, CK_ROUTE_PASSWORD);
    assert_int_equal(items[0].password_kind, CK_PASSWORD_FILE);
    assert_string_equal(items[0].password_name, "pw/alice");
    assert_string_equal(items[0].label, "=1+1, \"x\"");
    assert_string_equal(items[0].group, "staff");
    assert_true(ck_plan_item_takes_key(&items[0]));
    assert_int_equal(items[1].line, lines[1]);
    assert_int_equal(items[1].account.role, CK_ROLE_ADMIN);
    assert_int_equal(items[1].method, CK_ROLLOUT_TOTP);
    assert_int_equal(items[1].route, CK_ROUTE_RESET_PASSWORD);
    assert_int_equal(items[1].password_kind, CK_PASSWORD_NONE);
    assert_null(items[1].password_name);
    assert_null(items[1].label);
    assert_string_equal(items[1].group, "default");
    assert_false(ck_plan_item_takes_key(&items[1]));
}

static void test_csv(void **state)
{
    static const size_t lines[] = {2, 4};
    CK_CLEANUP(ck_plan_clear)
    struct ck_plan plan = parse_good(HEAD " Alice@Example.TEST ,,webauthn,\"=1+1, \"\"x\"\"\","
                                          "password,file:pw/alice,staff\n"
                                          ",,,,,,\n"
                                          "admin,,totp,,reset-password,,\n");
    (void)state;
    assert_items(&plan, lines);
    CK_CLEANUP(ck_plan_clear)
    struct ck_plan other = parse_good(
        "\xef\xbb\xbfgroup,route,password_ref,label,method,account\r\n\r\n"
        "staff,password,file:pw/alice,\"=1+1, \"\"x\"\"\",webauthn,alice@example.test\r\n"
        ",reset-password,,,totp,admin");
    static const size_t other_lines[] = {3, 4};
    assert_items(&other, other_lines);
}

static void test_json_lines(void **state)
{
    static const size_t lines[] = {2, 3};
    CK_CLEANUP(ck_plan_clear)
    struct ck_plan plan = parse_good(
        "\n{\"account\":\" alice@example.test \",\"method\":\"webauthn\",\"label\":\"=1+1, "
        "\\\"x\\\"\","
        "\"route\":\"password\",\"password_ref\":\"file:pw/alice\",\"group\":\"staff\"}\r\n"
        "{\"route\":\"reset-password\",\"account\":\"admin\",\"role\":null,\"method\":\"totp\"}"
        "\n\n");
    (void)state;
    assert_items(&plan, lines);
}

static void test_bad_rows(void **state)
{
    (void)state;
    expect_bad("a@b.test,,totp,,password,", "6 cells, and the line of headers 7");
    expect_bad(",,totp,,password,secret:a,", "name is empty");
    expect_bad("da1,,totp,,password,secret:a,", "role of the account da1");
    expect_bad("da1,boss,totp,,password,secret:a,", "the role is none of");
    expect_bad("da1,mailbox,totp,,password,secret:a,", "don't fit");
    expect_bad("a@b.test,domain-admin,totp,,password,secret:a,", "don't fit");
    expect_bad("a@b.test,,TOTP,,password,secret:a,", "the method is none of");
    expect_bad("a@b.test,,totp,,log-in,secret:a,", "the route is none of");
    expect_bad("a@b.test,,passkey,,sign-on,,", "domain admins only");
    expect_bad("admin,,passkey,,log-in-as,,", "nobody can log in as an admin");
    expect_bad("da1,domain-admin,totp,,sign-on,,", "needs a password_ref");
    expect_bad("da1,domain-admin,passkey,,sign-on,secret:a,", "no password_ref");
    expect_bad("a@b.test,,passkey,,password,,", "needs a password_ref");
    expect_bad("a@b.test,,totp,,password,secret:,", "names nothing");
    expect_bad("a@b.test,,totp,,password,Secret:a,", "never stand in a plan");
    expect_bad("a@b.test,,totp,,password,file:/x,", "outside");
    expect_bad("a@b.test,,totp,,password,file:..,", "out of");
    expect_bad("a@b.test,,totp,,password,file:x/..,", "out of");
    expect_bad("a@b.test,,totp,,password,command:x,", "runs none");
    expect_bad("a@b.test,,totp,a\x1b,password,secret:a,", "the label holds control");
    expect_bad("a@b.test,,totp,\xc0\x80,password,secret:a,", "the label is not text");
    expect_bad("a@b.test,,totp,{x},password,secret:a,", "the label has a brace");
    expect_bad("a@b.test,,totp,,password,secret:a,a b", "the group");
    expect_bad("{\"account\":1}", "the account is no text");
    expect_bad("{\"acount\":\"a\"}", "unknown member 'acount'");
    expect_bad("{\"account\":\"a\\u0000\"}", "not valid");
    expect_bad("{\"account\":\"a\\n\"}", "control characters");
    expect_bad("{\"a", "JSON");
}

static void test_dots_in_paths(void **state)
{
    CK_CLEANUP(ck_plan_clear)
    struct ck_plan plan = parse_good(HEAD "a@b.test,,totp,,password,file:./..a/b..,\n");
    (void)state;
    assert_string_equal(ck_plan_item(&plan, 0).password_name, "./..a/b..");
}

static void test_good_rows_beside_bad_ones(void **state)
{
    CK_CLEANUP(ck_complaints_clear) struct ck_complaints complaints = {0};
    CK_CLEANUP(ck_plan_clear)
    struct ck_plan plan = parse(HEAD "x\n"
                                     "a@b.test,,totp,,password,secret:a,\n"
                                     "a@b.test,,totp,\"open,password,secret:a,\n"
                                     "b@b.test,,totp,,password,secret:a,\n",
                                &complaints);
    (void)state;
    assert_int_equal(plan.count, 2);
    assert_int_equal(ck_plan_item(&plan, 1).line, 5);
    assert_int_equal(complaints.count, 2);
    assert_complaint(&complaints, 0, 2, "1 cells");
    assert_complaint(&complaints, 1, 4, "never closed");
}

static void test_files_that_are_none(void **state)
{
    (void)state;
    expect_refused("", 0, "empty");
    expect_refused("\n\n", 2, "empty");
    expect_refused(HEAD, strlen(HEAD), "no rows");
    expect_refused("account,method\nx,y\n", 19, "lacks the column 'route'");
    expect_refused("account,method,route,x\n", 23, "unknown column 'x'");
    expect_refused("account,method,route,account\n", 29, "two columns 'account'");
    expect_refused("account,method,route,\n", 22, "unknown column");
    expect_refused("account,\xff\n", 10, "UTF-8");
    expect_refused("\"account\n", 9, "never closed");
    expect_refused("\0\0", 2, "control");
}

static void test_bounds(void **state)
{
    static const char row[] = "a@b.test,,totp,,password,secret:a,\n";
    size_t size = strlen(HEAD) + (CK_PLAN_ROWS_MAX + 1) * strlen(row);
    CK_CLEANUP(ck_free_p) char *text = malloc(CK_PLAN_FILE_MAX + 1);

    (void)state;
    assert_true(size < CK_PLAN_FILE_MAX);
    strcpy(text, HEAD);
    for (size_t i = 0; i <= CK_PLAN_ROWS_MAX; i++)
        memcpy(text + strlen(HEAD) + i * strlen(row), row, strlen(row));
    expect_refused(text, size, "more than 100000 rows");
    CK_CLEANUP(ck_complaints_clear) struct ck_complaints complaints = {0};
    CK_CLEANUP(ck_plan_clear) struct ck_plan plan = {0};
    struct ck_error err;
    assert_int_equal(ck_plan_parse(text, size - strlen(row), &plan, &complaints, &err), CK_OK);
    assert_int_equal(plan.count, CK_PLAN_ROWS_MAX);
    memset(text, '\n', CK_PLAN_FILE_MAX + 1);
    expect_refused(text, CK_PLAN_FILE_MAX + 1, "more than 16777216 bytes");
    expect_refused(text, CK_PLAN_FILE_MAX, "empty");
}

/* More than a block of rows and one of texts; what many rows share, and what only some do. */
static void test_many_rows(void **state)
{
    enum { ROWS = 20000 };
    size_t room = strlen(HEAD) + ROWS * 80, used = 0;
    CK_CLEANUP(ck_free_p) char *text = malloc(room);
    CK_CLEANUP(ck_plan_clear) struct ck_plan plan = {0};

    (void)state;
    used += (size_t)snprintf(text, room, HEAD);
    for (size_t i = 0; i < ROWS; i++)
        used += (size_t)snprintf(text + used, room - used,
                                 "m%zu@b.test,,totp,label %zu,password,secret:s%zu,group%zu\n",
                                 i / 2, i % 3, i / 2, i % 700);
    plan = parse_good(text);
    assert_int_equal(plan.count, ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        const struct ck_plan_item item = ck_plan_item(&plan, i);
        char wanted[64];
        assert_int_equal(item.line, i + 2);
        snprintf(wanted, sizeof(wanted), "m%zu@b.test", i / 2);
        assert_string_equal(item.account.name, wanted);
        snprintf(wanted, sizeof(wanted), "label %zu", i % 3);
        assert_string_equal(item.label, wanted);
        snprintf(wanted, sizeof(wanted), "s%zu", i / 2);
        assert_string_equal(item.password_name, wanted);
        snprintf(wanted, sizeof(wanted), "group%zu", i % 700);
        assert_string_equal(item.group, wanted);
        assert_null(item.display_name);
    }
}

/* JSON lines of any length, and those behind them. */
static void test_long_lines_of_json(void **state)
{
    enum { LONG = 200 * 1000 };
    static const char row[] = "{\"account\":\"a@b.test\",\"method\":\"totp\",\"route\":"
                              "\"password\",\"password_ref\":\"secret:a\"}\n";
    CK_CLEANUP(ck_complaints_clear) struct ck_complaints complaints = {0};
    CK_CLEANUP(ck_free_p) char *text = malloc(LONG + 2 * sizeof(row));

    (void)state;
    strcpy(text, row);
    memset(text + strlen(row), '{', LONG);
    strcpy(text + strlen(row) + LONG, "\n");
    strcat(text + LONG, row);
    CK_CLEANUP(ck_plan_clear) struct ck_plan plan = parse(text, &complaints);
    assert_int_equal(plan.count, 2);
    assert_int_equal(ck_plan_item(&plan, 1).line, 3);
    assert_int_equal(complaints.count, 1);
    assert_complaint(&complaints, 0, 2, "more than 16384 bytes");
}

static enum ck_err break_off(void *data, char *to, size_t room, size_t *ret_size,
                             struct ck_error *err)
{
    int *calls = data;

    if ((*calls)++ > 0)
        return ck_error_set(err, CK_ERR_INTERRUPTED, "interrupted");
    *ret_size = (size_t)snprintf(to, room, HEAD "a@b.test,,totp,,password,secret:a,\n");
    return CK_OK;
}

static void test_a_source_that_breaks_off(void **state)
{
    int calls = 0;
    const struct ck_text_source source = {.data = &calls, .read = break_off};
    CK_CLEANUP(ck_complaints_clear) struct ck_complaints complaints = {0};
    struct ck_plan plan = {.count = 77};
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_plan_read(&source, &plan, &complaints, &err), CK_ERR_INTERRUPTED);
    assert_error(&err, CK_ERR_INTERRUPTED, "interrupted");
    assert_int_equal(plan.count, 77);
}

static void test_complaints_have_a_bound(void **state)
{
    CK_CLEANUP(ck_complaints_clear) struct ck_complaints complaints = {0};
    struct ck_error err;

    (void)state;
    for (size_t i = 0; i < CK_COMPLAINTS_MAX + 7; i++)
        assert_int_equal(ck_complaints_add(&complaints, 9999 - i, &err, "x %zu", i), CK_OK);
    assert_int_equal(complaints.count, CK_COMPLAINTS_MAX);
    assert_int_equal(complaints.more, 7);
    assert_int_equal(ck_complaints_total(&complaints), CK_COMPLAINTS_MAX + 7);
    ck_complaints_sort(&complaints);
    assert_complaint(&complaints, 0, 9999 - CK_COMPLAINTS_MAX + 1, "x 999");
    assert_complaint(&complaints, CK_COMPLAINTS_MAX - 1, 9999, "x 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_json_lines),
        cmocka_unit_test(test_bad_rows),
        cmocka_unit_test(test_dots_in_paths),
        cmocka_unit_test(test_good_rows_beside_bad_ones),
        cmocka_unit_test(test_files_that_are_none),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_long_lines_of_json),
        cmocka_unit_test(test_a_source_that_breaks_off),
        cmocka_unit_test(test_complaints_have_a_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
