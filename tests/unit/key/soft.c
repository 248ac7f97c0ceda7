#include "soft.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/base/expect.h"

extern char **environ;

static int spawn(const char *const *words, int in, int out)
{
    posix_spawn_file_actions_t actions;
    pid_t pid;

    posix_spawn_file_actions_init(&actions);
    if (in >= 0)
        posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    assert_int_equal(posix_spawn(&pid, words[0], &actions, NULL, (char *const *)words, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

void soft_start(struct soft *soft, const char *script)
{
    const char *const words[] = {softkey_program, "--until-eof", "--log",      soft->log,
                                 "--script",      script,        soft->socket, NULL};
    int in[2], out[2];
    char ready[6] = "";

    strcpy(soft->directory, "/tmp/cowkey-soft-XXXXXX");
    assert_non_null(mkdtemp(soft->directory));
    snprintf(soft->socket, sizeof(soft->socket), "%s/key", soft->directory);
    snprintf(soft->log, sizeof(soft->log), "%s/log", soft->directory);
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    soft->pid = spawn(words, in[0], out[1]);
    close(in[0]);
    close(out[1]);
    soft->standing = in[1];
    for (size_t got = 0; got < 6;) {
        ssize_t r = read(out[0], ready + got, 6 - got);
        assert_true(r > 0);
        got += (size_t)r;
    }
    assert_memory_equal(ready, "ready\n", 6);
    close(out[0]);
    setenv("SOFTKEYS", soft->socket, 1);
}

void soft_tell(const struct soft *soft, const char *script)
{
    const char *const words[] = {softkey_program, "ctl", soft->socket, script, NULL};
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC), status;
    pid_t pid = spawn(words, -1, nowhere);

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(nowhere);
}

void soft_end(struct soft *soft)
{
    int status;

    close(soft->standing);
    assert_int_equal(waitpid(soft->pid, &status, 0), soft->pid);
    unlink(soft->log);
    rmdir(soft->directory);
}

unsigned soft_count(const struct soft *soft, const char *one, const char *other)
{
    FILE *file = fopen(soft->log, "re");
    char line[8192];
    unsigned count = 0;

    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        count += strstr(line, one) != NULL && strstr(line, other) != NULL;
    if (file != NULL)
        fclose(file);
    return count;
}

void soft_forget_log(const struct soft *soft)
{
    assert_int_equal(truncate(soft->log, 0), 0);
}
