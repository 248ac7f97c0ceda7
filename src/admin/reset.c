/* Setting somebody's password, and finding out whether that is true. */
#include "cowkey/admin/reset.h"

#include "cowkey/base/cleanup.h"

enum ck_err ck_reset_check(const struct ck_record *record, struct ck_error *err)
{
    if (record->authsource == CK_AUTHSOURCE_MAILCOW)
        return CK_OK;
    ck_error_set(err, CK_ERR_UNCHANGED, "the password of '%s' is not kept on this server (%s)",
                 record->account.name, ck_authsource_name(record->authsource));
    return ck_error_hint(err, "It is set where the account comes from.");
}

enum ck_err ck_reset_set(const struct ck_reset *reset, const struct ck_record *now,
                         struct ck_record *ret_after, struct ck_error *err)
{
    const struct ck_account_edit edit = {
        .force_tfa = now->force_tfa >= 0 ? reset->force_tfa : -1,
        .force_pw_update = now->force_pw_update >= 0 ? 0 : -1,
        .password = reset->password,
        .disable_tfa = reset->disable_tfa,
    };
    enum ck_err r = ck_reset_check(now, err);

    return r == CK_OK ? ck_admin_edit(reset->by->admin, now, &edit, ret_after, err) : r;
}

static enum ck_err log_in(const struct ck_reset *reset, const struct ck_account *account,
                          struct ck_session **ret_session, struct ck_error *err)
{
    const struct ck_operator *by = reset->by;
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;
    enum ck_err r =
        ck_session_login(by->settings, by->dialect, account, reset->password, &session, err);

    if (r == CK_OK && ck_session_state(session) == CK_SESSION_OPEN)
        r = ck_session_visit(session, err);
    if (r == CK_OK)
        *ret_session = CK_TAKE(session);
    return r;
}

enum ck_err ck_reset_try(const struct ck_reset *reset, const struct ck_account *account,
                         struct ck_session **ret_session, struct ck_error *err)
{
    struct ck_error first;
    enum ck_err r = log_in(reset, account, ret_session, &first);

    if (r == CK_ERR_UNREACHABLE)
        r = log_in(reset, account, ret_session, err);
    else if (r != CK_OK)
        *err = first;
    if (r != CK_ERR_REFUSED)
        return r;
    ck_error_set(err, CK_ERR_UNKNOWN,
                 "the server says that it set the new password of '%s', and refuses it at login",
                 account->name);
    return ck_error_hint(err, "It is not known which password is in force. The account's domain "
                              "may be deactivated: then nobody of it logs in. Else look into the "
                              "server's log, or set one in its web interface.");
}

enum ck_err ck_reset_force_change(const struct ck_operator *by, const struct ck_record *now,
                                  int force_tfa, struct ck_record *ret_after, struct ck_error *err)
{
    const struct ck_account_edit edit = {
        .force_tfa = now->force_tfa >= 0 ? force_tfa : -1,
        .force_pw_update = now->force_pw_update >= 0 ? 1 : -1,
    };

    if (edit.force_tfa < 0 && edit.force_pw_update < 0) {
        *ret_after = *now;
        return CK_OK;
    }
    return ck_admin_edit(by->admin, now, &edit, ret_after, err);
}
