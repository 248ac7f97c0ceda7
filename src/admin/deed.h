/* What the journal is told of an act on an account. */
#ifndef ADMIN_DEED_H
#define ADMIN_DEED_H

#include "cowkey/journal/journal.h"
#include "cowkey/mailcow/account.h"

/* A deed by who (operator, user, server) on account, which it borrows. */
struct ck_journal_deed deed_of(const struct ck_journal_deed *who, const struct ck_account *account,
                               const char *action);

/*
 * The error of an act that ended with r and *err, and whose outcome the journal did not take (why):
 * CK_ERR_UNKNOWN, with both texts. done is a clause that stands for *err where r is CK_OK.
 */
enum ck_err deed_untold(enum ck_err r, const char *done, const struct ck_error *why,
                        struct ck_error *err);

#endif
