/*
 * mailcow's own JSON form of WebAuthn, read and written (protocol 5, 6, 10): binary members are
 * "=?BINARY?B?...?=" around standard base64 on the way out, plain standard base64 on the way in.
 */
#ifndef MAILCOW_WEBAUTHN_JSON_H
#define MAILCOW_WEBAUTHN_JSON_H

#include <stddef.h>

#include "cowkey/base/error.h"
#include "cowkey/base/host.h"
#include "cowkey/base/secret.h"
#include "cowkey/mailcow/account.h"
#include "cowkey/webauthn/assertion.h"
#include "cowkey/webauthn/options.h"
#include "cowkey/webauthn/registration.h"

/*
 * Options as the server gives them. What can't be read, is for another relying party than host, or
 * for another user than account, is CK_ERR_UNREACHABLE.
 */
enum ck_err ck_webauthn_json_read_creation(const char *json, size_t size,
                                           const struct ck_host *host,
                                           const struct ck_account *account,
                                           struct ck_creation_options *ret_options,
                                           struct ck_error *err);
enum ck_err ck_webauthn_json_read_request(const char *json, size_t size, const struct ck_host *host,
                                          struct ck_request_options *ret_options,
                                          struct ck_error *err);

/*
 * How many credentials the options for a new one exclude: those that account has. -1 where they
 * don't tell; options of somebody else, and none, are CK_ERR_UNREACHABLE.
 */
enum ck_err ck_webauthn_json_count_excluded(const char *json, size_t size,
                                            const struct ck_account *account, int *ret_count,
                                            struct ck_error *err);

/*
 * The body that registers a second factor (with label, and the password unless it is NULL), or with
 * a label of NULL a passkey. A password that is not UTF-8 is CK_ERR_USAGE.
 */
enum ck_err ck_webauthn_json_make_registration(const struct ck_registration *registration,
                                               const char *label, const struct ck_secret *password,
                                               struct ck_secret **ret_json, struct ck_error *err);

/* What answers a login. */
enum ck_err ck_webauthn_json_make_assertion(const struct ck_assertion *assertion,
                                            struct ck_secret **ret_json, struct ck_error *err);

/* The body that names a passkey. */
enum ck_err ck_webauthn_json_make_rename(const char *cid, const char *label,
                                         struct ck_secret **ret_json, struct ck_error *err);

#endif
