#include "src/rollout/desk_fit.h"

#include "tests/unit/base/expect.h"

#define MODEL "12345678-9abc-def0-0123-456789abcdef"
#define OTHER_MODEL "c03ce450-f7ce-4a11-9e57-000102030405"

static char models[2][CK_AAGUID_TEXT_SIZE + 1] = {OTHER_MODEL, MODEL};

/* A new key that will do for everything, a policy that asks for nothing, and one item of each. */
static struct ck_key_info info;
static struct ck_policy_group group;
static struct ck_ledger_item items[2];
static struct desk_demand demand;

static int set_up(void **state)
{
    static const uint8_t aaguid[CK_AAGUID_SIZE] = {0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0,
                                                   0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};

    (void)state;
    info = (struct ck_key_info){.fido2 = true,
                                .device_version = "5.4.3",
                                .pin = CK_PIN_NOT_SET,
                                .pin_length_min = 4,
                                .passkey_room = 25,
                                .sets_pin_length_min = true};
    memcpy(info.aaguid, aaguid, sizeof(aaguid));
    strcpy(info.options.names[0].text, "rk");
    info.options.values[0] = 1;
    info.options.count = 1;
    group = (struct ck_policy_group){.name = "staff", .keys = 2, .pin_length = 8};
    items[0] = (struct ck_ledger_item){.method = CK_ROLLOUT_WEBAUTHN, .n = 1};
    items[1] = (struct ck_ledger_item){.method = CK_ROLLOUT_PASSKEY, .n = 1};
    demand = (struct desk_demand){.group = &group, .items = items, .count = 2};
    return 0;
}

static void expect_fit(void)
{
    struct ck_error err = {.code = CK_OK};

    if (desk_key_fits(&demand, &info, &err) != CK_OK)
        fail_msg("refused: %s", err.text);
}

static void expect_unfit(const char *says, const char *hints)
{
    struct ck_error err = {.code = CK_OK};

    assert_int_equal(desk_key_fits(&demand, &info, &err), CK_ERR_KEY);
    assert_error(&err, CK_ERR_KEY, says);
    assert_non_null(strstr(err.hint, hints));
}

/* --- the model --- */

static void test_any_model(void **state)
{
    (void)state;
    expect_fit();
}

static void test_a_model_of_the_list(void **state)
{
    (void)state;
    group.aaguids = models;
    group.aaguids_count = 2;
    expect_fit();
    group.aaguids_count = 1;
    expect_unfit("AAGUID " MODEL, "another key");
}

static void test_a_model_that_does_not_tell(void **state)
{
    (void)state;
    group.aaguids = models;
    group.aaguids_count = 2;
    demand.count = 1;
    info.fido2 = false;
    expect_unfit("U2F key", "another key");
    group.aaguids_count = 0;
    expect_fit();
}

/* --- the firmware --- */

static void test_firmware(void **state)
{
    static const struct {
        const char *has;
        unsigned least;
        bool fits;
    } rows[] = {{"5.4.3", 0x050403, true},
                {"5.4.2", 0x050403, false},
                {"5.4.10", 0x050409, true},
                {"5.10.0", 0x050403, true},
                {"6.0.0", 0x050403, true},
                {"4.255.255", 0x050000, false},
                {"", 0, true},
                {"", 1, false},
                {"5.4", 0x050000, false},
                {"5.4.3x", 1, false},
                {"5.4.256", 0x050403, false}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        strcpy(info.device_version, rows[i].has);
        group.firmware_min = rows[i].least;
        if (rows[i].fits)
            expect_fit();
        else
            expect_unfit("firmware", "another key");
    }
}

/* --- passkeys --- */

static void test_a_key_that_keeps_none(void **state)
{
    (void)state;
    info.options.values[0] = 0;
    expect_unfit("this key keeps none", "another key");
    items[1].state = CK_STEP_PROVED; /* it is there: nothing is left to be made */
    expect_fit();
    items[1].state = CK_STEP_PLANNED;
    demand.count = 1;
    expect_fit();
}

