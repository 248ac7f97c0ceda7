/* Adding and removing second factors, believed only when the list shows it. */
#include "cowkey/mailcow/factor.h"

#include <stdio.h>
#include <string.h>

#include "change.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/utf8.h"
#include "session_internal.h"

enum { BASE32_MAX = 255 }; /* characters: the server's column */

enum ck_err ck_factor_label_check(const char *label, struct ck_error *err)
{
    size_t size = strlen(label);

    if (size == 0)
        return ck_error_set(err, CK_ERR_USAGE, "the label is empty");
    if (size >= CK_FACTOR_LABEL_MAX)
        return ck_error_set(err, CK_ERR_USAGE, "the label is longer than %d bytes",
                            CK_FACTOR_LABEL_MAX - 1);
    if (!ck_utf8_valid(label, size))
        return ck_error_set(err, CK_ERR_USAGE, "the label is not UTF-8");
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)label[i];
        bool c1 = c == 0xc2 && (unsigned char)label[i + 1] < 0xa0;
        if (c < 0x20 || c == 0x7f || c1)
            return ck_error_set(err, CK_ERR_USAGE, "the label holds control characters");
    }
    /* A space at an end would not be found again: the server's page shows nothing of it. */
    if (label[0] == ' ' || label[size - 1] == ' ')
        return ck_error_set(err, CK_ERR_USAGE, "the label begins or ends with a space");
    return CK_OK;
}

/* The server answers a malformed one by writing the password into its log (protocol 4.3). */
static enum ck_err check_base32(const struct ck_secret *base32, struct ck_error *err)
{
    size_t size = ck_secret_size(base32);
    const char *text = ck_secret_bytes(base32);

    if (size >= 1 && size <= BASE32_MAX && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == size)
        return CK_OK;
    return ck_error_set(err, CK_ERR_USAGE,
                        "the secret is not 1 to %d characters of upper-case base32", BASE32_MAX);
}

static enum ck_err check_code(const char *code, struct ck_error *err)
{
    if (strlen(code) == 6 && strspn(code, "0123456789") == 6)
        return CK_OK;
    return ck_error_set(err, CK_ERR_USAGE, "the code is not six digits");
}

/*
 * Accounts that an outside directory knows get a page without the list. The server would store a
 * factor all the same, and never ask for it.
 */
static enum ck_err check_open(const struct ck_session *session, struct ck_error *err)
{
    enum ck_err r = ck_change_check_open(session, err);

    if (r == CK_OK && session->page.factors_state != CK_LIST_PRESENT)
        r = ck_error_set(err, CK_ERR_UNCHANGED, "the server offers '%s' no second factors",
                         session->account.name);
    return r;
}

static bool same_list(const struct ck_page *a, const struct ck_page *b)
{
    if (a->factors_count != b->factors_count)
        return false;
    for (size_t i = 0; i < a->factors_count; i++) {
        if (ck_page_find_factor(b, a->factors[i].id) == NULL)
            return false;
    }
    return true;
}

/* Posts a change and reads the page that shows the outcome: list included. */
static enum ck_err submit(struct ck_session *session, struct ck_secret **form,
                          struct ck_page *ret_page, struct ck_error *err)
{
    CK_CLEANUP(ck_page_clear) struct ck_page page = {0};
    enum ck_err r = ck_change_submit(session, form, &page, err);

    if (r != CK_OK)
        return r;
    if (page.factors_state != CK_LIST_PRESENT)
        return ck_change_unknown(
            ck_error_set(err, CK_ERR_UNKNOWN,
                         "the server's answer does not show the factors of '%s'",
                         session->account.name),
            err);
    *ret_page = page;
    page = (struct ck_page){0};
    return CK_OK;
}

static enum ck_err make_totp_form(const char *label, const struct ck_secret *base32,
                                  const char *code, const struct ck_secret *password,
                                  struct ck_secret **form, struct ck_error *err)
{
    enum ck_err r = ck_form_add(form, "set_tfa", "", err);

