/* Whose plan a ledger is of, and how another one is taken over. */
#include "ledger_sample.h"
#include "src/rollout/plan_store.h"

static struct ck_ledger *take(const char *rows, const char *policy, enum ck_ledger_plan_rule rule,
                              size_t kept_expected)
{
    struct ck_ledger *ledger = NULL;
    size_t kept = 77;
    struct ck_error err;

    if (open_as(LEDGER, rows, policy, SERVER, rule, &ledger, &kept, &err) != CK_OK)
        fail_msg("%s", err.text);
    assert_int_equal(kept, kept_expected);
    return ledger;
}

/* What another open of it finds. */
static void expect_items(const char *expected)
{
    expect_sql(LEDGER,
               "SELECT group_concat(text, ' ') FROM (SELECT person.name || ':' || n || ':' ||"
               " pattern || ':' || state || iif(gone, ':gone', '') AS text"
               " FROM item JOIN person ON person.id = person ORDER BY item.id)",
               expected);
}

static void make(const char *rows, const char *policy)
{
    struct ck_ledger *ledger = take(rows, policy, CK_LEDGER_SAME_PLAN, 0);

    ck_ledger_close(&ledger);
}

/* --- which plan it is --- */

/*
 * Ledgers that are there are recognised by this for ever: the SHA-256 of that of the server and,
 * sorted, those of the factors' lines "mailbox, anna@b.test, totp, 0, app, password, 2, anna,
 * default", here from another program.
 */
static void test_identity(void **state)
{
    enum { MANY = 50000 }; /* more than are held at a time */
    CK_CLEANUP(ck_free_p) char *rows = malloc(MANY * 64);
    size_t used = 0;

    (void)state;
    make(ROWS, POLICY);
    expect_sql(LEDGER, "SELECT hex(plan) FROM rollout",
               "B32883742E4B80B73357CD470907F4F1172954BAAD5090C3FD36CFE7BC992DD9");
    unlink(LEDGER);
    for (int i = MANY; i-- > 0;)
        used += (size_t)snprintf(rows + used, 64, "m%d@b.test,,totp,app,reset-password,,\n", i);
    make(rows, "");
    expect_sql(LEDGER, "SELECT hex(plan) FROM rollout",
               "2B68A3B88EEECEDCD71450F13D4F45E2CD967630737D87714B4CE57F480E1810");
}

/* A server may tell the names when the plan was taken already. */
static void test_names_come_later(void **state)
{
    CK_CLEANUP(sample_clear) struct sample sample;
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample(), *beside = NULL;
    struct ck_error err;

    (void)state;
    sample_read(&sample, ROWS, POLICY);
    assert_int_equal(plan_store_set_display_name(sample.plan.store, 1, "Somebody", &err), CK_OK);
    assert_int_equal(plan_store_set_display_name(sample.plan.store, 1, "Bob B.", &err), CK_OK);
    assert_int_equal(plan_store_set_display_name(sample.plan.store, 1, "", &err), CK_OK);
    assert_int_equal(ck_ledger_note_names(ledger, &sample.plan, &err), CK_OK);
    assert_int_equal(ck_ledger_open_to_read(LEDGER, &beside, &err), CK_OK);
    assert_int_equal(ck_ledger_note_names(beside, &sample.plan, &err), CK_ERR_UNCHANGED);
    ck_ledger_close(&beside);
    expect_sql(LEDGER,
               "SELECT group_concat(name || ':' || ifnull(display_name, '-'), ' ') FROM"
               " (SELECT * FROM person ORDER BY id)",
               "anna@b.test:- bob@b.test:Bob B. carl@b.test:-");
    expect_sql(LEDGER, "SELECT changed_s FROM rollout", "0");
}

/* Who runs, as somebody else sees it. */
static void test_who_runs(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample(), *beside = NULL;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_ledger_open_to_read(LEDGER, &beside, &err), CK_OK);
    assert_int_equal(ck_ledger_runner(ledger), getpid());
    assert_int_equal(ck_ledger_runner(beside), getpid());
    ck_ledger_close(&ledger);
    assert_int_equal(ck_ledger_runner(beside), 0);
    ledger = open_sample(); /* which the look has not kept off */
    assert_int_equal(ck_ledger_runner(beside), getpid());
    assert_int_equal(truncate(LEDGER ".lock", 0), 0);
    assert_int_equal(ck_ledger_runner(beside), -1);
}

