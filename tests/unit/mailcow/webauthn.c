#include "cowkey/mailcow/webauthn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/json.h"
#include "html_sample.h"
#include "server.h"
#include "src/mailcow/session_internal.h"
#include "tests/unit/base/expect.h"
#include "webauthn_sample.h"

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

/* SHA-256 of "abc", FIPS 180-4's example. */
static void test_cid(void **state)
{
    const struct ck_bytes id = {(uint8_t *)"abc", 3};
    char cid[CK_PAGE_CID_SIZE + 1];
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_passkey_cid(&id, cid, &err), CK_OK);
    assert_string_equal(cid, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
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
        cmocka_unit_test(test_cid),
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
