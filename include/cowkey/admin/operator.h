/* Who acts for others: an API key, or the own session of an admin or a domain admin. */
#ifndef COWKEY_ADMIN_OPERATOR_H
#define COWKEY_ADMIN_OPERATOR_H

#include <stdbool.h>

#include "cowkey/mailcow/admin.h"
#include "cowkey/mailcow/session.h"

/* All is borrowed. */
struct ck_operator {
    const struct ck_http_settings *settings;
    enum ck_dialect dialect;
    struct ck_admin *admin;           /* by an API key, or in session */
    struct ck_session *session;       /* the own one; NULL with an API key alone */
    const struct ck_account *account; /* whose that is */
};

/*
 * Whether there is a way into the account without its password, as far as the server's rules tell:
 * "log in as" from an own session (not into admins), the single-use sign-on of active domain
 * admins with an API key (protocol 8).
 */
bool ck_operator_may_enter(const struct ck_operator *by, const struct ck_record *record);
/* The two ways, each alone. */
bool ck_operator_may_log_in_as(const struct ck_operator *by, enum ck_role role);
bool ck_operator_may_sign_on(const struct ck_operator *by, const struct ck_record *record);

/*
 * Opens a session of the account that way: its factor page is read and names it. Second factor and
 * holds do not apply. While one is open that came of an own session, admin rests. No way:
 * CK_ERR_USAGE; else the errors of ck_session_log_in_as and ck_admin_sign_on.
 */
enum ck_err ck_operator_enter(const struct ck_operator *by, const struct ck_record *record,
                              struct ck_session **ret_session, struct ck_error *err);

/* Which account a name means (ck_find_account); the own one is CK_ERR_USAGE. */
enum ck_err ck_operator_find(const struct ck_operator *by, const char *name,
                             struct ck_account *ret_account, struct ck_error *err);

/*
 * Whether the account is somebody else's, and of a role that the operator manages; else
 * CK_ERR_USAGE.
 */
enum ck_err ck_operator_check(const struct ck_operator *by, const struct ck_account *account,
                              struct ck_error *err);

#endif
