/*
 * A login to mailcow's web interface: one fresh cookie jar, from the password to the logout.
 *
 * A session knows whose it is. Each page that is read through it has to name its account, and a
 * page of somebody else ends the matter (CK_ERR_UNREACHABLE before a change, CK_ERR_UNKNOWN after
 * one).
 */
#ifndef COWKEY_MAILCOW_SESSION_H
#define COWKEY_MAILCOW_SESSION_H

#include <stdint.h>

#include "cowkey/base/error.h"
#include "cowkey/base/secret.h"
#include "cowkey/mailcow/account.h"
#include "cowkey/mailcow/dialect.h"
#include "cowkey/mailcow/http.h"
#include "cowkey/mailcow/page.h"

enum ck_session_state {
    CK_SESSION_OPEN,        /* logged in; ck_session_visit reads the factor page */
    CK_SESSION_ASKS_FACTOR, /* the password was right; ck_session_page lists authenticators */
    CK_SESSION_HELD,        /* logged in, but held: see setup_factor, change_password of the page */
    CK_SESSION_ASKS_PASSKEY, /* nobody is logged in yet: after ck_passkey_begin, before _finish */
};

struct ck_session;

/*
 * Logs in with the password: exactly one attempt. Leaves a session that is open (the factor page
 * not yet read), asks for a second factor, or is held (login page read: one exchange more). Wrong
 * password, wrong role or deactivated: CK_ERR_REFUSED; the text names the login page that was
 * tried. A page that asks for a second factor may offer nothing that can be answered here (legacy
 * U2F rows): the password was right all the same.
 */
enum ck_err ck_session_login(const struct ck_http_settings *settings, enum ck_dialect dialect,
                             const struct ck_account *account, const struct ck_secret *password,
                             struct ck_session **ret_session, struct ck_error *err);

enum ck_session_state ck_session_state(const struct ck_session *session);

/*
 * The last page that was read; borrowed until the next exchange of the session. Alerts that show a
 * secret which this session sent are left out.
 */
const struct ck_page *ck_session_page(const struct ck_session *session);

/*
 * Seconds that the server's clock is ahead of ours, from the latest Date header. known: was there
 * one.
 */
int64_t ck_session_clock_offset_s(const struct ck_session *session, bool *ret_known);

/* Waits while the server asks for fewer exchanges: before a code is made, see ck_http_wait_turn. */
void ck_session_wait_turn(const struct ck_session *session);

/*
 * Answers the second factor: one attempt, after which the server drops the login when it is wrong
 * (CK_ERR_REFUSED: it says so). id is the row; a Yubico OTP (44 modhex characters) needs none.
 * Right: the session is open, or held for a new password.
 */
enum ck_err ck_session_answer_totp(struct ck_session *session, uint64_t id, const char *code,
                                   struct ck_error *err);
enum ck_err ck_session_answer_yubiotp(struct ck_session *session, const struct ck_secret *otp,
                                      struct ck_error *err);

/*
 * Reads the factor page: proves that the session is usable, and whose it is. One that is held for a
 * new password is CK_ERR_REFUSED, since nothing goes on before that.
 */
enum ck_err ck_session_visit(struct ck_session *session, struct ck_error *err);

/*
 * Changes the own password while the server holds the session for that (protocol 1.3), or with the
 * old password in an open one (old_password may be NULL in a held one). The same password again is
 * CK_ERR_USAGE; refused by the password policy: CK_ERR_UNCHANGED, and another one may be tried.
 * Afterwards the session is over for the caller: log in afresh with the new password, which is also
 * what shows that the server's "success" was true.
 */
enum ck_err ck_session_change_password(struct ck_session *session,
                                       const struct ck_secret *old_password,
                                       const struct ck_secret *new_password, struct ck_error *err);

/*
 * How many active app passwords the own mailbox has (protocol 15); mailbox role only. When the
 * server does not tell, CK_OK with *ret_count = -1.
 */
enum ck_err ck_session_count_app_passwords(struct ck_session *session, int *ret_count,
                                           struct ck_error *err);

/*
 * Names the methods of the rows that session's factor page lists, as far as another login of the
 * account, which is asked for a factor (else nothing is learnt), offers them.
 */
void ck_session_learn_methods(struct ck_session *session, const struct ck_session *asked);

/*
 * Whether the server insists on a second factor for this account: 1, 0, or -1 where nothing that
 * the account may read says so (domain admins, releases before 2026-03). One exchange, or none.
 */
enum ck_err ck_session_read_forced(struct ck_session *session, int *ret_forced,
                                   struct ck_error *err);

/*
 * Logs out whatever the state (also a login that was not finished), frees, and sets NULL. One that
 * was opened in an admin's (log_in_as.h) returns to that; close it first.
 */
void ck_session_close(struct ck_session **session);

#endif
