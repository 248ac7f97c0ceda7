/* Threads of a run meet errands of a few lines, whose ends are written down beforehand. */
#include "src/rollout/unattended.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "cowkey/mailcow/brake.h"
#include "tests/unit/base/expect.h"

enum { PEOPLE_MAX = 64, ENDS_MAX = 16, PATIENCE_S = 30 };

/* How one visit ends. */
struct end {
    enum errand_result result;
    bool at_begin; /* else at its item */
    bool busy;     /* the server asks to slow down meanwhile */
    bool fails;    /* the item */
    int64_t in_s;  /* of LATER */
};

struct somebody {
    struct ck_ledger_person person;
    enum ck_step_state state;
    unsigned tries, visits, finished, retried;
    bool in_work;
    struct end ends[ENDS_MAX]; /* what is behind the last is DONE */
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct somebody people[PEOPLE_MAX];
    size_t count;
    unsigned refusals, in_work, in_work_most;
    unsigned meet; /* so many visits wait for one another once they are past their login */
    unsigned met;
    unsigned meet_refused; /* the same before they are refused */
    bool ledger_fails;
    unsigned probes, probe_fails;
    unsigned opened, open_refused, used_own;
    int64_t now_s;
    volatile sig_atomic_t ending;
    unsigned end_at; /* the visit with this number raises it; 0: none */
    unsigned visits;
    unsigned news[4];
    bool end_when_late;
    struct unattended_progress progress;
    unsigned told;
    struct ck_brake brake;
} world;

static struct errands all;
static struct ck_http_settings settings;
static struct unattended run;

static void lock(void)
{
    pthread_mutex_lock(&world.lock);
}

static void unlock(void)
{
    pthread_mutex_unlock(&world.lock);
}

static struct somebody *of(int64_t id)
{
    assert_in_range(id, 1, world.count);
    return &world.people[id - 1];
}

static bool has_something_left(const struct somebody *who)
{
    return ck_step_action(who->state) != CK_STEP_DO_NOTHING;
}

/* --- the ledger --- */

enum ck_err ck_ledger_next_person(struct ck_ledger *ledger, enum ck_ledger_kind kind, int64_t after,
                                  struct ck_ledger_person *ret_person, bool *ret_found,
                                  struct ck_error *err)
{
    (void)ledger;
    assert_int_equal(kind, CK_LEDGER_APPS);
    if (world.ledger_fails)
        return ck_error_set(err, CK_ERR_UNCHANGED, "the disk is full");
    lock();
    *ret_found = false;
    for (size_t i = (size_t)after; i < world.count && !*ret_found; i++) {
        if (!has_something_left(&world.people[i]))
            continue;
        *ret_person = world.people[i].person;
        *ret_found = true;
    }
    unlock();
    return CK_OK;
}

enum ck_err ck_ledger_items(struct ck_ledger *ledger, int64_t person,
                            struct ck_ledger_item **ret_items, size_t *ret_count,
                            struct ck_error *err)
{
    struct ck_ledger_item *item = calloc(1, sizeof(*item));

    (void)ledger;
    (void)err;
    lock();
    *item = (struct ck_ledger_item){.id = person,
                                    .person = person,
                                    .method = CK_ROLLOUT_TOTP,
                                    .wants_proof = true,
                                    .state = of(person)->state,
                                    .tries = of(person)->tries};
    unlock();
    *ret_items = item;
    *ret_count = 1;
    return CK_OK;
}

enum ck_err ck_ledger_step(struct ck_ledger *ledger, int64_t item, enum ck_step_event event,
                           const struct ck_ledger_facts *facts, enum ck_step_state *ret_state,
                           struct ck_error *err)
{
    (void)ledger;
    (void)facts;
    (void)err;
    lock();
    struct somebody *who = of(item);
    assert_int_equal(event, CK_STEP_RETRY);
    assert_int_equal(who->state, CK_STEP_FAILED);
    who->state = *ret_state = CK_STEP_PLANNED;
    who->retried++;
    unlock();
    return CK_OK;
}

