/* From "who" to a session that can be used, through whatever the server wants in between. */
#ifndef COWKEY_ENROLL_LOGIN_H
#define COWKEY_ENROLL_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "cowkey/base/error.h"
#include "cowkey/base/secret.h"
#include "cowkey/enroll/person.h"
#include "cowkey/key/key.h"
#include "cowkey/mailcow/session.h"
#include "cowkey/otp/otpauth.h"

/*
 * Another way to a session of the account than its own login: for somebody who may open it without
 * the password. What comes out is as from ck_login_open, and closed by the caller.
 */
struct ck_entrance {
    void *data;
    enum ck_err (*open)(void *data, struct ck_session **ret_session, struct ck_error *err);
};

/*
 * Told right before the first thing is sent that changes the account, once for a login. An error
 * ends the sequence, and nothing was changed.
 */
struct ck_witness {
    void *data;
    enum ck_err (*before_change)(void *data, struct ck_error *err);
};

/* What it takes to log in; all is borrowed, NULL where nothing was given. */
struct ck_login {
    const struct ck_http_settings *settings;
    enum ck_dialect dialect;
    const struct ck_account *account;
    const struct ck_secret *password;
    const struct ck_secret *new_password; /* used when the server insists on a change */
    const struct ck_otpauth *factor_key;  /* computes the code of an existing TOTP factor */
    const char *factor;                   /* which existing factor answers: an id or a label */
    const struct ck_key_settings *key_settings; /* for factors that a security key answers */
    const struct ck_person *person;
    bool with_passkey;                  /* instead of the password */
    const struct ck_entrance *entrance; /* instead of both; proofs log in all the same */
    const struct ck_witness *witness;

    bool witnessed; /* set by ck_login_witness */
    /*
     * Set by ck_login_open: the server was told of the new password; it is in force, and is
     * password now.
     */
    bool password_submitted;
    bool password_changed;
    bool key_failed;   /* the key did not do what was asked: the next use finds it afresh */
    bool key_answered; /* a security key answered the second factor at login */
    struct ck_key
        *key; /* opened when it was first needed, and used for everything after; close it */
};

/*
 * Logs in: password, second factor if asked for, and a forced password change if a new password was
 * given (else CK_ERR_REFUSED says what to do). The session that comes out is open with its factor
 * page read, or held for a forced set-up with the login page read. Errors after a password change
 * say so and are CK_ERR_UNKNOWN, since something did change.
 */
enum ck_err ck_login_open(struct ck_login *login, struct ck_session **ret_session,
                          struct ck_error *err);

/* Tells the witness, if there is one that was not told yet. */
enum ck_err ck_login_witness(struct ck_login *login, struct ck_error *err);

/* Opens the key (see ck_key_open) unless that was done already. */
enum ck_err ck_login_need_key(struct ck_login *login, struct ck_error *err);

/*
 * Lets go of the key that answered the login, and opens the one to enroll: with one key plugged in
 * the person is asked to plug in the other first.
 */
enum ck_err ck_login_need_other_key(struct ck_login *login, struct ck_error *err);

/* For errors after ck_login_open: *err also says that it changed the password. Returns its code. */
enum ck_err ck_login_note_change(const struct ck_login *login, struct ck_error *err);

/*
 * Picks a factor by what a person wrote: a row id, or an exact label that only one row has. None or
 * several: CK_ERR_USAGE.
 */
enum ck_err ck_factor_pick(const struct ck_page *page, const char *what,
                           const struct ck_factor **ret_factor, struct ck_error *err);

/*
 * The present time as the server sees it, in seconds since 1970. Waits before while the server asks
 * for fewer exchanges, so that a code that is made of it is sent at once.
 */
int64_t ck_login_server_now_s(const struct ck_login *login, const struct ck_session *session);

/* CK_ERR_UNCHANGED for a login page that asks for a factor and offers none to answer with. */
enum ck_err ck_login_check_offers(const struct ck_login *login, const struct ck_page *page,
                                  struct ck_error *err);

#endif
