/* A session: its exchanges, its page, whose it is, and its end. */
#include "cowkey/mailcow/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/clock.h"
#include "session_internal.h"

enum {
    LAST_WORDS_MS = 5000,
    SECOND_WORDS_MS = 500, /* with less time left the log-out is not tried again */
    SHOWN_MAX = 15,        /* bytes of a text that a stack trace of PHP shows */
};

enum ck_err ck_session_new(const struct ck_http_settings *settings, enum ck_dialect dialect,
                           const struct ck_account *account, struct ck_session **ret_session,
                           struct ck_error *err)
{
    CK_CLEANUP(ck_session_close) struct ck_session *session = calloc(1, sizeof(*session));

    if (session == NULL)
        return ck_error_no_memory(err);
    session->dialect = dialect;
    session->account = *account;
    session->cancel = settings->cancel;
    session->host = settings->host;
    enum ck_err r = ck_http_new(settings, &session->http, err);
    if (r == CK_OK)
        *ret_session = CK_TAKE(session);
    return r;
}

const char *ck_session_login_path(const struct ck_session *session)
{
    return ck_dialect_login_path(session->dialect, session->account.role);
}

const char *ck_session_factor_path(const struct ck_session *session)
{
    return ck_dialect_factor_path(session->dialect, session->account.role);
}

static void note_clock(struct ck_session *session, const struct ck_response *response)
{
    if (response->server_time_s >= 0) {
        session->clock_offset_s = response->clock_offset_s;
        session->clock_known = true;
    }
}

enum ck_err ck_session_get_piecewise(struct ck_session *session, const char *path, size_t size_max,
                                     const struct ck_http_taker *taker,
                                     struct ck_response *ret_response, struct ck_error *err)
{
    enum ck_err r = ck_http_get_piecewise(session->http, path, size_max, taker, ret_response, err);

    if (r == CK_OK)
        note_clock(session, ret_response);
    return r;
}

enum ck_err ck_session_get_large(struct ck_session *session, const char *path, size_t body_max,
                                 struct ck_response *ret_response, struct ck_error *err)
{
    return ck_session_get_piecewise(session, path, body_max, NULL, ret_response, err);
}

enum ck_err ck_session_get(struct ck_session *session, const char *path,
                           struct ck_response *ret_response, struct ck_error *err)
{
    return ck_session_get_large(session, path, CK_HTTP_BODY_MAX, ret_response, err);
}

static enum ck_err post(struct ck_session *session, const char *path, const char *content_type,
                        const struct ck_secret *body, struct ck_response *ret_response,
                        struct ck_error *err)
{
    enum ck_err r = ck_http_post(session->http, path, content_type, body, ret_response, err);

    if (r == CK_OK)
        note_clock(session, ret_response);
    return r;
}

enum ck_err ck_session_post(struct ck_session *session, const char *path,
                            const struct ck_secret *form, struct ck_response *ret_response,
                            struct ck_error *err)
{
    return post(session, path, "application/x-www-form-urlencoded", form, ret_response, err);
}

enum ck_err ck_session_post_json(struct ck_session *session, const char *path,
                                 const struct ck_secret *json, struct ck_response *ret_response,
                                 struct ck_error *err)
{
    return post(session, path, "application/json", json, ret_response, err);
}

enum ck_err ck_session_post_script(struct ck_session *session, const char *path,
                                   const struct ck_secret *text, struct ck_response *ret_response,
                                   struct ck_error *err)
{
    enum ck_err r = ck_http_post_script(session->http, path, text, ret_response, err);

    if (r == CK_OK)
        note_clock(session, ret_response);
    return r;
}

enum ck_err ck_session_bad_status(int status, enum ck_err code, struct ck_error *err)
{
    ck_error_set(err, code, "the server answered with status %d", status);
    if (status == CK_HTTP_TOO_MANY)
        return ck_error_hint(err, "The server, or a proxy before it, asks for fewer requests: try "
                                  "again in some minutes.");
    if (status == 403)
        return ck_error_hint(err, "A proxy or a firewall before mailcow seems to turn us away.");
    if (status >= 300 && status < 400)
        return ck_error_hint(err, "A proxy before mailcow seems to have other addresses.");
    if (status >= 500)
        return ck_error_hint(err,
                             "The server, or a proxy before it, has a fault: try again later.");
    return code;
}

/* What page says in words, preferring what went wrong; NULL when it says nothing. */
static const char *server_says(const struct ck_page *page)
{
    static const char *const types[] = {"danger", "warning", NULL};

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        const char *text = ck_page_alert(page, types[i]);
        /* The server writes "Array" when it has alerts of two types to show (protocol 0). */
        if (text != NULL && *text && strcmp(text, "Array") != 0)
            return text;
    }
    return NULL;
}

