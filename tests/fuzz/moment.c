/* Moments on the command line: what is read lies between 1970 and the end of 9999. */
#include "src/cmd/moment.h"

#include <string.h>

#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = strndup(size > 0 ? (const char *)bytes : "", size);
    int64_t time_s = -1;
    struct ck_error err;

    if (text == NULL)
        return 0;
    enum ck_err r = moment_parse(text, "it", &time_s, &err);
    free(text);
    require(r == CK_OK ? time_s >= 0 && time_s <= MOMENT_LAST_S
                       : r == CK_ERR_USAGE && time_s == -1);
    return 0;
}
