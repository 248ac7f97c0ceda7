/*
 * Accounts that are excepted from what is asked of all, each with a reason and a last day.
 *
 * The file has one exception a line, as man cowkey-enforce says it:
 *
 *     # name or pattern     last day    reason
 *     alice@example.test    2027-01-31  broken phone, ticket 4711
 *     printer-*@example.test 2027-06-30 can't do it, replaced in June
 *
 * An exception holds through its last day, in UTC. One that has expired excepts nobody, and is worth
 * being told of.
 */
#ifndef COWKEY_ADMIN_EXCEPTIONS_H
#define COWKEY_ADMIN_EXCEPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cowkey/base/error.h"
#include "cowkey/mailcow/account.h"

enum {
    CK_EXCEPTIONS_FILE_MAX = 1024 * 1024, /* bytes of a file */
    CK_EXCEPTIONS_MAX = 10000,            /* exceptions in one */
    CK_EXCEPTION_REASON_MAX = 512,        /* bytes of a reason, with the terminating NUL */
};

struct ck_exception {
    char pattern[CK_ACCOUNT_NAME_MAX]; /* a name, or of fnmatch(3); ASCII letters made lower case */
    char last_day[sizeof("2027-01-31")];
    int64_t ends_s; /* seconds since 1970: the first that it does not hold in */
    char *reason;   /* UTF-8; owned */
    size_t line;    /* of the file, from 1 */
    bool matched;   /* an account that was asked for: see ck_exceptions_find */
};

/* {0} is the empty list. */
struct ck_exceptions {
    struct ck_exception *rows; /* owned, in the order of the file */
    size_t count;
};
void ck_exceptions_clear(struct ck_exceptions *exceptions);

/*
 * Reads the text of a file. Lines that are not as above, patterns that stand there twice, text that
 * is not UTF-8 and whatever passes the bounds are CK_ERR_USAGE: the text tells the first bad line,
 * and of how many more.
 */
enum ck_err ck_exceptions_parse(const char *text, size_t size, struct ck_exceptions *ret_exceptions,
                                struct ck_error *err);

/* Reads the file; one that can't be read is CK_ERR_USAGE, too. */
enum ck_err ck_exceptions_load(const char *path, struct ck_exceptions *ret_exceptions,
                               struct ck_error *err);

enum ck_exception_state {
    CK_EXCEPTION_NONE,    /* nothing matches */
    CK_EXCEPTION_ACTIVE,  /* excepted */
    CK_EXCEPTION_EXPIRED, /* was excepted; *ret_exception is the one that held longest */
};

/*
 * Whether the account of this name, as the server keeps it, is excepted now, and by which row. All
 * rows that match it are marked as such: one thread at a time.
 */
enum ck_exception_state ck_exceptions_find(const struct ck_exceptions *exceptions, const char *name,
                                           int64_t now_s,
                                           const struct ck_exception **ret_exception);

/* What was looked at: mailboxes of all domains, or (domain) of one; domain admins; admins. */
struct ck_exceptions_reach {
    bool mailboxes, domain_admins, admins;
    const char *domain; /* as the server keeps it; NULL: all */
};

/*
 * The next row, from *at, that matched nobody although all accounts that it could be about were
 * looked at, and *at moved behind it; NULL when there is none. Begin with *at = 0.
 */
const struct ck_exception *ck_exceptions_next_unmatched(const struct ck_exceptions *exceptions,
                                                        const struct ck_exceptions_reach *reach,
                                                        size_t *at);

/*
 * The next row, from *at, that has expired, and *at moved behind it; NULL when there is none. Begin
 * with *at = 0.
 */
const struct ck_exception *ck_exceptions_next_expired(const struct ck_exceptions *exceptions,
                                                      int64_t now_s, size_t *at);

#endif
