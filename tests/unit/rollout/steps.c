/* The tables of steps, against what is written here from the outside. */
#include "cowkey/rollout/steps.h"

#include <stdio.h>

#include "tests/unit/base/expect.h"

/* Rows: states; columns: prepare submit list accept fail lose miss skip retry undo gone. */
static const char *const expected[CK_STEP_STATES] = {
    [CK_STEP_PLANNED] = "prepared - - - failed - - skipped - - -",
    [CK_STEP_PREPARED] = "prepared submitted - - failed - - skipped - - -",
    [CK_STEP_SUBMITTED] = "- - recorded proved failed unknown prepared - - - -",
    [CK_STEP_RECORDED] = "- - recorded proved failed unknown failed - - undoing -",
    [CK_STEP_PROVED] = "- - - - - - - - - undoing -",
    [CK_STEP_FAILED] = "- - - - - - - - planned - -",
    [CK_STEP_UNKNOWN] = "- - recorded proved - - failed - submitted - -",
    [CK_STEP_SKIPPED] = "- - - - - - - - planned - -",
    [CK_STEP_UNDOING] = "- - recorded - - unknown - - - - planned",
};
static const char *const event_names[CK_STEP_EVENTS] = {
    "prepare", "submit", "list", "accept", "fail", "lose", "miss", "skip", "retry", "undo", "gone",
};
static const char *const state_names[CK_STEP_STATES] = {
    "planned", "prepared", "submitted", "recorded", "proved",
    "failed",  "unknown",  "skipped",   "undoing",
};

static void test_every_state_and_event(void **state)
{
    (void)state;
    for (int from = 0; from < CK_STEP_STATES; from++) {
        char row[128], *rest = NULL;
        snprintf(row, sizeof(row), "%s", expected[from]);
        const char *word = strtok_r(row, " ", &rest);
        for (int event = 0; event < CK_STEP_EVENTS; event++, word = strtok_r(NULL, " ", &rest)) {
            enum ck_step_state to = CK_STEP_STATES;
            bool may = ck_step_next((enum ck_step_state)from, (enum ck_step_event)event, &to);
            assert_non_null(word);
            assert_string_equal(may ? ck_step_state_name(to) : "-", word);
            assert_true(may || to == CK_STEP_STATES);
        }
        assert_null(word);
    }
}

static void test_what_is_no_state_or_event(void **state)
{
    enum ck_step_state to = CK_STEP_PROVED;

    (void)state;
    assert_false(ck_step_next(CK_STEP_STATES, CK_STEP_PREPARE, &to));
    assert_false(ck_step_next((enum ck_step_state) - 1, CK_STEP_PREPARE, &to));
    assert_false(ck_step_next(CK_STEP_PLANNED, CK_STEP_EVENTS, &to));
    assert_false(ck_step_next(CK_STEP_PLANNED, (enum ck_step_event) - 1, &to));
    assert_int_equal(to, CK_STEP_PROVED);
    assert_int_equal(ck_step_action(CK_STEP_STATES), CK_STEP_DO_NOTHING);
    assert_null(ck_step_state_name(CK_STEP_STATES));
    assert_null(ck_step_event_name(CK_STEP_EVENTS));
    assert_null(ck_password_state_name(CK_PASSWORD_STATES));
    assert_null(ck_key_pin_state_name(CK_KEY_PIN_STATES));
}

static void test_names(void **state)
{
    enum ck_step_state parsed = CK_STEP_STATES;

    (void)state;
    for (int i = 0; i < CK_STEP_STATES; i++) {
        assert_string_equal(ck_step_state_name((enum ck_step_state)i), state_names[i]);
        assert_true(ck_step_state_parse(state_names[i], &parsed));
        assert_int_equal(parsed, i);
    }
    for (int i = 0; i < CK_STEP_EVENTS; i++)
        assert_string_equal(ck_step_event_name((enum ck_step_event)i), event_names[i]);
    assert_false(ck_step_state_parse("", &parsed));
    assert_false(ck_step_state_parse("Planned", &parsed));
    assert_false(ck_step_state_parse("planned ", &parsed));
    assert_int_equal(parsed, CK_STEP_UNDOING);
}

static void test_actions(void **state)
{
    static const enum ck_step_action actions[CK_STEP_STATES] = {
        CK_STEP_DO_ENROLL,  CK_STEP_DO_ENROLL,  CK_STEP_DO_LOOK,
        CK_STEP_DO_PROVE,   CK_STEP_DO_NOTHING, CK_STEP_DO_NOTHING,
        CK_STEP_DO_NOTHING, CK_STEP_DO_NOTHING, CK_STEP_DO_REMOVE,
    };

    (void)state;
    for (int i = 0; i < CK_STEP_STATES; i++)
        assert_int_equal(ck_step_action((enum ck_step_state)i), actions[i]);
}

/* What a look or another try finds again; never what a look begins with. */
static void test_what_may_wait(void **state)
{
    (void)state;
    for (int i = 0; i < CK_STEP_EVENTS; i++) {
        enum ck_step_event event = (enum ck_step_event)i;
        assert_int_equal(ck_step_may_wait(event, true),
                         event == CK_STEP_PREPARE || event == CK_STEP_LIST);
        assert_int_equal(ck_step_may_wait(event, false), event == CK_STEP_PREPARE);
    }
}

