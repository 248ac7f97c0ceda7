/* How fast a roll-out goes, in as many times as a chart can show. */
#include "rollout_report.h"

static const int64_t units_s[] = {3600, 24 * 3600, 7 * 24 * 3600, 28 * 24 * 3600};
enum { UNITS = sizeof(units_s) / sizeof(*units_s) };

static void put(struct rollout_pace *pace, int64_t begin_s, size_t count)
{
    begin_s -= begin_s % pace->unit_s;
    if (pace->times_count == 0 || pace->times[pace->times_count - 1].begin_s != begin_s) {
        pace->times[pace->times_count].begin_s = begin_s;
        pace->times[pace->times_count++].count = 0;
    }
    pace->times[pace->times_count - 1].count += count;
}

/* Takes longer times; whether there are any. */
static bool coarsen(struct rollout_pace *pace)
{
    struct rollout_pace before = *pace;
    int i = 0;

    while (units_s[i] != pace->unit_s)
        i++;
    if (i + 1 == UNITS)
        return false;
    pace->unit_s = units_s[i + 1];
    pace->times_count = 0;
    for (size_t j = 0; j < before.times_count; j++)
        put(pace, before.times[j].begin_s, before.times[j].count);
    return true;
}

enum ck_err rollout_pace_add(void *data, int64_t hour_begin_s, size_t count, struct ck_error *err)
{
    struct rollout_pace *pace = data;

    (void)err;
    if (pace->unit_s == 0)
        pace->unit_s = units_s[0];
    while (pace->times_count == ROLLOUT_PACE_MAX &&
           pace->times[pace->times_count - 1].begin_s != hour_begin_s - hour_begin_s % pace->unit_s)
        if (!coarsen(pace)) { /* five years of them */
            pace->times[pace->times_count - 1].count += count;
            return CK_OK;
        }
    put(pace, hour_begin_s, count);
    return CK_OK;
}
