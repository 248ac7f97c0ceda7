/* The ways into other people's accounts. */
#include "cowkey/admin/operator.h"

#include <string.h>

#include "cowkey/mailcow/log_in_as.h"

static bool may_log_in_as(const struct ck_operator *by, enum ck_role role)
{
    if (by->session == NULL)
        return false;
    return by->account->role == CK_ROLE_ADMIN ? role != CK_ROLE_ADMIN : role == CK_ROLE_MAILBOX;
}

static bool may_sign_on(const struct ck_operator *by, const struct ck_record *record)
{
    return ck_admin_account(by->admin) == NULL && record->account.role == CK_ROLE_DOMAIN_ADMIN &&
           record->active;
}

bool ck_operator_may_enter(const struct ck_operator *by, const struct ck_record *record)
{
    return may_log_in_as(by, record->account.role) || may_sign_on(by, record);
}

enum ck_err ck_operator_enter(const struct ck_operator *by, const struct ck_record *record,
                              struct ck_session **ret_session, struct ck_error *err)
{
    const struct ck_account *account = &record->account;

    if (may_log_in_as(by, account->role))
        return ck_session_log_in_as(by->session, account, ret_session, err);
    if (may_sign_on(by, record))
        return ck_admin_sign_on(by->admin, account, ret_session, err);
    ck_error_set(err, CK_ERR_USAGE, "the server lets nobody into the account '%s' for it",
                 account->name);
    if (account->role == CK_ROLE_ADMIN)
        return ck_error_hint(err, "Admins' accounts can't be entered by others.");
    if (account->role == CK_ROLE_DOMAIN_ADMIN)
        return ck_error_hint(err, "The sign-on of domain admins is for active ones only: activate "
                                  "it, or log in as an admin instead of using an API key.");
    return ck_error_hint(err, "An API key opens no mailbox, and a key would be registered for "
                              "nobody: log in as an admin, or as the domain's admin.");
}

enum ck_err ck_operator_check(const struct ck_operator *by, const struct ck_account *account,
                              struct ck_error *err)
{
    const struct ck_account *own = by->account;

    if (own != NULL && own->role == account->role && strcmp(own->name, account->name) == 0) {
        ck_error_set(err, CK_ERR_USAGE, "'%s' is the account that you log in with", account->name);
        return ck_error_hint(err, "For your own account there are 'cowkey password', 'cowkey "
                                  "enroll' and 'cowkey remove'.");
    }
    if (ck_admin_manages(by->admin, account->role))
        return CK_OK;
    ck_error_set(err, CK_ERR_USAGE, "a %s does not manage the %s '%s'",
                 own != NULL ? ck_role_name(own->role) : "key", ck_role_name(account->role),
                 account->name);
    return ck_error_hint(err, "Log in as an admin, or give an API key.");
}

enum ck_err ck_operator_find(const struct ck_operator *by, const char *name,
                             struct ck_account *ret_account, struct ck_error *err)
{
    static const char *const roles[] = {"domain-admin", "admin"};
    struct ck_account account;
    struct ck_record record;
    struct ck_error missing;

    if (strchr(name, '@') != NULL)
        return ck_account_parse(name, "mailbox", ret_account, err);
    for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++) {
        if (ck_account_parse(name, roles[i], &account, err) != CK_OK ||
            ck_operator_check(by, &account, err) != CK_OK)
            return err->code;
        enum ck_err r = ck_admin_read(by->admin, &account, &record, &missing);
        if (r == CK_OK)
            *ret_account = account;
        else if (r != CK_ERR_USAGE)
            *err = missing;
        if (r != CK_ERR_USAGE)
            return r;
    }
    return ck_error_set(err, CK_ERR_USAGE, "there is no domain admin or admin called '%.200s'",
                        name);
}
