/* User verification: built in where the key has it, else the PIN, as often as it takes. */
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/key/pin.h"
#include "internal.h"

struct attempt {
    const struct ceremony *ceremony;
    fido_opt_t built_in_uv;
};

static int call(struct ck_key *key, void *data)
{
    const struct attempt *attempt = data;

    return attempt->ceremony->call(key, attempt->ceremony->data, attempt->built_in_uv,
                                   key->pin != NULL ? ck_secret_bytes(key->pin) : NULL);
}

static int count_retries(struct ck_key *key, void *retries)
{
    return fido_dev_get_retry_count(key->device, retries);
}

/* A key that wants its PIN changed may say so as "wrong PIN", and count it. */
static enum ck_err check_new_pin(struct ck_key *key, struct ck_error *err)
{
    CK_CLEANUP(cbor_info_free) fido_cbor_info_t *info = NULL;
    enum ck_err r = ck_key_is_u2f_only(key) ? CK_OK : cbor_info_read(key, &info, err);

    if (r == CK_OK && info != NULL && fido_cbor_info_new_pin_required(info))
        r = key_translate(key, FIDO_ERR_PIN_POLICY_VIOLATION, err);
    return r;
}

enum ck_err key_ask_pin(struct ck_key *key, enum pin_use use, bool again, struct ck_error *err)
{
    const struct ck_key_person *person = key->settings->person;
    CK_CLEANUP(ck_secret_free) struct ck_secret *given = NULL, *pin = NULL;
    int retries, fido;

    enum ck_err r = key_wait(key, WAIT_FOR_ANSWER, count_retries, &retries, &fido, err);
    if (r == CK_OK && (fido == FIDO_ERR_TX || fido == FIDO_ERR_RX))
        r = key_translate(key, fido, err);
    else if (r == CK_OK && fido != FIDO_OK)
        retries = -1;
    if (r == CK_OK && retries == 0)
        r = key_translate(key, FIDO_ERR_PIN_BLOCKED, err);
    if (r == CK_OK && use == PIN_TO_USE)
        r = check_new_pin(key, err);
    if (r != CK_OK)
        return r;
    ck_secret_free(&key->pin);
    r = person->ask_pin(person->data, retries, again, &given, err);
    if (r == CK_OK)
        r = ck_pin_normalize(given, &pin, err);
    if (r != CK_OK)
        return r;
    if (!ck_pin_fits(pin, 0)) {
        ck_error_set(err, CK_ERR_USAGE, "a PIN has %d characters or more and %d bytes at most",
                     CK_PIN_MIN, CK_PIN_MAX);
        return ck_error_hint(err, "The key was not asked, so no try was lost.");
    }
    key->pin = CK_TAKE(pin);
    return CK_OK;
}

/* Before the first attempt: what the key surely wants. */
static enum ck_err prepare(struct ck_key *key, struct attempt *attempt, struct ck_error *err)
{
    if (attempt->ceremony->verification == CK_VERIFY_IF_NEEDED)
        return CK_OK;
    if (ck_key_is_u2f_only(key))
        return key_translate(key, FIDO_ERR_UNSUPPORTED_OPTION, err);
    if (key->pin != NULL)
        return CK_OK;
    if (fido_dev_has_uv(key->device)) {
        attempt->built_in_uv = FIDO_OPT_TRUE;
        return CK_OK;
    }
    if (!fido_dev_has_pin(key->device))
        return key_translate(key, FIDO_ERR_PIN_NOT_SET, err);
    return key_ask_pin(key, PIN_TO_USE, false, err);
}

/* Whether the key's answer means that a PIN would help. */
static bool wants_pin(const struct ck_key *key, const struct attempt *attempt, int fido_error)
{
    switch (fido_error) {
    case FIDO_ERR_PIN_INVALID:
        return true;
    case FIDO_ERR_PIN_REQUIRED:
    case FIDO_ERR_UV_BLOCKED:
    case FIDO_ERR_UV_INVALID:
        return key->pin == NULL && fido_dev_has_pin(key->device);
    default:
        return attempt->built_in_uv == FIDO_OPT_TRUE && fido_error == FIDO_ERR_OPERATION_DENIED &&
               fido_dev_has_pin(key->device);
    }
}

enum ck_err ceremony_run(struct ck_key *key, const struct ceremony *ceremony, struct ck_error *err)
{
    const struct ck_key_person *person = key->settings->person;
    struct attempt attempt = {.ceremony = ceremony, .built_in_uv = FIDO_OPT_OMIT};

    key->has_refused = false;
    enum ck_err r = prepare(key, &attempt, err);
    /* The key itself ends this: it counts its retries down. */
    while (r == CK_OK) {
        int fido_error;
        bool touch = !ceremony->touchless || attempt.built_in_uv == FIDO_OPT_TRUE;
        if (touch)
            person->tell_touch(person->data, 1);
        r = key_wait(key, WAIT_FOR_TOUCH, call, &attempt, &fido_error, err);
        if (touch)
            person->tell_touched(person->data);
        if (r != CK_OK)
            return r;
        if (fido_error == FIDO_OK)
            return CK_OK;
        if (!wants_pin(key, &attempt, fido_error)) {
            r = key_translate(key, fido_error, err);
            key->has_refused = r == CK_ERR_REFUSED;
            return r;
        }
        attempt.built_in_uv = FIDO_OPT_OMIT;
        r = key_ask_pin(key, PIN_TO_USE, fido_error == FIDO_ERR_PIN_INVALID, err);
    }
    return r;
}

bool ck_key_has_refused(const struct ck_key *key)
{
    return key->has_refused;
}
