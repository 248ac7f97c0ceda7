/* Ledgers that something else wrote into: a clear error, whatever it is. */
#include "ledger_sample.h"

#define CID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* Of everything something: a key, a credential, a list, a cause, a sheet. */
static void make_full(void)
{
    const uint64_t before[] = {1, 2};
    const struct ck_bytes credential = {.data = (uint8_t *)"cred", .size = 4};
    const struct ck_error cause = {.code = CK_ERR_KEY, .text = "not touched", .hint = "Touch it."};
    const struct ck_ledger_facts facts = {.label = "x",
                                          .before = before,
                                          .before_count = 2,
                                          .before_known = true,
                                          .credential = &credential,
                                          .factor_id = 12,
                                          .cid = CID,
                                          .cause = &cause};
    const struct ck_ledger_key key = {.person = BOB, .n = 1, .serial = "S1", .begun_s = MOMENT};
    const struct ck_ledger_sheet sheet = {.person = BOB, .n = 1, .name = "x", .made_s = MOMENT};
    struct ck_ledger *ledger = open_sample();
    struct ck_error err;

    step_with(ledger, BOB_KEY_1, CK_STEP_PREPARE, &facts);
    assert_int_equal(ck_ledger_put_key(ledger, &key, &err), CK_OK);
    assert_int_equal(ck_ledger_note_sheet(ledger, &sheet, &err), CK_OK);
    ck_ledger_close(&ledger);
    /* What SQLite itself would refuse to write is written all the same. */
    run_sql(LEDGER,
            "PRAGMA writable_schema = ON;"
            "UPDATE sqlite_schema SET sql = replace(replace(replace(sql,"
            " 'STRICT, WITHOUT', 'WITHOUT'), 'STRICT', ''), 'NOT NULL', '') WHERE type = 'table'");
}

static enum ck_err see_item(void *data, const struct ck_ledger_person *person,
                            const struct ck_ledger_item *item, const struct ck_ledger_key *key,
                            struct ck_error *err)
{
    (void)data;
    (void)person;
    (void)item;
    (void)key;
    (void)err;
    return CK_OK;
}

static enum ck_err see_credential(void *data, const struct ck_ledger_item *item,
                                  const struct ck_ledger_person *person,
                                  const struct ck_bytes *credential, struct ck_error *err)
{
    (void)credential;
    return see_item(data, person, item, NULL, err);
}

static enum ck_err see_pace(void *data, int64_t hour_begin_s, size_t items, struct ck_error *err)
{
    (void)data;
    (void)hour_begin_s;
    (void)items;
    (void)err;
    return CK_OK;
}

static enum ck_err see_sheet(void *data, const struct ck_ledger_sheet *sheet, struct ck_error *err)
{
    (void)data;
    (void)sheet;
    (void)err;
    return CK_OK;
}

static int damaged;

static void judge(enum ck_err r, const struct ck_error *err)
{
    if (r == CK_OK)
        return;
    damaged++;
    assert_int_equal(err->code, r);
    if (r != CK_ERR_UNCHANGED && r != CK_ERR_USAGE)
        fail_msg("%d: %s", (int)r, err->text);
    if (r == CK_ERR_UNCHANGED && strstr(err->text, "ledger") == NULL)
        fail_msg("%s", err->text);
}

static void ask_of_item(struct ck_ledger *ledger, int64_t item)
{
    struct ck_bytes credential = {0};
    uint64_t *ids = NULL;
    struct ck_error err;
    size_t size;

    judge(ck_ledger_before(ledger, item, &ids, &size, &err), &err);
    judge(ck_ledger_credential(ledger, item, &credential, &err), &err);
    free(ids);
    ck_bytes_clear(&credential);
}

static void ask_everything(struct ck_ledger *ledger)
{
    struct ck_ledger_person person;
    struct ck_ledger_counts counts;
    struct ck_ledger_key key;
    struct ck_error err;
    unsigned total;
    bool found;

    for (int kind = CK_LEDGER_APPS; kind <= CK_LEDGER_KEYS; kind++)
        judge(ck_ledger_next_person(ledger, (enum ck_ledger_kind)kind, 0, &person, &found, &err),
              &err);
    judge(ck_ledger_find_person(ledger, "bob@b.test", &person, &found, &err), &err);
    for (int64_t id = ANNA; id <= CARL; id++) {
        CK_CLEANUP(ck_free_p) struct ck_ledger_item *items = NULL;
        size_t size;
        judge(ck_ledger_items(ledger, id, &items, &size, &err), &err);
    }
    ask_of_item(ledger, BOB_KEY_1);
    judge(ck_ledger_key(ledger, BOB, 1, &key, &err), &err);
    judge(ck_ledger_refusals(ledger, &total, &err), &err);
    judge(ck_ledger_count(ledger, &counts, &err), &err);
    judge(ck_ledger_walk(ledger, see_item, NULL, &err), &err);
    judge(ck_ledger_walk_credentials(ledger, see_credential, NULL, &err), &err);
    judge(ck_ledger_walk_pace(ledger, see_pace, NULL, &err), &err);
    judge(ck_ledger_walk_sheets(ledger, 0, see_sheet, NULL, &err), &err);
}

