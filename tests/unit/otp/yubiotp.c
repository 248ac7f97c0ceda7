#include "cowkey/otp/yubiotp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define OTP "cccccccbdefghijklnrtuvcbdefghijklnrtuvcbdefg"

static struct ck_secret *secret(const char *text)
{
    struct ck_secret *made = NULL;
    struct ck_error err;

    assert_int_equal(ck_secret_new(text, strlen(text), &made, &err), CK_OK);
    return made;
}

static enum ck_err check_otp(const char *text)
{
    struct ck_secret *otp = secret(text);
    struct ck_error err;
    enum ck_err r = ck_yubiotp_check(otp, &err);

    ck_secret_free(&otp);
    return r;
}

static void test_otp(void **state)
{
    (void)state;
    assert_int_equal(strlen(OTP), CK_YUBIOTP_SIZE);
    assert_int_equal(check_otp(OTP), CK_OK);
    assert_int_equal(check_otp(""), CK_ERR_USAGE);
    assert_int_equal(check_otp(OTP "c"), CK_ERR_USAGE);
    assert_int_equal(check_otp(&OTP[1]), CK_ERR_USAGE);
}

/* Each letter that is none, at each place. */
static void test_otp_of_other_letters(void **state)
{
    char text[] = OTP;

    (void)state;
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        for (const char *c = "aAcC1 \n\xc3"; *c != '\0'; c++) {
            text[i] = *c;
            assert_int_equal(check_otp(text), *c == 'c' ? CK_OK : CK_ERR_USAGE);
        }
        text[i] = OTP[i];
    }
}

static void test_same_key(void **state)
{
    struct ck_secret *a = secret(OTP), *b = secret("cccccccbdefg"
                                                   "cbdefghijklnrtuvcbdefghijklnrtuv");
    struct ck_secret *c = secret("cccccccbdefh"
                                 "cbdefghijklnrtuvcbdefghijklnrtuv");

    (void)state;
    assert_true(ck_yubiotp_same_key(a, b));
    assert_false(ck_yubiotp_same_key(a, c));
    assert_false(ck_yubiotp_same_key(b, c));
    ck_secret_free(&a);
    ck_secret_free(&b);
    ck_secret_free(&c);
}

static void test_client_id(void **state)
{
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_yubico_id_check("1", &err), CK_OK);
    assert_int_equal(ck_yubico_id_check("123456789012345", &err), CK_OK);
    assert_int_equal(ck_yubico_id_check("1234567890123456", &err), CK_ERR_USAGE);
    assert_int_equal(ck_yubico_id_check("", &err), CK_ERR_USAGE);
    assert_int_equal(ck_yubico_id_check("-1", &err), CK_ERR_USAGE);
    assert_int_equal(ck_yubico_id_check("1:2", &err), CK_ERR_USAGE);
}

static enum ck_err check_key(const char *text)
{
    struct ck_secret *key = secret(text);
    struct ck_error err;
    enum ck_err r = ck_yubico_key_check(key, &err);

    ck_secret_free(&key);
    return r;
}

static void test_client_key(void **state)
{
    char longest[CK_YUBICO_KEY_MAX + 5];

    (void)state;
    assert_int_equal(check_key("TWFkZS1VcC1ZdWJpY28tS2V5LTE="), CK_OK);
    assert_int_equal(check_key("TWFkZS1VcC1ZdWI="), CK_OK);
    assert_int_equal(check_key("TWFkZS1VcC1Z"), CK_ERR_USAGE);    /* short */
    assert_int_equal(check_key("TWFkZS1VcC1ZdWI"), CK_ERR_USAGE); /* cut */
    assert_int_equal(check_key("TWFkZS1VcC1Zd==="), CK_ERR_USAGE);
    assert_int_equal(check_key("TWFkZS1V=C1ZdWI="), CK_ERR_USAGE);
    /* It would end before its end in the server's table. */
    assert_int_equal(check_key("TWFkZS1V:C1ZdWI="), CK_ERR_USAGE);
    memset(longest, 'A', sizeof(longest));
    longest[CK_YUBICO_KEY_MAX] = '\0';
    assert_int_equal(check_key(longest), CK_OK);
    longest[CK_YUBICO_KEY_MAX] = 'A';
    longest[CK_YUBICO_KEY_MAX + 4] = '\0';
    assert_int_equal(check_key(longest), CK_ERR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_otp),        cmocka_unit_test(test_otp_of_other_letters),
        cmocka_unit_test(test_same_key),   cmocka_unit_test(test_client_id),
        cmocka_unit_test(test_client_key),
    };
    struct ck_error err;

    if (ck_secret_heap_init(&err) != CK_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
