/*
 * Prompting on /dev/tty, by libbsd's readpassphrase: it restores the terminal whatever signal
 * comes.
 */
#include "prompt.h"

#include <bsd/readpassphrase.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#include "cowkey/base/cleanup.h"
#include "interrupt.h"
#include "output.h"

bool prompt_possible(void)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

    if (fd < 0)
        return false;
    close(fd);
    return true;
}

static enum ck_err ask(const char *question, int flags, const char *what, const char *hint,
                       struct ck_secret **ret_answer, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *line = NULL, *answer = NULL;

    if (interrupt_noted)
        return ck_error_set(err, CK_ERR_INTERRUPTED, "interrupted");
    enum ck_err r = ck_secret_new(NULL, CK_SECRET_INPUT_MAX + 1, &line, err);
    if (r != CK_OK)
        return r;
    errno = 0;
    char *got = readpassphrase(question, ck_secret_bytes(line), CK_SECRET_INPUT_MAX + 2,
                               flags | RPP_REQUIRE_TTY);
    /* A signal that this program was started to ignore ends the question all the same. */
    if (interrupt_noted || (got == NULL && errno == EINTR)) {
        say_always("%s", ""); /* the line that was being typed ends here */
        return ck_error_set(err, CK_ERR_INTERRUPTED, "interrupted");
    }
    if (got == NULL) {
        ck_error_set(err, CK_ERR_USAGE, "there is no terminal to ask for %s on", what);
        return ck_error_hint(err, "%s", hint);
    }
    size_t size = strlen(got);
    if (size > CK_SECRET_INPUT_MAX)
        return ck_error_set(err, CK_ERR_USAGE, "that is too long for %s: %d bytes at most", what,
                            CK_SECRET_INPUT_MAX);
    r = ck_secret_new(got, size, &answer, err);
    if (r == CK_OK)
        *ret_answer = CK_TAKE(answer);
    return r;
}

enum ck_err prompt_secret(const char *question, const char *what, const char *hint,
                          struct ck_secret **ret_answer, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *answer = NULL;
    enum ck_err r = ask(question, RPP_ECHO_OFF, what, hint, &answer, err);

    if (r != CK_OK)
        return r;
    /* An empty answer is a person who gives up, not a password to try. */
    if (ck_secret_size(answer) == 0)
        return ck_error_set(err, CK_ERR_INTERRUPTED, "nothing was typed");
    *ret_answer = CK_TAKE(answer);
    return CK_OK;
}

enum ck_err prompt_line(const char *question, const char *what, const char *hint,
                        struct ck_secret **ret_answer, struct ck_error *err)
{
    return ask(question, RPP_ECHO_ON, what, hint, ret_answer, err);
}

static void tell_misfit(const struct ck_error *misfit)
{
    say_always("Not taken: %s.", misfit->text);
    say_always("%s%sAn empty line ends this.", misfit->hint, *misfit->hint != '\0' ? " " : "");
}

enum ck_err prompt_until(enum ck_err (*ask_once)(struct ck_secret **ret_typed,
                                                 struct ck_error *err),
                         enum ck_err (*check)(const struct ck_secret *typed, struct ck_error *err),
                         struct ck_secret **ret_typed, struct ck_error *err)
{
    struct ck_error misfit;

    for (int attempt = 0; attempt < PROMPT_ATTEMPTS_MAX; attempt++) {
        CK_CLEANUP(ck_secret_free) struct ck_secret *typed = NULL;
        enum ck_err r = ask_once(&typed, err);
        if (r != CK_OK)
            return r;
        if (check(typed, &misfit) == CK_OK) {
            *ret_typed = CK_TAKE(typed);
            return CK_OK;
        }
        tell_misfit(&misfit);
    }
    *err = misfit;
    return err->code;
}

/* *ret_secret stays NULL when it is not taken, which the person is told. */
static enum ck_err ask_twice(const char *const questions[2], const char *what, const char *hint,
                             prompt_check *check, const void *data, struct ck_secret **ret_secret,
                             struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *secret = NULL, *again = NULL;
    struct ck_error why;
    enum ck_err r = prompt_secret(questions[0], what, hint, &secret, err);

    if (r != CK_OK)
        return r;
    if (check != NULL && check(secret, data, &why) != CK_OK) {
        say_always("Not taken: %s. An empty line ends this.", why.text);
        return CK_OK;
    }
    r = prompt_secret(questions[1], what, hint, &again, err);
    if (r != CK_OK)
        return r;
    if (ck_secret_equal(secret, again))
        *ret_secret = CK_TAKE(secret);
    else
        say_always("The two differ. An empty line ends this.");
    return CK_OK;
}

enum ck_err prompt_twice(const char *question, const char *name, const char *hint,
                         prompt_check *check, const void *data, struct ck_secret **ret_secret,
                         struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *secret = NULL;
    CK_CLEANUP(ck_free_p) char *what = NULL, *again = NULL;

    if (asprintf(&what, "the %s", name) < 0 || asprintf(&again, "The %s again: ", name) < 0)
        return ck_error_no_memory(err);
    for (int attempt = 0; attempt < PROMPT_ATTEMPTS_MAX; attempt++) {
        enum ck_err r = ask_twice((const char *const[]){question, again}, what, hint, check, data,
                                  &secret, err);
        if (r != CK_OK)
            return r;
        if (secret != NULL) {
            *ret_secret = CK_TAKE(secret);
            return CK_OK;
        }
    }
    return ck_error_set(err, CK_ERR_USAGE, "no %s was typed twice", name);
}

