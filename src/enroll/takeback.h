/* Taking back a factor that the server stored and then refused: that one, and nothing else. */
#ifndef ENROLL_TAKEBACK_H
#define ENROLL_TAKEBACK_H

#include <stdint.h>

#include "cowkey/enroll/login.h"

/*
 * Removes row id through the session that stored it. had_others says whether the account had
 * factors before. The server refuses to remove the last one by id; then all are removed, but only
 * when the list was empty before and now holds exactly this entry. Otherwise, and when an enforced
 * factor blocks both ways, nothing is removed: CK_ERR_UNKNOWN names the entry and who can remove
 * it.
 */
enum ck_err ck_take_back(const struct ck_login *login, struct ck_session *session, uint64_t id,
                         bool had_others, struct ck_error *err);

/* Removes all factors, once a fresh look has shown that row id is the only one. */
enum ck_err take_back_only(const struct ck_login *login, struct ck_session *session, uint64_t id,
                           struct ck_error *err);

#endif