enum ck_err ck_ledger_add_refusal(struct ck_ledger *ledger, unsigned *ret_total,
                                  struct ck_error *err)
{
    (void)ledger;
    (void)err;
    lock();
    *ret_total = ++world.refusals;
    unlock();
    return CK_OK;
}

enum ck_err ck_ledger_refusals(struct ck_ledger *ledger, unsigned *ret_total, struct ck_error *err)
{
    (void)ledger;
    (void)err;
    lock();
    *ret_total = world.refusals;
    unlock();
    return CK_OK;
}

enum ck_err ck_ledger_count(struct ck_ledger *ledger, struct ck_ledger_counts *ret_counts,
                            struct ck_error *err)
{
    (void)ledger;
    (void)err;
    *ret_counts = (struct ck_ledger_counts){.people_left = {world.count, 0}};
    return CK_OK;
}

/* --- the server --- */

enum ck_err ck_dialect_probe(const struct ck_http_settings *asked, enum ck_dialect *ret_dialect,
                             struct ck_server_clock *ret_clock, struct ck_error *err)
{
    (void)ret_dialect;
    (void)ret_clock;
    assert_ptr_equal(asked->cancel, &world.ending);
    lock();
    bool fails = world.probes++ < world.probe_fails;
    unlock();
    return fails ? ck_error_set(err, CK_ERR_UNREACHABLE, "still away") : CK_OK;
}

void ck_session_close(struct ck_session **session)
{
    assert_null(*session);
}

void ck_admin_close(struct ck_admin **admin)
{
    assert_null(*admin);
}

void ck_http_thread_end(void)
{
}

/* --- errands --- */

static enum errand_result end_as(struct errand *errand, const struct end *end, struct ck_error *err)
{
    static const enum ck_err codes[] = {[ERRAND_REFUSED] = CK_ERR_REFUSED,
                                        [ERRAND_NETWORK] = CK_ERR_UNREACHABLE,
                                        [ERRAND_INTERRUPTED] = CK_ERR_INTERRUPTED,
                                        [ERRAND_BROKEN] = CK_ERR_UNCHANGED};

    if (end->busy)
        world.brake.http.after(world.brake.http.data, 429, -1);
    if (end->result == ERRAND_REFUSED)
        ck_ledger_add_refusal(NULL, &(unsigned){0}, err);
    if (end->fails)
        of(errand->person.id)->state = CK_STEP_FAILED;
    errand->later_s = world.now_s + end->in_s;
    if (end->result != ERRAND_DONE && end->result != ERRAND_LATER)
        ck_error_set(err, codes[end->result], "as was written down");
    return end->result;
}

enum errand_result errand_begin(struct errand *errand, const struct errands *theirs,
                                const struct ck_operator *by, const struct ck_ledger_person *person,
                                const struct ck_person *front,
                                const struct ck_key_settings *key_settings,
                                enum ck_ledger_kind kind, bool *ret_goes_on, struct ck_error *err)
{
    *errand = (struct errand){.all = theirs, .by = by, .person = *person, .front = front};
    assert_ptr_equal(theirs, &all);
    assert_null(key_settings);
    assert_int_equal(kind, CK_LEDGER_APPS);
    assert_int_equal(by == NULL, person->route == CK_ROUTE_PASSWORD);
    lock();
    struct somebody *who = of(person->id);
    assert_false(who->in_work); /* by another thread */
    who->in_work = true;
    if (++world.in_work > world.in_work_most)
        world.in_work_most = world.in_work;
    if (++world.visits == world.end_at)
        world.ending = 1;
    world.used_own += by != NULL && by != run.by;
    who->visits++;
    const struct end end = who->ends[who->visits - 1];
    unlock();
    *ret_goes_on = !end.at_begin;
    return end.at_begin ? end_as(errand, &end, err) : ERRAND_DONE;
}

