/* What the tests of the ledger share: plans, a clock, and the file seen by SQLite alone. */
#ifndef COWKEY_TESTS_LEDGER_SAMPLE_H
#define COWKEY_TESTS_LEDGER_SAMPLE_H

#include <sqlite3.h>

#include "complaints.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/rollout/ledger.h"
#include "tests/unit/base/file.h"

#define SERVER "https://mail.example.test"
#define HEAD "account,role,method,label,route,password_ref,group\n"
#define LEDGER "sample.ledger"
enum { MOMENT = 1795422084 }; /* 2026-11-23T08:21:24Z */

static int64_t sample_now_s = MOMENT;

static int64_t now_s(void)
{
    return sample_now_s;
}

/* Two people with apps, the second with two keys, too; one with keys that need no proof. */
#define ROWS                                                                                       \
    "anna@b.test,,totp,app,password,secret:anna,\n"                                                \
    "bob@b.test,,totp,app,reset-password,,\n"                                                      \
    "bob@b.test,,passkey,key {n},reset-password,,\n"                                               \
    "carl@b.test,,passkey,key {n},log-in-as,,quick\n"
#define POLICY "[quick]\nproof = recorded\nkeys = 1\n"
enum { ANNA = 1, BOB, CARL };
enum { ANNA_APP = 1, BOB_APP, BOB_KEY_1, BOB_KEY_2, CARL_KEY };

struct sample {
    struct ck_plan plan;
    struct ck_policy policy;
    struct ck_complaints complaints;
    struct ck_rollout rollout;
};

static void sample_clear(struct sample *sample)
{
    ck_plan_clear(&sample->plan);
    ck_policy_clear(&sample->policy);
    ck_complaints_clear(&sample->complaints);
}

static void sample_read(struct sample *sample, const char *rows, const char *policy)
{
    CK_CLEANUP(ck_free_p) char *text = NULL;
    struct ck_error err;

    *sample = (struct sample){.rollout = {.plan = &sample->plan, .policy = &sample->policy}};
    sample->rollout.directory = ".";
    assert_true(asprintf(&text, HEAD "%s", rows) > 0);
    if (ck_plan_parse(text, strlen(text), &sample->plan, &sample->complaints, &err) != CK_OK)
        fail_msg("%s", err.text);
    if (ck_policy_parse(policy, strlen(policy), &sample->policy, &sample->complaints, &err) !=
        CK_OK)
        fail_msg("%s", err.text);
    assert_none(&sample->complaints);
}

/* As a run does it; kept may be NULL. */
__attribute__((unused)) static enum ck_err open_as(const char *path, const char *rows,
                                                   const char *policy, const char *server,
                                                   enum ck_ledger_plan_rule rule,
                                                   struct ck_ledger **ret_ledger, size_t *ret_kept,
                                                   struct ck_error *err)
{
    CK_CLEANUP(sample_clear) struct sample sample;
    size_t unused;

    sample_read(&sample, rows, policy);
    return ck_ledger_open(path, &sample.rollout, server, rule, now_s, ret_ledger,
                          ret_kept != NULL ? ret_kept : &unused, err);
}

__attribute__((unused)) static struct ck_ledger *open_sample(void)
{
    struct ck_ledger *ledger = NULL;
    struct ck_error err;

    if (open_as(LEDGER, ROWS, POLICY, SERVER, CK_LEDGER_SAME_PLAN, &ledger, NULL, &err) != CK_OK)
        fail_msg("%s", err.text);
    return ledger;
}

__attribute__((unused)) static void expect_refused(const char *rows, const char *policy,
                                                   const char *server,
                                                   enum ck_ledger_plan_rule rule, enum ck_err code,
                                                   const char *part)
{
    struct ck_ledger *untouched = (struct ck_ledger *)&untouched_, *ledger = untouched;
    size_t kept = 77;
    struct ck_error err = {0};

    assert_int_equal(open_as(LEDGER, rows, policy, server, rule, &ledger, &kept, &err), code);
    assert_error(&err, code, part);
    assert_ptr_equal(ledger, untouched);
    assert_int_equal(kept, 77);
}

/* --- what is said often --- */

