/* Whose account: the roles that mailcow knows, and which role a name suggests. */
#ifndef COWKEY_MAILCOW_ACCOUNT_H
#define COWKEY_MAILCOW_ACCOUNT_H

#include <stdbool.h>

#include "cowkey/base/error.h"

enum ck_role { CK_ROLE_MAILBOX, CK_ROLE_DOMAIN_ADMIN, CK_ROLE_ADMIN };
enum { CK_ROLES_COUNT = CK_ROLE_ADMIN + 1 };

enum { CK_ACCOUNT_NAME_MAX = 256 }; /* bytes, with the terminating NUL */

/* name as the server keeps it: trimmed and, in ASCII, lower case (protocol 1). */
struct ck_account {
    char name[CK_ACCOUNT_NAME_MAX];
    enum ck_role role;
};

/*
 * Makes an account of what a person gave. role_name is "mailbox", "domain-admin", "admin" or NULL;
 * with NULL a name with '@' is a mailbox, "admin" is an admin and any other name is CK_ERR_USAGE.
 * An empty name, one that is too long and one with control characters are CK_ERR_USAGE.
 */
enum ck_err ck_account_parse(const char *name, const char *role_name,
                             struct ck_account *ret_account, struct ck_error *err);

/* As options, documents and the journal have it: "domain-admin". */
/* The domain of a mailbox, within its name; "" for other accounts. */
const char *ck_account_domain(const struct ck_account *account);

const char *ck_role_name(enum ck_role role);
/* For sentences: "domain admin"; plural: "domain admins". */
const char *ck_role_noun(enum ck_role role, bool plural);

#endif
