/* The secret of one-time codes, for the commands that need no server. */
#ifndef CMD_OTP_SECRET_H
#define CMD_OTP_SECRET_H

#include "cowkey/base/error.h"
#include "cowkey/otp/otpauth.h"
#include "options.h"

/*
 * Reads it from --secret-file, --secret-fd, --secret-command or a question on the terminal. What a
 * bare key does not tell comes from --algorithm, --digits and --period, or is the usual; a URI
 * tells it itself, so the options are CK_ERR_USAGE then. Clear ret_otpauth.
 */
enum ck_err otp_secret_read(const struct options *options, enum ck_otpauth_type type,
                            struct ck_otpauth *ret_otpauth, struct ck_error *err);

/* The same without the question: ret_otpauth->key is NULL when no option gives the secret. */
enum ck_err otp_secret_read_given(const struct options *options, enum ck_otpauth_type type,
                                  struct ck_otpauth *ret_otpauth, struct ck_error *err);

/* "SHA1", "sha256" or "SHA512"; anything else is CK_ERR_USAGE. what names it in the error text. */
enum ck_err otp_algorithm_parse(const char *text, const char *what,
                                enum ck_totp_algorithm *ret_algorithm, struct ck_error *err);

/*
 * The digits of a code as a person writes it, spaces left out: exactly so many (up to
 * CK_TOTP_DIGITS_MAX), else CK_ERR_USAGE.
 */
enum ck_err otp_code_parse(const char *text, size_t digits, char ret_code[CK_TOTP_CODE_MAX],
                           struct ck_error *err);

#endif
