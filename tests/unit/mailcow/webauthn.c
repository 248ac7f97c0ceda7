#include "cowkey/mailcow/webauthn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/json.h"
#include "html_sample.h"
#include "server.h"
#include "src/mailcow/answer.h"
#include "src/mailcow/session_internal.h"
#include "src/mailcow/webauthn_json.h"
#include "tests/unit/base/allocation.h"
#include "tests/unit/base/expect.h"

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

static const struct ck_account alice = {"alice@example.test", CK_ROLE_MAILBOX};
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

/* In base64 "+/8=", and 0x00: "AA==". */
static uint8_t special[] = "\xfb\xff";
static uint8_t zero[] = "";
static const struct ck_registration registration = {.client_data_json = {special, 2},
                                                    .attestation_object = {zero, 1}};
static const struct ck_assertion assertion = {.credential_id = {special, 2},
                                              .client_data_json = {zero, 1},
                                              .authenticator_data = {special, 2},
                                              .signature = {NULL, 0}};

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
    enum ck_err e = ck_secret_new("secret", 6, &password, err);

    if (e == CK_OK)
        e = ck_webauthn_json_make_registration(&registration, "key", password, &body, err);
    if (e == CK_OK)
        e = ck_webauthn_json_make_assertion(&assertion, &token, err);
    if (e == CK_OK)
        e = ck_webauthn_json_make_rename("68e5", "x", &rename, err);
    ck_secret_free(&password);
    ck_secret_free(&body);
    ck_secret_free(&token);
    ck_secret_free(&rename);
    return e;
}

static void test_making_without_memory(void **state)
{
    (void)state;
    fail_each_allocation(make_all, 40);
}

/* --- what is answered --- */

static void expect_answer(const char *json, enum ck_err outcome, const char *message)
{
    char said[CK_ANSWER_MESSAGE_MAX] = "untouched";
    struct ck_error err = {0};

    assert_int_equal(ck_answer_read_success(json, strlen(json), said, &err), outcome);
    if (outcome != CK_OK)
        assert_int_equal(err.code, outcome);
    assert_string_equal(said, message);
}

static void test_answers(void **state)
{
    (void)state;
    expect_answer("{\"success\":true}", CK_OK, "");
    expect_answer(" {\"success\": true, \"more\": [1]}\n", CK_OK, "");
    expect_answer("{\"success\":false,\"msg\":\"invalid origin\"}", CK_ERR_UNCHANGED,
                  "invalid origin");
    expect_answer("{\"success\":false}", CK_ERR_UNCHANGED, "");
    expect_answer("{\"success\":false,\"msg\":\"\\u001b[2J\\u00fc\"}", CK_ERR_UNCHANGED,
                  "\x1b[2J\xc3\xbc");
    expect_answer("{\"type\":\"error\",\"msg\":\"Cannot find attributes in post data\"}",
                  CK_ERR_UNREACHABLE, "Cannot find attributes in post data");
    expect_answer("{\"type\":\"error\"}", CK_ERR_UNREACHABLE, "");
}