/* The row with the password may be the second, or not the account's next one. */
static void test_password_in_one_of_several_rows(void **state)
{
    static const char one_row[] = "anna@b.test,,passkey,key {n},log-in-as,,\n";

    (void)state;
    make("anna@b.test,,passkey,key {n},log-in-as,,\n"
         "bob@b.test,,totp,app,reset-password,,\n"
         "anna@b.test,,totp,app,log-in-as,secret:anna,\n"
         "bob@b.test,,totp,more,reset-password,,\n"
         "anna@b.test,,passkey,more {n},log-in-as,,\n",
         "");
    expect_sql(LEDGER,
               "SELECT group_concat(name || password_kind || ifnull(password_name, '-'), ' ')"
               " FROM (SELECT * FROM person ORDER BY id)",
               "anna@b.test2anna bob@b.test0-");
    struct ck_ledger *ledger = take(one_row, "", CK_LEDGER_NEW_PLAN, 0);
    ck_ledger_close(&ledger);
    expect_sql(LEDGER, "SELECT password_kind || ifnull(password_name, '-') FROM person", "0-");
}

/* Rows that a CR alone ends have all the same line. */
static void test_rows_of_one_line(void **state)
{
    (void)state;
    make("anna@b.test,,totp,app,reset-password,,\r"
         "bob@b.test,,passkey,key {n},reset-password,,\r"
         "bob@b.test,,totp,app,reset-password,,\r"
         "carl@b.test,,totp,app,reset-password,,\r",
         "[default]\nkeys = 2\n");
    expect_items("anna@b.test:0:app:0 bob@b.test:1:key {n}:0 bob@b.test:2:key {n}:0"
                 " bob@b.test:0:app:0 carl@b.test:0:app:0");
}

/* --- the same plan --- */

static void test_order_and_comments_do_not_matter(void **state)
{
    struct ck_ledger *ledger = open_sample();

    (void)state;
    prove(ledger, CARL_KEY);
    ck_ledger_close(&ledger);
    ledger = take("carl@b.test,,passkey,key {n},log-in-as,,quick\n"
                  ",,,,,,\n"
                  " BOB@b.test ,mailbox,passkey,key {n},reset-password,,default\n"
                  "bob@b.test,,totp,app,reset-password,,\n"
                  "anna@b.test,,totp,app,password,secret:anna,\n",
                  "[quick]\nkeys=1\n\n# proofs later\nproof = recorded\n", CK_LEDGER_SAME_PLAN, 0);
    assert_int_equal(item_of(ledger, CARL_KEY).state, CK_STEP_PROVED);
    assert_int_equal(item_of(ledger, CARL_KEY).line, 2);
    assert_int_equal(item_of(ledger, BOB_KEY_2).line, 4);
    assert_int_equal(item_of(ledger, ANNA_APP).line, 6);
    assert_int_equal(count(ledger).items, 5);
    ck_ledger_close(&ledger);
}

/* A policy may change what it asks of keys. */
static void test_what_is_asked_of_keys_may_change(void **state)
{
    struct ck_ledger *ledger = open_sample();

    (void)state;
    step(ledger, CARL_KEY, CK_STEP_PREPARE);
    step(ledger, CARL_KEY, CK_STEP_SUBMIT);
    step(ledger, CARL_KEY, CK_STEP_LIST);
    assert_int_equal(count(ledger).keys_left, 2);
    ck_ledger_close(&ledger);
    ledger = take(ROWS, "[quick]\nproof = login\nkeys = 1\npin = random\nfirmware = 5.2\n",
                  CK_LEDGER_SAME_PLAN, 0);
    assert_true(item_of(ledger, CARL_KEY).wants_proof);
    assert_int_equal(count(ledger).keys_left, 3);
    assert_int_equal(count(ledger).people_left[CK_LEDGER_KEYS], 2);
    ck_ledger_close(&ledger);
    ledger = take(ROWS, POLICY, CK_LEDGER_SAME_PLAN, 0);
    assert_int_equal(count(ledger).keys_left, 2);
    ck_ledger_close(&ledger);
}

