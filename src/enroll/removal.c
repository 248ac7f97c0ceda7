/* Removing factors and passkeys: asked before, read back after. */
#include "cowkey/enroll/removal.h"

#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/mailcow/factor.h"
#include "cowkey/mailcow/webauthn.h"
#include "login_internal.h"
#include "takeback.h"

/* What was listed before: whatever else is missing afterwards was not to go. */
struct before {
    uint64_t rows[CK_PAGE_FACTORS_MAX];
    size_t rows_count;
    char cids[CK_PAGE_FACTORS_MAX][CK_PAGE_CID_SIZE + 1];
    size_t cids_count;
};

static void look_before(const struct ck_page *page, struct before *before)
{
    before->rows_count = page->factors_count;
    for (size_t i = 0; i < page->factors_count; i++)
        before->rows[i] = page->factors[i].id;
    before->cids_count = page->passkeys_count;
    for (size_t i = 0; i < page->passkeys_count; i++)
        memcpy(before->cids[i], page->passkeys[i].cid, sizeof(before->cids[0]));
}

static bool shows_passkey(const struct ck_page *page, const char *cid)
{
    for (size_t i = 0; i < page->passkeys_count; i++) {
        if (strcmp(page->passkeys[i].cid, cid) == 0)
            return true;
    }
    return false;
}

static bool is_going(const struct ck_removal *removal, uint64_t row, const char *cid)
{
    for (size_t i = 0; i < removal->going_count; i++) {
        const struct ck_listed *going = &removal->going[i];
        if (going->is_passkey ? strcmp(going->cid, cid) == 0 : going->row == row && row != 0)
            return true;
    }
    return false;
}

static enum ck_err check_others(const struct ck_removal *removal, const struct before *before,
                                const struct ck_page *page, struct ck_error *err)
{
    size_t lost = 0;

    for (size_t i = 0; i < before->rows_count; i++)
        lost += !is_going(removal, before->rows[i], "") &&
                ck_page_find_factor(page, before->rows[i]) == NULL;
    for (size_t i = 0; page->passkeys_state == CK_LIST_PRESENT && i < before->cids_count; i++)
        lost += !is_going(removal, 0, before->cids[i]) && !shows_passkey(page, before->cids[i]);
    if (lost == 0)
        return CK_OK;
    ck_error_set(err, CK_ERR_UNKNOWN, "it was removed, but %zu other entries are gone too", lost);
    return ck_error_hint(err, "Somebody else may be changing this account at the same time.");
}

static enum ck_err check_visible(const struct ck_login *login, const struct ck_session *session,
                                 bool factors_wanted, struct ck_error *err)
{
    const struct ck_page *page = ck_session_page(session);

    if (ck_login_check_not_held(login, session, err) != CK_OK)
        return err->code;
    if (factors_wanted && page->factors_state == CK_LIST_ABSENT) {
        ck_error_set(err, CK_ERR_UNCHANGED,
                     "the server's page does not show the second factors of '%s'",
                     login->account->name);
        return ck_error_hint(err, "Accounts that log in through an outside provider (Keycloak, "
                                  "OIDC) have them there.");
    }
    return CK_OK;
}

static enum ck_err add_going(const struct ck_page *page, const struct ck_entry *entry,
                             struct ck_removal *removal, struct ck_error *err)
{
    enum ck_err r = ck_listed_copy(page, entry, &removal->going[removal->going_count], err);

    if (r == CK_OK)
        removal->going_count++;
    return r;
}

static enum ck_err choose(const struct ck_page *page, const char *what, struct ck_removal *removal,
                          struct ck_error *err)
{
    struct ck_entry entry = {0};
    enum ck_err r = CK_OK;

    removal->going = calloc(page->factors_count + 1, sizeof(removal->going[0]));
    if (removal->going == NULL)
        return ck_error_no_memory(err);
    if (what != NULL) {
        r = ck_entry_pick(page, what, CK_ENTRY_ANY, &entry, err);
        return r == CK_OK ? add_going(page, &entry, removal, err) : r;
    }
    for (size_t i = 0; r == CK_OK && i < page->factors_count; i++) {
        entry.factor = &page->factors[i];
        r = add_going(page, &entry, removal, err);
    }
    return r;
}

static size_t passkeys_going(const struct ck_removal *removal, const struct ck_page *page)
{
    size_t count = 0;

    for (size_t i = 0; i < page->passkeys_count; i++)
        count += is_going(removal, 0, page->passkeys[i].cid);
    return count;
}

