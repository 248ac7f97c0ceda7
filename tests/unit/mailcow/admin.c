/* An admin with an API key: what the server's answers mean. */
#include "cowkey/mailcow/admin.h"

#include <string.h>

#include "bench.h"
#include "html_sample.h"

#define RECORD(force, password)                                                                    \
    "{\"username\":\"a@b.test\",\"active\":1,\"domain\":\"b.test\",\"authsource\":\"mailcow\","    \
    "\"attributes\":{\"force_tfa\":" force ",\"force_pw_update\":" password "}}"
#define MODIFIED "[{\"type\":\"success\",\"log\":[],\"msg\":[\"mailbox_modified\",\"a@b.test\"]}]"
#define REFUSED "[{\"type\":\"danger\",\"log\":[],\"msg\":\"password_complexity\"}]"
#define API_ERROR(message) "{\"type\":\"error\",\"msg\":\"" message "\"}"

static const struct ck_account mailbox = {.name = "a@b.test", .role = CK_ROLE_MAILBOX};
static const struct ck_account da1 = {.name = "da1", .role = CK_ROLE_DOMAIN_ADMIN};

static struct ck_admin *open_key(struct bench *bench, const struct scripted *script)
{
    struct ck_secret *key = secret_of("MADE0UP-KEY");
    struct ck_admin *admin = NULL;

    bench->server->script = script;
    assert_int_equal(
        ck_admin_open_key(&bench->settings, CK_DIALECT_SPLIT, key, &admin, &bench->err), CK_OK);
    ck_secret_free(&key);
    return admin;
}

static const struct request *request(const struct bench *bench, unsigned index)
{
    assert_true(index < bench->server->count);
    return &bench->server->requests[index];
}

static void test_manages_all(void **state)
{
    static const struct scripted script[] = {{0}};
    struct ck_admin *admin = open_key(*state, script);

    assert_null(ck_admin_account(admin));
    assert_true(ck_admin_manages(admin, CK_ROLE_MAILBOX));
    assert_true(ck_admin_manages(admin, CK_ROLE_DOMAIN_ADMIN));
    assert_true(ck_admin_manages(admin, CK_ROLE_ADMIN));
    ck_admin_close(&admin);
    assert_null(admin);
}

/* --- what turns an API key away --- */

static void expect_read(struct bench *bench, const struct scripted *script, enum ck_err code,
                        const char *part, const char *hint_part)
{
    struct ck_admin *admin = open_key(bench, script);
    struct ck_record record = {.force_tfa = 77};

    assert_int_equal(ck_admin_read(admin, &mailbox, &record, &bench->err), code);
    assert_error(&bench->err, code, part);
    if (strstr(bench->err.hint, hint_part) == NULL)
        fail_msg("%s", bench->err.hint);
    assert_int_equal(record.force_tfa, 77);
    ck_admin_close(&admin);
}

static void test_key_refused(void **state)
{
    static const struct scripted wrong[] = {
        {.status = 401, .body = API_ERROR("authentication failed")}};
    static const struct scripted address[] = {
        {.status = 401, .body = API_ERROR("api access denied for ip 192.0.2.7")}};
    static const struct scripted other[] = {{.status = 401, .body = API_ERROR("something else")}};

    expect_read(*state, wrong, CK_ERR_REFUSED, "refused the API key", "counts");
    expect_read(*state, address, CK_ERR_REFUSED, "from this address, which is 192.0.2.7", "counts");
    expect_read(*state, other, CK_ERR_REFUSED, "refused the API key", "counts");
}

/* What did not come from mailcow says nothing of the key. */
static void test_not_the_api(void **state)
{
    static const struct scripted proxy[] = {{.status = 403, .body = "<html>Forbidden</html>"}};
    static const struct scripted basic[] = {{.status = 401, .body = "<html>Log in</html>"}};
    static const struct scripted nothing[] = {{.status = 200, .body = ""}};
    static const struct scripted moved[] = {{.status = 302, .location = "/portal"}};
    static const struct scripted cut[] = {{0}, {0}};
    static const struct scripted page[] = {{.status = 200, .body = "<html>"}};

    expect_read(*state, proxy, CK_ERR_UNREACHABLE, "status 403", "proxy");
    expect_read(*state, basic, CK_ERR_UNREACHABLE, "status 401", "");
    expect_read(*state, nothing, CK_ERR_UNREACHABLE, "without regard to the API key", "X-API-Key");
    expect_read(*state, moved, CK_ERR_UNREACHABLE, "status 302", "proxy");
    expect_read(*state, cut, CK_ERR_UNREACHABLE, "", "");
    expect_read(*state, page, CK_ERR_UNREACHABLE, "JSON", "");
}