static void meet_others(unsigned count)
{
    struct timespec end;

    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += PATIENCE_S;
    lock();
    world.met++;
    pthread_cond_broadcast(&world.changed);
    while (world.met < count)
        assert_int_equal(pthread_cond_timedwait(&world.changed, &world.lock, &end), 0);
    unlock();
}

enum errand_result errand_item(struct errand *errand, struct ck_ledger_item *item,
                               const char *serial, struct ck_error *err)
{
    struct somebody *who = of(item->person);
    const struct end *end = &who->ends[who->visits - 1];

    assert_null(serial);
    if (end->result == ERRAND_REFUSED && world.meet_refused > 0)
        meet_others(world.meet_refused);
    if (end->result == ERRAND_REFUSED || end->fails)
        return end_as(errand, end, err);
    if (world.meet > 0) {
        errand->front->tell_stage(errand->front->data, CK_STAGE_SUBMIT);
        meet_others(world.meet);
    }
    if (end->result == ERRAND_DONE) {
        lock();
        who->state = item->state = CK_STEP_PROVED;
        who->tries++;
        unlock();
    }
    return end_as(errand, end, err);
}

enum errand_result errand_finish(struct errand *errand, struct ck_error *err)
{
    (void)err;
    lock();
    of(errand->person.id)->finished++;
    unlock();
    return ERRAND_DONE;
}

void errand_clear(struct errand *errand)
{
    lock();
    of(errand->person.id)->in_work = false;
    world.in_work--;
    unlock();
}

/* --- the run --- */

static int64_t tick(void)
{
    lock();
    int64_t now_s = ++world.now_s;
    unlock();
    return now_s;
}

static enum ck_err open_operator(void *data, struct own_operator *ret_operator,
                                 struct ck_error *err)
{
    (void)data;
    lock();
    bool refused = world.opened++ < world.open_refused;
    unlock();
    if (refused)
        return ck_error_set(err, CK_ERR_REFUSED, "wrong API key");
    *ret_operator = (struct own_operator){.session = NULL};
    return CK_OK;
}

static void tell_progress(void *data, const struct unattended_progress *progress)
{
    assert_ptr_equal(data, &world);
    assert_int_equal(progress->done, world.progress.done + 1);
    assert_true(progress->done <= progress->count);
    world.progress = *progress;
}

static void tell_news(void *data, enum unattended_news news, int64_t number,
                      const struct ck_error *why)
{
    assert_ptr_equal(data, &world);
    assert_int_equal(why != NULL, news == UNATTENDED_AWAY);
    assert_int_equal(number > 0, news != UNATTENDED_BACK);
    world.news[news]++;
    if (news == UNATTENDED_LATE && world.end_when_late)
        world.ending = 1;
}

static int set_up(void **state)
{
    static const struct ck_brake_pace no_pause = {0, 0, 0};

    (void)state;
    memset(&world, 0, sizeof(world));
    pthread_mutex_init(&world.lock, NULL);
    pthread_cond_init(&world.changed, NULL);
    ck_brake_init(&world.brake, &no_pause, NULL, NULL);
    settings = (struct ck_http_settings){.now_s = tick};
    all = (struct errands){.settings = &settings};
    run = (struct unattended){
        .all = &all,
        .jobs = 1,
        .open = open_operator,
        .max_refusals = 3,
        .ending = &world.ending,
        .tell_progress = tell_progress,
        .tell_news = tell_news,
        .data = &world,
    };
    return 0;
}

static struct somebody *add_people(size_t count)
{
    struct somebody *first = &world.people[world.count];

    for (size_t i = 0; i < count; i++)
        world.people[world.count + i].person.id = (int64_t)(world.count + i + 1);
    world.count += count;
    return first;
}

