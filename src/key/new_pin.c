/* Setting and changing the PIN. */
#include <stdio.h>
#include <string.h>

#include <fido/config.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/key/pin.h"
#include "internal.h"

/* --- what the key can do --- */

static enum ck_err check_length_min(const struct ck_key *key, const struct ck_key_info *info,
                                    int64_t length_min, struct ck_error *err)
{
    if (length_min > CK_PIN_MAX)
        return ck_error_set(err, CK_ERR_USAGE, "no PIN has %lld characters: %d bytes at most",
                            (long long)length_min, CK_PIN_MAX);
    if (length_min >= info->pin_length_min)
        return CK_OK;
    ck_error_set(err, CK_ERR_USAGE,
                 "the security key %.150s asks for %lld characters already, and takes no fewer",
                 key->found.name, (long long)info->pin_length_min);
    return ck_error_hint(err, "Only 'cowkey key reset' lowers the minimum.");
}

enum ck_err ck_key_check_pin_act(const struct ck_key *key, const struct ck_key_info *info,
                                 enum ck_pin_act act, const struct ck_pin_wish *wish,
                                 struct ck_error *err)
{
    if (info->pin == CK_PIN_UNSUPPORTED) {
        ck_error_set(err, CK_ERR_KEY, "the security key %.150s has no PINs%s", key->found.name,
                     info->fido2 ? "" : ": it is a U2F key");
        return ck_error_hint(err, "Use another key.");
    }
    if (info->pin == CK_PIN_BLOCKED)
        return key_translate(key, FIDO_ERR_PIN_BLOCKED, err);
    if (act == CK_PIN_ACT_CHANGE && info->pin == CK_PIN_NOT_SET)
        return key_translate(key, FIDO_ERR_PIN_NOT_SET, err);
    if (act == CK_PIN_ACT_SET && info->pin != CK_PIN_NOT_SET) {
        ck_error_set(err, CK_ERR_KEY, "the security key %.150s has a PIN already", key->found.name);
        return ck_error_hint(err, "Change it with: cowkey key pin change");
    }
    if (wish->length_min == 0 && !wish->force_change)
        return CK_OK;
    if (!info->sets_pin_length_min) {
        ck_error_set(err, CK_ERR_KEY,
                     "the security key %.150s neither takes a minimum length of its PIN nor "
                     "forces its change",
                     key->found.name);
        return ck_error_hint(err, "Leave out --min-length and --force-change, or use another key.");
    }
    return wish->length_min == 0 ? CK_OK : check_length_min(key, info, wish->length_min, err);
}

/* --- doing it --- */

enum ck_err ck_key_ask_old_pin(struct ck_key *key, struct ck_error *err)
{
    return key_ask_pin(key, PIN_TO_CHANGE, false, err);
}

struct job {
    const struct ck_pin_wish *wish;
    struct ck_secret *pin; /* that of the wish, as the key is told it */
    enum ck_pin_act act;
    bool lost; /* the key was told, and what it answered did not arrive */
};

static void job_clear(struct job *job)
{
    ck_secret_free(&job->pin);
}

static int note(struct job *job, int fido_error)
{
    job->lost = fido_error != FIDO_OK && !key_is_answer(fido_error);
    return fido_error;
}

static int set(struct ck_key *key, void *data)
{
    struct job *job = data;
    const char *old_pin = job->act == CK_PIN_ACT_CHANGE ? ck_secret_bytes(key->pin) : NULL;

    int r = info_probe(key->device);

    return r == FIDO_OK
               ? note(job, fido_dev_set_pin(key->device, ck_secret_bytes(job->pin), old_pin))
               : r;
}

static int set_length_min(struct ck_key *key, void *data)
{
    struct job *job = data;

    return note(job, fido_dev_set_pin_minlen(key->device, (size_t)job->wish->length_min,
                                             ck_secret_bytes(job->pin)));
}

static int force_change(struct ck_key *key, void *data)
{
    struct job *job = data;

    return note(job, fido_dev_force_pin_change(key->device, ck_secret_bytes(job->pin)));
}

