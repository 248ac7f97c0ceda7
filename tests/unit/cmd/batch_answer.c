#include "src/cmd/batch.h"

#include "../base/expect.h"

static void assert_answer(const struct batch_answer *answer, const char *text)
{
    assert_int_equal(answer->more_size, strlen(text));
    assert_memory_equal(answer->more, text, strlen(text));
}

static void test_members(void **state)
{
    struct batch_answer answer = {.more_size = 0};

    (void)state;
    batch_put_text(&answer, "a", "plain ~");
    batch_put_text(&answer, "b", "");
    batch_put_text(&answer, "c", NULL);
    batch_put_text(&answer, "d", "\"\\\n\x7f\xc3\xa4");
    assert_answer(&answer, ",\"a\":\"plain ~\",\"b\":\"\",\"c\":null,"
                           "\"d\":\"\\\"\\\\\\n\x7f\\u00E4\"");
}

static void test_numbers(void **state)
{
    struct batch_answer answer = {.more_size = 0};

    (void)state;
    batch_put_number(&answer, "a", 0);
    batch_put_number(&answer, "b", -10);
    batch_put_number(&answer, "c", INT64_MAX);
    batch_put_number(&answer, "d", INT64_MIN);
    batch_put_bool(&answer, "e", true);
    batch_put_bool(&answer, "f", false);
    batch_put_null(&answer, "g");
    assert_answer(&answer, ",\"a\":0,\"b\":-10,\"c\":9223372036854775807,"
                           "\"d\":-9223372036854775808,\"e\":true,\"f\":false,\"g\":null");
}

static void test_error(void **state)
{
    struct batch_answer answer = {.more_size = 0};
    struct ck_error err;

    (void)state;
    ck_error_set(&err, CK_ERR_USAGE, "it is bad");
    ck_error_hint(&err, "Mend it.");
    batch_put_error(&answer, &err);
    assert_answer(&answer,
                  ",\"error\":{\"status\":2,\"error\":\"it is bad\",\"hint\":\"Mend it.\"}");
}

/* One byte too many, and the member is left out, whichever its part; nothing goes behind the end. */
static void test_room(void **state)
{
    static char text[BATCH_MORE_MAX + 2];
    struct {
        struct batch_answer answer;
        char behind[BATCH_MORE_MAX];
    } space;
    const size_t around = strlen(",\"a\":\"\"");

    (void)state;
    for (size_t size = BATCH_MORE_MAX - 2 * around; size <= BATCH_MORE_MAX + 1; size++) {
        memset(text, 'x', size);
        text[size] = '\0';
        for (char kind = 'x'; kind <= 'y'; kind++) {
            memset(&space, '#', sizeof(space));
            space.answer.more_size = 0;
            text[0] = kind == 'x' ? 'x' : '"'; /* is written as two */
            size_t needed = around + size + (kind == 'y');
            bool fits = needed <= BATCH_MORE_MAX;
            batch_put_text(&space.answer, "a", text);
            assert_int_equal(space.answer.more_size, fits ? needed : 0);
            size_t before = space.answer.more_size, more = strlen(",\"b\":1");
            batch_put_number(&space.answer, "b", 1);
            assert_int_equal(space.answer.more_size,
                             before + (before + more <= BATCH_MORE_MAX ? more : 0));
            for (size_t i = 0; i < sizeof(space.behind); i++)
                assert_int_equal(space.behind[i], '#');
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_error),
        cmocka_unit_test(test_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
