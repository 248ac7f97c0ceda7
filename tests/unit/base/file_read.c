#include <poll.h>
#include <pthread.h>

#include "file.h"

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
    for (size_t size = 1; size <= sizeof(text) - 1; size++) {
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
    enum ck_err r = ck_file_read_fd(ends[0], 7, "it", &bytes, &err);
    pthread_join(writer, NULL);
    close(ends[0]);
    assert_int_equal(r, CK_OK);
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
    enum ck_err r = ck_file_read("file", 5000, "it", &bytes, err);

    if (r == CK_OK)
        ck_secret_free(&bytes);
    else
        assert_ptr_equal(bytes, UNTOUCHED);
    return r;
}

static void test_read_allocations_fail(void **state)
{
    char text[5001] = "";

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    put("file", text);
    fail_each_allocation(read_one, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };

    setlinebuf(stdout);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
