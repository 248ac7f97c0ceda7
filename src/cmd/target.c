/* Who and where, from the options. */
#include "target.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/escape.h"
#include "interrupt.h"
#include "number.h"
#include "output.h"
#include "prompt.h"
#include "source.h"

enum { TIMEOUT_DEFAULT_S = 30, TIMEOUT_MAX_S = 600, TOUCH_TIMEOUT_DEFAULT_S = 60 };

static void trace(const char *method, const char *path, int status)
{
    say_always("  %s %s: %d", method, path, status);
}

static enum ck_err need(const struct options *options, enum option_id option, struct ck_error *err)
{
    if (option_given(options, option))
        return CK_OK;
    ck_error_set(err, CK_ERR_USAGE, "--%s is missing", option_name(option));
    return ck_error_hint(err, "Give it as an option, in the environment or in the profile.");
}

static enum ck_err read_timeout(const struct options *options, enum option_id option,
                                unsigned default_s, unsigned *ret_ms, struct ck_error *err)
{
    int64_t seconds = default_s;
    enum ck_err r =
        number_read_of(options, option, "number of seconds", 1, TIMEOUT_MAX_S, &seconds, err);

    if (r == CK_OK)
        *ret_ms = (unsigned)seconds * 1000;
    return r;
}

enum ck_err target_read_touch_timeout(const struct options *options, unsigned *ret_timeout_ms,
                                      struct ck_error *err)
{
    return read_timeout(options, OPTION_TOUCH_TIMEOUT, TOUCH_TIMEOUT_DEFAULT_S, ret_timeout_ms,
                        err);
}

/* curl takes HOST:PORT:ADDRESS as it comes, and nonsense for a network fault. */
static enum ck_err check_resolve(const char *text, struct ck_error *err)
{
    const char *port = strchr(text, ':');
    char *address;

    if (port != NULL && port > text && port[1] >= '0' && port[1] <= '9' &&
        strtoul(port + 1, &address, 10) <= UINT16_MAX && address[0] == ':' && address[1] != '\0')
        return CK_OK;
    ck_error_set(err, CK_ERR_USAGE, "--resolve takes HOST:PORT:ADDRESS, not '%.200s'", text);
    return ck_error_hint(err, "For example mail.example.test:443:127.0.0.1");
}

enum ck_err target_read_server(const struct options *options, struct ck_http_settings *settings,
                               struct ck_error *err)
{
    enum ck_err r = need(options, OPTION_SERVER, err);

    if (r == CK_OK)
        r = ck_host_parse(option_value(options, OPTION_SERVER), &settings->host, err);
    if (r == CK_OK)
        r = read_timeout(options, OPTION_TIMEOUT, TIMEOUT_DEFAULT_S, &settings->timeout_ms, err);
    if (r == CK_OK && option_given(options, OPTION_RESOLVE))
        r = check_resolve(option_value(options, OPTION_RESOLVE), err);
    settings->cacert = option_value(options, OPTION_CACERT);
    settings->resolve = option_value(options, OPTION_RESOLVE);
    settings->cancel = &interrupt_noted;
    settings->now_s = clock_now_s;
    settings->trace = option_given(options, OPTION_VERBOSE) ? trace : NULL;
    return r;
}

static enum ck_err ask_password(const struct target *target, struct ck_secret **ret_password,
                                struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *question = NULL;

    if (asprintf(&question, "Password of %s on %s: ", target->account.name,
                 target->settings.host.name) < 0)
        return ck_error_no_memory(err);
    return prompt_secret(question, "the password",
                         "Give it with --password-file, --password-fd or --password-command.",
                         ret_password, err);
}

static enum ck_err read_secrets(const struct options *options, bool password_needed,
                                struct target *target, struct ck_error *err)
{
    enum ck_err r = source_read(options, OPTION_PASSWORD_FILE, "password", &target->password, err);

    if (r == CK_OK)
        r = source_read(options, OPTION_NEW_PASSWORD_FILE, "new password", &target->new_password,
                        err);
    if (r == CK_OK)
        r = source_read_totp(options, OPTION_LOGIN_SECRET_FILE, "login secret",
                             &target->login_secret, err);
    if (r == CK_OK && password_needed && target->password == NULL)
        r = ask_password(target, &target->password, err);
    return r;
}

enum ck_err target_read_account(const struct options *options, struct ck_account *ret_account,
                                struct ck_error *err)
{
    enum ck_err r = need(options, OPTION_ACCOUNT, err);

    return r == CK_OK ? ck_account_parse(option_value(options, OPTION_ACCOUNT),
                                         option_value(options, OPTION_ROLE), ret_account, err)
                      : r;
}

