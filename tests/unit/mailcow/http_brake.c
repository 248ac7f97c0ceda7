/* What a brake is told of exchanges, and what it can hold up. */
#include <string.h>

#include "bench.h"
#include "cowkey/base/cleanup.h"

static struct {
    unsigned befores, afters;
    int status;
    int64_t retry_after_s;
    const volatile sig_atomic_t *cancel;
    volatile sig_atomic_t *raise; /* while somebody waits */
} brake;

static void before(void *data, const volatile sig_atomic_t *cancel)
{
    assert_ptr_equal(data, &brake);
    assert_int_equal(brake.befores, brake.afters);
    brake.befores++;
    brake.cancel = cancel;
    if (brake.raise != NULL)
        *brake.raise = 1;
}

static void after(void *data, int status, int64_t retry_after_s)
{
    assert_ptr_equal(data, &brake);
    brake.afters++;
    brake.status = status;
    brake.retry_after_s = retry_after_s;
}

static const struct ck_http_brake told = {.data = &brake, .before = before, .after = after};

/* --- one that has requests sent again --- */

static struct {
    unsigned asked, yes; /* so many times it says yes */
    unsigned tries;
    int64_t pause_max_ms;
} patience;

static bool again(void *data, unsigned tries, int64_t pause_max_ms,
                  const volatile sig_atomic_t *cancel)
{
    assert_ptr_equal(data, &brake);
    assert_ptr_equal(cancel, brake.cancel);
    assert_int_equal(brake.befores, brake.afters);
    patience.asked++;
    patience.tries = tries;
    patience.pause_max_ms = pause_max_ms;
    return tries <= patience.yes;
}

static const struct ck_http_brake patient = {
    .data = &brake, .before = before, .after = after, .again = again};

static void use_brake(struct bench *bench)
{
    memset(&brake, 0, sizeof(brake));
    ck_http_free(&bench->http);
    bench->settings.cancel = &bench->server->cancel;
    bench->settings.brake = &told;
    bench->http = new_client(bench);
}

static void use_patience(struct bench *bench, unsigned yes)
{
    use_brake(bench);
    memset(&patience, 0, sizeof(patience));
    patience.yes = yes;
    ck_http_free(&bench->http);
    bench->settings.brake = &patient;
    bench->http = new_client(bench);
}

/* The status of the last answer; 0: there was none. */
static int post_status(struct bench *bench, const char *path)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *form = NULL;
    struct ck_response response = {0};

    assert_int_equal(ck_form_add(&form, "name", "value", &bench->err), CK_OK);
    enum ck_err r = ck_http_post(bench->http, path, "application/x-www-form-urlencoded", form,
                                 &response, &bench->err);
    int status = r == CK_OK ? response.status : 0;
    ck_response_clear(&response);
    return status;
}

static enum ck_err try_get(struct bench *bench, const char *path)
{
    struct ck_response response = {0};
    enum ck_err r = ck_http_get(bench->http, path, &response, &bench->err);

    if (r == CK_OK) {
        assert_int_equal(response.retry_after_s, brake.retry_after_s);
        ck_response_clear(&response);
    }
    return r;
}

static void test_each_exchange_is_told(void **state)
{
    struct bench *bench = *state;

    use_brake(bench);
    assert_int_equal(try_get(bench, "/"), CK_OK);
    assert_int_equal(brake.befores, 1);
    assert_int_equal(brake.afters, 1);
    assert_int_equal(brake.status, 200);
    assert_int_equal(brake.retry_after_s, -1);
    assert_ptr_equal(brake.cancel, &bench->server->cancel);

    assert_int_equal(try_get(bench, "/short"), CK_ERR_UNREACHABLE);
    assert_int_equal(brake.afters, 2);
    assert_int_equal(brake.status, 0);
    assert_int_equal(brake.retry_after_s, -1);
}

static void test_without_a_brake(void **state)
{
    struct bench *bench = *state;

    use_brake(bench);
    ck_http_free(&bench->http);
    bench->settings.brake = NULL;
    bench->http = new_client(bench);
    brake.retry_after_s = -1;
    assert_int_equal(try_get(bench, "/"), CK_OK);
    ck_http_wait_turn(bench->http);
    assert_int_equal(brake.befores + brake.afters, 0);
}

