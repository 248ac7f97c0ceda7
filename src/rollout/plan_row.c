/* What a row of a plan says. */
#include "plan_row.h"

#include <stdio.h>
#include <string.h>

#include "policy_value.h"

static const char *const columns[PLAN_COLUMNS] = {
    [PLAN_ACCOUNT] = "account", [PLAN_ROLE] = "role",   [PLAN_METHOD] = "method",
    [PLAN_LABEL] = "label",     [PLAN_ROUTE] = "route", [PLAN_PASSWORD_REF] = "password_ref",
    [PLAN_GROUP] = "group",
};

static const char *const methods[CK_ROLLOUT_METHODS] = {
    [CK_ROLLOUT_TOTP] = "totp",
    [CK_ROLLOUT_WEBAUTHN] = "webauthn",
    [CK_ROLLOUT_PASSKEY] = "passkey",
};

static const char *const routes[CK_ROUTES] = {
    [CK_ROUTE_PASSWORD] = "password",
    [CK_ROUTE_SIGN_ON] = "sign-on",
    [CK_ROUTE_LOG_IN_AS] = "log-in-as",
    [CK_ROUTE_RESET_PASSWORD] = "reset-password",
};

const char *plan_column_name(int column)
{
    return columns[column];
}

int plan_column_find(const char *name, size_t size)
{
    int column = 0;

    while (column < PLAN_COLUMNS &&
           (strlen(columns[column]) != size || memcmp(columns[column], name, size) != 0))
        column++;
    return column;
}

const char *ck_rollout_method_name(enum ck_rollout_method method)
{
    return methods[method];
}

const char *ck_rollout_route_name(enum ck_rollout_route route)
{
    return routes[route];
}

bool ck_plan_item_takes_key(const struct ck_plan_item *item)
{
    return item->method != CK_ROLLOUT_TOTP;
}

/* The index of the word, or count. */
static int find_word(const char *const *words, int count, const char *word)
{
    int i = 0;

    while (i < count && strcmp(words[i], word) != 0)
        i++;
    return i;
}

/* --- the cells; each gives what is wrong, and none quotes what may be a password by mistake --- */

static const char *read_words(const struct plan_row *row, struct ck_plan_item *item)
{
    int method = find_word(methods, CK_ROLLOUT_METHODS, row->cells[PLAN_METHOD]);
    int route = find_word(routes, CK_ROUTES, row->cells[PLAN_ROUTE]);

    if (*row->cells[PLAN_METHOD] == '\0')
        return "the method is missing: totp, webauthn or passkey";
    if (method == CK_ROLLOUT_METHODS)
        return "the method is none of totp, webauthn and passkey";
    if (*row->cells[PLAN_ROUTE] == '\0')
        return "the route is missing: password, sign-on, log-in-as or reset-password";
    if (route == CK_ROUTES)
        return "the route is none of password, sign-on, log-in-as and reset-password";
    item->method = (enum ck_rollout_method)method;
    item->route = (enum ck_rollout_route)route;
    return NULL;
}

/* A path stays below the plan's directory: who edits the plan must not send any file anywhere. */
static const char *check_path(const char *path)
{
    if (*path == '/')
        return "the password_ref names a file outside the plan's directory: give a path relative "
               "to that";
    for (const char *at = path; at != NULL; at = strchr(at, '/')) {
        at += *at == '/';
        size_t size = strcspn(at, "/");
        if (size == 2 && at[0] == '.' && at[1] == '.')
            return "the password_ref leads out of the plan's directory";
    }
    return NULL;
}

static const char *read_password_ref(const char *text, struct ck_plan_item *item)
{
    static const char file[] = "file:", secret[] = "secret:", command[] = "command:";

    if (*text == '\0')
        return NULL;
    if (strlen(text) >= CK_PASSWORD_REF_MAX)
        return "the password_ref is too long";
    if (strncmp(text, command, strlen(command)) == 0)
        return "the password_ref is a command: a plan runs none";
    if (strncmp(text, file, strlen(file)) == 0) {
        item->password_kind = CK_PASSWORD_FILE;
        item->password_name = text + strlen(file);
    } else if (strncmp(text, secret, strlen(secret)) == 0) {
        item->password_kind = CK_PASSWORD_SECRET;
        item->password_name = text + strlen(secret);
    } else {
        return "the password_ref is neither file:PATH nor secret:NAME; passwords themselves never "
               "stand in a plan";
    }
    if (*item->password_name == '\0')
        return "the password_ref names nothing";
    return item->password_kind == CK_PASSWORD_FILE ? check_path(item->password_name) : NULL;
}

