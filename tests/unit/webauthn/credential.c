#include "cowkey/webauthn/credential.h"

#include "authenticator.h"
#include "cowkey/base/json.h"
#include "cowkey/webauthn/cose.h"

static struct ck_credential usual(void)
{
    static struct buffer key;
    struct ck_credential credential = {.id = exactly("\xff\xfe\x01", 3),
                                       .algorithm = CK_COSE_ES256,
                                       .rp_id = "mail.example.org",
                                       .user_id = bytes_of_text("alice"),
                                       .format = "packed",
                                       .chain = {bytes_of_text("leaf"), bytes_of_text("ca")},
                                       .chain_count = 2,
                                       .sign_count = UINT32_MAX,
                                       .user_verified = true,
                                       .backup_eligible = true};

    memcpy(credential.aaguid, usual_aaguid, sizeof(usual_aaguid));
    key.size = 0;
    put_cose(&key, key_of(CK_COSE_ES256, 0), CK_COSE_ES256);
    credential.public_key = bytes_of(&key);
    return credential;
}

static void test_aaguid(void **state)
{
    char text[CK_AAGUID_TEXT_MAX];

    (void)state;
    ck_aaguid_format(usual_aaguid, text);
    assert_string_equal(text, "f8a011f3-8c0a-4d15-8006-17111f9edc7d");
    ck_aaguid_format((const uint8_t[CK_AAGUID_SIZE]){0}, text);
    assert_string_equal(text, "00000000-0000-0000-0000-000000000000");
}

static const char *text_of(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));

    if (text == NULL)
        fail_msg("there is no text as %s", key);
    return text;
}

static void test_to_json(void **state)
{
    struct ck_credential credential = usual();
    json_t *json = NULL;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_credential_to_json(&credential, &json, &err), CK_OK);
    assert_string_equal(text_of(json, "id"), "__4B");
    char *key = ck_base64_encode(CK_BASE64_URL, credential.public_key.data, 77);
    assert_string_equal(text_of(json, "public_key"), key);
    free(key);
    assert_ptr_equal(strstr(text_of(json, "public_key_pem"), "-----BEGIN PUBLIC KEY-----\n"),
                     text_of(json, "public_key_pem"));
    assert_int_equal(json_integer_value(json_object_get(json, "alg")), -7);
    assert_string_equal(text_of(json, "rp_id"), "mail.example.org");
    assert_string_equal(text_of(json, "aaguid"), "f8a011f3-8c0a-4d15-8006-17111f9edc7d");
    assert_string_equal(text_of(json, "user_handle"), "YWxpY2U");
    assert_int_equal(json_integer_value(json_object_get(json, "sign_count")), UINT32_MAX);
    assert_int_equal(json_array_size(json_object_get(json, "transports")), 1);
    assert_string_equal(json_string_value(json_array_get(json_object_get(json, "transports"), 0)),
                        "usb");
    assert_string_equal(text_of(json, "fmt"), "packed");
    const json_t *chain = json_object_get(json, "x5c");
    assert_int_equal(json_array_size(chain), 2);
    assert_string_equal(json_string_value(json_array_get(chain, 0)), "bGVhZg");
    assert_string_equal(json_string_value(json_array_get(chain, 1)), "Y2E");
    assert_true(json_is_true(json_object_get(json, "user_verified")));
    assert_true(json_is_true(json_object_get(json, "backup_eligible")));
    assert_true(json_is_false(json_object_get(json, "backed_up")));
    assert_true(json_is_false(json_object_get(json, "resident")));
    assert_int_equal(json_object_size(json), 15);
    json_decref(json);
    ck_credential_clear(&credential);
    ck_credential_clear(&credential);
}

static void test_bad_key(void **state)
{
    struct ck_credential credential = usual();
    json_t *json = (json_t *)UNTOUCHED;
    struct ck_error err;

    (void)state;
    credential.public_key.size--;
    assert_int_equal(ck_credential_to_json(&credential, &json, &err), CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, "the public key");
    assert_ptr_equal(json, UNTOUCHED);
    ck_credential_clear(&credential);
}

/* --- reading --- */

static struct ck_json_view view;

static void view_text(const char *text)
{
    struct ck_error err;

    if (ck_json_view_parse(&view, text, strlen(text), "it", CK_ERR_USAGE, &err) != CK_OK)
        fail_msg("%s: %s", text, err.text);
}

