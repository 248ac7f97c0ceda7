#include "cowkey/webauthn/assertion.h"

#include "login.h"
#include "vectors.h"

static struct ck_bytes challenge;

static const char *reason_with(const struct ck_assertion *assertion,
                               const struct ck_credential *credential, bool verification)
{
    const struct ck_assertion_terms terms = {&challenge, RP_ID, ORIGIN, verification};
    const char *reason = (const char *)UNTOUCHED;
    struct ck_error err;

    if (ck_assertion_verify(assertion, credential, &terms, &reason, &err) != CK_OK)
        fail_msg("%s", err.text);
    return reason;
}

static void assert_reason(const struct recipe *recipe, const char *expected)
{
    struct ck_assertion assertion = assertion_of(recipe);
    struct ck_credential credential = credential_of(recipe->algorithm);
    const char *reason = reason_with(&assertion, &credential, true);

    if (expected == NULL && reason != NULL)
        fail_msg("refused for %s", reason);
    if (expected != NULL && (reason == NULL || strcmp(reason, expected) != 0))
        fail_msg("%s where %s was expected", reason != NULL ? reason : "accepted", expected);
    ck_assertion_clear(&assertion);
    ck_credential_clear(&credential);
}

static int setup(void **state)
{
    struct ck_creation_options options = usual_options();

    (void)state;
    challenge = options.challenge;
    options.challenge = (struct ck_bytes){0};
    ck_creation_options_clear(&options);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ck_bytes_clear(&challenge);
    return 0;
}

static void test_accepts(void **state)
{
    static const int algorithms[] = {CK_COSE_ES256, CK_COSE_ES384, CK_COSE_EDDSA, CK_COSE_RS256};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct recipe recipe = login(algorithms[i]);
        assert_reason(&recipe, NULL);
        recipe.signing_key = 1;
        assert_reason(&recipe, "signature");
    }
}

/* Registered with what another implementation made, then used with what it signed. */
static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTORS; i++) {
        struct ck_creation_options options = usual_options();
        struct ck_registration registration = {
            .credential_id = bytes_of_hex(vectors[i].credential_id),
            .client_data_json = bytes_of_text(vectors[i].client_data),
            .attestation_object = bytes_of_hex(vectors[i].attestation_object)};
        struct ck_assertion assertion = {.credential_id = bytes_of_hex(vectors[i].credential_id),
                                         .client_data_json =
                                             bytes_of_text(vectors[i].login_client_data),
                                         .authenticator_data = bytes_of_hex(vectors[i].login_data),
                                         .signature = bytes_of_hex(vectors[i].signature)};
        struct ck_bytes login_challenge = bytes_of_hex(vectors[i].login_challenge);
        const struct ck_registration_terms terms = {&options, false, ORIGIN, false};
        const struct ck_assertion_terms login_terms = {&login_challenge, RP_ID, ORIGIN, true};
        struct ck_credential credential = {0};
        const char *reason;
        struct ck_error err;

        ck_bytes_clear(&options.challenge);
        options.challenge = bytes_of_hex(vectors[i].challenge);
        assert_int_equal(ck_registration_verify(&registration, &terms, &reason, &credential, &err),
                         CK_OK);
        assert_null(reason);
        assert_int_equal(ck_assertion_verify(&assertion, &credential, &login_terms, &reason, &err),
                         CK_OK);
        if (reason != NULL)
            fail_msg("%s: refused for %s", vectors[i].name, reason);
        assertion.signature.data[assertion.signature.size - 1] ^= 1;
        assert_int_equal(ck_assertion_verify(&assertion, &credential, &login_terms, &reason, &err),
                         CK_OK);
        assert_string_equal(reason, "signature");
        ck_bytes_clear(&login_challenge);
        ck_credential_clear(&credential);
        ck_assertion_clear(&assertion);
        ck_registration_clear(&registration);
        ck_creation_options_clear(&options);
    }
}

