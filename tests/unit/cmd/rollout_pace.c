/* Tests of the pace: many hours in few columns, and none lost. */
#include "src/cmd/rollout_report.h"

#include "tests/unit/base/expect.h"

enum { HOUR = 3600, DAY = 24 * HOUR, WEEK = 7 * DAY };

/* Midnight of a Thursday, as that of 1970-01-01, so that days and weeks begin there. */
static const int64_t begin_s = (int64_t)2950 * WEEK;

static void add(struct rollout_pace *pace, int64_t hour_begin_s, size_t count)
{
    struct ck_error err;

    assert_int_equal(rollout_pace_add(pace, hour_begin_s, count, &err), CK_OK);
}

static size_t total(const struct rollout_pace *pace)
{
    size_t sum = 0;

    for (size_t i = 0; i < pace->times_count; i++)
        sum += pace->times[i].count;
    return sum;
}

static void test_hours_stay(void **state)
{
    struct rollout_pace pace = {0};

    (void)state;
    for (int i = 0; i < ROLLOUT_PACE_MAX; i++)
        add(&pace, begin_s + (int64_t)i * 2 * HOUR, (size_t)i + 1);
    assert_int_equal(pace.unit_s, HOUR);
    assert_int_equal(pace.times_count, ROLLOUT_PACE_MAX);
    for (int i = 0; i < ROLLOUT_PACE_MAX; i++) {
        assert_int_equal(pace.times[i].begin_s, begin_s + (int64_t)i * 2 * HOUR);
        assert_int_equal(pace.times[i].count, i + 1);
    }
}

static void test_more_hours_become_days(void **state)
{
    struct rollout_pace pace = {0};

    (void)state;
    for (int i = 0; i <= ROLLOUT_PACE_MAX; i++)
        add(&pace, begin_s + (int64_t)i * HOUR, 2);
    assert_int_equal(pace.unit_s, DAY);
    assert_int_equal(pace.times_count, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pace.times[i].begin_s, begin_s + (int64_t)i * DAY);
    assert_int_equal(pace.times[0].count, 48);
    assert_int_equal(pace.times[3].count, 2);
}

/* An hour of a day that is there already needs no further column. */
static void test_the_last_day_goes_on(void **state)
{
    struct rollout_pace pace = {.unit_s = DAY};

    (void)state;
    for (int i = 0; i < ROLLOUT_PACE_MAX; i++)
        add(&pace, begin_s + (int64_t)i * DAY, 1);
    add(&pace, begin_s + (ROLLOUT_PACE_MAX - 1) * (int64_t)DAY + 23 * HOUR, 5);
    assert_int_equal(pace.unit_s, DAY);
    assert_int_equal(pace.times[ROLLOUT_PACE_MAX - 1].count, 6);
    add(&pace, begin_s + ROLLOUT_PACE_MAX * (int64_t)DAY, 1);
    assert_int_equal(pace.unit_s, WEEK);
}

/* Twenty years, an hour each day: more than the longest times have room for. */
static void test_nothing_is_lost(void **state)
{
    struct rollout_pace pace = {0};

    (void)state;
    for (int i = 0; i < 20 * 365; i++)
        add(&pace, begin_s + (int64_t)i * DAY, 3);
    assert_int_equal(pace.unit_s, 4 * WEEK);
    assert_int_equal(pace.times_count, ROLLOUT_PACE_MAX);
    assert_int_equal(total(&pace), 3 * 20 * 365);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hours_stay),
        cmocka_unit_test(test_more_hours_become_days),
        cmocka_unit_test(test_the_last_day_goes_on),
        cmocka_unit_test(test_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
