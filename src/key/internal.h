/* What the files of this room share about a key; everybody else sees cowkey/key/key.h. */
#ifndef KEY_INTERNAL_H
#define KEY_INTERNAL_H

#include <fido.h>
#include <fido/credman.h>

#include "cowkey/key/key.h"

enum { NAME_MAX_BYTES = 192, PATH_MAX_BYTES = 128 };

struct ck_key {
    fido_dev_t *device;
    const struct ck_key_settings *settings;
    char name[NAME_MAX_BYTES]; /* "Yubico YubiKey (/dev/hidraw3)", for sentences */
    struct ck_secret *pin;     /* once the person gave it; it serves later calls */
    struct ck_secret *old_pin; /* of the key before ck_key_reopen, which may be another one */
};

/* For CK_CLEANUP. */
static inline void info_free(fido_cbor_info_t **info)
{
    fido_cbor_info_free(info);
}

/* find.c: the keys that are plugged in. */
struct found_key {
    char path[PATH_MAX_BYTES];
    char name[NAME_MAX_BYTES];
};
/* Fills at most CK_KEYS_MAX entries; none at all is CK_ERR_KEY, with the cure. */
enum ck_err find_keys(const char *device, struct found_key found[CK_KEYS_MAX], size_t *ret_count,
                      struct ck_error *err);

/* translate.c: libfido2's error codes, in words and with the cure. */
enum ck_err translate(const struct ck_key *key, int fido_error, struct ck_error *err);

/*
 * wait.c: runs one blocking call of libfido2 so that a signal or a timeout ends it, be it that the
 * key heeds a cancel or not. *ret_fido_error is the call's result; CK_ERR_INTERRUPTED and CK_ERR_KEY
 * (not touched, or no answer, in time) when it was ended. A call that had to be torn from the key
 * leaves it good for nothing but to be closed.
 */
enum wait {
    WAIT_FOR_ANSWER, /* nobody is needed */
    WAIT_FOR_TOUCH,
};
enum ck_err wait_for_key(struct ck_key *key, enum wait wait,
                         int (*call)(struct ck_key *key, void *data), void *data,
                         int *ret_fido_error, struct ck_error *err);

/* key.c: what the key tells of itself, for fido_cbor_info_free. */
enum ck_err read_info(struct ck_key *key, fido_cbor_info_t **ret_info, struct ck_error *err);

/*
 * pin.c: runs a ceremony as wait_for_key does, and asks for the PIN as often as the key and the
 * person want it. call gets the verification to ask the key for: FIDO_OPT_TRUE only when built-in
 * verification shall be used.
 */
struct ceremony {
    int (*call)(struct ck_key *key, void *data, fido_opt_t built_in_uv, const char *pin);
    void *data;
    enum ck_verification verification;
};
enum ck_err run_ceremony(struct ck_key *key, const struct ceremony *ceremony, struct ck_error *err);

#endif
