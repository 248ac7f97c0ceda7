/* Reading: what is an entry, what breaks the chain, what a head tells, and which record comes when. */
#include "cowkey/base/json.h"
#include "sample.h"

/* --- which line is an entry --- */

#define ID "00112233445566778899aabbccddeeff"
#define START "\"prev\":\"" ZEROS "\",\"time\":\"2026-11-23T08:21:24Z\",\"event\":"

static void assert_entry(const char *line, bool is_entry)
{
    put_bytes("line", line, strlen(line));
    struct ck_journal_verdict verdict = walk("line");
    if (verdict.entries != is_entry || verdict.torn_count != !is_entry || verdict.breaks != 0)
        fail_msg("%s is %san entry", line, is_entry ? "not " : "");
    assert_int_equal(verdict.lines, 1);
    assert_int_equal(verdict.torn[0], is_entry ? 0 : 1);
}

static void test_what_is_an_entry(void **state)
{
    static const char *const lines[] = {
        "{\"n\":1," START "\"intent\",\"id\":\"" ID "\"}\n",
        "{\"n\":1," START "\"intent\",\"id\":\"" ID "\",\"account\":null,\"more\":[1]}\n",
        "{\"n\":1," START "\"outcome\",\"id\":\"" ID "\",\"outcome\":\"done\"}\n",
        "{\"n\":1," START "\"outcome\",\"id\":\"" ID "\",\"outcome\":\"failed\"}\n",
        " {\"id\":\"" ID "\"," START "\"intent\",\"n\":1} \n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        assert_entry(lines[i], true);
}

static void test_what_is_none(void **state)
{
    static const char *const lines[] = {
        "\n",
        "{}\n",
        "{\"n\":0," START "\"intent\",\"id\":\"" ID "\"}\n",
        "{\"n\":-1," START "\"intent\",\"id\":\"" ID "\"}\n",
        "{\"n\":1.0," START "\"intent\",\"id\":\"" ID "\"}\n",
        "{\"n\":\"1\"," START "\"intent\",\"id\":\"" ID "\"}\n",
        "{\"n\":1000000000000001," START "\"intent\",\"id\":\"" ID "\"}\n",
        "{\"n\":99999999999999999999," START "\"intent\",\"id\":\"" ID "\"}\n",
        "{" START "\"intent\",\"id\":\"" ID "\"}\n",
        "{\"n\":1,\"n\":1," START "\"intent\",\"id\":\"" ID "\"}\n",
        "{\"n\":1," START "\"intend\",\"id\":\"" ID "\"}\n",
        "{\"n\":1," START "7,\"id\":\"" ID "\"}\n",
        "{\"n\":1," START "\"intent\"}\n",
        "{\"n\":1," START "\"intent\",\"id\":\"" ID "0\"}\n",
        "{\"n\":1," START "\"intent\",\"id\":\"00112233445566778899AABBCCDDEEFF\"}\n",
        "{\"n\":1," START "\"intent\",\"id\":\"" ID "\",\"account\":1}\n",
        "{\"n\":1," START "\"intent\",\"id\":\"" ID "\",\"serial\":[]}\n",
        "{\"n\":1,\"after_torn\":false," START "\"intent\",\"id\":\"" ID "\"}\n",
        "{\"n\":1," START "\"outcome\",\"id\":\"" ID "\"}\n",
        "{\"n\":1," START "\"outcome\",\"id\":\"" ID "\",\"outcome\":\"perhaps\"}\n",
        "{\"n\":1," START "\"outcome\",\"id\":\"" ID "\",\"outcome\":null}\n",
        "{\"n\":1,\"prev\":\"0\",\"event\":\"intent\",\"id\":\"" ID "\"}\n",
        "{\"n\":1,\"event\":\"intent\",\"id\":\"" ID "\"}\n",
        "{\"n\":1," START "\"intent\",\"id\":\"" ID "\"}x\n",
        "{\"n\":1," START "\"intent\",\"id\":\"" ID "\"\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        assert_entry(lines[i], false);
}

/* A file of something else; behind an entry it may have been torn, and the chain tells. */
static void test_what_is_no_journal(void **state)
{
    static const char *const texts[] = {"[]\n", "null\n", "# a configuration\n{}\n", "no line end"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        put_bytes("line", texts[i], strlen(texts[i]));
        struct ck_journal_verdict verdict = walk("line");
        assert_int_equal(verdict.breaks, 1);
        assert_int_equal(verdict.broken[0].line, 1);
        assert_non_null(strstr(verdict.broken[0].why, "no line of a journal"));
    }
    put_bytes("line", "\0\0\0", 3);
    assert_int_equal(walk("line").breaks, 0);
}

/* A line may be so long, with its LF, and no longer. */
static void test_length_of_a_line(void **state)
{
    static const char start[] = "{\"n\":1," START "\"intent\",\"id\":\"" ID "\"";
    char line[CK_JOURNAL_LINE_MAX + 2];

    (void)state;
    for (size_t more = 0; more < 2; more++) {
        size_t size = CK_JOURNAL_LINE_MAX + more;
        memset(line, ' ', size);
        memcpy(line, start, strlen(start));
        line[size - 2] = '}';
        line[size - 1] = '\n';
        line[size] = '\0';
        assert_entry(line, more == 0);
    }
}

/* Its hash covers all of it, although it is not kept. */
static void test_hash_of_a_line_that_is_too_long(void **state)
{
    enum { SIZE = 5 * CK_JOURNAL_LINE_MAX };
    CK_CLEANUP(ck_free_p) char *line = calloc(1, SIZE + 1);

    (void)state;
    assert_non_null(line);
    memset(line, 'x', SIZE);
    line[0] = '{';
    line[SIZE - 1] = '\n';
    put_bytes("line", line, SIZE);
    CK_CLEANUP(ck_free_p) char *hash = hash_of(line);
    assert_string_equal(walk("line").head, hash);
    write_deeds("line", 1);
    struct ck_journal_verdict verdict = walk("line");
    assert_int_equal(verdict.breaks, 0);
    assert_int_equal(verdict.torn[0], 1);
}

/* --- what is found --- */

/* One bit of each byte: before the last line, the chain tells; in the last, only a head does. */
static void test_each_byte_that_was_changed(void **state)
{
    size_t size;

    (void)state;
    write_deeds("journal", 2);
    CK_CLEANUP(ck_free_p) char *bytes = content_of("journal", &size);
    CK_CLEANUP(ck_free_p) char *last = line_of("journal", 4);
    struct ck_journal_verdict before = walk("journal");
    assert_int_equal(before.breaks, 0);
    for (size_t at = 0; at < size; at++) {
        struct ck_journal_verdict verdict;
        struct ck_error err;
        bytes[at] ^= 0x04;
        put_bytes("journal", bytes, size);
        bytes[at] ^= 0x04;
        assert_int_equal(ck_journal_walk("journal", before.head, NULL, NULL, &verdict, &err),
                         CK_OK);
        bool is_in_last = at >= size - strlen(last);
        bool joins_last = at == size - strlen(last) - 1; /* what is left is torn */
        if (is_in_last || joins_last ? verdict.head_found : verdict.breaks == 0)
            fail_msg("byte %zu", at);
    }
}

static void test_a_head_and_what_came_since(void **state)
{
    struct ck_journal_verdict verdict;
    struct ck_error err;
    char heads[5][CK_JOURNAL_HASH_SIZE + 1];

    (void)state;
    struct ck_journal *journal = open_journal("journal");
    ck_journal_close(&journal);
    strcpy(heads[0], walk("journal").head);
    assert_string_equal(heads[0], ZEROS);
    for (int i = 1; i < 5; i++) {
        write_deeds("journal", 1);
        strcpy(heads[i], walk("journal").head);
    }
    for (int i = 0; i < 5; i++) {
        assert_int_equal(ck_journal_walk("journal", heads[i], NULL, NULL, &verdict, &err), CK_OK);
        assert_true(verdict.head_found);
        assert_int_equal(verdict.since, 2 * (4 - i));
    }
    heads[3][10] = heads[3][10] == '0' ? '1' : '0';
    assert_int_equal(ck_journal_walk("journal", heads[3], NULL, NULL, &verdict, &err), CK_OK);
    assert_false(verdict.head_found);
    verdict.lines = 77;
    heads[3][10] = 'g';
    assert_int_equal(ck_journal_walk("journal", heads[3], NULL, NULL, &verdict, &err),
                     CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, "is not the head");
    assert_int_equal(verdict.lines, 77);
}

/* --- records --- */

struct list {
    unsigned count;
    struct {
        uint64_t line, outcome_line;
        char serial[32];
    } rows[8];
};

static enum ck_err add(void *data, const struct ck_journal_record *record, struct ck_error *err)
{
    struct list *list = data;

    if (list->count == 8)
        return ck_error_set(err, CK_ERR_INTERRUPTED, "that is enough");
    list->rows[list->count].line = record->line;
    list->rows[list->count].outcome_line = record->outcome_line;
    snprintf(list->rows[list->count].serial, sizeof(list->rows[0].serial), "%s",
             record->deed.serial != NULL ? record->deed.serial : "");
    list->count++;
    return CK_OK;
}

static void assert_row(const struct list *list, unsigned row, uint64_t line, uint64_t outcome_line)
{
    assert_int_equal(list->rows[row].line, line);
    assert_int_equal(list->rows[row].outcome_line, outcome_line);
}

static void test_records(void **state)
{
    CK_CLEANUP(ck_journal_close) struct ck_journal *journal = open_journal("journal");
    char a[CK_JOURNAL_ID_SIZE + 1], b[CK_JOURNAL_ID_SIZE + 1], c[CK_JOURNAL_ID_SIZE + 1];
    struct ck_journal_verdict verdict;
    struct list list = {0};
    struct ck_error err;

    (void)state;
    intend(journal, a);
    intend(journal, b);
    intend(journal, c);
    conclude(journal, b);
    conclude(journal, ID); /* nobody's */
    assert_int_equal(ck_journal_walk("journal", NULL, add, &list, &verdict, &err), CK_OK);
    assert_int_equal(list.count, 4);
    assert_row(&list, 0, 2, 4);
    assert_string_equal(list.rows[0].serial, "12345678"); /* known at the outcome only */
    assert_row(&list, 1, 0, 5);
    assert_row(&list, 2, 1, 0);
    assert_row(&list, 3, 3, 0);
    assert_int_equal(verdict.not_concluded, 2);
}

static void test_a_visitor_ends_the_walk(void **state)
{
    struct ck_journal_verdict verdict = {.lines = 77};
    struct list list = {0};
    struct ck_error err;

    (void)state;
    write_deeds("journal", 9);
    assert_int_equal(ck_journal_walk("journal", NULL, add, &list, &verdict, &err),
                     CK_ERR_INTERRUPTED);
    assert_int_equal(list.count, 8);
    assert_int_equal(verdict.lines, 77);
}

/* --- what can't be read --- */

static void assert_unreadable(const char *path, const char *part)
{
    struct ck_journal_verdict verdict = {.lines = 77};
    struct ck_error err;

    assert_int_equal(ck_journal_walk(path, NULL, NULL, NULL, &verdict, &err), CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, part);
    assert_int_equal(verdict.lines, 77);
}

static void test_what_can_not_be_read(void **state)
{
    (void)state;
    assert_unreadable("missing", "No such file");
    assert_unreadable(".", "is no file");
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_unreadable("pipe", "is no file");
    write_deeds("journal", 1);
    assert_int_equal(chmod("journal", 0), 0);
    give_up_root();
    assert_unreadable("journal", "Permission denied");
    take_back_root();
}

static enum ck_err walk_one(struct ck_error *err)
{
    struct ck_journal_verdict verdict;
    struct list list = {0};

    if (ck_journal_walk("journal", NULL, add, &list, &verdict, err) != CK_OK)
        return err->code;
    assert_int_equal(verdict.entries, 3);
    assert_int_equal(verdict.breaks, 0);
    assert_int_equal(list.count, 2);
    return CK_OK;
}

static void test_allocations_fail(void **state)
{
    char id[CK_JOURNAL_ID_SIZE + 1];

    (void)state;
    write_deeds("journal", 1);
    struct ck_journal *journal = open_journal("journal");
    intend(journal, id);
    ck_journal_close(&journal);
    append_text("journal", "torn");
    fail_each_allocation(walk_one, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST(test_what_is_an_entry),
        FILE_TEST(test_what_is_none),
        FILE_TEST(test_what_is_no_journal),
        FILE_TEST(test_length_of_a_line),
        FILE_TEST(test_hash_of_a_line_that_is_too_long),
        FILE_TEST(test_each_byte_that_was_changed),
        FILE_TEST(test_a_head_and_what_came_since),
        FILE_TEST(test_records),
        FILE_TEST(test_a_visitor_ends_the_walk),
        FILE_TEST(test_what_can_not_be_read),
        FILE_TEST(test_allocations_fail),
    };

    ck_json_init(); /* it notes when memory is short */
    setlinebuf(stdout);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
