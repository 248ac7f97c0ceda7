/*
 * What may be read and changed of other accounts (protocol 7, 8): with an API key, or in the own
 * session of an admin, or of a domain admin for the mailboxes of its domains. Both speak the same
 * endpoints.
 *
 * The server's "success" is no evidence: edits are read back.
 */
#ifndef COWKEY_MAILCOW_ADMIN_H
#define COWKEY_MAILCOW_ADMIN_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "cowkey/base/error.h"
#include "cowkey/base/host.h"
#include "cowkey/base/secret.h"
#include "cowkey/mailcow/account.h"
#include "cowkey/mailcow/dialect.h"
#include "cowkey/mailcow/http.h"
#include "cowkey/mailcow/session.h"

enum {
    CK_ADMIN_LIST_MAX = 64 * 1024 * 1024, /* bytes of one list of accounts: a domain's mailboxes */
    CK_ADMIN_WALK_MAX = 1024 * 1024 * 1024, /* bytes of one that is not held as a whole */
    CK_ADMIN_ROWS_MAX = 100000,             /* accounts, or domains, of one list */
    CK_ADMIN_EDIT_MAX = 50,                 /* accounts that one edit names */
    CK_DISPLAY_NAME_MAX = 96,               /* bytes of a person's name, with NUL */
};

/* Where an account's password is kept. Releases before 2025-03 know only CK_AUTHSOURCE_MAILCOW. */
enum ck_authsource {
    CK_AUTHSOURCE_MAILCOW,
    CK_AUTHSOURCE_LDAP,
    CK_AUTHSOURCE_KEYCLOAK,
    CK_AUTHSOURCE_OIDC,
    CK_AUTHSOURCE_OTHER, /* a name that is not known here */
};

const char *ck_authsource_name(enum ck_authsource source); /* "mailcow", ..., "other" */

/* What the server tells of an account. */
struct ck_record {
    struct ck_account account;
    char display_name[CK_DISPLAY_NAME_MAX]; /* of a mailbox; cut when it is longer; "" */
    bool active;
    int tfa_active; /* 1; 0: none, or all switched off until the next login; -1 for mailboxes */
    int force_tfa;  /* 1, 0, or -1 where the release does not know it */
    bool force_is_number; /* the flag blocks the removal of factors (protocol 3) */
    int force_pw_update;  /* 1, 0, or -1 likewise */
    enum ck_authsource authsource;
};

struct ck_records {
    struct ck_record *rows; /* owned */
    size_t count;
    size_t nameless; /* mailboxes that are there besides, of which the server tells nothing */
};
void ck_records_clear(struct ck_records *records);

/* Sorts by name (bytes); what was sorted is searched for a name, NULL when nobody has it. */
void ck_records_sort(struct ck_records *records);
const struct ck_record *ck_records_find(const struct ck_records *sorted, const char *name);

struct ck_domains {
    char (*names)[CK_HOST_MAX]; /* owned; A-labels, lower case */
    size_t count;
};
void ck_domains_clear(struct ck_domains *domains);

struct ck_admin;

/* With an API key: [A-Za-z0-9-]+, else CK_ERR_USAGE. Sends nothing yet. settings is borrowed. */
enum ck_err ck_admin_open_key(const struct ck_http_settings *settings, enum ck_dialect dialect,
                              const struct ck_secret *api_key, struct ck_admin **ret_admin,
                              struct ck_error *err);

/*
 * In an own session, which is borrowed, and has to be open with its factor page read. A mailbox's is
 * CK_ERR_USAGE.
 */
enum ck_err ck_admin_open_session(struct ck_session *session, struct ck_admin **ret_admin,
                                  struct ck_error *err);

/* Closes what ck_admin_open_* made; not the session. */
void ck_admin_close(struct ck_admin **admin);

/*
 * Looks at another *cancel from now on, or (NULL) at none: for what has to be read back although
 * somebody interrupted.
 */
void ck_admin_set_cancel(struct ck_admin *admin, const volatile sig_atomic_t *cancel);

/* As ck_http_wait_turn and ck_http_not_taken. */
void ck_admin_wait_turn(struct ck_admin *admin);
bool ck_admin_not_taken(const struct ck_admin *admin);

/* Whose session it is; NULL with an API key. */
const struct ck_account *ck_admin_account(const struct ck_admin *admin);
/* Whether it may read and change accounts of this role: a domain admin's session only mailboxes. */
bool ck_admin_manages(const struct ck_admin *admin, enum ck_role role);

