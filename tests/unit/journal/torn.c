/* Writers at the same time, and writers that are killed in the middle. */
#include <pthread.h>
#include <sys/syscall.h>

#include "sample.h"

enum { WRITERS = 4, DEEDS = 25 };

/* --- a write that a kill interrupts --- */

static size_t bytes_before_kill = SIZE_MAX, piece_max = SIZE_MAX;

ssize_t write(int fd, const void *bytes, size_t size)
{
    if (bytes_before_kill != SIZE_MAX) {
        if (bytes_before_kill > 0)
            syscall(SYS_write, fd, bytes, bytes_before_kill < size ? bytes_before_kill : size);
        kill(getpid(), SIGKILL);
    }
    return syscall(SYS_write, fd, bytes, size < piece_max ? size : piece_max);
}

static void assert_killed(pid_t child)
{
    int status;

    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* An intent of which just so many bytes get to the file. */
static void write_and_die(const char *path, size_t bytes)
{
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        struct ck_journal *journal = open_journal(path);
        char id[CK_JOURNAL_ID_SIZE + 1];
        bytes_before_kill = bytes;
        intend(journal, id);
        _exit(1);
    }
    assert_killed(child);
}

static void test_killed_at_each_byte(void **state)
{
    (void)state;
    write_deeds("sample", 2);
    CK_CLEANUP(ck_free_p) char *third = line_of("sample", 3);
    size_t size = strlen(third);
    for (size_t bytes = 0; bytes <= size; bytes += bytes < 8 || bytes > size - 8 ? 1 : 37) {
        /* Whole but for its line end it is an entry again, once the next one ends it. */
        bool is_torn = bytes > 0 && bytes < size - 1, is_entry = bytes >= size - 1;
        unlink("journal");
        write_deeds("journal", 1);
        CK_CLEANUP(ck_free_p) char *before = content_of("journal", NULL);
        write_and_die("journal", bytes);
        struct ck_journal_verdict verdict = walk("journal");
        assert_int_equal(verdict.entries, bytes == size ? 3 : 2);
        assert_int_equal(verdict.torn_count, bytes > 0 && bytes < size ? 1 : 0);
        assert_int_equal(verdict.breaks, 0);

        CK_CLEANUP(ck_free_p) char *torn = content_of("journal", NULL);
        assert_int_equal(strlen(torn), strlen(before) + bytes);
        write_deeds("journal", 1);
        CK_CLEANUP(ck_free_p) char *after = content_of("journal", NULL);
        assert_memory_equal(after, torn, strlen(torn)); /* nothing of it is lost */
        verdict = walk("journal");
        assert_int_equal(verdict.breaks, 0);
        assert_int_equal(verdict.torn_count, is_torn ? 1 : 0);
        assert_int_equal(verdict.entries, is_entry ? 5 : 4);
        assert_int_equal(verdict.not_concluded, is_entry ? 1 : 0);
        assert_int_equal(verdict.torn[0], is_torn ? 3 : 0);
        CK_CLEANUP(ck_free_p) char *next = line_of("journal", bytes == 0 ? 3 : 4);
        assert_int_equal(strstr(next, ",\"after_torn\":true,\"time\":") != NULL, is_torn);
    }
}

/* Even the one who comes to write behind a torn line may be killed. */
static void test_killed_again_and_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < 5; i++)
        write_and_die("journal", 30 + i);
    write_and_die("journal", 1); /* the line end alone */
    write_deeds("journal", 1);
    write_and_die("journal", 30);
    struct ck_journal_verdict verdict = walk("journal");
    assert_int_equal(verdict.breaks, 0);
    assert_int_equal(verdict.torn_count, 6);
    assert_int_equal(verdict.entries, 2);
    CK_CLEANUP(ck_free_p) char *line = line_of("journal", 6);
    assert_memory_equal(line, "{\"n\":6,", 7);
}

