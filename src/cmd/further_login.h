/* Further sessions of whoever manages accounts, for threads beside each other. */
#ifndef CMD_FURTHER_LOGIN_H
#define CMD_FURTHER_LOGIN_H

#include "admin_target.h"

/*
 * Whether nobody but a person, or a key that wants to be touched, could answer another login as the
 * open one was answered: then one has to do.
 */
bool further_login_needs_person(const struct options *options, const struct admin_target *who);

enum further_asks {
    FURTHER_ASKS_NOBODY,
    FURTHER_ASKS_PERSON, /* the one of the first login, where it needs one */
};

/* Opens another session like the first. Any thread may, if nobody is asked. */
enum ck_err further_login_open(const struct admin_target *who, enum further_asks asks,
                               struct ck_session **ret_session, struct ck_error *err);

#endif