enum ck_err ck_session_hint(struct ck_error *err, const char *advice, const struct ck_page *page)
{
    const char *words = server_says(page);

    if (words == NULL)
        return ck_error_hint(err, "%s", advice);
    return ck_error_hint(err, "%s%sThe server says: '%.300s'.", advice, *advice ? " " : "", words);
}

enum ck_err ck_session_read_page(const struct ck_response *response, struct ck_page *ret_page,
                                 struct ck_error *err)
{
    struct ck_page page = {0};

    if (response->status != 200)
        return ck_session_bad_status(response->status, CK_ERR_UNREACHABLE, err);
    enum ck_err r = ck_page_parse(response->body, response->size, &page, err);
    if (r != CK_OK)
        return r;
    if (!page.is_mailcow) {
        ck_page_clear(&page);
        ck_error_set(err, CK_ERR_UNREACHABLE,
                     "the server answered with a page that is not mailcow's");
        return ck_error_hint(err, "A proxy or a portal seems to be in the way.");
    }
    *ret_page = page;
    return CK_OK;
}

/*
 * The page of a held login has no head, and only a link in its script names the account. Should a
 * release leave that out, the role has to do: the jar was empty before this account's password. It
 * was not when an admin logged in as the account.
 */
enum ck_err ck_session_check_owner(const struct ck_session *session, const struct ck_page *page,
                                   struct ck_error *err)
{
    const char *name = session->account.name;
    bool held = session->lender == NULL && (page->setup_factor || page->change_password);

    if (!page->logged_in)
        return ck_error_set(err, CK_ERR_UNREACHABLE, "the server did not keep the login of '%s'",
                            name);
    if (page->account == NULL && !held)
        return ck_error_set(err, CK_ERR_UNREACHABLE, "the server's page does not say whose it is");
    if (page->role != session->account.role ||
        (page->account != NULL && strcasecmp(page->account, name) != 0))
        return ck_error_set(
            err, CK_ERR_UNREACHABLE, "the server shows a page of the %s '%.200s' instead of '%s'",
            ck_role_name(page->role), page->account != NULL ? page->account : "?", name);
    return CK_OK;
}

enum ck_err ck_session_note_sent(struct ck_session *session, const char *secret, size_t size,
                                 struct ck_error *err)
{
    enum ck_err r = ck_secret_append(&session->sent, secret, size, err);

    return r == CK_OK ? ck_secret_append(&session->sent, "", 1, err) : r;
}

bool ck_sent_shows(const struct ck_secret *sent, const char *text)
{
    const char *at = sent != NULL ? ck_secret_bytes(sent) : NULL;
    const char *end = sent != NULL ? at + ck_secret_size(sent) : NULL;

    for (; at < end; at += strlen(at) + 1) {
        size_t size = strnlen(at, SHOWN_MAX);
        if (size > 0 && memmem(text, strlen(text), at, size) != NULL)
            return true;
    }
    return false;
}

bool ck_session_shows_sent(const struct ck_session *session, const char *text)
{
    return ck_sent_shows(session->sent, text);
}

void ck_session_censor(const struct ck_session *session, struct ck_page *page)
{
    size_t kept = 0;

    for (size_t i = 0; i < page->alerts_count; i++) {
        char *text = page->alerts[i].text;
        if (!ck_session_shows_sent(session, text)) {
            page->alerts[kept++] = page->alerts[i];
            continue;
        }
        ck_secret_erase(text, strlen(text));
        free(text);
    }
    page->alerts_count = kept;
}

void ck_session_keep_page(struct ck_session *session, struct ck_page *page)
{
    ck_session_censor(session, page);
    if (page->confirm_factor)
        ck_offers_note(&session->offers, page);
    else
        ck_offers_tell(&session->offers, page);
    ck_page_clear(&session->page);
    session->page = *page;
    *page = (struct ck_page){0};
}

void ck_session_learn_methods(struct ck_session *session, const struct ck_session *asked)
{
    uint64_t answered_id = session->offers.answered_id;

    if (asked->state != CK_SESSION_ASKS_FACTOR)
        return;
    session->offers = asked->offers;
    session->offers.answered_id = answered_id;
    ck_offers_tell(&session->offers, &session->page);
}

enum ck_session_state ck_session_state(const struct ck_session *session)
{
    return session->state;
}

const struct ck_page *ck_session_page(const struct ck_session *session)
{
    return &session->page;
}

void ck_session_wait_turn(const struct ck_session *session)
{
    ck_http_wait_turn(session->http);
}