/* --- reads --- */

static void test_read(void **state)
{
    static const struct scripted script[] = {{.status = 200, .body = RECORD("\"1\"", "\"0\"")},
                                             {.status = 200, .body = "{}"}};
    struct bench *bench = *state;
    struct ck_admin *admin = open_key(bench, script);
    struct ck_record record;

    assert_int_equal(ck_admin_read(admin, &mailbox, &record, &bench->err), CK_OK);
    assert_int_equal(record.force_tfa, 1);
    assert_string_equal(request(bench, 0)->line, "GET /api/v1/get/mailbox/a%40b.test");
    assert_int_equal(ck_admin_read(admin, &da1, &record, &bench->err), CK_ERR_USAGE);
    assert_error(&bench->err, CK_ERR_USAGE, "no domain-admin 'da1'");
    assert_string_equal(request(bench, 1)->line, "GET /api/v1/get/domain-admin/da1");
    ck_admin_close(&admin);
}

static void test_lists(void **state)
{
    static const struct scripted script[] = {
        {.status = 200, .body = "[{\"username\":\"admin\",\"tfa_active\":1,\"active\":1}]"},
        {.status = 200, .body = "{}"},
        {.status = 200, .body = "{}"},
        {.status = 200, .body = "[{\"domain_name\":\"b.test\"}]"},
        {.status = 200, .body = "[" RECORD("0", "0") "]"},
        {.status = 200, .body = "[" RECORD("0", "0") "]"},
    };
    struct bench *bench = *state;
    struct ck_admin *admin = open_key(bench, script);
    struct ck_records records = {.count = 77};
    struct ck_domains domains = {0};

    assert_int_equal(ck_admin_list(admin, CK_ROLE_ADMIN, &records, &bench->err), CK_OK);
    assert_int_equal(records.count, 1);
    assert_string_equal(request(bench, 0)->line, "GET /api/v1/get/admin/all");
    ck_records_clear(&records);
    /* There may be no domain admins; there is no server without an admin. */
    assert_int_equal(ck_admin_list(admin, CK_ROLE_DOMAIN_ADMIN, &records, &bench->err), CK_OK);
    assert_int_equal(records.count, 0);
    ck_records_clear(&records);
    assert_int_equal(ck_admin_list(admin, CK_ROLE_ADMIN, &records, &bench->err),
                     CK_ERR_UNREACHABLE);
    assert_int_equal(ck_admin_list(admin, CK_ROLE_MAILBOX, &records, &bench->err), CK_ERR_USAGE);

    assert_int_equal(ck_admin_list_domains(admin, &domains, &bench->err), CK_OK);
    assert_int_equal(domains.count, 1);
    assert_int_equal(ck_admin_list_mailboxes(admin, domains.names[0], &records, &bench->err),
                     CK_OK);
    assert_int_equal(records.count, 1);
    assert_string_equal(request(bench, 4)->line, "GET /api/v1/get/mailbox/reduced/b.test");
    ck_records_clear(&records);
    ck_domains_clear(&domains);
    assert_int_equal(ck_admin_list_mailboxes(admin, "c.test", &records, &bench->err), CK_ERR_USAGE);
    assert_int_equal(ck_admin_list_mailboxes(admin, "b.test,c.test", &records, &bench->err),
                     CK_ERR_USAGE);
    assert_int_equal(bench->server->count, 6);
    assert_int_equal(records.count, 0);
    ck_admin_close(&admin);
}

/* --- a list that is not held --- */

struct visited {
    size_t count, stop_at; /* stop_at 0: never */
    char last[CK_ACCOUNT_NAME_MAX];
};

static enum ck_err visit(void *data, const struct ck_record *record, struct ck_error *err)
{
    struct visited *visited = data;

    strcpy(visited->last, record->account.name);
    assert_int_equal(record->force_tfa, 1);
    return ++visited->count == visited->stop_at ? ck_error_set(err, CK_ERR_UNKNOWN, "enough")
                                                : CK_OK;
}

