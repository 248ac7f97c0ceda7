/*
 * What differs between mailcow's releases, as a table of addresses.
 *
 * The releases from 2025-03 to 2026-01 and those since 2026-03 ("split" and "forced" in
 * mailcow-dialects) use the same addresses; whether an account is held for a forced set-up is read
 * from the page that the login leads to. So a client needs to tell two families apart.
 */
#ifndef COWKEY_MAILCOW_DIALECT_H
#define COWKEY_MAILCOW_DIALECT_H

#include <stdbool.h>

#include "cowkey/base/error.h"
#include "cowkey/mailcow/account.h"
#include "cowkey/mailcow/http.h"

enum ck_dialect {
    CK_DIALECT_SINGLE, /* up to 2025-02: one login page for all roles */
    CK_DIALECT_SPLIT,  /* since 2025-03: a login page for each role */
};

/* Where an account of this role logs in (POST) and where its own factors are listed and changed. */
const char *ck_dialect_login_path(enum ck_dialect dialect, enum ck_role role);
const char *ck_dialect_factor_path(enum ck_dialect dialect, enum ck_role role);

/*
 * Whose start page a login's Location is. Only the single dialect needs to be asked, where any role
 * logs in at the one page; for the other one, and for a path that starts nobody, this is false.
 */
bool ck_dialect_start_role(enum ck_dialect dialect, const char *location, enum ck_role *ret_role);

/* Whether location is where a request for a login page leads an account of this role that is in. */
bool ck_dialect_starts_at(enum ck_dialect dialect, enum ck_role role, const char *location);

/* Whether a log-out that leads to location returned from "log in as" to an account of this role. */
bool ck_dialect_returns_to(enum ck_dialect dialect, enum ck_role role, const char *location);

/*
 * Asks the server what it speaks, in one exchange and a throw-away cookie jar, before any password
 * is sent: GET /api/v1/process/fido2-args (dialects 1.1). When a proxy hides the API the login page
 * is read instead (one exchange more). Something that is not a mailcow is CK_ERR_UNREACHABLE.
 * ret_clock (may be NULL) is that of the first answer.
 */
enum ck_err ck_dialect_probe(const struct ck_http_settings *settings, enum ck_dialect *ret_dialect,
                             struct ck_server_clock *ret_clock, struct ck_error *err);

#endif
