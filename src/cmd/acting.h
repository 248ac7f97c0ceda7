/* Acting for somebody else, from the options: who does it, with what, and the journal of it. */
#ifndef CMD_ACTING_H
#define CMD_ACTING_H

#include "admin_target.h"
#include "cowkey/admin/operator.h"
#include "cowkey/journal/journal.h"

/* What the commands take that act for others by an API key or an admin's login. */
#define ACTING_OPTIONS ADMIN_TARGET_OPTIONS, OPTION_JOURNAL

/* Keep it where it was filled. */
struct acting {
    struct admin_target who;
    struct ck_operator by; /* once it is open */
    struct ck_journal *journal;
    char *user;
    struct ck_journal_deed deed; /* by, user and server */
};

/*
 * Reads the options and opens the journal, without which nothing may be done; session_needed as
 * admin_target_read has it. Nothing is sent yet.
 */
enum ck_err acting_read(const struct options *options, const struct ck_person *person,
                        const struct ck_key_person *key_person, bool session_needed,
                        struct acting *acting, struct ck_error *err);

/* The journal alone, where the account acts for itself: the deed's operator is left to the caller. */
enum ck_err acting_read_journal(const struct options *options, struct acting *acting,
                                struct ck_error *err);

/* Asks the server what it speaks, and logs in where that is needed. */
enum ck_err acting_open(struct acting *acting, struct ck_error *err);

void acting_clear(struct acting *acting);

#endif