static char *list_of(size_t count, const char *end)
{
    static const char row[] =
        "%s{\"username\":\"m%05zu@b.test\",\"active\":1,\"domain\":\"b.test\",\"filling\":\"%0*d\","
        "\"attributes\":{\"force_tfa\":1,\"force_pw_update\":0}}";
    enum { ROW_MAX = 1200, FILLING = 1000 };
    char *text = malloc(count * ROW_MAX + 64), *at = text;

    for (size_t i = 0; i < count; i++)
        at += sprintf(at, row, i == 0 ? "[" : ",", i, FILLING, 0);
    strcpy(at, end);
    return text;
}

static enum ck_err walk(struct bench *bench, const char *body, int status, struct visited *visited)
{
    const struct scripted script[] = {{.status = status, .body = body}};
    struct ck_admin *admin = open_key(bench, script);
    enum ck_err r = ck_admin_walk_mailboxes(admin, "b.test", visit, visited, &bench->err);

    ck_admin_close(&admin);
    return r;
}

static void test_a_list_larger_than_a_body(void **state)
{
    enum { MANY = 5000 };
    char *body = list_of(MANY, "]\n");
    struct bench *bench = *state;
    struct visited visited = {0};

    assert_true(strlen(body) > CK_HTTP_BODY_MAX);
    assert_int_equal(walk(bench, body, 200, &visited), CK_OK);
    assert_int_equal(visited.count, MANY);
    assert_string_equal(visited.last, "m04999@b.test");
    free(body);
    visited = (struct visited){.stop_at = 3};
    body = list_of(MANY, "]");
    assert_int_equal(walk(bench, body, 200, &visited), CK_ERR_UNKNOWN);
    assert_error(&bench->err, CK_ERR_UNKNOWN, "enough");
    assert_int_equal(visited.count, 3);
    /* What is no list can't be held either. */
    body[0] = '{';
    assert_int_equal(walk(bench, body, 200, &visited), CK_ERR_UNREACHABLE);
    assert_error(&bench->err, CK_ERR_UNREACHABLE, "too large");
    free(body);
}

static void expect_no_walk(struct bench *bench, const char *body, int status, enum ck_err code,
                           const char *part)
{
    struct visited visited = {0};

    assert_int_equal(walk(bench, body, status, &visited), code);
    assert_error(&bench->err, code, part);
}

#define OF_B                                                                                       \
    "{\"username\":\"a@b.test\",\"active\":1,\"domain\":\"b.test\",\"attributes\":{\"force_tfa\":" \
    "1}}"
#define OF_C                                                                                       \
    "{\"username\":\"a@c.test\",\"active\":1,\"domain\":\"c.test\",\"attributes\":{\"force_tfa\":" \
    "1}}"
static void test_lists_that_are_none(void **state)
{
    struct visited visited = {0};

    assert_int_equal(walk(*state, "{}", 200, &visited), CK_OK);
    assert_int_equal(walk(*state, " []", 200, &visited), CK_OK);
    assert_int_equal(visited.count, 0);
    assert_int_equal(walk(*state, "[{\"username\":null}," OF_B "]", 200, &visited), CK_OK);
    assert_int_equal(visited.count, 1);
    expect_no_walk(*state, "[" OF_B, 200, CK_ERR_UNREACHABLE, "not a valid JSON array");
    expect_no_walk(*state, "[" OF_B "]x", 200, CK_ERR_UNREACHABLE, "not a valid JSON array");
    expect_no_walk(*state, "[" OF_B ",{}]", 200, CK_ERR_UNREACHABLE, "names no account");
    expect_no_walk(*state, "[" OF_B "," OF_C "]", 200, CK_ERR_UNREACHABLE, "several domains");
    expect_no_walk(*state, "[" OF_C "]", 200, CK_ERR_USAGE, "no domain 'b.test'");
    expect_no_walk(*state, "", 200, CK_ERR_UNREACHABLE, "without regard to the API key");
    expect_no_walk(*state, API_ERROR("authentication failed"), 401, CK_ERR_REFUSED, "API key");
    /* Whatever its body says. */
    expect_no_walk(*state, "[" OF_B "]", 500, CK_ERR_UNREACHABLE, "500");
}