static void test_answers_that_are_not_clear(void **state)
{
    static const char *const answers[] = {
        "",
        "{}",
        "[]",
        "null",
        "true",
        "\"success\"",
        "[{\"success\":true}]",
        "{\"success\":\"true\"}",
        "{\"success\":1}",
        "{\"success\":null}",
        "{\"success\":[true]}",
        "{\"success\":null,\"type\":\"error\"}",
        "{\"success\":false,\"msg\":[\"a\"]}",
        "{\"success\":false,\"msg\":null}",
        "{\"success\":false,\"success\":true}",
        "{\"success\":true",
        "{\"success\":true}x",
        "{\"Success\":true}",
        "{\"type\":\"success\"}",
        "{\"type\":[\"error\"]}",
        "<html>{\"success\":true}</html>",
        "{\"success\":false,\"msg\":\"\\u0000\"}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
        expect_answer(answers[i], CK_ERR_UNKNOWN, "");
}

static void test_long_message_is_cut_between_characters(void **state)
{
    char json[2048] = "{\"success\":false,\"msg\":\"x";
    char said[CK_ANSWER_MESSAGE_MAX];
    struct ck_error err;

    (void)state;
    for (int i = 0; i < 400; i++)
        strcat(json, "\xe2\x82\xac");
    strcat(json, "\"}");
    assert_int_equal(ck_answer_read_success(json, strlen(json), said, &err), CK_ERR_UNCHANGED);
    assert_int_equal(strlen(said), 1 + 340 * 3);
    assert_memory_equal(said + 1 + 339 * 3, "\xe2\x82\xac", 4);
}

/* --- in a session --- */

static int64_t fixed_now_s(void)
{
    return 1700000000;
}

struct bench {
    struct server *server;
    struct ck_session *session;
    char resolve[96];
};

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    struct ck_http_settings settings = {.timeout_ms = 60000, .now_s = fixed_now_s};
    struct ck_error err;
    char name[64];

    bench->server = server_start();
    assert_int_equal(ck_http_init(&err), CK_OK);
    snprintf(name, sizeof(name), "mail.example.test:%d", bench->server->port);
    snprintf(bench->resolve, sizeof(bench->resolve), "%s:127.0.0.1", name);
    assert_int_equal(ck_host_parse(name, &settings.host, &err), CK_OK);
    settings.resolve = bench->resolve;
    settings.cacert = bench->server->cacert;
    assert_int_equal(ck_session_new(&settings, CK_DIALECT_SPLIT, &alice, &bench->session, &err),
                     CK_OK);
    bench->session->page.factors_state = CK_LIST_PRESENT;
    bench->session->page.passkeys_state = CK_LIST_PRESENT;
    strcpy(bench->session->page.csrf, "token");
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    ck_session_close(&bench->session);
    ck_http_exit();
    server_stop(bench->server);
    free(bench);
    return 0;
}

/* As a script of the server's page would send it. */
static void test_post(void **state)
{
    struct bench *bench = *state;
    const struct request *posted = &bench->server->requests[0];
    struct ck_secret *password = secret_of("secret");
    struct ck_error err = {0};
    char origin[128];

    assert_int_equal(ck_webauthn_register(bench->session, CK_WEBAUTHN_FACTOR, &registration, "key",
                                          password, &err),
                     CK_ERR_UNKNOWN); /* it says "hello" */
    assert_non_null(strstr(err.hint, "List the account's factors"));
    assert_string_equal(posted->line, "POST /api/v1/add/webauthn-tfa-registration");
    assert_string_equal(posted->body, "{\"clientDataJSON\":\"+/8=\",\"attestationObject\":\"AA==\","
                                      "\"key_id\":\"key\",\"tfa_method\":\"webauthn\","
                                      "\"confirm_password\":\"secret\"}");
    snprintf(origin, sizeof(origin), "\r\nOrigin: https://mail.example.test:%d\r\n",
             bench->server->port);
    assert_non_null(strstr(posted->head, origin));
    assert_non_null(strstr(posted->head, "\r\nContent-Type: text/plain;charset=UTF-8\r\n"));
    assert_non_null(strstr(posted->head, "\r\nSec-Fetch-Dest: empty\r\n"));
    assert_non_null(strstr(posted->head, "\r\nUser-Agent: cowkey/"));
    assert_null(strstr(posted->head, "Expect:"));
    ck_secret_free(&password);
}

/* A failure may end in a dump of all that was posted (protocol 4.3). */
static void refuse_with(struct bench *bench, const char *message, const char *hint)
{
    struct ck_secret *password = secret_of("Made-Up-Pass-0815");
    char body[1024];
    struct scripted script[] = {{200, NULL, body}};
    struct ck_error err = {0};

    snprintf(body, sizeof(body), "{\"success\":false,\"msg\":\"%s\"}", message);
    bench->server->script = script;
    assert_int_equal(ck_webauthn_register(bench->session, CK_WEBAUTHN_FACTOR, &registration, "key",
                                          password, &err),
                     CK_ERR_UNCHANGED);
    assert_error(&err, CK_ERR_UNCHANGED, "refused the security key of 'alice@example.test'");
    assert_null(strstr(err.text, "Made"));
    assert_string_equal(err.hint, hint);
    ck_secret_free(&password);
}

