/* People of a ledger, their keys and hand-outs, and all of it in numbers. */
#include "ledger_sample.h"

/* --- people --- */

static int64_t next_of(struct ck_ledger *ledger, enum ck_ledger_kind kind, int64_t after)
{
    struct ck_ledger_person person = {.id = 77};
    struct ck_error err;
    bool found = true;

    if (ck_ledger_next_person(ledger, kind, after, &person, &found, &err) != CK_OK)
        fail_msg("%s", err.text);
    assert_true(found || person.id == 77);
    return found ? person.id : 0;
}

static void test_people(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample();
    struct ck_ledger_person person;
    struct ck_error err;
    bool found = false;

    (void)state;
    assert_string_equal(ck_ledger_server(ledger), SERVER);
    assert_int_equal(ck_ledger_person(ledger, ANNA, &person, &err), CK_OK);
    assert_int_equal(person.id, ANNA);
    assert_string_equal(person.account.name, "anna@b.test");
    assert_int_equal(person.account.role, CK_ROLE_MAILBOX);
    assert_int_equal(person.route, CK_ROUTE_PASSWORD);
    assert_int_equal(person.password_kind, CK_PASSWORD_SECRET);
    assert_string_equal(person.password_name, "anna");
    assert_string_equal(person.group, "default");
    assert_int_equal(person.password, CK_PASSWORD_KEPT);
    assert_int_equal(person.app_password_id, 0);
    assert_int_equal(ck_ledger_find_person(ledger, "carl@b.test", &person, &found, &err), CK_OK);
    assert_true(found);
    assert_int_equal(person.id, CARL);
    assert_int_equal(person.route, CK_ROUTE_LOG_IN_AS);
    assert_string_equal(person.password_name, "");
    assert_string_equal(person.group, "quick");
}

static void test_people_that_are_not_there(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample();
    struct ck_ledger_person person = {.id = 77};
    struct ck_error err;
    bool found = true;

    (void)state;
    assert_int_equal(ck_ledger_person(ledger, 4, &person, &err), CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, "no person 4");
    assert_int_equal(ck_ledger_person(ledger, 0, &person, &err), CK_ERR_USAGE);
    assert_int_equal(ck_ledger_find_person(ledger, "anna@b.tes", &person, &found, &err), CK_OK);
    assert_false(found);
    assert_int_equal(person.id, 77);
}

static void test_one_name_in_two_roles(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = NULL;
    struct ck_ledger_person person;
    struct ck_error err;
    bool found = false;

    (void)state;
    assert_int_equal(
        open_as(LEDGER,
                "ops,domain-admin,totp,x,sign-on,secret:ops,\nops,admin,totp,x,reset-password,,\n"
                "ops,domain-admin,totp,y,sign-on,secret:ops,\n",
                "", SERVER, CK_LEDGER_SAME_PLAN, &ledger, NULL, &err),
        CK_OK);
    assert_int_equal(count(ledger).people, 2);
    assert_int_equal(ck_ledger_find_person(ledger, "ops", &person, &found, &err), CK_OK);
    assert_true(found && person.id == 1 && person.account.role == CK_ROLE_DOMAIN_ADMIN);
    assert_int_equal(item_of(ledger, 3).person, 1);
    assert_int_equal(item_of(ledger, 2).person, 2);
}

/* An item's password_ref may stand in another row of the account. */
static void test_a_password_of_another_row(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = NULL;
    struct ck_ledger_person person;
    struct ck_error err;

    (void)state;
    assert_int_equal(open_as(LEDGER,
                             "a@b.test,,passkey,x {n},log-in-as,,\n"
                             "a@b.test,,totp,y,log-in-as,file:a.txt,\n",
                             "", SERVER, CK_LEDGER_SAME_PLAN, &ledger, NULL, &err),
                     CK_OK);
    assert_int_equal(ck_ledger_person(ledger, 1, &person, &err), CK_OK);
    assert_int_equal(person.password_kind, CK_PASSWORD_FILE);
    assert_string_equal(person.password_name, "a.txt");
}