static bool write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0)
            return false;
        bytes += written;
        size -= (size_t)written;
    }
    return true;
}

static volatile sig_atomic_t continued;

static void note_continued(int signal_number)
{
    (void)signal_number;
    continued = 1;
}

/* What was typed before a question was not meant for it. */
static void show_question(int fd, const char *question)
{
    continued = 0;
    tcflush(fd, TCIFLUSH);
    write_all(fd, question, strlen(question));
}

/*
 * Shows the question, and again to who comes back to the program (Ctrl-Z, fg), where a shell's line
 * stands by then. Signals are blocked but in the wait, so that none slips in between it and the
 * look at its flag.
 */
static bool await_line(int fd, const char *question)
{
    const struct sigaction action = {.sa_handler = note_continued};
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    struct sigaction action_before;
    sigset_t all, before;
    int r;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    sigaction(SIGCONT, &action, &action_before);
    do {
        show_question(fd, question);
        do
            r = interrupt_noted ? 0 : ppoll(&ready, 1, NULL, &before);
        while (r < 0 && errno == EINTR && !interrupt_noted && !continued);
    } while (continued && !interrupt_noted);
    sigaction(SIGCONT, &action_before, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return !interrupt_noted;
}

/* The terminal gives whole lines. *ret_size: bytes, with the line end; 0 at the end. */
static void read_line(int fd, char line[PROMPT_ANSWER_MAX], size_t *ret_size)
{
    char more[256];
    ssize_t got = read(fd, line, PROMPT_ANSWER_MAX - 1);

    *ret_size = got > 0 ? (size_t)got : 0;
    line[*ret_size] = '\0';
    if (got == PROMPT_ANSWER_MAX - 1 && line[got - 1] != '\n') {
        while ((got = read(fd, more, sizeof(more))) > 0 && more[got - 1] != '\n')
            ;
        strcpy(line, "(too long)");
    }
}

enum ck_err prompt_answer(const char *question, char ret_answer[PROMPT_ANSWER_MAX], bool *ret_ended,
                          struct ck_error *err)
{
    size_t size = 0;
    int fd;

    if (interrupt_noted)
        return ck_error_set(err, CK_ERR_INTERRUPTED, "interrupted");
    fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return ck_error_set(err, CK_ERR_USAGE, "there is no terminal to ask on");
    bool ready = await_line(fd, question);
    if (ready)
        read_line(fd, ret_answer, &size);
    close(fd);
    if (!ready || size == 0)
        say_always("%s", ""); /* the line of the question ends here */
    if (!ready)
        return ck_error_set(err, CK_ERR_INTERRUPTED, "interrupted");
    ret_answer[strcspn(ret_answer, "\r\n")] = '\0';
    *ret_ended = size == 0;
    return CK_OK;
}

/* Copies a line of exactly this many digits, spaces left out. */
static bool take_digits(const char *line, size_t digits, char *ret_code)
{
    size_t length = 0;

    for (; *line != '\0'; line++) {
        if (*line == ' ')
            continue;
        if (*line < '0' || *line > '9' || length == digits)
            return false;
        ret_code[length++] = *line;
    }
    ret_code[length] = '\0';
    return length == digits;
}

enum ck_err prompt_code(const char *question, const char *hint, size_t digits,
                        char ret_code[CK_TOTP_CODE_MAX], struct ck_error *err)
{
    for (int attempt = 0; attempt < PROMPT_ATTEMPTS_MAX; attempt++) {
        CK_CLEANUP(ck_secret_free) struct ck_secret *line = NULL;
        enum ck_err r = prompt_line(question, "the code", hint, &line, err);
        if (r != CK_OK)
            return r;
        if (ck_secret_size(line) == 0)
            return ck_error_set(err, CK_ERR_INTERRUPTED, "nothing was typed");
        if (take_digits(ck_secret_bytes(line), digits, ret_code))
            return CK_OK;
        say_always("A code has %zu digits. An empty line ends this.", digits);
    }
    return ck_error_set(err, CK_ERR_USAGE, "no code was typed");
}

enum ck_err prompt_yes(const char *question, const char *hint, bool *ret_yes, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *line = NULL;
    enum ck_err r = prompt_line(question, "an answer", hint, &line, err);

    if (r != CK_OK)
        return r;
    const char *answer = ck_secret_bytes(line);
    *ret_yes = strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
    return CK_OK;
}

enum ck_err prompt_show_secret(const char *before, const struct ck_secret *secret,
                               const char *after, struct ck_error *err)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    bool shown = fd >= 0 && write_all(fd, before, strlen(before)) &&
                 write_all(fd, ck_secret_bytes(secret), ck_secret_size(secret)) &&
                 write_all(fd, after, strlen(after));

    if (fd >= 0)
        close(fd);
    return shown ? CK_OK
                 : ck_error_set(err, CK_ERR_USAGE, "there is no terminal to show the secret on");
}