static void test_what_is_left_and_what_is_there(void **state)
{
    /* Planned to undoing; l: left, p: left where a proof is wanted, t: there. */
    static const char *const expected_of[CK_STEP_STATES] = {"l", "l", "l", "pt", "t",
                                                            "",  "",  "",  "l"};

    (void)state;
    for (int i = 0; i < CK_STEP_STATES; i++) {
        enum ck_step_state of = (enum ck_step_state)i;
        bool left = strchr(expected_of[i], 'l') != NULL;
        assert_int_equal(ck_step_is_left(of, false), left);
        assert_int_equal(ck_step_is_left(of, true), left || strchr(expected_of[i], 'p') != NULL);
        assert_int_equal(ck_step_is_there(of), strchr(expected_of[i], 't') != NULL);
    }
    assert_false(ck_step_is_left(CK_STEP_STATES, true));
    assert_false(ck_step_is_there(CK_STEP_STATES));
}

/* Which states can be come to from one, the one itself too. */
static unsigned reach(enum ck_step_state from)
{
    unsigned reached = 1U << from, before;

    do {
        before = reached;
        for (int i = 0; i < CK_STEP_STATES; i++) {
            for (int event = 0; event < CK_STEP_EVENTS; event++) {
                enum ck_step_state to;
                if ((before & 1U << i) != 0 &&
                    ck_step_next((enum ck_step_state)i, (enum ck_step_event)event, &to))
                    reached |= 1U << to;
            }
        }
    } while (reached != before);
    return reached;
}

static void test_every_state_can_be_reached_and_left_for_proof(void **state)
{
    (void)state;
    assert_int_equal(reach(CK_STEP_PLANNED), (1U << CK_STEP_STATES) - 1);
    for (int i = 0; i < CK_STEP_STATES; i++)
        assert_true((reach((enum ck_step_state)i) & 1U << CK_STEP_PROVED) != 0);
}

/* --- what the states promise --- */

/* Of an account that the server may have told something, nobody says that it has nothing. */
static void test_nothing_is_posted_twice(void **state)
{
    (void)state;
    for (int i = 0; i < CK_STEP_STATES; i++) {
        enum ck_step_state to;
        bool may = ck_step_next((enum ck_step_state)i, CK_STEP_SUBMIT, &to);
        assert_int_equal(may, i == CK_STEP_PREPARED);
    }
    static const enum ck_step_state in_flight[] = {
        CK_STEP_SUBMITTED, CK_STEP_RECORDED, CK_STEP_PROVED, CK_STEP_UNKNOWN, CK_STEP_UNDOING};
    for (size_t i = 0; i < sizeof(in_flight) / sizeof(*in_flight); i++) {
        enum ck_step_state to = CK_STEP_STATES;
        assert_false(ck_step_next(in_flight[i], CK_STEP_SKIP, &to));
        assert_false(ck_step_next(in_flight[i], CK_STEP_PREPARE, &to));
        if (ck_step_next(in_flight[i], CK_STEP_RETRY, &to))
            assert_int_equal(ck_step_action(to), CK_STEP_DO_LOOK);
    }
}

static void test_passwords(void **state)
{
    static const bool may[CK_PASSWORD_STATES][CK_PASSWORD_STATES] = {
        /* to: kept, handed out, in force, to change, unforced */
        {false, true, false, false, false}, {false, false, true, false, false},
        {false, false, false, true, true},  {false, true, false, false, false},
        {false, true, false, false, false},
    };
    static const char *const names[] = {"kept", "handed-out", "in-force", "to-change",
                                        "not-forced"};

    (void)state;
    for (int from = 0; from < CK_PASSWORD_STATES; from++) {
        assert_string_equal(ck_password_state_name((enum ck_password_state)from), names[from]);
        for (int to = 0; to < CK_PASSWORD_STATES; to++)
            assert_int_equal(
                ck_password_may_become((enum ck_password_state)from, (enum ck_password_state)to),
                may[from][to]);
    }
    assert_false(ck_password_may_become(CK_PASSWORD_STATES, CK_PASSWORD_HANDED_OUT));
    assert_false(ck_password_may_become(CK_PASSWORD_KEPT, CK_PASSWORD_STATES));
}

static void test_pins(void **state)
{
    static const bool may[CK_KEY_PIN_STATES][CK_KEY_PIN_STATES] = {
        /* to: its own, handed out, set, to change, unforced */
        {false, true, false, false, false}, {true, false, true, false, false},
        {true, false, false, true, true},   {true, false, false, false, false},
        {true, false, false, false, false},
    };
    static const char *const names[] = {"its-own", "handed-out", "set", "to-change", "not-forced"};

    (void)state;
    for (int from = 0; from < CK_KEY_PIN_STATES; from++) {
        assert_string_equal(ck_key_pin_state_name((enum ck_key_pin_state)from), names[from]);
        for (int to = 0; to < CK_KEY_PIN_STATES; to++)
            assert_int_equal(
                ck_key_pin_may_become((enum ck_key_pin_state)from, (enum ck_key_pin_state)to),
                may[from][to]);
    }
    assert_false(ck_key_pin_may_become(CK_KEY_PIN_STATES, CK_KEY_PIN_ITS_OWN));
    assert_false(ck_key_pin_may_become(CK_KEY_PIN_SET, CK_KEY_PIN_STATES));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_state_and_event),
        cmocka_unit_test(test_what_is_no_state_or_event),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_actions),
        cmocka_unit_test(test_what_may_wait),
        cmocka_unit_test(test_what_is_left_and_what_is_there),
        cmocka_unit_test(test_every_state_can_be_reached_and_left_for_proof),
        cmocka_unit_test(test_nothing_is_posted_twice),
        cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_pins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
