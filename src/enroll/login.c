/* The way through mailcow's login: password, second factor, forced password change. */
#include "cowkey/enroll/login.h"

#include "choose.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/enroll/proof.h"
#include "cowkey/mailcow/webauthn.h"
#include "key_answer.h"
#include "login_internal.h"

int64_t ck_login_server_now_s(const struct ck_login *login, const struct ck_session *session)
{
    bool known;

    ck_session_wait_turn(session);
    int64_t offset_s = ck_session_clock_offset_s(session, &known);

    return login->settings->now_s() + (known ? offset_s : 0);
}

enum ck_err ck_login_witness(struct ck_login *login, struct ck_error *err)
{
    if (login->witness == NULL || login->witnessed)
        return CK_OK;
    enum ck_err r = login->witness->before_change(login->witness->data, err);
    login->witnessed = r == CK_OK;
    return r;
}

enum ck_err ck_login_need_key(struct ck_login *login, struct ck_error *err)
{
    bool afresh = login->key_failed;

    login->key_failed = false;
    if (login->key == NULL)
        return ck_key_open(login->key_settings, &login->key, err);
    return afresh ? ck_key_reopen(&login->key, err) : CK_OK;
}

enum ck_err ck_login_need_other_key(struct ck_login *login, struct ck_error *err)
{
    enum ck_err r = login->person->ask_other_key(login->person->data, err);

    if (r != CK_OK)
        return r;
    ck_key_close(&login->key);
    login->key_answered = false;
    return ck_login_need_key(login, err);
}

static enum ck_err answer_totp(const struct ck_login *login, struct ck_session *session,
                               const struct ck_factor *factor, struct ck_error *err)
{
    char code[CK_TOTP_CODE_MAX];
    enum ck_err r = ck_login_code(login, session, factor, code, err);

    if (r == CK_OK)
        r = ck_session_answer_totp(session, factor->id, code, err);
    ck_secret_erase(code, sizeof(code));
    return r;
}

static enum ck_err answer_key(struct ck_login *login, struct ck_session *session,
                              const struct ck_factor *factor, struct ck_error *err)
{
    CK_CLEANUP(key_answer_clear) struct key_answer answer = {0};
    enum ck_err r = key_answer_make(login, session, factor->id, NULL, &answer, err);

    login->key_answered = r == CK_OK;
    return r == CK_OK ? ck_webauthn_answer(session, answer.row, &answer.assertion, err) : r;
}

static enum ck_err answer_factor(struct ck_login *login, struct ck_session *session,
                                 struct ck_error *err)
{
    struct ck_factor factor;
    enum ck_err r = ck_login_choose_factor(login, ck_session_page(session), &factor, err);

    if (r != CK_OK)
        return r;
    if (factor.method == CK_METHOD_TOTP)
        return answer_totp(login, session, &factor, err);
    if (factor.method == CK_METHOD_WEBAUTHN)
        return answer_key(login, session, &factor, err);

    CK_CLEANUP(ck_secret_free) struct ck_secret *otp = NULL;
    r = login->person->ask_yubico_otp(login->person->data, &otp, err);
    return r != CK_OK ? r : ck_session_answer_yubiotp(session, otp, err);
}

static enum ck_err enter_with_passkey(struct ck_login *login, struct ck_session **ret_session,
                                      struct ck_error *err)
{
    enum ck_verdict verdict = ck_prove_passkey(login, NULL, ret_session, NULL, err);

    login->key_answered = verdict == CK_VERDICT_ACCEPTED;
    return verdict == CK_VERDICT_ACCEPTED ? CK_OK : err->code;
}

enum ck_err ck_login_authenticate(struct ck_login *login, struct ck_session **ret_session,
                                  struct ck_error *err)
{
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;

