#include "cowkey/base/file.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allocation.h"

enum { NOBODY = 65534 };

/*
 * System calls that fail on demand: these stand before the C library's, and ask the kernel
 * directly. The countdown'th call of that name fails once with errno error; a write that "fails"
 * with 0 is short.
 */
enum call { NO_CALL, WRITE, FSYNC, CLOSE, FCHMOD, UNLINKAT };

static struct {
    enum call call;
    unsigned countdown;
    int error;
    bool fired;
} fault;

static bool fails(enum call call)
{
    if (fault.call != call || fault.fired || fault.countdown-- > 0)
        return false;
    fault.fired = true;
    errno = fault.error;
    return true;
}

static void set_fault(enum call call, unsigned countdown, int error)
{
    fault.call = call;
    fault.countdown = countdown;
    fault.error = error;
    fault.fired = false;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    if (fails(WRITE)) {
        if (fault.error != 0)
            return -1;
        size = 1;
    }
    return syscall(SYS_write, fd, bytes, size);
}

int fsync(int fd)
{
    return fails(FSYNC) ? -1 : (int)syscall(SYS_fsync, fd);
}

/* Also a close that fails has closed (close(2), "Dealing with error returns"). */
int close(int fd)
{
    int error = fails(CLOSE) ? errno : 0;
    int rc = (int)syscall(SYS_close, fd);

    if (error == 0)
        return rc;
    errno = error;
    return -1;
}

int fchmod(int fd, mode_t mode)
{
    return fails(FCHMOD) ? -1 : (int)syscall(SYS_fchmod, fd, mode);
}

int unlinkat(int dir, const char *name, int flags)
{
    return fails(UNLINKAT) ? -1 : (int)syscall(SYS_unlinkat, dir, name, flags);
}

/* --- a directory of its own for each test, and a count of open files around it --- */

static char directory[] = "/tmp/cowkey-file-XXXXXX";
static int open_files;

static int count_open_files(void)
{
    int count = 0;

    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static int set_up(void **state)
{
    (void)state;
    strcpy(directory + sizeof directory - 7, "XXXXXX");
    set_fault(NO_CALL, 0, 0);
    open_files = count_open_files();
    return mkdtemp(directory) != NULL && chdir(directory) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    char line[128];

    (void)state;
    set_fault(NO_CALL, 0, 0);
    if (count_open_files() != open_files || waitpid(-1, NULL, WNOHANG) != -1)
        return -1;
    snprintf(line, sizeof line, "chmod -R u+rwx %1$s && rm -r %1$s", directory);
    return chdir("/") == 0 && system(line) == 0 ? 0 : -1;
}

static void assert_created(const char *path, const char *text)
{
    struct ck_secret *secret = secret_of(text);
    struct ck_error err;

    if (ck_file_create(path, secret, &err) != CK_OK)
        fail_msg("%s", err.text);
    ck_secret_free(&secret);
}

static void assert_not_created(const char *path, enum ck_err code, const char *part)
{
    struct ck_secret *secret = secret_of("hunter2");
    struct ck_error err;

    assert_int_equal(ck_file_create(path, secret, &err), code);
    assert_error(&err, code, part);
    assert_null(strstr(err.text, "hunter2"));
    ck_secret_free(&secret);
}

static void assert_content(const char *path, const char *text)
{
    struct ck_secret *secret = NULL;
    struct ck_error err;

    if (ck_file_read(path, CK_SECRET_MAX, "the file", &secret, &err) != CK_OK)
        fail_msg("%s", err.text);
    assert_secret(secret, text);
    ck_secret_free(&secret);
}

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fputs(text, file) < 0, 0);
    assert_int_equal(fclose(file), 0);
}

static void assert_missing(const char *path)
{
    struct stat status;

    assert_int_equal(lstat(path, &status), -1);
}

/* --- making --- */

static void test_create(void **state)
{
    struct stat status;

    (void)state;
    assert_created("new", "hunter2");
    assert_content("new", "hunter2");
    assert_int_equal(stat("new", &status), 0);
    assert_true(S_ISREG(status.st_mode));
    assert_int_equal(status.st_mode & 07777, 0600);
}

static void test_create_whatever_the_umask(void **state)
{
    static const mode_t masks[] = {0, 022, 077, 0277, 0777};
    struct stat status;

    (void)state;
    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
        mode_t old = umask(masks[i]);
        assert_created("new", "x");
        umask(old);
        assert_int_equal(stat("new", &status), 0);
        assert_int_equal(status.st_mode & 07777, 0600);
        assert_int_equal(remove("new"), 0);
    }
}

