/* Proof by a fresh login. */
#include "cowkey/enroll/proof.h"

#include <string.h>

#include "choose.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/mailcow/webauthn.h"
#include "cowkey/otp/yubiotp.h"
#include "key_answer.h"

static enum ck_err fresh_login(struct ck_login *login, struct ck_session **ret_session,
                               struct ck_error *err)
{
    login->person->tell_stage(login->person->data, CK_STAGE_PROOF);
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;
    enum ck_err r = ck_session_login(login->settings, login->dialect, login->account,
                                     login->password, &session, err);
    if (r == CK_OK && ck_session_state(session) == CK_SESSION_ASKS_FACTOR)
        r = ck_login_check_offers(login, ck_session_page(session), err);
    if (r == CK_OK)
        *ret_session = CK_TAKE(session);
    return r;
}

/*
 * A login that went through without asking is believed only when it shows the account's page: a
 * redirect alone may come from a proxy, and the login may never have been seen.
 */
static enum ck_verdict check_not_asked(struct ck_session *session, struct ck_error *ret_why)
{
    if (ck_session_state(session) == CK_SESSION_OPEN && ck_session_visit(session, ret_why) != CK_OK)
        return CK_VERDICT_NOT_CARRIED_OUT;
    return CK_VERDICT_NOT_ASKED;
}

/* What the server says to an answer: a no is a verdict, all else leaves it open. */
static enum ck_verdict judge(struct ck_session *session, enum ck_err r, struct ck_error *ret_why)
{
    if (r == CK_ERR_REFUSED)
        return CK_VERDICT_REFUSED;
    if (r == CK_OK)
        r = ck_session_visit(session, ret_why);
    return r == CK_OK ? CK_VERDICT_ACCEPTED : CK_VERDICT_NOT_CARRIED_OUT;
}

static bool lists(const struct ck_page *page, uint64_t id, enum ck_method method)
{
    const struct ck_factor *factor = ck_page_find_factor(page, id);

    return factor != NULL && factor->method == method;
}

enum ck_verdict ck_prove_totp(struct ck_login *login, uint64_t id, const struct ck_otpauth *key,
                              struct ck_error *ret_why)
{
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;
    char code[CK_TOTP_CODE_MAX];

    if (fresh_login(login, &session, ret_why) != CK_OK)
        return CK_VERDICT_NOT_CARRIED_OUT;
    if (ck_session_state(session) != CK_SESSION_ASKS_FACTOR)
        return check_not_asked(session, ret_why);
    if (!lists(ck_session_page(session), id, CK_METHOD_TOTP))
        return CK_VERDICT_NOT_LISTED;
    if (ck_totp_code(key->key, &key->params, ck_login_server_now_s(login, session), code,
                     ret_why) != CK_OK)
        return CK_VERDICT_NOT_CARRIED_OUT;
    enum ck_verdict verdict =
        judge(session, ck_session_answer_totp(session, id, code, ret_why), ret_why);
    ck_secret_erase(code, sizeof(code));
    return verdict;
}

enum ck_verdict ck_prove_webauthn(struct ck_login *login, uint64_t id,
                                  const struct ck_bytes *credential, struct ck_error *ret_why)
{
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;
    CK_CLEANUP(key_answer_clear) struct key_answer answer = {0};

    if (fresh_login(login, &session, ret_why) != CK_OK)
        return CK_VERDICT_NOT_CARRIED_OUT;
    if (ck_session_state(session) != CK_SESSION_ASKS_FACTOR)
        return check_not_asked(session, ret_why);
    if (!lists(ck_session_page(session), id, CK_METHOD_WEBAUTHN))
        return CK_VERDICT_NOT_LISTED;
    enum ck_err r = key_answer_make(login, session, id, credential, &answer, ret_why);
    if (r != CK_OK)
        return answer.not_offered ? CK_VERDICT_NOT_LISTED : CK_VERDICT_NOT_CARRIED_OUT;
    return judge(session, ck_webauthn_answer(session, id, &answer.assertion, ret_why), ret_why);
}