static void test_client_data(void **state)
{
    struct recipe recipe = login(CK_COSE_ES256);

    (void)state;
    recipe.type = "webauthn.create";
    assert_reason(&recipe, "type");
    recipe = login(CK_COSE_ES256);
    recipe.challenge = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg8";
    assert_reason(&recipe, "challenge");
    recipe = login(CK_COSE_ES256);
    recipe.origin = "https://mail.example.org:8443";
    assert_reason(&recipe, "origin");
    recipe = login(CK_COSE_ES256);
    recipe.more_client_data = ",\"topOrigin\":\"https://a\"";
    assert_reason(&recipe, "cross-origin");
    recipe.more_client_data = ",\"type\":\"webauthn.get\"";
    assert_reason(&recipe, "client-data");
}

static void test_data(void **state)
{
    static const unsigned usual = CK_FLAG_USER_PRESENT | CK_FLAG_USER_VERIFIED;
    static const struct {
        unsigned flags;
        const char *reason;
    } cases[] = {
        {usual | CK_FLAG_EXTENSIONS, NULL},
        {usual | CK_FLAG_BACKUP_ELIGIBLE | CK_FLAG_BACKED_UP, NULL},
        {usual ^ CK_FLAG_USER_PRESENT, "user-present"},
        {usual ^ CK_FLAG_USER_VERIFIED, "user-verified"},
        {usual | CK_FLAG_BACKED_UP, "backup-state"},
        {usual | CK_FLAG_ATTESTED, "authenticator-data"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases)[0]; i++) {
        struct recipe recipe = login(CK_COSE_ES256);
        recipe.flags = cases[i].flags;
        assert_reason(&recipe, cases[i].reason);
    }
    struct recipe recipe = login(CK_COSE_ES256);
    recipe.rp_id = "example.org";
    assert_reason(&recipe, "rp-id");

    /* What is not asked for need not be there. */
    recipe = login(CK_COSE_ES256);
    recipe.flags = CK_FLAG_USER_PRESENT;
    struct ck_assertion assertion = assertion_of(&recipe);
    struct ck_credential credential = credential_of(CK_COSE_ES256);
    assert_null(reason_with(&assertion, &credential, false));
    ck_assertion_clear(&assertion);
    ck_credential_clear(&credential);
}

static void test_sign_count(void **state)
{
    static const struct {
        uint32_t before, now;
        const char *reason;
    } cases[] = {
        {0, 0, NULL},
        {0, 1, NULL},
        {7, 8, NULL},
        {7, UINT32_MAX, NULL},
        {UINT32_MAX - 1, UINT32_MAX, NULL},
        {7, 7, "sign-count"},
        {7, 6, "sign-count"},
        {7, 0, "sign-count"},
        {UINT32_MAX, 0, "sign-count"},
        {UINT32_MAX, 1, "sign-count"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases)[0]; i++) {
        struct recipe recipe = login(CK_COSE_EDDSA);
        recipe.sign_count = cases[i].now;
        struct ck_assertion assertion = assertion_of(&recipe);
        struct ck_credential credential = credential_of(CK_COSE_EDDSA);
        credential.sign_count = cases[i].before;
        const char *reason = reason_with(&assertion, &credential, true);
        if (cases[i].reason == NULL)
            assert_null(reason);
        else
            assert_string_equal(reason, cases[i].reason);
        ck_assertion_clear(&assertion);
        ck_credential_clear(&credential);
    }
}

static void test_ids(void **state)
{
    struct recipe recipe = login(CK_COSE_EDDSA);
    struct ck_assertion assertion = assertion_of(&recipe);
    struct ck_credential credential = credential_of(CK_COSE_EDDSA);

    (void)state;
    credential.id.data[0] ^= 1;
    assert_string_equal(reason_with(&assertion, &credential, true), "credential-id");
    credential.id.data[0] ^= 1;
    assertion.user_handle = bytes_of_text("alice");
    assert_null(reason_with(&assertion, &credential, true));
    assertion.user_handle.data[4] ^= 1;
    assert_string_equal(reason_with(&assertion, &credential, true), "user-handle");
    assertion.user_handle.data[4] ^= 1;
    assertion.user_handle.size--;
    assert_string_equal(reason_with(&assertion, &credential, true), "user-handle");
    ck_bytes_clear(&credential.user_id);
    assert_string_equal(reason_with(&assertion, &credential, true), "user-handle");
    ck_assertion_clear(&assertion);
    ck_assertion_clear(&assertion);
    ck_credential_clear(&credential);
}

