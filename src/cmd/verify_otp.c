/* cowkey verify totp and verify hotp */
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/file.h"
#include "cowkey/otp/hotp.h"
#include "moment.h"
#include "number.h"
#include "otp_secret.h"
#include "output.h"
#include "prompt.h"
#include "target.h"
#include "totp_batch.h"

enum { CODE_INPUT_MAX = 64, WINDOW_DEFAULT = 1 };

/* From the command line, from standard input, or, where that is a terminal, from a question. */
static enum ck_err read_code(const struct options *options, size_t digits,
                             char ret_code[CK_TOTP_CODE_MAX], struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *line = NULL;
    const char *argument = option_argument(options, 0);

    if (argument != NULL)
        return otp_code_parse(argument, digits, ret_code, err);
    if (isatty(STDIN_FILENO))
        return prompt_code("Code: ", "Give it as an argument or on standard input.", digits,
                           ret_code, err);
    if (ck_file_read_fd(STDIN_FILENO, CODE_INPUT_MAX, "the code on standard input", &line, err) !=
        CK_OK)
        return err->code;
    ck_secret_chomp(line);
    if (strlen(ck_secret_bytes(line)) != ck_secret_size(line))
        return ck_error_set(err, CK_ERR_USAGE, "the code on standard input holds a NUL byte");
    return otp_code_parse(ck_secret_bytes(line), digits, ret_code, err);
}

static json_t *verdict_json(const char *method, const struct totp_verdict *verdict)
{
    json_t *document = json_pack("{s:s, s:s, s:b, s:s?}", "schema", "cowkey.verify/1", "method",
                                 method, "valid", verdict->valid, "reason", verdict->reason);

    json_object_set_new(document, "step_offset",
                        verdict->fits ? json_integer(verdict->offset) : json_null());
    return document;
}

static int answer_totp(const struct options *options, const struct totp_verdict *verdict,
                       const struct ck_totp_params *params)
{
    if (option_given(options, OPTION_JSON)) {
        json_t *document = verdict_json("totp", verdict);
        json_object_set_new(document, "step",
                            verdict->fits ? json_integer(verdict->step) : json_null());
        print_json(document);
    } else if (verdict->valid) {
        unsigned steps = (unsigned)(verdict->offset < 0 ? -verdict->offset : verdict->offset);
        if (steps == 0)
            print_result("The code is valid.");
        else
            print_result("The code is valid, of %u step%s (%u s) %s.", steps, steps == 1 ? "" : "s",
                         steps * params->period_s, verdict->offset < 0 ? "ago" : "ahead");
        print_result("Its step is %" PRId64 ": with --last-used %" PRId64
                     " it is not accepted again.",
                     verdict->step, verdict->step);
    } else {
        print_result(verdict->fits ? "The code is not valid: it was used before."
                                   : "The code is not valid.");
    }
    return verdict->valid ? 0 : 1;
}

/* What the options say of a check; the moment is -1 for now. */
static enum ck_err read_totp_terms(const struct options *options, struct totp_terms *terms,
                                   struct ck_error *err)
{
    const char *moment = option_value(options, OPTION_TIME);
    int64_t window = WINDOW_DEFAULT;

    *terms = (struct totp_terms){.last_used = -1, .now_s = -1};
    enum ck_err r = number_read(options, OPTION_WINDOW, 0, CK_TOTP_WINDOW_MAX, &window, err);
    if (r == CK_OK)
        r = number_read(options, OPTION_LAST_USED, 0, INT64_MAX, &terms->last_used, err);
    if (r == CK_OK && moment != NULL)
        r = moment_parse(moment, "--time", &terms->now_s, err);
    terms->window = (unsigned)window;
    return r;
}

/* otpauth owns the key of the terms. */
static enum ck_err judge_totp(const struct options *options, struct ck_otpauth *otpauth,
                              struct totp_terms *terms, struct totp_verdict *verdict,
                              struct ck_error *err)
{
    char code[CK_TOTP_CODE_MAX] = "";

    enum ck_err r = otp_secret_read(options, CK_OTPAUTH_TOTP, otpauth, err);
    if (r != CK_OK)
        return r;
    totp_terms_set_secret(terms, otpauth);
    r = read_code(options, terms->params.digits, code, err);
    if (terms->now_s < 0)
        terms->now_s = clock_now_s(); /* only now: secret and code may have taken their time */
    if (r == CK_OK)
        r = totp_judge(terms, NULL, code, verdict, err);
    ck_secret_erase(code, sizeof(code));
    return r;
}

static enum ck_err run_batch(const struct options *options, struct ck_otpauth *otpauth,
                             struct totp_terms *terms, int *ret_status, struct ck_error *err)
{
    if (option_argument(options, 0) != NULL)
        return ck_error_set(err, CK_ERR_USAGE, "give one of CODE and --batch");
    enum ck_err r = otp_secret_read_given(options, CK_OTPAUTH_TOTP, otpauth, err);
    if (r != CK_OK)
        return r;
    totp_terms_set_secret(terms, otpauth);
    if (terms->now_s < 0)
        terms->now_s = clock_now_s();
    *ret_status = totp_batch_run(options, terms);
    return CK_OK;
}

