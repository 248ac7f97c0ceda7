/*
 * An entry of the account's own lists: a second factor or a passkey, and the way a person names one
 * (an ID).
 */
#ifndef COWKEY_ENROLL_ENTRY_H
#define COWKEY_ENROLL_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "cowkey/base/error.h"
#include "cowkey/mailcow/page.h"

/* Not both: what is there says what it is. Borrowed from the page. */
struct ck_entry {
    const struct ck_factor *factor;
    const struct ck_passkey *passkey;
};

/* Which of the lists an ID may point into. */
enum ck_entry_scope { CK_ENTRY_ANY, CK_ENTRY_PASSKEYS };

/*
 * The entry that what names: a row number, "pk:" and CK_PAGE_CID_MIN or more hex digits that only
 * one passkey begins with, or an exact label that only one entry in scope has. None, and several:
 * CK_ERR_USAGE. None on a page that does not show a list where it might be: CK_ERR_UNCHANGED.
 */
enum ck_err ck_entry_pick(const struct ck_page *page, const char *what, enum ck_entry_scope scope,
                          struct ck_entry *ret_entry, struct ck_error *err);

enum { CK_ENTRY_ID_MAX = sizeof("pk:") + CK_PAGE_CID_SIZE }; /* with the NUL */

/* A copy that outlives the page; label is owned. */
struct ck_listed {
    char id[CK_ENTRY_ID_MAX]; /* as the list shows it: "231", "pk:68e5e6be" */
    bool is_passkey;
    uint64_t row;                   /* of a factor */
    char cid[CK_PAGE_CID_SIZE + 1]; /* of a passkey */
    char *label;
    enum ck_method method;
};

enum ck_err ck_listed_copy(const struct ck_page *page, const struct ck_entry *entry,
                           struct ck_listed *ret_listed, struct ck_error *err);
void ck_listed_clear(struct ck_listed *listed);

/* How a change of the account ended, beside its error. */
enum ck_change_result {
    CK_CHANGE_FAILED,  /* the account is as it was */
    CK_CHANGE_UNKNOWN, /* see the error */
    CK_CHANGE_DONE,    /* and read back */
};

/* The result of a change that was submitted and ended so. */
enum ck_change_result ck_change_result_of(enum ck_err r);

#endif
