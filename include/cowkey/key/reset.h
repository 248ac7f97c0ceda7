/* Resetting a key to what it was when it was new (CTAP 2.1 section 6.6). */
#ifndef COWKEY_KEY_RESET_H
#define COWKEY_KEY_RESET_H

#include "cowkey/base/error.h"
#include "cowkey/key/info.h"
#include "cowkey/key/key.h"

/* What the person is told meanwhile; the touch comes as for any other call. */
struct ck_reset_person {
    void *data;
    void (*tell_unplug)(void *data); /* it has to be unplugged now */
    void (*tell_plug)(void *data);   /* and plugged in again */
};

/*
 * Deletes the PIN, all passkeys, and what makes the key answer for any account. A key allows that
 * only for some seconds after it got power, so it has to be unplugged and plugged in again first,
 * for each of which settings->touch_timeout_ms are waited; which is the key is description. Closes
 * *key. CK_ERR_KEY: not unplugged, plugged in or touched in time; another key came in its place;
 * it can't be reset. CK_ERR_UNKNOWN: it stopped answering, or has a PIN all the same.
 */
enum ck_err ck_key_reset(struct ck_key **key, const struct ck_plugged_key *description,
                         const struct ck_reset_person *person, struct ck_error *err);

#endif
