/*
 * The person whom a sequence talks to, as the calls that it makes. The program implements them; the
 * sequences never print or read.
 *
 * Each ask_* returns CK_OK with its outputs set, or an error that ends the sequence as that error
 * (CK_ERR_INTERRUPTED for Ctrl-C, CK_ERR_USAGE where there is no terminal to ask on).
 */
#ifndef COWKEY_ENROLL_PERSON_H
#define COWKEY_ENROLL_PERSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cowkey/base/error.h"
#include "cowkey/base/secret.h"
#include "cowkey/mailcow/page.h"
#include "cowkey/otp/otpauth.h"

/* What a sequence is about to do; for a line of progress. */
enum ck_stage {
    CK_STAGE_PROBE,
    CK_STAGE_LOGIN,
    CK_STAGE_ENTER, /* somebody else's account, without its password */
    CK_STAGE_CHANGE_PASSWORD,
    CK_STAGE_MAKE_CREDENTIAL,
    CK_STAGE_SUBMIT,
    CK_STAGE_PROOF,
    CK_STAGE_PROOF_AGAIN,
    CK_STAGE_TAKE_BACK,
    CK_STAGE_REMOVE_OLD,
    CK_STAGE_NEW_PASSWORD,
    CK_STAGE_NEW_LOGIN,
    CK_STAGE_APP_PASSWORD,
};

/* What a first second factor does to the mail programs of a mailbox (protocol 15). */
enum ck_mail_programs {
    CK_MAIL_NOT_VISIBLE,   /* the server did not say, or was not asked yet */
    CK_MAIL_UNAFFECTED,    /* not a mailbox, or it had a second factor before */
    CK_MAIL_APP_PASSWORDS, /* has app passwords: programs that use those go on working */
    CK_MAIL_WILL_STOP,     /* has none: every program that uses the password stops working */
};

/* How a typed code failed the local check. */
struct ck_code_misfit {
    unsigned tries_left;
    bool other_step;     /* it would fit at another time: */
    int64_t phone_off_s; /* how far the phone's clock is ahead (+) of the server's, or behind (-) */
    int64_t server_off_s; /* how far the server's clock is ahead of this computer's */
};

struct ck_person {
    void *data; /* first argument of every call */

    void (*tell_stage)(void *data, enum ck_stage stage);

    /* The code of an existing factor, to log in. */
    enum ck_err (*ask_login_code)(void *data, const struct ck_factor *factor,
                                  char ret_code[CK_TOTP_CODE_MAX], struct ck_error *err);
    enum ck_err (*ask_yubico_otp)(void *data, struct ck_secret **ret_otp, struct ck_error *err);
    /* Which of several factors answers the login: *ret_index < count. */
    enum ck_err (*ask_factor)(void *data, const struct ck_factor *factors, size_t count,
                              size_t *ret_index, struct ck_error *err);

    /*
     * Whether to go on although mail programs may stop; CK_ERR_UNCHANGED when the person says no.
     */
    enum ck_err (*ask_mail_programs)(void *data, enum ck_mail_programs programs,
                                     struct ck_error *err);
    /* The server's clock differs by this much; only a notice. */
    void (*tell_clock)(void *data, int64_t server_off_s);

    /* Puts the new secret where the person wants it: file, QR code. Before the server is told. */
    enum ck_err (*give_totp)(void *data, const struct ck_otpauth *otpauth, struct ck_error *err);
    /* The secret that was given is worth nothing: the server does not know it and won't. */
    void (*void_totp)(void *data);
    /* The code that the person's app shows for it; misfit is NULL the first time. */
    enum ck_err (*ask_new_code)(void *data, const struct ck_code_misfit *misfit,
                                char ret_code[CK_TOTP_CODE_MAX], struct ck_error *err);

    /* A security key answered the login; now the one to enroll is needed, which is another. */
    enum ck_err (*ask_other_key)(void *data, struct ck_error *err);

    /* A passkey that was taken back is still on the key: delete it there? */
    enum ck_err (*ask_forget)(void *data, bool *ret_forget, struct ck_error *err);

    /* The proof could not be carried out (why says so): try again? */
    enum ck_err (*ask_retry_proof)(void *data, const struct ck_error *why, bool *ret_again,
                                   struct ck_error *err);
};

#endif
