/* How an audit gets to the accounts: an API key, an own session, or both. */
#ifndef CMD_AUDIT_ACCESS_H
#define CMD_AUDIT_ACCESS_H

#include "admin_target.h"
#include "person.h"

/* Keep it where it was opened: its parts borrow from each other. */
struct audit_access {
    struct admin_target who;
    struct speaker speaker;
    struct ck_person person;
    struct ck_key_person key_person;
    unsigned jobs; /* sessions that can be opened */
};

/*
 * Opens what the options give: with an API key a session only when deep. jobs: how many sessions
 * are wished; there is one where a person is needed to log in.
 */
enum ck_err audit_access_open(const struct options *options, bool deep, unsigned jobs,
                              struct audit_access *access, struct ck_error *err);

/* Opens another session like the first, and asks nobody; data is the access. Any thread may. */
enum ck_err audit_access_open_more(void *data, struct ck_session **ret_session,
                                   struct ck_error *err);

void audit_access_close(struct audit_access *access);

#endif
