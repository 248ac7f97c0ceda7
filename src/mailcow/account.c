/* Accounts as a person names them. */
#include "cowkey/mailcow/account.h"

#include <string.h>

#include "cowkey/base/ascii.h"
#include "cowkey/base/utf8.h"

/* What PHP's trim() takes away, but for NUL, which can't be in a C string. */
static const char trimmed[] = " \t\n\r\v";

static enum ck_err parse_name(const char *text, struct ck_account *account, struct ck_error *err)
{
    text += strspn(text, trimmed);
    size_t size = strlen(text);
    while (size > 0 && strchr(trimmed, text[size - 1]) != NULL)
        size--;

    if (size == 0)
        return ck_error_set(err, CK_ERR_USAGE, "the account's name is empty");
    if (size >= sizeof(account->name))
        return ck_error_set(err, CK_ERR_USAGE, "the account's name is longer than %d bytes",
                            CK_ACCOUNT_NAME_MAX - 1);
    if (ck_ascii_has_control(text, size) || !ck_utf8_valid(text, size))
        return ck_error_set(err, CK_ERR_USAGE,
                            "the account's name holds control characters or is not UTF-8");

    /* The server's strtolower() leaves other letters alone, too. */
    for (size_t i = 0; i < size; i++)
        account->name[i] = ck_ascii_lower(text[i]);
    account->name[size] = '\0';
    return CK_OK;
}

static enum ck_err guess_role(struct ck_account *account, struct ck_error *err)
{
    if (strchr(account->name, '@') != NULL) {
        account->role = CK_ROLE_MAILBOX;
    } else if (strcmp(account->name, "admin") == 0) {
        account->role = CK_ROLE_ADMIN;
    } else {
        ck_error_set(err, CK_ERR_USAGE, "the role of the account %s can't be told from its name",
                     account->name);
        return ck_error_hint(err, "Say --role domain-admin or --role admin.");
    }
    return CK_OK;
}

static enum ck_err parse_role(const char *role_name, struct ck_account *account,
                              struct ck_error *err)
{
    static const enum ck_role roles[] = {CK_ROLE_MAILBOX, CK_ROLE_DOMAIN_ADMIN, CK_ROLE_ADMIN};

    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        if (strcmp(role_name, ck_role_name(roles[i])) == 0) {
            account->role = roles[i];
            return CK_OK;
        }
    }
    return ck_error_set(err, CK_ERR_USAGE, "%s is not a role: mailbox, domain-admin and admin are",
                        role_name);
}

enum ck_err ck_account_parse(const char *name, const char *role_name,
                             struct ck_account *ret_account, struct ck_error *err)
{
    struct ck_account account = {0};
    enum ck_err r = parse_name(name, &account, err);

    if (r == CK_OK)
        r = role_name != NULL ? parse_role(role_name, &account, err) : guess_role(&account, err);
    if (r == CK_OK)
        *ret_account = account;
    return r;
}

const char *ck_account_domain(const struct ck_account *account)
{
    const char *at = strrchr(account->name, '@');

    return at != NULL ? at + 1 : "";
}

const char *ck_role_name(enum ck_role role)
{
    switch (role) {
    case CK_ROLE_MAILBOX:
        return "mailbox";
    case CK_ROLE_DOMAIN_ADMIN:
        return "domain-admin";
    case CK_ROLE_ADMIN:
        return "admin";
    }
    return "unknown";
}

const char *ck_role_noun(enum ck_role role, bool plural)
{
    static const char *const nouns[][2] = {
        [CK_ROLE_MAILBOX] = {"mailbox", "mailboxes"},
        [CK_ROLE_DOMAIN_ADMIN] = {"domain admin", "domain admins"},
        [CK_ROLE_ADMIN] = {"admin", "admins"},
    };

    return nouns[role][plural];
}