static void test_who_is_next(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample();

    (void)state;
    assert_int_equal(next_of(ledger, CK_LEDGER_APPS, 0), ANNA);
    assert_int_equal(next_of(ledger, CK_LEDGER_APPS, ANNA), BOB);
    assert_int_equal(next_of(ledger, CK_LEDGER_APPS, BOB), 0);
    assert_int_equal(next_of(ledger, CK_LEDGER_KEYS, 0), BOB);
    assert_int_equal(next_of(ledger, CK_LEDGER_KEYS, BOB), CARL);
    assert_int_equal(next_of(ledger, CK_LEDGER_KEYS, CARL), 0);
    prove(ledger, ANNA_APP);
    assert_int_equal(next_of(ledger, CK_LEDGER_APPS, 0), BOB);
    prove(ledger, BOB_KEY_1);
    assert_int_equal(next_of(ledger, CK_LEDGER_KEYS, 0), BOB);
    step(ledger, BOB_KEY_2, CK_STEP_SKIP);
    assert_int_equal(next_of(ledger, CK_LEDGER_KEYS, 0), CARL);
    /* What fell back is there again. */
    step(ledger, ANNA_APP, CK_STEP_UNDO);
    assert_int_equal(next_of(ledger, CK_LEDGER_APPS, 0), ANNA);
}

/* Carl's group wants no proof, and Bob's does. */
static void test_recorded_is_left_where_proof_is_wanted(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample();
    static const int64_t items[] = {BOB_KEY_1, BOB_KEY_2, CARL_KEY};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        step(ledger, items[i], CK_STEP_PREPARE);
        step(ledger, items[i], CK_STEP_SUBMIT);
        assert_int_equal(next_of(ledger, CK_LEDGER_KEYS, CARL - 1), CARL);
        step(ledger, items[i], CK_STEP_LIST);
    }
    assert_false(item_of(ledger, CARL_KEY).wants_proof);
    assert_true(item_of(ledger, BOB_KEY_1).wants_proof);
    assert_int_equal(next_of(ledger, CK_LEDGER_KEYS, 0), BOB);
    assert_int_equal(next_of(ledger, CK_LEDGER_KEYS, BOB), 0);
    assert_int_equal(count(ledger).keys_left, 2);
}

/* Whose new password is in force, and nothing is left to do, waits for its change to be forced. */
static void test_passwords_that_are_in_force(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample();
    struct ck_error err;

    (void)state;
    prove(ledger, ANNA_APP);
    prove(ledger, BOB_APP);
    assert_int_equal(next_of(ledger, CK_LEDGER_APPS, 0), 0);
    assert_int_equal(ck_ledger_password(ledger, BOB, CK_PASSWORD_HANDED_OUT, &err), CK_OK);
    assert_int_equal(ck_ledger_password(ledger, BOB, CK_PASSWORD_IN_FORCE, &err), CK_OK);
    assert_int_equal(next_of(ledger, CK_LEDGER_APPS, 0), 0); /* his keys are left */
    assert_int_equal(count(ledger).people_left[CK_LEDGER_APPS], 0);
    prove(ledger, BOB_KEY_1);
    step(ledger, BOB_KEY_2, CK_STEP_FAIL);
    assert_int_equal(next_of(ledger, CK_LEDGER_APPS, 0), BOB);
    assert_int_equal(count(ledger).people_left[CK_LEDGER_APPS], 1);
    assert_int_equal(count(ledger).apps_left, 0);
    assert_int_equal(ck_ledger_password(ledger, BOB, CK_PASSWORD_TO_CHANGE, &err), CK_OK);
    assert_int_equal(next_of(ledger, CK_LEDGER_APPS, 0), 0);
}

static void test_passwords_go_by_their_table(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample();
    struct ck_ledger_person person;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_ledger_password(ledger, BOB, CK_PASSWORD_IN_FORCE, &err), CK_ERR_UNCHANGED);
    assert_error(&err, CK_ERR_UNCHANGED, "bob@b.test is kept: it can't be in-force next");
    assert_int_equal(ck_ledger_password(ledger, BOB, CK_PASSWORD_STATES, &err), CK_ERR_UNCHANGED);
    assert_int_equal(ck_ledger_password(ledger, 9, CK_PASSWORD_HANDED_OUT, &err), CK_ERR_USAGE);
    assert_int_equal(ck_ledger_person(ledger, BOB, &person, &err), CK_OK);
    assert_int_equal(person.password, CK_PASSWORD_KEPT);
    assert_int_equal(ck_ledger_password(ledger, BOB, CK_PASSWORD_HANDED_OUT, &err), CK_OK);
    assert_int_equal(ck_ledger_password(ledger, BOB, CK_PASSWORD_HANDED_OUT, &err), CK_OK);
    assert_int_equal(ck_ledger_person(ledger, BOB, &person, &err), CK_OK);
    assert_int_equal(person.password, CK_PASSWORD_HANDED_OUT);
    assert_int_equal(ck_ledger_person(ledger, ANNA, &person, &err), CK_OK);
    assert_int_equal(person.password, CK_PASSWORD_KEPT);
}