static void test_app_passwords(void **state)
{
    static const struct scripted script[] = {
        {.status = 200,
         .body = "[{\"mailbox\":\"a@b.test\",\"active\":1},"
                 "{\"mailbox\":\"a@b.test\",\"active\":0}]"},
        {.status = 200, .body = "{}"},
        {.status = 200, .body = "[{\"mailbox\":\"c@b.test\",\"active\":1}]"},
        {.status = 401, .body = API_ERROR("authentication failed")},
    };
    struct bench *bench = *state;
    struct ck_admin *admin = open_key(bench, script);
    int count = 77;

    assert_int_equal(ck_admin_count_app_passwords(admin, &da1, &count, &bench->err), CK_ERR_USAGE);
    assert_int_equal(ck_admin_count_app_passwords(admin, &mailbox, &count, &bench->err), CK_OK);
    assert_int_equal(count, 1);
    assert_string_equal(request(bench, 0)->line, "GET /api/v1/get/app-passwd/all/a%40b.test");
    assert_int_equal(ck_admin_count_app_passwords(admin, &mailbox, &count, &bench->err), CK_OK);
    assert_int_equal(count, 0);
    assert_int_equal(ck_admin_count_app_passwords(admin, &mailbox, &count, &bench->err), CK_OK);
    assert_int_equal(count, -1);
    assert_int_equal(ck_admin_count_app_passwords(admin, &mailbox, &count, &bench->err),
                     CK_ERR_REFUSED);
    assert_int_equal(count, -1);
    ck_admin_close(&admin);
}

/* --- edits --- */

static const struct ck_record now = {
    .account = {.name = "a@b.test", .role = CK_ROLE_MAILBOX}, .tfa_active = -1, .active = true};
static const struct ck_account_edit force = {.force_tfa = 1, .force_pw_update = -1};

static enum ck_err edit(struct bench *bench, const struct scripted *script,
                        const struct ck_record *before, const struct ck_account_edit *wish,
                        struct ck_record *ret_after)
{
    struct ck_admin *admin = open_key(bench, script);
    enum ck_err r = ck_admin_edit(admin, before, wish, ret_after, &bench->err);

    ck_admin_close(&admin);
    return r;
}

static void test_edit(void **state)
{
    static const struct scripted script[] = {{.status = 200, .body = MODIFIED},
                                             {.status = 200, .body = RECORD("\"1\"", "\"0\"")}};
    struct bench *bench = *state;
    struct ck_record after = {0};

    assert_int_equal(edit(bench, script, &now, &force, &after), CK_OK);
    assert_int_equal(after.force_tfa, 1);
    assert_string_equal(request(bench, 0)->line, "POST /api/v1/edit/mailbox");
    /* What is as it was has to be said, too: else the server clears it. */
    assert_string_equal(request(bench, 0)->body,
                        "{\"attr\":{\"force_tfa\":\"1\",\"force_pw_update\":\"0\"},"
                        "\"items\":[\"a@b.test\"]}");
    assert_string_equal(request(bench, 1)->line, "GET /api/v1/get/mailbox/a%40b.test");
}

static void test_success_is_no_evidence(void **state)
{
    static const struct scripted nothing[] = {{.status = 200, .body = MODIFIED},
                                              {.status = 200, .body = RECORD("\"0\"", "\"0\"")}};
    static const struct scripted old[] = {
        {.status = 200, .body = MODIFIED},
        {.status = 200,
         .body =
             "{\"username\":\"a@b.test\",\"active\":1,\"attributes\":{\"force_pw_update\":0}}"}};
    static const struct scripted too_much[] = {{.status = 200, .body = MODIFIED},
                                               {.status = 200, .body = RECORD("\"1\"", "\"1\"")}};
    static const struct scripted unread[] = {{.status = 200, .body = MODIFIED}, {.status = 502}};
    const struct ck_record before_2026 = {
        .account = mailbox, .tfa_active = -1, .force_tfa = -1, .active = true};
    struct bench *bench = *state;
    struct ck_record after = {.force_tfa = 77};

    assert_int_equal(edit(bench, nothing, &now, &force, &after), CK_ERR_UNCHANGED);
    assert_error(&bench->err, CK_ERR_UNCHANGED, "and did not");
    assert_int_equal(after.force_tfa, 0);

    assert_int_equal(edit(bench, old, &before_2026, &force, &after), CK_ERR_UNCHANGED);
    assert_non_null(strstr(bench->err.hint, "before 2026-03"));
    assert_int_equal(after.force_tfa, -1);

    after.force_tfa = 77;
    assert_int_equal(edit(bench, too_much, &now, &force, &after), CK_ERR_UNKNOWN);
    assert_error(&bench->err, CK_ERR_UNKNOWN, "not as it was asked");
    assert_int_equal(edit(bench, unread, &now, &force, &after), CK_ERR_UNKNOWN);
    assert_error(&bench->err, CK_ERR_UNKNOWN, "not known whether 'a@b.test'");
    assert_int_equal(after.force_tfa, 77);
}

