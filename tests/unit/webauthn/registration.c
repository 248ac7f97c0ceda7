#include "cowkey/webauthn/registration.h"

#include "ceremony.h"
#include "vectors.h"

static const char *verify_with(const struct ck_registration *registration,
                               const struct ck_registration_terms *terms,
                               struct ck_credential *ret_credential)
{
    const char *reason = (const char *)UNTOUCHED;
    struct ck_error err;

    if (ck_registration_verify(registration, terms, &reason, ret_credential, &err) != CK_OK)
        fail_msg("%s", err.text);
    assert_ptr_not_equal(reason, UNTOUCHED);
    return reason;
}

/* The reason for which a registration is refused, NULL for none. A credential is made then only. */
static const char *reason_with(const struct ck_registration *registration,
                               const struct ck_creation_options *options, bool verification)
{
    const struct ck_registration_terms terms = {options, false, ORIGIN, verification};
    struct ck_credential credential, untouched;

    memset(&credential, 0x5a, sizeof(credential));
    untouched = credential;
    const char *reason = verify_with(registration, &terms, &credential);
    if (reason == NULL)
        ck_credential_clear(&credential);
    else
        assert_memory_equal(&credential, &untouched, sizeof(credential));
    return reason;
}

static void assert_reason(const struct recipe *recipe, const char *expected)
{
    struct ck_registration registration = registration_of(recipe);
    struct ck_creation_options options = usual_options();
    const char *reason = reason_with(&registration, &options, true);

    if (expected == NULL && reason != NULL)
        fail_msg("refused for %s", reason);
    if (expected != NULL && (reason == NULL || strcmp(reason, expected) != 0))
        fail_msg("%s where %s was expected", reason != NULL ? reason : "accepted", expected);
    ck_registration_clear(&registration);
    ck_creation_options_clear(&options);
}

/* --- what is right --- */

static void test_accepts(void **state)
{
    static const int algorithms[] = {CK_COSE_ES256, CK_COSE_ES384, CK_COSE_EDDSA, CK_COSE_RS256};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct recipe none = usual_recipe("none", algorithms[i], false);
        struct recipe self = usual_recipe("packed", algorithms[i], false);

        assert_reason(&none, NULL);
        assert_reason(&self, NULL);
        for (size_t j = 0; j < 4; j++) {
            struct recipe certified = usual_recipe("packed", algorithms[i], true);
            certified.chain_algorithm = algorithms[j];
            assert_reason(&certified, NULL);
            certified.certificate.aaguid = usual_aaguid;
            assert_reason(&certified, NULL);
        }
    }
    struct recipe u2f = usual_recipe("fido-u2f", CK_COSE_ES256, true);
    assert_reason(&u2f, NULL);
}

static void test_credential(void **state)
{
    struct recipe recipe = usual_recipe("packed", CK_COSE_ES256, true);
    struct ck_creation_options options = usual_options();
    const struct ck_registration_terms terms = {&options, false, ORIGIN, true};
    struct ck_credential credential;

    (void)state;
    options.resident_key = true;
    recipe.flags |= CK_FLAG_EXTENSIONS | CK_FLAG_BACKUP_ELIGIBLE | CK_FLAG_BACKED_UP;
    struct ck_registration registration = registration_of(&recipe);
    assert_null(verify_with(&registration, &terms, &credential));
    assert_true(ck_bytes_equal(&credential.id, &registration.credential_id));
    assert_int_equal(credential.public_key.size, 77);
    assert_int_equal(credential.algorithm, CK_COSE_ES256);
    assert_string_equal(credential.rp_id, RP_ID);
    assert_true(ck_bytes_equal(&credential.user_id, &options.user_id));
    assert_memory_equal(credential.aaguid, usual_aaguid, sizeof(usual_aaguid));
    assert_string_equal(credential.format, "packed");
    assert_int_equal(credential.chain_count, 1);
    assert_true(credential.chain[0].size > 100);
    assert_int_equal(credential.sign_count, 7);
    assert_true(credential.user_verified);
    assert_true(credential.backup_eligible);
    assert_true(credential.backed_up);
    assert_true(credential.resident);
    ck_credential_clear(&credential);
    ck_credential_clear(&credential);
    ck_registration_clear(&registration);
    ck_registration_clear(&registration);

    options.resident_key = false;
    recipe = usual_recipe("none", CK_COSE_ES256, false);
    recipe.flags ^= CK_FLAG_USER_VERIFIED;
    registration = registration_of(&recipe);
    const struct ck_registration_terms without = {&options, false, ORIGIN, false};
    assert_null(verify_with(&registration, &without, &credential));
    assert_false(credential.user_verified || credential.backup_eligible || credential.backed_up ||
                 credential.resident);
    assert_int_equal(credential.chain_count, 0);
    ck_credential_clear(&credential);
    ck_registration_clear(&registration);
    ck_creation_options_clear(&options);
}

