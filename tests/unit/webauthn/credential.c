#include "cowkey/webauthn/credential.h"

#include "authenticator.h"
#include "cowkey/base/json.h"

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

    memcpy(credential.aaguid, usual_aaguid, sizeof usual_aaguid);
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

static struct ck_credential failing;

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
    ck_credential_clear(&failing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_aaguid),
        cmocka_unit_test(test_to_json),
        cmocka_unit_test(test_bad_key),
        cmocka_unit_test(test_allocations_fail),
    };

    ck_json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