static void test_edit_refused(void **state)
{
    static const struct scripted refused[] = {{.status = 200, .body = REFUSED},
                                              {.status = 200, .body = RECORD("\"0\"", "\"0\"")}};
    static const struct scripted unread[] = {{.status = 200, .body = REFUSED},
                                             {.status = 200, .body = "{}"}};
    static const struct scripted changed[] = {{.status = 200, .body = REFUSED},
                                              {.status = 200, .body = RECORD("\"1\"", "\"0\"")}};
    static const struct scripted read_only[] = {
        {.status = 403, .body = API_ERROR("API read\\/write access denied")}};
    struct bench *bench = *state;
    struct ck_record after = {.force_tfa = 77};

    assert_int_equal(edit(bench, unread, &now, &force, &after), CK_ERR_UNCHANGED);
    assert_int_equal(after.force_tfa, 77);
    assert_int_equal(edit(bench, refused, &now, &force, &after), CK_ERR_UNCHANGED);
    assert_non_null(strstr(bench->err.hint, "password_complexity"));
    assert_int_equal(after.force_tfa, 0);
    assert_int_equal(edit(bench, changed, &now, &force, &after), CK_ERR_UNKNOWN);
    assert_int_equal(edit(bench, read_only, &now, &force, &after), CK_ERR_REFUSED);
    assert_error(&bench->err, CK_ERR_REFUSED, "may only read");
}

static void test_edit_unknown(void **state)
{
    static const struct scripted scripts[][2] = {
        {{0}, {0}},
        {{.status = 502}, {0}},
        {{.status = 403, .body = "<html>"}, {0}},
        {{.status = 200, .body = ""}, {0}},
        {{.status = 200, .body = "<html>"}, {0}},
        {{.status = 200, .body = "{\"type\":\"success\",\"msg\":\"Task completed\"}"}, {0}},
        {{.status = 200, .body = "[]"}, {0}},
    };
    struct bench *bench = *state;
    struct ck_record after = {.force_tfa = 77};

    for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
        unsigned count = bench->server->count;
        assert_int_equal(edit(bench, scripts[i], &now, &force, &after), CK_ERR_UNKNOWN);
        assert_error(&bench->err, CK_ERR_UNKNOWN, "not known whether 'a@b.test' was changed");
        assert_int_equal(bench->server->count, count + 1); /* and never sent again */
    }
    assert_int_equal(after.force_tfa, 77);
}

static void test_passwords(void **state)
{
#define SHOWS(text)                                                                                \
    {                                                                                              \
        {.status = 200, .body = "[{\"type\":\"danger\",\"msg\":\"" text "\"}]"},                   \
        {                                                                                          \
            .status = 200, .body = RECORD("\"0\"", "\"0\"")                                        \
        }                                                                                          \
    }
    static const struct scripted whole[] = SHOWS("exception: hunter2 and two more words");
    static const struct scripted begun[] = SHOWS("exception: ('hunter2 and two...')");
    static const struct scripted long_one[] =
        SHOWS("0123456789012345678901234567890123456789012345678901234567890123456789"
              "0123456789012345678901234567890123456789012345678901234567890123456789");
    static const struct scripted plain[] = SHOWS("password_complexity");
#undef SHOWS
    const struct ck_record elsewhere = {
        .account = mailbox, .tfa_active = -1, .authsource = CK_AUTHSOURCE_KEYCLOAK};
    struct bench *bench = *state;
    struct ck_secret *password = secret_of("hunter2 and two more words");
    struct ck_account_edit wish = {-1, -1, password, false};
    struct ck_record after;

    assert_int_equal(edit(bench, whole, &now, &wish, &after), CK_ERR_UNCHANGED);
    assert_string_equal(bench->err.hint, "");
    assert_int_equal(edit(bench, begun, &now, &wish, &after), CK_ERR_UNCHANGED);
    assert_string_equal(bench->err.hint, "");
    assert_int_equal(edit(bench, long_one, &now, &wish, &after), CK_ERR_UNCHANGED);
    assert_string_equal(bench->err.hint, "");
    assert_int_equal(edit(bench, plain, &now, &wish, &after), CK_ERR_UNCHANGED);
    assert_non_null(strstr(bench->err.hint, "password_complexity"));

    /* The server would say that it set it. */
    unsigned count = bench->server->count;
    assert_int_equal(edit(bench, plain, &elsewhere, &wish, &after), CK_ERR_UNCHANGED);
    assert_error(&bench->err, CK_ERR_UNCHANGED, "keycloak");
    wish = (struct ck_account_edit){-1, -1, NULL, true};
    assert_int_equal(edit(bench, plain, &now, &wish, &after), CK_ERR_USAGE);
    assert_int_equal(bench->server->count, count);
    ck_secret_free(&password);
}

