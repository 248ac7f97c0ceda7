/* cowkey enroll yubiotp */
#include <string.h>

#include "command.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/enroll/yubiotp.h"
#include "cowkey/otp/yubiotp.h"
#include "enrollment.h"
#include "new_app_password.h"
#include "output.h"
#include "person.h"
#include "prompt.h"
#include "source.h"

struct request {
    struct wish common;
    struct new_app_password app_password;
    char client_id[CK_YUBICO_ID_MAX];
    struct ck_secret *client_key;
};

static void request_clear(struct request *request)
{
    new_app_password_clear(&request->app_password);
    ck_secret_free(&request->client_key);
}

static void explain(const struct options *options)
{
    say(options,
        "The server asks Yubico's service (api.yubico.com) about every one-time password, at "
        "each login too.");
    say(options,
        "For that it needs a client ID and key: https://upgrade.yubico.com/getapikey/ makes "
        "them. It keeps both, in clear.");
}

static enum ck_err ask_client_id(struct ck_secret **ret_id, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *typed = NULL;
    enum ck_err r = prompt_line("Yubico client ID: ", "the Yubico client ID",
                                "Give it with --yubico-id.", &typed, err);

    if (r == CK_OK && ck_secret_size(typed) == 0)
        r = ck_error_set(err, CK_ERR_INTERRUPTED, "nothing was typed");
    if (r == CK_OK)
        *ret_id = CK_TAKE(typed);
    return r;
}

static enum ck_err ask_client_key(struct ck_secret **ret_key, struct ck_error *err)
{
    return prompt_secret("Yubico client key: ", "the Yubico client key",
                         "Give it with --yubico-key-file, --yubico-key-fd or "
                         "--yubico-key-command.",
                         ret_key, err);
}

static enum ck_err check_client_id(const struct ck_secret *id, struct ck_error *err)
{
    return ck_yubico_id_check(ck_secret_bytes(id), err);
}

static enum ck_err read_client_id(const struct options *options, struct request *request,
                                  struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *typed = NULL;
    const char *id = option_value(options, OPTION_YUBICO_ID);
    enum ck_err r = id != NULL ? ck_yubico_id_check(id, err)
                               : prompt_until(ask_client_id, check_client_id, &typed, err);

    if (r == CK_OK) /* checked: shorter than CK_YUBICO_ID_MAX */
        strcpy(request->client_id, id != NULL ? id : ck_secret_bytes(typed));
    return r;
}

static enum ck_err read_client_key(const struct options *options, struct request *request,
                                   struct ck_error *err)
{
    enum ck_err r = source_read(options, OPTION_YUBICO_KEY_FILE, "Yubico client key",
                                &request->client_key, err);

    if (r == CK_OK && request->client_key == NULL)
        return prompt_until(ask_client_key, ck_yubico_key_check, &request->client_key, err);
    return r == CK_OK ? ck_yubico_key_check(request->client_key, err) : r;
}

static enum ck_err request_read(const struct options *options, struct request *request,
                                struct ck_error *err)
{
    enum ck_err r = wish_read(options, &request->common, err);

    if (r == CK_OK)
        r = new_app_password_read(&request->app_password, options, err);
    request->common.common.app_password = new_app_password_wish(&request->app_password);
    if (r == CK_OK && !prompt_possible()) {
        ck_error_set(err, CK_ERR_USAGE, "there is no terminal to ask for the Yubico OTP on");
        r = ck_error_hint(err, "It can only come from the key, at a touch.");
    }
    if (r != CK_OK)
        return r;
    explain(options);
    r = read_client_id(options, request, err);
    return r == CK_OK ? read_client_key(options, request, err) : r;
}

static int run(const struct options *options)
{
    CK_CLEANUP(target_clear) struct target target = {0};
    CK_CLEANUP(request_clear) struct request request = {0};
    struct speaker speaker = {.options = options, .target = &target};
    struct ck_person person = person_new(&speaker);
    struct ck_key_person key_person = key_person_new(&speaker);
    struct ck_enrollment done = {0};
    struct ck_error err = {.code = CK_OK};
    int64_t started_s = clock_now_s();

    enum ck_err r = request_read(options, &request, &err);
    const struct ck_yubiotp_wish wish = {request.common.common, request.client_id,
                                         request.client_key};
    if (r == CK_OK)
        r = target_read(options, &person, &key_person, true, &target, &err);
    if (r == CK_OK)
        r = target_probe(&target, &err);
    if (r == CK_OK)
        r = ck_enroll_yubiotp(&target.login, &wish, &done, &err);
    if (r == CK_ERR_UNKNOWN)
        target_hint_look(options, "list", &err);
    int status = enrollment_report(&(struct enrollment_report){.options = options,
                                                               .target = &target,
                                                               .method = "yubiotp",
                                                               .label = request.common.label,
                                                               .done = &done,
                                                               .started_s = started_s},
                                   &err);
    new_app_password_conclude(&request.app_password, &done);
    return status;
}

static const enum option_id own_options[] = {
    ENROLL_OPTIONS,       APP_PASSWORD_OPTIONS,      OPTION_YUBICO_ID, OPTION_YUBICO_KEY_FILE,
    OPTION_YUBICO_KEY_FD, OPTION_YUBICO_KEY_COMMAND, OPTION_COUNT};

const struct command command_enroll_yubiotp = {
    .words = "enroll yubiotp",
    .summary = "register a YubiKey's one-time passwords as second factor, and prove them",
    .options = own_options,
    .online = true,
    .changes = true,
    .run = run,
};