static void test_no_room(void **state)
{
    (void)state;
    info.passkey_room = 0;
    expect_unfit("no room", "cowkey key credentials");
    demand.resets = true;
    expect_fit();
    demand.resets = false;
    info.passkey_room = -1; /* not told */
    expect_fit();
}

/* --- the PIN --- */

static void test_typed_pin(void **state)
{
    static const struct {
        enum ck_pin_state pin;
        const char *says; /* NULL: fits */
    } rows[] = {{CK_PIN_NOT_SET, NULL},
                {CK_PIN_SET, NULL},
                {CK_PIN_CHANGE_REQUIRED, "wants its PIN changed"},
                {CK_PIN_BLOCKED, "blocked"},
                {CK_PIN_UNSUPPORTED, "neither"}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        info.pin = rows[i].pin;
        demand.count = 2;
        if (rows[i].says == NULL)
            expect_fit();
        else
            expect_unfit(rows[i].says, "another key");
        demand.count = 1; /* a second factor needs none */
        expect_fit();
    }
}

static void test_a_finger_instead(void **state)
{
    (void)state;
    info.pin = CK_PIN_UNSUPPORTED;
    info.built_in_uv = true;
    expect_fit();
}

static void test_blocked_and_reset(void **state)
{
    (void)state;
    info.pin = CK_PIN_BLOCKED;
    demand.resets = true;
    expect_fit();
}

static void test_random_pin(void **state)
{
    (void)state;
    group.pin = CK_PIN_RANDOM;
    expect_fit();
    info.pin = CK_PIN_SET;
    expect_unfit("a PIN already", "cowkey key reset");
    demand.has_our_pin = true;
    expect_fit();
    demand.has_our_pin = false;
    demand.resets = true;
    expect_fit();
}

static void test_random_pin_on_a_key_without(void **state)
{
    (void)state;
    group.pin = CK_PIN_RANDOM;
    info.pin = CK_PIN_UNSUPPORTED;
    demand.count = 1;
    expect_unfit("has no PINs", "another key");
    demand.resets = true;
    expect_unfit("has no PINs", "another key");
}

static void test_random_pin_that_is_too_short(void **state)
{
    (void)state;
    group.pin = CK_PIN_RANDOM;
    info.pin_length_min = 8;
    expect_fit();
    info.pin_length_min = 9;
    expect_unfit("9 characters", "pin-length");
    demand.resets = true; /* which lowers it */
    expect_fit();
}

static void test_who_needs_a_pin(void **state)
{
    (void)state;
    assert_true(desk_needs_pin(&demand, &info));
    info.built_in_uv = true;
    assert_false(desk_needs_pin(&demand, &info));
    group.pin = CK_PIN_RANDOM;
    assert_true(desk_needs_pin(&demand, &info));
    group.pin = CK_PIN_TYPED;
    info.built_in_uv = false;
    demand.count = 1;
    assert_false(desk_needs_pin(&demand, &info));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_any_model, set_up),
        cmocka_unit_test_setup(test_a_model_of_the_list, set_up),
        cmocka_unit_test_setup(test_a_model_that_does_not_tell, set_up),
        cmocka_unit_test_setup(test_firmware, set_up),
        cmocka_unit_test_setup(test_a_key_that_keeps_none, set_up),
        cmocka_unit_test_setup(test_no_room, set_up),
        cmocka_unit_test_setup(test_typed_pin, set_up),
        cmocka_unit_test_setup(test_a_finger_instead, set_up),
        cmocka_unit_test_setup(test_blocked_and_reset, set_up),
        cmocka_unit_test_setup(test_random_pin, set_up),
        cmocka_unit_test_setup(test_random_pin_on_a_key_without, set_up),
        cmocka_unit_test_setup(test_random_pin_that_is_too_short, set_up),
        cmocka_unit_test_setup(test_who_needs_a_pin, set_up),
    };

    return cmocka_run_group_tests_name("desk_fit", tests, NULL, NULL);
}
