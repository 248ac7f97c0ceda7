/*
 * The security key: finding it, picking one by touch, making a credential, signing with one.
 *
 * libfido2 is used here and nowhere else; its errors are translated in one place. A key that is
 * waited for is cancelled when *cancel becomes nonzero, so that it does not go on blinking.
 */
#ifndef COWKEY_KEY_KEY_H
#define COWKEY_KEY_KEY_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "cowkey/base/error.h"
#include "cowkey/base/secret.h"
#include "cowkey/webauthn/assertion.h"
#include "cowkey/webauthn/options.h"
#include "cowkey/webauthn/registration.h"

enum {
    CK_KEYS_MAX = 64, /* keys that are looked at at once */
    CK_PIN_MIN = 4,   /* characters (CTAP 2.1 section 6.5.1) */
    CK_PIN_MAX = 63,  /* bytes */
};

/* What the key room needs from the person; data is the first argument of each. */
struct ck_key_person {
    void *data;
    /* Touch is needed now (one of count keys when picking); then that it is over. */
    void (*tell_touch)(void *data, size_t count);
    void (*tell_touched)(void *data);
    /*
     * The PIN, one try for each answer; retries is how many are left, -1 when the key does not
     * tell; again says that the last one was wrong. CK_ERR_INTERRUPTED when the person gives up.
     */
    enum ck_err (*ask_pin)(void *data, int retries, bool again, struct ck_secret **ret_pin,
                           struct ck_error *err);
};

/* All is borrowed for as long as a key is open. */
struct ck_key_settings {
    const char *device;                  /* a path such as /dev/hidraw3 to use that one, or NULL */
    unsigned touch_timeout_ms;           /* for each touch */
    const volatile sig_atomic_t *cancel; /* may be NULL */
    const struct ck_key_person *person;
};

struct ck_key;

/*
 * Opens the key: the one named, the only one, or the one that the person touches. CK_ERR_KEY when
 * there is none (also when one is plugged in but its node can't be opened: the text names the node
 * and the cure), or none was touched in time.
 */
enum ck_err ck_key_open(const struct ck_key_settings *settings, struct ck_key **ret_key,
                        struct ck_error *err);
void ck_key_close(struct ck_key **key);

/*
 * After CK_ERR_KEY: finds the key afresh, since it may have been unplugged, plugged in again or
 * replaced. The PIN that was given stays for ck_key_sign, which sends it only to a key that holds
 * the credential. On failure *key is closed and NULL.
 */
enum ck_err ck_key_reopen(struct ck_key **key, struct ck_error *err);

bool ck_key_is_u2f_only(const struct ck_key *key);

enum ck_verification {
    CK_VERIFY_IF_NEEDED, /* PIN only when the key insists */
    CK_VERIFY_ALWAYS,    /* built-in user verification where the key has it, else the PIN */
};

/*
 * Makes a credential. options->exclude is honoured; the attestation object is built of what the key
 * gave. A PIN that the person gave is kept in the key (a secret) and serves later calls. Errors,
 * all CK_ERR_KEY unless said otherwise, each with its cure: no PIN set where one is needed, PIN
 * blocked (for now; for good), PIN has to be changed first, wrong PIN and nobody gave another
 * (CK_ERR_REFUSED), already registered, no room, algorithm not supported, no resident keys, not
 * touched in time, pulled out, CK_ERR_INTERRUPTED.
 */
enum ck_err ck_key_make(struct ck_key *key, const struct ck_creation_options *options,
                        const char *origin, bool resident, enum ck_verification verification,
                        struct ck_registration *ret_registration, struct ck_error *err);

/*
 * Signs with a credential of options->allow. When that is empty, with a resident credential: the
 * one whose id is wanted, else the newest one of this user (bytes of the user handle), else the
 * first that the key offers; wanted and user may be NULL. A key without such a credential is
 * CK_ERR_KEY.
 */
enum ck_err ck_key_sign(struct ck_key *key, const struct ck_request_options *options,
                        const char *origin, enum ck_verification verification,
                        const struct ck_bytes *wanted, const struct ck_bytes *user,
                        struct ck_assertion *ret_assertion, struct ck_error *err);

/* Whether that failed because the key holds none of the credentials: it is another key. */
bool ck_key_lacks_credential(const struct ck_key *key);

/*
 * Whether the last call that was CK_ERR_REFUSED was so by the key itself, which took neither PIN nor
 * finger: no server heard of that.
 */
bool ck_key_has_refused(const struct ck_key *key);

/* Deletes a resident credential from the key; needs the PIN. CK_ERR_KEY when the key can't. */
enum ck_err ck_key_forget(struct ck_key *key, const struct ck_bytes *credential_id,
                          struct ck_error *err);

#endif
