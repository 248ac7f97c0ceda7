/* Tests of what an audit finds. */
#include "cowkey/admin/finding.h"

#include "tests/unit/base/expect.h"

static void test_levels_have_names(void **state)
{
    (void)state;
    assert_string_equal(ck_level_name(CK_LEVEL_INFO), "info");
    assert_string_equal(ck_level_name(CK_LEVEL_WARNING), "warning");
    assert_string_equal(ck_level_name(CK_LEVEL_CRITICAL), "critical");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
