#include "cowkey/mailcow/http.h"

#include <string.h>

#include "bench.h"

static struct ck_response get(struct bench *bench, const char *path)
{
    struct ck_response response = {0};

    if (ck_http_get(bench->http, path, &response, &bench->err) != CK_OK)
        fail_msg("%s: %s", path, bench->err.text);
    return response;
}

static enum ck_err try_get(struct bench *bench, const char *path)
{
    struct ck_response response = {.status = 77};
    enum ck_err r = ck_http_get(bench->http, path, &response, &bench->err);

    if (r == CK_OK)
        ck_response_clear(&response);
    else
        assert_int_equal(response.status, 77);
    return r;
}

static enum ck_err try_post(struct bench *bench, const char *path)
{
    struct ck_secret *form = NULL;
    struct ck_response response = {.status = 77};

    assert_int_equal(ck_form_add(&form, "a", "b", &bench->err), CK_OK);
    enum ck_err r = ck_http_post(bench->http, path, "application/x-www-form-urlencoded", form,
                                 &response, &bench->err);
    if (r == CK_OK)
        ck_response_clear(&response);
    else
        assert_int_equal(response.status, 77);
    ck_secret_free(&form);
    return r;
}

static void test_answer(void **state)
{
    struct bench *bench = *state;
    struct ck_response response = get(bench, "/");

    assert_int_equal(response.status, 200);
    assert_string_equal(response.body, "hello");
    assert_int_equal(response.size, 5);
    assert_string_equal(response.content_type, "text/html");
    assert_string_equal(response.location, "");
    assert_int_equal(response.server_time_s, 1700000000);
    assert_int_equal(response.clock_offset_s, 40);
    ck_response_clear(&response);
    assert_null(response.body);

    response = get(bench, "/json");
    assert_string_equal(response.content_type, "application/json");
    ck_response_clear(&response);

    response = get(bench, "/empty");
    assert_int_equal(response.size, 0);
    assert_string_equal(response.body, "");
    assert_string_equal(response.content_type, "");
    ck_response_clear(&response);
}

static void test_answer_without_a_date(void **state)
{
    struct ck_response response = get(*state, "/near");

    assert_int_equal(response.server_time_s, -1);
    assert_int_equal(response.clock_offset_s, 0);
    ck_response_clear(&response);
}

static void test_post(void **state)
{
    struct bench *bench = *state;
    const struct request *request = &bench->server->requests[0];

    assert_int_equal(try_post(bench, "/user"), CK_OK);
    assert_string_equal(request->line, "POST /user");
    assert_string_equal(request->body, "a=b");
    assert_non_null(strstr(request->head, "Content-Type: application/x-www-form-urlencoded\r\n"));
    assert_null(strstr(request->head, "Expect:"));
}

static void test_user_agent_is_constant(void **state)
{
    struct ck_response response = get(*state, "/agent");

    assert_memory_equal(response.body, "User-Agent: cowkey/", 19);
    ck_response_clear(&response);
}

/* One connection serves all clients, and each has its own cookies. */
static void test_jar_and_connection(void **state)
{
    struct bench *bench = *state;
    struct ck_response response = get(bench, "/cookie");

    ck_response_clear(&response);
    response = get(bench, "/cookies");
    assert_string_equal(response.body, "Cookie: MCSESSID=abc");
    ck_response_clear(&response);

    ck_http_free(&bench->http);
    bench->http = new_client(bench);
    response = get(bench, "/cookies");
    assert_string_equal(response.body, "");
    ck_response_clear(&response);
    assert_int_equal(bench->server->connections, 1);
}

/*
 * The server acts and closes without a word. On a connection that was used before curl would send
 * the request again by itself; a post must not be.
 */
static void test_post_is_sent_once(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(try_get(bench, "/"), CK_OK);
    assert_int_equal(try_post(bench, "/drop"), CK_ERR_UNKNOWN);
    assert_int_equal(server_count(bench->server, "POST /drop"), 1);
    assert_int_equal(bench->server->requests[1].connection, 1); /* it was reused, so it counts */

    assert_int_equal(try_post(bench, "/drop"), CK_ERR_UNKNOWN);
    assert_int_equal(server_count(bench->server, "POST /drop"), 2);
    assert_int_equal(try_post(bench, "/user"), CK_OK);
}

/* What the test above guards against does happen to a get. */
static void test_get_is_sent_again(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(try_get(bench, "/"), CK_OK);
    assert_int_equal(try_get(bench, "/drop"), CK_ERR_UNREACHABLE);
    assert_int_equal(server_count(bench->server, "GET /drop"), 2);
}

