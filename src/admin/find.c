/* Finding accounts by name. */
#include "cowkey/admin/find.h"

enum ck_err ck_find_check_role(const struct ck_admin *admin, enum ck_role role,
                               struct ck_error *err)
{
    if (ck_admin_manages(admin, role))
        return CK_OK;
    ck_error_set(err, CK_ERR_USAGE, "a domain admin manages mailboxes, and no %s",
                 ck_role_noun(role, true));
    return ck_error_hint(err, "Log in as an admin, or give an API key.");
}

/* A domain admin or an admin: only the server tells. */
static enum ck_err find_by_role(struct ck_admin *admin, const char *name,
                                struct ck_record *ret_record, struct ck_error *err)
{
    static const enum ck_role roles[] = {CK_ROLE_DOMAIN_ADMIN, CK_ROLE_ADMIN};

    for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++) {
        struct ck_account account;
        struct ck_error reading;
        if (ck_account_parse(name, ck_role_name(roles[i]), &account, err) != CK_OK ||
            ck_find_check_role(admin, roles[i], err) != CK_OK)
            return err->code;
        enum ck_err r = ck_admin_read(admin, &account, ret_record, &reading);
        if (r == CK_OK)
            return CK_OK;
        if (r != CK_ERR_USAGE) {
            *err = reading;
            return r;
        }
    }
    ck_error_set(err, CK_ERR_USAGE, "no domain admin and no admin is called %.200s", name);
    return ck_error_hint(err, "A mailbox is called by its whole address.");
}

enum ck_err ck_find_account(struct ck_admin *admin, const char *name, struct ck_record *ret_record,
                            struct ck_error *err)
{
    struct ck_account account;
    struct ck_error role_unknown;

    if (ck_account_parse(name, NULL, &account, &role_unknown) != CK_OK)
        return find_by_role(admin, name, ret_record, err);
    enum ck_err r = ck_find_check_role(admin, account.role, err);
    return r == CK_OK ? ck_admin_read(admin, &account, ret_record, err) : r;
}
