#include "src/mailcow/webauthn_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/json.h"
#include "tests/unit/base/allocation.h"
#include "webauthn_sample.h"

/* The challenge is 0x00..0x1e and 0xff: base64 of it has a padding and both special characters. */
#define CHALLENGE "=?BINARY?B?AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHv8=?="
#define USER_ID "=?BINARY?B?YWxpY2VAZXhhbXBsZS50ZXN0?="
/* 0xfb 0xff 0xfe */
#define CREDENTIAL "{\"id\":\"=?BINARY?B?+\\/\\/+?=\",\"type\":\"public-key\",\"transports\":[]}"

static const char creation[] =
    "{\"publicKey\":{\"rp\":{\"name\":\"WebAuthn Library\",\"id\":\"mail.example.test\"},"
    "\"authenticatorSelection\":{\"userVerification\":\"preferred\",\"requireResidentKey\":true},"
    "\"user\":{\"id\":\"" USER_ID "\",\"name\":\"alice@example.test\","
    "\"displayName\":\"alice@example.test\"},"
    "\"pubKeyCredParams\":[{\"type\":\"public-key\",\"alg\":-7},"
    "{\"type\":\"public-key\",\"alg\":-257}],\"attestation\":\"indirect\","
    "\"extensions\":{\"exts\":true},\"timeout\":30000,\"challenge\":\"" CHALLENGE "\","
    "\"excludeCredentials\":[" CREDENTIAL "]}}";

static const char request[] = "{\"publicKey\":{\"timeout\":30000,\"challenge\":\"" CHALLENGE "\","
                              "\"userVerification\":\"preferred\",\"rpId\":\"mail.example.test\","
                              "\"allowCredentials\":[" CREDENTIAL "],"
                              "\"extensions\":{\"appid\":\"https://mail.example.test\"}}}";

static const struct ck_host host = {.name = "mail.example.test"};

/* The text with its only from replaced by to; free it. */
static char *with(const char *text, const char *from, const char *to)
{
    const char *place = strstr(text, from);
    char *changed = NULL;

    assert_non_null(place);
    assert_true(
        asprintf(&changed, "%.*s%s%s", (int)(place - text), text, to, place + strlen(from)) > 0);
    return changed;
}

static void assert_challenge(const struct ck_bytes *challenge)
{
    assert_int_equal(challenge->size, 32);
    for (uint8_t i = 0; i < 31; i++)
        assert_int_equal(challenge->data[i], i);
    assert_int_equal(challenge->data[31], 0xff);
}

static void assert_list(const struct ck_bytes *list, size_t count)
{
    assert_int_equal(count, 1);
    assert_int_equal(list[0].size, 3);
    assert_memory_equal(list[0].data, "\xfb\xff\xfe", 3);
}

static void test_creation_options(void **state)
{
    struct ck_creation_options options = {0};
    struct ck_error err;

    (void)state;
    assert_int_equal(
        ck_webauthn_json_read_creation(creation, strlen(creation), &host, &alice, &options, &err),
        CK_OK);
    assert_string_equal(options.rp_id, "mail.example.test");
    assert_string_equal(options.user_name, "alice@example.test");
    assert_int_equal(options.user_id.size, 18);
    assert_memory_equal(options.user_id.data, "alice@example.test", 18);
    assert_challenge(&options.challenge);
    assert_list(options.exclude, options.exclude_count);
    assert_int_equal(options.algorithms_count, 2);
    assert_true(options.resident_key);
    assert_string_equal(options.attestation, "indirect");
    ck_creation_options_clear(&options);
}

static void test_request_options(void **state)
{
    struct ck_request_options options = {0};
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_webauthn_json_read_request(request, strlen(request), &host, &options, &err),
                     CK_OK);
    assert_string_equal(options.rp_id, "mail.example.test");
    assert_challenge(&options.challenge);
    assert_list(options.allow, options.allow_count);
    ck_request_options_clear(&options);
}

static void refuse_creation(const char *json, size_t size, const char *text, const char *hint)
{
    struct ck_creation_options options = {.exclude_count = 77};
    struct ck_error err = {0};

    assert_int_equal(ck_webauthn_json_read_creation(json, size, &host, &alice, &options, &err),
                     CK_ERR_UNREACHABLE);
    assert_error(&err, CK_ERR_UNREACHABLE, text);
    if (!strstr(err.hint, hint))
        fail_msg("\"%s\" does not say \"%s\"", err.hint, hint);
    assert_int_equal(options.exclude_count, 77);
    assert_null(options.exclude);
}

