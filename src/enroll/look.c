/* Looking after a submit whose answer nobody heard. */
#include "cowkey/enroll/look.h"

#include <stdio.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/enroll/proof.h"
#include "cowkey/mailcow/webauthn.h"

static bool was_there(const struct ck_sought *sought, uint64_t id)
{
    for (size_t i = 0; i < sought->before_count; i++) {
        if (sought->before[i] == id)
            return true;
    }
    return false;
}

/* The new rows of the label; others of another method are somebody else's. */
static size_t find_new(const struct ck_page *page, const struct ck_sought *sought,
                       enum ck_method method, uint64_t ids[CK_PAGE_FACTORS_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < page->factors_count; i++) {
        const struct ck_factor *factor = &page->factors[i];
        if ((factor->method == method || factor->method == CK_METHOD_UNKNOWN) &&
            strcmp(factor->label, sought->label) == 0 && !was_there(sought, factor->id))
            ids[count++] = factor->id;
    }
    return count;
}

/*
 * A login that asks for a factor lists them all, as does the page of one that does not ask (factors
 * are off, or there are none). One that is held for a set-up has none.
 */
static bool shows_factors(const struct ck_session *session)
{
    const struct ck_page *page = ck_session_page(session);

    switch (ck_session_state(session)) {
    case CK_SESSION_ASKS_FACTOR:
        return true;
    case CK_SESSION_HELD:
        return page->setup_factor;
    case CK_SESSION_OPEN:
        return page->factors_state == CK_LIST_PRESENT;
    case CK_SESSION_ASKS_PASSKEY:
        break;
    }
    return false;
}

static enum ck_err log_in(struct ck_login *login, struct ck_session **ret_session,
                          struct ck_error *err)
{
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;

    login->person->tell_stage(login->person->data, CK_STAGE_LOGIN);
    enum ck_err r = ck_session_login(login->settings, login->dialect, login->account,
                                     login->password, &session, err);
    if (r == CK_OK && ck_session_state(session) == CK_SESSION_OPEN)
        r = ck_session_visit(session, err);
    if (r == CK_OK)
        *ret_session = CK_TAKE(session);
    return r;
}

static enum ck_err list_new(struct ck_login *login, const struct ck_sought *sought,
                            enum ck_method method, uint64_t ids[CK_PAGE_FACTORS_MAX],
                            size_t *ret_count, bool *ret_visible, struct ck_error *err)
{
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;
    enum ck_err r = log_in(login, &session, err);

    if (r != CK_OK)
        return r;
    *ret_visible = shows_factors(session);
    *ret_count = find_new(ck_session_page(session), sought, method, ids);
    return CK_OK;
}

enum ck_err ck_look_totp(struct ck_login *login, const struct ck_sought *sought,
                         const struct ck_otpauth *key, struct ck_looked *ret_looked,
                         struct ck_error *err)
{
    uint64_t ids[CK_PAGE_FACTORS_MAX];
    struct ck_looked looked = {.trace = CK_TRACE_NONE};
    bool visible = false;
    size_t count = 0;
    enum ck_err r = list_new(login, sought, CK_METHOD_TOTP, ids, &count, &visible, err);

    if (r != CK_OK)
        return r;
    if (count > 0 || !visible)
        looked.trace = CK_TRACE_UNDECIDED;
    for (size_t i = 0; i < count && looked.also == 0; i++) {
        enum ck_verdict verdict = ck_prove_totp(login, ids[i], key, err);
        if (verdict == CK_VERDICT_NOT_CARRIED_OUT) {
            ret_looked->refused = looked.refused;
            return err->code;
        }
        looked.refused += verdict == CK_VERDICT_REFUSED;
        if (verdict == CK_VERDICT_ACCEPTED && looked.id == 0)
            looked.id = ids[i];
        else if (verdict == CK_VERDICT_ACCEPTED)
            looked.also = ids[i];
    }
    if (looked.id != 0)
        looked.trace = CK_TRACE_ACCEPTED;
    *ret_looked = looked;
    return CK_OK;
}

/* Whether the credential is among those that the login asks for. */
static enum ck_err asks_for(struct ck_session *session, const struct ck_bytes *credential,
                            bool *ret_asks, struct ck_error *err)
{
    CK_CLEANUP(ck_request_options_clear) struct ck_request_options options = {0};
    const struct ck_page *page = ck_session_page(session);
    bool has_key = false;

    for (size_t i = 0; i < page->factors_count; i++)
        has_key = has_key || page->factors[i].method == CK_METHOD_WEBAUTHN;
    if (ck_session_state(session) != CK_SESSION_ASKS_FACTOR || !has_key)
        return CK_OK;
    enum ck_err r = ck_webauthn_request_options(session, &options, err);
    for (size_t i = 0; r == CK_OK && i < options.allow_count; i++)
        *ret_asks = *ret_asks || ck_bytes_equal(&options.allow[i], credential);
    return r;
}

enum ck_err ck_look_webauthn(struct ck_login *login, const struct ck_sought *sought,
                             const struct ck_bytes *credential, struct ck_looked *ret_looked,
                             struct ck_error *err)
{
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;
    uint64_t ids[CK_PAGE_FACTORS_MAX];
    bool asks = false;
    enum ck_err r = log_in(login, &session, err);

    if (r == CK_OK)
        r = asks_for(session, credential, &asks, err);
    if (r != CK_OK)
        return r;
    size_t count = find_new(ck_session_page(session), sought, CK_METHOD_WEBAUTHN, ids);
    bool found = asks && count == 1, none = !asks && count == 0 && shows_factors(session);
    bool twice = asks && count > 1;
    *ret_looked = (struct ck_looked){
        .trace = found  ? CK_TRACE_LISTED
                 : none ? CK_TRACE_NONE
                        : CK_TRACE_UNDECIDED,
        .id = found || twice ? ids[0] : 0,
        .also = twice ? ids[1] : 0,
    };
    return CK_OK;
}

enum ck_err ck_look_passkey(struct ck_login *login, const char *cid, const char *label,
                            struct ck_looked *ret_looked, struct ck_error *err)
{
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;
    enum ck_err r = ck_login_open(login, &session, err);

    if (r != CK_OK)
        return r;
    const struct ck_page *page = ck_session_page(session);
    const struct ck_passkey *ours = ck_page_find_passkey(page, cid);
    *ret_looked = (struct ck_looked){
        .trace = page->passkeys_state == CK_LIST_ABSENT ? CK_TRACE_UNDECIDED
                 : ours != NULL                         ? CK_TRACE_LISTED
                                                        : CK_TRACE_NONE,
    };
    if (ours != NULL && strcmp(ours->label, label) != 0)
        snprintf(ret_looked->listed_as, sizeof(ret_looked->listed_as), "%s", ours->label);
    return CK_OK;
}
