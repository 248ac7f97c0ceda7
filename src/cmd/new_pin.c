/* Typing a new PIN. */
#include "new_pin.h"

#include "cowkey/key/pin.h"
#include "prompt.h"

static enum ck_err check(const struct ck_secret *pin, const void *length_min, struct ck_error *err)
{
    return ck_pin_check(pin, *(const int64_t *)length_min, err);
}

enum ck_err new_pin_ask(int64_t length_min, const char *hint, struct ck_secret **ret_pin,
                        struct ck_error *err)
{
    return prompt_twice("New PIN: ", "new PIN", hint, check, &length_min, ret_pin, err);
}
