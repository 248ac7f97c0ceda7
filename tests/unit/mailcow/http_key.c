/* Clients with an API key, large answers, what the trace shows, and clients of several threads. */
#include <pthread.h>
#include <string.h>

#include "bench.h"

#define KEY "MADE0UP-KEY-ABCDEF-123456"

static struct ck_http *new_key_client(struct bench *bench)
{
    struct ck_secret *key = secret_of(KEY);
    struct ck_http *http = NULL;

    assert_int_equal(ck_http_new_with_key(&bench->settings, key, &http, &bench->err), CK_OK);
    ck_secret_free(&key);
    return http;
}

static const struct request *last_request(const struct bench *bench)
{
    return &bench->server->requests[bench->server->count - 1];
}

static enum ck_err get(struct bench *bench, const char *path, char *ret_body, size_t body_max)
{
    struct ck_response response = {0};
    enum ck_err r = ck_http_get(bench->http, path, &response, &bench->err);

    if (r == CK_OK && ret_body != NULL)
        snprintf(ret_body, body_max, "%s", response.body);
    ck_response_clear(&response);
    return r;
}

static enum ck_err post(struct bench *bench)
{
    struct ck_secret *body = secret_of("{}");
    struct ck_response response = {0};
    enum ck_err r =
        ck_http_post(bench->http, "/api", "application/json", body, &response, &bench->err);

    ck_response_clear(&response);
    ck_secret_free(&body);
    return r;
}

static void test_key_is_sent(void **state)
{
    struct bench *bench = *state;

    ck_http_free(&bench->http);
    bench->http = new_key_client(bench);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(get(bench, "/", NULL, 0), CK_OK);
        assert_non_null(strstr(last_request(bench)->head, "\r\nX-API-Key: " KEY "\r\n"));
        assert_int_equal(post(bench), CK_OK);
        assert_non_null(strstr(last_request(bench)->head, "\r\nX-API-Key: " KEY "\r\n"));
        assert_non_null(
            strstr(last_request(bench)->head, "\r\nContent-Type: application/json\r\n"));
    }
    assert_int_equal(bench->server->connections, 1);
}

/* Not even to the same server, on the same connection. */
static void test_key_is_not_sent_by_others(void **state)
{
    struct bench *bench = *state;
    struct ck_http *with_key = new_key_client(bench);
    struct ck_response response = {0};

    assert_int_equal(ck_http_get(with_key, "/", &response, &bench->err), CK_OK);
    ck_response_clear(&response);
    assert_int_equal(get(bench, "/", NULL, 0), CK_OK);
    assert_null(strcasestr(last_request(bench)->head, "X-API-Key"));
    assert_int_equal(post(bench), CK_OK);
    assert_null(strcasestr(last_request(bench)->head, "X-API-Key"));
    assert_int_equal(bench->server->connections, 1);
    ck_http_free(&with_key);
}

/* What an answer sets is forgotten; that a client without a key keeps it, test_jar shows. */
/* What it is repeated in may be shown, or written into a journal. */
static void test_key_that_is_repeated(void **state)
{
    static const struct scripted script[] = {
        {.status = 200, .body = "[\"" KEY "\",\"x" KEY KEY "\"]"},
        {.status = 401, .body = "api access denied for ip " KEY},
        {.status = 200, .body = "MADE0UP-KEY-ABCDEF-12345"}};
    struct bench *bench = *state;
    char body[128];

    bench->server->script = script;
    ck_http_free(&bench->http);
    bench->http = new_key_client(bench);
    assert_int_equal(get(bench, "/", body, sizeof(body)), CK_OK);
    assert_string_equal(body, "[\"*************************\",\"x"
                              "**************************************************\"]");
    assert_int_equal(get(bench, "/", body, sizeof(body)), CK_OK);
    assert_string_equal(body, "api access denied for ip *************************");
    assert_int_equal(get(bench, "/", body, sizeof(body)), CK_OK);
    assert_string_equal(body, "MADE0UP-KEY-ABCDEF-12345");
}

static void test_key_has_no_cookies(void **state)
{
    struct bench *bench = *state;
    char body[64];

    ck_http_free(&bench->http);
    bench->http = new_key_client(bench);
    assert_int_equal(get(bench, "/cookie", NULL, 0), CK_OK);
    assert_int_equal(get(bench, "/cookies", body, sizeof(body)), CK_OK);
    assert_string_equal(body, "");
    assert_null(strcasestr(last_request(bench)->head, "\r\nCookie:"));
}