static void test_app_passwords(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample();
    struct ck_ledger_person person;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_ledger_app_password(ledger, ANNA, 41, &err), CK_OK);
    assert_int_equal(ck_ledger_person(ledger, ANNA, &person, &err), CK_OK);
    assert_int_equal(person.app_password_id, 41);
    assert_int_equal(ck_ledger_app_password(ledger, ANNA, -1, &err), CK_ERR_USAGE);
    assert_int_equal(ck_ledger_app_password(ledger, 9, 42, &err), CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, "no person 9");
    assert_int_equal(ck_ledger_app_password(ledger, ANNA, 0, &err), CK_OK);
    assert_int_equal(ck_ledger_person(ledger, ANNA, &person, &err), CK_OK);
    assert_int_equal(person.app_password_id, 0);
}

/* --- keys --- */

static void test_keys(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample();
    struct ck_ledger_key key, none = {.person = BOB, .n = 2};
    struct ck_error err;

    (void)state;
    memset(&key, 0x55, sizeof(key));
    assert_int_equal(ck_ledger_key(ledger, BOB, 2, &key, &err), CK_OK);
    assert_int_equal(key.person, BOB);
    assert_int_equal(key.n, 2);
    assert_true(key.aaguid[0] == '\0' && key.serial[0] == '\0' && key.firmware[0] == '\0');
    assert_true(!key.reset && key.begun_s == 0 && key.done_s == 0 && key.own_ms == 0);
    assert_int_equal(key.pin, CK_KEY_PIN_ITS_OWN);
    snprintf(key.aaguid, sizeof(key.aaguid), "2fc0579f-8113-47ea-b116-bb5a8db9202a");
    snprintf(key.serial, sizeof(key.serial), "12345678");
    snprintf(key.firmware, sizeof(key.firmware), "5.4.3");
    key.reset = true;
    key.pin = CK_KEY_PIN_HANDED_OUT;
    key.begun_s = MOMENT;
    key.own_ms = 412;
    assert_int_equal(ck_ledger_put_key(ledger, &key, &err), CK_OK);
    assert_int_equal(count(ledger).keys_done, 0);
    key.pin = CK_KEY_PIN_SET;
    key.done_s = MOMENT + 40;
    assert_int_equal(ck_ledger_put_key(ledger, &key, &err), CK_OK);
    struct ck_ledger_key found = none;
    assert_int_equal(ck_ledger_key(ledger, BOB, 2, &found, &err), CK_OK);
    assert_string_equal(found.aaguid, key.aaguid);
    assert_string_equal(found.serial, "12345678");
    assert_string_equal(found.firmware, "5.4.3");
    assert_true(found.reset && found.pin == CK_KEY_PIN_SET && found.own_ms == 412);
    assert_true(found.begun_s == MOMENT && found.done_s == MOMENT + 40);
    assert_int_equal(ck_ledger_key(ledger, BOB, 1, &found, &err), CK_OK);
    assert_string_equal(found.serial, "");
    assert_int_equal(count(ledger).keys, 3);
    assert_int_equal(count(ledger).keys_done, 1);
}

static void test_keys_that_are_refused(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample();
    const struct ck_ledger_key nobodys[] = {
        {.person = 9, .n = 1},
        {.person = BOB, .n = 0},
        {.person = BOB, .n = CK_POLICY_KEYS_MAX + 1},
        {.person = BOB, .n = 1, .begun_s = -1},
        {.person = BOB, .n = 1, .own_ms = -1},
        {.person = BOB, .n = 1, .serial = "\xff"},
    };
    const struct ck_ledger_key leaps = {.person = BOB, .n = 1, .pin = CK_KEY_PIN_SET};
    struct ck_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(nobodys) / sizeof(*nobodys); i++)
        assert_int_equal(ck_ledger_put_key(ledger, &nobodys[i], &err), CK_ERR_USAGE);
    assert_int_equal(ck_ledger_put_key(ledger, &leaps, &err), CK_ERR_UNCHANGED);
    assert_error(&err, CK_ERR_UNCHANGED, "key 1 of bob@b.test is its-own: it can't be set next");
    ck_ledger_close(&ledger);
    expect_sql(LEDGER, "SELECT count(*) FROM key", "0");
}

