/* cowkey: hardens its process, finds the command, runs it. */
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "command.h"
#include "completion.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/json.h"
#include "cowkey/base/secret.h"
#include "interrupt.h"
#include "online.h"
#include "options.h"
#include "output.h"

/*
 * With one of the first three descriptors closed, the next socket would take its place and be
 * written to as the terminal: the secret of --show-secret would go out onto the network. Read-only,
 * so that writing a result to what was closed still fails.
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

/*
 * No core dump, no debugger of the same user, no library that would log secrets because a variable
 * says so.
 */
static void harden(void)
{
    const struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error to tell, like a full disk */
    unsetenv("SSLKEYLOGFILE");
    unsetenv("FIDO_DEBUG");
    unsetenv("POSIXLY_CORRECT"); /* options may stand behind the command's words, for everybody */
}

static enum ck_err prepare(const struct command *command, struct options *options,
                           struct ck_error *err)
{
    enum ck_err r = options_check_command(options, command, err);

    if (r == CK_OK)
        r = options_complete(options, err);
    if (r == CK_OK && !command->without_secrets)
        r = ck_secret_heap_init(err);
    ck_json_init();
    if (r == CK_OK && command->online)
        r = online_start(err);
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
        if (strcmp(argv[i], "--json") == 0 || strcmp(argv[i], "--json-lines") == 0)
            return true;
    }
    return false;
}

/* Whether this program has what is asked for, or there are others to look at. */
static bool is_here(const struct options *options, const char *const *words, int count)
{
    const struct command *command;
    struct ck_error err;
    int own_words;

    return !option_given(options, OPTION_HELP) &&
           (option_given(options, OPTION_VERSION) ||
            command_find(words, count, &command, &own_words, &err) == CK_OK);
}

int main(int argc, char **argv)
{
    CK_CLEANUP(options_free) struct options *options = options_new();
    CK_CLEANUP(ck_free_p) const char **words = calloc((size_t)argc + 1, sizeof(*words));
    const struct command *command = NULL;
    struct ck_error err = {.code = CK_OK};
    int count, own_words;

    hold_standard_descriptors();
    harden();
    setlocale(LC_CTYPE, "");
    interrupt_catch();
    if (options == NULL || words == NULL)
        return CK_ERR_UNCHANGED;
    if (argc == 3 && strcmp(argv[1], "--print-completion") == 0)
        return online_become(argv, &err) == CK_OK && completion_print(argv[2], &err) == CK_OK
                   ? flush_result(false, 0)
                   : report_error(false, &err);
    enum ck_err r = options_parse(options, argc, argv, words, &count, &err);
    if (r == CK_OK && !is_here(options, words, count))
        r = online_become(argv, &err);
    if (r == CK_OK && option_given(options, OPTION_VERSION)) {
        printf("cowkey %s\n", COWKEY_VERSION);
        return flush_result(false, 0);
    }
    if (r == CK_OK && (count > 0 || !option_given(options, OPTION_HELP)))
        r = command_find(words, count, &command, &own_words, &err);
    if (r == CK_OK && option_given(options, OPTION_HELP)) {
        command_print_help(command);
        return flush_result(false, 0);
    }
    if (r == CK_OK)
        r = command_check_arguments(command, words + own_words, count - own_words, &err);
    if (r == CK_OK) {
        output_set_command(command->words);
        output_set_online(command->online, !command->without_account);
        options_set_arguments(options, words + own_words);
        r = prepare(command, options, &err);
    }
    if (r != CK_OK)
        return report_error(asks_for_json(argc, argv), &err);
    int status = flush_result(command->changes, command->run(options));
    if (command->online)
        online_end();
    return status;
}
