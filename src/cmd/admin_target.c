/* Who manages, from the options. */
#include "admin_target.h"

#include "progress.h"
#include "source.h"

static enum ck_err check_given(const struct options *options, bool has_key, bool session_needed,
                               struct ck_error *err)
{
    bool account = option_given(options, OPTION_ACCOUNT);

    if (account || (has_key && !session_needed))
        return CK_OK;
    if (has_key) {
        ck_error_set(err, CK_ERR_USAGE, "--account is missing: this takes an admin's own login");
        return ck_error_hint(err, "An API key alone can't log in as others.");
    }
    ck_error_set(err, CK_ERR_USAGE, "neither an API key nor --account is given");
    return ck_error_hint(err, "Give the key with --api-key-file, --api-key-fd or "
                              "--api-key-command, or the account of an admin or domain admin.");
}

static enum ck_err check_role(const struct ck_account *account, struct ck_error *err)
{
    if (account->role != CK_ROLE_MAILBOX)
        return CK_OK;
    ck_error_set(err, CK_ERR_USAGE, "'%s' is a mailbox: it manages no accounts", account->name);
    return ck_error_hint(err, "Log in as an admin or as a domain admin, or give an API key.");
}

static enum ck_err read_login(const struct options *options, const struct ck_person *person,
                              const struct ck_key_person *key_person, struct target *target,
                              struct ck_error *err)
{
    bool with_passkey = option_given(options, OPTION_LOGIN_PASSKEY);
    struct ck_account account;
    enum ck_err r = target_read_account(options, &account, err);

    /* Before anything is asked. */
    if (r == CK_OK)
        r = check_role(&account, err);
    if (r == CK_OK)
        r = target_read(options, person, key_person, !with_passkey, target, err);
    if (r == CK_OK && with_passkey)
        r = target_check_name(target, err);
    target->login.with_passkey = with_passkey;
    return r;
}

bool admin_target_login_asked(const struct options *options)
{
    return option_on_command_line(options, OPTION_ACCOUNT);
}

static void tell_pause(void *data, int64_t pause_ms)
{
    const struct admin_target *target = data;

    progress_say(target->options, "The server asks for fewer requests: waiting %lld s ...",
                 (long long)(pause_ms + 999) / 1000);
}

enum ck_err admin_target_read(const struct options *options, const struct ck_person *person,
                              const struct ck_key_person *key_person, bool session_needed,
                              struct admin_target *target, struct ck_error *err)
{
    *target = (struct admin_target){.options = options};
    ck_brake_init(&target->brake, &ck_brake_usual, tell_pause, target);
    ck_brake_send_again(&target->brake);
    enum ck_err r = source_read(options, OPTION_API_KEY_FILE, "API key", &target->api_key, err);
    if (r == CK_OK)
        r = check_given(options, target->api_key != NULL, session_needed, err);
    if (r != CK_OK)
        return r;
    target->logs_in = session_needed || target->api_key == NULL;
    if (target->logs_in) {
        r = read_login(options, person, key_person, &target->target, err);
    } else {
        target->target.login.settings = &target->target.settings;
        target->target.login.person = person;
        r = target_read_server(options, &target->target.settings, err);
    }
    target->target.settings.brake = &target->brake.http;
    return r;
}

enum ck_err admin_target_open(struct admin_target *target, struct ck_error *err)
{
    struct ck_login *login = &target->target.login;
    enum ck_err r = target_probe(&target->target, err);

    if (r == CK_OK && target->logs_in)
        r = ck_login_open(login, &target->session, err);
    /* Also where the API key does the rest: a login that is held is of no use. */
    if (r == CK_OK && target->logs_in)
        r = ck_admin_open_session(target->session, &target->own, err);
    if (r == CK_OK && target->api_key != NULL)
        r = ck_admin_open_key(login->settings, login->dialect, target->api_key, &target->with_key,
                              err);
    target->admin = target->with_key != NULL ? target->with_key : target->own;
    return r;
}

struct ck_operator admin_target_operator(const struct admin_target *target)
{
    return (struct ck_operator){
        .settings = &target->target.settings,
        .dialect = target->target.login.dialect,
        .admin = target->admin,
        .session = target->session,
        .account = target->session != NULL ? &target->target.account : NULL,
    };
}

const char *admin_target_name(const struct admin_target *target)
{
    return target->logs_in ? target->target.account.name : "API key";
}

void admin_target_clear(struct admin_target *target)
{
    ck_admin_close(&target->with_key);
    ck_admin_close(&target->own);
    ck_session_close(&target->session);
    ck_secret_free(&target->api_key);
    target_clear(&target->target);
    ck_brake_clear(&target->brake);
}
