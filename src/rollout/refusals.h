/* The bound of refusals (--max-refusals), in words. */
#ifndef ROLLOUT_REFUSALS_H
#define ROLLOUT_REFUSALS_H

#include "cowkey/base/error.h"

/*
 * CK_ERR_REFUSED: the roll-out was refused so many times, which is all that is allowed. last: the
 * last of them; NULL where an earlier run met it.
 */
enum ck_err refusals_reached(unsigned refusals, unsigned max, const struct ck_error *last,
                             struct ck_error *err);

#endif
