#include "change.h"

#include "cowkey/base/cleanup.h"

bool ck_change_is_setup(const struct ck_session *session)
{
    return session->state == CK_SESSION_HELD && session->page.setup_factor;
}

enum ck_err ck_change_check_open(const struct ck_session *session, struct ck_error *err)
{
    const char *name = session->account.name;

    if (session->state != CK_SESSION_OPEN)
        return ck_error_set(err, CK_ERR_UNCHANGED, "the login of '%s' is not complete", name);
    if (!*session->page.csrf)
        return ck_error_set(err, CK_ERR_UNCHANGED, "the page of '%s' was not read yet", name);
    return CK_OK;
}

/* After a post nothing but its answer says what was done: all that is not understood is unknown. */
enum ck_err ck_change_unknown(enum ck_err r, struct ck_error *err)
{
    if (r == CK_OK)
        return CK_OK;
    err->code = CK_ERR_UNKNOWN;
    return ck_error_hint(err, "List the account's factors before you try again.");
}

enum ck_err ck_change_unchanged(const struct ck_page *page, const char *text, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_UNCHANGED, "%s", text);
    return ck_session_hint(err, "", page);
}

enum ck_err ck_change_session_over(const struct ck_session *session, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_UNCHANGED, "the server had ended the login of '%s'",
                 session->account.name);
    return ck_error_hint(err, "Nothing was changed: start again.");
}

/*
 * The server looks whether somebody is logged in before it acts, so a page that is logged out, or a
 * redirect to log in, was not acted for.
 */
enum ck_err ck_change_read_outcome(const struct ck_session *session,
                                   const struct ck_response *response, struct ck_page *ret_page,
                                   struct ck_error *err)
{
    CK_CLEANUP(ck_page_clear) struct ck_page page = {0};

    if (response->status == 302 && session->state == CK_SESSION_OPEN &&
        ck_session_leads_to_login(session, response->location))
        return ck_change_session_over(session, err);
    if (response->status == 200 && response->size == 0)
        return ck_change_unknown(
            ck_error_set(err, CK_ERR_UNKNOWN, "the server failed during the change"), err);
    enum ck_err r = ck_session_read_page(response, &page, err);
    if (r != CK_OK)
        return ck_change_unknown(r, err);
    if (!page.logged_in)
        return ck_change_session_over(session, err);
    r = ck_session_check_owner(session, &page, err);
    if (r != CK_OK)
        return ck_change_unknown(r, err);
    *ret_page = page;
    page = (struct ck_page){0};
    return CK_OK;
}

enum ck_err ck_change_submit(struct ck_session *session, struct ck_secret **form,
                             struct ck_page *ret_page, struct ck_error *err)
{
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    enum ck_err r = ck_form_add(form, "csrf_token", session->page.csrf, err);

    if (r == CK_OK)
        r = ck_session_post(session, ck_session_factor_path(session), *form, &response, err);
    if (r != CK_OK)
        return r == CK_ERR_UNKNOWN ? ck_change_unknown(r, err) : r;
    return ck_change_read_outcome(session, &response, ret_page, err);
}