/* What another implementation made, and each bit of it changed. */
static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTORS; i++) {
        struct ck_creation_options options = usual_options();
        struct ck_registration registration = {
            .credential_id = bytes_of_hex(vectors[i].credential_id),
            .client_data_json = bytes_of_text(vectors[i].client_data),
            .attestation_object = bytes_of_hex(vectors[i].attestation_object)};

        ck_bytes_clear(&options.challenge);
        options.challenge = bytes_of_hex(vectors[i].challenge);
        const char *reason =
            reason_with(&registration, &options, strstr(vectors[i].name, "u2f") == NULL);
        if (reason != NULL)
            fail_msg("%s: refused for %s", vectors[i].name, reason);
        options.challenge.data[31] ^= 1;
        assert_string_equal(reason_with(&registration, &options, false), "challenge");
        ck_registration_clear(&registration);
        ck_creation_options_clear(&options);
    }
}

/* --- what is not --- */

static void test_client_data(void **state)
{
    static const struct {
        const char *member, *value, *reason;
    } cases[] = {
        {"type", "webauthn.get", "type"},
        {"type", "webauthn.Create", "type"},
        {"type", "", "type"},
        {"origin", "http://mail.example.org", "origin"},
        {"origin", "https://mail.example.org:8443", "origin"},
        {"origin", "https://mail.example.org/", "origin"},
        {"origin", "https://Mail.example.org", "origin"},
        {"origin", "https://evilmail.example.org", "origin"},
        {"challenge", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9", "client-data"},
        {"challenge", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg8", "challenge"},
        {"challenge", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "client-data"},
        {"challenge", "", "challenge"},
        {"more", ",\"crossOrigin\":false", "client-data"},
        {"more", ",\"topOrigin\":\"https://mail.example.org\"", "cross-origin"},
        {"more", ",\"x\":[", "client-data"},
        {"more", "}", "client-data"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases)[0]; i++) {
        struct recipe recipe = usual_recipe("packed", CK_COSE_ES256, false);

        *(strcmp(cases[i].member, "type") == 0     ? &recipe.type
          : strcmp(cases[i].member, "origin") == 0 ? &recipe.origin
          : strcmp(cases[i].member, "more") == 0   ? &recipe.more_client_data
                                                   : &recipe.challenge) = cases[i].value;
        assert_reason(&recipe, cases[i].reason);
    }
    struct recipe recipe = usual_recipe("packed", CK_COSE_ES256, false);
    recipe.more_client_data = ",\"extra\":{\"a\":1}";
    assert_reason(&recipe, NULL);
}

static void test_cross_origin(void **state)
{
    static const char text[] =
        "{\"type\":\"webauthn.create\",\"challenge\":\"%s\",\"origin\":\"" ORIGIN
        "\",\"crossOrigin\":true}";
    struct recipe recipe = usual_recipe("none", CK_COSE_ES256, false);
    struct ck_registration registration = registration_of(&recipe);
    struct ck_creation_options options = usual_options();
    char json[512];

    (void)state;
    snprintf(json, sizeof(json), text, usual_challenge);
    ck_bytes_clear(&registration.client_data_json);
    registration.client_data_json = bytes_of_text(json);
    assert_string_equal(reason_with(&registration, &options, true), "cross-origin");
    ck_registration_clear(&registration);
    ck_creation_options_clear(&options);
}

static void test_flags(void **state)
{
    static const unsigned usual = CK_FLAG_USER_PRESENT | CK_FLAG_USER_VERIFIED | CK_FLAG_ATTESTED;
    static const struct {
        unsigned flags;
        const char *reason;
    } cases[] = {
        {usual, NULL},
        {usual | 0x22, NULL}, /* reserved */
        {usual ^ CK_FLAG_USER_PRESENT, "user-present"},
        {usual ^ CK_FLAG_USER_VERIFIED, "user-verified"},
        {usual ^ CK_FLAG_ATTESTED, "attestation-object"},
        {usual | CK_FLAG_BACKUP_ELIGIBLE, NULL},
        {usual | CK_FLAG_BACKUP_ELIGIBLE | CK_FLAG_BACKED_UP, NULL},
        {usual | CK_FLAG_BACKED_UP, "backup-state"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases)[0]; i++) {
        struct recipe recipe = usual_recipe("packed", CK_COSE_ES256, false);
        recipe.flags = cases[i].flags;
        assert_reason(&recipe, cases[i].reason);
    }
}

static void test_rp_id(void **state)
{
    static const char *const others[] = {"example.org", "Mail.example.org", "mail.example.org.",
                                         ""};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct recipe recipe = usual_recipe("packed", CK_COSE_ES256, false);
        recipe.rp_id = others[i];
        assert_reason(&recipe, "rp-id");
    }
}

static void test_algorithm_and_ids(void **state)
{
    struct recipe recipe = usual_recipe("packed", CK_COSE_EDDSA, false);
    struct ck_registration registration = registration_of(&recipe);
    struct ck_creation_options options = usual_options();

    (void)state;
    assert_null(reason_with(&registration, &options, true));
    options.algorithms[1] = CK_COSE_ES256;
    assert_string_equal(reason_with(&registration, &options, true), "algorithm");
    options.algorithms_count = 0;
    assert_string_equal(reason_with(&registration, &options, true), "algorithm");
    options.algorithms[0] = CK_COSE_EDDSA;
    options.algorithms_count = 1;
    assert_null(reason_with(&registration, &options, true));

    registration.credential_id.data[31] ^= 1;
    assert_string_equal(reason_with(&registration, &options, true), "credential-id");
    registration.credential_id.data[31] ^= 1;
    registration.credential_id.size--;
    assert_string_equal(reason_with(&registration, &options, true), "credential-id");
    registration.credential_id.size++;

    options.exclude = calloc(2, sizeof *options.exclude);
    options.exclude_count = 2;
    options.exclude[0] = bytes_of_text("another one");
    options.exclude[1] = exactly(usual_id, sizeof(usual_id));
    assert_string_equal(reason_with(&registration, &options, true), "excluded");
    options.exclude[1].data[0] ^= 1;
    assert_null(reason_with(&registration, &options, true));
    ck_registration_clear(&registration);
    ck_creation_options_clear(&options);
}

static void test_formats(void **state)
{
    struct recipe recipe = usual_recipe("tpm", CK_COSE_ES256, false);

    (void)state;
    assert_reason(&recipe, "attestation-format");
    recipe.format = "None";
    assert_reason(&recipe, "attestation-format");
    recipe.format = "a b";
    assert_reason(&recipe, "attestation-object");
}

static void test_self_attestation(void **state)
{
    struct recipe recipe = usual_recipe("packed", CK_COSE_ES256, false);

    (void)state;
    recipe.signing_key = 1;
    assert_reason(&recipe, "attestation-signature");
    recipe.signing_key = 0;
    recipe.stated_algorithm = CK_COSE_ES384;
    assert_reason(&recipe, "attestation-signature");
    recipe.stated_algorithm = 0;
    assert_reason(&recipe, NULL);
}

static void test_certified_signature(void **state)
{
    struct recipe recipe = usual_recipe("packed", CK_COSE_ES256, true);

    (void)state;
    recipe.signing_key = 1;
    assert_reason(&recipe, "attestation-signature");
    /* Made with the credential's key, as if there were no certificate. */
    recipe.signing_key = 0;
    assert_reason(&recipe, "attestation-signature");
    recipe.signing_key = 2;
    recipe.stated_algorithm = CK_COSE_RS256;
    assert_reason(&recipe, "attestation-signature");
    recipe.stated_algorithm = CK_COSE_ES384;
    assert_reason(&recipe, "attestation-signature");
    recipe.stated_algorithm = -65535;
    assert_reason(&recipe, "attestation-signature");
    recipe.stated_algorithm = 0;
    assert_reason(&recipe, NULL);
}

static void test_certificate(void **state)
{
    static const char o[] = "Example AB", ou[] = "Authenticator Attestation", cn[] = "Example";
    static const char refused[] = "attestation-certificate";
    static const uint8_t *const right = usual_aaguid, *const wrong = usual_id;
    static const struct {
        const char *what;
        struct certificate certificate;
        const char *reason;
    } cases[] = {
        {"usual", {NULL, 2, "SE", o, ou, cn, NOT_CA, NULL, 0, false}, NULL},
        {"version 1", {NULL, 0, "SE", o, ou, cn, NOT_CA, NULL, 0, false}, refused},
        {"version 2", {NULL, 1, "SE", o, ou, cn, NOT_CA, NULL, 0, false}, refused},
        {"no C", {NULL, 2, NULL, o, ou, cn, NOT_CA, NULL, 0, false}, refused},
        {"no O", {NULL, 2, "SE", NULL, ou, cn, NOT_CA, NULL, 0, false}, refused},
        {"no OU", {NULL, 2, "SE", o, NULL, cn, NOT_CA, NULL, 0, false}, refused},
        {"no CN", {NULL, 2, "SE", o, ou, NULL, NOT_CA, NULL, 0, false}, refused},
        {"other OU", {NULL, 2, "SE", o, cn, cn, NOT_CA, NULL, 0, false}, refused},
        {"longer OU",
         {NULL, 2, "SE", o, "Authenticator Attestation 2", cn, NOT_CA, NULL, 0, false},
         refused},
        {"shorter OU",
         {NULL, 2, "SE", o, "Authenticator Attestatio", cn, NOT_CA, NULL, 0, false},
         refused},
        {"CA", {NULL, 2, "SE", o, ou, cn, CA, NULL, 0, false}, refused},
        {"no constraints", {NULL, 2, "SE", o, ou, cn, NO_CONSTRAINTS, NULL, 0, false}, refused},
        {"aaguid", {NULL, 2, "SE", o, ou, cn, NOT_CA, right, 16, false}, NULL},
        {"other aaguid", {NULL, 2, "SE", o, ou, cn, NOT_CA, wrong, 16, false}, "aaguid"},
        {"short aaguid", {NULL, 2, "SE", o, ou, cn, NOT_CA, right, 15, false}, "aaguid"},
        {"long aaguid", {NULL, 2, "SE", o, ou, cn, NOT_CA, wrong, 17, false}, "aaguid"},
        {"critical aaguid", {NULL, 2, "SE", o, ou, cn, NOT_CA, right, 16, true}, "aaguid"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases)[0]; i++) {
        struct recipe recipe = usual_recipe("packed", CK_COSE_ES256, true);

        recipe.certificate = cases[i].certificate;
        print_message("%s\n", cases[i].what);
        assert_reason(&recipe, cases[i].reason);
    }
    /* U2F has no such rules, and its certificate vouches for no AAGUID. */
    struct recipe recipe = usual_recipe("fido-u2f", CK_COSE_ES256, true);
    recipe.certificate = (struct certificate){.name = "U2F", .aaguid = wrong, .aaguid_size = 16};
    assert_reason(&recipe, NULL);
}

/* The last place of a text in the object: the subject's, which comes after the issuer's. */
static uint8_t *last_place(const struct ck_registration *registration, const char *text)
{
    uint8_t *last = NULL, *at = registration->attestation_object.data;
    uint8_t *end = at + registration->attestation_object.size;

    while ((at = memmem(at, (size_t)(end - at), text, strlen(text))) != NULL)
        last = at++;
    assert_non_null(last);
    return last;
}

/* A NUL must not hide the rest of a name. OpenSSL makes no such certificates: it is patched in. */
static void test_nul_in_subject(void **state)
{
    static const char *const texts[] = {"SE", "Example AB", "Example Key Batch 1",
                                        "Authenticator Attestation"};
    struct recipe recipe = usual_recipe("packed", CK_COSE_ES256, true);
    struct ck_registration registration = registration_of(&recipe);
    struct ck_creation_options options = usual_options();

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        uint8_t *place = last_place(&registration, texts[i]) + 1;
        uint8_t byte = *place;

        *place = '\0';
        assert_string_equal(reason_with(&registration, &options, true), "attestation-certificate");
        *place = byte;
        assert_null(reason_with(&registration, &options, true));
    }
    ck_registration_clear(&registration);
    ck_creation_options_clear(&options);
}

