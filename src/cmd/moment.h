/* A moment on the command line. */
#ifndef CMD_MOMENT_H
#define CMD_MOMENT_H

#include <stdint.h>

#include "cowkey/base/error.h"

#define MOMENT_LAST_S INT64_C(253402300799) /* the last second of the year 9999 */

/*
 * Reads seconds since 1970 UTC ("1795440000"), or a date and time of RFC 3339 section 5.6
 * ("2026-11-23T08:21:24Z", "2026-11-23 09:21:24.5+01:00"), whose fraction of a second is dropped.
 * Days that are in no calendar, moments before 1970 or after 9999 and anything else are
 * CK_ERR_USAGE; what names the thing in error texts.
 */
enum ck_err moment_parse(const char *text, const char *what, int64_t *ret_time_s,
                         struct ck_error *err);

#endif
