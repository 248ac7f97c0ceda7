/* An admin's session that becomes another account's, and comes back (protocol 8). */
#include "cowkey/mailcow/log_in_as.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/encode.h"
#include "session_internal.h"

enum ck_err ck_session_check_returned(struct ck_session *session, struct ck_error *err)
{
    if (session->lent != NULL)
        return ck_error_set(err, CK_ERR_USAGE, "the login of '%s' is lent to '%s' just now",
                            session->account.name, session->lent->account.name);
    if (!session->return_doubtful)
        return CK_OK;
    enum ck_err r = ck_session_visit(session, err);
    session->return_doubtful = r != CK_OK;
    return r;
}

static enum ck_err check_wish(const struct ck_session *admin, const struct ck_account *account,
                              struct ck_error *err)
{
    enum ck_role role = admin->account.role;
    bool has_at = strchr(account->name, '@') != NULL;

    if (role == CK_ROLE_MAILBOX || admin->lender != NULL)
        return ck_error_set(err, CK_ERR_USAGE, "'%s' is no admin: it can't log in as others",
                            admin->account.name);
    if (account->role == CK_ROLE_ADMIN)
        return ck_error_set(err, CK_ERR_USAGE, "nobody can log in as the admin '%s'",
                            account->name);
    if (account->role == CK_ROLE_DOMAIN_ADMIN && role != CK_ROLE_ADMIN)
        return ck_error_set(err, CK_ERR_USAGE, "only an admin can log in as the domain admin '%s'",
                            account->name);
    /* By this the server tells whether a mailbox or a domain admin is meant. */
    if (has_at != (account->role == CK_ROLE_MAILBOX))
        return ck_error_set(err, CK_ERR_USAGE, "'%s' is not the name of a %s", account->name,
                            ck_role_name(account->role));
    return ck_change_check_open(admin, err);
}

/* What the admin's cookie jar looks like through the eyes of the other account. */
static enum ck_err borrow(struct ck_session *admin, const struct ck_account *account,
                          struct ck_session **ret_session, struct ck_error *err)
{
    struct ck_session *session = calloc(1, sizeof(*session));

    if (session == NULL)
        return ck_error_no_memory(err);
    session->http = admin->http;
    session->host = admin->host;
    session->cancel = admin->cancel;
    session->dialect = admin->dialect;
    session->account = *account;
    session->state = CK_SESSION_OPEN;
    session->clock_offset_s = admin->clock_offset_s;
    session->clock_known = admin->clock_known;
    session->lender = admin;
    admin->lent = session;
    admin->has_lent = true;
    *ret_session = session;
    return CK_OK;
}

static enum ck_err not_let_in(const struct ck_session *session, struct ck_error *err)
{
    const struct ck_account *admin = &session->lender->account;

    ck_error_set(err, CK_ERR_UNCHANGED, "the server did not let '%s' log in as '%s'", admin->name,
                 session->account.name);
    return ck_error_hint(err, "%s",
                         admin->role == CK_ROLE_ADMIN
                             ? "It may have no such account."
                             : "It may have no such account, or the domain admin does not manage "
                               "it, or has not got the permission \"login as\".");
}

static enum ck_err ask(struct ck_session *session, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *name = NULL;
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    char path[CK_HTTP_PATH_MAX];
    enum ck_err r =
        ck_percent_encode(&name, session->account.name, strlen(session->account.name), err);

    if (r != CK_OK)
        return r;
    snprintf(path, sizeof(path), "%s?duallogin=%s", ck_session_login_path(session),
             ck_secret_bytes(name));
    /* From here on the server may have done it, whatever becomes of its answer. */
    session->live = true;
    r = ck_session_get(session, path, &response, err);
    if (r == CK_OK && response.status != 302)
        return ck_session_bad_status(response.status, CK_ERR_UNREACHABLE, err);
    /* It leads to the start page of whoever is logged in now. */
    if (r != CK_OK ||
        !ck_dialect_starts_at(session->dialect, session->lender->account.role, response.location))
        return r;
    session->live = false;
    return not_let_in(session, err);
}

enum ck_err ck_session_log_in_as(struct ck_session *admin, const struct ck_account *account,
                                 struct ck_session **ret_session, struct ck_error *err)
{
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;
    enum ck_err r = check_wish(admin, account, err);

    if (r == CK_OK)
        r = ck_session_check_returned(admin, err);
    if (r == CK_OK)
        r = borrow(admin, account, &session, err);
    if (r == CK_OK)
        r = ask(session, err);
    if (r == CK_OK)
        r = ck_session_visit(session, err);
    if (r == CK_OK)
        *ret_session = CK_TAKE(session);
    return r;
}
