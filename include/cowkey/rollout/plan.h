/*
 * The plan of a roll-out: who gets what, one row for each factor.
 *
 * A CSV file (RFC 4180, UTF-8) with a line of headers, or JSON lines: an object a line, all members
 * texts. account, method and route have to be there; role, label, password_ref and group may. No
 * password stands in a plan, and no command: who edits a spreadsheet must not run programs.
 */
#ifndef COWKEY_ROLLOUT_PLAN_H
#define COWKEY_ROLLOUT_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "cowkey/base/error.h"
#include "cowkey/base/text_source.h"
#include "cowkey/mailcow/account.h"
#include "cowkey/mailcow/factor.h"
#include "cowkey/rollout/complaints.h"
#include "cowkey/rollout/policy.h"

enum {
    CK_PLAN_FILE_MAX = 16 * 1024 * 1024, /* bytes of a file */
    CK_PLAN_ROWS_MAX = 100000,           /* rows, bad ones too */
    CK_PLAN_LINE_MAX = 16 * 1024,        /* bytes of a row */
    CK_PASSWORD_REF_MAX = 512,           /* bytes of a password_ref, with the terminating NUL */
};

enum ck_rollout_method {
    CK_ROLLOUT_TOTP,
    CK_ROLLOUT_WEBAUTHN,
    CK_ROLLOUT_PASSKEY,
    CK_ROLLOUT_METHODS
};
const char *ck_rollout_method_name(enum ck_rollout_method method);

/* The way into the account. */
enum ck_rollout_route {
    CK_ROUTE_PASSWORD,       /* its own password logs in */
    CK_ROUTE_SIGN_ON,        /* the single-use sign-on of domain admins */
    CK_ROUTE_LOG_IN_AS,      /* an admin's "log in as" */
    CK_ROUTE_RESET_PASSWORD, /* a new random password, which is handed out */
    CK_ROUTES
};
const char *ck_rollout_route_name(enum ck_rollout_route route);

enum ck_password_kind { CK_PASSWORD_NONE, CK_PASSWORD_FILE, CK_PASSWORD_SECRET };

/* Its texts are the plan's. */
struct ck_plan_item {
    size_t line; /* of the file, from 1 */
    struct ck_account account;
    enum ck_rollout_method method;
    enum ck_rollout_route route;
    enum ck_password_kind password_kind;
    const char
        *password_name; /* a path below the plan's directory, or a name of the secrets file */
    const char *label;  /* a pattern; NULL: the group's */
    const char *group;  /* "default" where the plan names none */
    /* The person's, as the server told it (ck_check_server) with the account's first row; NULL */
    const char *display_name;
};

struct plan_store;

/* {0} is none. A row takes some 24 bytes, and its name: see CK_PLAN_ROWS_MAX. */
struct ck_plan {
    struct plan_store *store; /* owned */
    size_t count;             /* items, in the order of the file */
};
void ck_plan_clear(struct ck_plan *plan);

/* The item of this index, which has to be below count. */
struct ck_plan_item ck_plan_item(const struct ck_plan *plan, size_t index);

/*
 * Reads a file, of which no more than a few rows are held at a time. Rows that are wrong in
 * themselves go to complaints, and are not among the items. CK_ERR_USAGE is a file that is too large
 * or has too many rows; else errors are those of the source.
 */
enum ck_err ck_plan_read(const struct ck_text_source *source, struct ck_plan *ret_plan,
                         struct ck_complaints *complaints, struct ck_error *err);

/* The same for a text that is at hand. */
enum ck_err ck_plan_parse(const char *text, size_t size, struct ck_plan *ret_plan,
                          struct ck_complaints *complaints, struct ck_error *err);

/* Whether a new factor of this item is a security key's. */
bool ck_plan_item_takes_key(const struct ck_plan_item *item);

#endif
