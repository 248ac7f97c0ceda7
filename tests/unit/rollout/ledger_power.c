/* A ledger whose machine loses power: what was never brought to disk is gone. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "ledger_sample.h"

#define CUT "cut.ledger"

static off_t on_disk; /* bytes of the write-ahead log, which only grows here, */
static int syncs;     /* and how often it was brought there */

static bool fails;
static void (*meanwhile)(void); /* while it is brought there */

int fdatasync(int fd)
{
    struct stat synced, log;

    if (stat(LEDGER "-wal", &log) == 0 && fstat(fd, &synced) == 0 && synced.st_ino == log.st_ino) {
        if (meanwhile != NULL)
            meanwhile();
        if (fails) {
            errno = EIO;
            return -1;
        }
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

/* The server is not told then; and the next run looks. */
static void test_a_disk_that_fails(void **state)
{
    struct ck_ledger *ledger = open_sample();
    enum ck_step_state untouched = CK_STEP_SKIPPED;
    struct ck_error err;

    (void)state;
    step(ledger, ANNA_APP, CK_STEP_PREPARE);
    fails = true;
    assert_int_equal(ck_ledger_step(ledger, ANNA_APP, CK_STEP_SUBMIT, NULL, &untouched, &err),
                     CK_ERR_UNCHANGED);
    fails = false;
    assert_error(&err, CK_ERR_UNCHANGED, "could not be brought to disk");
    assert_int_equal(untouched, CK_STEP_SKIPPED);
    assert_int_equal(after_cut(ANNA_APP), CK_STEP_PLANNED);
    ck_ledger_close(&ledger);
}

/* --- others go on meanwhile --- */

static struct ck_ledger *shared;
static bool found_bob;

static void *look_for_bob(void *unused)
{
    struct ck_ledger_person person;
    struct ck_error err;

    (void)unused;
    found_bob = ck_ledger_person(shared, BOB, &person, &err) == CK_OK;
    return NULL;
}

/* It would wait for ever, were the ledger kept from others. */
static void let_another_look(void)
{
    pthread_t other;

    meanwhile = NULL;
    assert_int_equal(pthread_create(&other, NULL, look_for_bob, NULL), 0);
    assert_int_equal(pthread_join(other, NULL), 0);
}

static void test_nobody_waits_for_anothers_disk(void **state)
{
    (void)state;
    shared = open_sample();
    step(shared, ANNA_APP, CK_STEP_PREPARE);
    meanwhile = let_another_look;
    step(shared, ANNA_APP, CK_STEP_SUBMIT);
    assert_null(meanwhile);
    assert_true(found_bob);
    ck_ledger_close(&shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(test_an_app),
        LEDGER_TEST(test_what_waits_goes_with_the_next),
        LEDGER_TEST(test_a_key),
        LEDGER_TEST(test_one_disk_for_two_steps),
        LEDGER_TEST(test_a_disk_that_fails),
        LEDGER_TEST(test_nobody_waits_for_anothers_disk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
