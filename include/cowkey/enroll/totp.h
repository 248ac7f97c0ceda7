/* The TOTP enrollment: from a fresh secret to a factor that is known to log in. */
#ifndef COWKEY_ENROLL_TOTP_H
#define COWKEY_ENROLL_TOTP_H

#include "cowkey/enroll/enrollment.h"

enum { CK_CLOCK_SKEW_MAX_S = 30 }; /* above it a computed code proves nothing about a phone */

/*
 * Whether codes may be computed: CK_ERR_UNCHANGED where the server's clock is further off, or (known
 * false) is not told.
 */
enum ck_err ck_clocks_check(bool known, int64_t offset_s, struct ck_error *err);

struct ck_totp_wish {
    struct ck_wish common;
    const struct ck_otpauth *otpauth; /* what the app shall know: issuer, account, fresh key */
    bool unattended;                  /* compute the code instead of asking for it */
    bool accept_clock_skew;           /* unattended: although the clocks disagree */
};

/*
 * Runs the whole sequence. *ret_enrollment is filled in every case, also with an error:
 *
 * - CK_OK: result is RECORDED or ENROLLED, as wished.
 * - CK_ERR_UNKNOWN: after the submit it is not known whether the factor is stored, or whether it
 *   logs in (nothing was taken back); or the old factor could not be removed (result ENROLLED); or
 *   the password was changed before something else failed (result FAILED).
 * - CK_ERR_UNCHANGED: refused, or taken back after the server refused the new factor.
 * - the errors of ck_login_open before the submit. Interrupted after the submit: CK_ERR_UNKNOWN.
 */
enum ck_err ck_enroll_totp(struct ck_login *login, const struct ck_totp_wish *wish,
                           struct ck_enrollment *ret_enrollment, struct ck_error *err);

#endif
