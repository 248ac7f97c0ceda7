/*
 * The server's "log in as": an admin's session becomes another account's, without its password
 * (protocol 8).
 */
#ifndef COWKEY_MAILCOW_LOG_IN_AS_H
#define COWKEY_MAILCOW_LOG_IN_AS_H

#include "cowkey/mailcow/session.h"

/*
 * Turns an admin's session into one of account: a mailbox, or (for an admin) a domain admin. The
 * session of the admin has to be open with a page read, since the server ignores the wish before it
 * has rendered one; it is lent to the new session, and rests until that is closed, which returns to
 * the admin.
 *
 * *ret_session is open and its factor page read; it has to name account: anybody else's page is
 * CK_ERR_UNREACHABLE, and nothing else is asked in it. Second factor and holds do not apply;
 * deactivated accounts are opened, too. Close it before the admin's.
 * - CK_ERR_USAGE: an admin's account, or a session that can't do this, or is lent already.
 * - CK_ERR_UNCHANGED: the server ignored the wish: no such account, or not the admin's to manage.
 *   The admin's session is as before.
 */
enum ck_err ck_session_log_in_as(struct ck_session *admin, const struct ck_account *account,
                                 struct ck_session **ret_session, struct ck_error *err);

/*
 * How many security keys the account has as second factors, also switched off ones, as the options
 * for a new one tell (protocol 5.1); -1 where they don't. Options for somebody else, or none, are
 * CK_ERR_UNREACHABLE.
 */
enum ck_err ck_session_count_security_keys(struct ck_session *session, int *ret_count,
                                           struct ck_error *err);

#endif