/* --- the roll-out as a whole --- */

static void test_refusals_add_up(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample();
    struct ck_error err;
    unsigned total = 77;

    (void)state;
    assert_int_equal(ck_ledger_refusals(ledger, &total, &err), CK_OK);
    assert_int_equal(total, 0);
    assert_int_equal(ck_ledger_add_refusal(ledger, &total, &err), CK_OK);
    assert_int_equal(total, 1);
    ck_ledger_close(&ledger);
    ledger = open_sample();
    assert_int_equal(ck_ledger_add_refusal(ledger, &total, &err), CK_OK);
    assert_int_equal(total, 2);
    assert_int_equal(ck_ledger_refusals(ledger, &total, &err), CK_OK);
    assert_int_equal(total, 2);
}

static void test_each_ledger_has_a_name_of_its_own(void **state)
{
    char name[CK_LEDGER_NAME_SIZE + 1], again[sizeof(name)], other[sizeof(name)];
    struct ck_ledger *ledger = open_sample();
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_ledger_name(ledger, name, &err), CK_OK);
    assert_int_equal(strspn(name, "0123456789abcdef"), CK_LEDGER_NAME_SIZE);
    ck_ledger_close(&ledger);
    ledger = open_sample();
    assert_int_equal(ck_ledger_name(ledger, again, &err), CK_OK);
    assert_string_equal(again, name);
    ck_ledger_close(&ledger);
    assert_int_equal(unlink(LEDGER), 0);
    ledger = open_sample();
    assert_int_equal(ck_ledger_name(ledger, other, &err), CK_OK);
    assert_string_not_equal(other, name);
    ck_ledger_close(&ledger);
}

static void test_counts(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample();
    struct ck_ledger_counts counts = count(ledger);

    (void)state;
    assert_int_equal(counts.people, 3);
    assert_int_equal(counts.items, 5);
    assert_int_equal(counts.states[CK_STEP_PLANNED], 5);
    assert_int_equal(counts.apps_left, 2);
    assert_int_equal(counts.keys_left, 3);
    assert_int_equal(counts.people_left[CK_LEDGER_APPS], 2);
    assert_int_equal(counts.people_left[CK_LEDGER_KEYS], 2);
    assert_int_equal(counts.keys, 3);
    assert_int_equal(counts.keys_done, 0);
    assert_true(counts.begun_s == 0 && counts.changed_s == 0);
    sample_now_s += 5;
    prove(ledger, BOB_APP);
    sample_now_s += 5;
    step(ledger, CARL_KEY, CK_STEP_SKIP);
    sample_now_s -= 9; /* somebody set the clock */
    step(ledger, BOB_KEY_1, CK_STEP_PREPARE);
    counts = count(ledger);
    for (int i = 0; i < CK_STEP_STATES; i++)
        assert_int_equal(counts.states[i],
                         i == CK_STEP_PLANNED ? 2
                         : i == CK_STEP_PREPARED || i == CK_STEP_PROVED || i == CK_STEP_SKIPPED
                             ? 1
                             : 0);
    assert_int_equal(counts.items, 5);
    assert_int_equal(counts.apps_left, 1);
    assert_int_equal(counts.keys_left, 2);
    assert_int_equal(counts.people_left[CK_LEDGER_APPS], 1);
    assert_int_equal(counts.people_left[CK_LEDGER_KEYS], 1);
    assert_int_equal(counts.begun_s, MOMENT + 5);
    assert_int_equal(counts.changed_s, MOMENT + 10);
}

struct walked {
    struct ck_ledger *ledger; /* is changed on the way */
    int64_t items[16];
    size_t count, end_at;
    char serials[64];
};

static enum ck_err note_item(void *data, const struct ck_ledger_person *person,
                             const struct ck_ledger_item *item, const struct ck_ledger_key *key,
                             struct ck_error *err)
{
    struct walked *walked = data;

    assert_int_equal(person->id, item->person);
    if (walked->count == walked->end_at)
        return ck_error_set(err, CK_ERR_INTERRUPTED, "enough");
    walked->items[walked->count++] = item->id;
    if (key != NULL) {
        assert_true(key->person == person->id && key->n == item->n);
        strcat(walked->serials, key->serial);
    }
    if (walked->ledger != NULL)
        step(walked->ledger, item->id, CK_STEP_SKIP);
    return CK_OK;
}

