/* Which key is next, of a ledger of a few rows. */
#include "src/rollout/desk_queue.h"

#include <stdlib.h>

#include "tests/unit/base/expect.h"

enum { ROWS_MAX = 16 };

static struct ck_ledger_item rows[ROWS_MAX];
static struct ck_ledger_key keys[ROWS_MAX];
static size_t rows_count, keys_count;
static struct ck_policy_group group;
static struct ck_policy policy = {.groups = &group, .count = 1};
static struct desk_queue queue;

/* --- the ledger --- */

static struct ck_ledger_key *find_key(int64_t person, unsigned n)
{
    for (size_t i = 0; i < keys_count; i++) {
        if (keys[i].person == person && keys[i].n == n)
            return &keys[i];
    }
    return NULL;
}

enum ck_err ck_ledger_person(struct ck_ledger *ledger, int64_t id,
                             struct ck_ledger_person *ret_person, struct ck_error *err)
{
    (void)ledger, (void)err;
    *ret_person = (struct ck_ledger_person){.id = id, .group = "default"};
    return CK_OK;
}

enum ck_err ck_ledger_items(struct ck_ledger *ledger, int64_t person,
                            struct ck_ledger_item **ret_items, size_t *ret_count,
                            struct ck_error *err)
{
    struct ck_ledger_item *items = calloc(ROWS_MAX, sizeof(*items));
    size_t count = 0;

    (void)ledger, (void)err;
    for (size_t i = 0; i < rows_count; i++) {
        if (rows[i].person == person)
            items[count++] = rows[i];
    }
    *ret_items = items;
    *ret_count = count;
    return CK_OK;
}

enum ck_err ck_ledger_key(struct ck_ledger *ledger, int64_t person, unsigned n,
                          struct ck_ledger_key *ret_key, struct ck_error *err)
{
    const struct ck_ledger_key *found = find_key(person, n);

    (void)ledger, (void)err;
    *ret_key = found != NULL ? *found : (struct ck_ledger_key){.person = person, .n = n};
    return CK_OK;
}

enum ck_err ck_ledger_walk(struct ck_ledger *ledger, ck_ledger_visitor *visitor, void *data,
                           struct ck_error *err)
{
    struct ck_ledger_person person;
    enum ck_err r = CK_OK;

    for (size_t i = 0; r == CK_OK && i < rows_count; i++) {
        ck_ledger_person(ledger, rows[i].person, &person, err);
        r = visitor(data, &person, &rows[i], find_key(rows[i].person, rows[i].n), err);
    }
    return r;
}

/* --- what is in it --- */

static void add(int64_t person, enum ck_rollout_method method, unsigned n, enum ck_step_state state)
{
    rows[rows_count++] = (struct ck_ledger_item){
        .person = person, .method = method, .n = n, .state = state, .wants_proof = true};
}

static int set_up(void **state)
{
    (void)state;
    group = (struct ck_policy_group){.name = "default"};
    rows_count = keys_count = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    desk_queue_clear(&queue);
    return 0;
}

static void fill(void)
{
    struct ck_error err;

    assert_int_equal(desk_queue_fill(&queue, NULL, &policy, &err), CK_OK);
}

static void refresh(int64_t person)
{
    struct ck_error err;

    assert_int_equal(desk_queue_refresh(&queue, NULL, &policy, person, &err), CK_OK);
}

static void expect_next(int64_t person, unsigned n)
{
    const struct desk_unit *next = desk_queue_next(&queue);

    assert_non_null(next);
    assert_int_equal(next->person, person);
    assert_int_equal(next->n, n);
}

static void expect_left(size_t people, size_t count)
{
    struct desk_left left = desk_queue_left(&queue);

    assert_int_equal(left.people, people);
    assert_int_equal(left.keys, count);
}

/* --- tests --- */

