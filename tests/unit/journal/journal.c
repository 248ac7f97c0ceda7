/* What is written, where it is refused, and what is left when it fails. */
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "cowkey/base/json.h"
#include "sample.h"

/* --- system calls that fail on demand; see tests/unit/base/file_create.c --- */

enum call { NO_CALL, WRITE, FSYNC, FDATASYNC, FTRUNCATE, FCHMOD };

/*
 * The countdown'th call of that name fails with errno error, and so does the next one when both
 * are to fail; a write that "fails" with 0 is short.
 */
static struct {
    enum call call, another;
    unsigned countdown;
    int error;
    bool fired;
} fault;

static bool fails(enum call call)
{
    if (fault.fired && fault.another == call) {
        fault.another = NO_CALL;
        errno = EIO;
        return true;
    }
    if (fault.call != call || fault.fired || fault.countdown-- > 0)
        return false;
    fault.fired = true;
    errno = fault.error;
    return true;
}

static void set_fault(enum call call, unsigned countdown, int error)
{
    fault.call = call;
    fault.another = NO_CALL;
    fault.countdown = countdown;
    fault.error = error;
    fault.fired = false;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    if (fails(WRITE)) {
        if (errno != 0)
            return -1;
        size = 7;
    }
    return syscall(SYS_write, fd, bytes, size);
}

int fsync(int fd)
{
    return fails(FSYNC) ? -1 : (int)syscall(SYS_fsync, fd);
}

static unsigned data_syncs;

