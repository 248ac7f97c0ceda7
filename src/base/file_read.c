/* Reading files that hold secrets, and running commands that print one. */
#include "cowkey/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cowkey/base/cleanup.h"

enum {
    CHUNK = 4096, /* bytes read at once; most secrets are smaller */
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* --- reading --- */

static enum ck_err read_failed(const char *what, struct ck_error *err)
{
    if (errno == EINTR)
        return ck_error_set(err, CK_ERR_INTERRUPTED, "interrupted while reading %s", what);
    return ck_error_set(err, CK_ERR_USAGE, "%s could not be read: %m", what);
}

/* Waits where the descriptor itself does not: it may be shared with a program that wants it so. */
static ssize_t read_some(int fd, char *to, size_t size)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};

    for (;;) {
        ssize_t got = read(fd, to, size);
        if (got >= 0 || errno != EAGAIN)
            return got;
        if (poll(&ready, 1, -1) < 0)
            return -1;
    }
}

enum ck_err ck_file_read_fd(int fd, size_t size_max, const char *what, struct ck_secret **ret_bytes,
                            struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *chunk = NULL;
    CK_CLEANUP(ck_secret_free) struct ck_secret *bytes = NULL;

    if (ck_secret_new(NULL, CHUNK, &chunk, err) != CK_OK ||
        ck_secret_new(NULL, 0, &bytes, err) != CK_OK)
        return err->code;
    for (;;) {
        ssize_t got = read_some(fd, ck_secret_bytes(chunk), CHUNK);
        if (got < 0)
            return read_failed(what, err);
        if (got == 0)
            break;
        if ((size_t)got > size_max - ck_secret_size(bytes))
            return ck_error_set(err, CK_ERR_USAGE, "%s holds more than %zu bytes", what, size_max);
        if (ck_secret_append(&bytes, ck_secret_bytes(chunk), (size_t)got, err) != CK_OK)
            return err->code;
    }
    *ret_bytes = CK_TAKE(bytes);
    return CK_OK;
}

enum ck_err ck_file_read(const char *path, size_t size_max, const char *what,
                         struct ck_secret **ret_bytes, struct ck_error *err)
{
    CK_CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0 && errno == EINTR)
        return read_failed(what, err);
    if (fd < 0)
        return ck_error_set(err, CK_ERR_USAGE, "%s '%s' could not be opened: %m", what, path);
    return ck_file_read_fd(fd, size_max, what, ret_bytes, err);
}

/* --- running a command --- */

/* These return an errno, as posix_spawn does. */
static int set_files(posix_spawn_file_actions_t *actions, int output)
{
    int rc = posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);

    if (rc != 0)
        return rc;
    return posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
}

/*
 * Signals get their defaults: a command that inherits an ignored SIGPIPE would write on for ever.
 * It stays in our process group, so that it may ask on the terminal and Ctrl-C reaches it.
 */
static int set_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, defaults;

    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &defaults);
    return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static int spawn_shell(const char *command, int output, pid_t *ret_pid)
{
    char *const arguments[] = {"sh", "-c", "--", (char *)command, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int rc;

    posix_spawn_file_actions_init(&actions); /* neither init can fail on Linux */
    posix_spawnattr_init(&attributes);
    rc = set_files(&actions, output);
    if (rc == 0)
        rc = set_signals(&attributes);
    if (rc == 0)
        rc = posix_spawn(ret_pid, "/bin/sh", &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

/* Returns once the shell is gone. */
static void kill_shell(pid_t pid)
{
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

static enum ck_err wait_for(pid_t pid, const char *what, struct ck_error *err)
{
    int status;

    if (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return ck_error_set(err, CK_ERR_USAGE, "the end of %s was not seen: %m", what);
        kill_shell(pid);
        return ck_error_set(err, CK_ERR_INTERRUPTED, "interrupted while waiting for %s", what);
    }
    if (WIFSIGNALED(status))
        return ck_error_set(err, CK_ERR_USAGE, "%s was ended by signal %d", what, WTERMSIG(status));
    if (WEXITSTATUS(status) == 0)
        return CK_OK;
    ck_error_set(err, CK_ERR_USAGE, "%s failed with status %d", what, WEXITSTATUS(status));
    return WEXITSTATUS(status) == 127
               ? ck_error_hint(err, "The shell did not find it: is it installed, and in PATH?")
               : err->code;
}

static enum ck_err run_failed(int cause, const char *what, struct ck_error *err)
{
    if (cause == ENOMEM)
        return ck_error_no_memory(err);
    return ck_error_set(err, CK_ERR_UNCHANGED, "%s could not be run: %s", what, strerror(cause));
}

enum ck_err ck_file_read_command(const char *command, size_t size_max, const char *what,
                                 struct ck_secret **ret_bytes, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *bytes = NULL;
    CK_CLEANUP(close_fd) int from = -1;
    CK_CLEANUP(close_fd) int to = -1;
    int ends[2];
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return run_failed(errno, what, err);
    from = ends[0];
    to = ends[1];
    int rc = spawn_shell(command, to, &pid);
    if (rc != 0)
        return run_failed(rc, what, err);
    close_fd(&to);
    if (ck_file_read_fd(from, size_max, what, &bytes, err) != CK_OK) {
        /* Closed first: what the shell started, and the kill does not reach, gets SIGPIPE. */
        close_fd(&from);
        kill_shell(pid);
        return err->code;
    }
    if (wait_for(pid, what, err) != CK_OK)
        return err->code;
    *ret_bytes = CK_TAKE(bytes);
    return CK_OK;
}
