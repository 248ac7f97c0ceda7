/* What a security key has the person do: a touch, a PIN. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/key/pin.h"
#include "output.h"
#include "person.h"
#include "prompt.h"
#include "source.h"
#include "target.h"

/* " for alice on mail.example.test", behind before; "" when it is for the key itself. */
static char *for_whom(const struct speaker *speaker, const char *before)
{
    char *text;

    if (speaker->target == NULL)
        return strdup("");
    if (asprintf(&text, "%sfor %s on %s", before, speaker->target->account.name,
                 speaker->target->settings.host.name) < 0)
        return NULL;
    return text;
}

static void tell_touch(void *data, size_t count)
{
    const struct speaker *speaker = data;
    CK_CLEANUP(ck_free_p) char *whom = for_whom(speaker, count > 1 ? " " : ": it is ");

    if (whom == NULL)
        return;
    if (count > 1)
        say_always("%zu security keys are plugged in. Touch the one to use%s ...", count, whom);
    else
        say_always("Touch the security key when it blinks%s ...", whom);
}

static void tell_touched(void *data)
{
    (void)data;
}

/*
 * A PIN from an option is tried once, with one key: nobody may be there to ask for another. That
 * of a second key has to be typed.
 */
static enum ck_err pin_from_options(struct speaker *speaker, int retries, bool again,
                                    struct ck_secret **ret_pin, struct ck_error *err)
{
    if (again && speaker->pin_given) {
        ck_error_set(err, CK_ERR_REFUSED, "the security key did not accept the PIN");
        if (retries < 0)
            return ck_error_hint(err, "It was tried once. Each wrong PIN counts.");
        return ck_error_hint(err, "It was tried once. Each wrong PIN counts: %d %s left.", retries,
                             retries == 1 ? "try is" : "tries are");
    }
    if (speaker->pin_given || !option_source_given(speaker->options, OPTION_PIN_FILE))
        return CK_OK;
    if (source_read(speaker->options, OPTION_PIN_FILE, "PIN", ret_pin, err) != CK_OK)
        return err->code;
    speaker->pin_given = true;
    return CK_OK;
}

/* What can't be a PIN is asked for again: the key need not know. */
static enum ck_err prompt_pin(const char *question, struct ck_secret **ret_pin,
                              struct ck_error *err)
{
    for (;;) {
        CK_CLEANUP(ck_secret_free) struct ck_secret *typed = NULL, *pin = NULL;
        enum ck_err r =
            prompt_secret(question, "the PIN",
                          "Give it with --pin-file, --pin-fd or --pin-command.", &typed, err);
        if (r == CK_OK)
            r = ck_pin_normalize(typed, &pin, err);
        if (r != CK_OK)
            return r;
        if (ck_pin_fits(pin, 0)) {
            *ret_pin = CK_TAKE(pin);
            return CK_OK;
        }
        say_always("A PIN has %d characters or more, and %d bytes at most. The key was not asked.",
                   CK_PIN_MIN, CK_PIN_MAX);
    }
}

static enum ck_err ask_pin(void *data, int retries, bool again, struct ck_secret **ret_pin,
                           struct ck_error *err)
{
    struct speaker *speaker = data;
    CK_CLEANUP(ck_free_p) char *question = NULL, *whom = for_whom(speaker, ", ");
    CK_CLEANUP(ck_secret_free) struct ck_secret *pin = NULL;
    char left[48] = "";

    enum ck_err r = pin_from_options(speaker, retries, again, &pin, err);
    if (r != CK_OK)
        return r;
    if (pin != NULL) {
        *ret_pin = CK_TAKE(pin);
        return CK_OK;
    }
    if (again)
        say_always("That PIN was wrong.");
    if (retries >= 0)
        snprintf(left, sizeof(left), " (%d %s left)", retries, retries == 1 ? "try" : "tries");
    if (whom == NULL || asprintf(&question, "PIN of the security key%s%s: ", whom, left) < 0)
        return ck_error_no_memory(err);
    return prompt_pin(question, ret_pin, err);
}

struct ck_key_person key_person_new(struct speaker *speaker)
{
    return (struct ck_key_person){.data = speaker,
                                  .tell_touch = tell_touch,
                                  .tell_touched = tell_touched,
                                  .ask_pin = ask_pin};
}