static void test_create_by_any_path(void **state)
{
    char path[64];

    (void)state;
    snprintf(path, sizeof path, "%s/absolute", directory);
    assert_created(path, "1");
    assert_content("absolute", "1");
    assert_int_equal(mkdir("sub", 0700), 0);
    assert_created("sub/one", "2");
    assert_created("./sub//two", "3");
    assert_content("sub/two", "3");
    assert_int_equal(symlink("sub", "link"), 0);
    assert_created("link/three", "4");
    assert_content("sub/three", "4");
}

static void test_create_empty_and_large(void **state)
{
    struct ck_secret *large = secret_of_bytes(NULL, CK_SECRET_MAX);
    struct ck_secret *back = NULL;
    struct ck_error err;

    (void)state;
    assert_created("empty", "");
    assert_content("empty", "");
    memset(ck_secret_bytes(large), 'x', CK_SECRET_MAX);
    assert_int_equal(ck_file_create("large", large, &err), CK_OK);
    assert_int_equal(ck_file_read("large", CK_SECRET_MAX, "it", &back, &err), CK_OK);
    assert_true(ck_secret_equal(large, back));
    ck_secret_free(&large);
    ck_secret_free(&back);
}

static void test_create_leaves_what_exists(void **state)
{
    (void)state;
    put("file", "old");
    assert_not_created("file", CK_ERR_USAGE, "exists");
    assert_content("file", "old");

    assert_int_equal(symlink("file", "link"), 0);
    assert_not_created("link", CK_ERR_USAGE, "exists");
    assert_content("file", "old");

    assert_int_equal(symlink("nowhere", "dangling"), 0);
    assert_not_created("dangling", CK_ERR_USAGE, "exists");
    assert_missing("nowhere");

    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_not_created("fifo", CK_ERR_USAGE, "exists");
    assert_int_equal(mkdir("sub", 0700), 0);
    assert_not_created("sub", CK_ERR_USAGE, "exists");
    assert_not_created(".", CK_ERR_USAGE, "exists");
    assert_not_created("/dev/null", CK_ERR_USAGE, "exists");
    assert_not_created("/dev/full", CK_ERR_USAGE, "exists");
}

static void test_check_new_foresees_that(void **state)
{
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_file_check_new("absent", &err), CK_OK);
    put("file", "old");
    assert_int_equal(ck_file_check_new("file", &err), CK_ERR_USAGE);
    assert_non_null(strstr(err.text, "exists"));
    assert_int_equal(symlink("nowhere", "dangling"), 0);
    assert_int_equal(ck_file_check_new("dangling", &err), CK_ERR_USAGE);
}

static void test_create_refuses_paths(void **state)
{
    char name[300];

    (void)state;
    assert_not_created("", CK_ERR_USAGE, "names no file");
    assert_not_created("/", CK_ERR_USAGE, "names no file");
    assert_not_created("sub/", CK_ERR_USAGE, "names no file");
    assert_not_created("missing/new", CK_ERR_USAGE, "'missing/'");
    assert_missing("missing");
    put("file", "old");
    assert_not_created("file/new", CK_ERR_USAGE, "'file/'");
    memset(name, 'x', sizeof name);
    name[256] = '\0';
    assert_not_created(name, CK_ERR_USAGE, "could not be made");
    name[255] = '\0';
    assert_created(name, "1");
}

/* Permissions bind everybody but root, who becomes somebody else for them. */
static void give_up_root(void)
{
    if (geteuid() == 0)
        assert_int_equal(chmod(".", 0777) | seteuid(NOBODY), 0);
}

static void take_back_root(void)
{
    if (getuid() == 0)
        assert_int_equal(seteuid(0), 0);
}

static void test_create_where_not_permitted(void **state)
{
    (void)state;
    give_up_root();
    assert_int_equal(mkdir("unreadable", 0300) | mkdir("unwritable", 0500), 0);
    assert_not_created("unreadable/new", CK_ERR_USAGE, "Permission denied");
    assert_not_created("unwritable/new", CK_ERR_USAGE, "Permission denied");
    take_back_root();
    assert_missing("unreadable/new");
    assert_missing("unwritable/new");
}

