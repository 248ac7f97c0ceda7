/* Changes of a ledger that fail: nothing of them is there, and the next one is whole again. */
#include <sys/resource.h>

#include "ledger_sample.h"

/* --- each call that changes something --- */

typedef enum ck_err change(struct ck_ledger *ledger, struct ck_error *err);

static enum ck_err change_step(struct ck_ledger *ledger, struct ck_error *err)
{
    static const uint64_t before[64] = {1, 2, 3};
    const struct ck_ledger_facts facts = {
        .label = "x", .before = before, .before_count = 64, .before_known = true};

    return ck_ledger_step(ledger, BOB_KEY_1, CK_STEP_PREPARE, &facts, NULL, err);
}

static enum ck_err change_last_step(struct ck_ledger *ledger, struct ck_error *err)
{
    struct ck_error cause = {.code = CK_ERR_REFUSED, .text = "no"};
    const struct ck_ledger_facts facts = {.cause = &cause};

    return ck_ledger_step(ledger, BOB_APP, CK_STEP_FAIL, &facts, NULL, err);
}

static enum ck_err change_retry(struct ck_ledger *ledger, struct ck_error *err)
{
    size_t retried = 77;
    enum ck_err r = ck_ledger_retry(ledger, &retried, err);

    assert_int_equal(retried, r == CK_OK ? 2 : 77);
    return r;
}

static enum ck_err change_password(struct ck_ledger *ledger, struct ck_error *err)
{
    return ck_ledger_password(ledger, BOB, CK_PASSWORD_HANDED_OUT, err);
}

static enum ck_err change_app_password(struct ck_ledger *ledger, struct ck_error *err)
{
    return ck_ledger_app_password(ledger, BOB, 12, err);
}

static enum ck_err change_key(struct ck_ledger *ledger, struct ck_error *err)
{
    const struct ck_ledger_key key = {.person = BOB, .n = 1, .serial = "S1"};

    return ck_ledger_put_key(ledger, &key, err);
}

static enum ck_err change_refusals(struct ck_ledger *ledger, struct ck_error *err)
{
    unsigned total = 77;
    enum ck_err r = ck_ledger_add_refusal(ledger, &total, err);

    assert_int_equal(total, r == CK_OK ? 1 : 77);
    return r;
}

static enum ck_err change_sheet(struct ck_ledger *ledger, struct ck_error *err)
{
    const struct ck_ledger_sheet sheet = {.person = BOB, .n = 1, .name = "x", .made_s = MOMENT};

    return ck_ledger_note_sheet(ledger, &sheet, err);
}

static change *const changes[] = {
    change_step,         change_last_step, change_retry,    change_password,
    change_app_password, change_key,       change_refusals, change_sheet,
};

/* Two have failed, so that there is something to try again. */
static struct ck_ledger *open_for_changes(void)
{
    struct ck_ledger *ledger = open_sample();

    step(ledger, CARL_KEY, CK_STEP_FAIL);
    step(ledger, ANNA_APP, CK_STEP_FAIL);
    sample_now_s++; /* which is to be written, too */
    return ledger;
}

/* Whether it was made; if not, *err says why. Another connection looks. */
static bool make_or_not(change *make, struct ck_ledger *ledger, void (*forbid)(rlim_t size),
                        rlim_t size, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *before = dump(LEDGER);

    forbid(size);
    enum ck_err r = make(ledger, err);
    forbid(RLIM_INFINITY);
    CK_CLEANUP(ck_free_p) char *after = dump(LEDGER);
    assert_int_equal(strcmp(before, after) != 0, r == CK_OK);
    return r == CK_OK;
}

/* Those that failed do no harm to those that follow. */
static void expect_whole(struct ck_ledger **ledger)
{
    prove(*ledger, BOB_KEY_2);
    ck_ledger_close(ledger);
    expect_sql(LEDGER, "PRAGMA integrity_check", "ok");
    *ledger = open_sample();
    assert_int_equal(item_of(*ledger, BOB_KEY_2).state, CK_STEP_PROVED);
    ck_ledger_close(ledger);
    assert_int_equal(unlink(LEDGER), 0);
}

/* --- no room --- */

/* Files may grow up to here, and no further: what a full disk does, but for the error's number. */
static void limit_files(rlim_t size)
{
    struct rlimit limit;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size < limit.rlim_max ? size : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static rlim_t size_of(const char *path)
{
    struct stat status;

    assert_int_equal(stat(path, &status), 0);
    return (rlim_t)status.st_size;
}

static void expect_no_room(const struct ck_error *err)
{
    assert_int_equal(err->code, CK_ERR_UNCHANGED);
    if (strstr(err->text, "File too large") == NULL && strstr(err->text, "No space left") == NULL)
        fail_msg("\"%s\" does not say why", err->text);
    assert_true(*err->hint != '\0');
}

static void test_no_room_for_a_new_one(void **state)
{
    int failures = 0;
    bool made = false;

    (void)state;
    for (rlim_t size = 0; !made; size += size < 64 ? 13 : size < 4096 ? 1009 : 4099) {
        struct ck_ledger *ledger = NULL;
        struct ck_error err;
        limit_files(size);
        enum ck_err r =
            open_as(LEDGER, ROWS, POLICY, SERVER, CK_LEDGER_SAME_PLAN, &ledger, NULL, &err);
        limit_files(RLIM_INFINITY);
        made = r == CK_OK;
        if (!made) {
            failures++;
            expect_no_room(&err);
            assert_null(ledger);
            assert_false(is_there(LEDGER) || is_there(LEDGER "-wal") || is_there(LEDGER "-shm"));
            continue;
        }
        assert_int_equal(count(ledger).items, 5);
        ck_ledger_close(&ledger);
    }
    assert_true(failures > 10);
}

static void test_no_room_for_a_change(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        struct ck_ledger *ledger = open_for_changes();
        struct ck_error err;
        int failures = 0;
        for (rlim_t more = 0;
             !make_or_not(changes[i], ledger, limit_files, size_of(LEDGER "-wal") + more, &err);
             more += more < 32 ? 8 : 1021) {
            expect_no_room(&err);
            failures++;
        }
        if (failures < 5)
            fail_msg("change %zu failed only %d times", i, failures);
        expect_whole(&ledger);
    }
}