static void test_password_in_an_answer_is_not_quoted(void **state)
{
    struct bench *bench = *state;
    char late[600];

    refuse_with(bench, "it broke: Made-Up-Pass-0815", "");
    refuse_with(bench, "it broke: lade-Up-Pass-0815",
                "The server says: 'it broke: lade-Up-Pass-0815'.");
    refuse_with(bench, "[confirm_password] =\\u003e M\\u0061de-Up-Pass-0815 ", "");
    refuse_with(bench, "invalid key type Made-Up-Pass-0815",
                "The server can't use this kind of key.");
    /* Where the hint is too short for all of it. */
    snprintf(late, sizeof(late), "%0490dMade-Up-Pass-0815", 0);
    refuse_with(bench, late, "");
}

/* Nor in the page that is read afterwards. */
static void test_password_in_an_alert_is_not_kept(void **state)
{
    static const struct scripted script[] = {{200, NULL, "{\"success\":true}"}};
    struct ck_secret *password = secret_of("Made-Up-Pass-0815");
    struct ck_alert *alerts = calloc(2, sizeof(*alerts));
    struct ck_page page = {.alerts = alerts, .alerts_count = 2};
    struct bench *bench = *state;
    struct ck_error err = {0};

    alerts[0].text = strdup("Array ( [confirm_password] => Made-Up-Pass-0815 )");
    alerts[1].text = strdup("Array ( [confirm_password] => * )");
    bench->server->script = script;
    assert_int_equal(ck_webauthn_register(bench->session, CK_WEBAUTHN_FACTOR, &registration, "key",
                                          password, &err),
                     CK_OK);
    ck_session_keep_page(bench->session, &page);
    assert_int_equal(bench->session->page.alerts_count, 1);
    assert_string_equal(bench->session->page.alerts[0].text, "Array ( [confirm_password] => * )");
    ck_secret_free(&password);
}

/* In a forced set-up the password is not asked for, and not sent; a passkey never has one. */
static void test_post_without_password(void **state)
{
    struct bench *bench = *state;
    struct ck_secret *password = secret_of("secret");
    struct ck_error err;

    bench->session->state = CK_SESSION_HELD;
    bench->session->page.setup_factor = true;
    ck_webauthn_register(bench->session, CK_WEBAUTHN_FACTOR, &registration, "key", password, &err);
    ck_webauthn_register(bench->session, CK_WEBAUTHN_FACTOR, &registration, "key", NULL, &err);
    bench->session->state = CK_SESSION_OPEN;
    ck_webauthn_register(bench->session, CK_WEBAUTHN_PASSKEY, &registration, "key", password, &err);
    assert_int_equal(bench->server->count, 3);
    for (unsigned i = 0; i < 3; i++)
        assert_null(strstr(bench->server->requests[i].body, "secret"));
    assert_null(strstr(bench->server->requests[2].body, "key_id"));
    assert_string_equal(bench->server->requests[2].line, "POST /api/v1/add/fido2-registration");
    ck_secret_free(&password);
}

static void refuse_register(struct bench *bench, enum ck_webauthn_kind kind, const char *label,
                            enum ck_err code)
{
    struct ck_error err;

    assert_int_equal(ck_webauthn_register(bench->session, kind, &registration, label, NULL, &err),
                     code);
    assert_int_equal(err.code, code);
    assert_int_equal(bench->server->count, 0);
}

