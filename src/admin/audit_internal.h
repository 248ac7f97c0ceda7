/* The parts of an audit. */
#ifndef ADMIN_AUDIT_INTERNAL_H
#define ADMIN_AUDIT_INTERNAL_H

#include "cowkey/admin/audit.h"

/* An account of a list, before and after it was looked at. */
struct audit_row {
    const struct ck_record *record; /* borrowed */
    bool open;                      /* it can, and shall, be opened through "log in as" */
    bool done;
    struct ck_facts facts;
    char *unopened; /* owned */
};

/* What a record tells. */
void audit_row_begin(struct audit_row *row, const struct ck_record *record);

/*
 * Adds what a page shows that is this account's own, and asks for security keys. page is that of
 * session.
 */
enum ck_err audit_row_read_own(struct audit_row *row, struct ck_session *session,
                               struct ck_error *err);

/*
 * Opens the account through admin's session and adds what can be seen there. An account that can't
 * be opened is CK_OK, with the reason in the row; an error means that admin's session is of no more
 * use.
 */
enum ck_err audit_row_open(struct audit_row *row, struct ck_session *admin, struct ck_error *err);

/* Threads with a session each, for rows that shall be opened. */
struct audit_crew;

enum ck_err audit_crew_new(const struct ck_audit *audit, struct audit_crew **ret_crew,
                           struct ck_error *err);
/* Closes their sessions; NULL is fine. */
void audit_crew_free(struct audit_crew **crew);

/* Told in the caller's thread of rows that are done, in order from first on. */
typedef void audit_tell(void *data, struct audit_row *rows, size_t first, size_t count);

/*
 * Has count rows looked at by the crew, in which the caller works with the audit's own session, and
 * returns when all are done, or nobody works any more after the first error. tell is called for all
 * that are done, also then.
 */
enum ck_err audit_crew_work(struct audit_crew *crew, struct audit_row *rows, size_t count,
                            audit_tell *tell, void *data, struct ck_error *err);

#endif
