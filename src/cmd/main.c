/* cowkey: hardens its process, finds the command, runs it. */
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "command.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/json.h"
#include "cowkey/mailcow/http.h"
#include "interrupt.h"
#include "options.h"
#include "output.h"

/* Sorted by name. */
static const struct command *const commands[] = {
    &command_code, &command_enroll_passkey, &command_enroll_totp, &command_enroll_webauthn,
    &command_list, &command_prove_passkey,  &command_prove_totp,  &command_prove_webauthn,
};
enum { COMMANDS_COUNT = sizeof(commands) / sizeof(*commands) };

/*
 * With one of the first three descriptors closed, the next socket would take its place and be written
 * to as the terminal: the secret of --show-secret would go out onto the network. Read-only, so that
 * writing a result to what was closed still fails.
 */
static void hold_standard_descriptors(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

/* No core dump, no debugger of the same user, no library that would log secrets because a variable
 * says so. */
static void harden(void)
{
    const struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
    unsetenv("SSLKEYLOGFILE");
    unsetenv("FIDO_DEBUG");
    unsetenv("POSIXLY_CORRECT"); /* options may stand behind the command's words, for everybody */
}

static void print_help(const struct command *command)
{
    if (command != NULL) {
        printf("Usage: cowkey [options] %s\n\n  %s\n\nOptions:\n", command->words,
               command->summary);
        options_print_help(command);
        printf("\nOptions of every command:\n");
    } else {
        printf("Usage: cowkey [options] COMMAND\n\nSecond factors for mailcow "
               "accounts.\n\nCommands:\n");
        for (int i = 0; i < COMMANDS_COUNT; i++)
            printf("  %-15s %s\n", commands[i]->words, commands[i]->summary);
        printf("\n'cowkey COMMAND --help' adds the command's own options.\n\nOptions:\n");
    }
    options_print_help(NULL);
}

/* How many of the words on the command line are those of the command, in order and from the first. */
static int words_in_common(const struct command *command, const char *const *words, int count)
{
    const char *at = command->words;

    for (int i = 0; i < count; i++) {
        size_t length = strlen(words[i]);
        if (length != strcspn(at, " ") || strncmp(at, words[i], length) != 0)
            return i;
        at += length + (at[length] == ' ');
    }
    return count;
}

static int words_of(const struct command *command)
{
    int count = 1;

    for (const char *c = command->words; *c != '\0'; c++)
        count += *c == ' ';
    return count;
}

static enum ck_err find_command(const char *const *words, int count,
                                const struct command **ret_command, struct ck_error *err)
{
    const struct command *nearest = NULL;

    for (int i = 0; i < COMMANDS_COUNT; i++) {
        int common = words_in_common(commands[i], words, count);
        if (common > 0 && common == count && common == words_of(commands[i])) {
            *ret_command = commands[i];
            return CK_OK;
        }
        if (common > 0)
            nearest = commands[i];
    }
    if (count == 0)
        ck_error_set(err, CK_ERR_USAGE, "no command was given");
    else if (nearest == NULL)
        ck_error_set(err, CK_ERR_USAGE, "'%.100s' is not a command", words[0]);
    else if (words_in_common(nearest, words, count) == words_of(nearest))
        ck_error_set(err, CK_ERR_USAGE, "'%s' takes no further word, but got '%.100s'",
                     nearest->words, words[words_of(nearest)]);
    else
        ck_error_set(err, CK_ERR_USAGE, "that is no command: is '%s' meant?", nearest->words);
    return ck_error_hint(err, "'cowkey --help' lists the commands.");
}

static enum ck_err prepare(const struct command *command, struct options *options,
                           struct ck_error *err)
{
    enum ck_err r = options_check_command(options, command, err);

    if (r == CK_OK)
        r = options_complete(options, err);
    if (r == CK_OK)
        r = ck_secret_heap_init(err);
    ck_json_init();
    if (r == CK_OK && command->online)
        r = ck_http_init(err);
    return r;
}

/* A result that could not be written down is no success. */
static int flush_result(bool changes, int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    say_always("cowkey: the result could not be written to standard output.");
    return status != 0 ? status : (int)(changes ? CK_ERR_UNKNOWN : CK_ERR_UNCHANGED);
}

static bool asks_for_json(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    CK_CLEANUP(options_free) struct options *options = options_new();
    CK_CLEANUP(ck_free_p) const char **words = calloc((size_t)argc + 1, sizeof(*words));
    const struct command *command = NULL;
    struct ck_error err = {.code = CK_OK};
    int count;

    hold_standard_descriptors();
    harden();
    setlocale(LC_CTYPE, "");
    interrupt_catch();
    if (options == NULL || words == NULL)
        return CK_ERR_UNCHANGED;
    enum ck_err r = options_parse(options, argc, argv, words, &count, &err);
    if (r == CK_OK && option_given(options, OPTION_VERSION)) {
        printf("cowkey %s\n", COWKEY_VERSION);
        return flush_result(false, 0);
    }
    if (r == CK_OK && (count > 0 || !option_given(options, OPTION_HELP)))
        r = find_command(words, count, &command, &err);
    if (r == CK_OK && option_given(options, OPTION_HELP)) {
        print_help(command);
        return flush_result(false, 0);
    }
    if (r == CK_OK)
        r = prepare(command, options, &err);
    if (r != CK_OK)
        return report_error(asks_for_json(argc, argv), &err);
    int status = flush_result(command->changes, command->run(options));
    if (command->online)
        ck_http_exit();
    return status;
}
