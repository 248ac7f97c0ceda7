/* A ledger whose process is killed, or has many threads. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "ledger_sample.h"

enum { PEOPLE = 40, ROUNDS = 12, THREADS = 8 };

static char *many_rows(void)
{
    char *text = calloc(PEOPLE, 64);

    for (int i = 0; i < PEOPLE; i++)
        sprintf(text + strlen(text), "user%d@b.test,,totp,app,reset-password,,\n", i);
    return text;
}

static struct ck_ledger *open_many(const char *rows)
{
    struct ck_ledger *ledger = NULL;
    struct ck_error err;

    if (open_as(LEDGER, rows, "", SERVER, CK_LEDGER_SAME_PLAN, &ledger, NULL, &err) != CK_OK)
        fail_msg("%s", err.text);
    return ledger;
}

/* An endless way through the table: what happens next to an item in this state. */
static const enum ck_step_event next_events[CK_STEP_STATES] = {
    [CK_STEP_PLANNED] = CK_STEP_PREPARE, [CK_STEP_PREPARED] = CK_STEP_SUBMIT,
    [CK_STEP_SUBMITTED] = CK_STEP_LOSE,  [CK_STEP_RECORDED] = CK_STEP_ACCEPT,
    [CK_STEP_PROVED] = CK_STEP_UNDO,     [CK_STEP_FAILED] = CK_STEP_RETRY,
    [CK_STEP_UNKNOWN] = CK_STEP_LIST,    [CK_STEP_SKIPPED] = CK_STEP_RETRY,
    [CK_STEP_UNDOING] = CK_STEP_GONE,
};

static enum ck_step_state after(enum ck_step_state state)
{
    enum ck_step_state next = CK_STEP_STATES;

    assert_true(ck_step_next(state, next_events[state], &next));
    return next;
}

/* What a child was told by its ledger, where a kill does not reach. */
struct told {
    volatile int steps;
    volatile enum ck_step_state states[PEOPLE + 1];
};

static void step_for_ever(const char *rows, struct told *told)
{
    struct ck_ledger *ledger = open_many(rows);

    for (int64_t item = 1;; item = item % PEOPLE + 1) {
        enum ck_step_state state;
        struct ck_error err;
        if (ck_ledger_step(ledger, item, next_events[told->states[item]], NULL, &state, &err) !=
            CK_OK)
            _exit(1);
        told->states[item] = state;
        told->steps++;
    }
}

static void expect_consistent(void)
{
    expect_sql(LEDGER, "PRAGMA integrity_check", "ok");
    expect_sql(LEDGER, "SELECT count(*) FROM item WHERE left <> (state IN (0, 1, 2, 3, 8))", "0");
    expect_sql(LEDGER,
               "SELECT count(*) FROM person WHERE apps_left <> (SELECT count(*) FROM item"
               " WHERE person = person.id AND left = 1)",
               "0");
}

/* Each item is where the child was told, but for the one step that it was just taking. */
static void compare(struct ck_ledger *ledger, struct told *told)
{
    int ahead = 0;

    for (int64_t item = 1; item <= PEOPLE; item++) {
        enum ck_step_state state = item_of(ledger, item).state;
        if (state != told->states[item]) {
            ahead++;
            assert_int_equal(state, after(told->states[item]));
            told->states[item] = state;
        }
    }
    assert_true(ahead <= 1);
}

static void test_killed_at_any_moment(void **state)
{
    CK_CLEANUP(ck_free_p) char *rows = many_rows();
    struct told *told =
        mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned seed = 1;

    (void)state;
    assert_true(told != MAP_FAILED);
    memset(told, 0, sizeof(*told));
    for (int round = 0; round < ROUNDS; round++) {
        int status, enough = told->steps + 1 + rand_r(&seed) % 60;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            step_for_ever(rows, told);
        while (told->steps < enough && waitpid(child, &status, WNOHANG) == 0)
            usleep((useconds_t)(rand_r(&seed) % 500));
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        struct ck_ledger *ledger = open_many(rows);
        compare(ledger, told);
        ck_ledger_close(&ledger);
        expect_consistent();
    }
    assert_true(told->steps > ROUNDS);
    munmap(told, sizeof(*told));
}

/* Making it, too: then it is there whole, or not begun. */
static void test_killed_while_it_is_made(void **state)
{
    CK_CLEANUP(ck_free_p) char *rows = many_rows();
    unsigned seed = 2;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        int status;
        unlink(LEDGER);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            open_many(rows);
            _exit(0);
        }
        usleep((useconds_t)(rand_r(&seed) % 12000));
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
        struct ck_ledger *ledger = open_many(rows);
        assert_int_equal(count(ledger).states[CK_STEP_PLANNED], PEOPLE);
        ck_ledger_close(&ledger);
        expect_consistent();
    }
}

/* --- threads --- */

struct worker {
    pthread_t thread;
    struct ck_ledger *ledger;
    int64_t first;
    enum ck_err result;
};

static enum ck_err look(void *data, const struct ck_ledger_person *person,
                        const struct ck_ledger_item *item, const struct ck_ledger_key *key,
                        struct ck_error *err)
{
    (void)person;
    (void)key;
    (void)err;
    *(int64_t *)data += item->id;
    return CK_OK;
}

static enum ck_err work_on(struct ck_ledger *ledger, int64_t item, struct ck_error *err)
{
    static const enum ck_step_event events[] = {CK_STEP_PREPARE, CK_STEP_SUBMIT, CK_STEP_LIST,
                                                CK_STEP_ACCEPT};
    struct ck_ledger_person person;
    bool found;
    int64_t sum = 0;
    unsigned total;
    enum ck_err r = CK_OK;

    for (size_t i = 0; i < 4 && r == CK_OK; i++) {
        r = ck_ledger_step(ledger, item, events[i], NULL, NULL, err);
        if (r == CK_OK)
            r = ck_ledger_next_person(ledger, CK_LEDGER_APPS, 0, &person, &found, err);
    }
    if (r == CK_OK)
        r = ck_ledger_password(ledger, item, CK_PASSWORD_HANDED_OUT, err);
    if (r == CK_OK)
        r = ck_ledger_add_refusal(ledger, &total, err);
    if (r == CK_OK)
        r = ck_ledger_walk(ledger, look, &sum, err);
    return r == CK_OK && sum != PEOPLE * (PEOPLE + 1) / 2
               ? ck_error_set(err, CK_ERR_UNKNOWN, "a walk left something out")
               : r;
}

static void *work(void *data)
{
    struct worker *worker = data;
    struct ck_error err;

    for (int64_t item = worker->first; item <= PEOPLE && worker->result == CK_OK; item += THREADS)
        worker->result = work_on(worker->ledger, item, &err);
    return NULL;
}

static void test_threads(void **state)
{
    CK_CLEANUP(ck_free_p) char *rows = many_rows();
    struct ck_ledger *ledger = open_many(rows);
    struct worker workers[THREADS];
    struct ck_error err;
    unsigned total = 0;

    (void)state;
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.ledger = ledger, .first = i + 1};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_int_equal(workers[i].result, CK_OK);
    }
    assert_int_equal(count(ledger).states[CK_STEP_PROVED], PEOPLE);
    assert_int_equal(ck_ledger_refusals(ledger, &total, &err), CK_OK);
    assert_int_equal(total, PEOPLE);
    ck_ledger_close(&ledger);
    expect_consistent();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(test_killed_at_any_moment),
        LEDGER_TEST(test_killed_while_it_is_made),
        LEDGER_TEST(test_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
