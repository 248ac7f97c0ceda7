#include "cowkey/base/secret.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allocation.h"

static void test_new_copies(void **state)
{
    char text[] = "hunter2";
    struct ck_secret *secret = secret_of(text);

    (void)state;
    text[0] = 'x';
    assert_secret(secret, "hunter2");
    ck_secret_free(&secret);
    assert_null(secret);
    ck_secret_free(&secret);
}

static void test_new_without_bytes_is_zeroed(void **state)
{
    struct ck_secret *secret = secret_of_bytes(NULL, 100);
    static const char zeros[100];

    (void)state;
    assert_secret_bytes(secret, zeros, sizeof(zeros));
    ck_secret_free(&secret);
}

static void test_size_bound(void **state)
{
    static const char bytes[CK_SECRET_MAX];
    struct ck_secret *secret = UNTOUCHED;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_secret_new(NULL, CK_SECRET_MAX + 1, &secret, &err), CK_ERR_USAGE);
    assert_int_equal(ck_secret_new(NULL, SIZE_MAX, &secret, &err), CK_ERR_USAGE);
    assert_ptr_equal(secret, UNTOUCHED);
    assert_error(&err, CK_ERR_USAGE, "524224");
    assert_int_equal(ck_secret_new(bytes, CK_SECRET_MAX, &secret, &err), CK_OK);
    assert_secret_bytes(secret, bytes, CK_SECRET_MAX);

    assert_int_equal(ck_secret_append(&secret, "", 0, &err), CK_OK);
    assert_int_equal(ck_secret_append(&secret, "x", 1, &err), CK_ERR_USAGE);
    assert_int_equal(ck_secret_append(&secret, "x", SIZE_MAX, &err), CK_ERR_USAGE);
    assert_secret_bytes(secret, bytes, CK_SECRET_MAX);
    ck_secret_free(&secret);
}

static void test_equal(void **state)
{
    struct ck_secret *a = secret_of("same"), *b = secret_of("same"), *longer = secret_of("samey");

    (void)state;
    assert_true(ck_secret_equal(a, b));
    assert_true(ck_secret_equal(a, a));
    assert_false(ck_secret_equal(a, longer));
    for (size_t byte = 0; byte < 4; byte++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            ck_secret_bytes(b)[byte] ^= (char)(1U << bit);
            assert_false(ck_secret_equal(a, b));
            ck_secret_bytes(b)[byte] ^= (char)(1U << bit);
        }
    }
    assert_true(ck_secret_equal(a, b));
    ck_secret_free(&a);
    ck_secret_free(&b);
    ck_secret_free(&longer);
}

static void test_empty_secrets_are_equal(void **state)
{
    struct ck_secret *a = secret_of(""), *b = secret_of_bytes(NULL, 0);

    (void)state;
    assert_true(ck_secret_equal(a, b));
    ck_secret_free(&a);
    ck_secret_free(&b);
}

static void test_append_builds(void **state)
{
    struct ck_secret *secret = NULL;
    struct ck_error err;
    char expected[1001] = "";

    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        expected[i] = (char)('a' + i % 26);
        assert_int_equal(ck_secret_append(&secret, &expected[i], 1, &err), CK_OK);
        assert_secret_bytes(secret, expected, i + 1);
    }
    ck_secret_free(&secret);
}

static void test_append_to_bound(void **state)
{
    static const char bytes[CK_SECRET_MAX / 2 + 1];
    struct ck_secret *secret = NULL;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_secret_append(&secret, bytes, sizeof(bytes), &err), CK_OK);
    assert_int_equal(ck_secret_append(&secret, bytes, sizeof(bytes), &err), CK_ERR_USAGE);
    assert_int_equal(ck_secret_append(&secret, bytes, sizeof(bytes) - 2, &err), CK_OK);
    assert_int_equal(ck_secret_size(secret), CK_SECRET_MAX);
    ck_secret_free(&secret);
}