enum ck_verdict ck_prove_passkey(struct ck_login *login, const struct ck_bytes *credential,
                                 struct ck_session **ret_session, struct ck_bytes *ret_credential,
                                 struct ck_error *ret_why)
{
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;
    CK_CLEANUP(ck_request_options_clear) struct ck_request_options options = {0};
    CK_CLEANUP(ck_assertion_clear) struct ck_assertion assertion = {0};
    /* mailcow's user handle is the account's name (protocol 5.1); a key may hold several users'. */
    const struct ck_bytes user = {(uint8_t *)login->account->name, strlen(login->account->name)};

    /* Whoever wants the session logs in, and has told that. */
    if (ret_session == NULL)
        login->person->tell_stage(login->person->data, CK_STAGE_PROOF);
    enum ck_err r = ck_passkey_begin(login->settings, login->dialect, login->account, &session,
                                     &options, ret_why);
    if (r == CK_OK)
        r = ck_login_need_key(login, ret_why);
    if (r == CK_OK)
        r = ck_key_sign(login->key, &options, login->settings->host.origin, CK_VERIFY_ALWAYS,
                        credential, &user, &assertion, ret_why);
    if (r == CK_OK && ret_credential != NULL)
        r = ck_bytes_copy(assertion.credential_id.data, assertion.credential_id.size,
                          ret_credential, ret_why);
    if (r != CK_OK)
        return CK_VERDICT_NOT_CARRIED_OUT;
    r = ck_passkey_finish(session, &assertion, ret_why);
    if (r == CK_OK && ret_session != NULL)
        *ret_session = CK_TAKE(session);
    return r == CK_OK            ? CK_VERDICT_ACCEPTED
           : r == CK_ERR_REFUSED ? CK_VERDICT_REFUSED
                                 : CK_VERDICT_NOT_CARRIED_OUT;
}

/* A fresh one-time password of the key that enrolled. */
static enum ck_err ask_yubiotp(struct ck_login *login, const struct ck_secret *enrolled,
                               struct ck_secret **ret_otp, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *otp = NULL;
    enum ck_err r = login->person->ask_yubico_otp(login->person->data, &otp, err);

    if (r == CK_OK)
        r = ck_yubiotp_check(otp, err);
    if (r == CK_OK && enrolled != NULL && !ck_yubiotp_same_key(otp, enrolled))
        r = ck_error_set(err, CK_ERR_KEY, "that was another YubiKey than the one to prove");
    if (r == CK_OK && enrolled != NULL && ck_secret_equal(otp, enrolled))
        r = ck_error_set(err, CK_ERR_KEY, "that was the same one-time password as before");
    if (r == CK_OK)
        *ret_otp = CK_TAKE(otp);
    return r;
}

/* The row that answered: the page marks it, or there is only one of this method. */
static uint64_t yubiotp_row(const struct ck_page *page)
{
    uint64_t only = 0;
    size_t count = 0;

    for (size_t i = 0; i < page->factors_count; i++) {
        if (page->factors[i].method != CK_METHOD_YUBIOTP)
            continue;
        if (page->factors[i].current)
            return page->factors[i].id;
        only = page->factors[i].id;
        count++;
    }
    return count == 1 ? only : 0;
}

static enum ck_err answer_yubiotp(struct ck_login *login, struct ck_session *session,
                                  const struct ck_secret *enrolled, struct ck_proving *proving,
                                  struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *otp = NULL;
    enum ck_err r = ask_yubiotp(login, enrolled, &otp, err);

    if (r != CK_OK)
        return r;
    proving->verdict = judge(session, ck_session_answer_yubiotp(session, otp, err), err);
    if (proving->verdict == CK_VERDICT_ACCEPTED)
        proving->id = yubiotp_row(ck_session_page(session));
    return CK_OK;
}

enum ck_verdict ck_prove_yubiotp(struct ck_login *login, const struct ck_secret *enrolled,
                                 uint64_t *ret_id, struct ck_error *ret_why)
{
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;
    struct ck_proving proving = {.id = 0};

    if (fresh_login(login, &session, ret_why) != CK_OK)
        return CK_VERDICT_NOT_CARRIED_OUT;
    if (ck_session_state(session) != CK_SESSION_ASKS_FACTOR)
        return check_not_asked(session, ret_why);
    if (!ck_session_page(session)->yubiotp_offered)
        return CK_VERDICT_NOT_LISTED;
    if (answer_yubiotp(login, session, enrolled, &proving, ret_why) != CK_OK)
        return CK_VERDICT_NOT_CARRIED_OUT;
    if (ret_id != NULL)
        *ret_id = proving.id;
    return proving.verdict;
}

