/* Every sentence and question of a sequence, in one place. */
#include "person.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/escape.h"
#include "cowkey/enroll/totp.h"
#include "cowkey/otp/yubiotp.h"
#include "output.h"
#include "prompt.h"

static void tell_stage(void *data, enum ck_stage stage)
{
    static const char *const sentences[] = {
        [CK_STAGE_PROBE] = "Asking the server for its release ...",
        [CK_STAGE_LOGIN] = "Logging in ...",
        [CK_STAGE_ENTER] = "Entering the account, without its password ...",
        [CK_STAGE_CHANGE_PASSWORD] = "Changing the password, as the server insists ...",
        [CK_STAGE_MAKE_CREDENTIAL] = "Registering with the security key ...",
        [CK_STAGE_SUBMIT] = "Telling the server ...",
        [CK_STAGE_PROOF] = "Logging in afresh with the factor, as proof ...",
        [CK_STAGE_PROOF_AGAIN] = "That did not get through. Trying once more ...",
        [CK_STAGE_TAKE_BACK] = "The server does not accept the new factor. Taking it back ...",
        [CK_STAGE_REMOVE_OLD] = "Removing the old one ...",
        [CK_STAGE_NEW_PASSWORD] = "Telling the server the new password ...",
        [CK_STAGE_NEW_LOGIN] = "Logging in afresh with the new password, as proof ...",
        [CK_STAGE_APP_PASSWORD] = "Making an app password ...",
    };
    const struct speaker *speaker = data;

    say(speaker->options, "%s", sentences[stage]);
}

static enum ck_err ask_login_code(void *data, const struct ck_factor *factor,
                                  char ret_code[CK_TOTP_CODE_MAX], struct ck_error *err)
{
    (void)data;
    CK_CLEANUP(ck_free_p) char *label = ck_escape_terminal(factor->label);
    CK_CLEANUP(ck_free_p) char *question = NULL;

    if (label == NULL || asprintf(&question, "Code of the factor '%s': ", label) < 0)
        return ck_error_no_memory(err);
    return prompt_code(question, "Give the factor's secret with --login-secret-file.",
                       ck_totp_default.digits, ret_code, err);
}

static enum ck_err prompt_yubico_otp(struct ck_secret **ret_otp, struct ck_error *err)
{
    return prompt_secret("Touch the YubiKey, which types its one-time password: ", "the Yubico OTP",
                         "A Yubico OTP can only come from the key, so a terminal is needed.",
                         ret_otp, err);
}

/* What a touch types is checked before it goes anywhere: keyboards and long touches spoil it. */
static enum ck_err ask_yubico_otp(void *data, struct ck_secret **ret_otp, struct ck_error *err)
{
    (void)data;
    return prompt_until(prompt_yubico_otp, ck_yubiotp_check, ret_otp, err);
}

/* Reads 1..count; anything else is false. */
static bool read_choice(const char *text, size_t count, size_t *ret_index)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0' || number < 1 || number > count)
        return false;
    *ret_index = number - 1;
    return true;
}

static enum ck_err ask_factor(void *data, const struct ck_factor *factors, size_t count,
                              size_t *ret_index, struct ck_error *err)
{
    static const char hint[] = "Say which factor answers with --login-factor.";

    (void)data;
    if (!prompt_possible()) {
        ck_error_set(err, CK_ERR_USAGE,
                     "the account has %zu factors, and there is no terminal to ask on which one "
                     "answers",
                     count);
        return ck_error_hint(err, "%s", hint);
    }
    say_always("The account has several factors:");
    for (size_t i = 0; i < count; i++)
        say_always("  %zu  %s (%s)", i + 1, factors[i].label, ck_method_name(factors[i].method));
    for (int attempt = 0; attempt < PROMPT_ATTEMPTS_MAX; attempt++) {
        CK_CLEANUP(ck_secret_free) struct ck_secret *answer = NULL;
        enum ck_err r =
            prompt_line("Which one answers? Number: ", "the number", hint, &answer, err);
        if (r != CK_OK)
            return r;
        if (ck_secret_size(answer) == 0)
            return ck_error_set(err, CK_ERR_INTERRUPTED, "nothing was typed");
        if (read_choice(ck_secret_bytes(answer), count, ret_index))
            return CK_OK;
        say_always("Type one of the numbers 1 to %zu; an empty line ends this.", count);
    }
    ck_error_set(err, CK_ERR_USAGE, "none of the factors was chosen");
    return ck_error_hint(err, "%s", hint);
}

static void warn_of_mail_programs(enum ck_mail_programs programs)
{
    say_always("With a second factor, mail programs (IMAP, SMTP, calendars, phones) can't use the");
    say_always(programs == CK_MAIL_WILL_STOP
                   ? "account's password any more. It has no app password: they will stop working."
                   : "account's password any more. Whether it has app passwords is not visible.");
}

static enum ck_err ask_mail_programs(void *data, enum ck_mail_programs programs,
                                     struct ck_error *err)
{
    const struct speaker *speaker = data;
    bool yes = option_given(speaker->options, OPTION_YES);