static void assert_not_intended(const char *path, const char *part)
{
    CK_CLEANUP(ck_journal_close) struct ck_journal *journal = open_journal(path);
    char id[CK_JOURNAL_ID_SIZE + 1];
    struct ck_error err;

    assert_int_equal(ck_journal_intend(journal, &sample_deed, id, &err), CK_ERR_UNCHANGED);
    assert_error(&err, CK_ERR_UNCHANGED, part);
}

/* What is no journal at its end is not made one; up to a bound it may have been torn. */
static void test_behind_what_is_no_journal(void **state)
{
    CK_CLEANUP(ck_free_p) char *noise = malloc(16 * CK_JOURNAL_LINE_MAX);

    (void)state;
    assert_non_null(noise);
    for (size_t i = 0; i < 16 * CK_JOURNAL_LINE_MAX; i++)
        noise[i] = i % 100 == 99 ? '\n' : 'x';
    write_deeds("journal", 1);
    CK_CLEANUP(ck_free_p) char *entries = content_of("journal", NULL);
    size_t size = 8 * CK_JOURNAL_LINE_MAX - strlen(strchr(entries, '\n')); /* of the window */
    FILE *file = fopen("journal", "a");
    assert_int_equal(fwrite(noise, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    write_deeds("journal", 1);
    assert_int_equal(walk("journal").breaks, 0);

    put_bytes("noise", noise, 16 * CK_JOURNAL_LINE_MAX);
    assert_not_intended("noise", "is no journal");
    memset(noise, 'x', 16 * CK_JOURNAL_LINE_MAX);
    put_bytes("noise", noise, 16 * CK_JOURNAL_LINE_MAX);
    assert_not_intended("noise", "is no journal");
    put_bytes("noise", noise, 1000);
    assert_not_intended("noise", "is no journal");
    assert_int_equal(walk("noise").broken[0].line, 1);
    put_bytes("noise", noise, 10);
    assert_not_intended("noise", "is no journal");
    assert_int_equal(walk("noise").breaks, 1);
    noise[0] = '{';
    put_bytes("noise", noise, 1000);
    write_deeds("noise", 1);
    assert_int_equal(walk("noise").torn[0], 1);
    assert_int_equal(walk("noise").breaks, 0);
}

/* The last number that is one. */
static void test_numbers_end(void **state)
{
    static const char format[] =
        "{\"n\":%s,\"prev\":\"" ZEROS "\",\"time\":null,\"event\":\"intent\","
        "\"id\":\"00000000000000000000000000000001\"}\n";
    char line[512];

    (void)state;
    snprintf(line, sizeof(line), format, "1000000000000000");
    put_bytes("journal", line, strlen(line));
    assert_not_intended("journal", "is no journal");
    snprintf(line, sizeof(line), format, "999999999999998");
    put_bytes("journal", line, strlen(line));
    write_deeds("journal", 1);
}

/* --- several at once --- */

static void work(struct ck_journal *journal)
{
    char id[CK_JOURNAL_ID_SIZE + 1];

    for (int i = 0; i < DEEDS; i++) {
        intend(journal, id);
        conclude(journal, id);
    }
}

static void assert_all_there(void)
{
    struct ck_journal_verdict verdict = walk("journal");

    assert_int_equal(verdict.entries, 2 * WRITERS * DEEDS);
    assert_int_equal(verdict.lines, verdict.entries);
    assert_int_equal(verdict.breaks + verdict.torn_count + verdict.not_concluded, 0);
}

/* The file is made by one of them, too. */
static void test_processes_at_once(void **state)
{
    int gate[2], status;
    char go;

    (void)state;
    assert_int_equal(pipe(gate), 0);
    for (int i = 0; i < WRITERS; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            close(gate[1]);
            if (read(gate[0], &go, 1) != 0)
                _exit(2);
            struct ck_journal *journal = open_journal("state/cowkey/journal");
            work(journal);
            _exit(0);
        }
    }
    close(gate[0]);
    close(gate[1]); /* now they begin */
    for (int i = 0; i < WRITERS; i++) {
        assert_true(waitpid(-1, &status, 0) > 0);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    assert_int_equal(rename("state/cowkey/journal", "journal"), 0);
    assert_all_there();
}

static void *run_thread(void *journal)
{
    work(journal);
    return NULL;
}

static void test_threads_at_once(void **state)
{
    CK_CLEANUP(ck_journal_close) struct ck_journal *journal = open_journal("journal");
    pthread_t threads[WRITERS];

    (void)state;
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_thread, journal), 0);
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_all_there();
}

