/* Looking at one account. */
#include <stdlib.h>
#include <string.h>

#include "audit_internal.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/mailcow/log_in_as.h"

void audit_row_begin(struct audit_row *row, const struct ck_record *record)
{
    *row = (struct audit_row){
        .record = record,
        .facts =
            {
                .role = record->account.role,
                .active = record->active,
                .authsource = record->authsource,
                .tfa_active = record->tfa_active,
                .force_tfa = record->force_tfa,
                .factors = -1,
                .passkeys = -1,
                .security_keys = -1,
                .app_passwords = -1,
            },
    };
}

/* A list that the page does not show says nothing (protocol 3). */
static void read_page(struct ck_facts *facts, const struct ck_page *page)
{
    if (page->factors_state == CK_LIST_PRESENT)
        facts->factors = (int)page->factors_count;
    if (page->passkeys_state == CK_LIST_PRESENT)
        facts->passkeys = (int)page->passkeys_count;
}

/*
 * Only what a finding needs, since every exchange counts in thousands of accounts. Security keys
 * are counted also while they are switched off, so that they tell that from no factors at all; and
 * an admin with nothing but codes from others.
 */
static enum ck_err read_more(struct ck_facts *facts, struct ck_session *session,
                             struct ck_error *err)
{
    bool mailbox = facts->role == CK_ROLE_MAILBOX;
    enum ck_err r = CK_OK;

    if (facts->factors == 0 || (facts->factors > 0 && !mailbox))
        r = ck_session_count_security_keys(session, &facts->security_keys, err);
    bool shut_out = facts->factors > 0 || facts->security_keys > 0 || facts->force_tfa > 0;
    if (r == CK_OK && mailbox && facts->active && shut_out)
        r = ck_session_count_app_passwords(session, &facts->app_passwords, err);
    return r;
}

enum ck_err audit_row_read_own(struct audit_row *row, struct ck_session *session,
                               struct ck_error *err)
{
    read_page(&row->facts, ck_session_page(session));
    return read_more(&row->facts, session, err);
}

static enum ck_err open_and_read(struct audit_row *row, struct ck_session *admin,
                                 struct ck_error *err)
{
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;
    enum ck_err r = ck_session_log_in_as(admin, &row->record->account, &session, err);

    if (r != CK_OK)
        return r;
    read_page(&row->facts, ck_session_page(session));
    return read_more(&row->facts, session, err);
}

/* It may be this account's page that is not understood, and the next one's is. */
static bool may_be_the_account(enum ck_err code)
{
    return code == CK_ERR_UNCHANGED || code == CK_ERR_USAGE || code == CK_ERR_UNREACHABLE;
}

enum ck_err audit_row_open(struct audit_row *row, struct ck_session *admin, struct ck_error *err)
{
    struct ck_error reason;
    enum ck_err r = open_and_read(row, admin, err);

    if (r == CK_OK || !may_be_the_account(r))
        return r;
    reason = *err;
    r = ck_session_visit(admin, err);
    if (r != CK_OK)
        return r;
    row->unopened = strdup(reason.text);
    return row->unopened != NULL ? CK_OK : ck_error_no_memory(err);
}
