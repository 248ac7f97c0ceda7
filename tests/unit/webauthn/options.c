#include "cowkey/webauthn/options.h"

#include <jansson.h>
#include <stdio.h>

#include "authenticator.h"
#include "cowkey/base/json.h"

#define CHALLENGE "AAECAwQFBgcICQoLDA0ODw"
#define RP "\"rp\":{\"id\":\"mail.example.org\",\"name\":\"Mail\"}"
#define USER                                                                                       \
    "\"user\":{\"id\":\"YWxpY2U\",\"name\":\"alice@example.org\",\"displayName\":\"Alice\"}"
#define REST                                                                                       \
    "\"challenge\":\"" CHALLENGE "\",\"pubKeyCredParams\":[{\"type\":\"public-key\",\"alg\":-7}]"
#define CREATION "{" RP "," USER "," REST "}"
#define WITH(more) "{" RP "," USER "," REST "," more "}"

#define REQUEST_START "\"rpId\":\"mail.example.org\",\"challenge\":\"" CHALLENGE "\""

static json_t *json_of(const char *text)
{
    json_error_t error;
    json_t *json = json_loads(text, JSON_DECODE_ANY, &error);

    if (json == NULL)
        fail_msg("%s: %s", text, error.text);
    return json;
}

/* --- creation --- */

static struct ck_creation_options created(const char *text)
{
    struct ck_creation_options options;
    struct ck_error err;
    json_t *json = json_of(text);

    if (ck_creation_options_parse(json, CK_ERR_UNREACHABLE, &options, &err) != CK_OK)
        fail_msg("%s: %s", text, err.text);
    json_decref(json);
    return options;
}

static void assert_creation_refused(const char *text, const char *part)
{
    struct ck_creation_options options, untouched;
    struct ck_error err;
    json_t *json = json_of(text);

    memset(&options, 0x5a, sizeof options);
    untouched = options;
    if (ck_creation_options_parse(json, CK_ERR_UNREACHABLE, &options, &err) == CK_OK)
        fail_msg("%s was read", text);
    assert_error(&err, CK_ERR_UNREACHABLE, part);
    assert_memory_equal(&options, &untouched, sizeof options);
    json_decref(json);
}

static void test_creation(void **state)
{
    struct ck_creation_options options = created(CREATION);

    (void)state;
    assert_string_equal(options.rp_id, "mail.example.org");
    assert_string_equal(options.rp_name, "Mail");
    assert_int_equal(options.user_id.size, 5);
    assert_memory_equal(options.user_id.data, "alice", 5);
    assert_string_equal(options.user_name, "alice@example.org");
    assert_string_equal(options.user_display_name, "Alice");
    assert_int_equal(options.challenge.size, 16);
    assert_int_equal(options.challenge.data[15], 15);
    assert_int_equal(options.algorithms_count, 1);
    assert_int_equal(options.algorithms[0], CK_COSE_ES256);
    assert_int_equal(options.exclude_count, 0);
    assert_int_equal(options.user_verification, CK_UV_PREFERRED);
    assert_false(options.resident_key);
    assert_string_equal(options.attestation, "none");
    ck_creation_options_clear(&options);
    ck_creation_options_clear(&options);
    assert_null(options.user_id.data);
}

/* As a browser's page would get it from mailcow, once its binary form is translated. */
static void test_creation_with_everything(void **state)
{
    struct ck_creation_options options = created(
        "{" RP "," USER ",\"challenge\":\"" CHALLENGE "==\",\"timeout\":30000,"
        "\"pubKeyCredParams\":[{\"type\":\"public-key\",\"alg\":-257},{\"type\":\"x\",\"alg\":-8},"
        "{\"type\":\"public-key\",\"alg\":-7}],\"extensions\":{\"exts\":true},"
        "\"authenticatorSelection\":{\"userVerification\":\"required\",\"requireResidentKey\":true,"
        "\"authenticatorAttachment\":\"cross-platform\"},\"attestation\":\"indirect\","
        "\"excludeCredentials\":[{\"id\":\"AQ\",\"type\":\"public-key\",\"transports\":[\"usb\"]},"
        "{\"id\":\"\",\"type\":\"later\"},{\"id\":\"AgM\",\"type\":\"public-key\"}]}");

    (void)state;
    assert_int_equal(options.algorithms_count, 2);
    assert_int_equal(options.algorithms[0], CK_COSE_RS256);
    assert_int_equal(options.algorithms[1], CK_COSE_ES256);
    assert_int_equal(options.user_verification, CK_UV_REQUIRED);
    assert_true(options.resident_key);
    assert_string_equal(options.attestation, "indirect");
    assert_int_equal(options.exclude_count, 2);
    assert_int_equal(options.exclude[0].size, 1);
    assert_int_equal(options.exclude[1].size, 2);
    assert_int_equal(options.exclude[1].data[1], 3);
    ck_creation_options_clear(&options);
}

