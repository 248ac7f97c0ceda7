/* The steps that registration and login have in common (WebAuthn Level 3, sections 7.1 and 7.2). */
#ifndef WEBAUTHN_CEREMONY_H
#define WEBAUTHN_CEREMONY_H

#include <stdbool.h>

#include "cowkey/webauthn/authenticator_data.h"
#include "cowkey/webauthn/client_data.h"

struct ck_ceremony_terms {
    enum ck_ceremony ceremony;
    const struct ck_bytes *challenge; /* NULL: any */
    const char *origin;
    const char *rp_id;
    bool user_verification_required;
};

/*
 * Steps 5 to 11 of 7.1, 8 to 14 of 7.2. *ret_reason: NULL, "client-data", "type", "challenge",
 * "origin" or "cross-origin".
 */
enum ck_err ck_ceremony_check_client_data(const struct ck_bytes *json,
                                          const struct ck_ceremony_terms *terms,
                                          const char **ret_reason, struct ck_error *err);

/*
 * Steps 14 to 17 of 7.1, 15 to 18 of 7.2. *ret_reason: NULL, "rp-id", "user-present",
 * "user-verified" or "backup-state".
 */
enum ck_err ck_ceremony_check_data(const struct ck_authenticator_data *data,
                                   const struct ck_ceremony_terms *terms, const char **ret_reason,
                                   struct ck_error *err);

/*
 * For a part that is read: what is malformed gives the reason and is no error; want of memory is
 * one. Returns whether the caller is done, with *r as its result.
 */
bool ck_ceremony_is_over(enum ck_err *r, const char *reason, const char **ret_reason);

#endif
