/* Sorting records and finding one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cowkey/mailcow/admin.h"

enum { COUNT_MAX = 9 };

/* Every other name of a line of letters, in the wrong order. */
static void fill(struct ck_record *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        snprintf(rows[i].account.name, sizeof(rows[i].account.name), "%c@example.test",
                 (char)('a' + 2 * (count - i)));
}

static void test_finds_each_and_nobody_else(void **state)
{
    (void)state;
    char name[CK_ACCOUNT_NAME_MAX];

    for (size_t count = 0; count <= COUNT_MAX; count++) {
        struct ck_record rows[COUNT_MAX] = {0};
        struct ck_records records = {.rows = rows, .count = count};
        fill(rows, count);
        ck_records_sort(&records);
        for (char letter = 'a'; letter <= 'z'; letter++) {
            bool is_there =
                letter > 'a' && letter <= 'a' + 2 * (char)count && letter % 2 == 'a' % 2;
            snprintf(name, sizeof(name), "%c@example.test", letter);
            const struct ck_record *found = ck_records_find(&records, name);
            assert_int_equal(found != NULL, is_there);
            if (found != NULL)
                assert_string_equal(found->account.name, name);
        }
    }
}

static void test_sorts_by_bytes(void **state)
{
    (void)state;
    struct ck_record rows[] = {{.account.name = "b"},
                               {.account.name = "\xc3\xa4"},
                               {.account.name = "a.b"},
                               {.account.name = "a"}};
    struct ck_records records = {.rows = rows, .count = 4};

    ck_records_sort(&records);
    assert_string_equal(rows[0].account.name, "a");
    assert_string_equal(rows[1].account.name, "a.b");
    assert_string_equal(rows[2].account.name, "b");
    assert_string_equal(rows[3].account.name, "\xc3\xa4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_finds_each_and_nobody_else),
                                       cmocka_unit_test(test_sorts_by_bytes)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