static struct unattended_result go(enum ck_err wanted, enum unattended_stop stop)
{
    struct unattended_result result;
    struct ck_error err = {.code = CK_OK};

    assert_int_equal(unattended_run(&run, &result, &err), wanted);
    assert_int_equal(err.code, wanted);
    assert_int_equal(result.stop, stop);
    assert_int_equal(world.in_work, 0);
    return result;
}

static size_t count_visited(void)
{
    size_t visited = 0;

    for (size_t i = 0; i < world.count; i++)
        visited += world.people[i].visits > 0;
    return visited;
}

/* --- tests --- */

static void test_everybody_once(void **state)
{
    static const unsigned jobs[] = {1, 4, UNATTENDED_JOBS_MAX};

    for (size_t i = 0; i < sizeof(jobs) / sizeof(*jobs); i++) {
        set_up(state);
        add_people(PEOPLE_MAX);
        run.jobs = jobs[i];
        run.max_refusals = 100;
        struct unattended_result result = go(CK_OK, UNATTENDED_DONE);
        for (size_t j = 0; j < PEOPLE_MAX; j++) {
            assert_int_equal(world.people[j].visits, 1);
            assert_int_equal(world.people[j].finished, 1);
        }
        assert_int_equal(result.progress.done, PEOPLE_MAX);
        assert_int_equal(result.progress.count, PEOPLE_MAX);
        assert_int_equal(result.progress.failed, 0);
        assert_int_equal(result.items, PEOPLE_MAX);
        assert_true(result.changed);
    }
}

static void test_nobody_is_left(void **state)
{
    (void)state;
    add_people(3);
    for (int i = 0; i < 3; i++)
        world.people[i].state = CK_STEP_PROVED;
    struct unattended_result result = go(CK_OK, UNATTENDED_DONE);
    assert_int_equal(count_visited(), 0);
    assert_false(result.changed);
}

static void test_refusals_are_bounded_over_all_threads(void **state)
{
    (void)state;
    add_people(32);
    for (int i = 0; i < 32; i++)
        world.people[i].ends[0] = (struct end){.result = ERRAND_REFUSED, .fails = true};
    run.jobs = 8;
    world.meet_refused = 3; /* so many at a time are wanted, too */
    struct unattended_result result = go(CK_ERR_REFUSED, UNATTENDED_REFUSALS);
    assert_int_equal(world.refusals, 3);
    assert_int_equal(count_visited(), 3);
    assert_true(world.in_work_most <= 3);
    assert_int_equal(result.progress.failed, 3);
}

static void test_refusals_of_earlier_runs_count(void **state)
{
    (void)state;
    add_people(8);
    for (int i = 0; i < 8; i++)
        world.people[i].ends[0] = (struct end){.result = ERRAND_REFUSED, .fails = true};
    world.refusals = 2;
    run.jobs = 4;
    go(CK_ERR_REFUSED, UNATTENDED_REFUSALS);
    assert_int_equal(world.refusals, 3);
    assert_int_equal(count_visited(), 1);

    set_up(state);
    add_people(8);
    world.refusals = 3;
    struct unattended_result result;
    struct ck_error err;
    assert_int_equal(unattended_run(&run, &result, &err), CK_ERR_REFUSED);
    assert_int_equal(count_visited(), 0);
}

static void test_fewer_refusals_stop_nothing(void **state)
{
    (void)state;
    add_people(8);
    world.people[2].ends[0] = world.people[5].ends[0] =
        (struct end){.result = ERRAND_REFUSED, .fails = true};
    struct unattended_result result = go(CK_OK, UNATTENDED_DONE);
    assert_int_equal(result.progress.failed, 2);
    assert_int_equal(result.items, 6);
}

/* With one refusal left only one may be at its login, but all may be past it. */
static void test_threads_past_their_logins_are_no_risk(void **state)
{
    (void)state;
    add_people(8);
    run.jobs = 4;
    run.max_refusals = 1;
    world.meet = 4;
    go(CK_OK, UNATTENDED_DONE);
    assert_true(world.in_work_most >= 4);
}

