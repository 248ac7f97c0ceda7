/* Pauses, in milliseconds where it takes seconds otherwise. */
#include "cowkey/mailcow/brake.h"

#include "cowkey/base/clock.h"
#include "tests/unit/base/expect.h"

enum { FIRST_MS = 20, MAX_MS = 50, WISH_MAX_MS = 1500, LONG_MS = 600000 };

static const struct ck_brake_pace short_pace = {FIRST_MS, MAX_MS, WISH_MAX_MS};
static const struct ck_brake_pace long_pace = {LONG_MS, LONG_MS, LONG_MS};

static struct {
    struct ck_brake brake;
    int64_t told_ms; /* of the last pause; 0: none was told */
} bench;

static void note_pause(void *data, int64_t pause_ms)
{
    assert_ptr_equal(data, &bench);
    bench.told_ms = pause_ms;
}

static void begin(const struct ck_brake_pace *pace)
{
    bench.told_ms = 0;
    ck_brake_init(&bench.brake, pace, note_pause, &bench);
}

/* How long from now on nobody may send. */
static int64_t wait_ms(void)
{
    int64_t left_ms = bench.brake.until_ms - ck_clock_steady_ms();

    return left_ms > 0 ? left_ms : 0;
}

static void wait_turn(void)
{
    bench.brake.http.before(bench.brake.http.data, NULL);
}

/* An exchange that waits first. Returns how long a pause it led to. */
static int64_t exchange(int status, int64_t retry_after_s)
{
    bench.told_ms = 0;
    wait_turn();
    bench.brake.http.after(bench.brake.http.data, status, retry_after_s);
    return bench.told_ms;
}

/* One that was under way before. */
static int64_t answer(int status, int64_t retry_after_s)
{
    bench.told_ms = 0;
    bench.brake.http.after(bench.brake.http.data, status, retry_after_s);
    return bench.told_ms;
}

static void test_nothing_waits_at_first(void **state)
{
    (void)state;
    begin(&long_pace);
    assert_int_equal(wait_ms(), 0);
    assert_int_equal(exchange(200, -1), 0);
    assert_int_equal(exchange(302, -1), 0);
    assert_int_equal(wait_ms(), 0);
    ck_brake_clear(&bench.brake);
}

static void test_pauses_double_up_to_a_bound(void **state)
{
    (void)state;
    begin(&short_pace);
    assert_int_equal(exchange(429, -1), FIRST_MS);
    assert_int_equal(exchange(503, -1), 2 * FIRST_MS);
    assert_int_equal(exchange(429, -1), MAX_MS);
    assert_int_equal(exchange(429, -1), MAX_MS);
    assert_int_equal(exchange(200, -1), 0);
    assert_int_equal(exchange(429, -1), FIRST_MS);
    ck_brake_clear(&bench.brake);
}

static void test_who_waits_waits_that_long(void **state)
{
    (void)state;
    begin(&short_pace);
    int64_t begun_ms = ck_clock_steady_ms();
    exchange(429, 1);
    assert_in_range(wait_ms(), 1, 1000);
    wait_turn();
    assert_true(ck_clock_steady_ms() - begun_ms >= 1000);
    assert_int_equal(wait_ms(), 0);
    ck_brake_clear(&bench.brake);
}

/* Only an answer shows that the server takes more; a refusal is one. */
static void test_what_ends_the_doubling(void **state)
{
    static const int failures[] = {0, 500, 502, 504}, answers[] = {200, 302, 401, 404};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        begin(&short_pace);
        exchange(429, -1);
        assert_int_equal(exchange(failures[i], -1), 0);
        assert_int_equal(exchange(429, -1), 2 * FIRST_MS);
        assert_int_equal(exchange(answers[i], -1), 0);
        assert_int_equal(exchange(429, -1), FIRST_MS);
        ck_brake_clear(&bench.brake);
    }
}

static void test_what_was_under_way_counts_once(void **state)
{
    (void)state;
    begin(&(struct ck_brake_pace){LONG_MS, LONG_MS, LONG_MS});
    assert_int_equal(exchange(429, -1), LONG_MS);
    assert_int_equal(answer(429, -1), 0);
    assert_int_equal(answer(200, -1), 0);
    assert_int_equal(bench.brake.pause_ms, LONG_MS);
    assert_in_range(wait_ms(), LONG_MS / 2, LONG_MS);
    ck_brake_clear(&bench.brake);
}

static void test_server_says_how_long(void **state)
{
    (void)state;
    begin(&short_pace);
    assert_int_equal(exchange(503, 0), FIRST_MS); /* no less than without */
    assert_int_equal(answer(429, 1), 1000);       /* longer than the pause that there is */
    assert_int_equal(answer(429, 0), 0);
    assert_int_equal(exchange(429, 86400), WISH_MAX_MS);
    ck_brake_clear(&bench.brake);
}

static void test_hits_are_counted_by_thread(void **state)
{
    (void)state;
    begin(&short_pace);
    unsigned before = ck_brake_hits();
    exchange(429, -1);
    exchange(200, -1);
    exchange(503, -1);
    assert_int_equal(ck_brake_hits() - before, 2);
    ck_brake_clear(&bench.brake);
}

/* --- sending again --- */

static bool sends_again(unsigned tries, int64_t pause_max_ms)
{
    return bench.brake.http.again(bench.brake.http.data, tries, pause_max_ms, NULL);
}

