/* Which credentials a key holds, asked of the software key. */
#include "cowkey/key/holds.h"

#include <signal.h>
#include <stdio.h>

#include "cowkey/base/cleanup.h"
#include "soft.h"
#include "tests/unit/base/expect.h"

#define RP_ID "mail.example.test"

const char *softkey_program;

enum { IDS_MAX = 64 };

struct state {
    struct soft soft;
    struct ck_key *key;
    struct ck_bytes ids[IDS_MAX];
    size_t count;
    unsigned touches;
};

static volatile sig_atomic_t cancel;
static struct state state;

static void tell_touch(void *data, size_t count)
{
    (void)data;
    (void)count;
    state.touches++;
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

static const struct ck_key_person person = {
    .tell_touch = tell_touch, .tell_touched = tell_touched, .ask_pin = ask_pin};
static const struct ck_key_settings settings = {
    .touch_timeout_ms = 5000, .cancel = &cancel, .person = &person};

static void begin(const char *script)
{
    struct ck_error err;

    state = (struct state){0};
    cancel = 0;
    soft_start(&state.soft, script);
    assert_int_equal(ck_key_open(&settings, &state.key, &err), CK_OK);
}

static void end(void)
{
    ck_key_close(&state.key);
    for (size_t i = 0; i < state.count; i++)
        ck_bytes_clear(&state.ids[i]);
    soft_end(&state.soft);
}

static void add_made(const char *rp_id)
{
    CK_CLEANUP(ck_creation_options_clear)
    struct ck_creation_options options = {.algorithms = {CK_COSE_ES256}, .algorithms_count = 1};
    CK_CLEANUP(ck_registration_clear) struct ck_registration made = {0};
    char origin[64];
    struct ck_error err;

    soft_tell(&state.soft, "{\"touch\": \"instant\"}");
    snprintf(options.rp_id, sizeof(options.rp_id), "%s", rp_id);
    snprintf(origin, sizeof(origin), "https://%s", rp_id);
    strcpy(options.rp_name, "x");
    strcpy(options.user_name, "x");
    strcpy(options.user_display_name, "x");
    assert_int_equal(ck_bytes_copy("user", 4, &options.user_id, &err), CK_OK);
    assert_int_equal(ck_bytes_copy("0123456789abcdef", 16, &options.challenge, &err), CK_OK);
    assert_int_equal(
        ck_key_make(state.key, &options, origin, false, CK_VERIFY_IF_NEEDED, &made, &err), CK_OK);
    state.ids[state.count++] = made.credential_id;
    made.credential_id = (struct ck_bytes){0};
}

/* One that is on no key, of the size that this key's have, or another one. */
static void add_strange(size_t size)
{
    uint8_t bytes[CK_CREDENTIAL_ID_MAX];
    struct ck_error err;

    memset(bytes, (int)state.count + 1, size);
    assert_int_equal(ck_bytes_copy(bytes, size, &state.ids[state.count++], &err), CK_OK);
}

static void add_many_strange(size_t count)
{
    for (size_t i = 0; i < count; i++)
        add_strange(64);
}

/* From here on nobody touches the key, and it shows "X" for those that it holds. */
static void expect_held(const char *wanted)
{
    bool held[IDS_MAX];
    struct ck_error err;

    memset(held, 0x55, sizeof(held));
    state.touches = 0;
    soft_tell(&state.soft, "{\"touch\": \"never\"}");
    soft_forget_log(&state.soft);
    assert_int_equal(ck_key_holds(state.key, RP_ID, state.ids, state.count, held, &err), CK_OK);
    assert_int_equal(strlen(wanted), state.count);
    for (size_t i = 0; i < state.count; i++)
        assert_int_equal(held[i], wanted[i] == 'X');
    assert_int_equal(state.touches, 0);
    assert_int_equal(soft_count(&state.soft, "clientPIN", ""), 0);
    assert_int_equal(soft_count(&state.soft, "getAssertion", "\"up\":true"), 0);
}

static void test_none(void **data)
{
    (void)data;
    begin("{}");
    expect_held("");
    add_many_strange(3);
    expect_held("...");
    end();
}

static void test_those_that_it_made(void **data)
{
    (void)data;
    begin("{}");
    add_strange(64);
    add_made(RP_ID);
    add_made("other.example.test");
    add_strange(64);
    add_made(RP_ID);
    expect_held(".X..X");
    end();
}

static void test_with_a_pin_that_nobody_knows(void **data)
{
    (void)data;
    begin("{}");
    add_made(RP_ID);
    add_strange(64);
    soft_tell(&state.soft, "{\"pin\": \"made-up-4711\", \"always_uv\": true}");
    expect_held("X.");
    end();
}

static void test_in_lists_that_it_takes(void **data)
{
    (void)data;
    begin("{\"list_max\": 5}");
    add_many_strange(10);
    add_made(RP_ID);
    expect_held("..........X");
    assert_int_equal(soft_count(&state.soft, "getAssertion", "\"command\""), 3);
    assert_int_equal(soft_count(&state.soft, "getAssertion", "\"allow\":5"), 2);
    assert_int_equal(soft_count(&state.soft, "getAssertion", "LIMIT_EXCEEDED"), 0);
    end();
}

/* One that tells no bound has one all the same. */
static void test_in_shorter_ones_when_it_refuses(void **data)
{
    (void)data;
    begin("{}");
    add_many_strange(7);
    add_made(RP_ID);
    soft_tell(&state.soft,
              "{\"faults\": [{\"at\": \"getAssertion\", \"do\": \"status\", \"code\": 21}]}");
    expect_held(".......X");
    assert_int_equal(soft_count(&state.soft, "getAssertion", "\"allow\":4"), 2);
    end();
}

static void test_ids_that_are_too_long_for_it(void **data)
{
    (void)data;
    begin("{\"credential_id_size\": 64}");
    add_strange(65);
    add_strange(1023);
    expect_held("..");
    assert_int_equal(soft_count(&state.soft, "getAssertion", "\"command\""), 0);
    add_made(RP_ID);
    expect_held("..X");
    end();
}

static void test_u2f(void **data)
{
    (void)data;
    begin("{\"u2f_only\": true}");
    assert_true(ck_key_is_u2f_only(state.key));
    add_strange(64);
    add_made(RP_ID);
    add_made("other.example.test");
    add_made(RP_ID);
    expect_held(".X.X");
    assert_int_equal(soft_count(&state.soft, "u2fAuthenticate", "\"check_only\":false"), 0);
    end();
}

static void test_pulled_out(void **data)
{
    bool held[IDS_MAX] = {true};
    struct ck_error err;

    (void)data;
    begin("{}");
    add_made(RP_ID);
    soft_tell(&state.soft, "{\"faults\": [{\"at\": \"getAssertion\", \"do\": \"pull\"}]}");
    assert_int_equal(ck_key_holds(state.key, RP_ID, state.ids, 1, held, &err), CK_ERR_KEY);
    assert_error(&err, CK_ERR_KEY, "unplugged");
    assert_true(held[0]); /* untouched */
    end();
}

static void test_interrupted(void **data)
{
    bool held[IDS_MAX] = {true};
    struct ck_error err;

    (void)data;
    begin("{}");
    add_made(RP_ID);
    cancel = 1;
    assert_int_equal(ck_key_holds(state.key, RP_ID, state.ids, 1, held, &err), CK_ERR_INTERRUPTED);
    assert_true(held[0]);
    end();
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_those_that_it_made),
        cmocka_unit_test(test_with_a_pin_that_nobody_knows),
        cmocka_unit_test(test_in_lists_that_it_takes),
        cmocka_unit_test(test_in_shorter_ones_when_it_refuses),
        cmocka_unit_test(test_ids_that_are_too_long_for_it),
        cmocka_unit_test(test_u2f),
        cmocka_unit_test(test_pulled_out),
        cmocka_unit_test(test_interrupted),
    };

    if (count < 2)
        return 2;
    softkey_program = words[1];
    return cmocka_run_group_tests_name("holds", tests, NULL, NULL);
}
