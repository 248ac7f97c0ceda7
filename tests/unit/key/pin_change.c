/* Forcing the change of a PIN that a key has, tried with the software key. */
#include "cowkey/base/cleanup.h"
#include "cowkey/key/info.h"
#include "cowkey/key/pin.h"
#include "soft.h"
#include "tests/unit/base/expect.h"

#define PIN "made-up-4711"

const char *softkey_program;

static void tell_touch(void *data, size_t count)
{
    (void)data, (void)count;
}

static void tell_touched(void *data)
{
    (void)data;
}

static enum ck_err ask_pin(void *data, int retries, bool again, struct ck_secret **ret_pin,
                           struct ck_error *err)
{
    (void)data, (void)retries, (void)again, (void)ret_pin;
    return ck_error_set(err, CK_ERR_USAGE, "a PIN is asked for");
}

static void expect(const char *script, const char *pin_text, enum ck_err wanted, const char *says,
                   enum ck_pin_state after)
{
    const struct ck_key_person person = {
        .tell_touch = tell_touch, .tell_touched = tell_touched, .ask_pin = ask_pin};
    const struct ck_key_settings settings = {.touch_timeout_ms = 5000, .person = &person};
    CK_CLEANUP(ck_secret_free) struct ck_secret *pin = secret_of(pin_text);
    CK_CLEANUP(ck_key_close) struct ck_key *key = NULL;
    struct ck_plugged_key plugged;
    struct soft soft;
    struct ck_error err = {.code = CK_OK};

    soft_start(&soft, "{\"pin\": \"" PIN "\"}");
    soft_tell(&soft, script);
    assert_int_equal(ck_key_open(&settings, &key, &err), CK_OK);
    assert_int_equal(ck_key_force_pin_change(key, pin, &err), wanted);
    if (wanted != CK_OK)
        assert_error(&err, wanted, says);
    if (wanted != CK_ERR_UNKNOWN) {
        assert_int_equal(ck_key_describe(key, &plugged, &err), CK_OK);
        assert_int_equal(plugged.info.pin, after);
    }
    soft_end(&soft);
}

static void test_done(void **state)
{
    (void)state;
    expect("{}", PIN, CK_OK, "", CK_PIN_CHANGE_REQUIRED);
}

static void test_another_pin(void **state)
{
    (void)state;
    expect("{}", "made-up-4712", CK_ERR_REFUSED, "did not accept the PIN", CK_PIN_SET);
}

static void test_a_key_that_can_not(void **state)
{
    (void)state;
    expect("{\"ctap21\": false, \"protocols\": [1]}", PIN, CK_ERR_KEY, "", CK_PIN_SET);
}

static void test_pulled_out(void **state)
{
    (void)state;
    expect("{\"faults\": [{\"at\": \"config\", \"do\": \"pull\"}]}", PIN, CK_ERR_UNKNOWN,
           "not known whether the change", CK_PIN_SET);
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_done),
        cmocka_unit_test(test_another_pin),
        cmocka_unit_test(test_a_key_that_can_not),
        cmocka_unit_test(test_pulled_out),
    };

    if (count < 2)
        return 2;
    softkey_program = words[1];
    return cmocka_run_group_tests_name("pin_change", tests, NULL, NULL);
}
