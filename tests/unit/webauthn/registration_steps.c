/*
 * WebAuthn Level 3, section 7.1, step by step: for each step that an offline verifier can fail, a
 * registration that passes it and one that differs in just that.
 *
 * The others:
 *   1 to 4   options and the call of create(): the browser's and the server's part; what came of them
 *            is what is verified.
 *   12       only computes the hash of the client data; a wrong one fails step 22.
 *   18, 19   policies on backups: there are none, so nothing can fail them.
 *   23, 24   trust anchors, and whether the attestation leads to them: tests/unit/webauthn/trust.c.
 *   26       credential IDs of other users: known as far as the caller excludes them.
 *   27, 29   make the record and store it, which is the caller's part.
 *   28       extension outputs: "the relying party MAY ignore any or all", and it does.
 */
#include "ceremony.h"

struct trial {
    struct ck_registration registration;
    struct ck_creation_options options;
    const char *origin;
    bool user_verification_required;
};

static void bytes_that_are_no_text(struct recipe *recipe)
{
    recipe->more_client_data = ",\"x\":\"\xff\"";
}

static void text_beyond_ascii(struct recipe *recipe)
{
    recipe->more_client_data = ",\"x\":\"\xc3\xa4\"";
}

static void no_json(struct recipe *recipe)
{
    recipe->more_client_data = ",";
}

static void more_members(struct recipe *recipe)
{
    recipe->more_client_data = ",\"other_keys_can_be_added_here\":[1,{}]";
}

static void type_of_login(struct recipe *recipe)
{
    recipe->type = "webauthn.get";
}

static void other_challenge(struct trial *trial)
{
    trial->options.challenge.data[0] ^= 1;
}

static void origin_with_port(struct recipe *recipe)
{
    recipe->origin = "https://mail.example.org:8443";
}

static void port_is_expected(struct trial *trial)
{
    trial->origin = "https://mail.example.org:8443";
}

static void in_a_frame(struct trial *trial)
{
    struct ck_bytes *json = &trial->registration.client_data_json;
    uint8_t *place = memmem(json->data, json->size, "false", 5);

    assert_non_null(place);
    memcpy(place, "true ", 5);
}

static void with_top_origin(struct recipe *recipe)
{
    recipe->more_client_data = ",\"topOrigin\":\"https://example.com\"";
}

static void cut_object(struct trial *trial)
{
    trial->registration.attestation_object.size--;
}

static void nothing_attested(struct recipe *recipe)
{
    recipe->flags ^= CK_FLAG_ATTESTED;
}

static void other_party(struct recipe *recipe)
{
    recipe->rp_id = "example.org";
}

static void not_touched(struct recipe *recipe)
{
    recipe->flags ^= CK_FLAG_USER_PRESENT;
}

static void not_verified(struct recipe *recipe)
{
    recipe->flags ^= CK_FLAG_USER_VERIFIED;
}

static void verification_is_not_required(struct trial *trial)
{
    trial->user_verification_required = false;
}

static void backed_up(struct recipe *recipe)
{
    recipe->flags |= CK_FLAG_BACKUP_ELIGIBLE | CK_FLAG_BACKED_UP;
}

static void backed_up_but_not_eligible(struct recipe *recipe)
{
    recipe->flags |= CK_FLAG_BACKED_UP;
}

static void only_rsa_is_wanted(struct trial *trial)
{
    trial->options.algorithms[0] = CK_COSE_RS256;
    trial->options.algorithms_count = 1;
}

static void only_its_own_is_wanted(struct trial *trial)
{
    trial->options.algorithms[0] = CK_COSE_ES256;
    trial->options.algorithms_count = 1;
}

static void other_case(struct recipe *recipe)
{
    recipe->format = "NONE";
}

static void other_format(struct recipe *recipe)
{
    recipe->format = "tpm";
}

static void other_signer(struct recipe *recipe)
{
    recipe->signing_key = 1;
}

static void certificate_of_a_ca(struct recipe *recipe)
{
    recipe->certificate.constraints = CA;
}

static void own_aaguid(struct recipe *recipe)
{
    recipe->certificate.aaguid = usual_aaguid;
}

static void other_aaguid(struct recipe *recipe)
{
    recipe->certificate.aaguid = usual_id;
}

static void certificate_on_p384(struct recipe *recipe)
{
    recipe->chain_algorithm = CK_COSE_ES384;
}

