/* Giving a passkey of the account another name. */
#ifndef COWKEY_ENROLL_RENAMING_H
#define COWKEY_ENROLL_RENAMING_H

#include <stdbool.h>

#include "cowkey/enroll/entry.h"
#include "cowkey/enroll/login.h"

struct ck_renaming {
    enum ck_change_result result;
    bool submitted;           /* the server was told */
    struct ck_listed passkey; /* as it was */
};

void ck_renaming_clear(struct ck_renaming *renaming);

/*
 * Logs in, finds the passkey what (see ck_entry_pick) and renames it. *ret_renaming is filled in
 * every case. A second factor is CK_ERR_USAGE: the server can't. The other errors are those of
 * ck_removal_run.
 */
enum ck_err ck_renaming_run(struct ck_login *login, const char *what, const char *label,
                            struct ck_renaming *ret_renaming, struct ck_error *err);

#endif
