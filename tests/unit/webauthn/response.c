#include "cowkey/webauthn/response.h"
#include "cowkey/webauthn/client_data.h"

#include "login.h"

static struct ck_json_view view;

/* The forms with short made-up parts, and holes for one more member at the end. */
static const char standard_assertion[] =
    "{\"id\":\"__4B\",\"rawId\":\"__4B\",\"type\":\"public-key\",\"clientExtensionResults\":{},"
    "\"authenticatorAttachment\":null,\"response\":{\"clientDataJSON\":\"e30\","
    "\"authenticatorData\":\"AQID\",\"signature\":\"BAUG\",\"userHandle\":\"YWxpY2U\"}}";
static const char mailcow_assertion[] = "{\"id\":\"//4B\",\"clientDataJSON\":\"e30=\","
                                        "\"authenticatorData\":\"AQID\",\"signature\":\"BAUG\"}";
static const char standard_registration[] =
    "{\"id\":\"__4B\",\"rawId\":\"__4B\",\"type\":\"public-key\",\"clientExtensionResults\":{},"
    "\"response\":{\"clientDataJSON\":\"e30\",\"attestationObject\":\"AQID\","
    "\"transports\":[\"usb\"],\"publicKeyAlgorithm\":-7}}";
static const char mailcow_registration[] =
    "{\"clientDataJSON\":\"e30=\",\"attestationObject\":\"AQID\",\"key_id\":\"my key\","
    "\"tfa_method\":\"webauthn\",\"confirm_password\":\"made up\"}";

static void view_text(const char *text)
{
    struct ck_error err;

    if (ck_json_view_parse(&view, text, strlen(text), "it", CK_ERR_USAGE, &err) != CK_OK)
        fail_msg("%s: %s", text, err.text);
}

static void assert_bytes(const struct ck_bytes *bytes, const char *expected)
{
    assert_int_equal(bytes->size, strlen(expected));
    if (bytes->size > 0)
        assert_memory_equal(bytes->data, expected, bytes->size);
}

static void assert_assertion(const char *text, const char *user)
{
    struct ck_assertion assertion;
    struct ck_error err;

    view_text(text);
    if (ck_response_read_assertion(view.items, &assertion, &err) != CK_OK)
        fail_msg("%s", err.text);
    assert_bytes(&assertion.credential_id, "\xff\xfe\x01");
    assert_bytes(&assertion.client_data_json, "{}");
    assert_bytes(&assertion.authenticator_data, "\1\2\3");
    assert_bytes(&assertion.signature, "\4\5\6");
    assert_bytes(&assertion.user_handle, user);
    ck_assertion_clear(&assertion);
}

static void test_assertion(void **state)
{
    (void)state;
    assert_assertion(standard_assertion, "alice");
    assert_assertion(mailcow_assertion, "");
}

static void test_registration(void **state)
{
    const char *const texts[] = {standard_registration, mailcow_registration};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct ck_registration registration;
        struct ck_error err;

        view_text(texts[i]);
        assert_int_equal(ck_response_read_registration(view.items, &registration, &err), CK_OK);
        assert_bytes(&registration.credential_id, i == 0 ? "\xff\xfe\x01" : "");
        assert_bytes(&registration.client_data_json, "{}");
        assert_bytes(&registration.attestation_object, "\1\2\3");
        ck_registration_clear(&registration);
    }
}

/* text with the first place of what replaced. */
static char *replaced(const char *text, const char *what, const char *with)
{
    const char *place = strstr(text, what);
    char *made = NULL;

    assert_non_null(place);
    assert_true(asprintf(&made, "%.*s%s%s", (int)(place - text), text, with, place + strlen(what)) >
                0);
    return made;
}

static void assert_refused(const char *text, bool is_assertion, const char *part)
{
    struct ck_assertion assertion, same;
    struct ck_registration registration, same_registration;
    struct ck_error err;
    enum ck_err r;

    memset(&assertion, 0x5a, sizeof(assertion));
    memset(&registration, 0x5a, sizeof(registration));
    same = assertion;
    same_registration = registration;
    view_text(text);
    r = is_assertion ? ck_response_read_assertion(view.items, &assertion, &err)
                     : ck_response_read_registration(view.items, &registration, &err);
    if (r == CK_OK)
        fail_msg("%s was read", text);
    assert_error(&err, CK_ERR_USAGE, part);
    assert_memory_equal(&assertion, &same, sizeof(same));
    assert_memory_equal(&registration, &same_registration, sizeof(same_registration));
}

