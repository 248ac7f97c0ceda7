/* What this room's files share about a session; everybody else sees cowkey/mailcow/session.h. */
#ifndef MAILCOW_SESSION_INTERNAL_H
#define MAILCOW_SESSION_INTERNAL_H

#include <stdbool.h>

#include "cowkey/mailcow/session.h"
#include "offers.h"

struct ck_session {
    struct ck_http *http;
    struct ck_host host;
    const volatile sig_atomic_t *cancel;
    enum ck_dialect dialect;
    struct ck_account account;
    enum ck_session_state state;
    struct ck_page page;
    struct ck_offers offers;
    struct ck_secret *sent; /* strings that the server's words may not be quoted with */
    bool live;              /* the server may hold a login that has to be ended */
    int64_t clock_offset_s;
    bool clock_known;
    struct ck_session *lender; /* whose cookie jar this is, until this is closed; or NULL */
    struct ck_session *lent;   /* the other way round */
    bool has_lent;             /* one log-out may only return from another account */
    bool return_doubtful;      /* whose session it is now has to be looked at */
};

/* A session with an empty cookie jar, and nobody logged in. */
enum ck_err ck_session_new(const struct ck_http_settings *settings, enum ck_dialect dialect,
                           const struct ck_account *account, struct ck_session **ret_session,
                           struct ck_error *err);

const char *ck_session_login_path(const struct ck_session *session);
const char *ck_session_factor_path(const struct ck_session *session);

/* ck_http_get, _post of a form or of JSON, and _post_script; all note the server's clock. */
enum ck_err ck_session_get(struct ck_session *session, const char *path,
                           struct ck_response *ret_response, struct ck_error *err);
/* The same for an answer of up to body_max bytes. */
enum ck_err ck_session_get_large(struct ck_session *session, const char *path, size_t body_max,
                                 struct ck_response *ret_response, struct ck_error *err);
/* The same piece by piece: see ck_http_get_piecewise. */
enum ck_err ck_session_get_piecewise(struct ck_session *session, const char *path, size_t size_max,
                                     const struct ck_http_taker *taker,
                                     struct ck_response *ret_response, struct ck_error *err);
enum ck_err ck_session_post(struct ck_session *session, const char *path,
                            const struct ck_secret *form, struct ck_response *ret_response,
                            struct ck_error *err);
enum ck_err ck_session_post_json(struct ck_session *session, const char *path,
                                 const struct ck_secret *json, struct ck_response *ret_response,
                                 struct ck_error *err);

enum ck_err ck_session_post_script(struct ck_session *session, const char *path,
                                   const struct ck_secret *text, struct ck_response *ret_response,
                                   struct ck_error *err);

/* The mailcow page that a response of status 200 holds; anything else is CK_ERR_UNREACHABLE. */
enum ck_err ck_session_read_page(const struct ck_response *response, struct ck_page *ret_page,
                                 struct ck_error *err);

/* Whether page shows this session's account, logged in; else CK_ERR_UNREACHABLE. */
enum ck_err ck_session_check_owner(const struct ck_session *session, const struct ck_page *page,
                                   struct ck_error *err);

/*
 * Notes a secret, or a code, that is about to be sent. The server may show it again: some failures
 * end in a dump of all that was posted, as an alert (protocol 4.3).
 */
enum ck_err ck_session_note_sent(struct ck_session *session, const char *secret, size_t size,
                                 struct ck_error *err);

/* Whether text holds something that was noted. */
bool ck_session_shows_sent(const struct ck_session *session, const char *text);

/* The same for what was collected as ck_session_note_sent does: strings, each with its NUL. */
bool ck_sent_shows(const struct ck_secret *sent, const char *text);

/*
 * Whether the session is its account's: one that is lent is CK_ERR_USAGE, and where it is not sure
 * that a lent one came back its factor page is read.
 */
enum ck_err ck_session_check_returned(struct ck_session *session, struct ck_error *err);

/*
 * Whether page is of another session than the one whose page was kept, by its form token: a server
 * that lost the session begins a new one under the same cookie, and says no to what it knows nothing
 * of (protocol 1.1).
 */
bool ck_session_is_another(const struct ck_session *session, const struct ck_page *page);

/* Drops the alerts of page that hold something that was noted. */
void ck_session_censor(const struct ck_session *session, struct ck_page *page);

/* Censors page and makes it, which is emptied, the session's page. */
void ck_session_keep_page(struct ck_session *session, struct ck_page *page);

/* Makes the factor page that a response holds the session's page, when it is its account's. */
enum ck_err ck_session_read_factor_page(struct ck_session *session,
                                        const struct ck_response *response, struct ck_error *err);

/*
 * Reads the factor page in a session that was held: it is open, or still held for whatever its page
 * says.
 */
enum ck_err ck_session_resettle(struct ck_session *session, struct ck_error *err);

/* Answers the second factor with a form: one attempt, as ck_session_answer_totp. */
enum ck_err ck_session_answer(struct ck_session *session, const struct ck_secret *form,
                              struct ck_error *err);

/* The error of a login's exchange: a login changes nothing, so its outcome is never unknown. */
enum ck_err ck_session_nothing_changed(const struct ck_session *session, enum ck_err r,
                                       struct ck_error *err);

/*
 * After a 302 that says yes to a login: opens the session, or reads the page that it is held at.
 * Other answers of a login are the caller's.
 */
enum ck_err ck_session_settle(struct ck_session *session, const char *location,
                              struct ck_error *err);

/* Whether location is the login page of the account's role, or the one that all share. */
bool ck_session_leads_to_login(const struct ck_session *session, const char *location);

/* The error for an answer whose status is not foreseen. */
enum ck_err ck_session_bad_status(int status, enum ck_err code, struct ck_error *err);

/* Sets the hint to advice, and what the page, which was censored, says, if anything. */
enum ck_err ck_session_hint(struct ck_error *err, const char *advice, const struct ck_page *page);

#endif
