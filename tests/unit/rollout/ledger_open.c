/* Opening a ledger: what is taken for one, and who may have it. */
#include "ledger_sample.h"

/* --- a new one --- */

static void expect_mode(const char *path)
{
    struct stat status;

    if (stat(path, &status) != 0)
        fail_msg("there is no %s", path);
    assert_int_equal(status.st_mode, S_IFREG | S_IRUSR | S_IWUSR);
}

static void test_all_files_are_private(void **state)
{
    static const mode_t masks[] = {0, 0777};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        mode_t before = umask(masks[i]);
        struct ck_ledger *ledger = open_sample();
        umask(before);
        expect_mode(LEDGER);
        expect_mode(LEDGER "-wal");
        expect_mode(LEDGER "-shm");
        expect_mode(LEDGER ".lock");
        ck_ledger_close(&ledger);
        assert_false(is_there(LEDGER "-wal") || is_there(LEDGER "-shm"));
        assert_int_equal(unlink(LEDGER) | unlink(LEDGER ".lock"), 0);
    }
}

static void test_what_kind_of_file_it_is(void **state)
{
    struct ck_ledger *ledger = open_sample();

    (void)state;
    ck_ledger_close(&ledger);
    ck_ledger_close(&ledger); /* of none, too */
    expect_sql(LEDGER, "PRAGMA application_id", "1129008231");
    expect_sql(LEDGER, "PRAGMA user_version", "1");
    expect_sql(LEDGER, "PRAGMA journal_mode", "wal");
    expect_sql(LEDGER, "PRAGMA integrity_check", "ok");
    expect_sql(LEDGER, "SELECT server FROM rollout", SERVER);
}

static void test_an_empty_file_becomes_one(void **state)
{
    (void)state;
    put(LEDGER, "");
    assert_int_equal(chmod(LEDGER, 0600), 0);
    struct ck_ledger *ledger = open_sample();
    assert_int_equal(count(ledger).items, 5);
    ck_ledger_close(&ledger);
}

static void test_below_a_directory_that_is_a_link(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = NULL;
    struct ck_error err;

    (void)state;
    assert_int_equal(mkdir("real", 0700) | symlink("real", "linked"), 0);
    assert_int_equal(
        open_as("linked/l", ROWS, POLICY, SERVER, CK_LEDGER_SAME_PLAN, &ledger, NULL, &err), CK_OK);
    assert_true(is_there("real/l"));
    assert_int_equal(count(ledger).items, 5);
}

/* --- what is refused, and left as it is --- */

static void expect_not_opened(enum ck_err code, const char *part)
{
    struct ck_ledger *ledger = NULL;
    struct ck_error err = {0};

    expect_refused(ROWS, POLICY, SERVER, CK_LEDGER_NEW_PLAN, code, part);
    assert_int_equal(ck_ledger_open_to_read(LEDGER, &ledger, &err), code);
    assert_error(&err, code, part);
    assert_int_equal(ck_ledger_open_to_note(LEDGER, now_s, &ledger, &err), code);
    assert_null(ledger);
}

static void test_no_database(void **state)
{
    char text[3000];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    put(LEDGER, text);
    assert_int_equal(chmod(LEDGER, 0600), 0);
    expect_not_opened(CK_ERR_UNCHANGED, "is no ledger");
    assert_content(LEDGER, text);
}

static void test_another_programs_database(void **state)
{
    (void)state;
    run_sql(LEDGER, "CREATE TABLE t (a); INSERT INTO t VALUES (1)");
    assert_int_equal(chmod(LEDGER, 0600), 0);
    expect_not_opened(CK_ERR_UNCHANGED, "another program's database");
    run_sql(LEDGER, "PRAGMA application_id = 7");
    expect_not_opened(CK_ERR_UNCHANGED, "another program's database");
    expect_sql(LEDGER, "SELECT count(*) FROM sqlite_schema", "1");
    expect_sql(LEDGER, "PRAGMA journal_mode", "delete");
}

