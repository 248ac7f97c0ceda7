/* Typing a new PIN. */
#include "new_pin.h"

#include "cowkey/base/cleanup.h"
#include "cowkey/key/pin.h"
#include "output.h"
#include "prompt.h"

enum ck_err new_pin_ask(int64_t length_min, const char *hint, struct ck_secret **ret_pin,
                        struct ck_error *err)
{
    for (int attempt = 0; attempt < PROMPT_ATTEMPTS_MAX; attempt++) {
        CK_CLEANUP(ck_secret_free) struct ck_secret *pin = NULL, *again = NULL;
        struct ck_error why;
        enum ck_err r = prompt_secret("New PIN: ", "the new PIN", hint, &pin, err);
        if (r != CK_OK)
            return r;
        if (ck_pin_check(pin, length_min, &why) != CK_OK) {
            say_always("That does not do: %s.", why.text);
            continue;
        }
        r = prompt_secret("The new PIN again: ", "the new PIN", hint, &again, err);
        if (r != CK_OK)
            return r;
        if (ck_secret_equal(pin, again)) {
            *ret_pin = CK_TAKE(pin);
            return CK_OK;
        }
        say_always("The two are not the same.");
    }
    return ck_error_set(err, CK_ERR_USAGE, "no new PIN was typed twice");
}