/* Whether the login page offers the factor that shall be proved. */
static bool is_listed(const struct ck_login *login, const struct ck_page *page,
                      enum ck_method method)
{
    const struct ck_factor *factor;

    if (method == CK_METHOD_YUBIOTP)
        return page->yubiotp_offered;
    if (login->factor != NULL)
        return ck_factor_match(page, login->factor, &factor) > 0;
    for (size_t i = 0; i < page->factors_count; i++) {
        if (page->factors[i].method == method)
            return true;
    }
    return false;
}

static enum ck_err wrong_method(const char *wanted, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_USAGE, "that factor is not %s", wanted);
    return ck_error_hint(err, "'cowkey list' shows the factors; --login-factor names one.");
}

/* The answer of each method to a login that asks; proving is filled as far as it got. */
static enum ck_err answer_totp(struct ck_login *login, struct ck_session *session,
                               struct ck_proving *proving, struct ck_error *err)
{
    struct ck_factor factor;
    char code[CK_TOTP_CODE_MAX];

    enum ck_err r = ck_login_choose_factor(login, ck_session_page(session), &factor, err);
    if (r == CK_OK && factor.method != CK_METHOD_TOTP)
        r = wrong_method("a TOTP factor", err);
    if (r == CK_OK)
        r = ck_login_code(login, session, &factor, code, err);
    if (r != CK_OK)
        return r;
    proving->id = factor.id;
    proving->verdict = judge(session, ck_session_answer_totp(session, factor.id, code, err), err);
    ck_secret_erase(code, sizeof(code));
    return CK_OK;
}

static enum ck_err answer_webauthn(struct ck_login *login, struct ck_session *session,
                                   struct ck_proving *proving, struct ck_error *err)
{
    CK_CLEANUP(key_answer_clear) struct key_answer answer = {0};
    const struct ck_factor *named = NULL;
    enum ck_err r = CK_OK;

    if (login->factor != NULL)
        r = ck_factor_pick(ck_session_page(session), login->factor, &named, err);
    if (r == CK_OK && named != NULL && named->method != CK_METHOD_WEBAUTHN)
        r = wrong_method("a security key", err);
    if (r == CK_OK)
        r = key_answer_make(login, session, named != NULL ? named->id : 0, NULL, &answer, err);
    if (r != CK_OK)
        return r;
    proving->id = answer.row;
    proving->verdict =
        judge(session, ck_webauthn_answer(session, answer.row, &answer.assertion, err), err);
    return CK_OK;
}

static enum ck_err prove_existing(struct ck_login *login, enum ck_method method,
                                  struct ck_proving *ret_proving, struct ck_error *err)
{
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;
    struct ck_proving proving = {.verdict = CK_VERDICT_NOT_LISTED,
                                 .computed = method == CK_METHOD_TOTP && login->factor_key != NULL};

    enum ck_err r = fresh_login(login, &session, err);
    if (r != CK_OK)
        return r;
    if (ck_session_state(session) != CK_SESSION_ASKS_FACTOR)
        proving.verdict = check_not_asked(session, err);
    else if (is_listed(login, ck_session_page(session), method))
        r = method == CK_METHOD_TOTP      ? answer_totp(login, session, &proving, err)
            : method == CK_METHOD_YUBIOTP ? answer_yubiotp(login, session, NULL, &proving, err)
                                          : answer_webauthn(login, session, &proving, err);
    if (r == CK_OK && proving.verdict == CK_VERDICT_NOT_CARRIED_OUT)
        r = err->code;
    if (r == CK_OK)
        *ret_proving = proving;
    return r;
}

enum ck_err ck_prove_existing_totp(struct ck_login *login, struct ck_proving *ret_proving,
                                   struct ck_error *err)
{
    return prove_existing(login, CK_METHOD_TOTP, ret_proving, err);
}

enum ck_err ck_prove_existing_webauthn(struct ck_login *login, struct ck_proving *ret_proving,
                                       struct ck_error *err)
{
    return prove_existing(login, CK_METHOD_WEBAUTHN, ret_proving, err);
}

enum ck_err ck_prove_existing_yubiotp(struct ck_login *login, struct ck_proving *ret_proving,
                                      struct ck_error *err)
{
    return prove_existing(login, CK_METHOD_YUBIOTP, ret_proving, err);
}