static void test_walks(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample();
    const struct ck_ledger_key key = {.person = BOB, .n = 1, .serial = "S1"};
    struct walked walked = {.end_at = 16};
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_ledger_put_key(ledger, &key, &err), CK_OK);
    assert_int_equal(ck_ledger_walk(ledger, note_item, &walked, &err), CK_OK);
    assert_int_equal(walked.count, 5);
    for (size_t i = 0; i < walked.count; i++)
        assert_int_equal(walked.items[i], (int64_t)i + 1);
    assert_string_equal(walked.serials, "S1");
    walked = (struct walked){.end_at = 2};
    assert_int_equal(ck_ledger_walk(ledger, note_item, &walked, &err), CK_ERR_INTERRUPTED);
    assert_error(&err, CK_ERR_INTERRUPTED, "enough");
    walked = (struct walked){.end_at = 16, .ledger = ledger};
    assert_int_equal(ck_ledger_walk(ledger, note_item, &walked, &err), CK_OK);
    assert_int_equal(count(ledger).states[CK_STEP_SKIPPED], 5);
}

static enum ck_err note_credential(void *data, const struct ck_ledger_item *item,
                                   const struct ck_ledger_person *person,
                                   const struct ck_bytes *credential, struct ck_error *err)
{
    struct walked *walked = data;

    assert_int_equal(person->id, item->person);
    assert_int_equal(credential->size, 2);
    assert_int_equal(credential->data[1], (uint8_t)item->id);
    if (walked->count == walked->end_at)
        return ck_error_set(err, CK_ERR_INTERRUPTED, "enough");
    walked->items[walked->count++] = item->id;
    return CK_OK;
}

static void test_walks_through_credentials(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample();
    struct walked walked = {.end_at = 16};
    uint8_t bytes[2] = {0};
    const struct ck_bytes credential = {.data = bytes, .size = 2};
    const struct ck_ledger_facts facts = {.credential = &credential};
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_ledger_walk_credentials(ledger, note_credential, &walked, &err), CK_OK);
    assert_int_equal(walked.count, 0);
    for (int64_t item = BOB_KEY_1; item <= CARL_KEY; item++) {
        bytes[1] = (uint8_t)item;
        step_with(ledger, item, CK_STEP_PREPARE, &facts);
    }
    step(ledger, BOB_KEY_2, CK_STEP_FAIL);
    assert_int_equal(ck_ledger_walk_credentials(ledger, note_credential, &walked, &err), CK_OK);
    assert_int_equal(walked.count, 2);
    assert_true(walked.items[0] == BOB_KEY_1 && walked.items[1] == CARL_KEY);
    walked = (struct walked){.end_at = 1};
    assert_int_equal(ck_ledger_walk_credentials(ledger, note_credential, &walked, &err),
                     CK_ERR_INTERRUPTED);
}

struct paces {
    int64_t hours[4];
    size_t counts[4], count;
};

static enum ck_err note_pace(void *data, int64_t hour_begin_s, size_t items, struct ck_error *err)
{
    struct paces *paces = data;

    if (paces->count == 4)
        return ck_error_set(err, CK_ERR_INTERRUPTED, "enough");
    paces->hours[paces->count] = hour_begin_s;
    paces->counts[paces->count++] = items;
    return CK_OK;
}

static void test_pace(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample();
    struct paces paces = {.count = 0};
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_ledger_walk_pace(ledger, note_pace, &paces, &err), CK_OK);
    assert_int_equal(paces.count, 0);
    sample_now_s = 1000 * 3600 + 3599;
    prove(ledger, ANNA_APP);
    sample_now_s++;
    prove(ledger, BOB_APP);
    step(ledger, CARL_KEY, CK_STEP_PREPARE);
    step(ledger, CARL_KEY, CK_STEP_SUBMIT);
    step(ledger, CARL_KEY, CK_STEP_LIST);
    step(ledger, BOB_KEY_1, CK_STEP_FAIL);
    assert_int_equal(ck_ledger_walk_pace(ledger, note_pace, &paces, &err), CK_OK);
    assert_int_equal(paces.count, 2);
    assert_true(paces.hours[0] == 1000 * 3600 && paces.counts[0] == 1);
    assert_true(paces.hours[1] == 1001 * 3600 && paces.counts[1] == 2);
    paces.count = 4;
    assert_int_equal(ck_ledger_walk_pace(ledger, note_pace, &paces, &err), CK_ERR_INTERRUPTED);
}

/* --- hand-outs --- */

static enum ck_err note_sheet(void *data, const struct ck_ledger_sheet *sheet, struct ck_error *err)
{
    char line[512], *text = data;

