/* Which existing factor answers a login, and with what: for logging in and for proving. */
#ifndef ENROLL_CHOOSE_H
#define ENROLL_CHOOSE_H

#include "cowkey/enroll/login.h"

/* Whether text is this row number, digit by digit: "0231" is not 231, but may be a label. */
bool ck_row_id_is(uint64_t id, const char *text);

/* How many factors of the page what names (row id or exact label); *ret_first is set when any. */
size_t ck_factor_match(const struct ck_page *page, const char *what,
                       const struct ck_factor **ret_first);

/*
 * The factor of the login page that shall answer: the one that was named, the only one, or the
 * person's choice. What it copies into *ret_factor is borrowed from the page.
 */
enum ck_err ck_login_choose_factor(const struct ck_login *login, const struct ck_page *page,
                                   struct ck_factor *ret_factor, struct ck_error *err);

/* The code for a TOTP factor, computed or asked for; erase it. */
enum ck_err ck_login_code(const struct ck_login *login, const struct ck_session *session,
                          const struct ck_factor *factor, char ret_code[CK_TOTP_CODE_MAX],
                          struct ck_error *err);

#endif