static void test_other_versions(void **state)
{
    struct ck_ledger *ledger = open_sample();

    (void)state;
    ck_ledger_close(&ledger);
    run_sql(LEDGER, "PRAGMA user_version = 2");
    expect_not_opened(CK_ERR_UNCHANGED, "newer cowkey (version 2 of ledgers; this one knows 1)");
    run_sql(LEDGER, "PRAGMA user_version = 0");
    expect_not_opened(CK_ERR_UNCHANGED, "a version that cowkey never wrote");
    run_sql(LEDGER, "PRAGMA user_version = -1");
    expect_not_opened(CK_ERR_UNCHANGED, "a version that cowkey never wrote");
    run_sql(LEDGER, "PRAGMA user_version = 1");
    ledger = open_sample();
    ck_ledger_close(&ledger);
}

static void test_links(void **state)
{
    struct ck_ledger *ledger = NULL;
    struct ck_error err;

    (void)state;
    assert_int_equal(
        open_as("real", ROWS, POLICY, SERVER, CK_LEDGER_SAME_PLAN, &ledger, NULL, &err), CK_OK);
    ck_ledger_close(&ledger);
    assert_int_equal(symlink("real", LEDGER), 0);
    expect_not_opened(CK_ERR_USAGE, "is a link");
    assert_int_equal(unlink(LEDGER) | symlink("none", LEDGER), 0);
    expect_not_opened(CK_ERR_USAGE, "is a link");
    assert_false(is_there("none"));
    assert_int_equal(unlink(LEDGER) | symlink("real", LEDGER ".lock"), 0);
    expect_refused(ROWS, POLICY, SERVER, CK_LEDGER_SAME_PLAN, CK_ERR_USAGE, "lock");
    assert_false(is_there(LEDGER));
}

static void test_what_is_no_file(void **state)
{
    (void)state;
    assert_int_equal(mkdir(LEDGER, 0700), 0);
    expect_not_opened(CK_ERR_USAGE, "is no file");
    assert_int_equal(rmdir(LEDGER) | mkfifo(LEDGER, 0600), 0);
    expect_not_opened(CK_ERR_USAGE, "is no file");
    assert_int_equal(unlink(LEDGER) | mkfifo(LEDGER ".lock", 0600), 0);
    expect_refused(ROWS, POLICY, SERVER, CK_LEDGER_SAME_PLAN, CK_ERR_UNCHANGED, "lock");
    assert_false(is_there(LEDGER));
}

static void test_paths_that_lead_nowhere(void **state)
{
    static const char *const paths[] = {"", ".", "..", "none/l", "x/.."};
    struct ck_ledger *ledger = NULL;
    struct ck_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
        assert_int_equal(
            open_as(paths[i], ROWS, POLICY, SERVER, CK_LEDGER_SAME_PLAN, &ledger, NULL, &err),
            CK_ERR_USAGE);
        assert_int_equal(ck_ledger_open_to_read(paths[i], &ledger, &err), CK_ERR_USAGE);
    }
    assert_int_equal(ck_ledger_open_to_read("none", &ledger, &err), CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, "there is no ledger 'none'");
    assert_false(is_there("none"));
    assert_null(ledger);
}

static void test_files_that_others_may_use(void **state)
{
    struct ck_ledger *ledger = open_sample();
    struct ck_error err;

    (void)state;
    ck_ledger_close(&ledger);
    assert_int_equal(chmod(LEDGER, 0644), 0);
    expect_refused(ROWS, POLICY, SERVER, CK_LEDGER_SAME_PLAN, CK_ERR_USAGE, "others may read");
    assert_int_equal(chmod(LEDGER, 0620), 0);
    expect_refused(ROWS, POLICY, SERVER, CK_LEDGER_SAME_PLAN, CK_ERR_USAGE, "others may write");
    assert_int_equal(ck_ledger_open_to_note(LEDGER, now_s, &ledger, &err), CK_ERR_USAGE);
    assert_int_equal(chmod(LEDGER, 0600), 0);
    ledger = open_sample();
    ck_ledger_close(&ledger);
    if (geteuid() != 0)
        return;
    assert_int_equal(chown(LEDGER, NOBODY, NOBODY), 0);
    expect_refused(ROWS, POLICY, SERVER, CK_LEDGER_SAME_PLAN, CK_ERR_USAGE, "somebody else");
    assert_int_equal(chown(LEDGER, 0, 0) | chown(LEDGER ".lock", NOBODY, NOBODY), 0);
    expect_refused(ROWS, POLICY, SERVER, CK_LEDGER_SAME_PLAN, CK_ERR_UNCHANGED, "lock");
}

