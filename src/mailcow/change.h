/*
 * Changing an account through its session, and what the answer says about it: what changes of
 * second factors and of passkeys have in common.
 */
#ifndef MAILCOW_CHANGE_H
#define MAILCOW_CHANGE_H

#include "session_internal.h"

/* Whether the session is held until a factor is set up. */
bool ck_change_is_setup(const struct ck_session *session);

/* Whether the session is open and its factor page read: else CK_ERR_UNCHANGED. */
enum ck_err ck_change_check_open(const struct ck_session *session, struct ck_error *err);

/*
 * Posts a form to the factor page, with its token, and reads the page that shows the outcome.
 * CK_ERR_UNCHANGED when the server had ended the login, CK_ERR_UNKNOWN when its answer was cut, is
 * not understood or is another account's.
 */
enum ck_err ck_change_submit(struct ck_session *session, struct ck_secret **form,
                             struct ck_page *ret_page, struct ck_error *err);

/* The part after the post: for an answer to a form that was sent elsewhere. */
enum ck_err ck_change_read_outcome(const struct ck_session *session,
                                   const struct ck_response *response, struct ck_page *ret_page,
                                   struct ck_error *err);

/* Makes any error one whose outcome is unknown; CK_OK stays. */
enum ck_err ck_change_unknown(enum ck_err r, struct ck_error *err);

/* The server says no, in the words of its page. */
enum ck_err ck_change_unchanged(const struct ck_page *page, const char *text, struct ck_error *err);

enum ck_err ck_change_session_over(const struct ck_session *session, struct ck_error *err);

#endif
