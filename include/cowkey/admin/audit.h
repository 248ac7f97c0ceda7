/*
 * An audit: account by account what can be seen of its second factors, and what is wrong with it.
 *
 * Accounts come in a stable order: admins, domain admins, then domain after domain its mailboxes,
 * each sorted by name (bytes). Lists are read one after the other, and no more than one is kept.
 */
#ifndef COWKEY_ADMIN_AUDIT_H
#define COWKEY_ADMIN_AUDIT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cowkey/admin/exceptions.h"
#include "cowkey/admin/finding.h"
#include "cowkey/base/error.h"
#include "cowkey/mailcow/admin.h"
#include "cowkey/mailcow/session.h"

enum { CK_AUDIT_JOBS_MAX = 32 };

/* Which accounts. Nothing at all: each that the credentials may see. */
struct ck_audit_scope {
    bool admins, domain_admins, mailboxes;
    const char *domain; /* only mailboxes of this one, which implies mailboxes; NULL: of all */
};

/* One account, as long as the call lasts that gets it. */
struct ck_audited {
    struct ck_account account;
    struct ck_facts facts;
    enum ck_second_factor second_factor;
    uint32_t findings;                    /* bits, see ck_facts_judge */
    const struct ck_exception *exception; /* that holds, or has expired; NULL */
    /* Why it could not be opened, foreign text; NULL where it was, or that was not tried. */
    const char *unopened;
};

/* A list of accounts that begins. */
struct ck_audit_list {
    enum ck_role role;
    const char *domain; /* of mailboxes */
    size_t count;
    size_t lists_before, lists_count; /* how many there are, as far as it is known */
};

/* Who is told, in the thread that called ck_audit_run. */
struct ck_audit_visitor {
    void *data;
    void (*begin)(void *data, const struct ck_audit_list *list);
    void (*account)(void *data, const struct ck_audited *audited);
    /* Also of a list that was not finished. */
    void (*end)(void *data, const struct ck_audit_list *list);
    /* So many accounts of the present list are done. */
    void (*progress)(void *data, const struct ck_audit_list *list, size_t done);
};

/* What it takes; all is borrowed. */
struct ck_audit {
    struct ck_audit_scope scope;
    struct ck_admin *lists; /* reads them: an API key, or that of own */
    /*
     * An own session, whose account's page shows more than a list does: open, its factor page read.
     * NULL: there is none.
     */
    struct ck_session *session;
    struct ck_admin *own; /* of session */
    /* Opens each account that own manages through "log in as". */
    bool deep;
    /*
     * With jobs > 1: opens the session of another worker, in the thread that will use it and which
     * closes it. At most jobs - 1 calls at the same time.
     */
    unsigned jobs;
    enum ck_err (*open)(void *data, struct ck_session **ret_session, struct ck_error *err);
    void *open_data;
    const struct ck_exceptions *exceptions;
    int64_t now_s;
    const volatile sig_atomic_t *cancel; /* nonzero: come to an end */
    const struct ck_audit_visitor *visitor;
};

/* What an audit came to. */
struct ck_audit_summary {
    size_t accounts;
    size_t states[CK_ROLES_COUNT][CK_SECOND_FACTORS_COUNT]; /* by role */
    size_t findings[CK_FINDINGS_COUNT][CK_ROLES_COUNT];     /* without those of excepted accounts */
    size_t levels[CK_LEVELS_COUNT];                         /* of these */
    size_t excepted; /* accounts with findings that an exception covers */
    size_t unopened;
    size_t policies_seen;      /* accounts of which the server tells whether a factor is forced */
    size_t expired_exceptions; /* rows of the file, whether or not they are of an account */
};

/* What it looks at, for ck_exceptions_next_unmatched. */
struct ck_exceptions_reach ck_audit_reach(const struct ck_audit *audit);

/* Whether there is something as bad as level, or worse. */
bool ck_audit_found(const struct ck_audit_summary *summary, enum ck_level level);

/*
 * Looks at all of them. *summary, all zero at first, has what the visitor was told of; also when
 * the audit could not be finished:
 * - CK_ERR_USAGE: a role that the credentials don't see was asked for, or a domain that is not there.
 * - CK_ERR_REFUSED, CK_ERR_UNREACHABLE, CK_ERR_INTERRUPTED, ...: nobody goes on, in any session.
 * An account that can't be opened although the session is fine is not an error but unopened.
 */
enum ck_err ck_audit_run(const struct ck_audit *audit, struct ck_audit_summary *summary,
                         struct ck_error *err);

#endif