static bool uses_going(const struct ck_removal *removal, const struct ck_page *page)
{
    for (size_t i = 0; i < page->factors_count; i++) {
        if (page->factors[i].current && is_going(removal, page->factors[i].id, ""))
            return true;
    }
    return false;
}

static enum ck_err ask(struct ck_session *session, const struct ck_removal *removal,
                       const struct ck_removal_person *person, struct ck_error *err)
{
    const struct ck_page *page = ck_session_page(session);
    bool is_passkey = removal->going[0].is_passkey;
    struct ck_removal_plan plan = {
        .going = removal->going,
        .going_count = removal->going_count,
        .no_factor_left = !is_passkey && removal->going_count == page->factors_count,
        .no_passkey_left = is_passkey && passkeys_going(removal, page) == page->passkeys_count,
        .forced = -1,
    };
    enum ck_err r = CK_OK;

    plan.used_now = !plan.no_factor_left && uses_going(removal, page);
    if (!is_passkey)
        r = ck_session_read_forced(session, &plan.forced, err);
    return r == CK_OK ? person->ask_removal(person->data, &plan, err) : r;
}

/* The server tells only in words, of its page's language, why it keeps a factor. */
static enum ck_err explain_kept(enum ck_err r, struct ck_error *err)
{
    struct ck_error said = *err;

    if (r != CK_ERR_UNCHANGED)
        return r;
    return ck_error_hint(err,
                         "A server that enforces a second factor may keep it: its admin can "
                         "switch that off.%s%.300s",
                         said.hint[0] != '\0' ? " " : "", said.hint);
}

static enum ck_err remove_factor(struct ck_login *login, struct ck_session *session,
                                 const struct ck_removal *removal, struct ck_error *err)
{
    bool last = ck_session_page(session)->factors_count == 1;
    uint64_t row = removal->going[0].row;
    struct ck_error kept;
    /* By its id also when it is the only one: that can't touch what somebody adds meanwhile. */
    enum ck_err r = ck_factor_remove(session, row, &kept);

    if (r == CK_ERR_UNCHANGED && last)
        return explain_kept(take_back_only(login, session, row, err), err);
    if (r != CK_OK)
        *err = kept;
    return explain_kept(r, err);
}

static enum ck_err carry_out(struct ck_login *login, struct ck_session *session, const char *what,
                             const struct ck_removal *removal, struct ck_error *err)
{
    if (what == NULL)
        return explain_kept(ck_factor_remove_all(session, login->password, err), err);
    if (removal->going[0].is_passkey)
        return ck_passkey_remove(session, removal->going[0].cid, err);
    return remove_factor(login, session, removal, err);
}

enum ck_err ck_removal_run(struct ck_login *login, const char *what,
                           const struct ck_removal_person *person, struct ck_removal *ret_removal,
                           struct ck_error *err)
{
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;
    CK_CLEANUP(ck_free_p) struct before *before = calloc(1, sizeof(*before));
    struct ck_removal *removal = ret_removal;

    *removal = (struct ck_removal){.result = CK_CHANGE_FAILED, .passkeys_left = -1};
    if (before == NULL)
        return ck_error_no_memory(err);
    enum ck_err r = ck_login_open(login, &session, err);
    if (r == CK_OK)
        r = check_visible(login, session, what == NULL, err);
    if (r == CK_OK)
        r = choose(ck_session_page(session), what, removal, err);
    if (r == CK_OK && removal->going_count > 0)
        r = ask(session, removal, person, err);
    if (r != CK_OK)
        return r;

    const struct ck_page *page = ck_session_page(session);
    if (removal->going_count > 0) {
        look_before(page, before);
        removal->submitted = true;
        r = carry_out(login, session, what, removal, err);
    }
    if (r == CK_OK)
        r = check_others(removal, before, page, err);
    if (r == CK_ERR_UNKNOWN)
        removal->result = CK_CHANGE_UNKNOWN;
    if (r != CK_OK)
        return r;
    removal->result = CK_CHANGE_DONE;
    removal->factors_left = page->factors_count;
    if (page->passkeys_state == CK_LIST_PRESENT)
        removal->passkeys_left = (int)page->passkeys_count;
    return CK_OK;
}

void ck_removal_clear(struct ck_removal *removal)
{
    for (size_t i = 0; i < removal->going_count; i++)
        ck_listed_clear(&removal->going[i]);
    free(removal->going);
    *removal = (struct ck_removal){0};
}
