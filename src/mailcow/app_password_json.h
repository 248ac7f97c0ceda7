/* App passwords in the JSON that the server speaks. */
#ifndef MAILCOW_APP_PASSWORD_JSON_H
#define MAILCOW_APP_PASSWORD_JSON_H

#include <stddef.h>

#include "cowkey/mailcow/app_password.h"

/*
 * A list that is all of mailbox's; what can't be read whole is CK_ERR_UNREACHABLE. The server
 * escapes names as HTML when it stores them and once more when it shows them: that is undone.
 */
enum ck_err ck_app_passwords_parse(const char *json, size_t size, const char *mailbox,
                                   struct ck_app_passwords *ret_list, struct ck_error *err);

/* The body that makes one. A password that is not UTF-8 is CK_ERR_USAGE. */
enum ck_err ck_app_password_make_body(const char *label, unsigned protocols,
                                      const struct ck_secret *password, struct ck_secret **ret_body,
                                      struct ck_error *err);

/* How many characters label has as the server stores it. */
size_t ck_app_password_stored_length(const char *label);

#endif