static void test_location_on_this_server(void **state)
{
    struct bench *bench = *state;
    struct ck_response response = get(bench, "/near");

    assert_int_equal(response.status, 302);
    assert_string_equal(response.location, "/SOGo/so/?a=b");
    ck_response_clear(&response);
    response = get(bench, "/beside");
    assert_string_equal(response.location, "/next");
    ck_response_clear(&response);
    response = get(bench, "/home");
    assert_string_equal(response.location, "/admin?x=1");
    ck_response_clear(&response);
    assert_int_equal(bench->server->count, 3); /* none was followed */
}

static void test_location_elsewhere(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(try_get(bench, "/away"), CK_ERR_UNREACHABLE);
    assert_non_null(strstr(bench->err.text, "http://portal.example"));
    assert_int_equal(try_get(bench, "/plain"), CK_ERR_UNREACHABLE);
    assert_int_equal(try_get(bench, "/port"), CK_ERR_UNREACHABLE);
    assert_int_equal(try_post(bench, "/away"), CK_ERR_UNKNOWN);
    assert_int_equal(bench->server->count, 4);
}

static void test_bounds(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(try_get(bench, "/big"), CK_ERR_UNREACHABLE);
    assert_non_null(strstr(bench->err.text, "too large"));
    assert_int_equal(try_get(bench, "/heads"), CK_ERR_UNREACHABLE);
    assert_non_null(strstr(bench->err.text, "too large"));
    assert_int_equal(try_post(bench, "/big"), CK_ERR_UNKNOWN);
    assert_int_equal(try_post(bench, "/heads"), CK_ERR_UNKNOWN);
}

/* curl calls that out of memory. */
static void test_header_line_without_end(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(try_get(bench, "/endless"), CK_ERR_UNREACHABLE);
    assert_error(&bench->err, CK_ERR_UNREACHABLE, "too large");
    assert_int_equal(try_post(bench, "/endless"), CK_ERR_UNKNOWN);
    assert_error(&bench->err, CK_ERR_UNKNOWN, "too large");
}

/* What is wrong with a proxy's address is said without the address, which may hold a password. */
static void test_proxy_that_is_none(void **state)
{
    static const char *const proxies[] = {
        "gopher://user:hunter2@127.0.0.1:1", "http://user:hunter2@127.0.0.1:x",
        "http://user:hunter2@a b",           "//user:hunter2@127.0.0.1",
        "http://user:hunter2@[::1",          "http://user:hunter2@does-not-exist.invalid:1"};
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++) {
        ck_http_free(&bench->http);
        setenv("https_proxy", proxies[i], 1);
        bench->http = new_client(bench);
        assert_int_equal(try_post(bench, "/"), CK_ERR_UNREACHABLE);
        unsetenv("https_proxy");
        assert_error(&bench->err, CK_ERR_UNREACHABLE, "proxy");
        assert_null(strstr(bench->err.text, "hunter2"));
        assert_null(strstr(bench->err.hint, "hunter2"));
    }
    assert_int_equal(bench->server->count, 0);
}

static void test_cut_answer(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(try_get(bench, "/short"), CK_ERR_UNREACHABLE);
    assert_int_equal(try_post(bench, "/short"), CK_ERR_UNKNOWN);
}

static void test_timeout(void **state)
{
    struct bench *bench = *state;

    ck_http_free(&bench->http);
    bench->settings.timeout_ms = 300;
    bench->http = new_client(bench);
    assert_int_equal(try_get(bench, "/hang"), CK_ERR_UNREACHABLE);
    assert_non_null(strstr(bench->err.text, "0.3 seconds"));
    assert_int_equal(server_count(bench->server, "GET /hang"), 1);
}

static void test_timeout_of_a_post(void **state)
{
    struct bench *bench = *state;

    ck_http_set_last_words(bench->http, 300);
    assert_int_equal(try_post(bench, "/hang"), CK_ERR_UNKNOWN);
    assert_int_equal(server_count(bench->server, "POST /hang"), 1);
}

static void use_cancel(struct bench *bench)
{
    ck_http_free(&bench->http);
    bench->settings.cancel = &bench->server->cancel;
    bench->http = new_client(bench);
}

static void test_cancel_before_a_request(void **state)
{
    struct bench *bench = *state;

    use_cancel(bench);
    bench->server->cancel = 1;
    assert_int_equal(try_get(bench, "/"), CK_ERR_INTERRUPTED);
    assert_int_equal(try_post(bench, "/"), CK_ERR_INTERRUPTED);
    assert_int_equal(bench->server->count, 0);

    ck_http_set_last_words(bench->http, 1000);
    assert_int_equal(try_post(bench, "/"), CK_OK);
}

static void test_cancel_during_a_get(void **state)
{
    struct bench *bench = *state;

    use_cancel(bench);
    assert_int_equal(try_get(bench, "/cancel"), CK_ERR_INTERRUPTED);
}

static void test_cancel_during_a_post(void **state)
{
    struct bench *bench = *state;

    use_cancel(bench);
    assert_int_equal(try_post(bench, "/cancel"), CK_ERR_UNKNOWN);
    assert_int_equal(server_count(bench->server, "POST /cancel"), 1);
}

