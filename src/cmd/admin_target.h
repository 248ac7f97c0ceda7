/* From options to somebody who manages accounts: an API key, an own login, or both. */
#ifndef CMD_ADMIN_TARGET_H
#define CMD_ADMIN_TARGET_H

#include <stdbool.h>

#include "cowkey/admin/operator.h"
#include "cowkey/base/secret.h"
#include "cowkey/mailcow/admin.h"
#include "cowkey/mailcow/brake.h"
#include "cowkey/mailcow/session.h"
#include "options.h"
#include "target.h"

#define ADMIN_TARGET_OPTIONS                                                                       \
    OPTION_API_KEY_FILE, OPTION_API_KEY_FD, OPTION_API_KEY_COMMAND, OPTION_LOGIN_PASSKEY

/* Keep it where it was filled, as a target. */
struct admin_target {
    const struct options *options;
    struct target target;  /* target.account is empty without an own login */
    struct ck_brake brake; /* of all exchanges: a busy server is asked again, after a while */
    struct ck_secret *api_key;
    bool logs_in; /* it has an own login */

    /* What admin_target_open opens. */
    struct ck_session *session; /* of the own login, else NULL: for ck_session_log_in_as */
    struct ck_admin *own;       /* in that session; NULL without it */
    struct ck_admin *with_key;  /* by the API key; NULL without one */
    struct ck_admin *admin;     /* which of them reads and edits: with_key where there is one */
};

/*
 * Whether --account is on the command line: a login that was asked for is made, also where an API
 * key would do. One of the environment or the profile is made only where it is needed.
 */
bool admin_target_login_asked(const struct options *options);

/*
 * Fills target from the options, and asks for the password where an own login needs one. There is
 * an own login without an API key, or when the command needs it (session_needed); neither an API
 * key nor --account, or no --account where it is needed, and the account of a mailbox are
 * CK_ERR_USAGE. No exchange with the server yet.
 */
enum ck_err admin_target_read(const struct options *options, const struct ck_person *person,
                              const struct ck_key_person *key_person, bool session_needed,
                              struct admin_target *target, struct ck_error *err);

/* Asks the server what it speaks, logs in, and opens admin. */
enum ck_err admin_target_open(struct admin_target *target, struct ck_error *err);

/* The one who acts for others, once it is opened; it borrows from target. */
struct ck_operator admin_target_operator(const struct admin_target *target);

/* Who it is, for documents and the journal: the account that logs in, or "API key". */
const char *admin_target_name(const struct admin_target *target);

/* Logs out and clears; sessions that were opened in the own one have to be closed before. */
void admin_target_clear(struct admin_target *target);

#endif