static void test_chain(void **state)
{
    struct recipe recipe = usual_recipe("packed", CK_COSE_ES256, true);
    struct certificate ca = usual_certificate(key_of(CK_COSE_ES256, 3));
    struct ck_bytes second;

    (void)state;
    ca.constraints = CA;
    second = certificate_of(&ca);
    recipe.second = second;
    assert_reason(&recipe, NULL);
    /* Every certificate has to be one, and nothing behind it. */
    recipe.second.size--;
    assert_reason(&recipe, "attestation-certificate");
    recipe.second = bytes_of_text("not a certificate");
    assert_reason(&recipe, "attestation-certificate");
    ck_bytes_clear(&recipe.second);
    recipe.second = (struct ck_bytes){malloc(second.size + 1), second.size + 1};
    memcpy(recipe.second.data, second.data, second.size);
    recipe.second.data[second.size] = 0;
    assert_reason(&recipe, "attestation-certificate");
    ck_bytes_clear(&recipe.second);

    /* U2F has just one. */
    recipe = usual_recipe("fido-u2f", CK_COSE_ES256, true);
    recipe.second = second;
    assert_reason(&recipe, "attestation-certificate");
    ck_bytes_clear(&second);
}

static void test_u2f(void **state)
{
    struct recipe recipe = usual_recipe("fido-u2f", CK_COSE_ES256, true);

    (void)state;
    recipe.signing_key = 1;
    assert_reason(&recipe, "attestation-signature");
    /* Only a certificate with a key on P-256. */
    static const int others[] = {CK_COSE_ES384, CK_COSE_EDDSA, CK_COSE_RS256};
    for (size_t i = 0; i < 3; i++) {
        recipe = usual_recipe("fido-u2f", CK_COSE_ES256, true);
        recipe.chain_algorithm = others[i];
        assert_reason(&recipe, "attestation-certificate");
        /* Only a credential on P-256. */
        recipe = usual_recipe("fido-u2f", others[i], true);
        assert_reason(&recipe, "public-key");
    }
    recipe = usual_recipe("fido-u2f", CK_COSE_ES256, true);
    assert_reason(&recipe, NULL);
}