/* What is written is read back. */
static void test_round_trip(void **state)
{
    struct ck_credential credential = usual(), again;
    json_t *json = NULL;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_credential_to_json(&credential, &json, &err), CK_OK);
    char *text = json_dumps(json, 0);
    view_text(text);
    if (ck_credential_from_json(view.items, &again, &err) != CK_OK)
        fail_msg("%s", err.text);
    assert_true(ck_bytes_equal(&again.id, &credential.id));
    assert_true(ck_bytes_equal(&again.public_key, &credential.public_key));
    assert_true(ck_bytes_equal(&again.user_id, &credential.user_id));
    assert_int_equal(again.algorithm, credential.algorithm);
    assert_string_equal(again.rp_id, credential.rp_id);
    assert_memory_equal(again.aaguid, credential.aaguid, CK_AAGUID_SIZE);
    assert_string_equal(again.format, credential.format);
    assert_int_equal(again.chain_count, 2);
    assert_true(ck_bytes_equal(&again.chain[0], &credential.chain[0]));
    assert_true(ck_bytes_equal(&again.chain[1], &credential.chain[1]));
    assert_true(again.sign_count == UINT32_MAX);
    assert_true(again.user_verified && again.backup_eligible && !again.backed_up &&
                !again.resident);
    ck_credential_clear(&again);
    ck_credential_clear(&credential);
    json_decref(json);
    ck_secret_erase_and_free(text);
}

static void test_smallest(void **state)
{
    struct ck_credential credential;
    struct ck_error err;

    (void)state;
    view_text("{\"id\":\"AQ\",\"public_key\":\"Ag\",\"rp_id\":\"a\",\"more\":[{}]}");
    assert_int_equal(ck_credential_from_json(view.items, &credential, &err), CK_OK);
    assert_int_equal(credential.id.size, 1);
    assert_int_equal(credential.public_key.size, 1);
    assert_string_equal(credential.rp_id, "a");
    assert_int_equal(credential.user_id.size, 0);
    assert_int_equal(credential.algorithm, 0);
    assert_int_equal(credential.sign_count, 0);
    assert_int_equal(credential.chain_count, 0);
    ck_credential_clear(&credential);
}

static void test_refuses(void **state)
{
    static const struct {
        const char *members, *part;
    } cases[] = {
        {"\"public_key\":\"Ag\",\"rp_id\":\"a\"", "'id' is missing"},
        {"\"id\":\"\",\"public_key\":\"Ag\",\"rp_id\":\"a\"", "'id' has 0 bytes"},
        {"\"id\":\"AQ\",\"rp_id\":\"a\"", "'public_key' is missing"},
        {"\"id\":\"AQ\",\"public_key\":\"Ag\"", "'rp_id' is missing or empty"},
        {"\"id\":\"AQ\",\"public_key\":\"Ag\",\"rp_id\":\"\"", "'rp_id' is missing or empty"},
        {"\"id\":\"AQ\",\"public_key\":\"Ag\",\"rp_id\":1", "'rp_id' is not text"},
        {"\"id\":\"AQ*\",\"public_key\":\"Ag\",\"rp_id\":\"a\"", "'id' is not valid base64"},
    };
    static const struct {
        const char *key, *value, *part;
    } others[] = {
        {"sign_count", "-1", "'sign_count' is -1 and not 0 to 4294967295"},
        {"sign_count", "4294967296", "'sign_count' is 4294967296 and not 0 to"},
        {"sign_count", "1.0", "'sign_count' is not a whole number"},
        {"sign_count", "\"1\"", "'sign_count' is not a whole number"},
        {"alg", "\"ES256\"", "'alg' is not a whole number"},
        {"alg", "-2147483649", "'alg' is -2147483649 and not"},
        {"user_handle", "7", "'user_handle' is not text"},
        {"aaguid", "\"f8a011f3\"", "'aaguid' is not an AAGUID"},
        {"aaguid", "\"f8a011f38c0a-4d15-8006-17111f9edc7d\"", "'aaguid' is not an AAGUID"},
        {"aaguid", "\"f8a011f3-8c0a-4d15-8006-17111f9edc7x\"", "'aaguid' is not an AAGUID"},
        {"aaguid", "\"f8a011f3-8c0a-4d15-8006-17111f9edc7d0\"", "'aaguid' has more than 36"},
        {"fmt", "\"a name that has more than thirty-two\"", "'fmt' has more than 32 bytes"},
        {"x5c", "{}", "'x5c' is not a list"},
        {"x5c", "[1]", "'x5c' is not text"},
        {"x5c", "[\"A\"]", "'x5c' is not valid base64"},
        {"x5c", "[\"AA\",\"AA\",\"AA\",\"AA\",\"AA\",\"AA\",\"AA\",\"AA\",\"AA\"]",
         "'x5c' has more than 8 certificates"},
        {"user_verified", "1", "'user_verified' is not true or false"},
        {"resident", "null", "'resident' is not true or false"},
    };
    struct ck_credential credential, untouched;
    struct ck_error err;

    (void)state;
    memset(&credential, 0x5a, sizeof(credential));
    untouched = credential;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases)[0] + sizeof(others) / sizeof(others)[0];
         i++) {
        size_t j = i - sizeof(cases) / sizeof(cases)[0];
        bool is_other = i >= sizeof(cases) / sizeof(cases)[0];
        char text[256];

        if (is_other)
            snprintf(text, sizeof(text),
                     "{\"id\":\"AQ\",\"public_key\":\"Ag\",\"rp_id\":\"a\",\"%s\":%s}",
                     others[j].key, others[j].value);
        else
            snprintf(text, sizeof(text), "{%s}", cases[i].members);
        view_text(text);
        if (ck_credential_from_json(view.items, &credential, &err) == CK_OK)
            fail_msg("%s was read", text);
        assert_error(&err, CK_ERR_USAGE, is_other ? others[j].part : cases[i].part);
        assert_memory_equal(&credential, &untouched, sizeof(untouched));
    }
    view_text("[]");
    assert_int_equal(ck_credential_from_json(view.items, &credential, &err), CK_ERR_USAGE);
}