/* A reader in between sees whole lines only, even if they are written by pieces. */
static void test_reading_while_another_writes(void **state)
{
    int status;
    uint64_t seen = 0;

    (void)state;
    write_deeds("journal", 1);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct ck_journal *journal = open_journal("journal");
        piece_max = 1;
        work(journal);
        _exit(0);
    }
    while (waitpid(child, &status, WNOHANG) == 0) {
        struct ck_journal_verdict verdict = walk("journal");
        assert_int_equal(verdict.torn_count + verdict.breaks, 0);
        assert_true(verdict.entries >= seen && verdict.not_concluded <= 1);
        seen = verdict.entries;
    }
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(walk("journal").entries, 2 + 2 * DEEDS);
}

/* --- what was said to be written is there --- */

struct search {
    const char *ids;
    unsigned found;
};

static enum ck_err look_for(void *data, const struct ck_journal_record *record,
                            struct ck_error *err)
{
    struct search *search = data;

    (void)err;
    search->found += strstr(search->ids, record->id) != NULL;
    return CK_OK;
}

/* Writes deeds for ever, and says each id once its intent is written. */
static void write_for_ever(int to)
{
    struct ck_journal *journal = open_journal("journal");
    char id[CK_JOURNAL_ID_SIZE + 1];

    for (;;) {
        intend(journal, id);
        if (syscall(SYS_write, to, id, CK_JOURNAL_ID_SIZE) != CK_JOURNAL_ID_SIZE)
            _exit(1);
        conclude(journal, id);
    }
}

static void test_killed_whenever(void **state)
{
    enum { ROUNDS = 10, IDS_MAX = 1000 };
    CK_CLEANUP(ck_free_p) char *ids = calloc(IDS_MAX * ROUNDS, CK_JOURNAL_ID_SIZE + 1);
    size_t size = 0;

    (void)state;
    assert_non_null(ids);
    for (int round = 0; round < ROUNDS; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            write_for_ever(ends[1]);
        close(ends[1]);
        size_t wanted = size + (size_t)(1 + 3 * round) * CK_JOURNAL_ID_SIZE;
        ssize_t got = 1;
        while (size < wanted) {
            got = read(ends[0], ids + size, wanted - size);
            assert_true(got > 0);
            size += (size_t)got;
        }
        kill(child, SIGKILL);
        assert_killed(child);
        while ((got = read(ends[0], ids + size, CK_JOURNAL_ID_SIZE)) > 0)
            size += (size_t)got;
        close(ends[0]);
    }
    struct ck_journal_verdict verdict;
    struct ck_error err;
    struct search search = {.ids = ids};
    assert_int_equal(ck_journal_walk("journal", NULL, look_for, &search, &verdict, &err), CK_OK);
    assert_int_equal(verdict.breaks, 0);
    assert_in_range(verdict.not_concluded, 0, ROUNDS);
    assert_int_equal(search.found, size / CK_JOURNAL_ID_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST(test_killed_at_each_byte),
        FILE_TEST(test_killed_again_and_again),
        FILE_TEST(test_behind_what_is_no_journal),
        FILE_TEST(test_numbers_end),
        FILE_TEST(test_processes_at_once),
        FILE_TEST(test_threads_at_once),
        FILE_TEST(test_reading_while_another_writes),
        FILE_TEST(test_killed_whenever),
    };

    setlinebuf(stdout);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