/* --- damage --- */

static void flip(struct ck_bytes *bytes, size_t bit)
{
    bytes->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
}

/* Each third bit: all bytes, and all places in a byte. */
static void assert_no_bit_may_change(struct ck_registration *registration, struct ck_bytes *bytes,
                                     size_t from, size_t to)
{
    struct ck_creation_options options = usual_options();

    assert_null(reason_with(registration, &options, true));
    for (size_t bit = 8 * from; bit < 8 * to; bit += 3) {
        flip(bytes, bit);
        if (reason_with(registration, &options, true) == NULL)
            fail_msg("bit %zu of byte %zu made no difference", bit % 8, bit / 8);
        flip(bytes, bit);
    }
    ck_creation_options_clear(&options);
}

/* Self attestation signs everything: the client data and the whole object. */
static void test_damaged_self(void **state)
{
    struct recipe recipe = usual_recipe("packed", CK_COSE_EDDSA, false);
    struct ck_registration registration = registration_of(&recipe);

    (void)state;
    assert_no_bit_may_change(&registration, &registration.attestation_object, 0,
                             registration.attestation_object.size);
    assert_no_bit_may_change(&registration, &registration.client_data_json, 0,
                             registration.client_data_json.size);
    assert_no_bit_may_change(&registration, &registration.credential_id, 0,
                             registration.credential_id.size);
    ck_registration_clear(&registration);
}

