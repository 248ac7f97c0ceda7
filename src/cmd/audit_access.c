/* Credentials of an audit. */
#include "audit_access.h"

#include <string.h>

#include "cowkey/base/cleanup.h"
#include "interrupt.h"
#include "output.h"
#include "source.h"

static enum ck_err read_api_key(const struct options *options, struct audit_access *access,
                                struct ck_error *err)
{
    return source_read(options, OPTION_API_KEY_FILE, "API key", &access->api_key, err);
}

static enum ck_err check_login(const struct options *options, struct ck_error *err)
{
    struct ck_account account;

    if (!option_given(options, OPTION_ACCOUNT)) {
        ck_error_set(err, CK_ERR_USAGE,
                     option_given(options, OPTION_DEEP)
                         ? "--deep needs an account that logs in"
                         : "neither an API key nor an account that logs in is given");
        return ck_error_hint(err,
                             "Give --account with an admin or a domain admin, or --api-key-file "
                             "for what the server's API shows.");
    }
    enum ck_err r = target_read_account(options, &account, err);
    if (r == CK_OK && account.role == CK_ROLE_MAILBOX) {
        ck_error_set(err, CK_ERR_USAGE, "a mailbox sees no other accounts");
        return ck_error_hint(err, "Log in as an admin or a domain admin; a mailbox's own factors "
                                  "are shown by 'cowkey list'.");
    }
    return r;
}

static enum ck_err check_open(const struct audit_access *access, struct ck_error *err)
{
    if (ck_session_state(access->session) == CK_SESSION_OPEN)
        return CK_OK;
    ck_error_set(err, CK_ERR_REFUSED,
                 "the server holds the account '%s' until it has a second factor",
                 access->target.account.name);
    return ck_error_hint(err, "Set one up first: 'cowkey enroll totp'.");
}

/* Where nobody but a person, or a key that wants to be touched, can answer, one login is enough. */
static bool needs_a_person(const struct options *options, const struct audit_access *access)
{
    const struct ck_login *login = &access->target.login;
    const struct ck_page *page = ck_session_page(access->session);

    if (login->with_passkey || login->key_answered)
        return true;
    if (login->factor_key == NULL)
        return page->factors_count > 0;
    return option_given(options, OPTION_LOGIN_FACTOR) &&
           strcmp(option_value(options, OPTION_LOGIN_FACTOR), "yubiotp") == 0;
}

static enum ck_err log_in(const struct options *options, struct audit_access *access,
                          struct ck_error *err)
{
    struct target *target = &access->target;
    enum ck_err r = ck_login_open(&target->login, &access->session, err);

    if (r == CK_OK)
        r = check_open(access, err);
    if (r == CK_OK)
        r = ck_admin_open_session(access->session, &access->own, err);
    if (r == CK_OK && access->jobs > 1 && needs_a_person(options, access)) {
        access->jobs = 1;
        say(options, "One session only: each further one would need a code or a touch.");
    }
    return r;
}

static enum ck_err read_target(const struct options *options, bool with_login,
                               struct audit_access *access, struct ck_error *err)
{
    bool with_passkey = option_given(options, OPTION_LOGIN_PASSKEY);
    struct target *target = &access->target;

    access->speaker = (struct speaker){.options = options, .target = target};
    access->person = person_new(&access->speaker);
    access->key_person = key_person_new(&access->speaker);
    if (!with_login) {
        target->login.settings = &target->settings;
        target->login.person = &access->person;
        return target_read_server(options, &target->settings, err);
    }
    enum ck_err r =
        target_read(options, &access->person, &access->key_person, !with_passkey, target, err);
    target->login.with_passkey = with_passkey;
    return r == CK_OK && with_passkey ? target_check_name(target, err) : r;
}

enum ck_err audit_access_open(const struct options *options, bool deep, unsigned jobs,
                              struct audit_access *access, struct ck_error *err)
{
    *access = (struct audit_access){.jobs = jobs};
    enum ck_err r = read_api_key(options, access, err);
    bool with_login = deep || access->api_key == NULL;

    if (r == CK_OK && with_login)
        r = check_login(options, err);
    if (r == CK_OK)
        r = read_target(options, with_login, access, err);
    if (r == CK_OK)
        r = target_probe(&access->target, err);
    if (r == CK_OK && access->api_key != NULL)
        r = ck_admin_open_key(&access->target.settings, access->target.login.dialect,
                              access->api_key, &access->by_key, err);
    if (r == CK_OK && with_login)
        r = log_in(options, access, err);
    return r;
}

/* --- further sessions --- */

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

enum ck_err audit_access_open_more(void *data, struct ck_session **ret_session,
                                   struct ck_error *err)
{
    static const struct ck_person nobody = {.tell_stage = tell_nobody,
                                            .ask_login_code = ask_no_code,
                                            .ask_yubico_otp = ask_no_otp,
                                            .ask_factor = ask_no_factor};
    const struct audit_access *access = data;
    struct ck_login login = access->target.login; /* borrows what nobody changes any more */
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;

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

void audit_access_close(struct audit_access *access)
{
    ck_admin_close(&access->own);
    ck_admin_close(&access->by_key);
    ck_session_close(&access->session);
    ck_secret_free(&access->api_key);
    target_clear(&access->target);
}
