#include "tests/unit/admin/recover_fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/mailcow/factor.h"
#include "cowkey/mailcow/log_in_as.h"
#include "cowkey/mailcow/webauthn.h"

enum { FIRST_ROW = 231 };

struct fake_server server;

struct ck_session {
    enum ck_session_state state;
    struct ck_page page;
    struct ck_factor rows[4];
    struct ck_passkey passkeys[3];
    bool lent, passkeys_shown_gone;
};

void server_reset(void)
{
    server = (struct fake_server){
        .record = {.account = {.name = "bob@example.test", .role = CK_ROLE_MAILBOX},
                   .active = true,
                   .tfa_active = -1},
        .password = "old",
        .factors = {true, true},
        .passkeys = {true},
        .operator_role = CK_ROLE_ADMIN,
        .operator_name = "admin",
    };
}

unsigned server_factors(void)
{
    return 0u + server.factors[0] + server.factors[1] + server.factors[2] + server.factors[3];
}

unsigned server_passkeys(void)
{
    return 0u + server.passkeys[0] + server.passkeys[1] + server.passkeys[2];
}

/* Whether this call gets through to the server. */
static bool arrives(void)
{
    server.calls++;
    return server.calls != server.cut_at || server.cut == CUT_AFTER;
}

/* How the call ends that was let through, or not. */
static enum ck_err ends(bool changes, struct ck_error *err)
{
    if (server.calls != server.cut_at)
        return CK_OK;
    return ck_error_set(err, changes ? CK_ERR_UNKNOWN : CK_ERR_UNREACHABLE, "cut");
}

static void show(struct ck_session *session)
{
    struct ck_page *page = &session->page;

    *page = (struct ck_page){
        .factors = session->rows,
        .factors_state = server.lists_hidden ? CK_LIST_ABSENT : CK_LIST_PRESENT,
        .passkeys = session->passkeys,
        .passkeys_state =
            server.lists_hidden || server.passkeys_hidden ? CK_LIST_ABSENT : CK_LIST_PRESENT,
    };
    for (unsigned i = 0; !server.factors_off && i < 4; i++) {
        if (server.factors[i])
            session->rows[page->factors_count++] =
                (struct ck_factor){.id = FIRST_ROW + i, .label = (char *)"phone"};
    }
    for (unsigned i = 0; !session->passkeys_shown_gone && i < 3; i++) {
        if (!server.passkeys[i])
            continue;
        struct ck_passkey *passkey = &session->passkeys[page->passkeys_count++];
        memset(passkey->cid, 'a' + (int)i, CK_PAGE_CID_SIZE);
        passkey->cid[CK_PAGE_CID_SIZE] = '\0';
    }
}

static void open_session(enum ck_session_state state, struct ck_session **ret_session)
{
    struct ck_session *session = calloc(1, sizeof(*session));

    session->state = state;
    show(session);
    server.sessions_open++;
    *ret_session = session;
}

enum ck_session_state ck_session_state(const struct ck_session *session)
{
    return session->state;
}

const struct ck_page *ck_session_page(const struct ck_session *session)
{
    return &session->page;
}

enum ck_err ck_session_visit(struct ck_session *session, struct ck_error *err)
{
    arrives();
    show(session);
    return ends(false, err);
}

void ck_session_close(struct ck_session **session)
{
    if (*session == NULL)
        return;
    server.sessions_open--;
    server.lent = server.lent && !(*session)->lent;
    free(*session);
    *session = NULL;
}

enum ck_err ck_session_login(const struct ck_http_settings *settings, enum ck_dialect dialect,
                             const struct ck_account *account, const struct ck_secret *password,
                             struct ck_session **ret_session, struct ck_error *err)
{
    (void)settings, (void)dialect, (void)account;
    if (arrives() &&
        (!server.record.active || strcmp(server.password, ck_secret_bytes(password)) != 0))
        return ck_error_set(err, CK_ERR_REFUSED, "Login failed");
    bool asks = (server_factors() > 0 && !server.factors_off) || server.factors_lie;
    bool cut_before = server.calls == server.cut_at && server.cut == CUT_BEFORE;
    if (!asks && !cut_before)
        server.factors_off = false;
    enum ck_err r = ends(false, err);
    if (r != CK_OK)
        return r;
    bool held = (server.record.force_tfa == 1 && server_factors() == 0) ||
                server.record.force_pw_update == 1;
    open_session(asks   ? CK_SESSION_ASKS_FACTOR
                 : held ? CK_SESSION_HELD
                        : CK_SESSION_OPEN,
                 ret_session);
    return CK_OK;
}

static enum ck_err enter(struct ck_session **ret_session, bool lent, struct ck_error *err)
{
    arrives();
    enum ck_err r = ends(false, err);
    if (r != CK_OK)
        return r;
    if (server.way != CK_OK)
        return ck_error_set(err, server.way, "no way in");
    open_session(CK_SESSION_OPEN, ret_session);
    (*ret_session)->lent = server.lent = lent;
    return CK_OK;
}

enum ck_err ck_session_log_in_as(struct ck_session *admin, const struct ck_account *account,
                                 struct ck_session **ret_session, struct ck_error *err)
{
    (void)admin, (void)account;
    return enter(ret_session, true, err);
}

enum ck_err ck_admin_sign_on(struct ck_admin *admin, const struct ck_account *domain_admin,
                             struct ck_session **ret_session, struct ck_error *err)
{
    (void)admin, (void)domain_admin;
    return enter(ret_session, false, err);
}