static void test_append_of_itself(void **state)
{
    struct ck_secret *secret = secret_of("ab");
    struct ck_error err;

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(
            ck_secret_append(&secret, ck_secret_bytes(secret), ck_secret_size(secret), &err),
            CK_OK);
    assert_secret(secret, "abababababababababababababababab");
    ck_secret_free(&secret);
}

static void test_truncate_erases(void **state)
{
    struct ck_secret *secret = secret_of("hunter2");

    (void)state;
    ck_secret_truncate(secret, 8);
    ck_secret_truncate(secret, 7);
    assert_secret(secret, "hunter2");
    ck_secret_truncate(secret, 3);
    assert_secret(secret, "hun");
    assert_memory_equal(ck_secret_bytes(secret) + 3, "\0\0\0\0", 4);
    ck_secret_truncate(secret, 0);
    assert_secret(secret, "");
    ck_secret_free(&secret);
}

static void test_chomp(void **state)
{
    static const char *const pairs[][2] = {
        {"", ""},           {"pw", "pw"},         {"pw\n", "pw"},
        {"pw\r\n", "pw"},   {"\n", ""},           {"\r\n", ""},
        {"pw\n\n", "pw\n"}, {"pw\r", "pw\r"},     {"pw\r\r\n", "pw\r"},
        {" pw \n", " pw "}, {"pw\n\r", "pw\n\r"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct ck_secret *secret = secret_of(pairs[i][0]);
        ck_secret_chomp(secret);
        assert_secret(secret, pairs[i][1]);
        ck_secret_free(&secret);
    }
}

static void test_erase(void **state)
{
    char bytes[] = "secret!";

    (void)state;
    ck_secret_erase(bytes + 1, 5);
    assert_memory_equal(bytes, "s\0\0\0\0\0!", 8);
    ck_secret_erase(NULL, 0);
}

static enum ck_err build(struct ck_error *err)
{
    struct ck_secret *secret = UNTOUCHED;

    if (ck_secret_new("0123456789", 10, &secret, err) != CK_OK) {
        assert_ptr_equal(secret, UNTOUCHED);
        return err->code;
    }
    for (int i = 0; i < 10; i++) {
        const struct ck_secret *before = secret;
        size_t size = ck_secret_size(secret);
        if (ck_secret_append(&secret, "0123456789", 10, err) == CK_OK)
            continue;
        assert_ptr_equal(secret, before);
        assert_int_equal(ck_secret_size(secret), size);
        ck_secret_free(&secret);
        return err->code;
    }
    ck_secret_free(&secret);
    return CK_OK;
}

static void test_allocations_fail(void **state)
{
    (void)state;
    fail_each_allocation(build, 2);
}

/* --- the same on the secure heap; OpenSSL gives it up again when nothing is left in it --- */

static int set_up_heap(void **state)
{
    struct ck_error err;

    (void)state;
    return ck_secret_heap_init(&err) == CK_OK && ck_secret_heap_init(&err) == CK_OK ? 0 : -1;
}

static int tear_down_heap(void **state)
{
    (void)state;
    return CRYPTO_secure_malloc_done() == 1 ? 0 : -1;
}

static void test_heap_is_used_and_given_back(void **state)
{
    struct ck_secret *secret = secret_of("hunter2");

    (void)state;
    assert_int_equal(CRYPTO_secure_allocated(ck_secret_bytes(secret)), 1);
    assert_true(CRYPTO_secure_used() > 0);
    ck_secret_free(&secret);
    assert_int_equal(CRYPTO_secure_used(), 0);
}

/* Reads what was freed: the heap stays mapped, and nobody else uses it here. */
static void test_heap_is_erased(void **state)
{
    char text[400];
    struct ck_secret *secret;
    struct ck_error err;

    (void)state;
    memset(text, 'S', sizeof(text));
    secret = secret_of_bytes(text, sizeof(text));
    const char *first = ck_secret_bytes(secret);
    assert_int_equal(ck_secret_append(&secret, text, sizeof(text), &err), CK_OK);
    const char *second = ck_secret_bytes(secret);
    assert_ptr_not_equal(first, second);
    assert_null(memchr(first, 'S', sizeof(text)));
    ck_secret_free(&secret);
    assert_null(memchr(second, 'S', 2 * sizeof(text)));
}

static void test_heap_runs_out(void **state)
{
    enum { MORE_THAN_FIT = CK_SECRET_HEAP / CK_SECRET_MAX + 1 };
    struct ck_secret *secrets[MORE_THAN_FIT] = {NULL};
    struct ck_error err;
    int count = 0;

    (void)state;
    while (count < MORE_THAN_FIT &&
           ck_secret_new(NULL, CK_SECRET_MAX, &secrets[count], &err) == CK_OK)
        count++;
    assert_in_range(count, 4, MORE_THAN_FIT - 1);
    assert_error(&err, CK_ERR_UNCHANGED, "not enough memory");
    assert_null(secrets[count]);
    while (count > 0)
        ck_secret_free(&secrets[--count]);
    assert_int_equal(CRYPTO_secure_used(), 0);
}

/* The child may lock nothing: no privilege, and a limit of 0. */
static void test_heap_works_unlocked(void **state)
{
    int status;
    pid_t child = fork();

    (void)state;
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit nothing = {0, 0};
        struct ck_error err;

        if (setrlimit(RLIMIT_MEMLOCK, &nothing) != 0 || (geteuid() == 0 && setuid(65534) != 0))
            _exit(1);
        if (ck_secret_heap_init(&err) != CK_OK)
            _exit(2);
        struct ck_secret *secret = secret_of("hunter2");
        _exit(CRYPTO_secure_allocated(ck_secret_bytes(secret)) == 1 ? 0 : 3);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_heap_without_memory(void **state)
{
    struct ck_error err;

    (void)state;
    if (!allocations_can_fail())
        skip();
    allocation_.failure = FAIL_FOR_EVER;
    allocation_.fired = false;
    allocation_.armed = true;
    enum ck_err r = ck_secret_heap_init(&err);
    allocation_.armed = false;
    assert_int_equal(r, CK_ERR_UNCHANGED);
    assert_error(&err, CK_ERR_UNCHANGED, "memory");
    assert_int_equal(CRYPTO_secure_malloc_initialized(), 0);
}

#define HEAP_TEST(test) cmocka_unit_test_setup_teardown(test, set_up_heap, tear_down_heap)

static void test_a_block_grows_and_shrinks_with_its_bytes(void **state)
{
    (void)state;
    char *block = ck_secret_erasing_realloc(NULL, 8);

    assert_non_null(block);
    memcpy(block, "made up", 8);
    block = ck_secret_erasing_realloc(block, 100000);
    assert_non_null(block);
    assert_string_equal(block, "made up");
    block = ck_secret_erasing_realloc(block, 4);
    assert_non_null(block);
    assert_memory_equal(block, "made", 4);
    ck_secret_erase_and_free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_copies),
        cmocka_unit_test(test_new_without_bytes_is_zeroed),
        cmocka_unit_test(test_size_bound),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_empty_secrets_are_equal),
        cmocka_unit_test(test_append_builds),
        cmocka_unit_test(test_append_to_bound),
        cmocka_unit_test(test_append_of_itself),
        cmocka_unit_test(test_truncate_erases),
        cmocka_unit_test(test_chomp),
        cmocka_unit_test(test_erase),
        cmocka_unit_test(test_a_block_grows_and_shrinks_with_its_bytes),
        cmocka_unit_test(test_allocations_fail),
        HEAP_TEST(test_new_copies),
        HEAP_TEST(test_size_bound),
        HEAP_TEST(test_append_builds),
        HEAP_TEST(test_append_to_bound),
        HEAP_TEST(test_append_of_itself),
        HEAP_TEST(test_truncate_erases),
        HEAP_TEST(test_heap_is_used_and_given_back),
        HEAP_TEST(test_heap_is_erased),
        HEAP_TEST(test_heap_runs_out),
        cmocka_unit_test(test_heap_works_unlocked),
        cmocka_unit_test(test_heap_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
