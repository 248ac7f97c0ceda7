/* cowkey enroll totp */
#include <openssl/rand.h>
#include <string.h>

#include "command.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/enroll/totp.h"
#include "enroll_for.h"
#include "enrollment.h"
#include "new_app_password.h"
#include "person.h"
#include "prompt.h"
#include "target.h"

struct request {
    struct wish common;
    struct ck_otpauth otpauth;
    struct ck_totp_wish wish;
    struct delivery delivery;
    struct new_app_password app_password;
};

static void request_clear(struct request *request)
{
    ck_otpauth_clear(&request->otpauth);
    new_app_password_clear(&request->app_password);
}

static enum ck_err check_combination(const struct request *request, struct ck_error *err)
{
    const struct ck_totp_wish *wish = &request->wish;

    if (wish->unattended && request->delivery.out == NULL) {
        ck_error_set(err, CK_ERR_USAGE,
                     "--unattended needs --out: else nobody would have the secret");
        return ck_error_hint(err, "Add --out FILE.");
    }
    if (wish->accept_clock_skew && !wish->unattended)
        return ck_error_set(err, CK_ERR_USAGE, "--accept-clock-skew goes with --unattended");
    if (!delivery_reaches(&request->delivery)) {
        ck_error_set(err, CK_ERR_USAGE, "nothing would show you the secret");
        return ck_error_hint(err, "Use --qr, --out or --show-secret.");
    }
    if (!wish->unattended && !prompt_possible()) {
        ck_error_set(err, CK_ERR_USAGE, "there is no terminal to ask for the app's code on");
        return ck_error_hint(err, "Pass --unattended and --out FILE to enroll without a person.");
    }
    return CK_OK;
}

static enum ck_err copy_name(const char *what, const char *from, char to[CK_OTPAUTH_NAME_MAX],
                             struct ck_error *err)
{
    if (strlen(from) >= CK_OTPAUTH_NAME_MAX || strchr(from, ':') != NULL || *from == '\0')
        return ck_error_set(err, CK_ERR_USAGE, "the %s has to be 1 to %d bytes without a colon",
                            what, CK_OTPAUTH_NAME_MAX - 1);
    strcpy(to, from);
    return CK_OK;
}

/* What the options alone can have wrong. */
static enum ck_err request_read(const struct options *options, struct request *request,
                                struct ck_error *err)
{
    struct ck_totp_wish *wish = &request->wish;

    enum ck_err r = wish_read(options, &request->common, err);
    if (r == CK_OK)
        r = new_app_password_read(&request->app_password, options, err);
    request->common.common.app_password = new_app_password_wish(&request->app_password);
    *wish = (struct ck_totp_wish){
        .common = request->common.common,
        .otpauth = &request->otpauth,
        .unattended = option_given(options, OPTION_UNATTENDED),
        .accept_clock_skew = option_given(options, OPTION_ACCEPT_CLOCK_SKEW),
    };
    if (r == CK_OK && option_given(options, OPTION_ISSUER))
        r = copy_name("issuer", option_value(options, OPTION_ISSUER), request->otpauth.issuer, err);
    if (r == CK_OK)
        r = delivery_init(&request->delivery, options, wish->unattended, err);
    return r == CK_OK ? check_combination(request, err) : r;
}

/* What the app shall know; the issuer, if none was given, is the server. */
static enum ck_err make_secret(const struct target *target, struct ck_otpauth *otpauth,
                               struct ck_error *err)
{
    otpauth->params = ck_totp_default;
    enum ck_err r = copy_name("account name", target->account.name, otpauth->account, err);
    if (r == CK_OK && otpauth->issuer[0] == '\0')
        r = copy_name("issuer", target->settings.host.name, otpauth->issuer, err);
    return r == CK_OK ? ck_totp_key_make(RAND_priv_bytes, &otpauth->key, err) : r;
}

static int run(const struct options *options)
{
    CK_CLEANUP(request_clear) struct request request = {0};
    CK_CLEANUP(enroll_for_clear) struct enroll_for enroll_for = {0};
    CK_CLEANUP(target_clear) struct target target = {0};
    struct speaker speaker = {.options = options, .target = &target, .delivery = &request.delivery};
    struct ck_person person = person_new(&speaker);
    struct ck_key_person key_person = key_person_new(&speaker);
    struct ck_enrollment done = {0};
    struct ck_error err = {.code = CK_OK};
    int64_t started_s = clock_now_s();

    enum ck_err r = request_read(options, &request, &err);
    speaker.unattended = request.wish.unattended;
    if (r == CK_OK)
        r = enroll_for_read(&enroll_for, options, "totp", &person, &key_person, &target, &err);
    if (r == CK_OK)
        r = make_secret(&target, &request.otpauth, &err);
    if (r == CK_OK)
        r = delivery_check(&request.delivery, &request.otpauth, &err);
    if (r == CK_OK)
        r = enroll_for_open(&enroll_for, &target, &done, &err);
    if (r == CK_OK)
        r = ck_enroll_totp(&target.login, &request.wish, &done, &err);
    enroll_for_conclude(&enroll_for, &target, r, &err);
    CK_CLEANUP(ck_secret_free) struct ck_secret *uri = NULL;
    struct ck_error ignored;
    if (option_given(options, OPTION_SHOW_SECRET) && request.otpauth.key != NULL)
        ck_otpauth_format(&request.otpauth, &uri, &ignored);
    int status = enrollment_report(&(struct enrollment_report){.options = options,
                                                               .target = &target,
                                                               .method = "totp",
                                                               .label = request.common.label,
                                                               .done = &done,
                                                               .started_s = started_s,
                                                               .otpauth = uri,
                                                               .enroll_for = &enroll_for},
                                   &err);
    new_app_password_conclude(&request.app_password, &done);
    return status;
}

static const enum option_id own_options[] = {ENROLL_OPTIONS,       FOR_OPTIONS,
                                             FOR_PASSWORD_OPTIONS, APP_PASSWORD_OPTIONS,
                                             OPTION_ISSUER,        OPTION_QR,
                                             OPTION_OUT,           OPTION_SHOW_SECRET,
                                             OPTION_UNATTENDED,    OPTION_ACCEPT_CLOCK_SKEW,
                                             OPTION_COUNT};

const struct command command_enroll_totp = {
    .words = "enroll totp",
    .summary = "register a TOTP secret for an authenticator app, and prove it by a login",
    .options = own_options,
    .online = true,
    .changes = true,
    .run = run,
};