    if (login->entrance != NULL)
        return login->entrance->open(login->entrance->data, ret_session, err);
    login->person->tell_stage(login->person->data, CK_STAGE_LOGIN);
    if (login->with_passkey)
        return enter_with_passkey(login, ret_session, err);
    enum ck_err r = ck_session_login(login->settings, login->dialect, login->account,
                                     login->password, &session, err);
    if (r == CK_OK && ck_session_state(session) == CK_SESSION_ASKS_FACTOR)
        r = answer_factor(login, session, err);
    if (r == CK_OK && ck_session_state(session) == CK_SESSION_OPEN)
        r = ck_session_visit(session, err);
    if (r != CK_OK)
        return r;
    *ret_session = CK_TAKE(session);
    return CK_OK;
}

enum ck_err ck_login_submit_password(const struct ck_login *login, struct ck_session *session,
                                     const struct ck_secret *new_password, struct ck_error *err)
{
    enum ck_err r = ck_session_change_password(session, login->password, new_password, err);

    if (r != CK_ERR_UNKNOWN)
        return r;
    struct ck_error cause = *err;
    ck_error_set(err, r, "it is not known whether the password was changed: %.300s", cause.text);
    return ck_error_hint(err,
                         "Log in with the new password, and if that is refused with the old one.");
}

enum ck_err ck_login_check_not_held(const struct ck_login *login, const struct ck_session *session,
                                    struct ck_error *err)
{
    if (ck_session_state(session) != CK_SESSION_HELD)
        return CK_OK;
    ck_error_set(err, CK_ERR_UNCHANGED,
                 "the server holds the account '%s' until it has a second factor, and shows "
                 "nothing of it before",
                 login->account->name);
    return ck_error_hint(err, "Set one up first: 'cowkey enroll totp'.");
}

static bool password_change_held(const struct ck_session *session)
{
    return ck_session_state(session) == CK_SESSION_HELD &&
           ck_session_page(session)->change_password;
}

/* Gives the server the new password that it insists on. */
static enum ck_err change_password(struct ck_login *login, struct ck_session *session,
                                   struct ck_error *err)
{
    if (login->new_password == NULL) {
        ck_error_set(err, CK_ERR_REFUSED,
                     "the server holds the account '%s' until its password is changed",
                     login->account->name);
        return ck_error_hint(err,
                             "Change it first: 'cowkey password'. 'cowkey enroll' does it on the "
                             "way when given --new-password-file.");
    }
    enum ck_err r = ck_login_witness(login, err);
    if (r != CK_OK)
        return r;
    login->person->tell_stage(login->person->data, CK_STAGE_CHANGE_PASSWORD);
    r = ck_login_submit_password(login, session, login->new_password, err);
    if (r == CK_OK) {
        login->password = login->new_password;
        login->password_changed = true;
    }
    login->password_submitted = r == CK_OK || r == CK_ERR_UNKNOWN;
    return r;
}

enum ck_err ck_login_note_change(const struct ck_login *login, struct ck_error *err)
{
    if (!login->password_changed || err->code == CK_ERR_UNKNOWN)
        return err->code;
    struct ck_error cause = *err;
    ck_error_set(err, CK_ERR_UNKNOWN, "the password was changed to the new one; but then: %.400s",
                 cause.text);
    return ck_error_hint(err, "Log in with the new password from now on.%s%.400s",
                         cause.hint[0] != '\0' ? " " : "", cause.hint);
}

enum ck_err ck_login_open(struct ck_login *login, struct ck_session **ret_session,
                          struct ck_error *err)
{
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;
    enum ck_err r = ck_login_authenticate(login, &session, err);

    if (r == CK_OK && password_change_held(session)) {
        r = change_password(login, session, err);
        if (r == CK_OK) {
            ck_session_close(&session);
            r = ck_login_authenticate(login, &session, err);
        }
        if (r == CK_OK && password_change_held(session))
            r = ck_error_set(err, CK_ERR_UNKNOWN,
                             "the server took the new password and still insists on a change");
    }
    if (r != CK_OK)
        return ck_login_note_change(login, err);
    *ret_session = CK_TAKE(session);
    return CK_OK;
}