int64_t ck_session_clock_offset_s(const struct ck_session *session, bool *ret_known)
{
    *ret_known = session->clock_known;
    return session->clock_offset_s;
}

static enum ck_err not_open(const struct ck_session *session, struct ck_error *err)
{
    const char *name = session->account.name;

    if (session->state == CK_SESSION_HELD && session->page.change_password) {
        ck_error_set(err, CK_ERR_REFUSED,
                     "the server holds the login of '%s' until the password is changed", name);
        return ck_error_hint(err,
                             "Change the password first, for example in a browser: before that "
                             "the server shows nothing else of the account.");
    }
    return ck_error_set(err, CK_ERR_UNCHANGED, "the login of '%s' is not complete", name);
}

enum ck_err ck_session_read_factor_page(struct ck_session *session,
                                        const struct ck_response *response, struct ck_error *err)
{
    CK_CLEANUP(ck_page_clear) struct ck_page page = {0};

    if (response->status == 302) {
        ck_error_set(err, CK_ERR_UNREACHABLE, "the server did not keep the login of '%s'",
                     session->account.name);
        return ck_error_hint(err, "Its page %s leads back to %s.", ck_session_factor_path(session),
                             response->location);
    }
    enum ck_err r = ck_session_read_page(response, &page, err);
    if (r == CK_OK)
        r = ck_session_check_owner(session, &page, err);
    if (r == CK_OK)
        ck_session_keep_page(session, &page);
    return r;
}

enum ck_err ck_session_visit(struct ck_session *session, struct ck_error *err)
{
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};

    if (session->state != CK_SESSION_OPEN)
        return not_open(session, err);
    enum ck_err r = ck_session_get(session, ck_session_factor_path(session), &response, err);
    return r == CK_OK ? ck_session_read_factor_page(session, &response, err) : r;
}

/*
 * Works for every role and state of a login, and on every dialect. It is a private page: the
 * server sends one that is logged out away with an empty answer, while "/" adds its whole login
 * page, which is 40 kB and never compressed (protocol 16).
 */
static const char LOGOUT_PATH[] = "/user";

static bool post_logout(struct ck_session *session, const struct ck_secret *form,
                        struct ck_response *response)
{
    struct ck_error ignored;

    return ck_session_post(session, LOGOUT_PATH, form, response, &ignored) == CK_OK &&
           response->status < 500;
}

/*
 * The server forgets the login only here; that this fails changes nothing about what was done. A
 * connection that was cut, or a proxy with a fault of a moment, is no reason to leave the login,
 * and logging out twice does no harm: so it is tried once more, all within LAST_WORDS_MS.
 */
static bool log_out(struct ck_session *session, struct ck_response *response)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *form = NULL;
    struct ck_error ignored;
    int64_t begun_ms = ck_clock_steady_ms();

    ck_http_set_last_words(session->http, LAST_WORDS_MS);
    if (ck_form_add(&form, "logout", "1", &ignored) != CK_OK)
        return false;
    if (post_logout(session, form, response))
        return true;
    int64_t left_ms = LAST_WORDS_MS - (ck_clock_steady_ms() - begun_ms);
    if (left_ms < SECOND_WORDS_MS)
        return false;
    ck_http_set_last_words(session->http, (unsigned)left_ms);
    ck_http_use_fresh_connection(session->http);
    ck_response_clear(response);
    return post_logout(session, form, response);
}

/*
 * Gives the cookie jar back. The server tells by where it leads that its owner is logged in again;
 * anything else has to be looked at before the jar is used.
 */
static void give_back(struct ck_session *session)
{
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    struct ck_session *lender = session->lender;
    bool done = session->live && log_out(session, &response);

    ck_http_end_last_words(session->http);
    if (session->live)
        lender->return_doubtful =
            !done ||
            !ck_dialect_returns_to(session->dialect, lender->account.role, response.location);
    lender->lent = NULL;
    session->http = NULL;
}

/* One that lent itself may be left in the other account, which takes a log-out of its own. */
static void end(struct ck_session *session)
{
    for (int times = session->has_lent ? 2 : 1; session->live && times > 0; times--) {
        CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
        log_out(session, &response);
    }
    if (session->lent != NULL) {
        session->lent->http = NULL;
        session->lent->lender = NULL;
        session->lent->live = false;
    }
}

void ck_session_close(struct ck_session **session)
{
    if (*session == NULL)
        return;
    if ((*session)->lender != NULL)
        give_back(*session);
    else
        end(*session);
    ck_http_free(&(*session)->http);
    ck_page_clear(&(*session)->page);
    ck_secret_free(&(*session)->sent);
    free(CK_TAKE(*session));
}