/* --- another plan --- */

static void test_other_plans_are_refused(void **state)
{
    static const char *const rows[] = {
        ROWS "dora@b.test,,totp,app,reset-password,,\n",
        ROWS "anna@b.test,,totp,other,password,secret:anna,\n",
        "anna@b.test,,totp,app,password,secret:anna,\n",
        "anna@b.test,,totp,App,password,secret:anna,\n",
        "anna@b.test,,totp,app,password,secret:ann,\n",
        "anna@b.test,,totp,app,password,file:anna,\n",
        "anna@b.test,,totp,app,reset-password,,\n",
        "anna@b.test,,totp,app,password,secret:anna,quick\n",
        "anna@b.test,,webauthn,app,password,secret:anna,quick\n",
        "ann@b.test,,totp,app,password,secret:anna,\n",
    };
    char text[1024];

    (void)state;
    make(ROWS, POLICY);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        /* Behind the third it stands for the first row, and the rest is there. */
        const char *rest = i < 3 ? "" : strchr(ROWS, '\n') + 1;
        snprintf(text, sizeof(text), "%s%s", rows[i], rest);
        expect_refused(text, POLICY, SERVER, CK_LEDGER_SAME_PLAN, CK_ERR_UNCHANGED,
                       "of another plan");
    }
    expect_refused(ROWS, "[quick]\nkeys = 2\n", SERVER, CK_LEDGER_SAME_PLAN, CK_ERR_UNCHANGED,
                   "of another plan");
    expect_items("anna@b.test:0:app:0 bob@b.test:0:app:0 bob@b.test:1:key {n}:0 "
                 "bob@b.test:2:key {n}:0 carl@b.test:1:key {n}:0");
    make(ROWS, POLICY);
}

static void test_labels_of_groups_are_of_the_plan(void **state)
{
    (void)state;
    make("a@b.test,,totp,,reset-password,,\n", "");
    expect_refused("a@b.test,,totp,,reset-password,,\n", "[default]\nlabel = x {serial}\n", SERVER,
                   CK_LEDGER_SAME_PLAN, CK_ERR_UNCHANGED, "of another plan");
    make("a@b.test,,totp,cowkey {serial},reset-password,,\n", "");
}

static void test_another_server_is_refused(void **state)
{
    static const enum ck_ledger_plan_rule rules[] = {CK_LEDGER_SAME_PLAN, CK_LEDGER_NEW_PLAN};

    (void)state;
    make(ROWS, POLICY);
    for (size_t i = 0; i < 2; i++)
        expect_refused(ROWS, POLICY, "https://other.example.test", rules[i], CK_ERR_UNCHANGED,
                       "of another server: " SERVER ", not https://other.example.test");
    make(ROWS, POLICY);
}

/* --- taking it over --- */

static void test_rows_are_added(void **state)
{
    struct ck_ledger *ledger = open_sample();

    (void)state;
    prove(ledger, BOB_KEY_1);
    ck_ledger_close(&ledger);
    ledger = take("zoe@b.test,,totp,app,reset-password,,\n" ROWS
                  "anna@b.test,,passkey,key {n},password,secret:anna,\n",
                  POLICY, CK_LEDGER_NEW_PLAN, 0);
    struct ck_ledger_counts counts = count(ledger);
    assert_int_equal(counts.people, 4);
    assert_int_equal(counts.items, 8);
    assert_int_equal(counts.keys_left, 4);
    assert_int_equal(counts.apps_left, 3);
    assert_int_equal(item_of(ledger, BOB_KEY_1).state, CK_STEP_PROVED);
    assert_int_equal(item_of(ledger, 6).person, 4);
    assert_int_equal(item_of(ledger, 7).person, ANNA);
    ck_ledger_close(&ledger);
    /* From then on it is of this plan. */
    expect_refused(ROWS, POLICY, SERVER, CK_LEDGER_SAME_PLAN, CK_ERR_UNCHANGED, "another plan");
}

static void test_what_was_not_begun_goes(void **state)
{
    struct ck_ledger *ledger;

    (void)state;
    make(ROWS, POLICY);
    ledger = take("bob@b.test,,totp,app,reset-password,,\n", "", CK_LEDGER_NEW_PLAN, 0);
    assert_int_equal(count(ledger).people, 1);
    ck_ledger_close(&ledger);
    expect_items("bob@b.test:0:app:0");
}

