/*
 * The proof: a fresh login in which the server asks for the factor, takes its answer, and then
 * shows a page that names the account. Nothing less is called "enrolled".
 */
#ifndef COWKEY_ENROLL_PROOF_H
#define COWKEY_ENROLL_PROOF_H

#include <stdbool.h>
#include <stdint.h>

#include "cowkey/enroll/login.h"

enum ck_verdict {
    CK_VERDICT_ACCEPTED,
    CK_VERDICT_REFUSED,        /* the server took the answer and said no */
    CK_VERDICT_NOT_ASKED,      /* the password alone was enough */
    CK_VERDICT_NOT_LISTED,     /* asked, but not for this factor */
    CK_VERDICT_NOT_CARRIED_OUT /* nothing is known: *why says what was in the way */
};

/*
 * Logs in afresh and answers with row id and the code that key gives now. The verdict is the
 * result; with NOT_CARRIED_OUT *ret_why is filled, and its code says whether another try makes
 * sense.
 */
enum ck_verdict ck_prove_totp(struct ck_login *login, uint64_t id, const struct ck_otpauth *key,
                              struct ck_error *ret_why);

/* The same for a security key as second factor: answers with this credential and no other. */
enum ck_verdict ck_prove_webauthn(struct ck_login *login, uint64_t id,
                                  const struct ck_bytes *credential, struct ck_error *ret_why);

/*
 * The same for a passkey: as a browser does, without naming credentials to the key; it answers with
 * this one, or with NULL whichever it has. When accepted, *ret_session (may be NULL) is the session
 * with its factor page read, and *ret_credential (may be NULL) the id of the credential that
 * answered.
 */
enum ck_verdict ck_prove_passkey(struct ck_login *login, const struct ck_bytes *credential,
                                 struct ck_session **ret_session, struct ck_bytes *ret_credential,
                                 struct ck_error *ret_why);

/*
 * The same for a YubiKey's one-time passwords, of which the login page lists no rows: the person
 * touches the key that enrolled, or NULL for any. Another key than that, and the same password
 * again, are not carried out (CK_ERR_KEY). *ret_id (may be NULL): the row, where the page tells,
 * else 0.
 */
enum ck_verdict ck_prove_yubiotp(struct ck_login *login, const struct ck_secret *enrolled,
                                 uint64_t *ret_id, struct ck_error *ret_why);

/* What prove found; id is 0 where no row was answered. */
struct ck_proving {
    enum ck_verdict verdict;
    uint64_t id;
    bool computed; /* the code came from login->factor_key, not from the person */
};

/*
 * The same for a factor that exists already: login->factor chooses it (else the only TOTP row), the
 * code comes from login->factor_key or the person. Wrong password and the like are errors.
 */
enum ck_err ck_prove_existing_totp(struct ck_login *login, struct ck_proving *ret_proving,
                                   struct ck_error *err);

/* The same for a security key: login->factor chooses the row, else the key does. */
enum ck_err ck_prove_existing_webauthn(struct ck_login *login, struct ck_proving *ret_proving,
                                       struct ck_error *err);

/* The same for a YubiKey's one-time passwords: whichever of the account's keys is touched. */
enum ck_err ck_prove_existing_yubiotp(struct ck_login *login, struct ck_proving *ret_proving,
                                      struct ck_error *err);

#endif
