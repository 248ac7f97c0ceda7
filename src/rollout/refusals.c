/* The bound of refusals, in words. */
#include "refusals.h"

#include <stddef.h>

enum ck_err refusals_reached(unsigned refusals, unsigned max, const struct ck_error *last,
                             struct ck_error *err)
{
    const struct ck_error cause = last != NULL ? *last : (struct ck_error){.code = CK_OK};

    ck_error_set(err, CK_ERR_REFUSED,
                 "this roll-out was refused %u time%s, and --max-refusals is %u%s%.400s", refusals,
                 refusals == 1 ? "" : "s", max, last != NULL ? "; the last: " : "", cause.text);
    return ck_error_hint(err, "The server counts the failures of this address, and shuts it out "
                              "after some more; it forgets them after 10 quiet minutes. Put right "
                              "what was refused ('cowkey rollout status' names it), then go on "
                              "with a higher --max-refusals.");
}