    if (programs == CK_MAIL_APP_PASSWORDS) {
        say(speaker->options, "Mail programs go on working with an app password only.");
        return CK_OK;
    }
    if (!yes || !option_given(speaker->options, OPTION_QUIET))
        warn_of_mail_programs(programs);
    if (yes)
        return CK_OK;
    if (!prompt_possible()) {
        ck_error_set(err, CK_ERR_USAGE,
                     "there is no terminal to ask on whether mail programs may stop working");
        return ck_error_hint(err, "Make app passwords first, or pass --yes to go on all the same.");
    }
    enum ck_err r =
        prompt_yes("Go on? [y/N] ", "Pass --yes to go on without being asked.", &yes, err);
    if (r != CK_OK || yes)
        return r;
    ck_error_set(err, CK_ERR_UNCHANGED, "ended, as you wished");
    return ck_error_hint(
        err, "Make an app password first: 'cowkey app-password add', or --app-password.");
}

static void tell_clock(void *data, int64_t server_off_s)
{
    const struct speaker *speaker = data;

    say(speaker->options, "The server's clock is %" PRId64 " s %s this computer's.",
        (int64_t)llabs(server_off_s), server_off_s > 0 ? "ahead of" : "behind");
}

static enum ck_err give_totp(void *data, const struct ck_otpauth *otpauth, struct ck_error *err)
{
    const struct speaker *speaker = data;

    return delivery_give(speaker->delivery, otpauth, err);
}

static void void_totp(void *data)
{
    const struct speaker *speaker = data;

    if (speaker->delivery != NULL)
        delivery_void(speaker->delivery);
}

/* "3 min 30 s" */
static void format_span(int64_t seconds, char *text, size_t size)
{
    int64_t span = llabs(seconds);

    if (span < 60)
        snprintf(text, size, "%" PRId64 " s", span);
    else if (span % 60 == 0)
        snprintf(text, size, "%" PRId64 " min", span / 60);
    else
        snprintf(text, size, "%" PRId64 " min %" PRId64 " s", span / 60, span % 60);
}

static void explain_misfit(const struct ck_code_misfit *misfit)
{
    char phone[32], server[32];

    format_span(misfit->phone_off_s, phone, sizeof(phone));
    format_span(misfit->server_off_s, server, sizeof(server));
    if (!misfit->other_step) {
        say_always("That code does not belong to this secret: look for the new entry in the app.");
    } else {
        say_always("That code is right for another time: the phone's clock is about %s %s the "
                   "server's.",
                   phone, misfit->phone_off_s > 0 ? "ahead of" : "behind");
        if (llabs(misfit->server_off_s) > CK_CLOCK_SKEW_MAX_S)
            say_always(
                "The server's clock is %s %s this computer's, so it may be the server that is "
                "wrong: tell its admin.",
                server, misfit->server_off_s > 0 ? "ahead of" : "behind");
        else
            say_always("Let the phone set its time automatically.");
    }
    say_always("Tries left: %u.", misfit->tries_left);
}

static enum ck_err ask_new_code(void *data, const struct ck_code_misfit *misfit,
                                char ret_code[CK_TOTP_CODE_MAX], struct ck_error *err)
{
    const struct speaker *speaker = data;

    if (misfit != NULL)
        explain_misfit(misfit);
    else
        say(speaker->options,
            "Add it to the app. The server hears of it only when the app's code fits.");
    enum ck_err r = prompt_code("Code that the app shows now: ",
                                "Pass --unattended and --out FILE to enroll without a person.",
                                ck_totp_default.digits, ret_code, err);
    if (r == CK_ERR_INTERRUPTED)
        ck_error_hint(err, "Remove the new entry from the app again: the server does not know it.");
    return r;
}

static enum ck_err ask_retry_proof(void *data, const struct ck_error *why, bool *ret_again,
                                   struct ck_error *err)
{
    const struct speaker *speaker = data;

    *ret_again = false;
    if (speaker->unattended || !prompt_possible())
        return CK_OK;
    say_always("The proof could not be carried out: %s.", why->text);
    return prompt_yes("Try again? [y/N] ", "", ret_again, err);
}

static enum ck_err ask_other_key(void *data, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *line = NULL;

    (void)data;
    if (!prompt_possible())
        return CK_OK;
    return prompt_line("Now the key to enroll: plug it in if it is not, and press Enter. ",
                       "the key", "", &line, err);
}

static enum ck_err ask_forget(void *data, bool *ret_forget, struct ck_error *err)
{
    (void)data;
    *ret_forget = false;
    if (!prompt_possible())
        return CK_OK;
    return prompt_yes("The security key still holds the passkey. Delete it there? [y/N] ", "",
                      ret_forget, err);
}

struct ck_person person_new(struct speaker *speaker)
{
    return (struct ck_person){
        .data = speaker,
        .tell_stage = tell_stage,
        .ask_login_code = ask_login_code,
        .ask_yubico_otp = ask_yubico_otp,
        .ask_factor = ask_factor,
        .ask_mail_programs = ask_mail_programs,
        .tell_clock = tell_clock,
        .give_totp = give_totp,
        .void_totp = void_totp,
        .ask_new_code = ask_new_code,
        .ask_other_key = ask_other_key,
        .ask_forget = ask_forget,
        .ask_retry_proof = ask_retry_proof,
    };
}
