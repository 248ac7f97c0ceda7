/* Factors of a ledger, and what is kept of them at each step. */
#include "ledger_sample.h"

static void test_items(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample();
    CK_CLEANUP(ck_free_p) struct ck_ledger_item *items = NULL;
    struct ck_error err;
    size_t size = 0;

    (void)state;
    assert_int_equal(ck_ledger_items(ledger, BOB, &items, &size, &err), CK_OK);
    assert_int_equal(size, 3);
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(items[i].id, BOB_APP + (int64_t)i);
        assert_int_equal(items[i].person, BOB);
        assert_int_equal(items[i].n, i);
        assert_int_equal(items[i].line, i == 0 ? 3 : 4);
        assert_int_equal(items[i].method, i == 0 ? CK_ROLLOUT_TOTP : CK_ROLLOUT_PASSKEY);
        assert_string_equal(items[i].pattern, i == 0 ? "app" : "key {n}");
        assert_string_equal(items[i].label, "");
        assert_string_equal(items[i].cid, "");
        assert_int_equal(items[i].state, CK_STEP_PLANNED);
        assert_int_equal(items[i].cause.code, CK_OK);
        assert_true(items[i].wants_proof && items[i].factor_id == 0 && items[i].tries == 0);
        assert_true(items[i].submitted_s == 0 && items[i].changed_s == 0);
    }
    free(items);
    assert_int_equal(ck_ledger_items(ledger, 9, &items, &size, &err), CK_OK);
    assert_int_equal(size, 0);
}

static void expect_before(struct ck_ledger *ledger, int64_t item, const uint64_t *expected,
                          size_t expected_count)
{
    uint64_t *ids = NULL;
    struct ck_error err;
    size_t size = 77;

    assert_int_equal(ck_ledger_before(ledger, item, &ids, &size, &err), CK_OK);
    assert_int_equal(size, expected_count);
    assert_true((ids == NULL) == (expected == NULL));
    if (expected != NULL)
        assert_memory_equal(ids, expected, expected_count * sizeof(*expected));
    free(ids);
}

static void expect_credential(struct ck_ledger *ledger, int64_t item, const char *expected)
{
    CK_CLEANUP(ck_bytes_clear) struct ck_bytes credential = {0};
    struct ck_error err;

    assert_int_equal(ck_ledger_credential(ledger, item, &credential, &err), CK_OK);
    assert_int_equal(credential.size, strlen(expected));
    if (*expected != '\0')
        assert_memory_equal(credential.data, expected, credential.size);
}

#define CID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_facts_are_kept(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample();
    const uint64_t before[] = {7, 0, INT64_MAX, 256};
    const struct ck_bytes credential = {.data = (uint8_t *)"cred\xff", .size = 5};
    struct ck_error cause = {.code = CK_ERR_KEY};
    struct ck_ledger_facts facts = {.label = "key 1",
                                    .before = before,
                                    .before_count = 4,
                                    .before_known = true,
                                    .credential = &credential,
                                    .cid = CID};

    (void)state;
    expect_before(ledger, BOB_KEY_1, NULL, 0);
    expect_credential(ledger, BOB_KEY_1, "");
    assert_int_equal(step_with(ledger, BOB_KEY_1, CK_STEP_PREPARE, &facts), CK_STEP_PREPARED);
    sample_now_s += 10;
    assert_int_equal(step(ledger, BOB_KEY_1, CK_STEP_SUBMIT), CK_STEP_SUBMITTED);
    sample_now_s += 10;
    snprintf(cause.text, sizeof(cause.text), "not touched");
    snprintf(cause.hint, sizeof(cause.hint), "Touch it.");
    facts = (struct ck_ledger_facts){.factor_id = 12, .cause = &cause, .label = "", .cid = ""};
    assert_int_equal(step_with(ledger, BOB_KEY_1, CK_STEP_LIST, &facts), CK_STEP_RECORDED);
    ck_ledger_close(&ledger);
    ledger = open_sample();
    struct ck_ledger_item item = item_of(ledger, BOB_KEY_1);
    assert_string_equal(item.label, "key 1");
    assert_string_equal(item.cid, CID);
    assert_int_equal(item.factor_id, 12);
    assert_error(&item.cause, CK_ERR_KEY, "not touched");
    assert_string_equal(item.cause.hint, "Touch it.");
    assert_int_equal(item.submitted_s, MOMENT + 10);
    assert_int_equal(item.changed_s, MOMENT + 20);
    assert_int_equal(item.tries, 1);
    expect_before(ledger, BOB_KEY_1, before, 4);
    expect_credential(ledger, BOB_KEY_1, "cred\xff");
    /* And the neighbour has nothing of it. */
    item = item_of(ledger, BOB_KEY_2);
    assert_int_equal(item.state, CK_STEP_PLANNED);
    assert_string_equal(item.label, "");
    expect_before(ledger, BOB_KEY_2, NULL, 0);
}

