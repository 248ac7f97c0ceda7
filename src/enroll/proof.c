/* Proof by a fresh login. */
#include "cowkey/enroll/proof.h"

#include <string.h>

#include "choose.h"
#include "cowkey/base/cleanup.h"

/* Answers row id and reads the page behind it. A no to the code is a verdict; all else leaves it
 * open. */
static enum ck_verdict answer_and_visit(struct ck_session *session, uint64_t id, const char *code,
                                        struct ck_error *ret_why)
{
    enum ck_err r = ck_session_answer_totp(session, id, code, ret_why);

    if (r == CK_ERR_REFUSED)
        return CK_VERDICT_REFUSED;
    if (r == CK_OK)
        r = ck_session_visit(session, ret_why);
    return r == CK_OK ? CK_VERDICT_ACCEPTED : CK_VERDICT_NOT_CARRIED_OUT;
}

static enum ck_err fresh_login(struct ck_login *login, struct ck_session **ret_session,
                               struct ck_error *err)
{
    login->person->tell_stage(login->person->data, CK_STAGE_PROOF);
    return ck_session_login(login->settings, login->dialect, login->account, login->password,
                            ret_session, err);
}

/*
 * A login that went through without asking is believed only when it shows the account's page: a redirect alone
 * may come from a proxy, and the login may never have been seen.
 */
static enum ck_verdict check_not_asked(struct ck_session *session, struct ck_error *ret_why)
{
    if (ck_session_state(session) == CK_SESSION_OPEN && ck_session_visit(session, ret_why) != CK_OK)
        return CK_VERDICT_NOT_CARRIED_OUT;
    return CK_VERDICT_NOT_ASKED;
}

enum ck_verdict ck_prove_totp(struct ck_login *login, uint64_t id, const struct ck_otpauth *key,
                              struct ck_error *ret_why)
{
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;

    if (fresh_login(login, &session, ret_why) != CK_OK)
        return CK_VERDICT_NOT_CARRIED_OUT;
    if (ck_session_state(session) != CK_SESSION_ASKS_FACTOR)
        return check_not_asked(session, ret_why);
    const struct ck_factor *factor = ck_page_find_factor(ck_session_page(session), id);
    if (factor == NULL || factor->method != CK_METHOD_TOTP)
        return CK_VERDICT_NOT_LISTED;

    char code[CK_TOTP_CODE_MAX];
    if (ck_totp_code(key->key, &key->params, ck_login_server_now_s(login, session), code,
                     ret_why) != CK_OK)
        return CK_VERDICT_NOT_CARRIED_OUT;
    enum ck_verdict verdict = answer_and_visit(session, id, code, ret_why);
    ck_secret_erase(code, sizeof(code));
    return verdict;
}

/* Whether the login page offers the factor that shall be proved. */
static bool is_listed(const struct ck_login *login, const struct ck_page *page)
{
    const struct ck_factor *factor;

    if (login->factor != NULL)
        return ck_factor_match(page, login->factor, &factor) > 0;
    for (size_t i = 0; i < page->factors_count; i++) {
        if (page->factors[i].method == CK_METHOD_TOTP)
            return true;
    }
    return false;
}

/* The answer to a login that asks for a factor; proving is filled as far as it got. */
static enum ck_err prove_listed(struct ck_login *login, struct ck_session *session,
                                struct ck_proving *proving, struct ck_error *err)
{
    const struct ck_page *page = ck_session_page(session);
    struct ck_factor factor;
    char code[CK_TOTP_CODE_MAX];

    proving->verdict = CK_VERDICT_NOT_LISTED;
    if (!is_listed(login, page))
        return CK_OK;
    enum ck_err r = ck_login_choose_factor(login, page, &factor, err);
    if (r == CK_OK && factor.method != CK_METHOD_TOTP)
        r = ck_error_set(err, CK_ERR_USAGE, "that factor is not a TOTP factor");
    if (r == CK_OK)
        r = ck_login_code(login, session, &factor, code, err);
    if (r != CK_OK)
        return r;
    proving->id = factor.id;
    proving->verdict = answer_and_visit(session, factor.id, code, err);
    ck_secret_erase(code, sizeof(code));
    return CK_OK;
}

enum ck_err ck_prove_existing_totp(struct ck_login *login, struct ck_proving *ret_proving,
                                   struct ck_error *err)
{
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;
    struct ck_proving proving = {.computed = login->factor_key != NULL};

    enum ck_err r = fresh_login(login, &session, err);
    if (r == CK_OK && ck_session_state(session) == CK_SESSION_ASKS_FACTOR)
        r = prove_listed(login, session, &proving, err);
    else if (r == CK_OK)
        proving.verdict = check_not_asked(session, err);
    if (r == CK_OK && proving.verdict == CK_VERDICT_NOT_CARRIED_OUT)
        r = err->code;
    if (r == CK_OK)
        *ret_proving = proving;
    return r;
}
