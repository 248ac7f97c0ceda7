#include <sys/resource.h>
#include <sys/syscall.h>

#include "file.h"

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
    int r = (int)syscall(SYS_close, fd);

    if (error == 0)
        return r;
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

static void assert_missing(const char *path)
{
    struct stat status;

    assert_int_equal(lstat(path, &status), -1);
}

static int set_up_without_fault(void **state)
{
    set_fault(NO_CALL, 0, 0);
    return set_up(state);
}

static int tear_down_without_fault(void **state)
{
    set_fault(NO_CALL, 0, 0);
    return tear_down(state);
}

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
    for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
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
    snprintf(path, sizeof(path), "%s/absolute", directory);
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
    memset(name, 'x', sizeof(name));
    name[256] = '\0';
    assert_not_created(name, CK_ERR_USAGE, "could not be made");
    name[255] = '\0';
    assert_created(name, "1");
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
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
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
    enum ck_err r = ck_secret_new("hunter2", 7, &secret, err);

    if (r == CK_OK)
        r = ck_file_create("failing", secret, err);
    ck_secret_free(&secret);
    if (r == CK_OK)
        assert_int_equal(remove("failing"), 0);
    else
        assert_missing("failing");
    return r;
}

static void test_create_allocations_fail(void **state)
{
    (void)state;
    fail_each_allocation(create_one, 1);
}

#define CREATE_TEST(test)                                                                          \
    cmocka_unit_test_setup_teardown(test, set_up_without_fault, tear_down_without_fault)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CREATE_TEST(test_create),
        CREATE_TEST(test_create_whatever_the_umask),
        CREATE_TEST(test_create_by_any_path),
        CREATE_TEST(test_create_empty_and_large),
        CREATE_TEST(test_create_leaves_what_exists),
        CREATE_TEST(test_check_new_foresees_that),
        CREATE_TEST(test_create_refuses_paths),
        CREATE_TEST(test_create_where_not_permitted),
        CREATE_TEST(test_create_when_a_call_fails),
        CREATE_TEST(test_create_by_pieces),
        CREATE_TEST(test_create_without_directory_sync),
        CREATE_TEST(test_create_says_what_it_left),
        CREATE_TEST(test_create_over_the_file_size_limit),
        CREATE_TEST(test_create_allocations_fail),
    };

    setlinebuf(stdout);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
