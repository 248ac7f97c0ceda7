/* Giving a key a PIN, and another one (CTAP 2.1 sections 6.5.5.5, 6.5.5.6, 6.11.4). */
#ifndef COWKEY_KEY_PIN_H
#define COWKEY_KEY_PIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cowkey/base/error.h"
#include "cowkey/base/random.h"
#include "cowkey/base/secret.h"
#include "cowkey/key/key.h"

/*
 * Whether a key can take this PIN: UTF-8 that has, once it is normalized (see below), length_min
 * (CK_PIN_MIN at least) Unicode code points or more and CK_PIN_MAX bytes at most; else
 * CK_ERR_USAGE.
 */
enum ck_err ck_pin_check(const struct ck_secret *pin, int64_t length_min, struct ck_error *err);

/* Code points of a PIN that is UTF-8. */
int64_t ck_pin_length(const struct ck_secret *pin);

/* Whether a normalized PIN has a possible length, and length_min code points or more. */
bool ck_pin_fits(const struct ck_secret *pin, int64_t length_min);

/*
 * The PIN as a key is told it: in Unicode's normalization form C (CTAP 2.1 section 6.5.1), so that
 * the same PIN from another keyboard, or a file of another system, is the same. What is no UTF-8
 * stays as it is. The functions that talk to a key do this themselves.
 */
enum ck_err ck_pin_normalize(const struct ck_secret *pin, struct ck_secret **ret_pin,
                             struct ck_error *err);

/*
 * A new PIN of length (CK_PIN_MIN to CK_PIN_MAX) characters, each equally likely one of the digits
 * and lower-case letters that nobody takes for another: neither 0, 1, i, l nor o. A random that
 * fails is CK_ERR_UNCHANGED.
 */
enum ck_err ck_pin_random(size_t length, ck_random_source *random, struct ck_secret **ret_pin,
                          struct ck_error *err);

/* What shall be so once a PIN is set. */
struct ck_pin_wish {
    const struct ck_secret *pin;
    int64_t length_min; /* from now on, for any PIN; 0: as it is */
    bool force_change;  /* the next one who uses the PIN has to change it first */
};

/*
 * Before the person is asked for a PIN: whether the key takes one in this way. CK_ERR_KEY when it
 * has no PINs, has one already (none yet for a change), is blocked, or can't do what is wished; a
 * minimum below the key's or above CK_PIN_MAX is CK_ERR_USAGE. wish->pin is not looked at.
 */
enum ck_pin_act { CK_PIN_ACT_SET, CK_PIN_ACT_CHANGE };
struct ck_key_info;
enum ck_err ck_key_check_pin_act(const struct ck_key *key, const struct ck_key_info *info,
                                 enum ck_pin_act act, const struct ck_pin_wish *wish,
                                 struct ck_error *err);

/*
 * Asks the person for the PIN that the key has now, which ck_key_set_pin then uses. A wrong one
 * shows only there.
 */
enum ck_err ck_key_ask_old_pin(struct ck_key *key, struct ck_error *err);

/*
 * Sets the first PIN, or changes it; asks for the old one as often as the person wants to answer,
 * each answer being one try. CK_ERR_USAGE when the key does not take the new PIN, CK_ERR_REFUSED
 * and CK_ERR_KEY as ck_key_make, and CK_ERR_UNKNOWN when the key's answer was lost, or when the PIN
 * is set and the rest of the wish is not: *ret_set then tells these apart.
 */
enum ck_err ck_key_set_pin(struct ck_key *key, enum ck_pin_act act, const struct ck_pin_wish *wish,
                           bool *ret_set, struct ck_error *err);

/*
 * From now on the PIN that the key has, which is pin, has to be changed before it is used again:
 * the last thing that is done with a key for somebody else. CK_ERR_KEY for a key that can't insist
 * on that (info->sets_pin_length_min says so before), CK_ERR_REFUSED when the key has another PIN,
 * which cost a try, and CK_ERR_UNKNOWN when its answer was lost.
 */
enum ck_err ck_key_force_pin_change(struct ck_key *key, const struct ck_secret *pin,
                                    struct ck_error *err);

#endif
