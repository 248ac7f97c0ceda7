/* Reading the numbers that options give. */
#include "number.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum ck_err number_read(const struct options *options, enum option_id option, int64_t min,
                        int64_t max, int64_t *number, struct ck_error *err)
{
    return number_read_of(options, option, "number", min, max, number, err);
}

enum ck_err number_read_of(const struct options *options, enum option_id option, const char *what,
                           int64_t min, int64_t max, int64_t *number, struct ck_error *err)
{
    const char *text = option_value(options, option);

    if (text == NULL)
        return CK_OK;
    errno = 0;
    int64_t value = strtoll(text, NULL, 10);
    bool is_number = *text != '\0' && text[strspn(text, "0123456789")] == '\0';
    if (!is_number || errno != 0 || value < min || value > max)
        return ck_error_set(err, CK_ERR_USAGE,
                            "--%s takes a %s from %" PRId64 " to %" PRId64 ", not '%.100s'",
                            option_name(option), what, min, max, text);
    *number = value;
    return CK_OK;
}