static void test_what_is_no_key(void **state)
{
    static const char *const bad[] = {"", "a b", "a\r\nX: y", "a_b", "\xc3\xbc", "a:b", "a\n"};
    struct bench *bench = *state;
    struct ck_http *http = NULL;
    char longest[CK_HTTP_API_KEY_MAX + 2] = "";

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct ck_secret *key = secret_of(bad[i]);
        assert_int_equal(ck_http_new_with_key(&bench->settings, key, &http, &bench->err),
                         CK_ERR_USAGE);
        assert_error(&bench->err, CK_ERR_USAGE, "API key");
        ck_secret_free(&key);
    }
    memset(longest, 'a', CK_HTTP_API_KEY_MAX + 1);
    struct ck_secret *key = secret_of(longest);
    assert_int_equal(ck_http_new_with_key(&bench->settings, key, &http, &bench->err), CK_ERR_USAGE);
    assert_null(http);
    ck_secret_truncate(key, CK_HTTP_API_KEY_MAX);
    assert_int_equal(ck_http_new_with_key(&bench->settings, key, &http, &bench->err), CK_OK);
    ck_http_free(&http);
    ck_secret_free(&key);
}

static void test_large_answer(void **state)
{
    enum { SIZE = 5000000 };
    struct bench *bench = *state;
    struct ck_response response = {0};

    assert_int_equal(ck_http_get_large(bench->http, "/big", SIZE - 1, &response, &bench->err),
                     CK_ERR_UNREACHABLE);
    assert_error(&bench->err, CK_ERR_UNREACHABLE, "too large");
    assert_int_equal(ck_http_get_large(bench->http, "/big", SIZE, &response, &bench->err), CK_OK);
    assert_int_equal(response.size, SIZE);
    ck_response_clear(&response);
    assert_int_equal(get(bench, "/big", NULL, 0), CK_ERR_UNREACHABLE);
}

static char traced[256];

static void trace(const char *method, const char *path, int status)
{
    size_t size = strlen(traced);

    snprintf(traced + size, sizeof(traced) - size, "%s %s %d;", method, path, status);
}

/* The value of a query may be a secret. */
static void test_trace_of_queries(void **state)
{
    struct bench *bench = *state;

    ck_http_free(&bench->http);
    bench->settings.trace = trace;
    bench->http = new_client(bench);
    traced[0] = '\0';
    assert_int_equal(get(bench, "/domainadmin/?sso_token=0A1245-4FB34C", NULL, 0), CK_OK);
    assert_int_equal(get(bench, "/?a=b&c=d", NULL, 0), CK_OK);
    assert_int_equal(get(bench, "/?a", NULL, 0), CK_OK);
    assert_int_equal(get(bench, "/?a&b=c", NULL, 0), CK_OK);
    assert_int_equal(get(bench, "/x=y", NULL, 0), CK_OK);
    assert_string_equal(traced, "GET /domainadmin/?sso_token=... 200;GET /?a=... 200;GET /?a 200;"
                                "GET /?a&... 200;GET /x=y 200;");
    assert_string_equal(bench->server->requests[0].line,
                        "GET /domainadmin/?sso_token=0A1245-4FB34C");
}

/* After its last words a client is interrupted again. */
static void test_end_of_last_words(void **state)
{
    struct bench *bench = *state;

    ck_http_free(&bench->http);
    bench->settings.cancel = &bench->server->cancel;
    bench->http = new_client(bench);
    bench->server->cancel = 1;
    ck_http_set_last_words(bench->http, 1000);
    assert_int_equal(get(bench, "/", NULL, 0), CK_OK);
    ck_http_end_last_words(bench->http);
    assert_int_equal(get(bench, "/", NULL, 0), CK_ERR_INTERRUPTED);
    ck_http_set_cancel(bench->http, NULL);
    assert_int_equal(get(bench, "/", NULL, 0), CK_OK);
    ck_http_set_cancel(bench->http, &bench->server->cancel);
    assert_int_equal(get(bench, "/", NULL, 0), CK_ERR_INTERRUPTED);
    assert_int_equal(bench->server->count, 2);
}

static void *use_clients(void *data)
{
    struct ck_http_settings *settings = data;
    struct ck_error err = {0};
    uintptr_t fine = 0;

    for (int i = 0; i < 2; i++) {
        struct ck_http *http = NULL;
        struct ck_response response = {0};
        if (ck_http_new(settings, &http, &err) == CK_OK &&
            ck_http_get(http, "/", &response, &err) == CK_OK)
            fine++;
        ck_response_clear(&response);
        ck_http_free(&http);
    }
    ck_http_thread_end();
    return (void *)fine;
}

/* Each has a connection of its own, which its clients share, and closes it at its end. */
static void test_threads(void **state)
{
    enum { THREADS = 4 };
    struct bench *bench = *state;
    pthread_t threads[THREADS];
    void *fine;

    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_clients, &bench->settings), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], &fine), 0);
        assert_int_equal((uintptr_t)fine, 2);
    }
    assert_int_equal(bench->server->connections, THREADS);
    assert_int_equal(bench->server->count, 2 * THREADS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_key_is_sent),          BENCH_TEST(test_key_is_not_sent_by_others),
        BENCH_TEST(test_key_that_is_repeated), BENCH_TEST(test_what_is_no_key),
        BENCH_TEST(test_key_has_no_cookies),   BENCH_TEST(test_what_is_no_key),
        BENCH_TEST(test_large_answer),         BENCH_TEST(test_trace_of_queries),
        BENCH_TEST(test_end_of_last_words),    BENCH_TEST(test_threads),
    };

    no_proxy();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
