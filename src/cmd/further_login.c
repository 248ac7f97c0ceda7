/* Another login like the first. */
#include "further_login.h"

#include <string.h>

#include "cowkey/base/cleanup.h"

bool further_login_needs_person(const struct options *options, const struct admin_target *who)
{
    const struct ck_login *login = &who->target.login;
    const struct ck_page *page = ck_session_page(who->session);

    if (login->with_passkey || login->key_answered)
        return true;
    if (login->factor_key == NULL)
        return page->factors_count > 0;
    return option_given(options, OPTION_LOGIN_FACTOR) &&
           strcmp(option_value(options, OPTION_LOGIN_FACTOR), "yubiotp") == 0;
}

static void tell_nobody(void *data, enum ck_stage stage)
{
    (void)data;
    (void)stage;
}

static enum ck_err asks_now(struct ck_error *err)
{
    ck_error_set(err, CK_ERR_REFUSED,
                 "the server asks for another second factor than at the first login");
    return ck_error_hint(err, "Do without --jobs.");
}

static enum ck_err ask_no_code(void *data, const struct ck_factor *factor,
                               char ret_code[CK_TOTP_CODE_MAX], struct ck_error *err)
{
    (void)data;
    (void)factor;
    (void)ret_code;
    return asks_now(err);
}

static enum ck_err ask_no_otp(void *data, struct ck_secret **ret_otp, struct ck_error *err)
{
    (void)data;
    (void)ret_otp;
    return asks_now(err);
}

static enum ck_err ask_no_factor(void *data, const struct ck_factor *factors, size_t count,
                                 size_t *ret_index, struct ck_error *err)
{
    (void)data;
    (void)factors;
    (void)count;
    (void)ret_index;
    return asks_now(err);
}

enum ck_err further_login_open(const struct admin_target *who, enum further_asks asks,
                               struct ck_session **ret_session, struct ck_error *err)
{
    static const struct ck_person nobody = {.tell_stage = tell_nobody,
                                            .ask_login_code = ask_no_code,
                                            .ask_yubico_otp = ask_no_otp,
                                            .ask_factor = ask_no_factor};
    struct ck_login login = who->target.login; /* borrows what nobody changes any more */
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;

    if (asks == FURTHER_ASKS_NOBODY)
        login.person = &nobody;
    login.key = NULL;
    enum ck_err r = ck_login_open(&login, &session, err);
    ck_key_close(&login.key);
    if (r != CK_OK)
        return r;
    if (ck_session_state(session) != CK_SESSION_OPEN)
        return ck_error_set(err, CK_ERR_REFUSED, "the server holds the account meanwhile");
    *ret_session = CK_TAKE(session);
    return CK_OK;
}
