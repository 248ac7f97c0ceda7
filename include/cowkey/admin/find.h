/* Which account is meant, and whether it is an admin's to manage. */
#ifndef COWKEY_ADMIN_FIND_H
#define COWKEY_ADMIN_FIND_H

#include "cowkey/mailcow/admin.h"

/* Whether admin manages accounts of this role; else CK_ERR_USAGE, before the server hears of it. */
enum ck_err ck_find_check_role(const struct ck_admin *admin, enum ck_role role,
                               struct ck_error *err);

/*
 * The account that a name means, read: with '@' a mailbox, "admin" an admin; any other is looked
 * for among the domain admins, then the admins. One that is not there, or not to be managed, is
 * CK_ERR_USAGE; else the errors of ck_admin_read.
 */
enum ck_err ck_find_account(struct ck_admin *admin, const char *name, struct ck_record *ret_record,
                            struct ck_error *err);

#endif