static void other_id_reported(struct trial *trial)
{
    trial->registration.credential_id.data[0] ^= 1;
}

static void no_id_reported(struct trial *trial)
{
    ck_bytes_clear(&trial->registration.credential_id);
}

/* The length before the ID is 1024; that nothing so long follows is not what is seen first. */
static void id_too_long(struct trial *trial)
{
    struct ck_bytes *object = &trial->registration.attestation_object;
    uint8_t *place = memmem(object->data, object->size, usual_id, sizeof(usual_id));

    assert_non_null(place);
    place[-2] = 4;
    place[-1] = 0;
}

static void exclude(struct trial *trial, uint8_t change)
{
    trial->options.exclude = calloc(1, sizeof *trial->options.exclude);
    trial->options.exclude[0] = exactly(usual_id, sizeof(usual_id));
    trial->options.exclude[0].data[0] ^= change;
    trial->options.exclude_count = 1;
}

static void another_is_registered(struct trial *trial)
{
    exclude(trial, 1);
}

static void it_is_registered(struct trial *trial)
{
    exclude(trial, 0);
}

static const struct step {
    const char *step, *format;
    bool has_chain;
    void (*recipe)(struct recipe *recipe); /* changes what the response is made of */
    void (*trial)(struct trial *trial);    /* changes it, or what it is judged by */
    const char *reason;                    /* NULL: passes */
} steps[] = {
    {"5: UTF-8", "none", false, text_beyond_ascii, NULL, NULL},
    {"5", "none", false, bytes_that_are_no_text, NULL, "client-data"},
    {"6: JSON", "none", false, more_members, NULL, NULL},
    {"6", "none", false, no_json, NULL, "client-data"},
    {"7: type", "none", false, NULL, NULL, NULL},
    {"7", "none", false, type_of_login, NULL, "type"},
    {"8: challenge", "none", false, NULL, NULL, NULL},
    {"8", "none", false, NULL, other_challenge, "challenge"},
    {"9: origin", "none", false, origin_with_port, port_is_expected, NULL},
    {"9", "none", false, origin_with_port, NULL, "origin"},
    {"9", "none", false, NULL, port_is_expected, "origin"},
    {"10: crossOrigin", "none", false, NULL, NULL, NULL},
    {"10", "none", false, NULL, in_a_frame, "cross-origin"},
    {"11: topOrigin", "none", false, NULL, NULL, NULL},
    {"11", "none", false, with_top_origin, NULL, "cross-origin"},
    {"13: CBOR", "none", false, NULL, NULL, NULL},
    {"13", "none", false, NULL, cut_object, "attestation-object"},
    {"13", "none", false, nothing_attested, NULL, "attestation-object"},
    {"14: the hash of the RP ID", "none", false, NULL, NULL, NULL},
    {"14", "none", false, other_party, NULL, "rp-id"},
    {"15: UP", "none", false, NULL, NULL, NULL},
    {"15", "none", false, not_touched, NULL, "user-present"},
    {"16: UV, where it is required", "none", false, not_verified, verification_is_not_required,
     NULL},
    {"16", "none", false, not_verified, NULL, "user-verified"},
    {"17: BS needs BE", "none", false, backed_up, NULL, NULL},
    {"17", "none", false, backed_up_but_not_eligible, NULL, "backup-state"},
    {"20: the algorithm was asked for", "none", false, NULL, only_its_own_is_wanted, NULL},
    {"20", "none", false, NULL, only_rsa_is_wanted, "algorithm"},
    {"21: the format is known", "none", false, NULL, NULL, NULL},
    {"21", "none", false, other_case, NULL, "attestation-format"},
    {"21", "none", false, other_format, NULL, "attestation-format"},
    {"22, 8.2: self attestation", "packed", false, NULL, NULL, NULL},
    {"22, 8.2", "packed", false, other_signer, NULL, "attestation-signature"},
    {"22, 8.2: with a certificate", "packed", true, own_aaguid, NULL, NULL},
    {"22, 8.2", "packed", true, other_signer, NULL, "attestation-signature"},
    {"22, 8.2.1", "packed", true, certificate_of_a_ca, NULL, "attestation-certificate"},
    {"22, 8.2", "packed", true, other_aaguid, NULL, "aaguid"},
    {"22, 8.6: fido-u2f", "fido-u2f", true, NULL, NULL, NULL},
    {"22, 8.6", "fido-u2f", true, other_signer, NULL, "attestation-signature"},
    {"22, 8.6", "fido-u2f", true, certificate_on_p384, NULL, "attestation-certificate"},
    {"25: the credential ID", "none", false, NULL, NULL, NULL},
    {"25: not reported", "none", false, NULL, no_id_reported, NULL},
    {"25", "none", false, NULL, other_id_reported, "credential-id"},
    {"25", "none", false, NULL, id_too_long, "attestation-object"},
    {"26: not registered yet", "none", false, NULL, another_is_registered, NULL},
    {"26", "none", false, NULL, it_is_registered, "excluded"},
};

