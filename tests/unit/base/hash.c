#include "cowkey/base/hash.h"

#include "allocation.h"
#include "cowkey/base/bytes.h"

/* FIPS 180-4's example. */
static void test_sha256(void **state)
{
    uint8_t hash[CK_SHA256_SIZE];
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_sha256("abc", 3, hash, &err), CK_OK);
    char *hex = ck_hex_encode(hash, sizeof(hash));
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    free(hex);
}

static enum ck_err hash(struct ck_error *err)
{
    uint8_t result[CK_SHA256_SIZE] = {0};
    enum ck_err r = ck_sha256("abc", 3, result, err);

    assert_int_equal(result[0], r == CK_OK ? 0xba : 0);
    return r;
}

static void test_allocations_fail(void **state)
{
    (void)state;
    fail_each_allocation(hash, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_allocations_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