static void test_a_list_may_be_known_to_be_empty(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample();
    const struct ck_ledger_facts facts = {.before_known = true};
    const uint64_t none[1] = {0};

    (void)state;
    step_with(ledger, ANNA_APP, CK_STEP_PREPARE, &facts);
    expect_before(ledger, ANNA_APP, none, 0);
    step(ledger, BOB_APP, CK_STEP_PREPARE);
    expect_before(ledger, BOB_APP, NULL, 0);
}

static void test_causes_go(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample();
    struct ck_error cause = {.code = CK_ERR_REFUSED, .text = "no"};
    const struct ck_error fine = {.code = CK_OK};
    const struct ck_ledger_facts facts = {.cause = &cause}, settled = {.cause = &fine};

    (void)state;
    step_with(ledger, ANNA_APP, CK_STEP_FAIL, &facts);
    expect_cause(ledger, ANNA_APP, CK_ERR_REFUSED, "no");
    step(ledger, ANNA_APP, CK_STEP_RETRY);
    assert_int_equal(item_of(ledger, ANNA_APP).cause.code, CK_OK);
    assert_string_equal(item_of(ledger, ANNA_APP).cause.text, "");
    step(ledger, ANNA_APP, CK_STEP_PREPARE);
    step(ledger, ANNA_APP, CK_STEP_SUBMIT);
    step_with(ledger, ANNA_APP, CK_STEP_LIST, &facts);
    step(ledger, ANNA_APP, CK_STEP_LIST); /* says nothing of it: it stays */
    assert_int_equal(item_of(ledger, ANNA_APP).cause.code, CK_ERR_REFUSED);
    step_with(ledger, ANNA_APP, CK_STEP_LIST, &settled);
    assert_int_equal(item_of(ledger, ANNA_APP).cause.code, CK_OK);
    step_with(ledger, ANNA_APP, CK_STEP_LIST, &facts);
    step(ledger, ANNA_APP, CK_STEP_ACCEPT);
    assert_int_equal(item_of(ledger, ANNA_APP).cause.code, CK_OK);
}

/* A cause quotes what others said: the ledger keeps what can be kept of it. */
static void test_causes_in_no_text(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample();
    struct ck_error cause = {.code = CK_ERR_UNKNOWN};
    const struct ck_ledger_facts facts = {.cause = &cause};

    (void)state;
    memset(cause.text, 0xff, sizeof(cause.text) - 1);
    memset(cause.hint, 'x', sizeof(cause.hint) - 1);
    step_with(ledger, ANNA_APP, CK_STEP_FAIL, &facts);
    struct ck_ledger_item item = item_of(ledger, ANNA_APP);
    assert_error(&item.cause, CK_ERR_UNKNOWN, "\\xff\\xff");
    assert_string_equal(item.cause.hint, cause.hint);
}

/* What was undone begins anew; its credential may still be on the key. */
static void test_planned_anew(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample();
    const struct ck_bytes credential = {.data = (uint8_t *)"cred", .size = 4};
    const struct ck_ledger_facts facts = {
        .label = "key 1", .before_known = true, .credential = &credential, .cid = CID};
    const struct ck_ledger_facts listed = {.factor_id = 12};

    (void)state;
    step_with(ledger, BOB_KEY_1, CK_STEP_PREPARE, &facts);
    step(ledger, BOB_KEY_1, CK_STEP_SUBMIT);
    step_with(ledger, BOB_KEY_1, CK_STEP_LIST, &listed);
    step(ledger, BOB_KEY_1, CK_STEP_UNDO);
    assert_int_equal(item_of(ledger, BOB_KEY_1).factor_id, 12);
    assert_int_equal(step(ledger, BOB_KEY_1, CK_STEP_GONE), CK_STEP_PLANNED);
    struct ck_ledger_item item = item_of(ledger, BOB_KEY_1);
    assert_string_equal(item.label, "");
    assert_string_equal(item.cid, "");
    assert_int_equal(item.factor_id, 0);
    assert_int_equal(item.tries, 1);
    expect_before(ledger, BOB_KEY_1, NULL, 0);
    expect_credential(ledger, BOB_KEY_1, "cred");
    step(ledger, BOB_KEY_1, CK_STEP_PREPARE);
    step(ledger, BOB_KEY_1, CK_STEP_SUBMIT);
    assert_int_equal(item_of(ledger, BOB_KEY_1).tries, 2);
}

static void refuse_step(struct ck_ledger *ledger, int64_t id, enum ck_step_event event,
                        const struct ck_ledger_facts *facts, enum ck_err code, const char *part)
{
    enum ck_step_state state = CK_STEP_STATES;
    struct ck_error err = {0};

    assert_int_equal(ck_ledger_step(ledger, id, event, facts, &state, &err), code);
    assert_error(&err, code, part);
    assert_int_equal(state, CK_STEP_STATES);
}