const struct ck_account *ck_admin_account(const struct ck_admin *admin)
{
    static struct ck_account account;

    (void)admin;
    if (server.operator_has_key)
        return NULL;
    account = (struct ck_account){.role = server.operator_role};
    snprintf(account.name, sizeof(account.name), "%s", server.operator_name);
    return &account;
}

bool ck_admin_manages(const struct ck_admin *admin, enum ck_role role)
{
    (void)admin;
    return server.operator_has_key || server.operator_role == CK_ROLE_ADMIN ||
           role == CK_ROLE_MAILBOX;
}

const char *ck_authsource_name(enum ck_authsource source)
{
    return source == CK_AUTHSOURCE_MAILCOW ? "mailcow" : "ldap";
}

static void tell(struct ck_record *ret_record)
{
    *ret_record = server.record;
    if (server.record.account.role != CK_ROLE_MAILBOX)
        ret_record->tfa_active = server_factors() > 0 && !server.factors_off;
}

enum ck_err ck_admin_read(struct ck_admin *admin, const struct ck_account *account,
                          struct ck_record *ret_record, struct ck_error *err)
{
    (void)admin;
    arrives();
    enum ck_err r = ends(false, err);
    if (r != CK_OK)
        return r;
    if (strcmp(account->name, server.record.account.name) != 0)
        return ck_error_set(err, CK_ERR_USAGE, "no such account");
    tell(ret_record);
    return CK_OK;
}

static void store(const struct ck_account_edit *edit)
{
    struct ck_record *record = &server.record;

    if (!server.flags_lie && edit->force_tfa >= 0 && record->force_tfa >= 0)
        record->force_tfa = edit->force_tfa;
    if (!server.flags_lie && edit->force_pw_update >= 0 && record->force_pw_update >= 0)
        record->force_pw_update = edit->force_pw_update;
    record->force_is_number = record->force_is_number && server.number_stays;
    if (edit->password != NULL && !server.password_lies &&
        record->authsource == CK_AUTHSOURCE_MAILCOW)
        snprintf(server.password, sizeof(server.password), "%s", ck_secret_bytes(edit->password));
    if (edit->disable_tfa && record->account.role != CK_ROLE_MAILBOX)
        server.factors_off = server_factors() > 0;
}

enum ck_err ck_admin_edit(struct ck_admin *admin, const struct ck_record *now,
                          const struct ck_account_edit *edit, struct ck_record *ret_after,
                          struct ck_error *err)
{
    (void)admin, (void)now;
    if (server.lent)
        return ck_error_set(err, CK_ERR_UNKNOWN, "the operator's session is lent");
    if (server.edits_refused)
        return ck_error_set(err, CK_ERR_REFUSED, "the API key may only read");
    if (server.policy_refuses && edit->password != NULL)
        return ck_error_set(err, CK_ERR_UNCHANGED, "password_complexity");
    server.edits++;
    if (arrives())
        store(edit);
    enum ck_err r = ends(true, err);
    if (r == CK_OK && edit->force_tfa >= 0 && server.record.force_tfa != edit->force_tfa)
        r = ck_error_set(err, CK_ERR_UNCHANGED, "the record is as before");
    if (r == CK_OK)
        tell(ret_after);
    return r;
}

enum ck_err ck_factor_remove(struct ck_session *session, uint64_t id, struct ck_error *err)
{
    if (arrives()) {
        if (server.record.force_is_number || server_factors() == 1)
            return ck_error_set(err, CK_ERR_UNCHANGED, "Last key cannot be deleted");
        server.factors[id - FIRST_ROW] = false;
    }
    enum ck_err r = ends(true, err);
    if (r == CK_OK)
        show(session);
    return r;
}

enum ck_err ck_factor_remove_all(struct ck_session *session, const struct ck_secret *password,
                                 struct ck_error *err)
{
    if (arrives()) {
        if (server.record.force_is_number ||
            strcmp(server.password, ck_secret_bytes(password)) != 0)
            return ck_error_set(err, CK_ERR_UNCHANGED, "Access denied");
        memset(server.factors, 0, sizeof(server.factors));
    }
    enum ck_err r = ends(true, err);
    if (r == CK_OK)
        show(session);
    return r;
}

enum ck_err ck_passkey_remove(struct ck_session *session, const char *cid, struct ck_error *err)
{
    session->passkeys_shown_gone = server.passkeys_lie;
    if (arrives() && !server.passkeys_lie)
        server.passkeys[cid[0] - 'a'] = false;
    enum ck_err r = ends(true, err);
    if (r == CK_OK)
        show(session);
    return r;
}

enum ck_err ck_journal_intend(struct ck_journal *journal, const struct ck_journal_deed *deed,
                              char ret_id[CK_JOURNAL_ID_SIZE + 1], struct ck_error *err)
{
    (void)journal, (void)deed;
    if (server.intending != CK_OK)
        return ck_error_set(err, server.intending, "disk full");
    server.intended = true;
    memset(ret_id, '0', CK_JOURNAL_ID_SIZE);
    ret_id[CK_JOURNAL_ID_SIZE] = '\0';
    return CK_OK;
}

enum ck_err ck_journal_conclude(struct ck_journal *journal, const char *id,
                                enum ck_journal_outcome outcome, const char *evidence,
                                const char *aaguid, const char *serial, const char *detail,
                                struct ck_error *err)
{
    static const char *const names[] = {"done", "failed", "unknown"};

    (void)journal, (void)id, (void)evidence, (void)aaguid, (void)serial;
    if (server.concluding != CK_OK)
        return ck_error_set(err, server.concluding, "disk full");
    snprintf(server.concluded, sizeof(server.concluded), "%s", names[outcome]);
    snprintf(server.detail, sizeof(server.detail), "%s", detail != NULL ? detail : "");
    return CK_OK;
}