    if (strcmp(sheet->name, "stop") == 0)
        return ck_error_set(err, CK_ERR_INTERRUPTED, "enough");
    snprintf(line, sizeof(line), "%lld:%d:%s:%u:%d:%lld:%lld ", (long long)sheet->person,
             (int)sheet->kind, sheet->name, sheet->n, sheet->sealed,
             (long long)(sheet->made_s > 0 ? sheet->made_s - MOMENT : -1),
             (long long)(sheet->deleted_s > 0 ? sheet->deleted_s - MOMENT : -1));
    strcat(text, line);
    return CK_OK;
}

static void test_sheets(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample();
    struct ck_ledger_sheet sheet = {
        .person = BOB, .kind = CK_SHEET_PERSON, .n = 1, .name = "sheets/bob", .made_s = MOMENT};
    struct ck_ledger_sheet letter = {.person = BOB,
                                     .kind = CK_SHEET_PIN_LETTER,
                                     .n = 2,
                                     .name = "letters/bob",
                                     .sealed = true,
                                     .made_s = MOMENT + 1};
    struct ck_ledger_sheet other = {.person = ANNA, .n = 1, .name = "sheets/anna"};
    char text[1024] = "";
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_ledger_note_sheet(ledger, &letter, &err), CK_OK);
    assert_int_equal(ck_ledger_note_sheet(ledger, &sheet, &err), CK_OK);
    assert_int_equal(ck_ledger_note_sheet(ledger, &other, &err), CK_OK);
    sheet.deleted_s = MOMENT + 7;
    assert_int_equal(ck_ledger_note_sheet(ledger, &sheet, &err), CK_OK);
    assert_int_equal(ck_ledger_walk_sheets(ledger, 0, note_sheet, text, &err), CK_OK);
    assert_string_equal(text, "1:0:sheets/anna:1:0:-1:-1 2:0:sheets/bob:1:0:0:7 "
                              "2:1:letters/bob:2:1:1:-1 ");
    text[0] = '\0';
    assert_int_equal(ck_ledger_walk_sheets(ledger, BOB, note_sheet, text, &err), CK_OK);
    assert_string_equal(text, "2:0:sheets/bob:1:0:0:7 2:1:letters/bob:2:1:1:-1 ");
    text[0] = '\0';
    assert_int_equal(ck_ledger_walk_sheets(ledger, CARL, note_sheet, text, &err), CK_OK);
    assert_string_equal(text, "");
    snprintf(other.name, sizeof(other.name), "stop");
    assert_int_equal(ck_ledger_note_sheet(ledger, &other, &err), CK_OK);
    assert_int_equal(ck_ledger_walk_sheets(ledger, 0, note_sheet, text, &err), CK_ERR_INTERRUPTED);
}

static void test_sheets_that_are_refused(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample();
    const struct ck_ledger_sheet wrong[] = {
        {.person = 9, .name = "x"},
        {.person = BOB, .name = ""},
        {.person = BOB, .name = "\xff"},
        {.person = BOB, .name = "x", .kind = (enum ck_sheet_kind)2},
        {.person = BOB, .name = "x", .made_s = -1},
    };
    struct ck_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        assert_int_equal(ck_ledger_note_sheet(ledger, &wrong[i], &err), CK_ERR_USAGE);
    ck_ledger_close(&ledger);
    expect_sql(LEDGER, "SELECT count(*) FROM sheet", "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(test_people),
        LEDGER_TEST(test_people_that_are_not_there),
        LEDGER_TEST(test_one_name_in_two_roles),
        LEDGER_TEST(test_a_password_of_another_row),
        LEDGER_TEST(test_who_is_next),
        LEDGER_TEST(test_recorded_is_left_where_proof_is_wanted),
        LEDGER_TEST(test_passwords_that_are_in_force),
        LEDGER_TEST(test_passwords_go_by_their_table),
        LEDGER_TEST(test_app_passwords),
        LEDGER_TEST(test_keys),
        LEDGER_TEST(test_keys_that_are_refused),
        LEDGER_TEST(test_refusals_add_up),
        LEDGER_TEST(test_each_ledger_has_a_name_of_its_own),
        LEDGER_TEST(test_counts),
        LEDGER_TEST(test_walks),
        LEDGER_TEST(test_walks_through_credentials),
        LEDGER_TEST(test_pace),
        LEDGER_TEST(test_sheets),
        LEDGER_TEST(test_sheets_that_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