/* A certificate's issuer, dates and signature are not looked at; the rest is. */
static void test_damaged_certified(void **state)
{
    struct recipe recipe = usual_recipe("packed", CK_COSE_EDDSA, true);
    struct ck_registration registration = registration_of(&recipe);
    uint8_t *object = registration.attestation_object.data;
    size_t size = registration.attestation_object.size;
    uint8_t *x5c = memmem(object, size, "\x63x5c", 4), *data = memmem(object, size, "authData", 8);

    (void)state;
    assert_no_bit_may_change(&registration, &registration.attestation_object, 0,
                             (size_t)(x5c - object));
    assert_no_bit_may_change(&registration, &registration.attestation_object,
                             (size_t)(data - object), size);
    assert_no_bit_may_change(&registration, &registration.client_data_json, 0,
                             registration.client_data_json.size);
    ck_registration_clear(&registration);
}

static void test_every_truncation_is_refused(void **state)
{
    static const char *const formats[] = {"none", "packed", "packed", "fido-u2f"};
    struct ck_creation_options options = usual_options();

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct recipe recipe = usual_recipe(formats[i], CK_COSE_ES256, i > 1);
        struct ck_registration registration = registration_of(&recipe);
        struct ck_bytes whole = registration.attestation_object;

        for (size_t size = 0; size < whole.size; size++) {
            registration.attestation_object = exactly(whole.data, size);
            assert_string_equal(reason_with(&registration, &options, true), "attestation-object");
            ck_bytes_clear(&registration.attestation_object);
        }
        registration.attestation_object = whole;
        ck_registration_clear(&registration);
    }
    ck_creation_options_clear(&options);
}

