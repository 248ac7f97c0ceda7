/* Making, listing and removing app passwords: a login around cowkey/mailcow/app_password.h. */
#ifndef COWKEY_ENROLL_APP_PASSWORD_H
#define COWKEY_ENROLL_APP_PASSWORD_H

#include "cowkey/enroll/entry.h"
#include "cowkey/enroll/login.h"
#include "cowkey/mailcow/app_password.h"

/* All is borrowed. */
struct ck_app_password_wish {
    const char *label;
    unsigned protocols;
    const struct ck_secret *password;
    /* Only with the account's first second factor, and unless one of this label is there. */
    bool if_needed;
    /* Makes the password safe for the person; the server is told only after that. */
    enum ck_err (*give)(void *data, struct ck_error *err);
    void *data;
};

struct ck_app_password_change {
    enum ck_change_result result;
    bool submitted;
    struct ck_app_password row; /* its label is owned; id 0: not known */
};

void ck_app_password_change_clear(struct ck_app_password_change *change);

/* Other roles than a mailbox are CK_ERR_USAGE, before there is a login. */
enum ck_err ck_app_password_check_role(const struct ck_account *account, struct ck_error *err);

/*
 * Each logs in, and fills its output in every case. The errors are those of ck_login_open and of
 * the call below; what (a row number, or a label that only one has) that names none or several is
 * CK_ERR_USAGE.
 */
enum ck_err ck_app_password_list_run(struct ck_login *login, struct ck_app_passwords *ret_list,
                                     struct ck_error *err);
enum ck_err ck_app_password_add_run(struct ck_login *login, const struct ck_app_password_wish *wish,
                                    struct ck_app_password_change *ret_change,
                                    struct ck_error *err);
/* ask: whether to go on; CK_ERR_UNCHANGED when the person says no. */
enum ck_err ck_app_password_remove_run(
    struct ck_login *login, const char *what,
    enum ck_err (*ask)(void *data, const struct ck_app_password *row, struct ck_error *err),
    void *data, struct ck_app_password_change *ret_change, struct ck_error *err);

#endif
