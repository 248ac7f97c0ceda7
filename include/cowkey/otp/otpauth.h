/*
 * otpauth:// URIs: what an authenticator app scans.
 *
 * Written as "otpauth://totp/Issuer:account?secret=...&issuer=..." (the Key Uri Format of Google
 * Authenticator): unpadded upper-case base32, %20 and never '+', and only the parameters that
 * differ from the default, since several apps ignore the others.
 */
#ifndef COWKEY_OTP_OTPAUTH_H
#define COWKEY_OTP_OTPAUTH_H

#include <stdint.h>

#include "cowkey/base/error.h"
#include "cowkey/base/secret.h"
#include "cowkey/otp/totp.h"

enum ck_otpauth_type { CK_OTPAUTH_TOTP, CK_OTPAUTH_HOTP };

enum {
    CK_OTPAUTH_NAME_MAX = 256, /* bytes of issuer and of account, with NUL */
    CK_OTPAUTH_URI_MAX = 2048, /* bytes of a URI */
};

/*
 * Both names are UTF-8 without ':' and control characters, and the account does not start with a
 * space: parsing keeps that, and formatting refuses anything else, so that the one undoes the
 * other.
 */
struct ck_otpauth {
    enum ck_otpauth_type type;
    char issuer[CK_OTPAUTH_NAME_MAX];  /* may be empty */
    char account[CK_OTPAUTH_NAME_MAX]; /* empty only after ck_otpauth_parse_any of a bare key */
    struct ck_totp_params params;      /* the period is the default one for HOTP */
    int64_t counter;       /* HOTP: up to CK_HOTP_COUNTER_MAX, -1 when the text does not tell */
    struct ck_secret *key; /* raw bytes, owned */
};

/*
 * Reads a URI of type totp. The issuer parameter wins over the label's prefix where they differ.
 * Unknown parameters are ignored; a known one given twice, a missing secret or account, values out
 * of bounds, type hotp and text that is not UTF-8 are CK_ERR_USAGE. A trailing line end is allowed.
 */
enum ck_err ck_otpauth_parse(const struct ck_secret *uri, struct ck_otpauth *ret_otpauth,
                             struct ck_error *err);

/*
 * Names so long that the URI would exceed CK_OTPAUTH_URI_MAX, and HOTP without its counter, which
 * every such URI has to tell, are CK_ERR_USAGE.
 */
enum ck_err ck_otpauth_format(const struct ck_otpauth *otpauth, struct ck_secret **ret_uri,
                              struct ck_error *err);

/*
 * Reads what a secret file holds: an otpauth URI of type totp, or a bare base32 key (default
 * parameters).
 */
enum ck_err ck_otpauth_parse_any(const struct ck_secret *text, struct ck_otpauth *ret_otpauth,
                                 struct ck_error *err);

/* The same for HOTP: of a URI's parameters the counter is known there, and the period is not. */
enum ck_err ck_otpauth_parse_any_hotp(const struct ck_secret *text, struct ck_otpauth *ret_otpauth,
                                      struct ck_error *err);

/* Erases and frees what otpauth owns; an all-zero otpauth is fine. */
void ck_otpauth_clear(struct ck_otpauth *otpauth);

#endif