/* As the server has it: a passkey is registered without a password, a second factor is not. */
static const char *check_password_given(const struct ck_plan_item *item)
{
    bool given = item->password_kind != CK_PASSWORD_NONE;
    bool is_passkey = item->method == CK_ROLLOUT_PASSKEY;

    switch (item->route) {
    case CK_ROUTE_PASSWORD:
        return given ? NULL : "the route 'password' needs a password_ref";
    case CK_ROUTE_RESET_PASSWORD:
        return given ? "the route 'reset-password' makes a new password: no password_ref" : NULL;
    case CK_ROUTE_SIGN_ON:
    case CK_ROUTE_LOG_IN_AS:
        if (is_passkey)
            return given ? "a passkey by this route needs no password: no password_ref" : NULL;
        return given ? NULL
                     : "the server takes a second factor only with the account's password: it "
                       "needs a password_ref by this route, too";
    case CK_ROUTES:
        break;
    }
    return NULL;
}

static const char *check_route(const struct ck_plan_item *item)
{
    enum ck_role role = item->account.role;

    if (item->route == CK_ROUTE_SIGN_ON && role != CK_ROLE_DOMAIN_ADMIN)
        return "the route 'sign-on' is for domain admins only";
    if (item->route == CK_ROUTE_LOG_IN_AS && role == CK_ROLE_ADMIN)
        return "nobody can log in as an admin: take the route 'password' or 'reset-password'";
    return check_password_given(item);
}

/* --- the row --- */

static const char *read_account(const struct plan_row *row, struct ck_plan_item *item,
                                char text[CK_COMPLAINT_TEXT_MAX])
{
    const char *name = row->cells[PLAN_ACCOUNT], *role = row->cells[PLAN_ROLE];
    struct ck_error why;

    if (ck_account_parse(name, *role != '\0' ? role : NULL, &item->account, &why) != CK_OK) {
        snprintf(text, CK_COMPLAINT_TEXT_MAX, "%s", why.text);
        bool is_role =
            *role != '\0' && ck_account_parse(name, "mailbox", &item->account, &why) == CK_OK;
        return is_role ? "the role is none of mailbox, domain-admin and admin" : text;
    }
    bool has_at = strchr(item->account.name, '@') != NULL;
    return (item->account.role == CK_ROLE_MAILBOX) == has_at
               ? NULL
               : "account and role don't fit: mailboxes have an '@' in their name, others don't";
}

static const char *read_names(const struct plan_row *row, struct ck_plan_item *item,
                              char text[CK_COMPLAINT_TEXT_MAX])
{
    const char *group = row->cells[PLAN_GROUP];
    const char *wrong = ck_label_check(row->cells[PLAN_LABEL]);

    if (*row->cells[PLAN_LABEL] != '\0')
        item->label = row->cells[PLAN_LABEL];
    if (wrong != NULL) {
        snprintf(text, CK_COMPLAINT_TEXT_MAX, "the label %s", wrong);
        return text;
    }
    if (*group != '\0' && policy_check_group(group) != NULL)
        return "the group is none that a policy could have";
    item->group = *group != '\0' ? group : "default";
    return NULL;
}

void plan_row_read(const struct plan_row *row, struct ck_plan_item *ret_item,
                   const char **ret_wrong, char text[CK_COMPLAINT_TEXT_MAX])
{
    struct ck_plan_item item = {.line = row->line};
    const char *wrong = read_account(row, &item, text);

    if (wrong == NULL)
        wrong = read_words(row, &item);
    if (wrong == NULL)
        wrong = read_password_ref(row->cells[PLAN_PASSWORD_REF], &item);
    if (wrong == NULL)
        wrong = check_route(&item);
    if (wrong == NULL)
        wrong = read_names(row, &item, text);
    *ret_wrong = wrong;
    if (wrong == NULL)
        *ret_item = item;
}