static void test_selection(void **state)
{
    static const struct {
        const char *selection;
        enum ck_user_verification user_verification;
        bool resident_key;
    } cases[] = {
        {"{}", CK_UV_PREFERRED, false},
        {"{\"userVerification\":\"preferred\"}", CK_UV_PREFERRED, false},
        {"{\"userVerification\":\"discouraged\"}", CK_UV_DISCOURAGED, false},
        {"{\"userVerification\":\"required\"}", CK_UV_REQUIRED, false},
        {"{\"userVerification\":\"Required\"}", CK_UV_PREFERRED, false},
        {"{\"userVerification\":\"later\"}", CK_UV_PREFERRED, false},
        {"{\"requireResidentKey\":false}", CK_UV_PREFERRED, false},
        {"{\"requireResidentKey\":true}", CK_UV_PREFERRED, true},
        {"{\"residentKey\":\"required\"}", CK_UV_PREFERRED, true},
        {"{\"residentKey\":\"required\",\"requireResidentKey\":false}", CK_UV_PREFERRED, true},
        {"{\"residentKey\":\"preferred\"}", CK_UV_PREFERRED, false},
        {"{\"residentKey\":\"discouraged\",\"requireResidentKey\":true}", CK_UV_PREFERRED, false},
        {"{\"residentKey\":\"later\",\"requireResidentKey\":true}", CK_UV_PREFERRED, true},
    };
    char text[1024];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(text, sizeof text, WITH("\"authenticatorSelection\":%s"), cases[i].selection);
        struct ck_creation_options options = created(text);
        assert_int_equal(options.user_verification, cases[i].user_verification);
        assert_int_equal(options.resident_key, cases[i].resident_key);
        ck_creation_options_clear(&options);
    }
}

static void test_attestation(void **state)
{
    static const char *const pairs[][2] = {{"none", "none"},
                                           {"indirect", "indirect"},
                                           {"direct", "direct"},
                                           {"enterprise", "enterprise"},
                                           {"Direct", "none"},
                                           {"", "none"},
                                           {"a-later-one-with-a-long-name", "none"}};
    char text[1024];

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        snprintf(text, sizeof text, WITH("\"attestation\":\"%s\""), pairs[i][0]);
        struct ck_creation_options options = created(text);
        assert_string_equal(options.attestation, pairs[i][1]);
        ck_creation_options_clear(&options);
    }
}

