/* App passwords, each time by a login of its own. */
#include "cowkey/enroll/app_password.h"

#include <stdlib.h>
#include <string.h>

#include "choose.h"
#include "cowkey/base/cleanup.h"

enum ck_err ck_app_password_check_role(const struct ck_account *account, struct ck_error *err)
{
    if (account->role == CK_ROLE_MAILBOX)
        return CK_OK;
    return ck_error_set(err, CK_ERR_USAGE, "'%s' is no mailbox: only those have app passwords",
                        account->name);
}

static enum ck_err open_session(struct ck_login *login, struct ck_session **ret_session,
                                struct ck_error *err)
{
    enum ck_err r = ck_app_password_check_role(login->account, err);

    return r == CK_OK ? ck_login_open(login, ret_session, err) : r;
}

enum ck_err ck_app_password_list_run(struct ck_login *login, struct ck_app_passwords *ret_list,
                                     struct ck_error *err)
{
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;

    *ret_list = (struct ck_app_passwords){0};
    enum ck_err r = open_session(login, &session, err);
    return r == CK_OK ? ck_app_passwords_read(session, ret_list, err) : r;
}

static enum ck_err copy_row(const struct ck_app_password *row,
                            struct ck_app_password_change *change, struct ck_error *err)
{
    char *label = strdup(row->label);

    if (label == NULL)
        return ck_error_no_memory(err);
    change->row = *row;
    change->row.label = label;
    return CK_OK;
}

enum ck_err ck_app_password_add_run(struct ck_login *login, const struct ck_app_password_wish *wish,
                                    struct ck_app_password_change *ret_change, struct ck_error *err)
{
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;
    const struct ck_app_password row = {
        .label = (char *)wish->label, .protocols = wish->protocols, .active = true};

    *ret_change = (struct ck_app_password_change){.result = CK_CHANGE_FAILED};
    enum ck_err r = copy_row(&row, ret_change, err);
    if (r == CK_OK)
        r = open_session(login, &session, err);
    if (r == CK_OK)
        r = wish->give(wish->data, err);
    if (r != CK_OK)
        return r;
    ret_change->submitted = true;
    r = ck_app_password_add(session, wish->label, wish->protocols, wish->password,
                            &ret_change->row.id, err);
    ret_change->result = ck_change_result_of(r);
    return r;
}

static enum ck_err pick(const struct ck_app_passwords *list, const char *what,
                        const struct ck_app_password **ret_row, struct ck_error *err)
{
    const struct ck_app_password *found = NULL;
    size_t matches = 0;

    for (size_t i = 0; i < list->count; i++) {
        if (ck_row_id_is(list->rows[i].id, what)) {
            *ret_row = &list->rows[i];
            return CK_OK;
        }
        if (strcmp(list->rows[i].label, what) == 0) {
            found = &list->rows[i];
            matches++;
        }
    }
    if (matches == 1) {
        *ret_row = found;
        return CK_OK;
    }
    ck_error_set(err, CK_ERR_USAGE, "%s the ID or label '%.200s'",
                 matches == 0 ? "no app password has" : "more than one app password has", what);
    return ck_error_hint(err, "'cowkey app-password list' shows the IDs.");
}

enum ck_err ck_app_password_remove_run(
    struct ck_login *login, const char *what,
    enum ck_err (*ask)(void *data, const struct ck_app_password *row, struct ck_error *err),
    void *data, struct ck_app_password_change *ret_change, struct ck_error *err)
{
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;
    CK_CLEANUP(ck_app_passwords_clear) struct ck_app_passwords list = {0};
    const struct ck_app_password *row = NULL;

    *ret_change = (struct ck_app_password_change){.result = CK_CHANGE_FAILED};
    enum ck_err r = open_session(login, &session, err);
    if (r == CK_OK)
        r = ck_app_passwords_read(session, &list, err);
    if (r == CK_OK)
        r = pick(&list, what, &row, err);
    if (r == CK_OK)
        r = copy_row(row, ret_change, err);
    if (r == CK_OK)
        r = ask(data, row, err);
    if (r != CK_OK)
        return r;
    ret_change->submitted = true;
    r = ck_app_password_remove(session, row->id, err);
    ret_change->result = ck_change_result_of(r);
    return r;
}

void ck_app_password_change_clear(struct ck_app_password_change *change)
{
    free(change->row.label);
    *change = (struct ck_app_password_change){0};
}
