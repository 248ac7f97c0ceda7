/* cowkey enroll totp */
#include <inttypes.h>
#include <jansson.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/enroll/totp.h"
#include "cowkey/mailcow/factor.h"
#include "output.h"
#include "person.h"
#include "prompt.h"
#include "target.h"

struct request {
    char label[CK_FACTOR_LABEL_MAX];
    struct ck_otpauth otpauth;
    struct ck_totp_wish wish;
    struct delivery delivery;
};

static void request_clear(struct request *request)
{
    ck_otpauth_clear(&request->otpauth);
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
    if (wish->replace != NULL && wish->evidence != CK_EVIDENCE_LOGIN) {
        ck_error_set(err, CK_ERR_USAGE,
                     "--replace removes the old factor only once the new one is proved by a login");
        return ck_error_hint(err, "Leave out --proof recorded.");
    }
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

static enum ck_err read_proof(const struct options *options, enum ck_evidence *ret_evidence,
                              struct ck_error *err)
{
    const char *how = option_value(options, OPTION_PROOF);

    if (how == NULL || strcmp(how, "login") == 0)
        *ret_evidence = CK_EVIDENCE_LOGIN;
    else if (strcmp(how, "recorded") == 0)
        *ret_evidence = CK_EVIDENCE_RECORDED;
    else
        return ck_error_set(err, CK_ERR_USAGE, "--proof takes login or recorded, not '%.100s'",
                            how);
    return CK_OK;
}

/* Four random characters: two enrollments of one day must not be taken for one another. */
static enum ck_err add_mark(char *end, struct ck_error *err)
{
    static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789";
    unsigned char random[4];

    if (RAND_bytes(random, sizeof(random)) != 1)
        return ck_error_set(err, CK_ERR_UNCHANGED, "the system gave no random numbers");
    for (size_t i = 0; i < sizeof(random); i++)
        *end++ = letters[random[i] % (sizeof(letters) - 1)];
    *end = '\0';
    return CK_OK;
}

static enum ck_err read_label(const struct options *options, char label[CK_FACTOR_LABEL_MAX],
                              struct ck_error *err)
{
    const char *given = option_value(options, OPTION_LABEL);

    if (given == NULL) {
        time_t now = (time_t)clock_now_s();
        struct tm parts;
        gmtime_r(&now, &parts);
        size_t size = strftime(label, CK_FACTOR_LABEL_MAX, "cowkey %Y-%m-%d ", &parts);
        return add_mark(label + size, err);
    }
    enum ck_err r = ck_factor_label_check(given, err);
    if (r == CK_OK)
        strcpy(label, given); /* checked: shorter than CK_FACTOR_LABEL_MAX */
    return r;
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

    *wish = (struct ck_totp_wish){
        .otpauth = &request->otpauth,
        .label = request->label,
        .unattended = option_given(options, OPTION_UNATTENDED),
        .accept_clock_skew = option_given(options, OPTION_ACCEPT_CLOCK_SKEW),
        .replace = option_value(options, OPTION_REPLACE),
    };
    enum ck_err r = read_proof(options, &wish->evidence, err);
    if (r == CK_OK)
        r = read_label(options, request->label, err);
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
    if (r == CK_OK)
        r = ck_secret_new(NULL, CK_TOTP_KEY_SIZE, &otpauth->key, err);
    if (r == CK_OK &&
        RAND_priv_bytes((unsigned char *)ck_secret_bytes(otpauth->key), CK_TOTP_KEY_SIZE) != 1)
        r = ck_error_set(err, CK_ERR_UNCHANGED, "the system gave no random numbers");
    return r;
}

static const char *result_name(enum ck_enroll_result result)
{
    static const char *const names[] = {[CK_ENROLL_FAILED] = "failed",
                                        [CK_ENROLL_UNKNOWN] = "unknown",
                                        [CK_ENROLL_RECORDED] = "recorded",
                                        [CK_ENROLL_ENROLLED] = "enrolled"};
    return names[result];
}

static const char *evidence_name(enum ck_evidence evidence)
{
    static const char *const names[] = {[CK_EVIDENCE_NONE] = "none",
                                        [CK_EVIDENCE_RECORDED] = "recorded",
                                        [CK_EVIDENCE_LOGIN] = "login"};
    return names[evidence];
}

static json_t *mail_programs_json(enum ck_mail_programs programs)
{
    static const char *const names[] = {[CK_MAIL_UNAFFECTED] = "unaffected",
                                        [CK_MAIL_APP_PASSWORDS] = "app-passwords",
                                        [CK_MAIL_WILL_STOP] = "will-stop",
                                        [CK_MAIL_NOT_VISIBLE] = "not-visible"};
    return json_string(names[programs]);
}

static json_t *id_json(uint64_t id)
{
    return id != 0 ? json_integer((json_int_t)id) : json_null();
}

static void print_document(const struct options *options, const struct target *target,
                           const struct request *request, const struct ck_enrollment *done,
                           int64_t started_s, const struct ck_error *err)
{
    json_t *document = target_json("cowkey.enroll/1", target);

    json_object_set_new(document, "method", json_string("totp"));
    json_object_set_new(document, "label", text_json(request->label));
    json_object_set_new(document, "result", json_string(result_name(done->result)));
    json_object_set_new(document, "proof", json_string(evidence_name(done->evidence)));
    json_object_set_new(
        document, "code_source",
        !done->code_known ? json_null() : json_string(done->code_computed ? "computed" : "person"));
    json_object_set_new(document, "factor_id", id_json(done->factor_id));
    json_object_set_new(document, "replaced_id", id_json(done->replaced_id));
    json_object_set_new(document, "forced", done->forced ? json_true() : json_null());
    json_object_set_new(document, "mail_programs", mail_programs_json(done->mail_programs));
    json_object_set_new(document, "clock_offset_s",
                        done->clock_known ? json_integer(done->clock_offset_s) : json_null());
    json_object_set_new(document, "password_changed", json_boolean(target->login.password_changed));
    json_object_set_new(document, "started", time_json(started_s));
    json_object_set_new(document, "finished", time_json(clock_now_s()));
    if (option_given(options, OPTION_SHOW_SECRET)) {
        CK_CLEANUP(ck_secret_free) struct ck_secret *uri = NULL;
        struct ck_error ignored;
        if (ck_otpauth_format(&request->otpauth, &uri, &ignored) == CK_OK)
            json_object_set_new(document, "otpauth", json_string(ck_secret_bytes(uri)));
    }
    if (err->code != CK_OK)
        json_object_set_new(document, "error", error_json(err));
    print_json(document);
}

static void print_sentences(const struct options *options, const struct target *target,
                            const struct request *request, const struct ck_enrollment *done)
{
    if (done->result == CK_ENROLL_ENROLLED)
        print_result("Enrolled: a fresh login of %s with the new factor '%s' (ID %" PRIu64
                     ") worked.",
                     target->account.name, request->label, done->factor_id);
    else if (done->result == CK_ENROLL_RECORDED)
        print_result("Recorded: the server lists '%s' (ID %" PRIu64
                     ") for %s. It was not proved by a login.",
                     request->label, done->factor_id, target->account.name);
    if (done->replaced_id != 0)
        print_result("Removed: the old factor (ID %" PRIu64 ").", done->replaced_id);
    if (done->result == CK_ENROLL_ENROLLED)
        say(options, "Keep a second way in: a lost phone locks the account until an admin helps.");
}

static int report(const struct options *options, const struct target *target,
                  const struct request *request, const struct ck_enrollment *done,
                  int64_t started_s, const struct ck_error *err)
{
    bool json = option_given(options, OPTION_JSON);

    if (err->code != CK_OK && !done->submitted && !target->login.password_submitted)
        return report_error(json, err);
    if (json)
        print_document(options, target, request, done, started_s, err);
    else
        print_sentences(options, target, request, done);
    return err->code != CK_OK ? say_error(err) : (int)CK_OK;
}

static int run(const struct options *options)
{
    CK_CLEANUP(request_clear) struct request request = {0};
    CK_CLEANUP(target_clear) struct target target = {0};
    struct speaker speaker = {.options = options, .delivery = &request.delivery};
    struct ck_person person = person_new(&speaker);
    struct ck_enrollment done = {0};
    struct ck_error err = {.code = CK_OK};
    int64_t started_s = clock_now_s();

    enum ck_err r = request_read(options, &request, &err);
    speaker.unattended = request.wish.unattended;
    if (r == CK_OK)
        r = target_read(options, &person, &target, &err);
    if (r == CK_OK)
        r = make_secret(&target, &request.otpauth, &err);
    if (r == CK_OK)
        r = delivery_check(&request.delivery, &request.otpauth, &err);
    if (r == CK_OK)
        r = target_probe(&target, &err);
    if (r == CK_OK)
        r = ck_enroll_totp(&target.login, &request.wish, &done, &err);
    if (r == CK_ERR_UNKNOWN)
        target_hint_look(options, &err);
    return report(options, &target, &request, &done, started_s, &err);
}

const struct command command_enroll_totp = {
    .words = "enroll totp",
    .id = COMMAND_ENROLL_TOTP,
    .summary = "register a TOTP secret for an authenticator app, and prove it by a login",
    .online = true,
    .changes = true,
    .run = run,
};
