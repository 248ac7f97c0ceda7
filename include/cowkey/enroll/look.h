/*
 * What became of a submit whose answer nobody heard: looks whether the account has the factor now.
 * Nothing is added or removed.
 */
#ifndef COWKEY_ENROLL_LOOK_H
#define COWKEY_ENROLL_LOOK_H

#include "cowkey/enroll/login.h"
#include "cowkey/mailcow/factor.h"
#include "cowkey/otp/otpauth.h"

/* What is looked for: a row of this label that was not listed before. */
struct ck_sought {
    const char *label;
    const uint64_t *before;
    size_t before_count;
};

enum ck_trace {
    CK_TRACE_NONE,      /* no new row of this label: the account has nothing of it, as yet */
    CK_TRACE_LISTED,    /* the list shows it; it was not tried */
    CK_TRACE_ACCEPTED,  /* a fresh login with it worked */
    CK_TRACE_UNDECIDED, /* there is something new of this label, but it does not answer to ours */
};

struct ck_looked {
    enum ck_trace trace;
    uint64_t id;      /* of the row that was accepted, or is listed */
    uint64_t also;    /* a second row of it: what was told twice was done twice; 0: none */
    unsigned refused; /* answers that the server refused: failed logins */
    char listed_as[CK_FACTOR_LABEL_MAX]; /* a passkey's name that is not the label; else "" */
};

/*
 * Each new row of the label that is for TOTP is answered with the code of key, one try each, in a
 * login of its own, until two were accepted: ACCEPTED, with also. Errors are those of a login with
 * the password, and mean that nothing is known.
 */
enum ck_err ck_look_totp(struct ck_login *login, const struct ck_sought *sought,
                         const struct ck_otpauth *key, struct ck_looked *ret_looked,
                         struct ck_error *err);

/*
 * The same for a security key, which is not asked: a login that asks for a factor names all
 * credentials. LISTED: ours is among them, and exactly one new row has the label. UNDECIDED with
 * also: ours is, and more than one has it.
 */
enum ck_err ck_look_webauthn(struct ck_login *login, const struct ck_sought *sought,
                             const struct ck_bytes *credential, struct ck_looked *ret_looked,
                             struct ck_error *err);

/* The same for a passkey: whether the account's list shows its cid. UNDECIDED: it shows no list. */
enum ck_err ck_look_passkey(struct ck_login *login, const char *cid, const char *label,
                            struct ck_looked *ret_looked, struct ck_error *err);

#endif