/* One of the calls above; an answer that was lost on the way is CK_ERR_UNKNOWN. */
static enum ck_err run(struct ck_key *key, struct job *job,
                       int (*call)(struct ck_key *key, void *data), int *ret_fido_error,
                       struct ck_error *err)
{
    job->lost = false;
    enum ck_err r = key_wait(key, WAIT_FOR_TOUCH, call, job, ret_fido_error, err);
    if (!job->lost)
        return r;
    ck_error_set(err, CK_ERR_UNKNOWN,
                 "the security key %.150s stopped answering: it is not known whether it has the "
                 "new PIN",
                 key->found.name);
    return ck_error_hint(err, "Plug it in and look with 'cowkey key list'; try the new PIN first.");
}

static enum ck_err not_taken(const struct ck_key *key, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_USAGE, "the security key %.150s does not take this PIN",
                 key->found.name);
    return ck_error_hint(err, "It may be too short or too simple, or the one that shall be "
                              "changed. The old state remains.");
}

static enum ck_err set_until_right(struct ck_key *key, struct job *job, struct ck_error *err)
{
    enum ck_err r = CK_OK;

    if (job->act == CK_PIN_ACT_CHANGE && key->pin == NULL)
        r = key_ask_pin(key, PIN_TO_CHANGE, false, err);
    while (r == CK_OK) {
        int fido_error;
        r = run(key, job, set, &fido_error, err);
        if (r != CK_OK || fido_error == FIDO_OK)
            return r;
        if (fido_error == FIDO_ERR_PIN_POLICY_VIOLATION)
            return not_taken(key, err);
        if (fido_error != FIDO_ERR_PIN_INVALID || job->act == CK_PIN_ACT_SET)
            return key_translate(key, fido_error, err);
        r = key_ask_pin(key, PIN_TO_CHANGE, true, err);
    }
    return r;
}

/* The PIN is set by now, which a failure has to say. */
static enum ck_err configure(struct ck_key *key, struct job *job,
                             int (*call)(struct ck_key *key, void *data), const char *done,
                             const char *not_done, struct ck_error *err)
{
    int fido_error = FIDO_OK;
    enum ck_err r = run(key, job, call, &fido_error, err);

    if (r == CK_OK && fido_error == FIDO_OK)
        return CK_OK;
    if (job->lost) {
        ck_error_set(err, CK_ERR_UNKNOWN,
                     "the new PIN is set, but then the security key %.150s stopped answering: it "
                     "is not known whether %s",
                     key->found.name, done);
        return ck_error_hint(err, "Look with: cowkey key info");
    }
    const char *why = r != CK_OK ? err->text : fido_strerr(fido_error);
    struct ck_error cause;
    snprintf(cause.text, sizeof(cause.text), "%s", why);
    ck_error_set(err, CK_ERR_UNKNOWN, "the new PIN is set, but %s: %.300s", not_done, cause.text);
    return ck_error_hint(err, "Look with: cowkey key info");
}

enum ck_err ck_key_set_pin(struct ck_key *key, enum ck_pin_act act, const struct ck_pin_wish *wish,
                           bool *ret_set, struct ck_error *err)
{
    CK_CLEANUP(job_clear) struct job job = {.wish = wish, .act = act};

    enum ck_err r = ck_pin_normalize(wish->pin, &job.pin, err);
    if (r == CK_OK)
        r = set_until_right(key, &job, err);
    if (r != CK_OK)
        return r;
    *ret_set = true;
    ck_secret_free(&key->pin);
    if (wish->length_min > 0)
        r = configure(key, &job, set_length_min, "its minimum length is set",
                      "its minimum length is not", err);
    if (r == CK_OK && wish->force_change)
        r = configure(key, &job, force_change, "its change is forced", "its change is not forced",
                      err);
    return r;
}

enum ck_err ck_key_force_pin_change(struct ck_key *key, const struct ck_secret *pin,
                                    struct ck_error *err)
{
    const struct ck_pin_wish wish = {.pin = pin};
    CK_CLEANUP(job_clear) struct job job = {.wish = &wish, .act = CK_PIN_ACT_CHANGE};
    int fido_error = FIDO_OK;

    enum ck_err r = ck_pin_normalize(pin, &job.pin, err);
    if (r == CK_OK)
        r = run(key, &job, force_change, &fido_error, err);
    if (job.lost) {
        ck_error_set(err, CK_ERR_UNKNOWN,
                     "the security key %.150s stopped answering: it is not known whether the "
                     "change of its PIN is forced",
                     key->found.name);
        return ck_error_hint(err, "Look with: cowkey key info");
    }
    return r == CK_OK && fido_error != FIDO_OK ? key_translate(key, fido_error, err) : r;
}