__attribute__((unused)) static enum ck_step_state step_with(struct ck_ledger *ledger, int64_t item,
                                                            enum ck_step_event event,
                                                            const struct ck_ledger_facts *facts)
{
    enum ck_step_state state;
    struct ck_error err;

    if (ck_ledger_step(ledger, item, event, facts, &state, &err) != CK_OK)
        fail_msg("%s", err.text);
    return state;
}

__attribute__((unused)) static enum ck_step_state step(struct ck_ledger *ledger, int64_t item,
                                                       enum ck_step_event event)
{
    return step_with(ledger, item, event, NULL);
}

/* From planned on to proved. */
__attribute__((unused)) static void prove(struct ck_ledger *ledger, int64_t item)
{
    step(ledger, item, CK_STEP_PREPARE);
    step(ledger, item, CK_STEP_SUBMIT);
    step(ledger, item, CK_STEP_LIST);
    assert_int_equal(step(ledger, item, CK_STEP_ACCEPT), CK_STEP_PROVED);
}

/* The item as the ledger has it. */
__attribute__((unused)) static struct ck_ledger_item item_of(struct ck_ledger *ledger, int64_t id)
{
    struct ck_ledger_counts counts;
    struct ck_error err;

    assert_int_equal(ck_ledger_count(ledger, &counts, &err), CK_OK);
    for (int64_t person = 1; person <= (int64_t)counts.people + 8; person++) {
        CK_CLEANUP(ck_free_p) struct ck_ledger_item *items = NULL;
        size_t count = 0;
        assert_int_equal(ck_ledger_items(ledger, person, &items, &count, &err), CK_OK);
        for (size_t i = 0; i < count; i++) {
            if (items[i].id == id)
                return items[i];
        }
    }
    fail_msg("there is no factor %lld", (long long)id);
    return (struct ck_ledger_item){0};
}

__attribute__((unused)) static void expect_cause(struct ck_ledger *ledger, int64_t id,
                                                 enum ck_err code, const char *part)
{
    const struct ck_ledger_item item = item_of(ledger, id);

    assert_error(&item.cause, code, part);
}

__attribute__((unused)) static struct ck_ledger_counts count(struct ck_ledger *ledger)
{
    struct ck_ledger_counts counts;
    struct ck_error err;

    memset(&counts, 0x55, sizeof(counts));
    if (ck_ledger_count(ledger, &counts, &err) != CK_OK)
        fail_msg("%s", err.text);
    return counts;
}

/* SQLite without cowkey; the ledger is closed meanwhile. */
__attribute__((unused)) static void run_sql(const char *path, const char *sql)
{
    char *text = NULL;
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK)
        fail_msg("%s: %s", sql, text);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int take_text(void *data, int columns, char **values, char **names)
{
    (void)columns;
    (void)names;
    snprintf(data, 256, "%s", values[0] != NULL ? values[0] : "NULL");
    return 0;
}

__attribute__((unused)) static void expect_sql(const char *path, const char *sql,
                                               const char *expected)
{
    char found[256] = "no row";
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, take_text, found, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_string_equal(found, expected);
}

static int take_row(void *data, int columns, char **values, char **names)
{
    char **text = data, *longer = NULL;

    for (int i = 0; i < columns; i++) {
        assert_true(asprintf(&longer, "%s%s=%s ", *text, names[i],
                             values[i] != NULL ? values[i] : "NULL") > 0);
        free(*text);
        *text = longer;
    }
    return 0;
}

/* All that is in the file, as somebody else sees it who opens it beside a ledger; free it. */
__attribute__((unused)) static char *dump(const char *path)
{
    static const char *const tables[] = {"rollout", "person", "item", "key", "sheet"};
    char *text = strdup(""), sql[64];
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
        snprintf(sql, sizeof(sql), "SELECT * FROM %s", tables[i]);
        assert_int_equal(sqlite3_exec(db, sql, take_row, &text, NULL), SQLITE_OK);
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return text;
}

__attribute__((unused)) static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* The clock begins anew, too. */
__attribute__((unused)) static int begin_anew(void **state)
{
    sample_now_s = MOMENT;
    return set_up(state);
}

#define LEDGER_TEST(test) cmocka_unit_test_setup_teardown(test, begin_anew, tear_down)

#endif