int fdatasync(int fd)
{
    data_syncs++;
    return fails(FDATASYNC) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int ftruncate(int fd, off_t size)
{
    return fails(FTRUNCATE) ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}

int fchmod(int fd, mode_t mode)
{
    return fails(FCHMOD) ? -1 : (int)syscall(SYS_fchmod, fd, mode);
}

/* The clock that waits for a lock: each look is so much later than the one before. */
static int64_t clock_ms, clock_step_ms;

int64_t ck_clock_steady_ms(void)
{
    return clock_ms += clock_step_ms;
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

/* --- what is written --- */

static void test_lines(void **state)
{
    CK_CLEANUP(ck_journal_close) struct ck_journal *journal = open_journal("journal");
    char id[CK_JOURNAL_ID_SIZE + 1], expected[1024];
    struct ck_error err;

    (void)state;
    intend(journal, id);
    assert_int_equal(strspn(id, "0123456789abcdef"), CK_JOURNAL_ID_SIZE);
    assert_int_equal(id[CK_JOURNAL_ID_SIZE], '\0');
    CK_CLEANUP(ck_free_p) char *first = line_of("journal", 1);
    snprintf(expected, sizeof(expected),
             "{\"n\":1,\"prev\":\"" ZEROS "\",\"time\":\"2026-11-23T08:21:24Z\",\"event\":"
             "\"intent\",\"id\":\"%s\",\"operator\":\"admin\",\"user\":\"root@mx1\",\"server\":"
             "\"https://mail.example.test\",\"account\":\"bob@example.test\",\"role\":\"mailbox\","
             "\"action\":\"enroll\",\"method\":\"passkey\",\"aaguid\":"
             "\"2fc0579f-8113-47ea-b116-bb5a8db9202a\",\"serial\":null,\"detail\":null}\n",
             id);
    assert_string_equal(first, expected);

    assert_int_equal(ck_journal_conclude(journal, id, CK_JOURNAL_UNKNOWN, "read back", NULL,
                                         "12345678", "the server did not answer", &err),
                     CK_OK);
    CK_CLEANUP(ck_free_p) char *second = line_of("journal", 2);
    CK_CLEANUP(ck_free_p) char *hash = hash_of(first);
    snprintf(expected, sizeof(expected),
             "{\"n\":2,\"prev\":\"%s\",\"time\":\"2026-11-23T08:21:24Z\",\"event\":\"outcome\","
             "\"id\":\"%s\",\"outcome\":\"unknown\",\"evidence\":\"read back\",\"aaguid\":null,"
             "\"serial\":\"12345678\",\"detail\":\"the server did not answer\"}\n",
             hash, id);
    assert_string_equal(second, expected);
}

/* As the manual page says. */
static void test_chain_by_hand(void **state)
{
    (void)state;
    write_deeds("journal", 2);
    CK_CLEANUP(ck_free_p) char *line = line_of("journal", 4);
    CK_CLEANUP(ck_free_p) char *sum = printed_by("sed -n 3p journal | sha256sum | cut -c 1-64");
    assert_non_null(strstr(line, sum));
    CK_CLEANUP(ck_free_p) char *head = printed_by("tail -n 1 journal | sha256sum | cut -c 1-64");
    assert_string_equal(walk("journal").head, head);
}

static void test_ids_differ(void **state)
{
    CK_CLEANUP(ck_journal_close) struct ck_journal *journal = open_journal("journal");
    char a[CK_JOURNAL_ID_SIZE + 1], b[CK_JOURNAL_ID_SIZE + 1];

    (void)state;
    intend(journal, a);
    intend(journal, b);
    assert_string_not_equal(a, b);
}

/* Before the call returns, its line is on disk: one sync of data each. */
static void test_is_synced(void **state)
{
    CK_CLEANUP(ck_journal_close) struct ck_journal *journal = open_journal("journal");
    char id[CK_JOURNAL_ID_SIZE + 1];

    (void)state;
    data_syncs = 0;
    intend(journal, id);
    assert_int_equal(data_syncs, 1);
    conclude(journal, id);
    assert_int_equal(data_syncs, 2);
}

static void test_outcomes_that_wait(void **state)
{
    CK_CLEANUP(ck_journal_close) struct ck_journal *journal = open_journal("journal");
    char id[CK_JOURNAL_ID_SIZE + 1];
    struct ck_error err;

    (void)state;
    ck_journal_let_outcomes_wait(journal);
    for (unsigned i = 1; i <= 3; i++) {
        data_syncs = 0;
        intend(journal, id);
        assert_int_equal(data_syncs, 1);
        conclude(journal, id);
        assert_int_equal(data_syncs, 1);
        assert_int_equal(walk("journal").entries, 2 * i);
    }
    assert_int_equal(ck_journal_settle(journal, &err), CK_OK);
    assert_int_equal(data_syncs, 2);
    intend(journal, id);
    conclude(journal, id);
    assert_int_equal(data_syncs, 4);
    assert_int_equal(ck_journal_settle(journal, &err), CK_OK);
    assert_int_equal(data_syncs, 4);
}

static void test_outcomes_that_wait_in_vain(void **state)
{
    CK_CLEANUP(ck_journal_close) struct ck_journal *journal = open_journal("journal");
    char id[CK_JOURNAL_ID_SIZE + 1];
    struct ck_error err;

    (void)state;
    ck_journal_let_outcomes_wait(journal);
    intend(journal, id);
    conclude(journal, id);
    set_fault(FDATASYNC, 0, EIO);
    assert_int_equal(ck_journal_settle(journal, &err), CK_ERR_UNKNOWN);
    assert_error(&err, CK_ERR_UNKNOWN, "the outcome is missing in the journal");
}

static void test_goes_on_after_closing(void **state)
{
    (void)state;
    for (int i = 1; i <= 3; i++) {
        write_deeds("journal", 1);
        struct ck_journal_verdict verdict = walk("journal");
        assert_int_equal(verdict.entries, 2 * i);
        assert_int_equal(verdict.breaks, 0);
    }
}

/* --- foreign texts --- */

struct seen {
    unsigned count;
    char account[CK_JOURNAL_TEXT_MAX + 1], detail[CK_JOURNAL_TEXT_MAX + 1];
};

static enum ck_err see(void *data, const struct ck_journal_record *record, struct ck_error *err)
{
    struct seen *seen = data;

    (void)err;
    seen->count++;
    strcpy(seen->account, record->deed.account);
    strcpy(seen->detail, record->deed.detail);
    return CK_OK;
}

/* Writes account and detail, and has them read again: as they were, or as wanted. */
static void assert_text_becomes(const char *text, const char *wanted)
{
    struct ck_journal_deed deed = sample_deed;
    char id[CK_JOURNAL_ID_SIZE + 1];
    struct ck_journal_verdict verdict;
    struct seen seen = {0};
    struct ck_error err;

    unlink("journal");
    struct ck_journal *journal = open_journal("journal");
    deed.account = deed.detail = text;
    assert_int_equal(ck_journal_intend(journal, &deed, id, &err), CK_OK);
    ck_journal_close(&journal);
    assert_int_equal(ck_journal_walk("journal", NULL, see, &seen, &verdict, &err), CK_OK);
    assert_int_equal(seen.count, 1);
    assert_int_equal(verdict.lines, 1);
    assert_string_equal(seen.account, wanted);
    assert_string_equal(seen.detail, wanted);
    CK_CLEANUP(ck_free_p) char *content = content_of("journal", NULL);
    for (const char *c = content; *c != '\0'; c++)
        assert_true((*c >= 0x20 && *c < 0x7f) || c[1] == '\0');
}

static void test_foreign_texts(void **state)
{
    static const char *const texts[] = {
        "",
        "\"},{\"n\":2",
        "two\nlines\r\n",
        "\x1b[2J\x01\x7f\\",
        "m\xc3\xbcller@example.test",
        "\xe2\x80\xae rtl \xf0\x9f\x90\x84 \xc2\x85",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_text_becomes(texts[i], texts[i]);
    assert_text_becomes("\xff\xfe bytes", "\\xff\\xfe bytes");
    assert_text_becomes("half \xc3", "half \\xc3");
}

/* size bytes of 'x' and what follows them. */
static char *long_text(size_t size, const char *end)
{
    char *text = malloc(size + strlen(end) + 1);

    assert_non_null(text);
    memset(text, 'x', size);
    strcpy(text + size, end);
    return text;
}

static void test_long_texts_are_cut(void **state)
{
    CK_CLEANUP(ck_free_p) char *longest = long_text(CK_JOURNAL_TEXT_MAX, "");
    CK_CLEANUP(ck_free_p) char *too_long = long_text(CK_JOURNAL_TEXT_MAX, "x");
    CK_CLEANUP(ck_free_p) char *cut = long_text(CK_JOURNAL_TEXT_MAX - 3, "\xe2\x80\xa6");
    CK_CLEANUP(ck_free_p)
    char *between = long_text(CK_JOURNAL_TEXT_MAX - 4, "\xf0\x9f\x90\x84 moo");
    CK_CLEANUP(ck_free_p) char *before = long_text(CK_JOURNAL_TEXT_MAX - 4, "\xe2\x80\xa6");

    (void)state;
    assert_text_becomes(longest, longest);
    assert_text_becomes(too_long, cut);
    assert_text_becomes(between, before);
}

/* What takes most room: characters that JSON writes with six. */
static void test_longest_line_fits(void **state)
{
    CK_CLEANUP(ck_journal_close) struct ck_journal *journal = open_journal("journal");
    char text[4 * CK_JOURNAL_TEXT_MAX], id[CK_JOURNAL_ID_SIZE + 1];
    struct ck_error err;

    (void)state;
    memset(text, '\x7f', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    const struct ck_journal_deed deed = {text, text, text, text, text,
                                         text, text, text, text, text};
    assert_int_equal(ck_journal_intend(journal, &deed, id, &err), CK_OK);
    assert_int_equal(
        ck_journal_conclude(journal, id, CK_JOURNAL_DONE, text, text, text, text, &err), CK_OK);
    CK_CLEANUP(ck_free_p) char *line = line_of("journal", 1);
    assert_in_range(strlen(line), 10 * 6 * (CK_JOURNAL_TEXT_MAX - 3), CK_JOURNAL_LINE_MAX);
    struct ck_journal_verdict verdict = walk("journal");
    assert_int_equal(verdict.entries, 2);
    assert_int_equal(verdict.breaks + verdict.torn_count + verdict.not_concluded, 0);
}

/* --- the file --- */

static void assert_mode(const char *path, mode_t mode)
{
    struct stat status;

    assert_int_equal(lstat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, mode);
}

static void test_makes_what_is_missing(void **state)
{
    static const mode_t masks[] = {0, 022, 0277};

    (void)state;
    for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
        mode_t old = umask(masks[i]);
        struct ck_journal *journal = open_journal("journal");
        umask(old);
        ck_journal_close(&journal);
        assert_mode("journal", 0600);
        assert_int_equal(unlink("journal"), 0);
    }
    struct ck_journal *journal = open_journal("a/b//c/journal");
    ck_journal_close(&journal);
    assert_mode("a", 0700);
    assert_mode("a/b", 0700);
    assert_mode("a/b/c", 0700);
    assert_mode("a/b/c/journal", 0600);
}

static void assert_refused(const char *path, enum ck_err code, const char *part)
{
    struct ck_journal *journal = (struct ck_journal *)UNTOUCHED;
    struct ck_error err;

    assert_int_equal(ck_journal_open(path, moment_s, &journal, &err), code);
    assert_error(&err, code, part);
    assert_ptr_equal(journal, UNTOUCHED);
}

static void test_refuses_what_is_not_safe(void **state)
{
    (void)state;
    write_deeds("journal", 1);
    CK_CLEANUP(ck_free_p) char *before = content_of("journal", NULL);
    assert_int_equal(symlink("journal", "link"), 0);
    assert_refused("link", CK_ERR_USAGE, "is a link");
    assert_int_equal(symlink("nowhere", "dangling"), 0);
    assert_refused("dangling", CK_ERR_USAGE, "is a link");
    assert_int_equal(mkdir("directory", 0700), 0);
    assert_refused("directory", CK_ERR_USAGE, "directory");
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_refused("pipe", CK_ERR_USAGE, "is no file");
    assert_refused("", CK_ERR_USAGE, "empty name");
    assert_refused("journal/journal", CK_ERR_USAGE, "Not a directory");
    assert_int_equal(chmod("journal", 0620), 0);
    assert_refused("journal", CK_ERR_USAGE, "others may write");
    assert_int_equal(chmod("journal", 0602), 0);
    assert_refused("journal", CK_ERR_USAGE, "others may write");
    assert_content("journal", before);
    /* Others may read it. */
    assert_int_equal(chmod("journal", 0644), 0);
    write_deeds("journal", 1);
}

static void test_refuses_what_is_not_ours(void **state)
{
    (void)state;
    if (getuid() != 0)
        skip();
    write_deeds("journal", 1);
    assert_int_equal(chown("journal", NOBODY, NOBODY), 0);
    assert_refused("journal", CK_ERR_USAGE, "somebody else");
    assert_int_equal(mkdir("unwritable", 0755), 0);
    assert_int_equal(chmod(".", 0755), 0);
    give_up_root();
    assert_refused("unwritable/journal", CK_ERR_USAGE, "Permission denied");
    assert_refused("unwritable/a/journal", CK_ERR_USAGE, "Permission denied");
    write_deeds("journal", 1);
    take_back_root();
}

static void test_open_when_a_call_fails(void **state)
{
    static const struct {
        enum call call;
        unsigned countdown;
    } faults[] = {{FCHMOD, 0}, {FSYNC, 0}, {FSYNC, 1}, {FSYNC, 2}};

    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        set_fault(faults[i].call, faults[i].countdown, EIO);
        assert_refused("a/journal", CK_ERR_USAGE, strerror(EIO));
        assert_true(fault.fired);
        unlink("a/journal");
        rmdir("a");
    }
    set_fault(FSYNC, 2, EINVAL); /* a file system that can't sync directories */
    write_deeds("a/journal", 1);
    assert_true(fault.fired);
}

/* --- when it fails --- */

static void assert_not_intended(struct ck_journal *journal, const char *part)
{
    char id[CK_JOURNAL_ID_SIZE + 1] = "as before";
    struct ck_error err;

    assert_int_equal(ck_journal_intend(journal, &sample_deed, id, &err), CK_ERR_UNCHANGED);
    assert_error(&err, CK_ERR_UNCHANGED, part);
    assert_string_equal(id, "as before");
}

static void test_nothing_is_left_of_what_failed(void **state)
{
    static const struct {
        enum call call;
        unsigned countdown;
        int error;
    } faults[] = {{WRITE, 0, ENOSPC}, {WRITE, 0, EDQUOT}, {WRITE, 0, EIO}, {FDATASYNC, 0, EIO}};

    (void)state;
    write_deeds("journal", 1);
    CK_CLEANUP(ck_free_p) char *before = content_of("journal", NULL);
    CK_CLEANUP(ck_journal_close) struct ck_journal *journal = open_journal("journal");
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        set_fault(faults[i].call, faults[i].countdown, faults[i].error);
        assert_not_intended(journal, strerror(faults[i].error));
        assert_true(fault.fired);
        assert_content("journal", before);
    }
    set_fault(WRITE, 0, 0); /* short, */
    fault.another = WRITE;  /* and then it fails */
    assert_not_intended(journal, strerror(EIO));
    assert_content("journal", before);
    set_fault(NO_CALL, 0, 0);
    write_deeds("journal", 1);
    assert_int_equal(walk("journal").breaks, 0);
}

static void test_by_pieces(void **state)
{
    (void)state;
    set_fault(WRITE, 0, 0);
    write_deeds("journal", 1);
    assert_true(fault.fired);
    set_fault(WRITE, 0, EINTR);
    write_deeds("journal", 1);
    assert_true(fault.fired);
    struct ck_journal_verdict verdict = walk("journal");
    assert_int_equal(verdict.entries, 4);
    assert_int_equal(verdict.breaks + verdict.torn_count, 0);
}

static void test_says_what_it_could_not_take_back(void **state)
{
    CK_CLEANUP(ck_journal_close) struct ck_journal *journal = open_journal("journal");
    char id[CK_JOURNAL_ID_SIZE + 1];
    struct ck_error err;

    (void)state;
    set_fault(FDATASYNC, 0, EIO);
    fault.another = FTRUNCATE;
    assert_int_equal(ck_journal_intend(journal, &sample_deed, id, &err), CK_ERR_UNCHANGED);
    assert_non_null(strstr(err.hint, "may be left"));
    assert_int_equal(walk("journal").not_concluded, 1);
}

static void test_an_outcome_stays_that_was_only_not_synced(void **state)
{
    CK_CLEANUP(ck_journal_close) struct ck_journal *journal = open_journal("journal");
    char id[CK_JOURNAL_ID_SIZE + 1];
    struct ck_error err;

    (void)state;
    intend(journal, id);
    set_fault(FDATASYNC, 0, EIO);
    assert_int_equal(
        ck_journal_conclude(journal, id, CK_JOURNAL_DONE, "login", NULL, NULL, NULL, &err),
        CK_ERR_UNKNOWN);
    assert_error(&err, CK_ERR_UNKNOWN, strerror(EIO));
    assert_int_equal(walk("journal").not_concluded, 0);
}

static void test_an_outcome_that_is_not_written(void **state)
{
    CK_CLEANUP(ck_journal_close) struct ck_journal *journal = open_journal("journal");
    char id[CK_JOURNAL_ID_SIZE + 1];
    struct ck_error err;

    (void)state;
    intend(journal, id);
    CK_CLEANUP(ck_free_p) char *before = content_of("journal", NULL);
    set_fault(WRITE, 0, ENOSPC);
    assert_int_equal(
        ck_journal_conclude(journal, id, CK_JOURNAL_DONE, "login", NULL, NULL, NULL, &err),
        CK_ERR_UNKNOWN);
    assert_error(&err, CK_ERR_UNKNOWN, "outcome is missing in the journal");
    assert_non_null(strstr(err.hint, "Make room"));
    assert_content("journal", before);
    assert_int_equal(walk("journal").not_concluded, 1);
}

/* A real limit, that the kernel keeps: a part of the line is written, and cut off again. */
static void test_over_the_file_size_limit(void **state)
{
    const struct rlimit limit = {100, RLIM_INFINITY}, none = {RLIM_INFINITY, RLIM_INFINITY};
    CK_CLEANUP(ck_journal_close) struct ck_journal *journal = open_journal("journal");

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_not_intended(journal, "File too large");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_content("journal", "");
}

static void test_a_journal_that_was_removed(void **state)
{
    CK_CLEANUP(ck_journal_close) struct ck_journal *journal = open_journal("journal");

    (void)state;
    assert_int_equal(unlink("journal"), 0);
    assert_not_intended(journal, "removed meanwhile");
}

/* Another open file description: as if another process had it. */
static void test_a_lock_that_is_not_given(void **state)
{
    CK_CLEANUP(ck_journal_close) struct ck_journal *journal = open_journal("journal");
    char id[CK_JOURNAL_ID_SIZE + 1];
    int other = open("journal", O_RDONLY | O_CLOEXEC);

    (void)state;
    assert_true(other >= 0);
    assert_int_equal(flock(other, LOCK_EX), 0);
    clock_step_ms = CK_JOURNAL_LOCK_WAIT_MS / 3;
    assert_not_intended(journal, "another process");
    clock_step_ms = 0;
    assert_content("journal", "");
    assert_int_equal(close(other), 0);
    intend(journal, id);
    /* It is given back. */
    other = open("journal", O_RDONLY | O_CLOEXEC);
    assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(close(other), 0);
}

static enum ck_err write_one(struct ck_error *err)
{
    CK_CLEANUP(ck_journal_close) struct ck_journal *journal = NULL;
    char id[CK_JOURNAL_ID_SIZE + 1];
    struct ck_journal_deed deed = sample_deed;

    deed.detail = "\xff is escaped";
    if (ck_journal_open("failing", moment_s, &journal, err) != CK_OK)
        return err->code;
    return ck_journal_intend(journal, &deed, id, err);
}

static void test_allocations_fail(void **state)
{
    (void)state;
    fail_each_allocation(write_one, 10);
    struct ck_journal_verdict verdict = walk("failing");
    assert_int_equal(verdict.breaks + verdict.torn_count, 0);
    assert_true(verdict.entries > 0);
}

#define JOURNAL_TEST(test)                                                                         \
    cmocka_unit_test_setup_teardown(test, set_up_without_fault, tear_down_without_fault)

int main(void)
{
    const struct CMUnitTest tests[] = {
        JOURNAL_TEST(test_lines),
        JOURNAL_TEST(test_chain_by_hand),
        JOURNAL_TEST(test_ids_differ),
        JOURNAL_TEST(test_is_synced),
        JOURNAL_TEST(test_outcomes_that_wait),
        JOURNAL_TEST(test_outcomes_that_wait_in_vain),
        JOURNAL_TEST(test_goes_on_after_closing),
        JOURNAL_TEST(test_foreign_texts),
        JOURNAL_TEST(test_long_texts_are_cut),
        JOURNAL_TEST(test_longest_line_fits),
        JOURNAL_TEST(test_makes_what_is_missing),
        JOURNAL_TEST(test_refuses_what_is_not_safe),
        JOURNAL_TEST(test_refuses_what_is_not_ours),
        JOURNAL_TEST(test_open_when_a_call_fails),
        JOURNAL_TEST(test_nothing_is_left_of_what_failed),
        JOURNAL_TEST(test_by_pieces),
        JOURNAL_TEST(test_says_what_it_could_not_take_back),
        JOURNAL_TEST(test_an_outcome_stays_that_was_only_not_synced),
        JOURNAL_TEST(test_an_outcome_that_is_not_written),
        JOURNAL_TEST(test_over_the_file_size_limit),
        JOURNAL_TEST(test_a_journal_that_was_removed),
        JOURNAL_TEST(test_a_lock_that_is_not_given),
        JOURNAL_TEST(test_allocations_fail),
    };

    ck_json_init(); /* it notes when memory is short */
    setlinebuf(stdout);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