static void refuse_changed(const char *from, const char *to, const char *text)
{
    char *json = with(creation, from, to);

    refuse_creation(json, strlen(json), text, "");
    free(json);
}

/* A key that is asked for these would be somebody else's, or work elsewhere. */
static void test_options_of_others(void **state)
{
    (void)state;
    refuse_changed("\"id\":\"mail.example.test\"", "\"id\":\"evil.test\"", "'evil.test'");
    refuse_changed("\"id\":\"mail.example.test\"", "\"id\":\"example.test\"", "'example.test'");
    refuse_changed("\"id\":\"mail.example.test\"", "\"id\":\"Mail.example.test\"",
                   "'Mail.example.test'");
    refuse_changed("\"id\":\"mail.example.test\"", "\"id\":\"mail.example.test.\"",
                   "'mail.example.test.'");
    refuse_changed("\"name\":\"alice@", "\"name\":\"bob@", "'bob@example.test' instead of 'alice@");
    refuse_changed("\"name\":\"alice@", "\"name\":\"Alice@", "'Alice@example.test' instead of");
    refuse_changed("\"name\":\"alice@example.test\"", "\"name\":\"\"", "'' instead of 'alice@");
    refuse_changed("YWxpY2VAZXhhbXBsZS50ZXN0", "Ym9i", "another user");
    refuse_changed("YWxpY2VAZXhhbXBsZS50ZXN0", "YWxpY2VAZXhhbXBsZS50ZXN1", "another user");
    /* A NUL more, and an upper-case letter. */
    refuse_changed("YWxpY2VAZXhhbXBsZS50ZXN0", "YWxpY2VAZXhhbXBsZS50ZXN0AA==", "another user");
    refuse_changed("YWxpY2VAZXhhbXBsZS50ZXN0", "QWxpY2VAZXhhbXBsZS50ZXN0", "another user");
}

static void test_bad_base64(void **state)
{
    (void)state;
    refuse_changed(CHALLENGE, "=?BINARY?B?!!! not base64 !!!?=", "challenge is not valid base64");
    refuse_changed(CHALLENGE, "=?BINARY?B?AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHv_=?=",
                   "challenge is not valid base64");
    refuse_changed(CHALLENGE, "=?BINARY?B?AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHv8=?",
                   "challenge is not valid base64");
    refuse_changed(CHALLENGE, "=?BINARY?B?=", "challenge is not valid base64");
    refuse_changed(CHALLENGE, "=?BINARY?B?\?=", "challenge has 0 bytes");
    refuse_changed(CHALLENGE, "=?BINARY?B?AAECAwQFBgc=?=", "challenge has 8 bytes");
    refuse_changed(CHALLENGE, "=?BINARY?Q?AAECAwQFBgc=?=", "challenge is not valid base64");
    refuse_changed(CHALLENGE, "", "challenge has 0 bytes");
    refuse_changed("=?BINARY?B?+\\/\\/+?=", "=?BINARY?B?+\\/\\/+\\n?=",
                   "excludeCredentials is not valid base64");
    refuse_changed("=?BINARY?B?+\\/\\/+?=", "=?BINARY?B?\?=", "excludeCredentials has 0 bytes");
    refuse_changed(USER_ID, "=?BINARY?B?YWx?=", "user.id is not valid base64");
}

static void test_wrong_types(void **state)
{
    (void)state;
    refuse_changed("\"" CHALLENGE "\"", "12345", "challenge is not text");
    refuse_changed("\"" USER_ID "\"", "[]", "user.id is not text");
    refuse_changed("\"" USER_ID "\"", "null", "user.id is not text");
    refuse_changed("[" CREDENTIAL "]", "{}", "excludeCredentials is not a list");
    refuse_changed("[" CREDENTIAL "]", "\"=?BINARY?B?AA==?=\"", "excludeCredentials is not a list");
    refuse_changed("[" CREDENTIAL "]", "[\"=?BINARY?B?AA==?=\"]", "excludeCredentials");
    refuse_changed("[" CREDENTIAL "]", "[null,7]", "excludeCredentials");
    refuse_changed("[" CREDENTIAL "]", "[{\"type\":\"public-key\"}]", "excludeCredentials");
    refuse_changed("\"user\":{", "\"user\":12345,\"nobody\":{", "user is not an object");
    refuse_changed("\"rp\":{", "\"rp\":\"mail.example.test\",\"other\":{", "rp is not an object");
}

