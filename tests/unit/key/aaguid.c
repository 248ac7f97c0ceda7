#include "cowkey/key/aaguid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* YubiKey 5 NFC, as its maker publishes it. */
static const uint8_t yubikey[CK_AAGUID_SIZE] = {0x2f, 0xc0, 0x57, 0x9f, 0x81, 0x13, 0x47, 0xea,
                                                0xb1, 0x16, 0xbb, 0x5a, 0x8d, 0xb9, 0x20, 0x2a};

static void test_known(void **state)
{
    const char *name = ck_aaguid_name(yubikey);

    (void)state;
    assert_non_null(name);
    assert_string_equal(name, "YubiKey 5 Series with NFC");
}

/* Each bit counts. */
static void test_unknown(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 8 * sizeof(yubikey); bit++) {
        uint8_t other[CK_AAGUID_SIZE];
        memcpy(other, yubikey, sizeof(other));
        other[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_null(ck_aaguid_name(other));
    }
}

static void test_ends_of_the_table(void **state)
{
    static const uint8_t zeros[CK_AAGUID_SIZE];
    uint8_t ones[CK_AAGUID_SIZE];

    (void)state;
    memset(ones, 0xff, sizeof(ones));
    assert_null(ck_aaguid_name(zeros)); /* that of a U2F key's credential */
    assert_null(ck_aaguid_name(ones));
}

/* The first and the last row of aaguid.csv (to be adapted when it gets others), which a search by halves misses first. */
static void test_first_and_last(void **state)
{
    static const uint8_t first[CK_AAGUID_SIZE] = {0x03, 0x01, 0x2c, 0xb7, 0x4f, 0xb2, 0x42, 0xe7,
                                                  0x9e, 0x8d, 0xa8, 0x1f, 0x10, 0xe2, 0xa5, 0xe9},
                         last[CK_AAGUID_SIZE] = {0xff, 0x4d, 0xac, 0x45, 0xed, 0xe8, 0x4e, 0xc2,
                                                 0xac, 0xed, 0xcf, 0x66, 0x10, 0x3f, 0x43, 0x35};

    (void)state;
    assert_non_null(ck_aaguid_name(first));
    assert_non_null(ck_aaguid_name(last));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_ends_of_the_table),
        cmocka_unit_test(test_first_and_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