static void test_nothing_is_sent_again_by_itself(void **state)
{
    (void)state;
    begin(&short_pace);
    assert_null(bench.brake.http.again);
    ck_brake_clear(&bench.brake);
}

static void test_sends_again_so_many_times(void **state)
{
    volatile sig_atomic_t cancel = 1;

    (void)state;
    begin(&short_pace);
    ck_brake_send_again(&bench.brake);
    exchange(429, -1);
    assert_true(sends_again(1, INT64_MAX));
    assert_true(sends_again(CK_BRAKE_TRIES_MAX - 1, INT64_MAX));
    assert_false(bench.brake.http.again(bench.brake.http.data, 1, INT64_MAX, &cancel));
    assert_false(sends_again(CK_BRAKE_TRIES_MAX, INT64_MAX));
    assert_false(sends_again(1, INT64_MAX));
    ck_brake_clear(&bench.brake);
}

static void test_sends_nothing_again_that_grows_old(void **state)
{
    (void)state;
    begin(&long_pace);
    ck_brake_send_again(&bench.brake);
    exchange(429, -1);
    assert_true(sends_again(1, LONG_MS));
    assert_false(sends_again(1, LONG_MS / 2));
    ck_brake_clear(&bench.brake);
}

/* What is honoured up to a bound only is no use to who asks for more. */
static void test_gives_up_where_the_wish_is_too_long(void **state)
{
    (void)state;
    begin(&short_pace);
    ck_brake_send_again(&bench.brake);
    exchange(429, 1);
    assert_true(sends_again(1, INT64_MAX));
    assert_int_equal(answer(503, 2), 0);
    assert_false(sends_again(1, INT64_MAX));
    assert_int_equal(wait_ms(), 0);
    /* Until the server takes something. */
    assert_int_equal(exchange(429, 1), 0);
    assert_false(sends_again(1, INT64_MAX));
    exchange(200, -1);
    assert_int_equal(exchange(429, -1), FIRST_MS);
    assert_true(sends_again(1, INT64_MAX));
    ck_brake_clear(&bench.brake);
}

static void test_gives_up_after_all_the_pauses(void **state)
{
    static const struct ck_brake_pace slow = {1, 1, 2 * CK_BRAKE_PATIENCE_MS};

    (void)state;
    begin(&slow);
    ck_brake_send_again(&bench.brake);
    exchange(429, CK_BRAKE_PATIENCE_MS / 1000);
    assert_true(sends_again(1, INT64_MAX));
    assert_int_equal(answer(429, CK_BRAKE_PATIENCE_MS / 1000 + 1), 0);
    assert_false(sends_again(1, INT64_MAX));
    assert_int_equal(wait_ms(), 0);
    ck_brake_clear(&bench.brake);
}

/* --- other threads --- */

struct waiter {
    pthread_t thread;
    volatile sig_atomic_t cancel;
    unsigned hits;
};

static void *wait_in_thread(void *data)
{
    struct waiter *waiter = data;

    bench.brake.http.before(bench.brake.http.data, &waiter->cancel);
    waiter->hits = ck_brake_hits();
    return NULL;
}

static void test_all_threads_wait(void **state)
{
    struct waiter waiters[4] = {0};

    (void)state;
    begin(&short_pace);
    exchange(429, 1);
    int64_t begun_ms = ck_clock_steady_ms(), left_ms = wait_ms();
    for (int i = 0; i < 4; i++)
        pthread_create(&waiters[i].thread, NULL, wait_in_thread, &waiters[i]);
    for (int i = 0; i < 4; i++) {
        pthread_join(waiters[i].thread, NULL);
        assert_int_equal(waiters[i].hits, 0);
    }
    assert_true(ck_clock_steady_ms() - begun_ms >= left_ms - 1);
    ck_brake_clear(&bench.brake);
}

static void test_interruption_ends_a_pause(void **state)
{
    struct waiter waiter = {0};

    (void)state;
    begin(&long_pace);
    exchange(429, -1);
    int64_t begun_ms = ck_clock_steady_ms();
    pthread_create(&waiter.thread, NULL, wait_in_thread, &waiter);
    waiter.cancel = 1;
    pthread_join(waiter.thread, NULL);
    assert_true(ck_clock_steady_ms() - begun_ms < 10000);
    assert_true(wait_ms() > LONG_MS / 2); /* for the others it goes on */
    ck_brake_clear(&bench.brake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_waits_at_first),
        cmocka_unit_test(test_pauses_double_up_to_a_bound),
        cmocka_unit_test(test_who_waits_waits_that_long),
        cmocka_unit_test(test_what_ends_the_doubling),
        cmocka_unit_test(test_what_was_under_way_counts_once),
        cmocka_unit_test(test_server_says_how_long),
        cmocka_unit_test(test_hits_are_counted_by_thread),
        cmocka_unit_test(test_nothing_is_sent_again_by_itself),
        cmocka_unit_test(test_sends_again_so_many_times),
        cmocka_unit_test(test_sends_nothing_again_that_grows_old),
        cmocka_unit_test(test_gives_up_where_the_wish_is_too_long),
        cmocka_unit_test(test_gives_up_after_all_the_pauses),
        cmocka_unit_test(test_all_threads_wait),
        cmocka_unit_test(test_interruption_ends_a_pause),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