static int run_totp(const struct options *options)
{
    CK_CLEANUP(ck_otpauth_clear) struct ck_otpauth otpauth = {0};
    struct totp_terms terms;
    struct totp_verdict verdict = {0};
    struct ck_error err = {.code = CK_OK};
    int status = 0;

    enum ck_err r = read_totp_terms(options, &terms, &err);
    if (r == CK_OK && option_given(options, OPTION_BATCH)) {
        r = run_batch(options, &otpauth, &terms, &status, &err);
        if (r == CK_OK)
            return status;
    } else if (r == CK_OK) {
        r = judge_totp(options, &otpauth, &terms, &verdict, &err);
    }
    if (r != CK_OK)
        return report_error(option_given(options, OPTION_JSON), &err);
    return answer_totp(options, &verdict, &terms.params);
}

static int answer_hotp(const struct options *options, const struct totp_verdict *verdict,
                       int64_t counter)
{
    int64_t next = verdict->valid ? verdict->step + 1 : counter;

    if (option_given(options, OPTION_JSON)) {
        json_t *document = verdict_json("hotp", verdict);
        json_object_set_new(document, "counter",
                            verdict->fits ? json_integer(verdict->step) : json_null());
        json_object_set_new(document, "next_counter", json_integer(next));
        print_json(document);
    } else if (verdict->valid) {
        if (verdict->offset == 0)
            print_result("The code is valid.");
        else
            print_result("The code is valid, %d ahead of the counter.", verdict->offset);
        print_result("Its counter is %" PRId64 ": the next one to expect is --counter %" PRId64 ".",
                     verdict->step, next);
    } else {
        print_result("The code is not valid.");
    }
    return verdict->valid ? 0 : 1;
}

static enum ck_err judge_hotp(const struct options *options, struct totp_verdict *verdict,
                              int64_t *counter, struct ck_error *err)
{
    CK_CLEANUP(ck_otpauth_clear) struct ck_otpauth otpauth = {0};
    int64_t window = WINDOW_DEFAULT;
    char code[CK_TOTP_CODE_MAX] = "";

    enum ck_err r = number_read(options, OPTION_WINDOW, 0, CK_HOTP_WINDOW_MAX, &window, err);
    if (r == CK_OK)
        r = number_read(options, OPTION_COUNTER, 0, CK_HOTP_COUNTER_MAX, counter, err);
    if (r == CK_OK)
        r = otp_secret_read(options, CK_OTPAUTH_HOTP, &otpauth, err);
    if (r != CK_OK)
        return r;
    if (*counter < 0)
        *counter = otpauth.counter;
    if (*counter < 0) {
        ck_error_set(err, CK_ERR_USAGE, "--counter is missing, and the secret does not tell it");
        return ck_error_hint(err, "Give the counter that is expected next, 0 for a new secret.");
    }
    r = read_code(options, otpauth.params.digits, code, err);
    if (r == CK_OK)
        r = ck_hotp_check(otpauth.key, &otpauth.params, code, *counter, (unsigned)window,
                          &verdict->valid, &verdict->offset, err);
    ck_secret_erase(code, sizeof(code));
    verdict->fits = verdict->valid;
    verdict->step = *counter + verdict->offset;
    verdict->reason = verdict->valid ? NULL : "code";
    return r;
}

static int run_hotp(const struct options *options)
{
    struct totp_verdict verdict = {0};
    int64_t counter = -1;
    struct ck_error err = {.code = CK_OK};

    if (judge_hotp(options, &verdict, &counter, &err) != CK_OK)
        return report_error(option_given(options, OPTION_JSON), &err);
    return answer_hotp(options, &verdict, counter);
}

static const enum option_id options_totp[] = {
    OPTION_SECRET_FILE, OPTION_SECRET_FD, OPTION_SECRET_COMMAND, OPTION_ALGORITHM,
    OPTION_DIGITS,      OPTION_PERIOD,    OPTION_WINDOW,         OPTION_TIME,
    OPTION_LAST_USED,   OPTION_BATCH,     OPTION_COUNT};

const struct command command_verify_totp = {
    .words = "verify totp",
    .arguments = "[CODE]",
    .summary = "is this the code of a TOTP secret? no server needed",
    .options = options_totp,
    .run = run_totp,
};

static const enum option_id options_hotp[] = {
    OPTION_SECRET_FILE, OPTION_SECRET_FD, OPTION_SECRET_COMMAND, OPTION_ALGORITHM,
    OPTION_DIGITS,      OPTION_WINDOW,    OPTION_COUNTER,        OPTION_COUNT};

const struct command command_verify_hotp = {
    .words = "verify hotp",
    .arguments = "[CODE]",
    .summary = "is this the code of a counter-based secret? no server needed",
    .options = options_hotp,
    .run = run_hotp,
};
