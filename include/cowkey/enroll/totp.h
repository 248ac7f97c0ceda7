/* The TOTP enrollment: from a fresh secret to a factor that is known to log in. */
#ifndef COWKEY_ENROLL_TOTP_H
#define COWKEY_ENROLL_TOTP_H

#include <stdbool.h>
#include <stdint.h>

#include "cowkey/enroll/login.h"

enum { CK_CLOCK_SKEW_MAX_S = 30 }; /* above it a computed code proves nothing about a phone */

enum ck_evidence {
    CK_EVIDENCE_NONE,
    CK_EVIDENCE_RECORDED, /* the server's list gained the factor */
    CK_EVIDENCE_LOGIN,    /* and a fresh login with it worked */
};

struct ck_totp_wish {
    const struct ck_otpauth *otpauth; /* what the app shall know: issuer, account, fresh key */
    const char *label;                /* name in the server's list */
    enum ck_evidence evidence;        /* RECORDED or LOGIN: how far to go */
    bool unattended;                  /* compute the code instead of asking for it */
    bool accept_clock_skew;           /* unattended: although the clocks disagree */
    const char *replace;              /* id or label of the factor to remove in the end, or NULL */
};

enum ck_enroll_result {
    CK_ENROLL_FAILED,   /* the account is as it was before */
    CK_ENROLL_UNKNOWN,  /* see the error */
    CK_ENROLL_RECORDED, /* in the list, and no more was wanted */
    CK_ENROLL_ENROLLED, /* proved by a login */
};

struct ck_enrollment {
    enum ck_enroll_result result;
    enum ck_evidence evidence;
    bool submitted;  /* the server was told: from here on something may have changed */
    bool code_known; /* a code was there; computed says from where */
    bool code_computed;
    uint64_t factor_id;   /* row of the new factor; 0 when not known */
    uint64_t replaced_id; /* row that was removed for it; 0 when none */
    bool forced;          /* the server held the account until a factor was set up */
    bool clock_known;
    int64_t clock_offset_s; /* server ahead of this computer */
    enum ck_mail_programs mail_programs;
};

/*
 * Runs the whole sequence. *ret_enrollment is filled in every case, also with an error:
 *
 * - CK_OK: result is RECORDED or ENROLLED, as wished.
 * - CK_ERR_UNKNOWN: after the submit it is not known whether the factor is stored, or whether it logs in
 *   (nothing was taken back); or the old factor could not be removed (result ENROLLED); or the password
 *   was changed before something else failed (result FAILED).
 * - CK_ERR_UNCHANGED: refused, or taken back after the server refused the new factor.
 * - the errors of ck_login_open before the submit. Interrupted after the submit: CK_ERR_UNKNOWN.
 */
enum ck_err ck_enroll_totp(struct ck_login *login, const struct ck_totp_wish *wish,
                           struct ck_enrollment *ret_enrollment, struct ck_error *err);

#endif