static void test_what_was_begun_stays(void **state)
{
    struct ck_ledger *ledger = open_sample();
    struct ck_ledger_person person;
    struct ck_error err;

    (void)state;
    prove(ledger, CARL_KEY);
    step(ledger, BOB_KEY_1, CK_STEP_PREPARE);
    step(ledger, BOB_KEY_1, CK_STEP_SUBMIT);
    step(ledger, BOB_KEY_2, CK_STEP_PREPARE);
    step(ledger, BOB_APP, CK_STEP_FAIL);
    ck_ledger_close(&ledger);
    ledger = take("anna@b.test,,totp,app,password,secret:anna,\n", "", CK_LEDGER_NEW_PLAN, 4);
    struct ck_ledger_counts counts = count(ledger);
    assert_int_equal(counts.people, 3);
    assert_int_equal(counts.keys_left, 1); /* what is in flight is looked after */
    assert_int_equal(counts.apps_left, 1);
    assert_int_equal(item_of(ledger, BOB_KEY_2).state, CK_STEP_SKIPPED);
    expect_cause(ledger, BOB_KEY_2, CK_ERR_UNCHANGED, "not in the plan any more");
    /* Their group is not in the policy any more. */
    assert_int_equal(ck_ledger_person(ledger, CARL, &person, &err), CK_OK);
    assert_string_equal(person.group, "default");
    ck_ledger_close(&ledger);
    expect_items("anna@b.test:0:app:0 bob@b.test:0:app:5:gone bob@b.test:1:key {n}:2:gone "
                 "bob@b.test:2:key {n}:7:gone carl@b.test:1:key {n}:4:gone");
}

/* What is not in the plan any more is never begun again. */
static void test_what_is_gone_is_not_enrolled(void **state)
{
    struct ck_ledger *ledger = open_sample();
    struct ck_error err;
    size_t retried = 77;

    (void)state;
    step(ledger, BOB_KEY_1, CK_STEP_PREPARE);
    step(ledger, BOB_KEY_1, CK_STEP_SUBMIT);
    step(ledger, BOB_APP, CK_STEP_FAIL);
    prove(ledger, BOB_KEY_2);
    step(ledger, CARL_KEY, CK_STEP_PREPARE);
    step(ledger, CARL_KEY, CK_STEP_SUBMIT);
    step(ledger, CARL_KEY, CK_STEP_LOSE);
    ck_ledger_close(&ledger);
    ledger = take("anna@b.test,,totp,app,password,secret:anna,\n", "", CK_LEDGER_NEW_PLAN, 4);
    assert_int_equal(step(ledger, BOB_KEY_1, CK_STEP_MISS), CK_STEP_SKIPPED);
    assert_int_equal(step(ledger, BOB_KEY_2, CK_STEP_UNDO), CK_STEP_UNDOING);
    assert_int_equal(step(ledger, BOB_KEY_2, CK_STEP_GONE), CK_STEP_SKIPPED);
    assert_int_equal(ck_ledger_retry(ledger, &retried, &err), CK_OK);
    assert_int_equal(retried, 1);
    assert_int_equal(item_of(ledger, CARL_KEY).state, CK_STEP_SUBMITTED);
    assert_int_equal(item_of(ledger, BOB_APP).state, CK_STEP_FAILED);
    assert_int_equal(count(ledger).keys_left, 1);
    assert_int_equal(count(ledger).apps_left, 1);
    ck_ledger_close(&ledger);
}

static void test_what_comes_back(void **state)
{
    struct ck_ledger *ledger = open_sample();
    struct ck_error err;
    size_t retried = 77;

    (void)state;
    prove(ledger, BOB_KEY_1);
    step(ledger, BOB_KEY_2, CK_STEP_PREPARE);
    ck_ledger_close(&ledger);
    ledger = take("anna@b.test,,totp,app,password,secret:anna,\n", "", CK_LEDGER_NEW_PLAN, 2);
    ck_ledger_close(&ledger);
    ledger = take(ROWS, POLICY, CK_LEDGER_NEW_PLAN, 0);
    assert_int_equal(item_of(ledger, BOB_KEY_1).state, CK_STEP_PROVED);
    assert_int_equal(item_of(ledger, BOB_KEY_2).state, CK_STEP_SKIPPED);
    assert_int_equal(ck_ledger_retry(ledger, &retried, &err), CK_OK);
    assert_int_equal(retried, 1);
    assert_int_equal(count(ledger).keys_left, 2);
    ck_ledger_close(&ledger);
}