static void test_key(void **state)
{
    struct ck_credential credential = usual();
    struct ck_cose_key *key = NULL;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_credential_key(&credential, &key, &err), CK_OK);
    assert_int_equal(ck_cose_key_algorithm(key), CK_COSE_ES256);
    ck_cose_key_free(&key);
    credential.algorithm = 0;
    assert_int_equal(ck_credential_key(&credential, &key, &err), CK_OK);
    ck_cose_key_free(&key);
    credential.algorithm = CK_COSE_RS256;
    assert_int_equal(ck_credential_key(&credential, &key, &err), CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, "for algorithm -7, and not for -257");
    credential.public_key.size--;
    assert_int_equal(ck_credential_key(&credential, &key, &err), CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, "canonical CBOR");
    assert_null(key);
    ck_credential_clear(&credential);
}

static enum ck_err from_json(struct ck_error *err)
{
    struct ck_credential credential;
    enum ck_err r = ck_credential_from_json(view.items, &credential, err);

    if (r == CK_OK)
        ck_credential_clear(&credential);
    return r;
}

static struct ck_credential failing;

static enum ck_err make_key(struct ck_error *err)
{
    struct ck_cose_key *key = NULL;
    enum ck_err r = ck_credential_key(&failing, &key, err);

    assert_true((r == CK_OK) == (key != NULL));
    ck_cose_key_free(&key);
    return r;
}

static enum ck_err to_json(struct ck_error *err)
{
    json_t *json = (json_t *)UNTOUCHED;
    enum ck_err rc = ck_credential_to_json(&failing, &json, err);

    if (rc != CK_OK) {
        assert_ptr_equal(json, UNTOUCHED);
        return rc;
    }
    assert_int_equal(json_object_size(json), 15);
    json_decref(json);
    return CK_OK;
}

static void test_allocations_fail(void **state)
{
    struct ck_error err;

    (void)state;
    failing = usual();
    assert_int_equal(to_json(&err), CK_OK);
    fail_each_allocation(to_json, 40);
    assert_int_equal(make_key(&err), CK_OK);
    fail_each_allocation(make_key, 10);
    view_text("{\"id\":\"AQ\",\"public_key\":\"Ag\",\"rp_id\":\"a\",\"user_handle\":\"Aw\","
              "\"x5c\":[\"BA\",\"BQ\"]}");
    fail_each_allocation(from_json, 5);
    ck_json_view_clear(&view);
    ck_credential_clear(&failing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_aaguid),   cmocka_unit_test(test_to_json),
        cmocka_unit_test(test_bad_key),  cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_smallest), cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_key),      cmocka_unit_test(test_allocations_fail),
    };

    ck_json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