static void change_everything(struct ck_ledger *ledger)
{
    struct ck_error err;
    size_t retried;
    unsigned total;

    ck_ledger_step(ledger, BOB_KEY_1, CK_STEP_SUBMIT, NULL, NULL, &err);
    ck_ledger_step(ledger, BOB_APP, CK_STEP_FAIL, NULL, NULL, &err);
    judge(ck_ledger_retry(ledger, &retried, &err), &err);
    judge(ck_ledger_add_refusal(ledger, &total, &err), &err);
    judge(ck_ledger_password(ledger, BOB, CK_PASSWORD_HANDED_OUT, &err), &err);
}

/* How often whoever looks is told of damage. */
static int look(void)
{
    struct ck_ledger *ledger = NULL;
    struct ck_error err;

    damaged = 0;
    enum ck_err r = ck_ledger_open_to_read(LEDGER, &ledger, &err);
    judge(r, &err);
    if (r == CK_OK)
        ask_everything(ledger);
    ck_ledger_close(&ledger);
    return damaged;
}

/* And a run, too. */
static int use(void)
{
    struct ck_ledger *ledger = NULL;
    struct ck_error err;

    look();
    enum ck_err r = open_as(LEDGER, ROWS, POLICY, SERVER, CK_LEDGER_SAME_PLAN, &ledger, NULL, &err);
    judge(r, &err);
    if (r == CK_OK) {
        ask_everything(ledger);
        change_everything(ledger);
    }
    ck_ledger_close(&ledger);
    return damaged;
}

/* --- values --- */

#define NUMBER "-1|9223372036854775807|'x'|x'00'|3.5"
#define MOMENT_OF "-1|'x'|x'00'|3.5"
#define TEXT "x'00'|cast(x'ff' AS TEXT)|printf('%.*c', 100000, 'x')|cast(x'780079' AS TEXT)"
#define NEEDED "|NULL"

static const struct {
    const char *column, *where, *values;
} wrong[] = {
    {"rollout.server", "", TEXT NEEDED "|''"},
    {"rollout.plan", "", "1|'x'|x'00'|zeroblob(33)|zeroblob(100000)" NEEDED},
    {"rollout.details", "", "1|'x'|x'00'|zeroblob(33)" NEEDED},
    {"rollout.refusals", "", NUMBER},
    {"rollout.begun_s", "", MOMENT_OF},
    {"rollout.changed_s", "", MOMENT_OF},
    {"person.name", "WHERE id = 2", TEXT "|''"},
    {"person.role", "WHERE id = 2", NUMBER "|3"},
    {"person.route", "WHERE id = 2", NUMBER "|4"},
    {"person.password_kind", "WHERE id = 2", NUMBER "|3"},
    {"person.password_name", "WHERE id = 2", TEXT},
    {"person.grp", "WHERE id = 2", TEXT},
    {"person.password", "WHERE id = 2", NUMBER "|5"},
    {"person.app_password_id", "WHERE id = 2", MOMENT_OF},
    {"item.line", "WHERE id = 3", MOMENT_OF},
    {"item.method", "WHERE id = 3", NUMBER "|3|0"},
    {"item.n", "WHERE id = 3", NUMBER "|9|0"},
    {"item.pattern", "WHERE id = 3", TEXT},
    {"item.label", "WHERE id = 3", TEXT},
    {"item.state", "WHERE id = 3", NUMBER "|9"},
    {"item.wants_proof", "WHERE id = 3", NUMBER "|2"},
    {"item.factor_id", "WHERE id = 3", MOMENT_OF},
    {"item.cid", "WHERE id = 3", TEXT},
    {"item.cause", "WHERE id = 3", NUMBER "|1|8|131"},
    {"item.cause_text", "WHERE id = 3", TEXT},
    {"item.cause_hint", "WHERE id = 3", TEXT},
    {"item.submitted_s", "WHERE id = 3", MOMENT_OF},
    {"item.changed_s", "WHERE id = 3", MOMENT_OF},
    {"item.tries", "WHERE id = 3", NUMBER},
    {"item.before", "WHERE id = 3", "1|'x'|x'00'|zeroblob(80008)"},
    {"item.credential", "WHERE id = 3", "1|'x'|zeroblob(1025)"},
    {"key.aaguid", "", TEXT},
    {"key.serial", "", TEXT},
    {"key.firmware", "", TEXT},
    {"key.reset", "", NUMBER "|2"},
    {"key.pin", "", NUMBER "|5"},
    {"key.begun_s", "", MOMENT_OF},
    {"key.done_s", "", MOMENT_OF},
    {"key.own_ms", "", MOMENT_OF},
    {"sheet.kind", "", NUMBER "|2"},
    {"sheet.name", "", TEXT},
    {"sheet.n", "", NUMBER},
    {"sheet.sealed", "", NUMBER "|2"},
    {"sheet.made_s", "", MOMENT_OF},
    {"sheet.deleted_s", "", MOMENT_OF},
};

