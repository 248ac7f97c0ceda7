#include "src/cmd/moment.h"

#include "../base/expect.h"

static void expect(const char *text, int64_t time_s)
{
    struct ck_error err;
    int64_t got_s = -1;

    if (moment_parse(text, "--time", &got_s, &err) != CK_OK)
        fail_msg("%s: %s", text, err.text);
    if (got_s != time_s)
        fail_msg("%s is %lld, not %lld", text, (long long)got_s, (long long)time_s);
}

static void refuse(const char *text)
{
    struct ck_error err;
    int64_t got_s = -77;

    if (moment_parse(text, "--time", &got_s, &err) == CK_OK)
        fail_msg("%s was read as %lld", text, (long long)got_s);
    assert_error(&err, CK_ERR_USAGE, "--time takes a moment");
    assert_true(got_s == -77);
}

static void test_seconds(void **state)
{
    (void)state;
    expect("0", 0);
    expect("1795440000", 1795440000);
    expect("000000000059", 59);
    expect("253402300799", MOMENT_LAST_S);
    refuse("253402300800");
    refuse("9999999999999");
    refuse("18446744073709551616");
    refuse("-1");
    refuse("+1");
    refuse(" 1");
    refuse("1 ");
    refuse("1.5");
    refuse("0x10");
    refuse("1e9");
    refuse("");
}

/* RFC 3339 section 5.8, and the corners of the calendar. */
static void test_dates(void **state)
{
    (void)state;
    expect("1970-01-01T00:00:00Z", 0);
    expect("1985-04-12T23:20:50.52Z", 482196050);
    expect("1996-12-19T16:39:57-08:00", 851042397);
    expect("1990-12-31T23:59:60Z", 662688000);
    expect("1990-12-31T15:59:60-08:00", 662688000);
    expect("2000-02-29t00:00:00z", 951782400);
    expect("2024-02-29 12:00:00+00:00", 1709208000);
    expect("9999-12-31T23:59:59Z", MOMENT_LAST_S);
    expect("1970-01-01T01:00:00.999999999999999999999+01:00", 0);
    expect("2026-11-23T13:20:15-00:00", 1795440015);
}

static void test_what_is_no_date(void **state)
{
    static const char *const bad[] = {
        "2026-11-23",
        "2026-11-23T13:20:15",
        "2026-11-23T13:20Z",
        "2026-11-23T13:20:15.Z",
        "2026-11-23T13:20:15,5Z",
        "2026-11-23T13:20:15+0100",
        "2026-11-23T13:20:15+1:00",
        "2026-11-23T13:20:15+24:00",
        "2026-11-23T13:20:15+01:60",
        "2026-11-23T13:20:15Zx",
        "2026-11-23T13:20:15Z ",
        " 2026-11-23T13:20:15Z",
        "2026-11-23_13:20:15Z",
        "26-11-23T13:20:15Z",
        "02026-11-23T13:20:15Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-32T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:61Z",
        "2026-01-01T00:00:-1Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:59:59+01:00",
        "9999-12-31T23:59:59-00:01",
        "0000-01-01T00:00:00Z",
        "now",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        refuse(bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seconds),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_what_is_no_date),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