static void test_steps_that_are_refused(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample();
    CK_CLEANUP(ck_free_p) char *long_label = malloc(CK_FACTOR_LABEL_MAX + 1);
    const uint64_t before[] = {UINT64_MAX};
    static uint8_t bytes[CK_LEDGER_CREDENTIAL_MAX + 1];
    const struct ck_bytes credential = {.data = bytes, .size = sizeof(bytes)};

    (void)state;
    memset(long_label, 'x', CK_FACTOR_LABEL_MAX);
    long_label[CK_FACTOR_LABEL_MAX] = '\0';
    const struct ck_ledger_facts all[] = {
        {.label = long_label},
        {.label = "\xff"},
        {.cid = CID "0"},
        {.factor_id = UINT64_MAX},
        {.before = before, .before_count = 1, .before_known = true},
        {.credential = &credential},
    };
    refuse_step(ledger, ANNA_APP, CK_STEP_SUBMIT, NULL, CK_ERR_UNCHANGED,
                "factor 1 is planned: the event 'submit' may not happen then");
    refuse_step(ledger, ANNA_APP, CK_STEP_EVENTS, NULL, CK_ERR_UNCHANGED, "'?'");
    refuse_step(ledger, 77, CK_STEP_PREPARE, NULL, CK_ERR_USAGE, "no factor 77");
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        refuse_step(ledger, ANNA_APP, CK_STEP_PREPARE, &all[i], CK_ERR_USAGE, "the ledger");
    assert_int_equal(item_of(ledger, ANNA_APP).state, CK_STEP_PLANNED);
    assert_int_equal(item_of(ledger, ANNA_APP).changed_s, 0);
    assert_int_equal(count(ledger).changed_s, 0);
    /* The greatest that fit. */
    long_label[CK_FACTOR_LABEL_MAX - 1] = '\0';
    const struct ck_bytes fits = {.data = bytes, .size = CK_LEDGER_CREDENTIAL_MAX};
    const struct ck_ledger_facts facts = {
        .label = long_label, .credential = &fits, .factor_id = INT64_MAX};
    assert_int_equal(step_with(ledger, ANNA_APP, CK_STEP_PREPARE, &facts), CK_STEP_PREPARED);
    struct ck_ledger_item item = item_of(ledger, ANNA_APP);
    assert_string_equal(item.label, long_label);
    assert_int_equal(item.factor_id, INT64_MAX);
}

static void test_bytes_of_nobody(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample();
    struct ck_bytes credential = {.size = 77};
    uint64_t *ids = NULL;
    struct ck_error err;
    size_t size = 77;

    (void)state;
    assert_int_equal(ck_ledger_before(ledger, 77, &ids, &size, &err), CK_ERR_USAGE);
    assert_int_equal(ck_ledger_credential(ledger, 77, &credential, &err), CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, "no factor 77");
    assert_true(size == 77 && credential.size == 77);
}

static void test_another_try(void **state)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = open_sample();
    struct ck_error err;
    size_t retried = 77;

    (void)state;
    assert_int_equal(ck_ledger_retry(ledger, &retried, &err), CK_OK);
    assert_int_equal(retried, 0);
    prove(ledger, ANNA_APP);
    step(ledger, BOB_APP, CK_STEP_FAIL);
    step(ledger, BOB_KEY_1, CK_STEP_SKIP);
    step(ledger, BOB_KEY_2, CK_STEP_PREPARE);
    step(ledger, BOB_KEY_2, CK_STEP_SUBMIT);
    step(ledger, BOB_KEY_2, CK_STEP_LOSE);
    assert_int_equal(count(ledger).keys_left, 1);
    assert_int_equal(ck_ledger_retry(ledger, &retried, &err), CK_OK);
    assert_int_equal(retried, 3);
    assert_int_equal(item_of(ledger, ANNA_APP).state, CK_STEP_PROVED);
    assert_int_equal(item_of(ledger, BOB_APP).state, CK_STEP_PLANNED);
    assert_int_equal(item_of(ledger, BOB_KEY_1).state, CK_STEP_PLANNED);
    assert_int_equal(item_of(ledger, BOB_KEY_2).state, CK_STEP_SUBMITTED);
    assert_int_equal(count(ledger).apps_left, 1);
    assert_int_equal(count(ledger).keys_left, 3);
    assert_int_equal(ck_ledger_retry(ledger, &retried, &err), CK_OK);
    assert_int_equal(retried, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(test_items),
        LEDGER_TEST(test_facts_are_kept),
        LEDGER_TEST(test_a_list_may_be_known_to_be_empty),
        LEDGER_TEST(test_causes_go),
        LEDGER_TEST(test_causes_in_no_text),
        LEDGER_TEST(test_planned_anew),
        LEDGER_TEST(test_steps_that_are_refused),
        LEDGER_TEST(test_bytes_of_nobody),
        LEDGER_TEST(test_another_try),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
