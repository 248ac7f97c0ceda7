#include <sys/resource.h>

#include "file.h"

static void assert_prints(const char *command, const char *text)
{
    struct ck_secret *bytes = NULL;
    struct ck_error err;

    if (ck_file_read_command(command, 100, "the command", &bytes, &err) != CK_OK)
        fail_msg("%s: %s", command, err.text);
    assert_secret(bytes, text);
    ck_secret_free(&bytes);
}

static void assert_command_fails(const char *command, const char *part)
{
    struct ck_secret *bytes = UNTOUCHED;
    struct ck_error err;

    assert_int_equal(ck_file_read_command(command, 100, "the password command", &bytes, &err),
                     CK_ERR_USAGE);
    assert_ptr_equal(bytes, UNTOUCHED);
    assert_error(&err, CK_ERR_USAGE, "the password command");
    assert_error(&err, CK_ERR_USAGE, part);
}

static void test_command(void **state)
{
    (void)state;
    assert_prints("printf hunter2", "hunter2");
    assert_prints("echo hunter2", "hunter2\n");
    assert_prints("a=hun; b=ter2; echo $a$b | tr -d '\\n'", "hunter2");
    assert_prints("true", "");
    assert_prints("", "");
    assert_prints("printf hun; sleep 0.03; printf ter2", "hunter2");
}

static void test_command_bound(void **state)
{
    struct ck_secret *bytes = NULL;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_file_read_command("printf hunter2", 7, "it", &bytes, &err), CK_OK);
    ck_secret_free(&bytes);
    assert_int_equal(ck_file_read_command("printf hunter2", 6, "it", &bytes, &err), CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, "more than 6 bytes");
    assert_null(bytes);
}

/* These would never end: the shell is killed, and what it started finds nobody who reads. */
static void test_command_without_end(void **state)
{
    (void)state;
    assert_command_fails("exec yes", "more than 100 bytes");
    assert_command_fails("yes; true", "more than 100 bytes");
    assert_command_fails("yes | cat; true", "more than 100 bytes");
    assert_command_fails("head -c 101 /dev/zero; exec sleep 1000", "more than 100 bytes");
}

static void test_command_fails(void **state)
{
    (void)state;
    assert_command_fails("echo hunter2; exit 3", "failed with status 3");
    assert_command_fails("false", "failed with status 1");
    assert_command_fails("cowkey-no-such-command 2>/dev/null", "status 127");
    assert_command_fails("if", "failed with status 2");
    assert_command_fails("kill -9 $$", "signal 9");
    assert_command_fails("kill -15 $$", "signal 15");
}

static void test_command_has_no_input(void **state)
{
    (void)state;
    assert_prints("cat", "");
    assert_prints("readlink /proc/self/fd/0", "/dev/null\n");
}

/* Nothing of ours is handed on but the three standard files. */
static void test_command_inherits_no_files(void **state)
{
    char command[64];
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    (void)state;
    snprintf(command, sizeof(command), "test ! -e /proc/self/fd/%d", fd);
    assert_prints(command, "");
    close(fd);
}

/* As in a pipe from a shell, although we ignore the signal ourselves, and block another one. */
static void test_command_gets_default_signals(void **state)
{
    sigset_t blocked, old;

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, &old);
    assert_prints("yes | head -n 1", "y\n");
    assert_command_fails("kill -15 $$", "signal 15");
    assert_command_fails("kill -13 $$", "signal 13");
    sigprocmask(SIG_SETMASK, &old, NULL);
    signal(SIGPIPE, SIG_DFL);
}

static void test_command_whose_end_is_not_seen(void **state)
{
    (void)state;
    signal(SIGCHLD, SIG_IGN);
    assert_command_fails("printf hunter2", "not seen");
    signal(SIGCHLD, SIG_DFL);
}

static void test_command_is_interrupted(void **state)
{
    struct ck_secret *bytes = UNTOUCHED;
    struct ck_error err;

    (void)state;
    ring_every_30_ms(0);
    assert_int_equal(ck_file_read_command("exec sleep 1000", 100, "it", &bytes, &err),
                     CK_ERR_INTERRUPTED);
    stop_ringing();
    assert_ptr_equal(bytes, UNTOUCHED);
}

/* Also where it has said all it had to say and goes on without end. */
static void test_command_is_interrupted_after_its_output(void **state)
{
    struct ck_secret *bytes = UNTOUCHED;
    struct ck_error err;

    (void)state;
    ring_every_30_ms(0);
    assert_int_equal(ck_file_read_command("exec >&-; exec sleep 1000", 100, "it", &bytes, &err),
                     CK_ERR_INTERRUPTED);
    stop_ringing();
    assert_error(&err, CK_ERR_INTERRUPTED, "interrupted");
    assert_ptr_equal(bytes, UNTOUCHED);
}

/* The pipe then takes the numbers of the closed files, 0 and 1 among them. */
static void test_command_without_standard_files(void **state)
{
    int status;
    pid_t child = fork();

    (void)state;
    assert_true(child >= 0);
    if (child == 0) {
        struct ck_secret *bytes = NULL;
        struct ck_error err;

        close(STDIN_FILENO);
        close(STDOUT_FILENO);
        if (ck_file_read_command("cat; printf hunter2", 100, "it", &bytes, &err) != CK_OK)
            _exit(1);
        bool right = strcmp(ck_secret_bytes(bytes), "hunter2") == 0;
        ck_secret_free(&bytes);
        _exit(right ? 0 : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_command_without_files_left(void **state)
{
    struct ck_secret *bytes = UNTOUCHED;
    struct ck_error err;
    struct rlimit old, few;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    few = old;
    few.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    enum ck_err r = ck_file_read_command("true", 100, "it", &bytes, &err);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(r, CK_ERR_UNCHANGED);
    assert_error(&err, CK_ERR_UNCHANGED, "could not be run");
    assert_ptr_equal(bytes, UNTOUCHED);
}

static enum ck_err run_one(struct ck_error *err)
{
    struct ck_secret *bytes = UNTOUCHED;
    enum ck_err r = ck_file_read_command("printf hunter2", 100, "it", &bytes, err);

    if (r == CK_OK)
        ck_secret_free(&bytes);
    else
        assert_ptr_equal(bytes, UNTOUCHED);
    return r;
}

static void test_command_allocations_fail(void **state)
{
    (void)state;
    fail_each_allocation(run_one, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST(test_command),
        FILE_TEST(test_command_bound),
        FILE_TEST(test_command_without_end),
        FILE_TEST(test_command_fails),
        FILE_TEST(test_command_has_no_input),
        FILE_TEST(test_command_inherits_no_files),
        FILE_TEST(test_command_gets_default_signals),
        FILE_TEST(test_command_whose_end_is_not_seen),
        FILE_TEST(test_command_is_interrupted),
        FILE_TEST(test_command_is_interrupted_after_its_output),
        FILE_TEST(test_command_without_standard_files),
        FILE_TEST(test_command_without_files_left),
        FILE_TEST(test_command_allocations_fail),
    };

    setlinebuf(stdout);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