static void test_creation_refuses_missing_and_mistyped(void **state)
{
    static const char *const cases[][2] = {
        {"[]", "not a JSON object"},
        {"null", "not a JSON object"},
        {"{}", "rp.id is missing"},
        {"{\"rp\":null}", "rp is not an object"},
        {"{\"rp\":\"x\"}", "rp is not an object"},
        {"{\"rp\":{}}", "rp.id is missing"},
        {"{\"rp\":{\"id\":1}}", "rp.id is not text"},
        {"{\"rp\":{\"id\":\"\"}}", "rp.id is empty"},
        {"{\"rp\":{\"id\":\"x\"}}", "rp.name is missing"},
        {"{\"rp\":{\"id\":\"x\",\"name\":null}}", "rp.name is not text"},
        {"{" RP "}", "user.id is missing"},
        {"{" RP ",\"user\":[]}", "user is not an object"},
        {"{" RP ",\"user\":{\"id\":7}}", "user.id is not text"},
        {"{" RP ",\"user\":{\"id\":\"\"}}", "user.id has 0 bytes"},
        {"{" RP ",\"user\":{\"id\":\"A+A=\"}}", "user.id is not valid base64"},
        {"{" RP ",\"user\":{\"id\":\"AA\"}}", "user.name is missing"},
        {"{" RP ",\"user\":{\"id\":\"AA\",\"name\":\"a\"}}", "user.displayName is missing"},
        {"{" RP "," USER "}", "challenge is missing"},
        {"{" RP "," USER ",\"challenge\":1}", "challenge is not text"},
        {"{" RP "," USER ",\"challenge\":\"" CHALLENGE "\"}", "pubKeyCredParams is missing"},
        {WITH("\"pubKeyCredParams\":{}"), "pubKeyCredParams is not a list"},
        {WITH("\"pubKeyCredParams\":[-7]"), "without a type"},
        {WITH("\"pubKeyCredParams\":[{\"alg\":-7}]"), "without a type"},
        {WITH("\"pubKeyCredParams\":[{\"type\":1,\"alg\":-7}]"), "without a type"},
        {WITH("\"pubKeyCredParams\":[{\"type\":\"public-key\"}]"), "without an algorithm"},
        {WITH("\"pubKeyCredParams\":[{\"type\":\"public-key\",\"alg\":\"-7\"}]"),
         "without an algorithm"},
        {WITH("\"pubKeyCredParams\":[{\"type\":\"public-key\",\"alg\":-7.0}]"),
         "without an algorithm"},
        {WITH("\"pubKeyCredParams\":[{\"type\":\"public-key\",\"alg\":2147483648}]"),
         "without an algorithm"},
        {WITH("\"pubKeyCredParams\":[{\"type\":\"public-key\",\"alg\":-4294967303}]"),
         "without an algorithm"},
        {WITH("\"pubKeyCredParams\":[{\"type\":\"later\",\"alg\":-7}]"), "only unknown types"},
        {WITH("\"excludeCredentials\":null"), "excludeCredentials is not a list"},
        {WITH("\"excludeCredentials\":[null]"), "without a type"},
        {WITH("\"excludeCredentials\":[{\"id\":\"AA\"}]"), "without a type"},
        {WITH("\"excludeCredentials\":[{\"type\":\"public-key\"}]"),
         "excludeCredentials is missing"},
        {WITH("\"excludeCredentials\":[{\"type\":\"public-key\",\"id\":\"\"}]"), "has 0 bytes"},
        {WITH("\"excludeCredentials\":[{\"type\":\"public-key\",\"id\":\"AA\"},"
              "{\"type\":\"public-key\",\"id\":\"A\"}]"),
         "not valid base64"},
        {WITH("\"authenticatorSelection\":null"), "authenticatorSelection is not an object"},
        {WITH("\"authenticatorSelection\":{\"userVerification\":true}"), "userVerification"},
        {WITH("\"authenticatorSelection\":{\"residentKey\":true}"), "residentKey"},
        {WITH("\"authenticatorSelection\":{\"requireResidentKey\":\"true\"}"),
         "requireResidentKey"},
        {WITH("\"attestation\":null"), "attestation is not text"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_creation_refused(cases[i][0], cases[i][1]);
    struct ck_creation_options options;
    struct ck_error err;
    assert_int_equal(ck_creation_options_parse(NULL, CK_ERR_USAGE, &options, &err), CK_ERR_USAGE);
}

static void test_default_algorithms(void **state)
{
    struct ck_creation_options options = created(WITH("\"pubKeyCredParams\":[]"));

    (void)state;
    assert_int_equal(options.algorithms_count, 2);
    assert_int_equal(options.algorithms[0], CK_COSE_ES256);
    assert_int_equal(options.algorithms[1], CK_COSE_RS256);
    ck_creation_options_clear(&options);
}

static void test_algorithms_bound(void **state)
{
    json_t *json = json_of(CREATION), *array = json_array();
    struct ck_creation_options options;
    struct ck_error err;

    (void)state;
    for (int i = 0; i < CK_ALGORITHMS_MAX + 1; i++)
        json_array_append_new(array, json_pack("{s:s,s:i}", "type", "public-key", "alg", i));
    json_object_set_new(json, "pubKeyCredParams", array);
    assert_int_equal(ck_creation_options_parse(json, CK_ERR_USAGE, &options, &err), CK_OK);
    assert_int_equal(options.algorithms_count, CK_ALGORITHMS_MAX);
    assert_int_equal(options.algorithms[CK_ALGORITHMS_MAX - 1], CK_ALGORITHMS_MAX - 1);
    ck_creation_options_clear(&options);
    json_decref(json);
}

/* Puts size bytes, as text or as base64url, into the member of the object that path names. */
static void set(json_t *json, const char *object, const char *member, size_t size, bool is_binary)
{
    uint8_t *bytes = malloc(size + 1);

    memset(bytes, 'x', size);
    bytes[size] = '\0';
    char *text = is_binary ? ck_base64_encode(CK_BASE64_URL, bytes, size) : strdup((char *)bytes);
    json_object_set_new(object != NULL ? json_object_get(json, object) : json, member,
                        json_string(text));
    free(text);
    free(bytes);
}

static void test_creation_bounds(void **state)
{
    static const struct {
        const char *object, *member;
        size_t min, max;
        bool is_binary;
        const char *under, *over;
    } bounds[] = {
        {"rp", "id", 1, CK_HOST_MAX - 1, false, "empty", "rp.id has more than 253 bytes"},
        {"rp", "name", 0, CK_NAME_MAX - 1, false, NULL, "rp.name has more than 255 bytes"},
        {"user", "name", 0, CK_NAME_MAX - 1, false, NULL, "user.name has more than 255 bytes"},
        {"user", "displayName", 0, CK_NAME_MAX - 1, false, NULL,
         "user.displayName has more than 255 bytes"},
        {"user", "id", 1, CK_USER_ID_MAX, true, "0 bytes", "user.id has 65 bytes"},
        {NULL, "challenge", CK_CHALLENGE_MIN, CK_CHALLENGE_MAX, true, "has 15 bytes",
         "challenge has 1025 bytes and not 16 to 1024"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        json_t *json = json_of(CREATION);
        struct ck_creation_options options;
        struct ck_error err;

        set(json, bounds[i].object, bounds[i].member, bounds[i].max, bounds[i].is_binary);
        assert_int_equal(ck_creation_options_parse(json, CK_ERR_USAGE, &options, &err), CK_OK);
        ck_creation_options_clear(&options);
        set(json, bounds[i].object, bounds[i].member, bounds[i].max + 1, bounds[i].is_binary);
        assert_int_equal(ck_creation_options_parse(json, CK_ERR_USAGE, &options, &err),
                         CK_ERR_USAGE);
        assert_error(&err, CK_ERR_USAGE, bounds[i].over);
        set(json, bounds[i].object, bounds[i].member, bounds[i].min, bounds[i].is_binary);
        assert_int_equal(ck_creation_options_parse(json, CK_ERR_USAGE, &options, &err), CK_OK);
        ck_creation_options_clear(&options);
        if (bounds[i].min > 0) {
            set(json, bounds[i].object, bounds[i].member, bounds[i].min - 1, bounds[i].is_binary);
            assert_int_equal(ck_creation_options_parse(json, CK_ERR_USAGE, &options, &err),
                             CK_ERR_USAGE);
            assert_error(&err, CK_ERR_USAGE, bounds[i].under);
        }
        json_decref(json);
    }
}

static json_t *list_of(size_t count, size_t id_size)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        json_array_append_new(list, json_pack("{s:s}", "type", "public-key"));
        set(json_array_get(list, i), NULL, "id", id_size, true);
    }
    return list;
}

static void test_list_bounds(void **state)
{
    json_t *creation = json_of(CREATION), *request = json_of("{" REQUEST_START "}");
    struct ck_creation_options creation_options;
    struct ck_request_options request_options;
    struct ck_error err;

    (void)state;
    for (size_t over = 0; over < 3; over++) {
        json_t *list =
            list_of(CK_CREDENTIALS_MAX + (over == 1), CK_CREDENTIAL_ID_MAX + (over == 2));
        enum ck_err expected = over == 0 ? CK_OK : CK_ERR_USAGE;
        const char *part = over == 1 ? "more than 256 entries" : "1024 bytes and not 1 to 1023";

        json_object_set(creation, "excludeCredentials", list);
        json_object_set_new(request, "allowCredentials", list);
        assert_int_equal(ck_creation_options_parse(creation, CK_ERR_USAGE, &creation_options, &err),
                         expected);
        if (over > 0)
            assert_error(&err, CK_ERR_USAGE, part);
        assert_int_equal(ck_request_options_parse(request, CK_ERR_USAGE, &request_options, &err),
                         expected);
        if (over > 0)
            assert_error(&err, CK_ERR_USAGE, part);
        if (over == 0) {
            assert_int_equal(creation_options.exclude_count, CK_CREDENTIALS_MAX);
            assert_int_equal(request_options.allow_count, CK_CREDENTIALS_MAX);
            ck_creation_options_clear(&creation_options);
            ck_request_options_clear(&request_options);
        }
    }
    json_decref(creation);
    json_decref(request);
}

/* --- request --- */

static struct ck_request_options requested(const char *text)
{
    struct ck_request_options options;
    struct ck_error err;
    json_t *json = json_of(text);

    if (ck_request_options_parse(json, CK_ERR_UNREACHABLE, &options, &err) != CK_OK)
        fail_msg("%s: %s", text, err.text);
    json_decref(json);
    return options;
}

static void test_request(void **state)
{
    struct ck_request_options options = requested("{" REQUEST_START "}");

    (void)state;
    assert_string_equal(options.rp_id, "mail.example.org");
    assert_int_equal(options.challenge.size, 16);
    assert_int_equal(options.allow_count, 0);
    assert_null(options.allow);
    assert_int_equal(options.user_verification, CK_UV_PREFERRED);
    ck_request_options_clear(&options);

    options = requested("{" REQUEST_START ",\"allowCredentials\":[{\"type\":\"later\"},"
                        "{\"type\":\"public-key\",\"id\":\"_-8\",\"transports\":[]}],\"timeout\":1,"
                        "\"userVerification\":\"discouraged\",\"extensions\":{\"appid\":\"x\"}}");
    assert_int_equal(options.allow_count, 1);
    assert_int_equal(options.allow[0].size, 2);
    assert_int_equal(options.allow[0].data[0], 0xff);
    assert_int_equal(options.user_verification, CK_UV_DISCOURAGED);
    ck_request_options_clear(&options);
    ck_request_options_clear(&options);
    assert_null(options.allow);

    options = requested("{" REQUEST_START ",\"allowCredentials\":[]}");
    assert_int_equal(options.allow_count, 0);
    ck_request_options_clear(&options);
}

static void test_request_refuses(void **state)
{
    static const char *const cases[][2] = {
        {"[]", "not a JSON object"},
        {"{}", "rpId is missing"},
        {"{\"rpId\":null}", "rpId is not text"},
        {"{\"rpId\":\"\"}", "rpId is empty"},
        {"{\"rpId\":\"x\"}", "challenge is missing"},
        {"{\"rpId\":\"x\",\"challenge\":\"AAAA\"}", "challenge has 3 bytes"},
        {"{" REQUEST_START ",\"allowCredentials\":{}}", "allowCredentials is not a list"},
        {"{" REQUEST_START ",\"allowCredentials\":[{\"id\":\"AA\"}]}", "without a type"},
        {"{" REQUEST_START ",\"allowCredentials\":[{\"type\":\"public-key\",\"id\":\"+A==\"}]}",
         "not valid base64"},
        {"{" REQUEST_START ",\"allowCredentials\":[{\"type\":\"later\",\"id\":\"AA\"}]}",
         "only unknown types"},
        {"{" REQUEST_START ",\"userVerification\":1}", "userVerification is not text"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ck_request_options options, untouched;
        struct ck_error err;
        json_t *json = json_of(cases[i][0]);

        memset(&options, 0x5a, sizeof options);
        untouched = options;
        if (ck_request_options_parse(json, CK_ERR_UNREACHABLE, &options, &err) == CK_OK)
            fail_msg("%s was read", cases[i][0]);
        assert_error(&err, CK_ERR_UNREACHABLE, cases[i][1]);
        assert_memory_equal(&options, &untouched, sizeof options);
        json_decref(json);
    }
}

/* --- allocations --- */

static json_t *failing;

static enum ck_err parse_creation(struct ck_error *err)
{
    struct ck_creation_options options, untouched;
    enum ck_err rc;

    memset(&options, 0x5a, sizeof options);
    untouched = options;
    rc = ck_creation_options_parse(failing, CK_ERR_USAGE, &options, err);
    if (rc == CK_OK)
        ck_creation_options_clear(&options);
    else
        assert_memory_equal(&options, &untouched, sizeof options);
    return rc;
}

static enum ck_err parse_request(struct ck_error *err)
{
    struct ck_request_options options, untouched;
    enum ck_err rc;

    memset(&options, 0x5a, sizeof options);
    untouched = options;
    rc = ck_request_options_parse(failing, CK_ERR_USAGE, &options, err);
    if (rc == CK_OK)
        ck_request_options_clear(&options);
    else
        assert_memory_equal(&options, &untouched, sizeof options);
    return rc;
}

static void test_allocations_fail(void **state)
{
    (void)state;
    failing = json_of(CREATION);
    json_object_set_new(failing, "excludeCredentials", list_of(3, 16));
    fail_each_allocation(parse_creation, 6);
    json_decref(failing);
    failing = json_of("{" REQUEST_START "}");
    json_object_set_new(failing, "allowCredentials", list_of(3, 16));
    fail_each_allocation(parse_request, 5);
    json_decref(failing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_creation),
        cmocka_unit_test(test_creation_with_everything),
        cmocka_unit_test(test_selection),
        cmocka_unit_test(test_attestation),
        cmocka_unit_test(test_creation_refuses_missing_and_mistyped),
        cmocka_unit_test(test_default_algorithms),
        cmocka_unit_test(test_algorithms_bound),
        cmocka_unit_test(test_creation_bounds),
        cmocka_unit_test(test_list_bounds),
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_request_refuses),
        cmocka_unit_test(test_allocations_fail),
    };

    ck_json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
