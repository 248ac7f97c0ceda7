/* Looking after a submit whose answer nobody heard. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/enroll/look.h"
#include "tests/unit/enroll/fake.h"

enum { FIRST_ID = 231 };

static struct fake_person person;
static struct ck_login login;
static struct ck_otpauth key;
static struct ck_looked looked;
static struct ck_error err;

static int set_up(void **state)
{
    (void)state;
    fake_reset();
    fake_person_init(&person);
    login = fake_login(&person);
    looked = (struct ck_looked){.trace = CK_TRACE_UNDECIDED, .id = 99};
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

static enum ck_err look(const uint64_t *before, size_t count)
{
    const struct ck_sought sought = {.label = "ours", .before = before, .before_count = count};

    return ck_look_totp(&login, &sought, &key, &looked, &err);
}

static void test_nothing_is_there(void **state)
{
    (void)state;
    assert_int_equal(look(NULL, 0), CK_OK);
    assert_int_equal(looked.trace, CK_TRACE_NONE);
    assert_int_equal(fake.logins, 1);
}

static void test_held_for_a_set_up_has_nothing(void **state)
{
    (void)state;
    fake.held_for_setup = true;
    assert_int_equal(look(NULL, 0), CK_OK);
    assert_int_equal(looked.trace, CK_TRACE_NONE);
}

static void test_held_for_a_password_shows_nothing(void **state)
{
    (void)state;
    fake.held_for_password = true;
    assert_int_equal(look(NULL, 0), CK_OK);
    assert_int_equal(looked.trace, CK_TRACE_UNDECIDED);
}

static void test_ours_answers(void **state)
{
    (void)state;
    fake_add_row("ours", CK_METHOD_TOTP);
    assert_int_equal(look(NULL, 0), CK_OK);
    assert_int_equal(looked.trace, CK_TRACE_ACCEPTED);
    assert_int_equal(looked.id, FIRST_ID);
    assert_int_equal(looked.refused, 0);
    assert_int_equal(fake.logins, 2);
}

static void test_what_was_there_before_is_not_tried(void **state)
{
    const uint64_t before[] = {FIRST_ID};

    (void)state;
    fake_add_row("ours", CK_METHOD_TOTP);
    assert_int_equal(look(before, 1), CK_OK);
    assert_int_equal(looked.trace, CK_TRACE_NONE);
    assert_int_equal(fake.answered_id, 0);
}

static void test_other_labels_and_methods_are_not_tried(void **state)
{
    (void)state;
    fake_add_row("theirs", CK_METHOD_TOTP);
    fake_add_row("ours", CK_METHOD_WEBAUTHN);
    assert_int_equal(look(NULL, 0), CK_OK);
    assert_int_equal(looked.trace, CK_TRACE_NONE);
    assert_int_equal(fake.answered_id, 0);
}

static void test_each_is_tried_once(void **state)
{
    (void)state;
    fake_add_row("ours", CK_METHOD_TOTP);
    fake_add_row("ours", CK_METHOD_TOTP);
    fake.codes_refused = true;
    assert_int_equal(look(NULL, 0), CK_OK);
    assert_int_equal(looked.trace, CK_TRACE_UNDECIDED);
    assert_int_equal(looked.refused, 2);
    assert_int_equal(fake.logins, 3);
}

static void test_done_twice(void **state)
{
    (void)state;
    fake_add_row("ours", CK_METHOD_TOTP);
    fake_add_row("ours", CK_METHOD_TOTP);
    fake_add_row("ours", CK_METHOD_TOTP);
    assert_int_equal(look(NULL, 0), CK_OK);
    assert_int_equal(looked.trace, CK_TRACE_ACCEPTED);
    assert_int_equal(looked.id, fake.rows[0].id);
    assert_int_equal(looked.also, fake.rows[1].id);
    assert_int_equal(fake.logins, 3);
}

static void test_a_cut_tells_nothing(void **state)
{
    (void)state;
    fake_add_row("ours", CK_METHOD_TOTP);
    fake.logins_cut = 1;
    assert_int_equal(look(NULL, 0), CK_ERR_UNREACHABLE);
    assert_int_equal(looked.id, 99);
}

static void test_a_passkey_by_its_cid(void **state)
{
    const char *cid = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    (void)state;
    assert_int_equal(ck_look_passkey(&login, cid, "ours", &looked, &err), CK_OK);
    assert_int_equal(looked.trace, CK_TRACE_NONE);
    snprintf(fake.passkeys[0].cid, sizeof(fake.passkeys[0].cid), "%s", cid);
    fake.passkeys[0].label = strdup("ours");
    fake.passkeys_count = 1;
    assert_int_equal(ck_look_passkey(&login, cid, "ours", &looked, &err), CK_OK);
    assert_int_equal(looked.trace, CK_TRACE_LISTED);
    assert_string_equal(looked.listed_as, "");
    free(fake.passkeys[0].label);
    fake.passkeys[0].label = strdup("key");
    assert_int_equal(ck_look_passkey(&login, cid, "ours", &looked, &err), CK_OK);
    assert_string_equal(looked.listed_as, "key");
}

static void test_a_credential_that_the_login_asks_for(void **state)
{
    const struct ck_sought sought = {.label = "ours"};
    const struct ck_bytes ours = {(uint8_t *)"ours", 4}, other = {(uint8_t *)"else", 4};

    (void)state;
    assert_int_equal(ck_look_webauthn(&login, &sought, &ours, &looked, &err), CK_OK);
    assert_int_equal(looked.trace, CK_TRACE_NONE);
    fake_add_row("ours", CK_METHOD_WEBAUTHN);
    assert_int_equal(ck_bytes_copy("ours", 4, &fake.credentials[0], &err), CK_OK);
    assert_int_equal(ck_look_webauthn(&login, &sought, &ours, &looked, &err), CK_OK);
    assert_int_equal(looked.trace, CK_TRACE_LISTED);
    assert_int_equal(looked.id, FIRST_ID);
    assert_int_equal(ck_look_webauthn(&login, &sought, &other, &looked, &err), CK_OK);
    assert_int_equal(looked.trace, CK_TRACE_UNDECIDED);
    assert_int_equal(looked.also, 0);
    fake_add_row("ours", CK_METHOD_WEBAUTHN);
    assert_int_equal(ck_bytes_copy("else", 4, &fake.credentials[1], &err), CK_OK);
    assert_int_equal(ck_look_webauthn(&login, &sought, &ours, &looked, &err), CK_OK);
    assert_int_equal(looked.trace, CK_TRACE_UNDECIDED);
    assert_int_equal(looked.id, FIRST_ID);
    assert_int_equal(looked.also, fake.rows[1].id);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_there),
        TEST(held_for_a_set_up_has_nothing),
        TEST(held_for_a_password_shows_nothing),
        TEST(ours_answers),
        TEST(what_was_there_before_is_not_tried),
        TEST(other_labels_and_methods_are_not_tried),
        TEST(each_is_tried_once),
        TEST(done_twice),
        TEST(a_cut_tells_nothing),
        TEST(a_passkey_by_its_cid),
        TEST(a_credential_that_the_login_asks_for),
    };
    struct ck_error heap_err;

    if (ck_secret_heap_init(&heap_err) != CK_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