enum { NAMES_SIZE = 64 };

static enum ck_err note_name(void *data, const struct ck_ledger_person *person,
                             struct ck_error *err)
{
    char *names = data;
    size_t used = strlen(names);

    (void)err;
    snprintf(names + used, NAMES_SIZE - used, "%s ", person->account.name);
    return CK_OK;
}

static enum ck_err note_one_name(void *data, const struct ck_ledger_person *person,
                                 struct ck_error *err)
{
    note_name(data, person, err);
    return ck_error_set(err, CK_ERR_INTERRUPTED, "one is enough");
}

/* Who got a new password, a key or a sheet is not forgotten. */
static void test_people_with_something_stay(void **state)
{
    const struct ck_ledger_key key = {.person = CARL, .n = 1, .serial = "S1"};
    struct ck_ledger *ledger = open_sample();
    struct ck_ledger_person person;
    struct ck_error err;
    bool found = false;
    char names[NAMES_SIZE] = "";

    (void)state;
    assert_int_equal(ck_ledger_password(ledger, BOB, CK_PASSWORD_HANDED_OUT, &err), CK_OK);
    assert_int_equal(ck_ledger_password(ledger, BOB, CK_PASSWORD_IN_FORCE, &err), CK_OK);
    assert_int_equal(ck_ledger_put_key(ledger, &key, &err), CK_OK);
    ck_ledger_close(&ledger);
    ledger = take("dora@b.test,,totp,app,reset-password,,\n", "", CK_LEDGER_NEW_PLAN, 0);
    assert_int_equal(count(ledger).people, 3);
    assert_int_equal(ck_ledger_find_person(ledger, "anna@b.test", &person, &found, &err), CK_OK);
    assert_false(found);
    assert_int_equal(ck_ledger_next_person(ledger, CK_LEDGER_APPS, 0, &person, &found, &err),
                     CK_OK);
    assert_true(found && person.id == BOB); /* his password's change is yet to be forced */
    assert_int_equal(ck_ledger_walk_people(ledger, note_name, names, &err), CK_OK);
    assert_string_equal(names, "bob@b.test carl@b.test dora@b.test ");
    names[0] = '\0';
    assert_int_equal(ck_ledger_walk_people(ledger, note_one_name, names, &err), CK_ERR_INTERRUPTED);
    assert_string_equal(names, "bob@b.test ");
    ck_ledger_close(&ledger);
}

static void test_a_new_plan_that_is_the_old_one(void **state)
{
    struct ck_ledger *ledger = open_sample();

    (void)state;
    prove(ledger, ANNA_APP);
    ck_ledger_close(&ledger);
    ledger = take(ROWS, POLICY, CK_LEDGER_NEW_PLAN, 0);
    assert_int_equal(item_of(ledger, ANNA_APP).state, CK_STEP_PROVED);
    ck_ledger_close(&ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(test_identity),
        LEDGER_TEST(test_names_come_later),
        LEDGER_TEST(test_who_runs),
        LEDGER_TEST(test_password_in_one_of_several_rows),
        LEDGER_TEST(test_rows_of_one_line),
        LEDGER_TEST(test_order_and_comments_do_not_matter),
        LEDGER_TEST(test_what_is_asked_of_keys_may_change),
        LEDGER_TEST(test_other_plans_are_refused),
        LEDGER_TEST(test_labels_of_groups_are_of_the_plan),
        LEDGER_TEST(test_another_server_is_refused),
        LEDGER_TEST(test_rows_are_added),
        LEDGER_TEST(test_what_was_not_begun_goes),
        LEDGER_TEST(test_what_was_begun_stays),
        LEDGER_TEST(test_what_is_gone_is_not_enrolled),
        LEDGER_TEST(test_what_comes_back),
        LEDGER_TEST(test_people_with_something_stay),
        LEDGER_TEST(test_a_new_plan_that_is_the_old_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
