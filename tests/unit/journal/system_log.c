/* Lines for the system's log, which is played in a mount namespace of its own. */
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "sample.h"

static bool write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t written = fd >= 0 ? write(fd, text, strlen(text)) : -1;

    if (fd >= 0)
        close(fd);
    return written == (ssize_t)strlen(text);
}

/* For who is not root: a user namespace, in which one is who one was. */
static bool unshare_as_user(void)
{
    char user[64], group[64];

    snprintf(user, sizeof(user), "%1$d %1$d 1", (int)geteuid());
    snprintf(group, sizeof(group), "%1$d %1$d 1", (int)getegid());
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
           write_text("/proc/self/setgroups", "deny") && write_text("/proc/self/uid_map", user) &&
           write_text("/proc/self/gid_map", group);
}

/* A /dev that nobody else sees; false where that is not permitted. */
static bool have_own_dev(void)
{
    if (unshare(CLONE_NEWNS) != 0 && !unshare_as_user())
        return false;
    return mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", "/dev", "tmpfs", 0, NULL) == 0;
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    strcpy(address.sun_path, path);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* The next line; free it. NULL: there is none. */
static char *receive(int fd)
{
    char text[2 * CK_JOURNAL_LINE_MAX];
    ssize_t size = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

    return size < 0 ? NULL : strndup(text, (size_t)size);
}

/* "<PRIORITY>DATE cowkey[PID]: " and then line, which ends in LF in the file. */
static void assert_logged(int fd, const char *line)
{
    CK_CLEANUP(ck_free_p) char *text = receive(fd);
    char header[64];

    assert_non_null(text);
    assert_memory_equal(text, "<85>", 4); /* authpriv, notice */
    snprintf(header, sizeof(header), " cowkey[%d]: ", getpid());
    const char *found = strstr(text, header);
    assert_non_null(found);
    found += strlen(header);
    assert_int_equal(strlen(found), strlen(line) - 1);
    assert_memory_equal(found, line, strlen(found));
}

static void log_lines(void)
{
    int fd = listen_at("/dev/log");
    CK_CLEANUP(ck_journal_close) struct ck_journal *journal = open_journal("journal");
    struct ck_journal_deed deed = sample_deed;
    char id[CK_JOURNAL_ID_SIZE + 1];
    struct ck_error err;

    intend(journal, id); /* not asked for yet */
    assert_null(receive(fd));
    ck_journal_tell_system(journal);
    deed.account = "x\n<0>kernel: \x1b[2J %s%n";
    assert_int_equal(ck_journal_intend(journal, &deed, id, &err), CK_OK);
    CK_CLEANUP(ck_free_p) char *second = line_of("journal", 2);
    assert_logged(fd, second);
    conclude(journal, id);
    CK_CLEANUP(ck_free_p) char *third = line_of("journal", 3);
    assert_logged(fd, third);
    assert_null(receive(fd));
    assert_int_equal(close(fd), 0);
}

/* When the file takes no more, an outcome at least is told; an intent was none. */
static void log_what_the_file_does_not_take(void)
{
    const struct rlimit full = {1, RLIM_INFINITY};
    int fd = listen_at("/dev/log");
    CK_CLEANUP(ck_journal_close) struct ck_journal *journal = open_journal("journal");
    char id[CK_JOURNAL_ID_SIZE + 1];
    struct ck_error err;

    intend(journal, id);
    ck_journal_tell_system(journal);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    assert_int_equal(
        ck_journal_conclude(journal, id, CK_JOURNAL_DONE, "login", NULL, NULL, NULL, &err),
        CK_ERR_UNKNOWN);
    CK_CLEANUP(ck_free_p) char *text = receive(fd);
    assert_non_null(text);
    assert_non_null(strstr(text, "\"outcome\":\"done\""));
    assert_non_null(strstr(text, id));
    assert_int_equal(ck_journal_intend(journal, &sample_deed, id, &err), CK_ERR_UNCHANGED);
    assert_null(receive(fd));
    assert_int_equal(close(fd), 0);
}

static void log_to_nobody(void)
{
    CK_CLEANUP(ck_journal_close) struct ck_journal *journal = open_journal("journal");
    char id[CK_JOURNAL_ID_SIZE + 1];

    ck_journal_tell_system(journal);
    intend(journal, id);
    conclude(journal, id);
    assert_int_equal(walk("journal").entries, 2);
}

/* Runs test in a process that has a /dev of its own. */
static void run_apart(void (*test)(void))
{
    enum { PASSED = 42, NOT_PERMITTED = 77 };
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        if (!have_own_dev())
            _exit(NOT_PERMITTED);
        test(); /* a failure in it leaves this process in another way */
        _exit(PASSED);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == NOT_PERMITTED) {
        print_message("skipped: no mount namespace of one's own is permitted here\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), PASSED);
}

static void test_lines(void **state)
{
    (void)state;
    run_apart(log_lines);
}

static void test_what_the_file_does_not_take(void **state)
{
    (void)state;
    run_apart(log_what_the_file_does_not_take);
}

static void test_without_a_log(void **state)
{
    (void)state;
    run_apart(log_to_nobody);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST(test_lines),
        FILE_TEST(test_what_the_file_does_not_take),
        FILE_TEST(test_without_a_log),
    };

    setlinebuf(stdout);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