static void test_empty(void **state)
{
    (void)state;
    add(1, CK_ROLLOUT_TOTP, 0, CK_STEP_PLANNED);
    fill();
    assert_null(desk_queue_next(&queue));
    expect_left(0, 0);
}

/* A plan has the keys by method, the desk takes them one after the other. */
static void test_by_person_and_key(void **state)
{
    (void)state;
    add(1, CK_ROLLOUT_WEBAUTHN, 1, CK_STEP_PLANNED);
    add(1, CK_ROLLOUT_WEBAUTHN, 2, CK_STEP_PLANNED);
    add(1, CK_ROLLOUT_PASSKEY, 1, CK_STEP_PLANNED);
    add(1, CK_ROLLOUT_PASSKEY, 2, CK_STEP_PLANNED);
    add(2, CK_ROLLOUT_PASSKEY, 1, CK_STEP_PLANNED);
    fill();
    assert_int_equal(queue.count, 3);
    assert_int_equal(desk_queue_keys(&queue, 1), 2);
    assert_int_equal(desk_queue_keys(&queue, 2), 1);
    expect_left(2, 3);
    expect_next(1, 1);
    rows[0].state = CK_STEP_PROVED;
    refresh(1);
    expect_next(1, 1); /* its passkey is left */
    rows[2].state = CK_STEP_PROVED;
    refresh(1);
    expect_next(1, 2);
    expect_left(2, 2);
    rows[1].state = rows[3].state = CK_STEP_FAILED;
    refresh(1);
    expect_next(2, 1);
    expect_left(1, 1);
}

static void test_passed_over(void **state)
{
    (void)state;
    add(1, CK_ROLLOUT_WEBAUTHN, 1, CK_STEP_SUBMITTED);
    add(2, CK_ROLLOUT_WEBAUTHN, 1, CK_STEP_PLANNED);
    fill();
    desk_queue_find(&queue, 1, 1)->passed = true;
    expect_next(2, 1);
    expect_left(1, 1);
    refresh(1);
    expect_next(2, 1);
    assert_null(desk_queue_find(&queue, 3, 1));
}

/* What was undone comes again, before those behind it. */
static void test_undone(void **state)
{
    (void)state;
    add(1, CK_ROLLOUT_WEBAUTHN, 1, CK_STEP_PROVED);
    add(2, CK_ROLLOUT_WEBAUTHN, 1, CK_STEP_PLANNED);
    fill();
    expect_next(2, 1);
    rows[0].state = CK_STEP_PLANNED;
    refresh(1);
    expect_next(1, 1);
}

static void test_recorded(void **state)
{
    (void)state;
    add(1, CK_ROLLOUT_WEBAUTHN, 1, CK_STEP_RECORDED);
    fill();
    expect_next(1, 1);
    rows[0].wants_proof = false;
    refresh(1);
    assert_null(desk_queue_next(&queue));
}

/* A run that was killed between the last proof and the last step of the key. */
static void test_a_pin_that_is_not_forced_yet(void **state)
{
    (void)state;
    add(1, CK_ROLLOUT_WEBAUTHN, 1, CK_STEP_PROVED);
    keys[keys_count++] = (struct ck_ledger_key){.person = 1, .n = 1, .pin = CK_KEY_PIN_SET};
    group.pin = CK_PIN_RANDOM;
    group.pin_change = true;
    fill();
    expect_next(1, 1);
    keys[0].pin = CK_KEY_PIN_TO_CHANGE;
    refresh(1);
    assert_null(desk_queue_next(&queue));
    keys[0].pin = CK_KEY_PIN_SET;
    group.pin_change = false;
    refresh(1);
    assert_null(desk_queue_next(&queue));
    group.pin_change = true;
    rows[0].state = CK_STEP_FAILED; /* nothing is on it */
    refresh(1);
    assert_null(desk_queue_next(&queue));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_by_person_and_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_passed_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_undone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_recorded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_pin_that_is_not_forced_yet, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("desk_queue", tests, NULL, NULL);
}
