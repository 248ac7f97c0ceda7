#include "cowkey/webauthn/client_data.h"

#include <stdio.h>

#include "authenticator.h"

#define CHALLENGE "AAECAwQFBgcICQoLDA0ODw"
static uint8_t challenge_bytes[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
static const struct ck_bytes challenge = {challenge_bytes, sizeof challenge_bytes};

#define CREATE                                                                                     \
    "{\"type\":\"webauthn.create\",\"challenge\":\"" CHALLENGE                                     \
    "\",\"origin\":\"https://mail.example.org\",\"crossOrigin\":false}"

static void assert_made(enum ck_ceremony ceremony, const char *origin, const char *expected)
{
    struct ck_bytes json;
    struct ck_error err;

    assert_int_equal(ck_client_data_make(ceremony, &challenge, origin, &json, &err), CK_OK);
    assert_int_equal(json.size, strlen(expected));
    assert_memory_equal(json.data, expected, json.size);
    ck_bytes_clear(&json);
}

static void test_make(void **state)
{
    (void)state;
    assert_made(CK_CEREMONY_CREATE, "https://mail.example.org", CREATE);
    assert_made(CK_CEREMONY_GET, "https://mail.example.org:8443",
                "{\"type\":\"webauthn.get\",\"challenge\":\"" CHALLENGE
                "\",\"origin\":\"https://mail.example.org:8443\",\"crossOrigin\":false}");
}

/*
 * CCDToString: quote and backslash get a backslash, controls \u00xx in lower case, others nothing.
 */
static void test_make_escapes(void **state)
{
    (void)state;
    assert_made(CK_CEREMONY_GET, "a\"\\/\x01\n\x1f\x7f\xc3\xa4\xf0\x9f\x98\x80",
                "{\"type\":\"webauthn.get\",\"challenge\":\"" CHALLENGE "\",\"origin\":\"a\\\"\\\\/"
                "\\u0001\\u000a\\u001f\x7f\xc3\xa4\xf0\x9f\x98\x80\",\"crossOrigin\":false}");
}

static void test_make_refuses(void **state)
{
    char origin[CK_CLIENT_DATA_MAX + 1];
    struct ck_bytes json = {(uint8_t *)UNTOUCHED, 7};
    struct ck_error err;
    size_t rest = strlen(CREATE) - strlen("https://mail.example.org");

    (void)state;
    assert_int_equal(ck_client_data_make(CK_CEREMONY_GET, &challenge, "\xff", &json, &err),
                     CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, "not UTF-8");
    memset(origin, 'o', sizeof origin);
    origin[CK_CLIENT_DATA_MAX - rest + 1] = '\0';
    assert_int_equal(ck_client_data_make(CK_CEREMONY_CREATE, &challenge, origin, &json, &err),
                     CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, "more than 4096");
    origin[CK_CLIENT_DATA_MAX] = '\0';
    memset(origin, 'o', CK_CLIENT_DATA_MAX);
    assert_int_equal(ck_client_data_make(CK_CEREMONY_CREATE, &challenge, origin, &json, &err),
                     CK_ERR_USAGE);
    assert_ptr_equal(json.data, UNTOUCHED);
    origin[CK_CLIENT_DATA_MAX - rest] = '\0';
    assert_int_equal(ck_client_data_make(CK_CEREMONY_CREATE, &challenge, origin, &json, &err),
                     CK_OK);
    assert_int_equal(json.size, CK_CLIENT_DATA_MAX);
    ck_bytes_clear(&json);
}

static enum ck_err parse(const char *text, size_t size, struct ck_client_data *ret_data,
                         struct ck_error *err)
{
    struct ck_bytes json = exactly(text, size);
    enum ck_err rc = ck_client_data_parse(&json, ret_data, err);

    ck_bytes_clear(&json);
    return rc;
}

static void assert_parsed(const char *text, const char *type, const char *origin, bool cross_origin)
{
    struct ck_client_data data;
    struct ck_error err;

    if (parse(text, strlen(text), &data, &err) != CK_OK)
        fail_msg("%s: %s", text, err.text);
    assert_string_equal(data.type, type);
    assert_true(ck_bytes_equal(&data.challenge, &challenge));
    assert_string_equal(data.origin, origin);
    assert_int_equal(data.cross_origin, cross_origin);
    ck_client_data_clear(&data);
}

static void assert_bytes_refused(const char *text, size_t size, const char *part)
{
    struct ck_client_data data, untouched;
    struct ck_error err;

    memset(&data, 0x5a, sizeof data);
    untouched = data;
    if (parse(text, size, &data, &err) == CK_OK)
        fail_msg("%.*s was read", (int)size, text);
    assert_error(&err, CK_ERR_USAGE, part);
    assert_memory_equal(&data, &untouched, sizeof data);
}

static void assert_refused(const char *text, const char *part)
{
    assert_bytes_refused(text, strlen(text), part);
}

#define GET(rest) "{\"type\":\"webauthn.get\",\"challenge\":\"" CHALLENGE "\"," rest "}"
#define ORIGIN "\"origin\":\"https://a\""

static void test_parse(void **state)
{
    (void)state;
    assert_parsed(CREATE, "webauthn.create", "https://mail.example.org", false);
    assert_parsed(GET(ORIGIN), "webauthn.get", "https://a", false);
    assert_parsed(GET(ORIGIN ",\"crossOrigin\":true"), "webauthn.get", "https://a", true);
    assert_parsed(GET(ORIGIN ",\"crossOrigin\":false,\"topOrigin\":\"https://b\""), "webauthn.get",
                  "https://a", true);
    /* Unknown members, another order, spaces, a byte order mark. */
    assert_parsed(GET(ORIGIN ",\"tokenBinding\":{\"status\":\"supported\"},\"extra\":[1,null]"),
                  "webauthn.get", "https://a", false);
    assert_parsed(" {\n\"crossOrigin\" : false, " ORIGIN ", \"challenge\": \"" CHALLENGE
                  "\", \"type\":\"x\"} ",
                  "x", "https://a", false);
    assert_parsed("\xef\xbb\xbf" CREATE, "webauthn.create", "https://mail.example.org", false);
    assert_parsed(GET("\"origin\":\"https:\\/\\/\\u0061\""), "webauthn.get", "https://a", false);
}

static void test_parse_refuses_other_json(void **state)
{
    (void)state;
    assert_refused("", "not valid JSON");
    assert_refused("\xef\xbb\xbf", "not valid JSON");
    assert_refused("\xef\xbb\xbf\xef\xbb\xbf" CREATE, "not valid JSON");
    assert_refused("[]", "not a JSON object");
    assert_refused("\"webauthn.create\"", "not a JSON object");
    assert_refused(CREATE "x", "not valid JSON");
    assert_refused(CREATE CREATE, "not valid JSON");
    assert_bytes_refused(CREATE "\0", sizeof CREATE, "not valid JSON");
    assert_refused("{" ORIGIN "," ORIGIN "}", "twice");
    assert_refused(GET(ORIGIN ",\"type\":\"webauthn.create\""), "twice");
    assert_refused(GET(ORIGIN ",\"challenge\":\"AAAA\""), "twice");
    assert_refused(GET(ORIGIN ",\"x\":{\"y\":1,\"y\":1}"), "twice");
    assert_refused(GET("\"origin\":\"https://a\\u0000b\""), "not valid JSON");
    assert_refused(GET("\"origin\":\"\xff\""), "not valid JSON");
}

static void test_parse_refuses_members(void **state)
{
    (void)state;
    assert_refused("{}", "'type'");
    assert_refused("{\"type\":1}", "'type'");
    assert_refused("{\"type\":\"x\"}", "'challenge'");
    assert_refused("{\"type\":\"x\",\"challenge\":null}", "'challenge'");
    assert_refused("{\"type\":\"x\",\"challenge\":\"A\"}", "challenge is not valid base64");
    assert_refused("{\"type\":\"x\",\"challenge\":\"AA+A\"}", "challenge is not valid base64");
    assert_refused("{\"type\":\"x\",\"challenge\":\"AB\"}", "challenge is not valid base64");
    assert_refused("{\"type\":\"x\",\"challenge\":\"AA==\"}", "challenge is padded");
    assert_refused("{\"type\":\"x\",\"challenge\":\"AAAA\"}", "'origin'");
    assert_refused(GET("\"origin\":[]"), "'origin'");
    assert_refused(GET(ORIGIN ",\"crossOrigin\":null"), "'crossOrigin'");
    assert_refused(GET(ORIGIN ",\"crossOrigin\":\"true\""), "'crossOrigin'");
    assert_refused(GET(ORIGIN ",\"topOrigin\":false"), "'topOrigin'");
    assert_refused(GET(ORIGIN ",\"topOrigin\":null"), "'topOrigin'");
}

static void test_parse_bounds(void **state)
{
    char text[CK_CLIENT_DATA_MAX + 2], type[CK_CLIENT_TYPE_MAX + 1];
    char origin[CK_CLIENT_ORIGIN_MAX + 1];

    (void)state;
    memset(text, ' ', sizeof text);
    memcpy(text, CREATE, strlen(CREATE));
    text[CK_CLIENT_DATA_MAX] = '\0';
    assert_parsed(text, "webauthn.create", "https://mail.example.org", false);
    strcpy(text + CK_CLIENT_DATA_MAX, " ");
    assert_refused(text, "more than 4096");

    memset(type, 't', sizeof type);
    memset(origin, 'o', sizeof origin);
    type[CK_CLIENT_TYPE_MAX - 1] = origin[CK_CLIENT_ORIGIN_MAX - 1] = '\0';
    snprintf(text, sizeof text,
             "{\"type\":\"%s\",\"challenge\":\"" CHALLENGE "\",\"origin\":\"%s\"}", type, origin);
    assert_parsed(text, type, origin, false);
    snprintf(text, sizeof text,
             "{\"type\":\"%st\",\"challenge\":\"" CHALLENGE "\",\"origin\":\"%s\"}", type, origin);
    assert_refused(text, "'type' has more than 31");
    snprintf(text, sizeof text,
             "{\"type\":\"%s\",\"challenge\":\"" CHALLENGE "\",\"origin\":\"%so\"}", type, origin);
    assert_refused(text, "'origin' has more than 511");
}

static void test_every_truncation_is_refused(void **state)
{
    (void)state;
    for (size_t size = 0; size < strlen(CREATE); size++)
        assert_bytes_refused(CREATE, size, "not valid JSON");
}

/* What is made is read as what it was made of. */
static void test_parse_undoes_make(void **state)
{
    static const char origin[] = "https://\"\\\x01\xc3\xa4";
    struct ck_client_data data;
    struct ck_bytes json;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_client_data_make(CK_CEREMONY_CREATE, &challenge, origin, &json, &err),
                     CK_OK);
    assert_int_equal(ck_client_data_parse(&json, &data, &err), CK_OK);
    assert_string_equal(data.type, "webauthn.create");
    assert_string_equal(data.origin, origin);
    assert_true(ck_bytes_equal(&data.challenge, &challenge));
    assert_false(data.cross_origin);
    ck_client_data_clear(&data);
    ck_client_data_clear(&data);
    ck_bytes_clear(&json);
}

static enum ck_err make_and_parse(struct ck_error *err)
{
    struct ck_bytes json = {(uint8_t *)UNTOUCHED, 7};
    struct ck_client_data data, untouched;
    enum ck_err rc = ck_client_data_make(CK_CEREMONY_GET, &challenge, "https://a", &json, err);

    memset(&data, 0x5a, sizeof data);
    untouched = data;
    if (rc != CK_OK) {
        assert_ptr_equal(json.data, UNTOUCHED);
        return rc;
    }
    rc = ck_client_data_parse(&json, &data, err);
    ck_bytes_clear(&json);
    if (rc == CK_OK)
        ck_client_data_clear(&data);
    else
        assert_memory_equal(&data, &untouched, sizeof data);
    return rc;
}

static void test_allocations_fail(void **state)
{
    (void)state;
    fail_each_allocation(make_and_parse, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_make),
        cmocka_unit_test(test_make_escapes),
        cmocka_unit_test(test_make_refuses),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_refuses_other_json),
        cmocka_unit_test(test_parse_refuses_members),
        cmocka_unit_test(test_parse_bounds),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_parse_undoes_make),
        cmocka_unit_test(test_allocations_fail),
    };

    json_set_alloc_funcs(allocate_for_json, free);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
