/*
 * A new password for somebody else: handed out first, then set without a forced change, then tried
 * out. The forced change comes last, when all else is done.
 */
#ifndef COWKEY_ADMIN_RESET_H
#define COWKEY_ADMIN_RESET_H

#include "cowkey/admin/operator.h"
#include "cowkey/base/secret.h"

/* All is borrowed. */
struct ck_reset {
    const struct ck_operator *by;
    const struct ck_secret *password; /* the new one */
    int force_tfa;                    /* what that flag is to be meanwhile: 1, 0; -1: as it is */
    /* (Domain) admins: switches the factors off until the next login. */
    bool disable_tfa;
};

/* CK_ERR_UNCHANGED when the account's password is not kept on this server, and can't be set. */
enum ck_err ck_reset_check(const struct ck_record *record, struct ck_error *err);

/*
 * Sets it, with no forced change; the errors and *ret_after are those of ck_admin_edit. The
 * server's "success" is no evidence: see ck_reset_try.
 */
enum ck_err ck_reset_set(const struct ck_reset *reset, const struct ck_record *now,
                         struct ck_record *ret_after, struct ck_error *err);

/*
 * Logs in with it, once more when that did not get through. A session that is open (factor page
 * read), asks for a factor, or is held for one, shows that the password is in force; close it. A
 * refusal is CK_ERR_UNKNOWN: the server lied, and nobody knows which password is in force.
 * Deactivated accounts can't log in at all.
 */
enum ck_err ck_reset_try(const struct ck_reset *reset, const struct ck_account *account,
                         struct ck_session **ret_session, struct ck_error *err);

/*
 * Insists on a change of the password at the next login, and on what force_tfa says (-1: as it is),
 * as far as the release knows that; read back.
 */
enum ck_err ck_reset_force_change(const struct ck_operator *by, const struct ck_record *now,
                                  int force_tfa, struct ck_record *ret_after, struct ck_error *err);

#endif