static void test_create_when_a_call_fails(void **state)
{
    static const struct {
        enum call call;
        unsigned countdown;
        int error;
    } faults[] = {
        {FCHMOD, 0, EPERM}, {WRITE, 0, ENOSPC}, {WRITE, 0, EDQUOT}, {WRITE, 0, EIO},
        {FSYNC, 0, EIO},    {FSYNC, 0, EINVAL}, {CLOSE, 0, EIO},    {FSYNC, 1, EIO},
    };

    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        set_fault(faults[i].call, faults[i].countdown, faults[i].error);
        assert_not_created("new", CK_ERR_UNCHANGED, strerror(faults[i].error));
        assert_true(fault.fired);
        assert_missing("new");
    }
}

/*
 * After a write that took one byte, and after one that a signal interrupted, the rest is written.
 */
static void test_create_by_pieces(void **state)
{
    (void)state;
    set_fault(WRITE, 0, 0);
    assert_created("short", "hunter2");
    assert_true(fault.fired);
    assert_content("short", "hunter2");
    set_fault(WRITE, 0, EINTR);
    assert_created("interrupted", "hunter2");
    assert_true(fault.fired);
    assert_content("interrupted", "hunter2");
}

/* Some file systems can't sync a directory: the second fsync is that one. */
static void test_create_without_directory_sync(void **state)
{
    (void)state;
    set_fault(FSYNC, 1, EINVAL);
    assert_created("new", "hunter2");
    assert_true(fault.fired);
    assert_content("new", "hunter2");
}

static void test_create_says_what_it_left(void **state)
{
    struct ck_secret *secret = secret_of("hunter2");
    struct ck_error err;
    const struct rlimit limit = {3, RLIM_INFINITY}, none = {RLIM_INFINITY, RLIM_INFINITY};

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    set_fault(UNLINKAT, 0, EROFS);
    assert_int_equal(ck_file_create("new", secret, &err), CK_ERR_UNCHANGED);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_error(&err, CK_ERR_UNCHANGED, "too large");
    assert_non_null(strstr(err.hint, "Remove 'new'"));
    assert_content("new", "hun");
    ck_secret_free(&secret);
}

/* A real limit, that the kernel keeps: 3 bytes are written, and removed again. */
static void test_create_over_the_file_size_limit(void **state)
{
    const struct rlimit limit = {3, RLIM_INFINITY}, none = {RLIM_INFINITY, RLIM_INFINITY};

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_not_created("new", CK_ERR_UNCHANGED, "File too large");
    assert_missing("new");
    assert_created("small", "hun");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    signal(SIGXFSZ, SIG_DFL);
}

static enum ck_err create_one(struct ck_error *err)
{
    struct ck_secret *secret = NULL;
    enum ck_err rc = ck_secret_new("hunter2", 7, &secret, err);

    if (rc == CK_OK)
        rc = ck_file_create("failing", secret, err);
    ck_secret_free(&secret);
    if (rc == CK_OK)
        assert_int_equal(remove("failing"), 0);
    else
        assert_missing("failing");
    return rc;
}

static void test_create_allocations_fail(void **state)
{
    (void)state;
    fail_each_allocation(create_one, 1);
}

/* --- reading --- */

static void assert_not_read(const char *path, size_t size_max, const char *part)
{
    struct ck_secret *bytes = UNTOUCHED;
    struct ck_error err;

    assert_int_equal(ck_file_read(path, size_max, "the password file", &bytes, &err), CK_ERR_USAGE);
    assert_ptr_equal(bytes, UNTOUCHED);
    assert_error(&err, CK_ERR_USAGE, "the password file");
    assert_error(&err, CK_ERR_USAGE, part);
}

static void test_read_bound(void **state)
{
    struct ck_secret *bytes = NULL;
    struct ck_error err;

    (void)state;
    put("file", "hunter2");
    assert_int_equal(ck_file_read("file", 7, "it", &bytes, &err), CK_OK);
    assert_secret(bytes, "hunter2");
    ck_secret_free(&bytes);
    assert_not_read("file", 6, "more than 6 bytes");
    assert_not_read("file", 0, "more than 0 bytes");
    put("file", "");
    assert_int_equal(ck_file_read("file", 0, "it", &bytes, &err), CK_OK);
    assert_secret(bytes, "");
    ck_secret_free(&bytes);
}

static void test_read_around_chunks(void **state)
{
    static char text[3 * 4096 + 2];
    struct ck_secret *bytes = NULL;
    struct ck_error err;

    (void)state;
    for (size_t size = 1; size <= sizeof text - 1; size++) {
        if (size % 4096 > 1 && size % 4096 < 4095)
            continue;
        memset(text, 'x', size);
        text[size] = '\0';
        put("file", text);
        assert_int_equal(ck_file_read("file", size, "it", &bytes, &err), CK_OK);
        assert_secret(bytes, text);
        ck_secret_free(&bytes);
        assert_not_read("file", size - 1, "more than");
    }
}

