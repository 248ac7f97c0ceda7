/*
 * Changing the own second factors through a session (protocol 3 and 4).
 *
 * The server's alerts are hints; what a call reports is read from the list that the answer shows.
 * The session has to be open with its factor page read, or held for a forced set-up (adding only).
 */
#ifndef COWKEY_MAILCOW_FACTOR_H
#define COWKEY_MAILCOW_FACTOR_H

#include <stdint.h>

#include "cowkey/base/error.h"
#include "cowkey/base/secret.h"
#include "cowkey/mailcow/session.h"

enum {
    CK_FACTOR_LABEL_MAX = 256, /* bytes of a label, with NUL: the server's column */
    CK_FACTOR_TOTP_WINDOW = 1, /* steps to either side of its clock that the server accepts */
};

/*
 * Whether label can be stored and found again: 1..255 bytes of UTF-8 without control characters,
 * U+FFFE and U+FFFF, and without a space at either end, which the server's pages don't show; else
 * CK_ERR_USAGE.
 */
enum ck_err ck_factor_label_check(const char *label, struct ck_error *err);

/*
 * Posts a TOTP secret (upper-case unpadded base32, checked before it is sent: protocol 4.3) with
 * its present code and the account's password (not sent, and may be NULL, in a forced set-up). The
 * session's page is then the one that shows the outcome; comparing its list with the one before is
 * the caller's work. Where a forced change of the password is left after a forced set-up, the
 * session stays held and its page has no list.
 * - CK_ERR_UNCHANGED: the server answered and says no, its page lists what it listed before; or it
 *   had ended the login; or its page offers this account no second factors.
 * - CK_ERR_UNKNOWN: cut, or an answer that is not understood, or another account's page.
 */
enum ck_err ck_factor_add_totp(struct ck_session *session, const char *label,
                               const struct ck_secret *base32, const char *code,
                               const struct ck_secret *password, struct ck_error *err);

/*
 * The same for a YubiKey: client_id and client_key (both checked) are what the server asks
 * Yubico's service with, otp (checked) is a fresh one-time password. The server drops an older row
 * of the same key.
 */
enum ck_err ck_factor_add_yubiotp(struct ck_session *session, const char *label,
                                  const char *client_id, const struct ck_secret *client_key,
                                  const struct ck_secret *otp, const struct ck_secret *password,
                                  struct ck_error *err);

/*
 * Removes one factor by its id, confirmed by reading back. The server refuses to remove the last
 * active one that way (CK_ERR_UNCHANGED), and answers "success" for an unknown id, so the id must
 * be listed on the session's page.
 */
enum ck_err ck_factor_remove(struct ck_session *session, uint64_t id, struct ck_error *err);

/* Removes all second factors (tfa_method=none), confirmed by reading back. Passkeys stay. */
enum ck_err ck_factor_remove_all(struct ck_session *session, const struct ck_secret *password,
                                 struct ck_error *err);

#endif