static void test_empty(void **state)
{
    struct ck_registration registration = {0};
    struct ck_creation_options options = usual_options();

    (void)state;
    assert_string_equal(reason_with(&registration, &options, true), "client-data");
    ck_creation_options_clear(&options);
}

/* --- allocations --- */

static struct ck_registration failing;
static struct ck_creation_options failing_options;
static const char *failing_reason;

static enum ck_err verify(struct ck_error *err)
{
    const struct ck_registration_terms terms = {&failing_options, false, ORIGIN, true};
    const char *reason = (const char *)UNTOUCHED;
    struct ck_credential credential, untouched;
    enum ck_err rc;

    memset(&credential, 0x5a, sizeof(credential));
    untouched = credential;
    rc = ck_registration_verify(&failing, &terms, &reason, &credential, err);
    if (rc == CK_OK && reason == NULL)
        ck_credential_clear(&credential);
    else
        assert_memory_equal(&credential, &untouched, sizeof(credential));
    if (rc != CK_OK)
        assert_ptr_equal(reason, UNTOUCHED);
    else if (failing_reason == NULL)
        assert_null(reason);
    else
        assert_string_equal(reason, failing_reason);
    return rc;
}

static void fail_each(const struct recipe *recipe, const char *reason)
{
    struct ck_error err;

    failing = registration_of(recipe);
    failing_options = usual_options();
    failing_reason = reason;
    /* What OpenSSL keeps from its first use on is not what is tested. */
    assert_int_equal(verify(&err), CK_OK);
    fail_each_allocation(verify, 20);
    ck_registration_clear(&failing);
    ck_creation_options_clear(&failing_options);
}

static void test_allocations_fail(void **state)
{
    struct recipe recipe = usual_recipe("packed", CK_COSE_ES256, true);

    (void)state;
    recipe.certificate.aaguid = usual_aaguid;
    fail_each(&recipe, NULL);
    recipe.certificate.constraints = NO_CONSTRAINTS;
    fail_each(&recipe, "attestation-certificate");
    recipe.signing_key = 1;
    fail_each(&recipe, "attestation-signature");
    recipe = usual_recipe("packed", CK_COSE_EDDSA, false);
    fail_each(&recipe, NULL);
    recipe = usual_recipe("fido-u2f", CK_COSE_ES256, true);
    fail_each(&recipe, NULL);
    recipe.chain_algorithm = CK_COSE_ES384;
    fail_each(&recipe, "attestation-certificate");
    recipe = usual_recipe("none", CK_COSE_RS256, false);
    fail_each(&recipe, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_credential),
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_client_data),
        cmocka_unit_test(test_cross_origin),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_rp_id),
        cmocka_unit_test(test_algorithm_and_ids),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_self_attestation),
        cmocka_unit_test(test_certified_signature),
        cmocka_unit_test(test_certificate),
        cmocka_unit_test(test_nul_in_subject),
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_u2f),
        cmocka_unit_test(test_damaged_self),
        cmocka_unit_test(test_damaged_certified),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_allocations_fail),
    };

    json_set_alloc_funcs(allocate_for_json, free);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