static void test_retry_after(void **state)
{
    static const struct {
        const char *path;
        int64_t seconds;
    } wishes[] = {
        {"/busy/", -1},
        {"/busy/0", 0},
        {"/busy/120", 120},
        {"/busy/86400", 86400},
        {"/busy/86401", 86400},
        {"/busy/99999999999999999999", 86400},
        {"/busy/-1", -1},
        {"/busy/1.5", -1},
        {"/busy/12x", -1},
        {"/busy/soon", -1},
        /* The server's own clock says 22:13:20, and ours 40 s less. */
        {"/busy/Tue,_14_Nov_2023_22:14:20_GMT", 60},
        {"/busy/Tue,_14_Nov_2023_22:13:20_GMT", 0},
        {"/busy/Tue,_14_Nov_2023_22:13:19_GMT", 0},
        {"/busy/Tue,_14_Nov_2073_22:13:19_GMT", 86400},
        {"/busy/Tue,_99_Nov_2023_22:14:20_GMT", -1},
    };
    struct bench *bench = *state;

    use_brake(bench);
    for (size_t i = 0; i < sizeof(wishes) / sizeof(*wishes); i++) {
        assert_int_equal(try_get(bench, wishes[i].path), CK_OK);
        assert_int_equal(brake.status, 429);
        if (brake.retry_after_s != wishes[i].seconds)
            fail_msg("%s: %lld", wishes[i].path, (long long)brake.retry_after_s);
    }
}

/* Whoever interrupts while an exchange waits gets it back unsent. */
static void test_cancel_while_waiting(void **state)
{
    struct bench *bench = *state;

    use_brake(bench);
    brake.raise = &bench->server->cancel;
    assert_int_equal(try_get(bench, "/"), CK_ERR_INTERRUPTED);
    assert_int_equal(brake.befores, 1);
    assert_int_equal(brake.afters, 0);
    assert_int_equal(bench->server->count, 0);
}

/* Last words are sent whatever was interrupted, but the interruption ends their waiting. */
static void test_last_words(void **state)
{
    struct bench *bench = *state;

    use_brake(bench);
    bench->server->cancel = 1;
    ck_http_set_last_words(bench->http, 1000);
    assert_int_equal(try_get(bench, "/"), CK_OK);
    assert_ptr_equal(brake.cancel, &bench->server->cancel);
    assert_int_equal(brake.afters, 1);
}

static void test_turn_is_for_one_exchange(void **state)
{
    struct bench *bench = *state;

    use_brake(bench);
    ck_http_wait_turn(bench->http);
    assert_int_equal(brake.befores, 1);
    brake.befores = 0;
    assert_int_equal(try_get(bench, "/"), CK_OK);
    assert_int_equal(brake.befores, 0);
    assert_int_equal(brake.afters, 1);
    brake.afters = 0;
    assert_int_equal(try_get(bench, "/"), CK_OK);
    assert_int_equal(brake.befores, 1);
}

static void test_sent_again_until_it_is_taken(void **state)
{
    static const struct scripted script[] = {{.status = 429}, {.status = 503}, {.status = 200}};
    struct bench *bench = *state;

    use_patience(bench, 9);
    bench->server->script = script;
    assert_int_equal(try_get(bench, "/"), CK_OK);
    assert_int_equal(brake.status, 200);
    assert_int_equal(bench->server->count, 3);
    assert_int_equal(brake.afters, 3);
    assert_int_equal(patience.asked, 2);
    assert_int_equal(patience.tries, 2);
    assert_true(patience.pause_max_ms == INT64_MAX);
    assert_false(ck_http_not_taken(bench->http));
}

/* An answer that is taken while it arrives, in pieces of three bytes. */
static size_t take_threes(void *data, const char *bytes, size_t size)
{
    char *taken = data;

    strncat(taken, bytes, size / 3 * 3);
    return size / 3 * 3;
}

static void test_what_is_taken_is_of_the_answer_that_counts(void **state)
{
    static const struct scripted script[] = {{.status = 429, .body = "[busy]"},
                                             {.status = 503, .body = "[busy]"},
                                             {.status = 200, .body = "[\"a\"]."}};
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    char taken[32] = "";
    const struct ck_http_taker taker = {.data = taken, .take = take_threes};
    struct bench *bench = *state;

    use_patience(bench, 9);
    bench->server->script = script;
    assert_int_equal(ck_http_get_piecewise(bench->http, "/", 100, &taker, &response, &bench->err),
                     CK_OK);
    assert_string_equal(taken, "[\"a\"].");
    assert_int_equal(response.taken, 6);
    assert_int_equal(response.size, 0);
}

