/* What an enrollment of any kind is asked for, and what came of it. */
#ifndef COWKEY_ENROLL_ENROLLMENT_H
#define COWKEY_ENROLL_ENROLLMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "cowkey/enroll/login.h"
#include "cowkey/mailcow/factor.h"
#include "cowkey/webauthn/credential.h"

enum ck_evidence {
    CK_EVIDENCE_NONE,
    CK_EVIDENCE_RECORDED, /* the server's list gained the factor */
    CK_EVIDENCE_LOGIN,    /* and a fresh login with it worked */
};

enum ck_enroll_result {
    CK_ENROLL_FAILED,   /* the account's factors are as they were before */
    CK_ENROLL_UNKNOWN,  /* see the error */
    CK_ENROLL_RECORDED, /* in the list, and no more was wanted */
    CK_ENROLL_ENROLLED, /* proved by a login */
};

struct ck_app_password_wish;

/* What every kind is asked for. */
struct ck_wish {
    const char *label;         /* name in the server's list */
    enum ck_evidence evidence; /* RECORDED or LOGIN: how far to go */
    const char *replace; /* id or label of the factor (passkey) to remove in the end, or NULL */
    /* An app password to make right before, which goes again when nothing is enrolled; or NULL. */
    const struct ck_app_password_wish *app_password;
};

/*
 * The code_* members are for TOTP, credential for the other two; clear it with ck_enrollment_clear.
 * A second factor has a row, a passkey a cid instead.
 */
struct ck_enrollment {
    enum ck_enroll_result result;
    enum ck_evidence evidence;
    bool submitted; /* the server was told: from here on something may have changed */
    /* Second factors that were listed before: known when the witness is told. */
    uint64_t before[CK_PAGE_FACTORS_MAX];
    size_t before_count;
    bool proof_refused;   /* the server took the proof's answer and said no: a failed login */
    enum ck_err hindered; /* why the proof was not carried out; CK_OK: it was, or none was wanted */
    bool code_known;      /* a code was there; computed says from where */
    bool code_computed;
    uint64_t factor_id;                      /* row of the new factor; 0 when not known */
    uint64_t replaced_id;                    /* row that was removed for it; 0 when none */
    char cid[CK_PAGE_CID_SIZE + 1];          /* of the new passkey; "" when not known */
    char replaced_cid[CK_PAGE_CID_SIZE + 1]; /* of the one that was removed; "" when none */
    int cid_digits;                          /* how many digits of them stand in an ID */
    char listed_as[CK_FACTOR_LABEL_MAX]; /* a passkey's name that is not the wished one; else "" */
    bool forced;                         /* the server held the account until a factor was set up */
    bool clock_known;
    int64_t clock_offset_s; /* server ahead of this computer */
    enum ck_mail_programs mail_programs;
    uint64_t app_password_id;  /* the one that was made; 0: none is there */
    bool app_password_unknown; /* whether one was made is not known */
    bool credential_known;
    struct ck_credential credential;
};

void ck_enrollment_clear(struct ck_enrollment *enrollment);

#endif
