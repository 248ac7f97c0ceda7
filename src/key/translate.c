/* libfido2's errors, each put into words once. */
#include "internal.h"

/* One row an error that a person can do something about. */
static const struct {
    int fido_error;
    enum ck_err code;
    const char *text; /* behind "the security key NAME " */
    const char *hint;
} rows[] = {
    {FIDO_ERR_PIN_INVALID, CK_ERR_REFUSED, "did not accept the PIN", "Each wrong PIN counts."},
    {FIDO_ERR_PIN_AUTH_BLOCKED, CK_ERR_KEY, "takes no PIN for now: too many were wrong in a row",
     "Unplug it, plug it in again, and make sure of the PIN: few tries are left."},
    {FIDO_ERR_PIN_BLOCKED, CK_ERR_KEY, "is blocked: too many PINs were wrong",
     "Only 'cowkey key reset' helps, which deletes every credential on it."},
    {FIDO_ERR_PIN_NOT_SET, CK_ERR_KEY, "has no PIN, and one is needed",
     "Set one with: cowkey key pin set"},
    {FIDO_ERR_PIN_POLICY_VIOLATION, CK_ERR_KEY, "wants its PIN changed first",
     "Change it with: cowkey key pin change"},
    {FIDO_ERR_UV_BLOCKED, CK_ERR_KEY, "takes no fingerprint for now",
     "Unplug it and plug it in again."},
    {FIDO_ERR_UV_INVALID, CK_ERR_REFUSED, "did not recognise the finger", "Try again."},
    {FIDO_ERR_CREDENTIAL_EXCLUDED, CK_ERR_KEY, "is registered for this account already",
     "Use another key, or remove the old registration first."},
    {FIDO_ERR_KEY_STORE_FULL, CK_ERR_KEY, "has no room for another passkey",
     "Delete one that is not used any more: cowkey key credentials list, then remove."},
    {FIDO_ERR_LIMIT_EXCEEDED, CK_ERR_KEY, "can't take a list as long as that of the account's keys",
     "Remove keys from the account that are not used any more, or use another key."},
    {FIDO_ERR_REQUEST_TOO_LARGE, CK_ERR_KEY,
     "can't take a list as long as that of the account's keys",
     "Remove keys from the account that are not used any more, or use another key."},
    {FIDO_ERR_UNSUPPORTED_ALGORITHM, CK_ERR_KEY,
     "supports none of the signature algorithms that the server takes", "Use another key."},
    {FIDO_ERR_UNSUPPORTED_OPTION, CK_ERR_KEY, "can't do what is asked: it keeps no passkeys",
     "Enroll it as a second factor instead (enroll webauthn), or use another key."},
    {FIDO_ERR_NO_CREDENTIALS, CK_ERR_KEY, "holds no credential for this account",
     "Use the key that was registered."},
    {FIDO_ERR_USER_ACTION_TIMEOUT, CK_ERR_KEY, "was not touched in time",
     "Start again, and touch it when it blinks."},
    {FIDO_ERR_ACTION_TIMEOUT, CK_ERR_KEY, "was not touched in time",
     "Start again, and touch it when it blinks."},
    {FIDO_ERR_TIMEOUT, CK_ERR_KEY, "did not answer in time", "Unplug it and plug it in again."},
    {FIDO_ERR_OPERATION_DENIED, CK_ERR_KEY, "refused", "It may want a touch sooner, or its PIN."},
    {FIDO_ERR_KEEPALIVE_CANCEL, CK_ERR_INTERRUPTED, "was told to stop", ""},
    {FIDO_ERR_NOT_ALLOWED, CK_ERR_KEY, "does not allow that",
     "Unplug it, plug it in and try at once."},
    {FIDO_ERR_INTERNAL, CK_ERR_KEY, "does not answer any more: was it unplugged?",
     "Plug it in and start again."},
    {FIDO_ERR_TX, CK_ERR_KEY, "can't be reached any more: was it unplugged?",
     "Plug it in and start again."},
    {FIDO_ERR_RX, CK_ERR_KEY, "stopped answering: was it unplugged?",
     "Plug it in and start again."},
};

enum ck_err key_translate(const struct ck_key *key, int fido_error, struct ck_error *err)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (rows[i].fido_error == fido_error) {
            ck_error_set(err, rows[i].code, "the security key %.150s %s", key->found.name,
                         rows[i].text);
            return ck_error_hint(err, "%s", rows[i].hint);
        }
    }
    ck_error_set(err, CK_ERR_KEY, "the security key %.150s failed: %s", key->found.name,
                 fido_strerr(fido_error));
    return ck_error_hint(err, "Unplug it, plug it in again and retry.");
}

bool key_is_answer(int fido_error)
{
    return fido_error > 0; /* libfido2's own are negative, CTAP's are positive */
}