static void test_nobody_listens(void **state)
{
    struct bench *bench = *state;

    ck_http_free(&bench->http);
    bench->settings.resolve = NULL;
    assert_int_equal(ck_host_parse("127.0.0.1:1", &bench->settings.host, &bench->err), CK_OK);
    bench->http = new_client(bench);
    assert_int_equal(try_post(bench, "/"), CK_ERR_UNREACHABLE);
    assert_int_equal(try_get(bench, "/"), CK_ERR_UNREACHABLE);
}

static void expect_untrusted(struct bench *bench, const char *words)
{
    ck_http_free(&bench->http);
    bench->http = new_client(bench);
    assert_int_equal(try_post(bench, "/"), CK_ERR_UNREACHABLE);
    if (!strstr(bench->err.text, words))
        fail_msg("%s", bench->err.text);
    assert_true(*bench->err.hint);
    assert_int_equal(bench->server->count, 0);
}

static void test_authority_that_is_not_trusted(void **state)
{
    struct bench *bench = *state;

    bench->settings.cacert = NULL;
    expect_untrusted(bench, "not trusted");
    assert_non_null(strstr(bench->err.hint, "--cacert"));
}

static void test_certificate_of_another_name(void **state)
{
    struct bench *bench = *state;
    char host[64];

    snprintf(host, sizeof(host), "other.example.test:%d", bench->server->port);
    snprintf(bench->resolve, sizeof(bench->resolve), "%s:127.0.0.1", host);
    assert_int_equal(ck_host_parse(host, &bench->settings.host, &bench->err), CK_OK);
    expect_untrusted(bench, "another name");
}

static void test_cacert_that_is_none(void **state)
{
    struct bench *bench = *state;

    ck_http_free(&bench->http);
    bench->settings.cacert = "/nonexistent";
    bench->http = new_client(bench);
    assert_int_equal(try_get(bench, "/"), CK_ERR_USAGE);
}

static char traced[256];

static void trace(const char *method, const char *path, int status)
{
    char line[64];

    snprintf(line, sizeof(line), "%s %s %d;", method, path, status);
    strcat(traced, line);
}

static void test_trace(void **state)
{
    struct bench *bench = *state;

    ck_http_free(&bench->http);
    bench->settings.trace = trace;
    bench->http = new_client(bench);
    traced[0] = '\0';
    assert_int_equal(try_get(bench, "/near"), CK_OK);
    assert_int_equal(try_post(bench, "/short"), CK_ERR_UNKNOWN);
    assert_string_equal(traced, "GET /near 302;POST /short 0;");
}

static void test_path_too_long(void **state)
{
    char path[CK_HTTP_PATH_MAX + CK_ORIGIN_MAX] = "/";

    memset(path + 1, 'a', sizeof(path) - 2);
    assert_int_equal(try_get(*state, path), CK_ERR_USAGE);
}

static void test_form(void **state)
{
    struct ck_secret *form = NULL;
    struct ck_secret *value = NULL;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_form_add(&form, "set_tfa", "", &err), CK_OK);
    assert_int_equal(ck_form_add(&form, "key id", "a&b=c +ü", &err), CK_OK);
    assert_int_equal(ck_secret_new("p\0w", 3, &value, &err), CK_OK);
    assert_int_equal(ck_form_add_secret(&form, "pass", value, &err), CK_OK);
    assert_string_equal(ck_secret_bytes(form),
                        "set_tfa=&key%20id=a%26b%3Dc%20%2B%C3%BC&pass=p%00w");
    ck_secret_free(&form);
    ck_secret_free(&value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_answer),
        BENCH_TEST(test_answer_without_a_date),
        BENCH_TEST(test_post),
        BENCH_TEST(test_user_agent_is_constant),
        BENCH_TEST(test_jar_and_connection),
        BENCH_TEST(test_post_is_sent_once),
        BENCH_TEST(test_get_is_sent_again),
        BENCH_TEST(test_location_on_this_server),
        BENCH_TEST(test_location_elsewhere),
        BENCH_TEST(test_bounds),
        BENCH_TEST(test_header_line_without_end),
        BENCH_TEST(test_proxy_that_is_none),
        BENCH_TEST(test_cut_answer),
        BENCH_TEST(test_timeout),
        BENCH_TEST(test_timeout_of_a_post),
        BENCH_TEST(test_cancel_before_a_request),
        BENCH_TEST(test_cancel_during_a_get),
        BENCH_TEST(test_cancel_during_a_post),
        BENCH_TEST(test_nobody_listens),
        BENCH_TEST(test_authority_that_is_not_trusted),
        BENCH_TEST(test_certificate_of_another_name),
        BENCH_TEST(test_cacert_that_is_none),
        BENCH_TEST(test_trace),
        BENCH_TEST(test_path_too_long),
        cmocka_unit_test(test_form),
    };

    no_proxy();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