/*
 * The reads. Errors of each: CK_ERR_REFUSED for a wrong API key, or an address that it is not for
 * (the server counts both); CK_ERR_UNREACHABLE for an answer that is not understood, or cut;
 * CK_ERR_UNCHANGED when the admin may not read that.
 */

/* One account; one that is not there is CK_ERR_USAGE. */
enum ck_err ck_admin_read(struct ck_admin *admin, const struct ck_account *account,
                          struct ck_record *ret_record, struct ck_error *err);

/* All admins, or all domain admins. */
enum ck_err ck_admin_list(struct ck_admin *admin, enum ck_role role, struct ck_records *ret_records,
                          struct ck_error *err);

/*
 * The domains that the admin may see; then the mailboxes of one of them (an A-label in lower case),
 * and of no other. A domain that the server does not have, or not for this admin, is CK_ERR_USAGE,
 * unless there is no mailbox at all.
 */
enum ck_err ck_admin_list_domains(struct ck_admin *admin, struct ck_domains *ret_domains,
                                  struct ck_error *err);
enum ck_err ck_admin_list_mailboxes(struct ck_admin *admin, const char *domain,
                                    struct ck_records *ret_records, struct ck_error *err);

/*
 * The same, one mailbox after the other while the list arrives, so that neither it nor the records
 * are held. An error of the visitor ends the walk, as its own; any other is only known behind
 * records that were visited, which then prove nothing. The visitor must not ask this admin.
 */
typedef enum ck_err ck_record_visitor(void *data, const struct ck_record *record,
                                      struct ck_error *err);
enum ck_err ck_admin_walk_mailboxes(struct ck_admin *admin, const char *domain,
                                    ck_record_visitor *visit, void *data, struct ck_error *err);

/* How many active app passwords a mailbox has; -1 where that is not told. */
enum ck_err ck_admin_count_app_passwords(struct ck_admin *admin, const struct ck_account *mailbox,
                                         int *ret_count, struct ck_error *err);

/* What an edit sets. The flags are always sent both, since the server clears what is left out. */
struct ck_account_edit {
    int force_tfa;                    /* 1, 0; -1: as it is */
    int force_pw_update;              /* 1, 0; -1: as it is */
    const struct ck_secret *password; /* NULL: as it is */
    /* Switches the factors off until the next login: admins and domain admins only. */
    bool disable_tfa;
};

/*
 * Edits the account that now was read of, and reads it back: *ret_after is filled with CK_OK, and
 * with CK_ERR_UNCHANGED where it could be read (else it stays as it was). A
 * password can't be read back.
 * - CK_ERR_UNCHANGED: refused, in the server's words; or "success", and the record is as before; or
 *   a password that mailcow does not keep.
 * - CK_ERR_REFUSED: the API key is wrong or may only read.
 * - CK_ERR_UNREACHABLE: the server did not take it (429).
 * - CK_ERR_UNKNOWN: cut, not understood, or the record shows something else than was asked for.
 */
enum ck_err ck_admin_edit(struct ck_admin *admin, const struct ck_record *now,
                          const struct ck_account_edit *edit, struct ck_record *ret_after,
                          struct ck_error *err);

/* What the server said of one of several accounts; no evidence. */
struct ck_said {
    bool done, refused;
    char message[128]; /* of a refusal, in the server's word; foreign text */
};

/*
 * Sets the flags (1, 0) of count accounts of one role (1..CK_ADMIN_EDIT_MAX) in one request, and
 * takes the answer apart: ret_said[i] is about records[i], and neither done nor refused where the
 * server does not say for sure. Nothing is read back: the caller does.
 * Errors as ck_admin_edit; after CK_ERR_UNKNOWN any of the accounts may have been changed.
 */
enum ck_err ck_admin_set_flags(struct ck_admin *admin, const struct ck_record *const *records,
                               size_t count, int force_tfa, int force_pw_update,
                               struct ck_said *ret_said, struct ck_error *err);

/*
 * Opens a session of an active domain admin through the server's single-use sign-on, which needs
 * an API key that may write (protocol 8): open, its factor page read, and shown to be that account's.
 * It skips second factor and holds. Close it.
 * - CK_ERR_USAGE: in a session, or an account that is no domain admin.
 * - CK_ERR_UNCHANGED: the server gives no sign-on for this account.
 */
enum ck_err ck_admin_sign_on(struct ck_admin *admin, const struct ck_account *domain_admin,
                             struct ck_session **ret_session, struct ck_error *err);

#endif