static void test_refuses(void **state)
{
    static const struct {
        const char *from, *what, *with, *part;
        bool is_assertion;
    } cases[] = {
        {standard_assertion, "\"id\"", "\"x\"", "'id' is missing", true},
        {standard_assertion, "\"__4B\"", "null", "'id' is null", true},
        {standard_assertion, "\"__4B\"", "7", "'id' is not text", true},
        {standard_assertion, "\"__4B\"", "\"\"", "'id' has 0 bytes", true},
        {standard_assertion, "\"__4B\"", "\"//4B\"", "'id' is not valid base64 (character 1)",
         true},
        {standard_assertion, "\"__4B\"", "\"__4\\u0042\"", "'id' is not valid base64", true},
        {standard_assertion, "\"__4B\"", "\"__5\"", "'id' is not valid base64: bits", true},
        {standard_assertion, "\"__4B\"", "\"__4BA\"", "'id' is not valid base64: it has 5", true},
        {standard_assertion, "\"__4B\"", "\"__4C\"", "'rawId' is not the same", true},
        {standard_assertion, "\"rawId\"", "\"raw\"", "'rawId' is missing", true},
        {standard_assertion, "public-key", "password", "'type' is not \"public-key\"", true},
        {standard_assertion, "\"public-key\"", "1", "'type' is not \"public-key\"", true},
        {standard_assertion, "\"e30\"", "\"\"", "'response.clientDataJSON' has 0 bytes", true},
        {standard_assertion, "\"e30\"", "{}", "'response.clientDataJSON' is not text", true},
        {standard_assertion, "authenticatorData", "data", "'response.authenticatorData' is missing",
         true},
        {standard_assertion, "\"BAUG\"", "\"B\"", "'response.signature' is not valid base64", true},
        {standard_assertion, "\"YWxpY2U\"", "true", "'response.userHandle' is not text", true},
        {mailcow_assertion, "//4B", "__4B", "'id' is not valid base64", true},
        {mailcow_assertion, "\"id\"", "\"x\"", "'id' is missing", true},
        {mailcow_assertion, "signature", "sig", "'signature' is missing", true},
        {standard_registration, "\"id\"", "\"x\"", "'id' is missing", false},
        {standard_registration, "\"AQID\"", "\"AQI*\"",
         "'response.attestationObject' is not valid base64 (character 4)", false},
        {mailcow_registration, "attestationObject", "object", "'attestationObject' is missing",
         false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases)[0]; i++) {
        char *text = replaced(cases[i].from, cases[i].what, cases[i].with);
        assert_refused(text, cases[i].is_assertion, cases[i].part);
        free(text);
    }
    assert_refused("[]", true, "the response is not a JSON object");
    assert_refused("\"x\"", false, "the response is not a JSON object");
    assert_refused("{\"response\":[]}", true, "'response' is not an object");
    assert_refused("{\"response\":null}", false, "'response' is not an object");
}

/* No user handle is said in three ways. */
static void test_user_handle(void **state)
{
    static const char *const none[] = {"null", "\"\""};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char *text = replaced(standard_assertion, "\"YWxpY2U\"", none[i]);
        assert_assertion(text, "");
        free(text);
    }
    char *text = replaced(standard_assertion, "\"userHandle\"", "\"more\"");
    assert_assertion(text, "");
    free(text);
}

/* A member of the largest size is read, one byte more is not. */
static void test_bounds(void **state)
{
    static const struct {
        const char *from, *what, *key;
        size_t size_max;
        bool is_assertion;
    } cases[] = {
        {mailcow_assertion, "//4B", "'id'", CK_CREDENTIAL_ID_MAX, true},
        {mailcow_assertion, "e30=", "'clientDataJSON'", CK_CLIENT_DATA_MAX, true},
        {mailcow_assertion, "AQID", "'authenticatorData'", CK_AUTHENTICATOR_DATA_MAX, true},
        {mailcow_assertion, "BAUG", "'signature'", CK_SIGNATURE_MAX, true},
        {mailcow_registration, "AQID", "'attestationObject'", CK_ATTESTATION_MAX, false},
    };
    static uint8_t zeros[CK_ATTESTATION_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases)[0]; i++) {
        for (size_t more = 0; more < 2; more++) {
            char *long_one = ck_base64_encode(CK_BASE64_STANDARD, zeros, cases[i].size_max + more);
            char *text = replaced(cases[i].from, cases[i].what, long_one);
            struct ck_assertion assertion = {0};
            struct ck_registration registration = {0};
            struct ck_error err;

            view_text(text);
            if (more > 0)
                assert_refused(text, cases[i].is_assertion, cases[i].key);
            else if (cases[i].is_assertion)
                assert_int_equal(ck_response_read_assertion(view.items, &assertion, &err), CK_OK);
            else
                assert_int_equal(ck_response_read_registration(view.items, &registration, &err),
                                 CK_OK);
            ck_assertion_clear(&assertion);
            ck_registration_clear(&registration);
            free(text);
            free(long_one);
        }
    }
}

static enum ck_err read_assertion(struct ck_error *err)
{
    struct ck_assertion assertion;
    enum ck_err r = ck_response_read_assertion(view.items, &assertion, err);

    if (r == CK_OK)
        ck_assertion_clear(&assertion);
    return r;
}

static enum ck_err read_registration(struct ck_error *err)
{
    struct ck_registration registration;
    enum ck_err r = ck_response_read_registration(view.items, &registration, err);

    if (r == CK_OK)
        ck_registration_clear(&registration);
    return r;
}

static void test_allocations_fail(void **state)
{
    (void)state;
    view_text(standard_assertion);
    fail_each_allocation(read_assertion, 6);
    view_text(standard_registration);
    fail_each_allocation(read_registration, 4);
}

static int teardown(void **state)
{
    (void)state;
    ck_json_view_clear(&view);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_assertion), cmocka_unit_test(test_registration),
        cmocka_unit_test(test_refuses),   cmocka_unit_test(test_user_handle),
        cmocka_unit_test(test_bounds),    cmocka_unit_test(test_allocations_fail),
    };

    return cmocka_run_group_tests(tests, NULL, teardown);
}