/* The login, once all that it borrows is there. */
static void fill_login(const struct options *options, const struct ck_person *person,
                       const struct ck_key_person *key_person, unsigned touch_timeout_ms,
                       struct target *target)
{
    target->key_person = *key_person;
    target->key_settings = (struct ck_key_settings){
        .device = option_value(options, OPTION_DEVICE),
        .touch_timeout_ms = touch_timeout_ms,
        .cancel = &interrupt_noted,
        .person = &target->key_person,
    };
    target->login = (struct ck_login){
        .settings = &target->settings,
        .account = &target->account,
        .password = target->password,
        .new_password = target->new_password,
        .factor_key = target->login_secret.key != NULL ? &target->login_secret : NULL,
        .factor = option_value(options, OPTION_LOGIN_FACTOR),
        .key_settings = &target->key_settings,
        .person = person,
    };
}

enum ck_err target_read(const struct options *options, const struct ck_person *person,
                        const struct ck_key_person *key_person, bool password_needed,
                        struct target *target, struct ck_error *err)
{
    unsigned touch_timeout_ms;

    *target = (struct target){0};
    enum ck_err r = target_read_server(options, &target->settings, err);
    if (r == CK_OK)
        r = target_read_account(options, &target->account, err);
    if (r == CK_OK)
        r = target_read_touch_timeout(options, &touch_timeout_ms, err);
    if (r == CK_OK)
        r = read_secrets(options, password_needed, target, err);
    if (r == CK_OK)
        fill_login(options, person, key_person, touch_timeout_ms, target);
    return r;
}

enum ck_err target_read_other(const struct options *options, const struct ck_person *person,
                              const struct ck_key_person *key_person,
                              const struct ck_account *account, struct ck_secret **password,
                              bool logs_in, struct target *target, struct ck_error *err)
{
    unsigned touch_timeout_ms;

    *target = (struct target){.account = *account};
    enum ck_err r = target_read_server(options, &target->settings, err);
    if (r == CK_OK)
        r = target_read_touch_timeout(options, &touch_timeout_ms, err);
    if (r != CK_OK)
        return r;
    if (logs_in)
        r = source_read(options, OPTION_NEW_PASSWORD_FILE, "new password", &target->new_password,
                        err);
    if (r == CK_OK && logs_in)
        r = source_read_totp(options, OPTION_LOGIN_SECRET_FILE, "login secret",
                             &target->login_secret, err);
    if (r != CK_OK)
        return r;
    target->password = CK_TAKE(*password);
    fill_login(options, person, key_person, touch_timeout_ms, target);
    if (!logs_in)
        target->login.factor = NULL;
    return CK_OK;
}

enum ck_err target_check_name(const struct target *target, struct ck_error *err)
{
    if (!target->settings.host.is_ip)
        return CK_OK;
    ck_error_set(err, CK_ERR_USAGE,
                 "a security key works for a server's name, not for the address %s",
                 target->settings.host.name);
    return ck_error_hint(err,
                         "Give the host name as --server, with --resolve if it is not in the DNS.");
}

enum ck_err target_probe(struct target *target, struct ck_error *err)
{
    const struct ck_person *person = target->login.person;

    person->tell_stage(person->data, CK_STAGE_PROBE);
    return ck_dialect_probe(&target->settings, &target->login.dialect, &target->clock, err);
}

void target_clear(struct target *target)
{
    ck_key_close(&target->login.key);
    ck_secret_free(&target->password);
    ck_secret_free(&target->new_password);
    ck_otpauth_clear(&target->login_secret);
}

json_t *target_json(const char *schema, const struct target *target)
{
    return json_pack("{s:s, s:o, s:s, s:s}", "schema", schema, "account",
                     text_json(target->account.name), "role", ck_role_name(target->account.role),
                     "server", target->settings.host.origin);
}

/* " --name 'value'" for each option that says which server and account, as it was given. */
static char *options_again(const struct options *options)
{
    static const enum option_id repeated[] = {OPTION_CONFIG, OPTION_PROFILE, OPTION_SERVER,
                                              OPTION_CACERT, OPTION_RESOLVE, OPTION_ACCOUNT,
                                              OPTION_ROLE};
    char *line = strdup("");

    for (size_t i = 0; line != NULL && i < sizeof(repeated) / sizeof(*repeated); i++) {
        const char *value = option_value(options, repeated[i]);
        if (value == NULL)
            continue;
        CK_CLEANUP(ck_free_p) char *before = line;
        CK_CLEANUP(ck_free_p) char *word = ck_escape_shell(value);
        if (word == NULL ||
            asprintf(&line, "%s --%s %s", before, option_name(repeated[i]), word) < 0)
            line = NULL;
    }
    return line;
}

void target_hint_look(const struct options *options, const char *words, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *again = options_again(options);
    struct ck_error before = *err;

    if (again != NULL)
        ck_error_hint(err, "%s%sLook with: cowkey%s %s", before.hint,
                      before.hint[0] != '\0' ? " " : "", again, words);
}
