/* What the tests of files share: a directory for each test, and a count of open files around it. */
#ifndef COWKEY_TESTS_FILE_H
#define COWKEY_TESTS_FILE_H

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allocation.h"
#include "cowkey/base/file.h"

enum { NOBODY = 65534 };

static char directory[] = "/tmp/cowkey-file-XXXXXX";
static int open_files;

__attribute__((unused)) static int count_open_files(void)
{
    int count = 0;

    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

__attribute__((unused)) static int set_up(void **state)
{
    (void)state;
    strcpy(directory + sizeof(directory) - 7, "XXXXXX");
    open_files = count_open_files();
    return mkdtemp(directory) != NULL && chdir(directory) == 0 ? 0 : -1;
}

__attribute__((unused)) static int tear_down(void **state)
{
    char line[128];

    (void)state;
    if (count_open_files() != open_files || waitpid(-1, NULL, WNOHANG) != -1)
        return -1;
    snprintf(line, sizeof(line), "chmod -R u+rwx %1$s && rm -r %1$s", directory);
    return chdir("/") == 0 && system(line) == 0 ? 0 : -1;
}

__attribute__((unused)) static void assert_content(const char *path, const char *text)
{
    struct ck_secret *secret = NULL;
    struct ck_error err;

    if (ck_file_read(path, CK_SECRET_MAX, "the file", &secret, &err) != CK_OK)
        fail_msg("%s", err.text);
    assert_secret(secret, text);
    ck_secret_free(&secret);
}

__attribute__((unused)) static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fputs(text, file) < 0, 0);
    assert_int_equal(fclose(file), 0);
}

/* Permissions bind everybody but root, who becomes somebody else for them. */
__attribute__((unused)) static void give_up_root(void)
{
    if (geteuid() == 0)
        assert_int_equal(chmod(".", 0777) | seteuid(NOBODY), 0);
}

__attribute__((unused)) static void take_back_root(void)
{
    if (getuid() == 0)
        assert_int_equal(seteuid(0), 0);
}

__attribute__((unused)) static void on_signal(int number)
{
    (void)number;
}

/* Again and again, in case the first ones come before anybody waits. */
__attribute__((unused)) static void ring_every_30_ms(int flags)
{
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};
    const struct itimerval soon = {{.tv_usec = 30000}, {.tv_usec = 30000}};

    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
}

__attribute__((unused)) static void stop_ringing(void)
{
    const struct itimerval never = {0};

    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
}

#define FILE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
