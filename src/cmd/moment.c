/* Reading moments. */
#include "moment.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SECONDS_DIGITS_MAX = 12 };

/* Whether text looks like shape, where 0 stands for any digit; *text is moved behind it. */
static bool take_shape(const char **text, const char *shape)
{
    const char *at = *text;

    for (; *shape != '\0'; shape++, at++) {
        bool fits = *shape == '0' ? *at >= '0' && *at <= '9' : *at == *shape;
        if (!fits)
            return false;
    }
    *text = at;
    return true;
}

static int two_digits(const char *text)
{
    return (text[0] - '0') * 10 + (text[1] - '0');
}

/* "Z" or "+01:00": how far local time is ahead of UTC. */
static bool take_zone(const char *text, int64_t *ret_ahead_s)
{
    const char *at = text + 1;

    if ((*text == 'Z' || *text == 'z') && text[1] == '\0') {
        *ret_ahead_s = 0;
        return true;
    }
    if ((*text != '+' && *text != '-') || !take_shape(&at, "00:00") || *at != '\0')
        return false;
    int hours = two_digits(text + 1), minutes = two_digits(text + 4);
    int64_t ahead_s = hours * 3600 + minutes * 60;
    *ret_ahead_s = *text == '-' ? -ahead_s : ahead_s;
    return hours < 24 && minutes < 60;
}

/* timegm makes a March of the 31st of February; then it is not what was written. */
static bool to_seconds(struct tm written, int64_t *ret_time_s)
{
    bool is_leap_second = written.tm_sec == 60; /* is the one after it */
    struct tm again = written;
    time_t time = timegm(&again);

    written.tm_sec -= is_leap_second;
    *ret_time_s = time;
    time -= is_leap_second;
    return gmtime_r(&time, &again) != NULL && again.tm_mday == written.tm_mday &&
           again.tm_mon == written.tm_mon && again.tm_hour == written.tm_hour &&
           again.tm_min == written.tm_min && again.tm_sec == written.tm_sec;
}

static bool parse_date(const char *text, int64_t *ret_time_s)
{
    const char *date = text, *time = text + strlen("0000-00-00 ");
    const char *rest = text;
    int64_t ahead_s, time_s;

    if (!take_shape(&rest, "0000-00-00") || (*rest != 'T' && *rest != 't' && *rest != ' '))
        return false;
    rest++;
    if (!take_shape(&rest, "00:00:00"))
        return false;
    if (*rest == '.') {
        size_t digits = strspn(rest + 1, "0123456789");
        if (digits == 0)
            return false;
        rest += 1 + digits;
    }
    struct tm written = {
        .tm_year = two_digits(date) * 100 + two_digits(date + 2) - 1900,
        .tm_mon = two_digits(date + 5) - 1,
        .tm_mday = two_digits(date + 8),
        .tm_hour = two_digits(time),
        .tm_min = two_digits(time + 3),
        .tm_sec = two_digits(time + 6),
    };
    if (!take_zone(rest, &ahead_s) || !to_seconds(written, &time_s))
        return false;
    *ret_time_s = time_s - ahead_s;
    return true;
}

enum ck_err moment_parse(const char *text, const char *what, int64_t *ret_time_s,
                         struct ck_error *err)
{
    size_t digits = strspn(text, "0123456789");
    int64_t time_s;

    if (digits > 0 && text[digits] == '\0' && digits <= SECONDS_DIGITS_MAX) {
        time_s = strtoll(text, NULL, 10);
    } else if (!parse_date(text, &time_s)) {
        ck_error_set(err, CK_ERR_USAGE, "%s takes a moment, not '%.100s'", what, text);
        return ck_error_hint(err, "Give seconds since 1970, such as 1795440000, or a date such as "
                                  "2026-11-23T08:00:00Z.");
    }
    if (time_s < 0 || time_s > MOMENT_LAST_S)
        return ck_error_set(err, CK_ERR_USAGE,
                            "%s takes a moment from 1970 to the year 9999, not '%.100s'", what,
                            text);
    *ret_time_s = time_s;
    return CK_OK;
}