static void run_step(const struct step *step)
{
    struct recipe recipe = usual_recipe(step->format, CK_COSE_ES256, step->has_chain);
    struct trial trial = {
        .options = usual_options(), .origin = ORIGIN, .user_verification_required = true};
    struct ck_credential credential = {0};
    const char *reason = (const char *)UNTOUCHED;
    struct ck_error err;

    if (step->recipe != NULL)
        step->recipe(&recipe);
    trial.registration = registration_of(&recipe);
    if (step->trial != NULL)
        step->trial(&trial);
    const struct ck_registration_terms terms = {&trial.options, false, trial.origin,
                                                trial.user_verification_required};
    assert_int_equal(
        ck_registration_verify(&trial.registration, &terms, &reason, &credential, &err), CK_OK);
    if (step->reason == NULL ? reason != NULL : reason == NULL || strcmp(reason, step->reason) != 0)
        fail_msg("step %s: %s where %s was expected", step->step,
                 reason != NULL ? reason : "accepted",
                 step->reason != NULL ? step->reason : "nothing");
    ck_credential_clear(&credential);
    ck_registration_clear(&trial.registration);
    ck_creation_options_clear(&trial.options);
}

static void test_steps(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps)[0]; i++)
        run_step(&steps[i]);
}

/* Without a challenge to compare with, only that step is left out. */
static void test_any_challenge(void **state)
{
    struct recipe recipe = usual_recipe("packed", CK_COSE_ES256, false);
    struct ck_registration registration = registration_of(&recipe);
    struct ck_creation_options options = usual_options();
    const struct ck_registration_terms terms = {&options, true, ORIGIN, true};
    struct ck_credential credential = {0};
    const char *reason = (const char *)UNTOUCHED;
    struct ck_error err;

    (void)state;
    ck_bytes_clear(&options.challenge);
    assert_int_equal(ck_registration_verify(&registration, &terms, &reason, &credential, &err),
                     CK_OK);
    assert_null(reason);
    ck_credential_clear(&credential);
    ck_registration_clear(&registration);
    recipe.origin = "https://example.com";
    registration = registration_of(&recipe);
    assert_int_equal(ck_registration_verify(&registration, &terms, &reason, &credential, &err),
                     CK_OK);
    assert_string_equal(reason, "origin");
    ck_registration_clear(&registration);
    ck_creation_options_clear(&options);
}

/* What can't be read is told apart from what is not right. */
static void test_cause(void **state)
{
    static const struct {
        void (*recipe)(struct recipe *recipe);
        void (*trial)(struct trial *trial);
        const char *part;
    } cases[] = {
        {no_json, NULL, "the client data is not valid JSON"},
        {NULL, cut_object, "the attestation object"},
        {NULL, id_too_long, "the credential ID in the authenticator data has 1024 bytes"},
        {nothing_attested, NULL, ""},
        {not_touched, NULL, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases)[0]; i++) {
        struct recipe recipe = usual_recipe("none", CK_COSE_ES256, false);
        struct trial trial = {.options = usual_options()};
        const struct ck_registration_terms terms = {&trial.options, false, ORIGIN, true};
        struct ck_credential credential;
        const char *reason = NULL;
        struct ck_error err;

        if (cases[i].recipe != NULL)
            cases[i].recipe(&recipe);
        trial.registration = registration_of(&recipe);
        if (cases[i].trial != NULL)
            cases[i].trial(&trial);
        assert_int_equal(
            ck_registration_verify(&trial.registration, &terms, &reason, &credential, &err), CK_OK);
        assert_non_null(reason);
        if (*cases[i].part == '\0')
            assert_string_equal(err.text, "");
        else if (strstr(err.text, cases[i].part) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", err.text, cases[i].part);
        ck_registration_clear(&trial.registration);
        ck_creation_options_clear(&trial.options);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_any_challenge),
        cmocka_unit_test(test_cause),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