static void test_read_beyond_a_secret(void **state)
{
    (void)state;
    put("file", "");
    assert_int_equal(truncate("file", CK_SECRET_MAX + 1), 0);
    assert_not_read("file", CK_SECRET_MAX, "more than 524224 bytes");

    struct ck_secret *bytes = UNTOUCHED;
    struct ck_error err;
    assert_int_equal(ck_file_read("file", SIZE_MAX, "it", &bytes, &err), CK_ERR_USAGE);
    assert_ptr_equal(bytes, UNTOUCHED);
}

static void test_read_refuses(void **state)
{
    (void)state;
    assert_not_read("missing", 100, "No such file");
    assert_not_read("", 100, "No such file");
    assert_not_read(".", 100, "directory");
    assert_not_read("/dev/zero", 100, "more than 100 bytes");
    put("file", "x");
    assert_not_read("file/x", 100, "Not a directory");
}

static void test_read_of_devices(void **state)
{
    (void)state;
    assert_content("/dev/null", "");
}

static void test_read_where_not_permitted(void **state)
{
    (void)state;
    give_up_root();
    put("file", "x");
    assert_int_equal(chmod("file", 0), 0);
    assert_not_read("file", 100, "Permission denied");
    take_back_root();
}

static void test_read_fd(void **state)
{
    struct ck_secret *bytes = NULL;
    struct ck_error err;
    char first[3];

    (void)state;
    put("file", "hunter2");
    int fd = open("file", O_RDONLY);
    assert_int_equal(read(fd, first, 3), 3);
    assert_int_equal(ck_file_read_fd(fd, 4, "it", &bytes, &err), CK_OK);
    assert_secret(bytes, "ter2");
    ck_secret_free(&bytes);
    assert_int_equal(ck_file_read_fd(fd, 4, "it", &bytes, &err), CK_OK);
    assert_secret(bytes, "");
    ck_secret_free(&bytes);
    assert_int_equal(close(fd), 0);
}

static void assert_fd_not_read(int fd, const char *part)
{
    struct ck_secret *bytes = UNTOUCHED;
    struct ck_error err;

    assert_int_equal(ck_file_read_fd(fd, 100, "the password", &bytes, &err), CK_ERR_USAGE);
    assert_ptr_equal(bytes, UNTOUCHED);
    assert_error(&err, CK_ERR_USAGE, "the password");
    assert_error(&err, CK_ERR_USAGE, part);
}

static void test_read_fd_refuses(void **state)
{
    (void)state;
    assert_fd_not_read(-1, "Bad file descriptor");
    assert_fd_not_read(200, "Bad file descriptor");
    int fd = open(".", O_RDONLY);
    assert_fd_not_read(fd, "Is a directory");
    close(fd);
    fd = open("file", O_WRONLY | O_CREAT, 0600);
    assert_fd_not_read(fd, "Bad file descriptor");
    close(fd);
}

/* Writes "hun", waits, writes "ter2". */
static void *write_slowly(void *fd)
{
    dprintf(*(int *)fd, "hun");
    poll(NULL, 0, 30);
    dprintf(*(int *)fd, "ter2");
    close(*(int *)fd);
    return NULL;
}

static void read_slow_pipe(int flags)
{
    struct ck_secret *bytes = NULL;
    struct ck_error err;
    pthread_t writer;
    int ends[2];

    assert_int_equal(pipe2(ends, flags), 0);
    assert_int_equal(pthread_create(&writer, NULL, write_slowly, &ends[1]), 0);
    enum ck_err rc = ck_file_read_fd(ends[0], 7, "it", &bytes, &err);
    pthread_join(writer, NULL);
    close(ends[0]);
    assert_int_equal(rc, CK_OK);
    assert_secret(bytes, "hunter2");
    ck_secret_free(&bytes);
}

static void test_read_pipes(void **state)
{
    (void)state;
    read_slow_pipe(0);
    read_slow_pipe(O_NONBLOCK);
}

static void test_read_fifo(void **state)
{
    (void)state;
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(system("printf hunter2 >fifo &"), 0);
    assert_content("fifo", "hunter2");
}

static void on_signal(int number)
{
    (void)number;
}