static void test_server_that_goes_away(void **state)
{
    (void)state;
    add_people(8);
    for (int i = 2; i < 8; i++)
        world.people[i].ends[0] = (struct end){.result = ERRAND_NETWORK, .at_begin = i % 2 == 0};
    struct unattended_result result = go(CK_ERR_UNREACHABLE, UNATTENDED_SERVER_AWAY);
    assert_int_equal(count_visited(), 2 + UNATTENDED_AWAY_AFTER);
    assert_int_equal(result.progress.done, 2);
    assert_int_equal(result.progress.failed, 0); /* they are as they were */
    assert_int_equal(world.probes, 0);
}

static void test_trouble_with_answers_between(void **state)
{
    (void)state;
    add_people(9);
    for (int i = 0; i < 9; i++) {
        if (i % 3 != 2)
            world.people[i].ends[0] = (struct end){.result = ERRAND_NETWORK};
    }
    struct unattended_result result = go(CK_OK, UNATTENDED_DONE);
    assert_int_equal(result.progress.done, 9);
    assert_int_equal(world.people[0].visits, 2);
    assert_int_equal(world.people[2].visits, 1);
}

static void test_server_that_comes_back(void **state)
{
    (void)state;
    add_people(4);
    for (int i = 0; i < 4; i++)
        world.people[i].ends[0] = (struct end){.result = ERRAND_NETWORK};
    run.jobs = 3;
    run.wait_s = 60;
    world.probe_fails = 1;
    struct unattended_result result = go(CK_OK, UNATTENDED_DONE);
    assert_int_equal(world.probes, 2);
    assert_int_equal(world.news[UNATTENDED_AWAY], 1);
    assert_int_equal(world.news[UNATTENDED_BACK], 1);
    assert_int_equal(result.progress.done, 4);
}

static void test_server_that_stays_away(void **state)
{
    (void)state;
    add_people(4);
    for (int i = 0; i < 4; i++)
        world.people[i].ends[0] = (struct end){.result = ERRAND_NETWORK};
    run.wait_s = 1;
    world.probe_fails = 100;
    go(CK_ERR_UNREACHABLE, UNATTENDED_SERVER_AWAY);
    assert_int_equal(world.probes, 1);
    assert_int_equal(world.news[UNATTENDED_BACK], 0);
}

static void test_busy_server_is_not_away(void **state)
{
    (void)state;
    add_people(6);
    for (int i = 0; i < 6; i++)
        world.people[i].ends[0] = (struct end){.result = ERRAND_NETWORK, .busy = true};
    struct unattended_result result = go(CK_OK, UNATTENDED_DONE);
    assert_int_equal(result.progress.done, 6);
    assert_int_equal(result.progress.failed, 0);
}

static void test_server_that_stays_busy(void **state)
{
    (void)state;
    add_people(UNATTENDED_BUSY_MAX + 2);
    for (int i = 0; i < UNATTENDED_BUSY_MAX + 2; i++) {
        for (int j = 0; j < ENDS_MAX; j++)
            world.people[i].ends[j] = (struct end){.result = ERRAND_NETWORK, .busy = true};
    }
    go(CK_ERR_UNREACHABLE, UNATTENDED_SERVER_AWAY);
    assert_int_equal(count_visited(), UNATTENDED_BUSY_MAX);
}

static void test_failures_of_a_busy_server_are_tried_again(void **state)
{
    (void)state;
    add_people(2);
    world.people[0].ends[0] = (struct end){.fails = true, .busy = true};
    world.people[1].ends[0] = (struct end){.fails = true};
    struct unattended_result result = go(CK_OK, UNATTENDED_DONE);
    assert_int_equal(world.people[0].retried, 1);
    assert_int_equal(world.people[0].visits, 2);
    assert_int_equal(world.people[0].state, CK_STEP_PROVED);
    assert_int_equal(world.people[1].retried, 0);
    assert_int_equal(world.people[1].visits, 1);
    assert_int_equal(world.people[1].state, CK_STEP_FAILED);
    assert_int_equal(result.progress.failed, 1);
}