    if (r == CK_OK)
        r = ck_form_add(form, "tfa_method", "totp", err);
    if (r == CK_OK)
        r = ck_form_add(form, "key_id", label, err);
    if (r == CK_OK && password != NULL)
        r = ck_form_add_secret(form, "confirm_password", password, err);
    if (r == CK_OK)
        r = ck_form_add_secret(form, "totp_secret", base32, err);
    if (r == CK_OK)
        r = ck_form_add(form, "totp_confirm_token", code, err);
    return r;
}

static enum ck_err add_open(struct ck_session *session, struct ck_secret **form,
                            struct ck_error *err)
{
    CK_CLEANUP(ck_page_clear) struct ck_page after = {0};
    enum ck_err r = submit(session, form, &after, err);

    if (r != CK_OK)
        return r;
    bool same = same_list(&session->page, &after);
    ck_session_keep_page(session, &after);
    if (same)
        return ck_change_unchanged(&session->page, "the server did not store the new factor", err);
    return CK_OK;
}

/*
 * A session still held for the set-up, and an empty list, say no. One that is held for a new
 * password only says yes, although it hides the list.
 */
static enum ck_err judge_setup(const struct ck_session *session, struct ck_error *err)
{
    const struct ck_page *page = &session->page;
    bool listed = page->factors_state == CK_LIST_PRESENT;

    if (session->state == CK_SESSION_HELD && !page->setup_factor)
        return CK_OK;
    if (session->state == CK_SESSION_OPEN && listed && page->factors_count > 0)
        return CK_OK;
    if (session->state == CK_SESSION_HELD || listed)
        return ck_change_unchanged(page, "the server did not store the new factor", err);
    ck_error_set(err, CK_ERR_UNKNOWN, "the server does not show the factors of '%s'",
                 session->account.name);
    return ck_change_unknown(CK_ERR_UNKNOWN, err);
}

static enum ck_err add_setup(struct ck_session *session, struct ck_secret **form,
                             struct ck_error *err)
{
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    CK_CLEANUP(ck_page_clear) struct ck_page page = {0};
    enum ck_err r = ck_form_add(form, "csrf_token", session->page.csrf, err);

    if (r == CK_OK)
        r = ck_session_post(session, ck_session_login_path(session), *form, &response, err);
    if (r != CK_OK)
        return r == CK_ERR_UNKNOWN ? ck_change_unknown(r, err) : r;
    if (response.status == 302) {
        r = ck_change_unknown(ck_session_resettle(session, err), err);
    } else {
        r = ck_change_read_outcome(session, &response, &page, err);
        if (r == CK_OK)
            ck_session_keep_page(session, &page);
    }
    return r == CK_OK ? judge_setup(session, err) : r;
}

enum ck_err ck_factor_add_totp(struct ck_session *session, const char *label,
                               const struct ck_secret *base32, const char *code,
                               const struct ck_secret *password, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *form = NULL;
    bool setup = ck_change_is_setup(session);
    enum ck_err r = setup ? CK_OK : check_open(session, err);

    if (r == CK_OK)
        r = ck_factor_label_check(label, err);
    if (r == CK_OK)
        r = check_base32(base32, err);
    if (r == CK_OK)
        r = check_code(code, err);
    if (r == CK_OK && !setup && password == NULL)
        r = ck_error_set(err, CK_ERR_USAGE, "the password of '%s' is missing",
                         session->account.name);
    if (r == CK_OK)
        r = make_totp_form(label, base32, code, setup ? NULL : password, &form, err);
    if (r == CK_OK)
        r = ck_session_note_sent(session, ck_secret_bytes(base32), ck_secret_size(base32), err);
    if (r == CK_OK)
        r = ck_session_note_sent(session, code, strlen(code), err);
    if (r != CK_OK)
        return r;
    return setup ? add_setup(session, &form, err) : add_open(session, &form, err);
}

