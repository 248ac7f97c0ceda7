/* A new password: told, and tried out. */
#include "cowkey/enroll/password.h"

#include "cowkey/base/ascii.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/utf8.h"
#include "login_internal.h"

enum ck_err ck_password_check(const struct ck_secret *new_password, struct ck_error *err)
{
    const char *text = ck_secret_bytes(new_password);
    size_t size = ck_secret_size(new_password);

    if (size == 0)
        return ck_error_set(err, CK_ERR_USAGE, "the new password is empty");
    if (!ck_utf8_valid(text, size))
        return ck_error_set(err, CK_ERR_USAGE, "the new password is not UTF-8");
    if (!ck_ascii_has_control(text, size))
        return CK_OK;
    ck_error_set(err, CK_ERR_USAGE, "the new password holds control characters");
    return ck_error_hint(err, "A login page could not be given it. A file of a password has one "
                              "line.");
}

/*
 * The page shows passkeys to those accounts only whose password the server itself keeps. For others
 * its answer is "success", or "access denied".
 */
static enum ck_err check_kept_here(const struct ck_login *login, const struct ck_session *session,
                                   struct ck_error *err)
{
    if (ck_session_state(session) != CK_SESSION_OPEN || login->account->role != CK_ROLE_MAILBOX ||
        ck_session_page(session)->passkeys_state == CK_LIST_PRESENT)
        return CK_OK;
    ck_error_set(err, CK_ERR_UNCHANGED, "the password of '%s' is not kept on this server",
                 login->account->name);
    return ck_error_hint(err, "The account logs in through an outside provider (LDAP, Keycloak, "
                              "OIDC): change it there.");
}

static enum ck_err check_not_held(const struct ck_login *login, const struct ck_session *session,
                                  struct ck_error *err)
{
    if (ck_session_state(session) != CK_SESSION_HELD || ck_session_page(session)->change_password)
        return CK_OK;
    ck_error_set(err, CK_ERR_UNCHANGED,
                 "the server holds the account '%s' until it has a second factor",
                 login->account->name);
    return ck_error_hint(err, "Set one up first: 'cowkey enroll totp'.");
}

static enum ck_err log_in(const struct ck_login *login, const struct ck_secret *password,
                          struct ck_session **ret_session, struct ck_error *err)
{
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;
    enum ck_err r =
        ck_session_login(login->settings, login->dialect, login->account, password, &session, err);

    /* A redirect alone may come from a proxy; a page that names the account does not. */
    if (r == CK_OK && ck_session_state(session) == CK_SESSION_OPEN)
        r = ck_session_visit(session, err);
    if (r == CK_OK && ret_session != NULL)
        *ret_session = CK_TAKE(session);
    return r;
}

/* The new one was refused, whatever the server said before: which is in force? */
static enum ck_err which_is_in_force(const struct ck_login *login, struct ck_error *err)
{
    struct ck_error ignored;
    enum ck_err r = log_in(login, login->password, NULL, &ignored);

    if (r == CK_OK) {
        ck_error_set(err, CK_ERR_UNCHANGED,
                     "the server says that it changed the password of '%s', and did not: the old "
                     "one is still in force",
                     login->account->name);
        return ck_error_hint(err, "Try it in a browser, or tell the server's admin.");
    }
    ck_error_set(err, CK_ERR_UNKNOWN,
                 "the server says that it changed the password of '%s', but %s",
                 login->account->name,
                 r == CK_ERR_REFUSED ? "refuses the new one and the old one at login"
                                     : "refuses the new one at login");
    return ck_error_hint(err, r == CK_ERR_REFUSED
                                  ? "An admin of the server can set a new one."
                                  : "Log in with the old password, and if that is refused ask an "
                                    "admin of the server.");
}

static enum ck_err prove(struct ck_login *login, const struct ck_secret *new_password,
                         struct ck_password_change *change, struct ck_error *err)
{
    const struct ck_person *person = login->person;
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;
    struct ck_error cause;

    person->tell_stage(person->data, CK_STAGE_NEW_LOGIN);
    enum ck_err r = log_in(login, new_password, &session, &cause);
    if (r == CK_ERR_UNREACHABLE) {
        person->tell_stage(person->data, CK_STAGE_PROOF_AGAIN);
        r = log_in(login, new_password, &session, &cause);
    }
    if (r == CK_ERR_REFUSED)
        return which_is_in_force(login, err);
    if (r != CK_OK) {
        ck_error_set(err, CK_ERR_UNKNOWN,
                     "the server says that it changed the password, but the login that would show "
                     "it did not get through: %.250s",
                     cause.text);
        return ck_error_hint(
            err, "Log in with the new password, and if that is refused with the old one.");
    }
    change->proved = true;
    if (ck_session_state(session) == CK_SESSION_HELD && ck_session_page(session)->change_password)
        return ck_error_set(err, CK_ERR_UNKNOWN,
                            "the new password logs in, and the server still insists on a change");
    return CK_OK;
}

static enum ck_err submit(struct ck_login *login, struct ck_session *session,
                          const struct ck_secret *new_password, struct ck_password_change *change,
                          struct ck_error *err)
{
    const struct ck_person *person = login->person;

    person->tell_stage(person->data, CK_STAGE_NEW_PASSWORD);
    change->submitted = true;
    return ck_login_submit_password(login, session, new_password, err);
}

enum ck_err ck_password_change_run(struct ck_login *login, const struct ck_secret *new_password,
                                   struct ck_password_change *ret_change, struct ck_error *err)
{
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;

    *ret_change = (struct ck_password_change){.result = CK_CHANGE_FAILED};
    enum ck_err r = ck_password_check(new_password, err);
    if (r == CK_OK && ck_secret_equal(login->password, new_password))
        r = ck_error_set(err, CK_ERR_USAGE, "the new password is the present one");
    if (r == CK_OK)
        r = ck_login_authenticate(login, &session, err);
    if (r == CK_OK)
        r = check_not_held(login, session, err);
    if (r == CK_OK)
        r = check_kept_here(login, session, err);
    if (r != CK_OK)
        return r;
    ret_change->forced = ck_session_state(session) == CK_SESSION_HELD;
    r = submit(login, session, new_password, ret_change, err);
    ck_session_close(&session);
    if (r == CK_OK)
        r = prove(login, new_password, ret_change, err);
    ret_change->result = ck_change_result_of(r);
    return r;
}