/* Everything that a login holds is signed. */
static void test_damage(void **state)
{
    struct recipe recipe = login(CK_COSE_ES256);
    struct ck_assertion assertion = assertion_of(&recipe);
    struct ck_credential credential = credential_of(CK_COSE_ES256);
    struct ck_bytes *const parts[] = {&assertion.credential_id, &assertion.client_data_json,
                                      &assertion.authenticator_data, &assertion.signature};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        for (size_t bit = 0; bit < 8 * parts[i]->size; bit++) {
            parts[i]->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            if (reason_with(&assertion, &credential, true) == NULL)
                fail_msg("bit %zu of part %zu made no difference", bit, i);
            parts[i]->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        struct ck_bytes whole = *parts[i];
        for (size_t size = 0; size < whole.size; size++) {
            *parts[i] = exactly(whole.data, size);
            if (reason_with(&assertion, &credential, true) == NULL)
                fail_msg("%zu bytes of part %zu made no difference", size, i);
            ck_bytes_clear(parts[i]);
        }
        *parts[i] = whole;
    }
    assert_null(reason_with(&assertion, &credential, true));
    ck_assertion_clear(&assertion);
    ck_credential_clear(&credential);
}

/* A record that can't be read is not the key's fault. */
static void test_bad_record(void **state)
{
    struct recipe recipe = login(CK_COSE_EDDSA);
    struct ck_assertion assertion = assertion_of(&recipe);
    struct ck_credential credential = credential_of(CK_COSE_EDDSA);
    const struct ck_assertion_terms terms = {&challenge, RP_ID, ORIGIN, true};
    const char *reason = (const char *)UNTOUCHED;
    struct ck_error err;

    (void)state;
    credential.public_key.size--;
    assert_int_equal(ck_assertion_verify(&assertion, &credential, &terms, &reason, &err),
                     CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, "the public key");
    assert_ptr_equal(reason, UNTOUCHED);
    ck_assertion_clear(&assertion);
    ck_credential_clear(&credential);
}

static struct ck_assertion failing;
static struct ck_credential failing_credential;

static enum ck_err verify(struct ck_error *err)
{
    const struct ck_assertion_terms terms = {&challenge, RP_ID, ORIGIN, true};
    const char *reason = (const char *)UNTOUCHED;
    enum ck_err rc = ck_assertion_verify(&failing, &failing_credential, &terms, &reason, err);

    if (rc == CK_OK)
        assert_null(reason);
    else
        assert_ptr_equal(reason, UNTOUCHED);
    return rc;
}

static void test_allocations_fail(void **state)
{
    struct recipe recipe = login(CK_COSE_ES256);
    struct ck_error err;

    (void)state;
    failing = assertion_of(&recipe);
    failing_credential = credential_of(CK_COSE_ES256);
    /* What OpenSSL keeps from its first use on is not what is tested. */
    assert_int_equal(verify(&err), CK_OK);
    fail_each_allocation(verify, 20);
    ck_assertion_clear(&failing);
    ck_credential_clear(&failing_credential);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),          cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_client_data),      cmocka_unit_test(test_data),
        cmocka_unit_test(test_sign_count),       cmocka_unit_test(test_ids),
        cmocka_unit_test(test_damage),           cmocka_unit_test(test_bad_record),
        cmocka_unit_test(test_allocations_fail),
    };

    json_set_alloc_funcs(allocate_for_json, free);
    return cmocka_run_group_tests(tests, setup, teardown);
}
