#include "cowkey/rollout/pending.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/syscall.h>

#include "cowkey/base/cleanup.h"
#include "tests/unit/base/file.h"

static const char uri[] = "otpauth://totp/mailcow:anna?secret=NOTASECRETNOTASECRETNOTASECRETAA";

/*
 * System calls that fail on demand, or kill: these stand before the C library's, and ask the kernel
 * directly. The countdown'th call of that name fails once with errno error.
 */
enum call { NO_CALL, WRITE, FSYNC, CLOSE, FCHMOD, RENAME, UNLINKAT, MKDIR };
enum { KILL = -1 };

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
    if (fault.error == KILL)
        raise(SIGKILL);
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
    return fails(WRITE) ? -1 : syscall(SYS_write, fd, bytes, size);
}

int fsync(int fd)
{
    return fails(FSYNC) ? -1 : (int)syscall(SYS_fsync, fd);
}

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

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    return fails(RENAME) ? -1 : (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
}

int unlinkat(int dir, const char *name, int flags)
{
    return fails(UNLINKAT) ? -1 : (int)syscall(SYS_unlinkat, dir, name, flags);
}

int mkdir(const char *path, mode_t mode)
{
    return fails(MKDIR) ? -1 : (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

/* --- what the tests say --- */

static struct ck_pending *opened(void)
{
    struct ck_pending *pending = NULL;
    struct ck_error err;

    if (ck_pending_open("out", &pending, &err) != CK_OK)
        fail_msg("%s", err.text);
    return pending;
}

static enum ck_err put_text(const struct ck_pending *pending, enum ck_pending_kind kind, int64_t id,
                            unsigned n, const char *text, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *secret = secret_of(text);

    return ck_pending_put(pending, kind, id, n, secret, err);
}

static void assert_put(const struct ck_pending *pending, enum ck_pending_kind kind, int64_t id,
                       unsigned n, const char *text)
{
    struct ck_error err;

    if (put_text(pending, kind, id, n, text, &err) != CK_OK)
        fail_msg("%s", err.text);
}

/* text NULL: there is none. */
static void assert_got(const struct ck_pending *pending, enum ck_pending_kind kind, int64_t id,
                       unsigned n, const char *text)
{
    struct ck_secret *got = UNTOUCHED;
    struct ck_error err;

    if (ck_pending_get(pending, kind, id, n, &got, &err) != CK_OK)
        fail_msg("%s", err.text);
    if (text == NULL) {
        assert_null(got);
        return;
    }
    assert_secret(got, text);
    ck_secret_free(&got);
}

static void assert_not_got(const struct ck_pending *pending, const char *part)
{
    struct ck_secret *got = UNTOUCHED;
    struct ck_error err;

    assert_int_equal(ck_pending_get(pending, CK_PENDING_TOTP, 1, 0, &got, &err), CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, part);
    assert_ptr_equal(got, UNTOUCHED);
}

static void assert_not_opened(const char *path, const char *part)
{
    struct ck_pending *pending = (struct ck_pending *)&untouched_;
    struct ck_error err;

    assert_int_equal(ck_pending_open(path, &pending, &err), CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, part);
    assert_ptr_equal(pending, &untouched_);
}

static mode_t mode_of(const char *path)
{
    struct stat status;

    assert_int_equal(lstat(path, &status), 0);
    return status.st_mode & 07777;
}

static size_t count_files(const char *path)
{
    DIR *dir = opendir(path);
    size_t count = 0;

    assert_non_null(dir);
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

/* --- tests --- */

static void test_put_and_get(void **state)
{
    struct ck_pending *pending = opened();

    (void)state;
    assert_string_equal(ck_pending_directory(pending), "out");
    assert_put(pending, CK_PENDING_TOTP, 123, 0, uri);
    assert_put(pending, CK_PENDING_PASSWORD, 45, 0, "not a password");
    assert_put(pending, CK_PENDING_APP_PASSWORD, 45, 0, "not an app password");
    assert_put(pending, CK_PENDING_PIN, 45, 1, "111111");
    assert_put(pending, CK_PENDING_PIN, 45, 2, "222222");
    assert_put(pending, CK_PENDING_TOTP, INT64_MAX, 0, "large");
    assert_content("out/pending/totp-000123", uri);
    assert_content("out/pending/password-000045", "not a password");
    assert_content("out/pending/app-password-000045", "not an app password");
    assert_content("out/pending/pin-000045-1", "111111");
    assert_int_equal(count_files("out/pending"), 6);
    ck_pending_close(&pending);
    assert_null(pending);

    pending = opened();
    assert_got(pending, CK_PENDING_TOTP, 123, 0, uri);
    assert_got(pending, CK_PENDING_PASSWORD, 45, 0, "not a password");
    assert_got(pending, CK_PENDING_APP_PASSWORD, 45, 0, "not an app password");
    assert_got(pending, CK_PENDING_PIN, 45, 1, "111111");
    assert_got(pending, CK_PENDING_PIN, 45, 2, "222222");
    assert_got(pending, CK_PENDING_TOTP, INT64_MAX, 0, "large");
    assert_got(pending, CK_PENDING_TOTP, 45, 0, NULL);
    assert_got(pending, CK_PENDING_PIN, 45, 3, NULL);
    ck_pending_close(&pending);
}

static void test_modes_whatever_the_umask(void **state)
{
    static const mode_t masks[] = {0, 022, 077, 0277};

    (void)state;
    for (size_t i = 0; i < sizeof(masks) / sizeof(*masks); i++) {
        mode_t old = umask(masks[i]);
        struct ck_pending *pending = opened();
        assert_put(pending, CK_PENDING_TOTP, 1, 0, uri);
        umask(old);
        assert_int_equal(mode_of("out"), 0700);
        assert_int_equal(mode_of("out/pending"), 0700);
        assert_int_equal(mode_of("out/pending/totp-000001"), 0600);
        ck_pending_close(&pending);
        assert_int_equal(system("rm -r out"), 0);
    }
}

static void test_a_second_one_is_refused(void **state)
{
    struct ck_pending *pending = opened();
    struct ck_error err;

    (void)state;
    assert_put(pending, CK_PENDING_TOTP, 1, 0, uri);
    assert_int_equal(put_text(pending, CK_PENDING_TOTP, 1, 0, "other", &err), CK_ERR_UNCHANGED);
    assert_error(&err, CK_ERR_UNCHANGED, "already");
    assert_got(pending, CK_PENDING_TOTP, 1, 0, uri);
    assert_int_equal(count_files("out/pending"), 1);
    ck_pending_close(&pending);
}

/* Not every file system can refuse to replace a file, which this one then seems to be. */
static void test_without_renameat2(void **state)
{
    struct ck_pending *pending = opened();
    struct ck_error err;

    (void)state;
    set_fault(RENAME, 0, EINVAL);
    assert_put(pending, CK_PENDING_TOTP, 1, 0, uri);
    assert_true(fault.fired);
    assert_got(pending, CK_PENDING_TOTP, 1, 0, uri);
    set_fault(RENAME, 0, EEXIST);
    assert_int_equal(put_text(pending, CK_PENDING_TOTP, 2, 0, uri, &err), CK_ERR_UNCHANGED);
    assert_true(fault.fired);
    assert_int_equal(count_files("out/pending"), 1);
    ck_pending_close(&pending);
}

static void test_bounds(void **state)
{
    struct ck_pending *pending = opened();
    struct ck_secret *large = secret_of_bytes(NULL, CK_SECRET_INPUT_MAX + 1);
    struct ck_error err;

    (void)state;
    memset(ck_secret_bytes(large), 'x', CK_SECRET_INPUT_MAX + 1);
    assert_int_equal(ck_pending_put(pending, CK_PENDING_TOTP, 1, 0, large, &err), CK_ERR_USAGE);
    assert_int_equal(put_text(pending, CK_PENDING_TOTP, 1, 0, "", &err), CK_ERR_USAGE);
    ck_secret_truncate(large, CK_SECRET_INPUT_MAX);
    assert_int_equal(ck_pending_put(pending, CK_PENDING_TOTP, 1, 0, large, &err), CK_OK);
    assert_got(pending, CK_PENDING_TOTP, 1, 0, ck_secret_bytes(large));
    ck_secret_free(&large);
    ck_pending_close(&pending);
}

static void test_get_refuses(void **state)
{
    static const char file[] = "out/pending/totp-000001";
    struct ck_pending *pending = opened();

    (void)state;
    put(file, "");
    assert_int_equal(chmod(file, 0600), 0);
    assert_not_got(pending, "is empty");
    put(file, uri);
    assert_got(pending, CK_PENDING_TOTP, 1, 0, uri);
    assert_int_equal(chmod(file, 0640), 0);
    assert_not_got(pending, "others may read");
    assert_int_equal(chmod(file, 0600) | truncate(file, CK_SECRET_INPUT_MAX + 1), 0);
    assert_not_got(pending, "holds more than");
    assert_int_equal(unlink(file) | mkdir(file, 0700), 0);
    assert_not_got(pending, "no plain file");
    ck_pending_close(&pending);
}

static void test_remove(void **state)
{
    static const char file[] = "out/pending/totp-000001";
    struct ck_pending *pending = opened();
    struct ck_error err;

    (void)state;
    assert_put(pending, CK_PENDING_TOTP, 1, 0, uri);
    assert_put(pending, CK_PENDING_TOTP, 2, 0, uri);
    /* Another name of the same file shows what became of what was in it. */
    assert_int_equal(link(file, "other"), 0);
    assert_int_equal(ck_pending_remove(pending, CK_PENDING_TOTP, 1, 0, &err), CK_OK);
    assert_got(pending, CK_PENDING_TOTP, 1, 0, NULL);
    assert_got(pending, CK_PENDING_TOTP, 2, 0, uri);
    char zeros[sizeof(uri)] = "", left[sizeof(uri)] = "";
    FILE *other = fopen("other", "r");
    assert_non_null(other);
    assert_int_equal(fread(left, 1, sizeof(left), other), strlen(uri));
    fclose(other);
    assert_memory_equal(left, zeros, sizeof(left));
    assert_int_equal(ck_pending_remove(pending, CK_PENDING_TOTP, 1, 0, &err), CK_OK);

    set_fault(UNLINKAT, 0, EROFS);
    assert_int_equal(ck_pending_remove(pending, CK_PENDING_TOTP, 2, 0, &err), CK_ERR_UNCHANGED);
    assert_error(&err, CK_ERR_UNCHANGED, "could not be removed");
    assert_true(fault.fired);
    ck_pending_close(&pending);
}

static void test_put_when_a_call_fails(void **state)
{
    static const struct {
        enum call call;
        unsigned countdown;
        int error;
    } faults[] = {
        {FCHMOD, 0, EPERM}, {WRITE, 0, ENOSPC}, {WRITE, 0, EDQUOT}, {WRITE, 0, EIO},
        {FSYNC, 0, EIO},    {FSYNC, 1, EIO},    {CLOSE, 0, EIO},    {RENAME, 0, EROFS},
    };
    struct ck_pending *pending = opened();
    struct ck_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
        set_fault(faults[i].call, faults[i].countdown, faults[i].error);
        assert_int_equal(put_text(pending, CK_PENDING_TOTP, 1, 0, uri, &err), CK_ERR_UNCHANGED);
        assert_error(&err, CK_ERR_UNCHANGED, strerror(faults[i].error));
        assert_null(strstr(err.text, "NOTASECRET"));
        assert_true(fault.fired);
        assert_int_equal(count_files("out/pending"), 0);
    }
    set_fault(NO_CALL, 0, 0);
    assert_put(pending, CK_PENDING_TOTP, 1, 0, uri);
    ck_pending_close(&pending);
}

/* Kills a process that keeps a secret at the given call; how many files it leaves. */
static size_t killed_at(enum call call, unsigned countdown)
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        struct ck_pending *pending = opened();
        set_fault(call, countdown, KILL);
        assert_put(pending, CK_PENDING_TOTP, 1, 0, uri);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return count_files("out/pending");
}

static void test_killed_while_it_writes(void **state)
{
    static const struct {
        enum call call;
        unsigned countdown;
        bool there; /* afterwards */
    } moments[] = {
        {FCHMOD, 0, false}, {WRITE, 0, false},  {FSYNC, 0, false},
        {CLOSE, 0, false},  {RENAME, 0, false}, {FSYNC, 1, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(moments) / sizeof(*moments); i++) {
        assert_int_equal(killed_at(moments[i].call, moments[i].countdown), 1);
        struct ck_pending *pending = opened();
        assert_int_equal(count_files("out/pending"), moments[i].there);
        assert_got(pending, CK_PENDING_TOTP, 1, 0, moments[i].there ? uri : NULL);
        if (!moments[i].there)
            assert_put(pending, CK_PENDING_TOTP, 1, 0, "another");
        ck_pending_close(&pending);
        assert_int_equal(system("rm -r out"), 0);
    }
}

/* Never is there a file by its name that is not the secret. */
static void test_killed_while_it_removes(void **state)
{
    static const enum call calls[] = {FSYNC, WRITE, UNLINKAT};

    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
        int status;
        pid_t child = fork();
        if (child == 0) {
            struct ck_pending *pending = opened();
            struct ck_error err;
            assert_put(pending, CK_PENDING_TOTP, 1, 0, uri);
            set_fault(calls[i], 0, KILL);
            ck_pending_remove(pending, CK_PENDING_TOTP, 1, 0, &err);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        assert_int_equal(count_files("out/pending"), 1);
        struct ck_pending *pending = opened();
        assert_int_equal(count_files("out/pending"), 0);
        assert_got(pending, CK_PENDING_TOTP, 1, 0, NULL);
        ck_pending_close(&pending);
    }
}

static void test_leftovers_of_others_at_work_stay(void **state)
{
    static const char unfinished[] = "out/pending/totp-000001" CK_FILE_PUT_SUFFIX;
    struct ck_pending *at_work = opened();

    (void)state;
    put(unfinished, "half");
    struct ck_pending *pending = opened();
    assert_content(unfinished, "half");
    ck_pending_close(&pending);
    ck_pending_close(&at_work);

    pending = opened();
    assert_int_equal(count_files("out/pending"), 0);
    /* Also one that appears later does not hinder who keeps a secret. */
    put(unfinished, "half");
    assert_put(pending, CK_PENDING_TOTP, 1, 0, uri);
    assert_got(pending, CK_PENDING_TOTP, 1, 0, uri);
    assert_int_equal(count_files("out/pending"), 1);
    ck_pending_close(&pending);
}

static void test_open_refuses(void **state)
{
    struct ck_error err;
    struct ck_pending *pending = NULL;

    (void)state;
    assert_not_opened("missing/out", "could not be made");
    put("file", "");
    assert_not_opened("file", "no directory");
    assert_int_equal(mkdir("open", 0700) | chmod("open", 0750), 0);
    assert_not_opened("open", "others may enter");
    assert_int_equal(count_files("open"), 0);
    assert_int_equal(chmod("open", 0700), 0);
    assert_int_equal(ck_pending_open("open", &pending, &err), CK_OK);
    ck_pending_close(&pending);
    assert_int_equal(chmod("open/pending", 0701), 0);
    assert_not_opened("open", "others may enter");
    set_fault(MKDIR, 0, EROFS);
    assert_not_opened("new", strerror(EROFS));
    set_fault(FSYNC, 0, EIO);
    assert_not_opened("new", strerror(EIO));
    assert_true(fault.fired);
}

static void test_open_refuses_what_belongs_to_others(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(mkdir("theirs", 0700) | chown("theirs", NOBODY, NOBODY), 0);
    assert_not_opened("theirs", "belongs to somebody else");
}

/* --- whose they are --- */

static void assert_belongs(const struct ck_pending *pending, const char *name,
                           enum ck_pending_stage stage)
{
    struct ck_error err;

    if (ck_pending_belong(pending, name, stage, &err) != CK_OK)
        fail_msg("%s", err.text);
}

static void assert_foreign(const struct ck_pending *pending, const char *name,
                           enum ck_pending_stage stage, const char *part)
{
    struct ck_error err;

    assert_int_equal(ck_pending_belong(pending, name, stage, &err), CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, part);
}

static void test_a_ledger_takes_a_new_directory(void **state)
{
    CK_CLEANUP(ck_pending_close) struct ck_pending *pending = opened();

    (void)state;
    assert_belongs(pending, "mine", CK_PENDING_TO_LOOK);
    assert_foreign(pending, "mine", CK_PENDING_BEGUN, "are not in 'out'");
    assert_belongs(pending, "mine", CK_PENDING_UNBEGUN);
    for (int stage = CK_PENDING_UNBEGUN; stage <= CK_PENDING_TO_LOOK; stage++) {
        assert_belongs(pending, "mine", (enum ck_pending_stage)stage);
        assert_foreign(pending, "min", (enum ck_pending_stage)stage, "another ledger's");
        assert_foreign(pending, "mine!", (enum ck_pending_stage)stage, "another ledger's");
    }
    assert_int_equal(chmod("out/ledger", 0640), 0);
    assert_foreign(pending, "mine", CK_PENDING_BEGUN, "others may read");
}

static void test_a_ledger_takes_no_strange_secrets(void **state)
{
    CK_CLEANUP(ck_pending_close) struct ck_pending *pending = opened();
    struct ck_error err;

    (void)state;
    assert_int_equal(put_text(pending, CK_PENDING_PASSWORD, 1, 0, "old", &err), CK_OK);
    assert_foreign(pending, "mine", CK_PENDING_UNBEGUN, "of no ledger");
    assert_foreign(pending, "mine", CK_PENDING_BEGUN, "of no ledger");
    assert_int_equal(ck_pending_remove(pending, CK_PENDING_PASSWORD, 1, 0, &err), CK_OK);
    set_fault(FSYNC, 0, EIO);
    assert_int_equal(ck_pending_belong(pending, "mine", CK_PENDING_UNBEGUN, &err),
                     CK_ERR_UNCHANGED);
    assert_belongs(pending, "mine", CK_PENDING_UNBEGUN);
}

static enum ck_err use(struct ck_error *err)
{
    CK_CLEANUP(ck_pending_close) struct ck_pending *pending = NULL;
    CK_CLEANUP(ck_secret_free) struct ck_secret *secret = NULL;
    enum ck_err r = ck_secret_new("secret", 6, &secret, err);

    if (r == CK_OK)
        r = ck_pending_open("out", &pending, err);
    if (r == CK_OK)
        r = ck_pending_belong(pending, "mine", CK_PENDING_UNBEGUN, err);
    if (r == CK_OK)
        r = ck_pending_remove(pending, CK_PENDING_TOTP, 1, 0, err);
    if (r == CK_OK)
        r = ck_pending_put(pending, CK_PENDING_TOTP, 1, 0, secret, err);
    ck_secret_free(&secret);
    if (r == CK_OK)
        r = ck_pending_get(pending, CK_PENDING_TOTP, 1, 0, &secret, err);
    if (r == CK_OK)
        assert_secret(secret, "secret");
    return r;
}

static void test_allocations_fail(void **state)
{
    (void)state;
    fail_each_allocation(use, 8);
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

#define PENDING_TEST(test)                                                                         \
    cmocka_unit_test_setup_teardown(test, set_up_without_fault, tear_down_without_fault)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PENDING_TEST(test_put_and_get),
        PENDING_TEST(test_modes_whatever_the_umask),
        PENDING_TEST(test_a_second_one_is_refused),
        PENDING_TEST(test_without_renameat2),
        PENDING_TEST(test_bounds),
        PENDING_TEST(test_get_refuses),
        PENDING_TEST(test_remove),
        PENDING_TEST(test_put_when_a_call_fails),
        PENDING_TEST(test_killed_while_it_writes),
        PENDING_TEST(test_killed_while_it_removes),
        PENDING_TEST(test_leftovers_of_others_at_work_stay),
        PENDING_TEST(test_open_refuses),
        PENDING_TEST(test_open_refuses_what_belongs_to_others),
        PENDING_TEST(test_a_ledger_takes_a_new_directory),
        PENDING_TEST(test_a_ledger_takes_no_strange_secrets),
        PENDING_TEST(test_allocations_fail),
    };

    setlinebuf(stdout);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