/* --- several at once --- */

static void test_set_flags(void **state)
{
    static const struct scripted script[] = {
        {.status = 200, .body = MODIFIED},
        {0},
        {.status = 401, .body = API_ERROR("authentication failed")}};
    const struct ck_record admin_record = {.account = {.name = "admin", .role = CK_ROLE_ADMIN}};
    const struct ck_record other = {.account = {.name = "c@b.test", .role = CK_ROLE_MAILBOX}};
    const struct ck_record *both[] = {&now, &other}, *mixed[] = {&now, &admin_record};
    const struct ck_record *many[CK_ADMIN_EDIT_MAX + 1];
    struct bench *bench = *state;
    struct ck_admin *admin = open_key(bench, script);
    struct ck_said said[2] = {0};

    assert_int_equal(ck_admin_set_flags(admin, both, 2, 1, 0, said, &bench->err), CK_OK);
    assert_true(said[0].done);
    assert_false(said[1].done || said[1].refused);
    assert_string_equal(request(bench, 0)->body,
                        "{\"attr\":{\"force_tfa\":\"1\",\"force_pw_update\":\"0\"},"
                        "\"items\":[\"a@b.test\",\"c@b.test\"]}");
    assert_int_equal(ck_admin_set_flags(admin, both, 2, 1, 0, said, &bench->err), CK_ERR_UNKNOWN);
    assert_int_equal(ck_admin_set_flags(admin, both, 2, 1, 0, said, &bench->err), CK_ERR_REFUSED);

    for (size_t i = 0; i <= CK_ADMIN_EDIT_MAX; i++)
        many[i] = &now;
    assert_int_equal(
        ck_admin_set_flags(admin, many, CK_ADMIN_EDIT_MAX + 1, 1, 0, said, &bench->err),
        CK_ERR_USAGE);
    assert_int_equal(ck_admin_set_flags(admin, many, 0, 1, 0, said, &bench->err), CK_ERR_USAGE);
    assert_int_equal(ck_admin_set_flags(admin, mixed, 2, 1, 0, said, &bench->err), CK_ERR_USAGE);
    assert_int_equal(bench->server->count, 3);
    ck_admin_close(&admin);
}

/* --- sign-on --- */

#define SIGN_ON                                                                                    \
    {                                                                                              \
        .status = 200, .body = "{\"token\":\"0A1245-4FB34C-C24946-6A9CB9-142398\"}"                \
    }
#define PAGE_OF(name) PAGE("domainadmin", HEAD_OF(name), FACTORS(ROW("231", "x")), "")

static enum ck_err sign_on(struct bench *bench, const struct scripted *script,
                           const struct ck_account *account, struct ck_session **ret_session)
{
    struct ck_admin *admin = open_key(bench, script);
    enum ck_err r = ck_admin_sign_on(admin, account, ret_session, &bench->err);

    ck_admin_close(&admin);
    return r;
}