/* One account that never gets through does not hold up the others, and not this run for ever. */
static void test_tries_are_bounded(void **state)
{
    static const struct end ends[] = {{.fails = true, .busy = true},
                                      {.result = ERRAND_NETWORK, .busy = true}};

    for (size_t which = 0; which < 2; which++) {
        set_up(state);
        struct somebody *first = add_people(2);
        for (int i = 0; i < ENDS_MAX; i++)
            first->ends[i] = ends[which];
        struct unattended_result result = go(CK_OK, UNATTENDED_DONE);
        assert_int_equal(first->visits, UNATTENDED_TRIES_MAX);
        assert_int_equal(result.items, 1);
        assert_int_equal(result.given_up + result.progress.failed, 1);
    }
}

static void test_late_ones_are_looked_at_again(void **state)
{
    (void)state;
    add_people(3);
    world.people[1].ends[0] = (struct end){.result = ERRAND_LATER, .in_s = 20};
    run.jobs = 2;
    struct unattended_result result = go(CK_OK, UNATTENDED_DONE);
    assert_int_equal(world.people[1].visits, 2);
    assert_int_equal(world.people[1].finished, 1);
    assert_int_equal(world.news[UNATTENDED_LATE], 1);
    assert_int_equal(result.progress.done, 3);
}

static void test_interruption_lets_those_in_work_finish(void **state)
{
    (void)state;
    add_people(8);
    world.end_at = 2;
    struct unattended_result result = go(CK_ERR_INTERRUPTED, UNATTENDED_INTERRUPTED);
    assert_int_equal(count_visited(), 2);
    assert_int_equal(world.people[1].finished, 1);
    assert_int_equal(result.progress.done, 2);
    assert_true(result.changed);
}

static void test_interruption_before_anybody(void **state)
{
    (void)state;
    add_people(8);
    world.ending = 1;
    run.jobs = 4;
    struct unattended_result result = go(CK_ERR_INTERRUPTED, UNATTENDED_INTERRUPTED);
    assert_int_equal(count_visited(), 0);
    assert_false(result.changed);
}

static void test_interruption_while_waiting(void **state)
{
    (void)state;
    add_people(1);
    world.people[0].ends[0] = (struct end){.result = ERRAND_LATER, .in_s = 1000000};
    world.end_when_late = true;
    run.jobs = 3;
    go(CK_ERR_INTERRUPTED, UNATTENDED_INTERRUPTED);
    assert_int_equal(world.people[0].visits, 1);
    assert_int_equal(world.news[UNATTENDED_ENDING], 0);
}

static void test_insisting_breaks_off(void **state)
{
    (void)state;
    add_people(4);
    world.people[1].ends[0] = (struct end){.result = ERRAND_INTERRUPTED};
    struct unattended_result result = go(CK_ERR_INTERRUPTED, UNATTENDED_INTERRUPTED);
    assert_int_equal(count_visited(), 2);
    assert_int_equal(result.progress.done, 1);
}

static void test_what_is_broken_ends_all(void **state)
{
    (void)state;
    add_people(8);
    world.people[3].ends[0] = (struct end){.result = ERRAND_BROKEN};
    go(CK_ERR_UNCHANGED, UNATTENDED_BROKEN);
    assert_int_equal(count_visited(), 4);

    set_up(state);
    add_people(8);
    world.ledger_fails = true;
    go(CK_ERR_UNCHANGED, UNATTENDED_BROKEN);
    assert_int_equal(count_visited(), 0);
}

static void reset_passwords(void)
{
    for (size_t i = 0; i < world.count; i++)
        world.people[i].person.route = CK_ROUTE_RESET_PASSWORD;
}