static void test_sent_again_no_more_than_the_brake_says(void **state)
{
    struct bench *bench = *state;

    use_patience(bench, 2);
    assert_int_equal(try_get(bench, "/busy/1"), CK_OK);
    assert_int_equal(brake.status, 429);
    assert_int_equal(bench->server->count, 3);
    assert_true(ck_http_not_taken(bench->http));
}

/* The body goes along each time. */
static void test_post_that_was_not_taken(void **state)
{
    struct bench *bench = *state;

    use_patience(bench, 1);
    assert_int_equal(post_status(bench, "/busy/1"), 429);
    assert_int_equal(bench->server->count, 2);
    for (unsigned i = 0; i < 2; i++)
        assert_string_equal(bench->server->requests[i].body, "name=value");
    assert_true(ck_http_not_taken(bench->http));
}

/* A 503 may be a proxy's, for a server that acted, also where it says when to come again. */
static void test_post_that_may_have_been_taken(void **state)
{
    static const struct scripted script[] = {{.status = 503}, {.status = 200}};
    struct bench *bench = *state;

    use_patience(bench, 9);
    bench->server->script = script;
    assert_int_equal(post_status(bench, "/"), 503);
    assert_int_equal(bench->server->count, 1);
    bench->server->script = NULL;
    assert_int_equal(post_status(bench, "/away/1"), 503);
    assert_int_equal(brake.retry_after_s, 1);
    assert_int_equal(bench->server->count, 2);
    assert_int_equal(patience.asked, 0);
    assert_false(ck_http_not_taken(bench->http));
}

/* Logging out twice does no harm. */
static void test_last_words_are_said_again(void **state)
{
    static const struct scripted script[] = {{.status = 503}, {.status = 200}};
    struct bench *bench = *state;

    use_patience(bench, 9);
    bench->server->script = script;
    ck_http_set_last_words(bench->http, 5000);
    assert_int_equal(post_status(bench, "/"), 200);
    assert_int_equal(bench->server->count, 2);
}

static void test_other_failures_are_not_sent_again(void **state)
{
    static const struct scripted script[] = {
        {.status = 500}, {.status = 502}, {.status = 504}, {.status = 403}};
    struct bench *bench = *state;

    use_patience(bench, 9);
    bench->server->script = script;
    for (unsigned i = 1; i <= 4; i++) {
        assert_int_equal(try_get(bench, "/"), CK_OK);
        assert_int_equal(bench->server->count, i);
    }
    assert_int_equal(patience.asked, 0);
}

/* What was cut the second time may have been acted on then. */
static void test_cut_when_it_is_sent_again(void **state)
{
    static const struct scripted script[] = {{.status = 429}, {.status = 0}};
    struct bench *bench = *state;

    use_patience(bench, 9);
    bench->server->script = script;
    assert_int_equal(post_status(bench, "/"), 0);
    assert_int_equal(bench->err.code, CK_ERR_UNKNOWN);
    assert_int_equal(bench->server->count, 2);
}

/* A code is not good for long. */
static void test_what_grows_old(void **state)
{
    struct bench *bench = *state;

    use_patience(bench, 1);
    ck_http_wait_turn(bench->http);
    assert_int_equal(post_status(bench, "/busy/1"), 429);
    assert_int_equal(bench->server->count, 2);
    assert_int_equal(patience.pause_max_ms, CK_HTTP_FRESH_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_each_exchange_is_told),
        BENCH_TEST(test_without_a_brake),
        BENCH_TEST(test_retry_after),
        BENCH_TEST(test_cancel_while_waiting),
        BENCH_TEST(test_last_words),
        BENCH_TEST(test_turn_is_for_one_exchange),
        BENCH_TEST(test_sent_again_until_it_is_taken),
        BENCH_TEST(test_what_is_taken_is_of_the_answer_that_counts),
        BENCH_TEST(test_sent_again_no_more_than_the_brake_says),
        BENCH_TEST(test_post_that_was_not_taken),
        BENCH_TEST(test_post_that_may_have_been_taken),
        BENCH_TEST(test_last_words_are_said_again),
        BENCH_TEST(test_other_failures_are_not_sent_again),
        BENCH_TEST(test_cut_when_it_is_sent_again),
        BENCH_TEST(test_what_grows_old),
    };

    no_proxy();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