/* --- one run at a time --- */

/* A child has it open until it is told (its end of the pipe is closed), or killed. */
static pid_t hold_open(int *ret_told)
{
    int ready[2], told[2];
    char byte;
    pid_t child;

    assert_int_equal(pipe(ready) | pipe(told), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct ck_ledger *ledger = NULL;
        struct ck_error err;
        close(told[1]);
        if (open_as(LEDGER, ROWS, POLICY, SERVER, CK_LEDGER_SAME_PLAN, &ledger, NULL, &err) !=
                CK_OK ||
            write(ready[1], "x", 1) != 1)
            _exit(1);
        ssize_t size = read(told[0], &byte, 1);
        ck_ledger_close(&ledger);
        _exit(size == 0 ? 0 : 1);
    }
    close(ready[1]);
    close(told[0]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    *ret_told = told[1];
    return child;
}

static void expect_end(pid_t child, bool killed)
{
    int status;

    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(killed ? WIFSIGNALED(status) : WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_two_processes_exclude_each_other(void **state)
{
    char part[64];
    int told;

    (void)state;
    for (int killed = 0; killed < 2; killed++) {
        pid_t child = hold_open(&told);
        snprintf(part, sizeof(part), "process %ld", (long)child);
        expect_refused(ROWS, POLICY, SERVER, CK_LEDGER_SAME_PLAN, CK_ERR_UNCHANGED, part);
        expect_refused(ROWS, POLICY, SERVER, CK_LEDGER_NEW_PLAN, CK_ERR_UNCHANGED, part);
        if (killed)
            assert_int_equal(kill(child, SIGKILL), 0);
        close(told);
        expect_end(child, killed);
        struct ck_ledger *ledger = open_sample();
        assert_int_equal(count(ledger).items, 5);
        ck_ledger_close(&ledger);
    }
}

static void test_two_opens_of_one_process(void **state)
{
    struct ck_ledger *ledger = open_sample();
    char part[64];

    (void)state;
    snprintf(part, sizeof(part), "process %ld", (long)getpid());
    expect_refused(ROWS, POLICY, SERVER, CK_LEDGER_SAME_PLAN, CK_ERR_UNCHANGED, part);
    prove(ledger, ANNA_APP); /* which did no harm to the first one */
    put(LEDGER ".lock", "nonsense");
    expect_refused(ROWS, POLICY, SERVER, CK_LEDGER_SAME_PLAN, CK_ERR_UNCHANGED,
                   "another run works");
    ck_ledger_close(&ledger);
    ledger = open_sample();
    ck_ledger_close(&ledger);
}

/* --- beside a run --- */

static void test_looking_while_a_run_writes(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample();
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *reader = NULL;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_ledger_open_to_read(LEDGER, &reader, &err), CK_OK);
    assert_string_equal(ck_ledger_server(reader), SERVER);
    for (int64_t item = ANNA_APP; item <= BOB_KEY_2; item++) {
        assert_int_equal(item_of(reader, item).state, CK_STEP_PLANNED);
        prove(ledger, item);
        assert_int_equal(item_of(reader, item).state, CK_STEP_PROVED);
    }
    assert_int_equal(count(reader).states[CK_STEP_PROVED], 4);
    ck_ledger_close(&reader);
    prove(ledger, CARL_KEY);
    ck_ledger_close(&ledger);
    expect_sql(LEDGER, "SELECT count(*) FROM item WHERE state = 4", "5");
}

static void test_looking_leaves_nothing_behind(void **state)
{
    struct ck_ledger *ledger = open_sample();
    struct ck_error err;

    (void)state;
    ck_ledger_close(&ledger);
    assert_int_equal(unlink(LEDGER ".lock"), 0);
    assert_int_equal(ck_ledger_open_to_read(LEDGER, &ledger, &err), CK_OK);
    assert_int_equal(count(ledger).items, 5);
    ck_ledger_close(&ledger);
    assert_false(is_there(LEDGER ".lock") || is_there(LEDGER "-wal") || is_there(LEDGER "-shm"));
}

static void test_who_looks_changes_nothing(void **state)
{
    struct ck_ledger *ledger = open_sample();
    const struct ck_ledger_sheet sheet = {.person = BOB, .n = 1, .name = "x", .made_s = MOMENT};
    const struct ck_ledger_key key = {.person = BOB, .n = 1};
    struct ck_error err;
    unsigned total;
    size_t retried;

    (void)state;
    ck_ledger_close(&ledger);
    for (int notes = 0; notes < 2; notes++) {
        enum ck_err r = notes ? ck_ledger_open_to_note(LEDGER, now_s, &ledger, &err)
                              : ck_ledger_open_to_read(LEDGER, &ledger, &err);
        assert_int_equal(r, CK_OK);
        assert_int_equal(ck_ledger_step(ledger, 1, CK_STEP_SKIP, NULL, NULL, &err),
                         CK_ERR_UNCHANGED);
        assert_error(&err, CK_ERR_UNCHANGED, "to look at it only");
        assert_int_equal(ck_ledger_password(ledger, BOB, CK_PASSWORD_HANDED_OUT, &err),
                         CK_ERR_UNCHANGED);
        assert_int_equal(ck_ledger_app_password(ledger, BOB, 1, &err), CK_ERR_UNCHANGED);
        assert_int_equal(ck_ledger_put_key(ledger, &key, &err), CK_ERR_UNCHANGED);
        assert_int_equal(ck_ledger_add_refusal(ledger, &total, &err), CK_ERR_UNCHANGED);
        assert_int_equal(ck_ledger_retry(ledger, &retried, &err), CK_ERR_UNCHANGED);
        assert_int_equal(ck_ledger_note_sheet(ledger, &sheet, &err),
                         notes ? CK_OK : CK_ERR_UNCHANGED);
        ck_ledger_close(&ledger);
        expect_sql(LEDGER, "SELECT count(*) FROM sheet", notes ? "1" : "0");
    }
}

/* A hand-out is printed while a run goes on. */
static void test_noting_beside_a_run(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample();
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *noter = NULL;
    struct ck_ledger_sheet sheet = {.person = BOB, .n = 1, .name = "x", .made_s = MOMENT};
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_ledger_open_to_note(LEDGER, now_s, &noter, &err), CK_OK);
    step(ledger, ANNA_APP, CK_STEP_PREPARE);
    assert_int_equal(ck_ledger_note_sheet(noter, &sheet, &err), CK_OK);
    step(ledger, ANNA_APP, CK_STEP_SUBMIT);
    sample_now_s++;
    snprintf(sheet.name, sizeof(sheet.name), "y");
    assert_int_equal(ck_ledger_note_sheet(noter, &sheet, &err), CK_OK);
    step(ledger, ANNA_APP, CK_STEP_LIST);
    assert_int_equal(count(noter).states[CK_STEP_RECORDED], 1);
    assert_int_equal(count(ledger).changed_s, MOMENT + 1);
}

static void test_one_that_was_made_and_not_filled(void **state)
{
    struct ck_ledger *ledger = NULL;
    struct ck_error err;

    (void)state;
    put(LEDGER, "");
    assert_int_equal(chmod(LEDGER, 0600), 0);
    assert_int_equal(ck_ledger_open_to_read(LEDGER, &ledger, &err), CK_ERR_UNCHANGED);
    assert_error(&err, CK_ERR_UNCHANGED, "is empty");
    assert_null(ledger);
}

/* --- places that may not be written --- */

static void test_a_file_that_may_not_be_written(void **state)
{
    struct ck_ledger *ledger = NULL;
    struct ck_error err;

    (void)state;
    give_up_root();
    ledger = open_sample();
    prove(ledger, ANNA_APP);
    ck_ledger_close(&ledger);
    assert_int_equal(chmod(LEDGER, 0400), 0);
    expect_refused(ROWS, POLICY, SERVER, CK_LEDGER_SAME_PLAN, CK_ERR_UNCHANGED,
                   "may not be written");
    if (ck_ledger_open_to_read(LEDGER, &ledger, &err) != CK_OK)
        fail_msg("%s", err.text);
    assert_int_equal(count(ledger).states[CK_STEP_PROVED], 1);
    ck_ledger_close(&ledger);
    take_back_root();
}

static void test_a_directory_that_may_not_be_written(void **state)
{
    struct ck_ledger *ledger = NULL, *reader = NULL;
    struct ck_error err;

    (void)state;
    give_up_root();
    assert_int_equal(mkdir("shut", 0500), 0);
    assert_int_equal(
        open_as("shut/l", ROWS, POLICY, SERVER, CK_LEDGER_SAME_PLAN, &ledger, NULL, &err),
        CK_ERR_UNCHANGED);
    assert_error(&err, CK_ERR_UNCHANGED, "Permission denied");
    assert_int_equal(chmod("shut", 0700), 0);
    assert_int_equal(
        open_as("shut/l", ROWS, POLICY, SERVER, CK_LEDGER_SAME_PLAN, &ledger, NULL, &err), CK_OK);
    assert_int_equal(chmod("shut", 0500), 0);
    /* The files of a run that goes on are there. */
    assert_int_equal(ck_ledger_open_to_read("shut/l", &reader, &err), CK_OK);
    assert_int_equal(count(reader).items, 5);
    ck_ledger_close(&reader);
    assert_int_equal(chmod("shut", 0700), 0);
    ck_ledger_close(&ledger);
    assert_int_equal(chmod("shut", 0500), 0);
    assert_int_equal(ck_ledger_open_to_read("shut/l", &reader, &err), CK_ERR_UNCHANGED);
    assert_error(&err, CK_ERR_UNCHANGED, "could not be opened");
    assert_non_null(strstr(err.hint, "copy it"));
    assert_null(reader);
    take_back_root();
}

static void test_a_file_that_was_taken_away(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample();
    struct ck_error err;

    (void)state;
    assert_int_equal(rename(LEDGER, "elsewhere"), 0);
    assert_int_equal(ck_ledger_step(ledger, 1, CK_STEP_SKIP, NULL, NULL, &err), CK_ERR_UNCHANGED);
    assert_error(&err, CK_ERR_UNCHANGED, "removed or replaced");
    put(LEDGER, "");
    assert_int_equal(ck_ledger_step(ledger, 1, CK_STEP_SKIP, NULL, NULL, &err), CK_ERR_UNCHANGED);
    assert_int_equal(rename("elsewhere", LEDGER), 0);
    assert_int_equal(step(ledger, 1, CK_STEP_SKIP), CK_STEP_SKIPPED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(test_all_files_are_private),
        LEDGER_TEST(test_what_kind_of_file_it_is),
        LEDGER_TEST(test_an_empty_file_becomes_one),
        LEDGER_TEST(test_below_a_directory_that_is_a_link),
        LEDGER_TEST(test_no_database),
        LEDGER_TEST(test_another_programs_database),
        LEDGER_TEST(test_other_versions),
        LEDGER_TEST(test_links),
        LEDGER_TEST(test_what_is_no_file),
        LEDGER_TEST(test_paths_that_lead_nowhere),
        LEDGER_TEST(test_files_that_others_may_use),
        LEDGER_TEST(test_two_processes_exclude_each_other),
        LEDGER_TEST(test_two_opens_of_one_process),
        LEDGER_TEST(test_looking_while_a_run_writes),
        LEDGER_TEST(test_looking_leaves_nothing_behind),
        LEDGER_TEST(test_who_looks_changes_nothing),
        LEDGER_TEST(test_noting_beside_a_run),
        LEDGER_TEST(test_one_that_was_made_and_not_filled),
        LEDGER_TEST(test_a_file_that_may_not_be_written),
        LEDGER_TEST(test_a_directory_that_may_not_be_written),
        LEDGER_TEST(test_a_file_that_was_taken_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