static void test_each_thread_has_an_operator_of_its_own(void **state)
{
    const struct ck_operator given = {.settings = &settings};

    (void)state;
    add_people(16);
    reset_passwords();
    run.by = &given;
    go(CK_OK, UNATTENDED_DONE);
    assert_int_equal(world.opened, 0);

    set_up(state);
    add_people(16);
    reset_passwords();
    run.by = &given;
    run.jobs = run.max_refusals = world.meet = 4;
    go(CK_OK, UNATTENDED_DONE);
    assert_int_equal(world.opened, 3);
    assert_in_range(world.used_own, 3, 15);
}

static void test_wrong_api_key_counts(void **state)
{
    (void)state;
    add_people(16);
    reset_passwords();
    world.open_refused = 100;
    run.jobs = 8;
    struct unattended_result result = go(CK_ERR_REFUSED, UNATTENDED_REFUSALS);
    assert_int_equal(world.opened, 3);
    assert_int_equal(world.refusals, 3);
    assert_int_equal(count_visited(), 0);
    assert_int_equal(result.given_up, 3);
    assert_false(result.changed);
}

/* A session may have ended with the server. */
static void test_sessions_are_opened_again_after_trouble(void **state)
{
    static char session;
    const struct ck_operator given = {.settings = &settings,
                                      .session = (struct ck_session *)&session};

    (void)state;
    add_people(4);
    reset_passwords();
    world.people[1].ends[0] = (struct end){.result = ERRAND_NETWORK};
    run.by = &given;
    go(CK_OK, UNATTENDED_DONE);
    assert_int_equal(world.opened, 1);
    assert_int_equal(world.used_own, 3);

    set_up(state); /* the only one there is */
    add_people(4);
    reset_passwords();
    world.people[1].ends[0] = (struct end){.result = ERRAND_NETWORK};
    run.by = &given;
    run.open = NULL;
    go(CK_OK, UNATTENDED_DONE);
    assert_int_equal(world.used_own, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_everybody_once, set_up),
        cmocka_unit_test_setup(test_nobody_is_left, set_up),
        cmocka_unit_test_setup(test_refusals_are_bounded_over_all_threads, set_up),
        cmocka_unit_test_setup(test_refusals_of_earlier_runs_count, set_up),
        cmocka_unit_test_setup(test_fewer_refusals_stop_nothing, set_up),
        cmocka_unit_test_setup(test_threads_past_their_logins_are_no_risk, set_up),
        cmocka_unit_test_setup(test_server_that_goes_away, set_up),
        cmocka_unit_test_setup(test_trouble_with_answers_between, set_up),
        cmocka_unit_test_setup(test_server_that_comes_back, set_up),
        cmocka_unit_test_setup(test_server_that_stays_away, set_up),
        cmocka_unit_test_setup(test_busy_server_is_not_away, set_up),
        cmocka_unit_test_setup(test_server_that_stays_busy, set_up),
        cmocka_unit_test_setup(test_failures_of_a_busy_server_are_tried_again, set_up),
        cmocka_unit_test_setup(test_tries_are_bounded, set_up),
        cmocka_unit_test_setup(test_late_ones_are_looked_at_again, set_up),
        cmocka_unit_test_setup(test_interruption_lets_those_in_work_finish, set_up),
        cmocka_unit_test_setup(test_interruption_before_anybody, set_up),
        cmocka_unit_test_setup(test_interruption_while_waiting, set_up),
        cmocka_unit_test_setup(test_insisting_breaks_off, set_up),
        cmocka_unit_test_setup(test_what_is_broken_ends_all, set_up),
        cmocka_unit_test_setup(test_each_thread_has_an_operator_of_its_own, set_up),
        cmocka_unit_test_setup(test_wrong_api_key_counts, set_up),
        cmocka_unit_test_setup(test_sessions_are_opened_again_after_trouble, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