static void copy(const char *from, const char *to)
{
    char line[128];

    snprintf(line, sizeof(line), "cp %s %s && chmod 600 %s", from, to, to);
    assert_int_equal(system(line), 0);
}

static void test_values(void **state)
{
    (void)state;
    make_full();
    assert_int_equal(use(), 0);
    assert_int_equal(unlink(LEDGER), 0);
    make_full();
    copy(LEDGER, "whole");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        char values[512], table[32], sql[256], *rest = NULL;
        snprintf(values, sizeof(values), "%s", wrong[i].values);
        snprintf(table, sizeof(table), "%.*s", (int)strcspn(wrong[i].column, "."), wrong[i].column);
        for (char *value = strtok_r(values, "|", &rest); value != NULL;
             value = strtok_r(NULL, "|", &rest)) {
            copy("whole", LEDGER);
            snprintf(sql, sizeof(sql), "UPDATE %s SET %s = %s %s", table,
                     strchr(wrong[i].column, '.') + 1, value, wrong[i].where);
            run_sql(LEDGER, sql);
            if (look() == 0)
                fail_msg("nobody saw: %s", sql);
        }
        use();
    }
}

/* --- bytes --- */

static void test_bytes(void **state)
{
    enum { TRIES = 60, BYTES = 6 };
    unsigned seed = 3;
    int seen = 0;

    (void)state;
    make_full();
    copy(LEDGER, "whole");
    for (int i = 0; i < TRIES; i++) {
        copy("whole", LEDGER);
        FILE *file = fopen(LEDGER, "r+e");
        assert_non_null(file);
        assert_int_equal(fseek(file, 0, SEEK_END), 0);
        long size = ftell(file);
        for (int j = 0; j < BYTES; j++) {
            assert_int_equal(fseek(file, rand_r(&seed) % size, SEEK_SET), 0);
            fputc(rand_r(&seed) % 256, file);
        }
        assert_int_equal(fclose(file), 0);
        seen += use() > 0;
    }
    assert_true(seen > 0);
}

static void test_a_file_that_was_cut_off(void **state)
{
    struct stat status;

    (void)state;
    make_full();
    copy(LEDGER, "whole");
    assert_int_equal(stat("whole", &status), 0);
    for (off_t size = 1; size < status.st_size; size += size < 200 ? 33 : 1500) {
        copy("whole", LEDGER);
        assert_int_equal(truncate(LEDGER, size), 0);
        if (use() == 0)
            fail_msg("nobody saw that it has %lld bytes only", (long long)size);
    }
}

static void test_tables_that_are_not_there(void **state)
{
    static const char *const sql[] = {
        "DROP TABLE sheet",
        "DROP TABLE key",
        "DROP INDEX person_apps",
        "DELETE FROM rollout",
        "ALTER TABLE item DROP COLUMN before",
        "ALTER TABLE person RENAME TO people; CREATE VIEW person AS SELECT * FROM people",
    };

    (void)state;
    make_full();
    copy(LEDGER, "whole");
    for (size_t i = 0; i < sizeof(sql) / sizeof(*sql); i++) {
        copy("whole", LEDGER);
        run_sql(LEDGER, sql[i]);
        if (use() == 0)
            fail_msg("nobody saw: %s", sql[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(test_values),
        LEDGER_TEST(test_bytes),
        LEDGER_TEST(test_a_file_that_was_cut_off),
        LEDGER_TEST(test_tables_that_are_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