static void test_sign_on(void **state)
{
    static const struct scripted script[] = {SIGN_ON,
                                             {.status = 302, .location = "/domainadmin/mailbox"},
                                             {.status = 200, .body = PAGE_OF("da1")},
                                             {.status = 302, .location = "/domainadmin"}};
    struct bench *bench = *state;
    struct ck_session *session = NULL;

    assert_int_equal(sign_on(bench, script, &da1, &session), CK_OK);
    assert_int_equal(ck_session_state(session), CK_SESSION_OPEN);
    assert_int_equal(ck_session_page(session)->factors_count, 1);
    assert_string_equal(request(bench, 0)->line, "POST /api/v1/add/sso/domain-admin");
    assert_string_equal(request(bench, 0)->body, "{\"username\":\"da1\"}");
    assert_string_equal(request(bench, 1)->line,
                        "GET /domainadmin/?sso_token=0A1245-4FB34C-C24946-6A9CB9-142398");
    /* The key and the session's cookie never meet. */
    assert_non_null(strcasestr(request(bench, 0)->head, "X-API-Key"));
    assert_null(strcasestr(request(bench, 1)->head, "X-API-Key"));
    assert_null(strcasestr(request(bench, 2)->head, "X-API-Key"));
    ck_session_close(&session);
    assert_string_equal(request(bench, 3)->body, "logout=1");
}

static void test_sign_on_as_somebody_else(void **state)
{
    static const struct scripted other[] = {SIGN_ON,
                                            {.status = 302, .location = "/domainadmin/mailbox"},
                                            {.status = 200, .body = PAGE_OF("da2")},
                                            {.status = 302, .location = "/domainadmin"}};
    static const struct scripted nobody[] = {SIGN_ON,
                                             {.status = 302, .location = "/domainadmin/mailbox"},
                                             {.status = 302, .location = "/"},
                                             {.status = 302, .location = "/"}};
    struct bench *bench = *state;
    struct ck_session *session = NULL;

    assert_int_equal(sign_on(bench, other, &da1, &session), CK_ERR_UNREACHABLE);
    assert_error(&bench->err, CK_ERR_UNREACHABLE, "'da2' instead of 'da1'");
    assert_string_equal(request(bench, 3)->body, "logout=1");
    assert_int_equal(sign_on(bench, nobody, &da1, &session), CK_ERR_UNREACHABLE);
    assert_string_equal(request(bench, 7)->body, "logout=1");
    assert_null(session);
}

static void test_no_sign_on(void **state)
{
    static const struct scripted none[] = {
        {.status = 200, .body = "[{\"type\":\"danger\",\"msg\":[\"object_doesnt_exist\",\"x\"]}]"}};
    static const struct scripted not_good[] = {
        SIGN_ON,
        {.status = 200, .body = PAGE("", "", "<form>a login form</form>", "")},
        {.status = 302, .location = "/"}};
    static const struct scripted bad_token[] = {
        {.status = 200, .body = "{\"token\":\"0A1245/../x\"}"}};
    static const struct scripted read_only[] = {
        {.status = 403, .body = API_ERROR("API read\\/write access denied")}};
    static const struct scripted cut[] = {{0}};
    struct bench *bench = *state;
    struct ck_session *session = NULL;

    assert_int_equal(sign_on(bench, none, &da1, &session), CK_ERR_UNCHANGED);
    assert_int_equal(sign_on(bench, not_good, &da1, &session), CK_ERR_UNCHANGED);
    assert_int_equal(sign_on(bench, bad_token, &da1, &session), CK_ERR_UNREACHABLE);
    assert_int_equal(sign_on(bench, read_only, &da1, &session), CK_ERR_REFUSED);
    assert_int_equal(sign_on(bench, cut, &da1, &session), CK_ERR_UNREACHABLE);
    unsigned count = bench->server->count;
    assert_int_equal(sign_on(bench, none, &mailbox, &session), CK_ERR_USAGE);
    assert_int_equal(bench->server->count, count);
    assert_null(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_manages_all),
        BENCH_TEST(test_key_refused),
        BENCH_TEST(test_not_the_api),
        BENCH_TEST(test_read),
        BENCH_TEST(test_lists),
        BENCH_TEST(test_a_list_larger_than_a_body),
        BENCH_TEST(test_lists_that_are_none),
        BENCH_TEST(test_app_passwords),
        BENCH_TEST(test_edit),
        BENCH_TEST(test_success_is_no_evidence),
        BENCH_TEST(test_edit_refused),
        BENCH_TEST(test_edit_unknown),
        BENCH_TEST(test_passwords),
        BENCH_TEST(test_set_flags),
        BENCH_TEST(test_sign_on),
        BENCH_TEST(test_sign_on_as_somebody_else),
        BENCH_TEST(test_no_sign_on),
    };

    no_proxy();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