enum ck_err ck_factor_remove(struct ck_session *session, uint64_t id, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *form = NULL;
    CK_CLEANUP(ck_page_clear) struct ck_page after = {0};
    char row[24];
    enum ck_err r = check_open(session, err);

    if (r == CK_OK && ck_page_find_factor(&session->page, id) == NULL)
        r = ck_error_set(err, CK_ERR_UNCHANGED, "'%s' has no factor %llu", session->account.name,
                         (unsigned long long)id);
    snprintf(row, sizeof(row), "%llu", (unsigned long long)id);
    if (r == CK_OK)
        r = ck_form_add(&form, "unset_tfa_key", row, err);
    if (r == CK_OK)
        r = submit(session, &form, &after, err);
    if (r != CK_OK)
        return r;
    ck_session_keep_page(session, &after);
    if (ck_page_find_factor(&session->page, id) != NULL)
        return ck_change_unchanged(&session->page, "the server did not remove the factor", err);
    return CK_OK;
}

enum ck_err ck_factor_remove_all(struct ck_session *session, const struct ck_secret *password,
                                 struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *form = NULL;
    CK_CLEANUP(ck_page_clear) struct ck_page after = {0};
    enum ck_err r = check_open(session, err);

    if (r == CK_OK)
        r = ck_form_add(&form, "set_tfa", "", err);
    if (r == CK_OK)
        r = ck_form_add(&form, "tfa_method", "none", err);
    if (r == CK_OK)
        r = ck_form_add_secret(&form, "confirm_password", password, err);
    if (r == CK_OK)
        r = submit(session, &form, &after, err);
    if (r != CK_OK)
        return r;
    bool same = same_list(&session->page, &after);
    ck_session_keep_page(session, &after);
    if (session->page.factors_count == 0)
        return CK_OK;
    if (same)
        return ck_change_unchanged(&session->page, "the server did not remove the factors", err);
    return ck_error_set(err, CK_ERR_UNKNOWN, "the server removed some factors and kept others");
}

static enum ck_err make_yubiotp_form(const char *label, const char *client_id,
                                     const struct ck_secret *client_key,
                                     const struct ck_secret *otp, const struct ck_secret *password,
                                     struct ck_secret **form, struct ck_error *err)
{
    enum ck_err r = ck_form_add(form, "set_tfa", "", err);

    if (r == CK_OK)
        r = ck_form_add(form, "tfa_method", "yubi_otp", err);
    if (r == CK_OK)
        r = ck_form_add(form, "key_id", label, err);
    if (r == CK_OK)
        r = ck_form_add(form, "yubico_id", client_id, err);
    if (r == CK_OK)
        r = ck_form_add_secret(form, "yubico_key", client_key, err);
    if (r == CK_OK)
        r = ck_form_add_secret(form, "otp_token", otp, err);
    if (r == CK_OK && password != NULL)
        r = ck_form_add_secret(form, "confirm_password", password, err);
    return r;
}

enum ck_err ck_factor_add_yubiotp(struct ck_session *session, const char *label,
                                  const char *client_id, const struct ck_secret *client_key,
                                  const struct ck_secret *otp, const struct ck_secret *password,
                                  struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *form = NULL;
    bool setup = ck_change_is_setup(session);
    enum ck_err r = setup ? CK_OK : check_open(session, err);

    if (r == CK_OK)
        r = ck_factor_label_check(label, err);
    if (r == CK_OK && !setup && password == NULL)
        r = ck_error_set(err, CK_ERR_USAGE, "the password of '%s' is missing",
                         session->account.name);
    if (r == CK_OK)
        r = make_yubiotp_form(label, client_id, client_key, otp, setup ? NULL : password, &form,
                              err);
    if (r == CK_OK)
        r = ck_session_note_sent(session, ck_secret_bytes(client_key), ck_secret_size(client_key),
                                 err);
    if (r == CK_OK)
        r = ck_session_note_sent(session, ck_secret_bytes(otp), ck_secret_size(otp), err);
    if (r != CK_OK)
        return r;
    return setup ? add_setup(session, &form, err) : add_open(session, &form, err);
}