/* The ledger itself is full: another plan does not fit, and the old one stays whole. */
static void test_no_room_for_another_plan(void **state)
{
    struct ck_ledger *ledger = open_sample();
    int failures = 0;
    bool taken = false;

    (void)state;
    ck_ledger_close(&ledger);
    CK_CLEANUP(ck_free_p) char *before = dump(LEDGER);
    for (rlim_t size = 0; !taken; size += 4099) {
        struct ck_error err;
        limit_files(size);
        enum ck_err r = open_as(LEDGER, "dora@b.test,,totp,app,reset-password,,\n", "", SERVER,
                                CK_LEDGER_NEW_PLAN, &ledger, NULL, &err);
        limit_files(RLIM_INFINITY);
        CK_CLEANUP(ck_free_p) char *after = dump(LEDGER);
        taken = r == CK_OK;
        assert_int_equal(strcmp(before, after) != 0, taken);
        if (!taken) {
            expect_no_room(&err);
            failures++;
        }
    }
    ck_ledger_close(&ledger);
    assert_true(failures > 0);
    expect_sql(LEDGER, "PRAGMA integrity_check", "ok");
    expect_sql(LEDGER, "SELECT group_concat(name) FROM person", "dora@b.test");
}

/* --- something in the middle of a change --- */

/* The second of two statements is refused by the file's own rules. */
static void test_half_a_change(void **state)
{
    struct ck_ledger *ledger = open_sample();
    struct ck_error err;

    (void)state;
    ck_ledger_close(&ledger);
    run_sql(LEDGER, "UPDATE person SET apps_left = 0");
    ledger = open_sample();
    assert_false(make_or_not(change_last_step, ledger, limit_files, RLIM_INFINITY, &err));
    assert_error(&err, CK_ERR_UNCHANGED, "is damaged");
    assert_true(make_or_not(change_step, ledger, limit_files, RLIM_INFINITY, &err));
    expect_whole(&ledger);
}

/* Somebody else writes all the time. */
static void test_another_writer(void **state)
{
    struct ck_ledger *ledger = open_for_changes();
    sqlite3 *other = NULL;
    struct ck_error err;

    (void)state;
    assert_int_equal(sqlite3_open(LEDGER, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(change_step(ledger, &err), CK_ERR_UNCHANGED);
    assert_error(&err, CK_ERR_UNCHANGED, "another process has kept");
    assert_int_equal(count(ledger).items, 5); /* looking goes on */
    assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    assert_true(make_or_not(change_step, ledger, limit_files, RLIM_INFINITY, &err));
    expect_whole(&ledger);
}

/* --- no memory --- */

static struct ck_ledger *in_work;

static enum ck_err do_change(struct ck_error *err)
{
    const struct ck_ledger_facts facts = {.label = "x"};
    enum ck_step_state state = CK_STEP_STATES;
    enum ck_err r = ck_ledger_step(in_work, BOB_KEY_1, CK_STEP_PREPARE, &facts, &state, err);

    assert_int_equal(state, r == CK_OK ? CK_STEP_PREPARED : CK_STEP_STATES);
    return r;
}

static enum ck_err do_look(struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) struct ck_ledger_item *items = NULL;
    size_t size = 77;
    enum ck_err r = ck_ledger_items(in_work, BOB, &items, &size, err);

    assert_int_equal(size, r == CK_OK ? 3 : 77);
    return r;
}

static struct sample sample_read_before;

static enum ck_err do_open(struct ck_error *err)
{
    struct ck_ledger *ledger = NULL;
    size_t kept = 77;
    enum ck_err r = ck_ledger_open(LEDGER, &sample_read_before.rollout, SERVER, CK_LEDGER_SAME_PLAN,
                                   now_s, &ledger, &kept, err);

    assert_true((r == CK_OK) == (ledger != NULL) && kept == (r == CK_OK ? 0 : 77));
    ck_ledger_close(&ledger);
    return r;
}

static enum ck_err do_make(struct ck_error *err)
{
    unlink(LEDGER);
    enum ck_err r = do_open(err);
    assert_int_equal(is_there(LEDGER), r == CK_OK);
    return r;
}

static void test_no_memory(void **state)
{
    struct ck_error err;

    (void)state;
    if (!allocations_can_fail())
        skip();
    sample_read(&sample_read_before, ROWS, POLICY);
    assert_int_equal(do_make(&err), CK_OK); /* OpenSSL sets itself up, and has no way to fail */
    /* A new one is written to disk each time: some of them are enough. */
    for (unsigned i = 0; run_failing(do_make, FAIL_ONCE, i); i += 23)
        continue;
    fail_each_allocation(do_open, 20);
    sample_clear(&sample_read_before);
    in_work = open_sample();
    fail_each_allocation(do_look, 2);
    fail_each_allocation(do_change, 2);
    prove(in_work, BOB_KEY_2);
    ck_ledger_close(&in_work);
    expect_sql(LEDGER, "PRAGMA integrity_check", "ok");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(test_no_room_for_a_new_one),    LEDGER_TEST(test_no_room_for_a_change),
        LEDGER_TEST(test_no_room_for_another_plan), LEDGER_TEST(test_half_a_change),
        LEDGER_TEST(test_another_writer),           LEDGER_TEST(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