static void test_missing_members(void **state)
{
    static const char *const members[] = {"rp", "user", "challenge", "pubKeyCredParams"};
    char quoted[64];

    (void)state;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        snprintf(quoted, sizeof(quoted), "\"%s\":", members[i]);
        refuse_changed(quoted, "\"x\":", members[i]);
    }
    refuse_changed("\"id\":\"mail.example.test\"", "\"x\":1", "rp.id is missing");
    refuse_changed("\"id\":\"" USER_ID "\"", "\"x\":1", "user.id is missing");
}

static void refuse_text(const char *json, const char *text, const char *hint)
{
    refuse_creation(json, strlen(json), text, hint);
}

static void test_no_options(void **state)
{
    (void)state;
    refuse_text("", "not valid JSON", "newer than cowkey");
    refuse_text("{}", "no options", "");
    refuse_text("[]", "no options", "");
    refuse_text("null", "no options", "");
    refuse_text("7", "no options", "");
    refuse_text("{\"publicKey\":null}", "no options", "");
    refuse_text("{\"publicKey\":[]}", "no options", "");
    refuse_text("{\"publicKey\":{}}", "missing", "newer than cowkey");
    refuse_text("{\"type\":\"error\",\"msg\":\"Cannot find matching credentialIds\"}", "no options",
                "'Cannot find matching credentialIds'");
    refuse_text("{\"type\":\"error\",\"msg\":[7]}", "no options", "");
    refuse_text("<html>", "not valid JSON", "");
    refuse_creation(creation, sizeof(creation) - 2, "not valid JSON", "");
    refuse_creation(creation, sizeof(creation), "not valid JSON", ""); /* a NUL more */
    refuse_changed("\"timeout\":30000", "\"challenge\":\"AAAA\"", "a key twice");
}

static char *huge_list(size_t entries)
{
    size_t size = sizeof(CREDENTIAL); /* with the comma */
    char *list = calloc(entries, size);

    for (size_t i = 0; i < entries; i++)
        sprintf(list + i * size, "%s%s", CREDENTIAL, i + 1 < entries ? "," : "");
    return list;
}

static void test_huge_lists(void **state)
{
    struct ck_creation_options options = {0};
    struct ck_error err;
    char *list = huge_list(CK_CREDENTIALS_MAX);
    char *json = with(creation, CREDENTIAL, list);

    (void)state;
    assert_int_equal(
        ck_webauthn_json_read_creation(json, strlen(json), &host, &alice, &options, &err), CK_OK);
    assert_int_equal(options.exclude_count, CK_CREDENTIALS_MAX);
    ck_creation_options_clear(&options);
    free(json);
    free(list);

    list = huge_list(CK_CREDENTIALS_MAX + 1);
    refuse_changed(CREDENTIAL, list, "more than 256 entries");
    free(list);
    list = huge_list(10000);
    refuse_changed(CREDENTIAL, list, "more than 256 entries");
    free(list);
}

static void refuse_request(const char *from, const char *to, const char *text)
{
    struct ck_request_options options = {.allow_count = 77};
    struct ck_error err = {0};
    char *json = with(request, from, to);

    assert_int_equal(ck_webauthn_json_read_request(json, strlen(json), &host, &options, &err),
                     CK_ERR_UNREACHABLE);
    assert_error(&err, CK_ERR_UNREACHABLE, text);
    assert_int_equal(options.allow_count, 77);
    free(json);
}

static void test_bad_request_options(void **state)
{
    char *list = huge_list(CK_CREDENTIALS_MAX + 1);

    (void)state;
    refuse_request("\"mail.example.test\"", "\"example.test\"", "'example.test'");
    refuse_request("\"rpId\"", "\"x\"", "rpId is missing");
    refuse_request(CHALLENGE, "=?BINARY?B?*?=", "challenge");
    refuse_request("=?BINARY?B?+\\/\\/+?=", "=?BINARY?B?*?=", "allowCredentials is not valid");
    refuse_request("[" CREDENTIAL "]", "7", "allowCredentials is not a list");
    refuse_request(CREDENTIAL, list, "more than 256 entries");
    refuse_request("\"type\":\"public-key\"", "\"type\":\"x\"", "only unknown types");
    free(list);
}