static void test_registration_that_is_not_sent(void **state)
{
    struct bench *bench = *state;
    struct ck_session *session = bench->session;

    refuse_register(bench, CK_WEBAUTHN_FACTOR, "key", CK_ERR_USAGE); /* no password */
    refuse_register(bench, CK_WEBAUTHN_FACTOR, "", CK_ERR_USAGE);
    session->page.factors_state = session->page.passkeys_state = CK_LIST_ABSENT;
    refuse_register(bench, CK_WEBAUTHN_FACTOR, "key", CK_ERR_UNCHANGED);
    refuse_register(bench, CK_WEBAUTHN_PASSKEY, NULL, CK_ERR_UNCHANGED);
    session->page.factors_state = session->page.passkeys_state = CK_LIST_PRESENT;
    session->page.csrf[0] = '\0';
    refuse_register(bench, CK_WEBAUTHN_PASSKEY, NULL, CK_ERR_UNCHANGED);
    session->state = CK_SESSION_ASKS_FACTOR;
    refuse_register(bench, CK_WEBAUTHN_PASSKEY, NULL, CK_ERR_UNCHANGED);
    session->state = CK_SESSION_HELD; /* for a new password */
    session->page.change_password = true;
    refuse_register(bench, CK_WEBAUTHN_PASSKEY, NULL, CK_ERR_UNCHANGED);
}

static void refuse_options(struct bench *bench, enum ck_err code)
{
    struct ck_creation_options options;
    struct ck_error err;

    assert_int_equal(
        ck_webauthn_creation_options(bench->session, CK_WEBAUTHN_FACTOR, &options, &err), code);
    assert_int_equal(err.code, code);
    assert_int_equal(bench->server->count, 0);
}

static void test_options_that_are_not_asked_for(void **state)
{
    struct bench *bench = *state;
    struct ck_session *session = bench->session;

    session->host.is_ip = true;
    refuse_options(bench, CK_ERR_USAGE);
    session->host.is_ip = false;
    session->page.factors_state = CK_LIST_ABSENT;
    refuse_options(bench, CK_ERR_UNCHANGED);
    session->page.factors_state = CK_LIST_PRESENT;
    memset(session->account.name, 'x', CK_USER_ID_MAX + 1);
    refuse_options(bench, CK_ERR_UNCHANGED);
    strcpy(session->account.name, alice.name);
    session->state = CK_SESSION_ASKS_FACTOR;
    refuse_options(bench, CK_ERR_UNCHANGED);
    session->state = CK_SESSION_ASKS_PASSKEY;
    refuse_options(bench, CK_ERR_UNCHANGED);
}

/* "hello" is what the server of the test says to everything. */
static void test_options_that_are_none(void **state)
{
    struct bench *bench = *state;
    struct ck_creation_options options;
    struct ck_error err;

    assert_int_equal(
        ck_webauthn_creation_options(bench->session, CK_WEBAUTHN_PASSKEY, &options, &err),
        CK_ERR_UNREACHABLE);
    assert_string_equal(bench->server->requests[0].line, "GET /api/v1/get/fido2-registration");
}

static void test_answer_with_another_row(void **state)
{
    struct bench *bench = *state;
    struct ck_factor *rows = calloc(2, sizeof(*rows));
    struct ck_error err;

    rows[0] = (struct ck_factor){7, strdup("phone"), CK_METHOD_TOTP, false};
    rows[1] = (struct ck_factor){8, strdup("key"), CK_METHOD_WEBAUTHN, false};
    bench->session->page.factors = rows;
    bench->session->page.factors_count = 2;
    assert_int_equal(ck_webauthn_answer(bench->session, 8, &assertion, &err), CK_ERR_UNCHANGED);
    bench->session->state = CK_SESSION_ASKS_FACTOR;
    assert_int_equal(ck_webauthn_answer(bench->session, 7, &assertion, &err), CK_ERR_UNCHANGED);
    assert_int_equal(ck_webauthn_answer(bench->session, 9, &assertion, &err), CK_ERR_UNCHANGED);
    assert_int_equal(bench->server->count, 0);
    ck_webauthn_answer(bench->session, 8, &assertion, &err);
    assert_string_equal(bench->server->requests[0].body,
                        "verify_tfa_login=&tfa_method=webauthn&id=8&token="
                        "%7B%22id%22%3A%22%2B%2F8%3D%22%2C%22clientDataJSON%22%3A%22AA%3D%3D%22%2C"
                        "%22authenticatorData%22%3A%22%2B%2F8%3D%22%2C%22signature%22%3A%22%22%7D");
}