/* Again and again, in case the first ones come before anybody waits. */
static void ring_every_30_ms(int flags)
{
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};
    const struct itimerval soon = {{.tv_usec = 30000}, {.tv_usec = 30000}};

    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
}

static void stop_ringing(void)
{
    const struct itimerval never = {0};

    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
}

static void assert_interrupted(int flags)
{
    struct ck_secret *bytes = UNTOUCHED;
    struct ck_error err;
    int ends[2];

    assert_int_equal(pipe2(ends, flags), 0);
    ring_every_30_ms(0);
    assert_int_equal(ck_file_read_fd(ends[0], 100, "the password", &bytes, &err),
                     CK_ERR_INTERRUPTED);
    assert_error(&err, CK_ERR_INTERRUPTED, "the password");
    stop_ringing();
    assert_ptr_equal(bytes, UNTOUCHED);
    close(ends[0]);
    close(ends[1]);
}

static void test_read_is_interrupted(void **state)
{
    struct ck_secret *bytes = UNTOUCHED;
    struct ck_error err;

    (void)state;
    assert_interrupted(0);
    assert_interrupted(O_NONBLOCK);
    assert_int_equal(mkfifo("fifo", 0600), 0);
    ring_every_30_ms(0);
    assert_int_equal(ck_file_read("fifo", 100, "it", &bytes, &err), CK_ERR_INTERRUPTED);
    stop_ringing();
}

/* The sibling: a handler that lets calls go on does not end the read. */
static void test_read_goes_on(void **state)
{
    (void)state;
    ring_every_30_ms(SA_RESTART);
    read_slow_pipe(0);
    stop_ringing();
}

static enum ck_err read_one(struct ck_error *err)
{
    struct ck_secret *bytes = UNTOUCHED;
    enum ck_err rc = ck_file_read("file", 5000, "it", &bytes, err);

    if (rc == CK_OK)
        ck_secret_free(&bytes);
    else
        assert_ptr_equal(bytes, UNTOUCHED);
    return rc;
}

static void test_read_allocations_fail(void **state)
{
    char text[5001] = "";

    (void)state;
    memset(text, 'x', sizeof text - 1);
    put("file", text);
    fail_each_allocation(read_one, 3);
}

/* --- commands --- */

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
    snprintf(command, sizeof command, "test ! -e /proc/self/fd/%d", fd);
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
    enum ck_err rc = ck_file_read_command("true", 100, "it", &bytes, &err);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(rc, CK_ERR_UNCHANGED);
    assert_error(&err, CK_ERR_UNCHANGED, "could not be run");
    assert_ptr_equal(bytes, UNTOUCHED);
}

static enum ck_err run_one(struct ck_error *err)
{
    struct ck_secret *bytes = UNTOUCHED;
    enum ck_err rc = ck_file_read_command("printf hunter2", 100, "it", &bytes, err);

    if (rc == CK_OK)
        ck_secret_free(&bytes);
    else
        assert_ptr_equal(bytes, UNTOUCHED);
    return rc;
}

static void test_command_allocations_fail(void **state)
{
    (void)state;
    fail_each_allocation(run_one, 3);
}

#define FILE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST(test_create),
        FILE_TEST(test_create_whatever_the_umask),
        FILE_TEST(test_create_by_any_path),
        FILE_TEST(test_create_empty_and_large),
        FILE_TEST(test_create_leaves_what_exists),
        FILE_TEST(test_check_new_foresees_that),
        FILE_TEST(test_create_refuses_paths),
        FILE_TEST(test_create_where_not_permitted),
        FILE_TEST(test_create_when_a_call_fails),
        FILE_TEST(test_create_by_pieces),
        FILE_TEST(test_create_without_directory_sync),
        FILE_TEST(test_create_says_what_it_left),
        FILE_TEST(test_create_over_the_file_size_limit),
        FILE_TEST(test_create_allocations_fail),
        FILE_TEST(test_read_bound),
        FILE_TEST(test_read_around_chunks),
        FILE_TEST(test_read_beyond_a_secret),
        FILE_TEST(test_read_refuses),
        FILE_TEST(test_read_of_devices),
        FILE_TEST(test_read_where_not_permitted),
        FILE_TEST(test_read_fd),
        FILE_TEST(test_read_fd_refuses),
        FILE_TEST(test_read_pipes),
        FILE_TEST(test_read_fifo),
        FILE_TEST(test_read_is_interrupted),
        FILE_TEST(test_read_goes_on),
        FILE_TEST(test_read_allocations_fail),
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
