/*
 * App passwords of the own mailbox, through its session (protocol 15): what mail programs use once
 * a second factor shuts them out. Sessions that are open, and those that are held, both do.
 */
#ifndef COWKEY_MAILCOW_APP_PASSWORD_H
#define COWKEY_MAILCOW_APP_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cowkey/base/error.h"
#include "cowkey/base/secret.h"
#include "cowkey/mailcow/session.h"

/* What an app password may be used for: bits, in the order of their names. */
enum ck_protocol {
    CK_PROTOCOL_IMAP = 1,
    CK_PROTOCOL_SMTP = 2,
    CK_PROTOCOL_DAV = 4,
    CK_PROTOCOL_EAS = 8,
    CK_PROTOCOL_POP3 = 16,
    CK_PROTOCOL_SIEVE = 32,
    CK_PROTOCOL_ALL = 63,
};
enum { CK_PROTOCOLS_COUNT = 6, CK_APP_PASSWORDS_MAX = 1024 /* rows of one mailbox */ };

/* "imap", ... of the protocol with this index, 0..CK_PROTOCOLS_COUNT-1. */
const char *ck_protocol_name(size_t index);

struct ck_app_password {
    uint64_t id;
    char *label; /* owned */
    unsigned protocols;
    bool active;
    char created[20]; /* "2026-11-23 08:21:24", server time; "" where it is not told */
};

struct ck_app_passwords {
    struct ck_app_password *rows;
    size_t count;
};

void ck_app_passwords_clear(struct ck_app_passwords *list);

/*
 * Whether the server can store label and show it again: as ck_factor_label_check, not "0", and
 * short enough in the form in which the server keeps it. Else CK_ERR_USAGE.
 */
enum ck_err ck_app_password_label_check(const char *label, struct ck_error *err);

/*
 * Other roles than a mailbox: CK_ERR_USAGE. An answer that is not understood: CK_ERR_UNREACHABLE.
 */
enum ck_err ck_app_passwords_read(struct ck_session *session, struct ck_app_passwords *ret_list,
                                  struct ck_error *err);

/*
 * Makes an active one; believed when the list, read before and after, gained exactly one row that
 * is as wished. The errors are those of ck_factor_add_totp; what the password policy refuses is
 * CK_ERR_UNCHANGED, in the server's word for it.
 */
enum ck_err ck_app_password_add(struct ck_session *session, const char *label, unsigned protocols,
                                const struct ck_secret *password, uint64_t *ret_id,
                                struct ck_error *err);

/* Removes row id, which the caller has found in the list; confirmed by reading the list again. */
enum ck_err ck_app_password_remove(struct ck_session *session, uint64_t id, struct ck_error *err);

#endif
