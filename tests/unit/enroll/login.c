/* Logging in through existing factors, and proving one of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/enroll/proof.h"
#include "tests/unit/enroll/fake.h"

static struct fake_person person;
static struct ck_login login;
static struct ck_otpauth key;
static struct ck_error err;

static int set_up(void **state)
{
    (void)state;
    fake_reset();
    fake_person_init(&person);
    login = fake_login(&person);
    key = (struct ck_otpauth){.params = ck_totp_default};
    return (int)ck_secret_new("a made-up 160bit key", 20, &key.key, &err);
}

static int tear_down(void **state)
{
    (void)state;
    ck_otpauth_clear(&key);
    assert_int_equal(fake.sessions_open, 0);
    return 0;
}

static enum ck_err open_and_close(void)
{
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;

    return ck_login_open(&login, &session, &err);
}

static void test_without_a_factor_nothing_is_asked(void **state)
{
    (void)state;
    assert_int_equal(open_and_close(), CK_OK);
    assert_int_equal(fake.answered_id, 0);
}

static void test_the_person_types_the_code(void **state)
{
    (void)state;
    fake_add_row("phone", CK_METHOD_TOTP);
    assert_int_equal(open_and_close(), CK_OK);
    assert_int_equal(fake.answered_id, 231);
    assert_string_equal(fake.answered_code, "111111");
}

static void test_a_secret_computes_the_code(void **state)
{
    (void)state;
    char code[CK_TOTP_CODE_MAX];

    fake_add_row("phone", CK_METHOD_TOTP);
    login.factor_key = &key;
    assert_int_equal(open_and_close(), CK_OK);
    assert_int_equal(ck_totp_code(key.key, &key.params, FAKE_NOW_S, code, &err), CK_OK);
    assert_string_equal(fake.answered_code, code);
}

static void test_one_secret_for_two_factors_needs_a_name(void **state)
{
    (void)state;
    fake_add_row("phone", CK_METHOD_TOTP);
    fake_add_row("tablet", CK_METHOD_TOTP);
    login.factor_key = &key;
    assert_int_equal(open_and_close(), CK_ERR_USAGE);
    assert_int_equal(fake.answered_id, 0);
    login.factor = "tablet";
    assert_int_equal(open_and_close(), CK_OK);
    assert_int_equal(fake.answered_id, 232);
    login.factor = "231";
    assert_int_equal(open_and_close(), CK_OK);
    assert_int_equal(fake.answered_id, 231);
}

static void test_the_person_chooses_among_several(void **state)
{
    (void)state;
    fake_add_row("phone", CK_METHOD_TOTP);
    fake_add_row("key", CK_METHOD_WEBAUTHN);
    fake_add_row("tablet", CK_METHOD_TOTP);
    assert_int_equal(open_and_close(), CK_OK);
    assert_int_equal(fake.answered_id, 233);
}

static void test_names_have_to_fit_exactly_one(void **state)
{
    (void)state;
    const char *const bad[] = {"phone", "Phone", "pho",  "",
                               "233",   "231 ",  "-231", "99999999999999999999999"};

    fake_add_row("phone", CK_METHOD_TOTP);
    fake_add_row("phone", CK_METHOD_TOTP);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        login.factor = bad[i];
        assert_int_equal(open_and_close(), CK_ERR_USAGE);
    }
    assert_int_equal(fake.answered_id, 0);
}

static void test_proving_an_existing_factor(void **state)
{
    (void)state;
    struct ck_proving proving;

    fake_add_row("phone", CK_METHOD_TOTP);
    assert_int_equal(ck_prove_existing_totp(&login, &proving, &err), CK_OK);
    assert_int_equal(proving.verdict, CK_VERDICT_ACCEPTED);
    assert_int_equal(proving.id, 231);
    assert_false(proving.computed);

    fake.codes_refused = true; /* from the second login on */
    assert_int_equal(ck_prove_existing_totp(&login, &proving, &err), CK_OK);
    assert_int_equal(proving.verdict, CK_VERDICT_REFUSED);
}

static void test_proving_what_is_not_there(void **state)
{
    (void)state;
    struct ck_proving proving;

    assert_int_equal(ck_prove_existing_totp(&login, &proving, &err), CK_OK);
    assert_int_equal(proving.verdict, CK_VERDICT_NOT_ASKED);

    fake_add_row("key", CK_METHOD_WEBAUTHN);
    assert_int_equal(ck_prove_existing_totp(&login, &proving, &err), CK_OK);
    assert_int_equal(proving.verdict, CK_VERDICT_NOT_LISTED);

    fake_add_row("phone", CK_METHOD_TOTP);
    login.factor = "tablet";
    assert_int_equal(ck_prove_existing_totp(&login, &proving, &err), CK_OK);
    assert_int_equal(proving.verdict, CK_VERDICT_NOT_LISTED);
    assert_int_equal(proving.id, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_a_factor_nothing_is_asked), TEST(the_person_types_the_code),
        TEST(a_secret_computes_the_code),        TEST(one_secret_for_two_factors_needs_a_name),
        TEST(the_person_chooses_among_several),  TEST(names_have_to_fit_exactly_one),
        TEST(proving_an_existing_factor),        TEST(proving_what_is_not_there),
    };
    struct ck_error heap_err;

    if (ck_secret_heap_init(&heap_err) != CK_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
