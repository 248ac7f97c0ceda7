/*
 * Having the server insist on a second factor, or no longer: the flag force_tfa of many accounts.
 *
 * First a plan: every account is read and judged, and nothing is sent that would change anything.
 * Then the plan is carried out in edits of up to CK_ADMIN_EDIT_MAX accounts, each of which is read
 * back. Beside force_tfa only force_pw_update is sent, with the value that it has, because the
 * server clears it for admins and domain admins otherwise (protocol 7.3).
 */
#ifndef COWKEY_ADMIN_ENFORCE_H
#define COWKEY_ADMIN_ENFORCE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cowkey/admin/exceptions.h"
#include "cowkey/base/error.h"
#include "cowkey/journal/journal.h"
#include "cowkey/mailcow/admin.h"

enum {
    CK_ENFORCE_ROWS_MAX = CK_ADMIN_ROWS_MAX, /* accounts of one plan */
    CK_ENFORCE_FRESH_MS = 30 * 1000, /* what was read longer ago is read again before an edit */
};

struct ck_enforce_wish {
    bool on;
    bool admins, domain_admins, mailboxes; /* all that the admin may manage */
    const char *domain; /* of the mailboxes, only those; NULL: of all domains. In any letter case */
    /*
     * Further accounts by name, up to a NULL; NULL: none. A name whose role can't be told from it is
     * looked for among domain admins, then admins.
     */
    const char *const *names;
    const struct ck_exceptions *exceptions; /* never NULL */
    int64_t now_s;
};

enum ck_enforce_result {
    CK_ENFORCE_PENDING,         /* of a plan: is going to be changed */
    CK_ENFORCE_CHANGED,         /* and read back */
    CK_ENFORCE_ALREADY,         /* was as wished */
    CK_ENFORCE_NOT_ENFORCEABLE, /* the server would not store it */
    CK_ENFORCE_EXCEPTED,
    CK_ENFORCE_FAILED,    /* is as before */
    CK_ENFORCE_UNKNOWN,   /* could not be read back, or reads as nobody wished */
    CK_ENFORCE_NOT_TRIED, /* something else ended it before, and nothing was sent */
    CK_ENFORCE_RESULTS_COUNT,
};
const char *ck_enforce_result_name(enum ck_enforce_result result); /* "changed", "not-tried" */

struct ck_enforce_row {
    struct ck_record record; /* as it was read last */
    int before, after;       /* force_tfa: 1, 0; after is -1 where it is not known */
    enum ck_enforce_result result;
    char *reason; /* a clause, with the server's words in it; NULL: nothing to say; owned */
    /* Why it is excepted; or the exception that expired before; else NULL. Of the wish. */
    const struct ck_exception *exception;
    bool listed;     /* came with all others of its role and domain */
    bool alone;      /* is sent alone, since the server did not come to it among others */
    int64_t read_ms; /* when record was read, on the steady clock */
};

/* Rows of one role, and mailboxes of one domain, follow each other. */
struct ck_enforcement {
    bool on;
    struct ck_enforce_row *rows; /* owned */
    size_t count;
    size_t nameless; /* mailboxes beside those, of which the server tells nothing: not touched */
};
void ck_enforcement_clear(struct ck_enforcement *enforcement);
size_t ck_enforcement_count(const struct ck_enforcement *enforcement,
                            enum ck_enforce_result result);

/*
 * Reads and judges the accounts; each is in it once. The exceptions have to stay where they are.
 * Errors beside those of reading (cowkey/mailcow/admin.h):
 * - CK_ERR_USAGE: a name or domain that is not there, or that this admin does not manage; a wish for
 *   nobody.
 * - CK_ERR_UNCHANGED: the server's release can't enforce second factors.
 */
enum ck_err ck_enforce_plan(struct ck_admin *admin, const struct ck_enforce_wish *wish,
                            struct ck_enforcement *ret_enforcement, struct ck_error *err);

struct ck_enforcer {
    struct ck_admin *admin;
    struct ck_journal *journal;  /* each account's intent goes there before anything is sent */
    struct ck_journal_deed deed; /* operator, user and server; the rest is filled in */
    /*
     * Looked at before each edit: once it is nonzero, what was sent is read back, and that is all.
     */
    const volatile sig_atomic_t *cancel;
    /* Told each account that got its result; may be NULL. */
    void *data;
    void (*settled)(void *data, const struct ck_enforce_row *row);
};

/*
 * Carries the plan out; afterwards no row is pending. With CK_OK each was tried: the rows tell what
 * came of it, refusals of single accounts among it. An error ended it before:
 * - CK_ERR_REFUSED: the API key, or the session, may not change this.
 * - CK_ERR_INTERRUPTED: *cancel.
 * - CK_ERR_UNCHANGED: an edit was refused as a whole, or the journal can't be written.
 * - CK_ERR_UNREACHABLE: an edit did not get through, or nothing can be read any more.
 * - CK_ERR_UNKNOWN: the journal does not hold the outcome.
 */
enum ck_err ck_enforce_run(const struct ck_enforcer *enforcer, struct ck_enforcement *enforcement,
                           struct ck_error *err);

#endif
