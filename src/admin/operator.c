/* The ways into other people's accounts. */
#include "cowkey/admin/operator.h"

#include <string.h>

#include "cowkey/admin/find.h"
#include "cowkey/mailcow/log_in_as.h"

bool ck_operator_may_log_in_as(const struct ck_operator *by, enum ck_role role)
{
    if (by->session == NULL)
        return false;
    return by->account->role == CK_ROLE_ADMIN ? role != CK_ROLE_ADMIN : role == CK_ROLE_MAILBOX;
}

bool ck_operator_may_sign_on(const struct ck_operator *by, const struct ck_record *record)
{
    return ck_admin_account(by->admin) == NULL && record->account.role == CK_ROLE_DOMAIN_ADMIN &&
           record->active;
}

bool ck_operator_may_enter(const struct ck_operator *by, const struct ck_record *record)
{
    return ck_operator_may_log_in_as(by, record->account.role) ||
           ck_operator_may_sign_on(by, record);
}

enum ck_err ck_operator_enter(const struct ck_operator *by, const struct ck_record *record,
                              struct ck_session **ret_session, struct ck_error *err)
{
    const struct ck_account *account = &record->account;

    if (ck_operator_may_log_in_as(by, account->role))
        return ck_session_log_in_as(by->session, account, ret_session, err);
    if (ck_operator_may_sign_on(by, record))
        return ck_admin_sign_on(by->admin, account, ret_session, err);
    ck_error_set(err, CK_ERR_USAGE,
                 "the server lets nobody into the account '%s' with these credentials",
                 account->name);
    if (account->role == CK_ROLE_ADMIN)
        return ck_error_hint(err, "Admins' accounts can't be entered by others.");
    if (account->role == CK_ROLE_DOMAIN_ADMIN)
        return ck_error_hint(err, "The sign-on of domain admins is for active ones only: activate "
                                  "it, or log in as an admin instead of using an API key.");
    return ck_error_hint(err, "An API key opens no mailbox, and a key would be registered for "
                              "nobody: log in as an admin, or as the domain's admin.");
}

static enum ck_err is_own(const struct ck_account *own, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_USAGE, "'%s' is the account that you log in with", own->name);
    return ck_error_hint(err, "For your own account there are 'cowkey password', 'cowkey enroll' "
                              "and 'cowkey remove'.");
}

enum ck_err ck_operator_check(const struct ck_operator *by, const struct ck_account *account,
                              struct ck_error *err)
{
    const struct ck_account *own = by->account;

    if (own != NULL && own->role == account->role && strcmp(own->name, account->name) == 0)
        return is_own(own, err);
    return ck_find_check_role(by->admin, account->role, err);
}

enum ck_err ck_operator_find(const struct ck_operator *by, const char *name,
                             struct ck_account *ret_account, struct ck_error *err)
{
    struct ck_record record;
    struct ck_account as_mailbox;

    /* As the server keeps names; it has each only once, whatever the role. */
    enum ck_err r = ck_account_parse(name, ck_role_name(CK_ROLE_MAILBOX), &as_mailbox, err);
    if (r == CK_OK && by->account != NULL && strcmp(by->account->name, as_mailbox.name) == 0)
        return is_own(by->account, err);
    if (r == CK_OK)
        r = ck_find_account(by->admin, name, &record, err);
    if (r == CK_OK)
        *ret_account = record.account;
    return r;
}
