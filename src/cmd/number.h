/* Numbers on the command line: whole, decimal, not negative. */
#ifndef CMD_NUMBER_H
#define CMD_NUMBER_H

#include <stdint.h>

#include "cowkey/base/error.h"
#include "options.h"

/*
 * Reads the option's value, min to max (from 0); *number stays as it is when the option was not
 * given. Anything else than digits, and a number out of these bounds, is CK_ERR_USAGE.
 */
enum ck_err number_read(const struct options *options, enum option_id option, int64_t min,
                        int64_t max, int64_t *number, struct ck_error *err);

/* The same, of a thing that error texts call what ("number of seconds"). */
enum ck_err number_read_of(const struct options *options, enum option_id option, const char *what,
                           int64_t min, int64_t max, int64_t *number, struct ck_error *err);

#endif