/* --- what is sent --- */

static void expect_registration(const char *label, const char *password, const char *json)
{
    struct ck_secret *secret = password ? secret_of(password) : NULL;
    struct ck_secret *body = NULL;
    struct ck_error err;

    assert_int_equal(ck_webauthn_json_make_registration(&registration, label, secret, &body, &err),
                     CK_OK);
    assert_secret(body, json);
    ck_secret_free(&body);
    ck_secret_free(&secret);
}

static void test_registration_body(void **state)
{
    (void)state;
    expect_registration(NULL, NULL, "{\"clientDataJSON\":\"+/8=\",\"attestationObject\":\"AA==\"}");
    expect_registration("my \"key\"", NULL,
                        "{\"clientDataJSON\":\"+/8=\",\"attestationObject\":\"AA==\","
                        "\"key_id\":\"my \\\"key\\\"\",\"tfa_method\":\"webauthn\"}");
    expect_registration("\xc3\xbc", "p\"\\/\n\x01\xe2\x82\xac ",
                        "{\"clientDataJSON\":\"+/8=\",\"attestationObject\":\"AA==\","
                        "\"key_id\":\"\xc3\xbc\",\"tfa_method\":\"webauthn\","
                        "\"confirm_password\":\"p\\\"\\\\/\\n\\u0001\xe2\x82\xac \"}");
}

static void test_password_that_is_not_utf8(void **state)
{
    struct ck_secret *password = secret_of("se\xffret");
    struct ck_secret *body = UNTOUCHED;
    struct ck_error err;

    (void)state;
    assert_int_equal(
        ck_webauthn_json_make_registration(&registration, "key", password, &body, &err),
        CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, "password is not UTF-8");
    assert_null(strstr(err.text, "ret"));
    assert_ptr_equal(body, UNTOUCHED);
    ck_secret_free(&password);
}

static void test_assertion_token(void **state)
{
    struct ck_secret *token = NULL;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_webauthn_json_make_assertion(&assertion, &token, &err), CK_OK);
    assert_secret(token, "{\"id\":\"+/8=\",\"clientDataJSON\":\"AA==\","
                         "\"authenticatorData\":\"+/8=\",\"signature\":\"\"}");
    ck_secret_free(&token);
}

static void test_rename_body(void **state)
{
    struct ck_secret *body = NULL;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_webauthn_json_make_rename("68e5", "a \"b\" <c>", &body, &err), CK_OK);
    assert_secret(body, "{\"items\":null,\"attr\":{\"fido2_cid\":\"68e5\","
                        "\"fido2_fn\":\"a \\\"b\\\" <c>\"}}");
    ck_secret_free(&body);
}

static enum ck_err make_all(struct ck_error *err)
{
    struct ck_secret *password = NULL, *body = NULL, *token = NULL, *rename = NULL;
    enum ck_err r = ck_secret_new("secret", 6, &password, err);

    if (r == CK_OK)
        r = ck_webauthn_json_make_registration(&registration, "key", password, &body, err);
    if (r == CK_OK)
        r = ck_webauthn_json_make_assertion(&assertion, &token, err);
    if (r == CK_OK)
        r = ck_webauthn_json_make_rename("68e5", "x", &rename, err);
    ck_secret_free(&password);
    ck_secret_free(&body);
    ck_secret_free(&token);
    ck_secret_free(&rename);
    return r;
}

static void test_making_without_memory(void **state)
{
    (void)state;
    fail_each_allocation(make_all, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_creation_options),
        cmocka_unit_test(test_request_options),
        cmocka_unit_test(test_options_of_others),
        cmocka_unit_test(test_bad_base64),
        cmocka_unit_test(test_wrong_types),
        cmocka_unit_test(test_missing_members),
        cmocka_unit_test(test_no_options),
        cmocka_unit_test(test_huge_lists),
        cmocka_unit_test(test_bad_request_options),
        cmocka_unit_test(test_registration_body),
        cmocka_unit_test(test_password_that_is_not_utf8),
        cmocka_unit_test(test_assertion_token),
        cmocka_unit_test(test_rename_body),
        cmocka_unit_test(test_making_without_memory),
    };

    ck_json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