static void test_passkey_of_somebody_else(void **state)
{
    struct bench *bench = *state;
    struct ck_assertion other = assertion;
    struct ck_error err;

    other.user_handle = (struct ck_bytes){(uint8_t *)"alice@example.tes", 17};
    assert_int_equal(ck_passkey_finish(bench->session, &other, &err), CK_ERR_UNCHANGED);
    bench->session->state = CK_SESSION_ASKS_PASSKEY;
    assert_int_equal(ck_passkey_finish(bench->session, &other, &err), CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, "that of 'alice@example.tes', not of 'alice@example.test'");
    assert_int_equal(bench->server->count, 0);
}

static void test_passkey_that_is_not_listed(void **state)
{
    static const char cid[] = "68e5e6be68e5e6be68e5e6be68e5e6be68e5e6be68e5e6be68e5e6be68e5e6be";
    struct bench *bench = *state;
    struct ck_passkey *row = calloc(1, sizeof(*row));
    struct ck_error err;

    assert_int_equal(ck_passkey_remove(bench->session, cid, &err), CK_ERR_UNCHANGED);
    strcpy(row->cid, cid);
    row->label = strdup("old");
    bench->session->page.passkeys = row;
    bench->session->page.passkeys_count = 1;
    assert_int_equal(ck_passkey_rename(bench->session, cid, "0", &err), CK_ERR_USAGE);
    assert_int_equal(ck_passkey_rename(bench->session, cid, "", &err), CK_ERR_USAGE);
    assert_int_equal(bench->server->count, 0);
    assert_int_equal(ck_passkey_rename(bench->session, cid, "x", &err), CK_ERR_UNKNOWN);
    assert_string_equal(bench->server->requests[0].line, "POST /api/v1/edit/fido2-fn");
    assert_string_equal(bench->server->requests[1].line, "GET /user");
}

/* The answer holds what the session has to show from before, too. */
static void test_password_in_an_answer_to_a_rename_is_not_quoted(void **state)
{
    static const char page[] = PAGE("user", HEAD_OF("alice@example.test"), PASSKEYS(""), "");
    static const struct scripted script[] = {
        {200, NULL, "[{\"type\":\"danger\",\"msg\":\"it broke: Made-Up-Pass-0815\"}]"},
        {200, NULL, page},
        {200, NULL, "[{\"type\":\"danger\",\"msg\":\"it broke: lade-Up-Pass-0815\"}]"},
        {200, NULL, page}};
    struct bench *bench = *state;
    struct ck_error err = {0};

    bench->session->state = CK_SESSION_OPEN;
    bench->server->script = script;
    assert_int_equal(ck_session_note_sent(bench->session, "Made-Up-Pass-0815", 17, &err), CK_OK);
    assert_int_equal(ck_passkey_rename(bench->session, "68e5", "x", &err), CK_ERR_UNCHANGED);
    assert_string_equal(err.hint, "");
    assert_int_equal(ck_passkey_rename(bench->session, "68e5", "x", &err), CK_ERR_UNCHANGED);
    assert_string_equal(err.hint, "The server says: 'it broke: lade-Up-Pass-0815'.");
}

#define IN_SESSION(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

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
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_answers_that_are_not_clear),
        cmocka_unit_test(test_long_message_is_cut_between_characters),
        IN_SESSION(test_post),
        IN_SESSION(test_password_in_an_answer_is_not_quoted),
        IN_SESSION(test_password_in_an_alert_is_not_kept),
        IN_SESSION(test_password_in_an_answer_to_a_rename_is_not_quoted),
        IN_SESSION(test_post_without_password),
        IN_SESSION(test_registration_that_is_not_sent),
        IN_SESSION(test_options_that_are_not_asked_for),
        IN_SESSION(test_options_that_are_none),
        IN_SESSION(test_answer_with_another_row),
        IN_SESSION(test_passkey_of_somebody_else),
        IN_SESSION(test_passkey_that_is_not_listed),
    };

    ck_json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
