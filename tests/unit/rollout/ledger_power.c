/* A ledger whose machine loses power: what was never brought to disk is gone. */
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "ledger_sample.h"

#define CUT "cut.ledger"

static off_t on_disk; /* bytes of the write-ahead log, which only grows here */
static int syncs;     /* of it */

/* SQLite calls this one. */
int fdatasync(int fd)
{
    struct stat synced, log;

    if (stat(LEDGER "-wal", &log) == 0 && fstat(fd, &synced) == 0 && synced.st_ino == log.st_ino) {
        on_disk = log.st_size;
        syncs++;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

static void copy(const char *from, const char *to, off_t size)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(in >= 0 && out >= 0);
    assert_int_equal(sendfile(out, in, NULL, (size_t)size), size);
    close(in);
    close(out);
}

/* In which state the item is if the power fails now. */
static enum ck_step_state after_cut(int64_t item)
{
    struct ck_ledger *ledger = NULL;
    struct stat status;
    struct ck_error err;

    assert_int_equal(stat(LEDGER, &status), 0);
    copy(LEDGER, CUT, status.st_size);
    copy(LEDGER "-wal", CUT "-wal", on_disk);
    if (ck_ledger_open_to_read(CUT, &ledger, &err) != CK_OK)
        fail_msg("%s", err.text);
    enum ck_step_state state = item_of(ledger, item).state;
    ck_ledger_close(&ledger);
    unlink(CUT "-wal");
    unlink(CUT);
    return state;
}

static void test_an_app(void **state)
{
    struct ck_ledger *ledger = open_sample();

    (void)state;
    step(ledger, ANNA_APP, CK_STEP_PREPARE);
    assert_int_equal(after_cut(ANNA_APP), CK_STEP_PLANNED);
    step(ledger, ANNA_APP, CK_STEP_SUBMIT);
    assert_int_equal(after_cut(ANNA_APP), CK_STEP_SUBMITTED);
    step(ledger, ANNA_APP, CK_STEP_LIST);
    assert_int_equal(after_cut(ANNA_APP), CK_STEP_SUBMITTED);
    step(ledger, ANNA_APP, CK_STEP_ACCEPT);
    assert_int_equal(after_cut(ANNA_APP), CK_STEP_PROVED);
    ck_ledger_close(&ledger);
}

static void test_what_waits_goes_with_the_next(void **state)
{
    struct ck_ledger *ledger = open_sample();
    unsigned total;
    struct ck_error err;

    (void)state;
    step(ledger, ANNA_APP, CK_STEP_PREPARE);
    step(ledger, BOB_APP, CK_STEP_PREPARE);
    assert_int_equal(after_cut(BOB_APP), CK_STEP_PLANNED);
    step(ledger, BOB_APP, CK_STEP_SUBMIT);
    assert_int_equal(after_cut(BOB_APP), CK_STEP_SUBMITTED);
    assert_int_equal(after_cut(ANNA_APP), CK_STEP_PREPARED);
    step(ledger, BOB_APP, CK_STEP_LIST);
    assert_int_equal(ck_ledger_add_refusal(ledger, &total, &err), CK_OK);
    assert_int_equal(after_cut(BOB_APP), CK_STEP_RECORDED);
    ck_ledger_close(&ledger);
}

/* Its person may have left when the power is back. */
static void test_a_key(void **state)
{
    static const enum ck_step_event events[] = {CK_STEP_PREPARE, CK_STEP_SUBMIT, CK_STEP_LIST,
                                                CK_STEP_ACCEPT};
    struct ck_ledger *ledger = open_sample();

    (void)state;
    for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
        enum ck_step_state now = step(ledger, BOB_KEY_1, events[i]);
        assert_int_equal(after_cut(BOB_KEY_1), now);
    }
    ck_ledger_close(&ledger);
}

static void test_one_disk_for_two_steps(void **state)
{
    struct ck_ledger *ledger = open_sample();

    (void)state;
    int before = syncs;
    prove(ledger, ANNA_APP);
    assert_int_equal(syncs - before, 2);
    before = syncs;
    prove(ledger, BOB_KEY_1);
    assert_int_equal(syncs - before, 4);
    ck_ledger_close(&ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(test_an_app),
        LEDGER_TEST(test_what_waits_goes_with_the_next),
        LEDGER_TEST(test_a_key),
        LEDGER_TEST(test_one_disk_for_two_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
