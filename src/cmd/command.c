/* The table of commands, and finding one by the words on the command line. */
#include "command.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

extern __attribute__((weak)) const struct command command_app_password_add,
    command_app_password_list, command_app_password_remove, command_audit, command_code,
    command_doctor, command_enforce_off, command_enforce_on, command_enroll_passkey,
    command_enroll_totp, command_enroll_webauthn, command_enroll_yubiotp, command_journal_show,
    command_journal_verify, command_key_credentials_list, command_key_credentials_remove,
    command_key_info, command_key_list, command_key_pin_change, command_key_pin_set,
    command_key_reset, command_list, command_password, command_prove_passkey, command_prove_totp,
    command_prove_webauthn, command_prove_yubiotp, command_recover, command_remove, command_rename,
    command_rollout_check, command_rollout_handout, command_rollout_report, command_rollout_run,
    command_rollout_status, command_verify_assertion, command_verify_hotp, command_verify_key,
    command_verify_registration, command_verify_totp;

/* Sorted by name. What is not linked into this program (see main.c) is NULL. */
static const struct command *const commands[] = {
    &command_app_password_add,
    &command_app_password_list,
    &command_app_password_remove,
    &command_audit,
    &command_code,
    &command_doctor,
    &command_enforce_off,
    &command_enforce_on,
    &command_enroll_passkey,
    &command_enroll_totp,
    &command_enroll_webauthn,
    &command_enroll_yubiotp,
    &command_journal_show,
    &command_journal_verify,
    &command_key_credentials_list,
    &command_key_credentials_remove,
    &command_key_info,
    &command_key_list,
    &command_key_pin_change,
    &command_key_pin_set,
    &command_key_reset,
    &command_list,
    &command_password,
    &command_prove_passkey,
    &command_prove_totp,
    &command_prove_webauthn,
    &command_prove_yubiotp,
    &command_recover,
    &command_remove,
    &command_rename,
    &command_rollout_check,
    &command_rollout_handout,
    &command_rollout_report,
    &command_rollout_run,
    &command_rollout_status,
    &command_verify_assertion,
    &command_verify_hotp,
    &command_verify_key,
    &command_verify_registration,
    &command_verify_totp,
};
enum { COMMANDS_COUNT = sizeof(commands) / sizeof(*commands) };

static int count_words(const char *text)
{
    int count = *text != '\0';

    for (const char *c = text; *c != '\0'; c++)
        count += *c == ' ';
    return count;
}

/* How many of the words are those of the command, in order and from the first. */
static int words_in_common(const struct command *command, const char *const *words, int count)
{
    const char *at = command->words;
    int common = 0;

    while (common < count && *at != '\0') {
        size_t length = strcspn(at, " ");
        if (strlen(words[common]) != length || strncmp(at, words[common], length) != 0)
            break;
        common++;
        at += length + (at[length] == ' ');
    }
    return common;
}

/* "ID [LABEL]": one to two; "FILE...": one or more. */
static void count_arguments(const struct command *command, int *ret_min, int *ret_max)
{
    const char *text = command->arguments != NULL ? command->arguments : "";

    *ret_min = *ret_max = 0;
    for (const char *at = text; *at != '\0'; at += strcspn(at, " "), at += *at == ' ') {
        *ret_min += *at != '[';
        (*ret_max)++;
    }
    if (strstr(text, "...") != NULL)
        *ret_max = INT_MAX;
}

enum ck_err command_check_arguments(const struct command *command, const char *const *arguments,
                                    int count, struct ck_error *err)
{
    int min, max;

    count_arguments(command, &min, &max);
    if (count >= min && count <= max)
        return CK_OK;
    if (count < min)
        ck_error_set(err, CK_ERR_USAGE, "'%s' needs %s after it", command->words,
                     command->arguments);
    else
        ck_error_set(err, CK_ERR_USAGE, "'%s' takes no further word, but got '%.100s'",
                     command->words, arguments[max]);
    return ck_error_hint(err, "'cowkey %s --help' says what it takes.", command->words);
}

enum ck_err command_find(const char *const *words, int count, const struct command **ret_command,
                         int *ret_own_words, struct ck_error *err)
{
    const struct command *nearest = NULL;
    int nearest_common = 0;

    for (int i = 0; i < COMMANDS_COUNT; i++) {
        if (commands[i] == NULL)
            continue;
        int common = words_in_common(commands[i], words, count);
        if (common == count_words(commands[i]->words)) {
            *ret_command = commands[i];
            *ret_own_words = common;
            return CK_OK;
        }
        if (common > nearest_common) {
            nearest = commands[i];
            nearest_common = common;
        }
    }
    if (count == 0)
        ck_error_set(err, CK_ERR_USAGE, "no command was given");
    else if (nearest == NULL)
        ck_error_set(err, CK_ERR_USAGE, "'%.100s' is not a command", words[0]);
    else
        ck_error_set(err, CK_ERR_USAGE, "that is no command; the nearest is '%s'", nearest->words);
    return ck_error_hint(err, "'cowkey --help' lists the commands.");
}

const struct command *command_at(int index)
{
    return index < COMMANDS_COUNT ? commands[index] : NULL;
}

void command_print_help(const struct command *command)
{
    if (command != NULL) {
        printf("Usage: cowkey [options] %s%s%s\n\n  %s\n", command->words,
               command->arguments != NULL ? " " : "",
               command->arguments != NULL ? command->arguments : "", command->summary);
        if (command->options != NULL) {
            printf("\nOptions:\n");
            options_print_help(command);
        }
        printf("\nOptions of every command:\n");
    } else {
        printf("Usage: cowkey [options] COMMAND\n\nSecond factors for mailcow "
               "accounts.\n\nCommands:\n");
        for (int i = 0; i < COMMANDS_COUNT; i++) {
            if (commands[i] != NULL)
                printf("  %-22s  %s\n", commands[i]->words, commands[i]->summary);
        }
        printf("\n'cowkey COMMAND --help' adds the command's own options.\n\nOptions:\n");
    }
    options_print_help(NULL);
}
