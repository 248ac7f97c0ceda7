/* Removing the account's own factors and passkeys. */
#ifndef COWKEY_ENROLL_REMOVAL_H
#define COWKEY_ENROLL_REMOVAL_H

#include <stdbool.h>
#include <stddef.h>

#include "cowkey/enroll/entry.h"
#include "cowkey/enroll/login.h"

/* What is about to go, and what that means for the account. */
struct ck_removal_plan {
    const struct ck_listed *going;
    size_t going_count;
    bool no_factor_left;  /* logins will ask for the password only */
    bool no_passkey_left; /* there will be no login without the password */
    bool used_now;        /* the factor that answered this very login goes, and others stay */
    int forced;           /* the server insists on a factor: 1, 0, or -1 where that is not known */
};

/*
 * Whether to go on; CK_ERR_UNCHANGED when the person says no. Asked once, before anything is
 * changed.
 */
struct ck_removal_person {
    void *data;
    enum ck_err (*ask_removal)(void *data, const struct ck_removal_plan *plan,
                               struct ck_error *err);
};

struct ck_removal {
    enum ck_change_result result;
    bool submitted;          /* the server was told */
    struct ck_listed *going; /* what was meant to go; owned */
    size_t going_count;
    size_t factors_left; /* when done */
    int passkeys_left;   /* when done; -1: not visible */
};

void ck_removal_clear(struct ck_removal *removal);

/*
 * Logs in, finds what (see ck_entry_pick; NULL: all second factors) and removes it. *ret_removal is
 * filled in every case. That something was removed is read from the list that the server shows
 * afterwards, whatever it says.
 *
 * - CK_ERR_USAGE: nothing of the account, or more than one entry, is called so.
 * - CK_ERR_UNCHANGED: the server kept it (it enforces a factor, or says success and does nothing);
 *   the person said no; the page does not show the list.
 * - CK_ERR_UNKNOWN: cut, not understood, or other entries are gone too.
 * - the errors of ck_login_open.
 */
enum ck_err ck_removal_run(struct ck_login *login, const char *what,
                           const struct ck_removal_person *person, struct ck_removal *ret_removal,
                           struct ck_error *err);

#endif
