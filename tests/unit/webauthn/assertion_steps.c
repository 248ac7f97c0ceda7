/*
 * WebAuthn Level 3, section 7.2, step by step: for each step that an offline verifier can fail, a
 * login that passes it and one that differs in just that.
 *
 * The others:
 *   1 to 4   options and the call of get(): the browser's and the server's part; what came of them is
 *            what is verified.
 *   7        only names the parts of the response.
 *   19       a policy on backups: there is none, so nothing can fail it.
 *   20       only computes the hash of the client data; a wrong one fails step 21.
 *   23       extension outputs: "the relying party MAY ignore any or all", and it does.
 *   24       updates the record, which is the caller's.
 *   25       says that the steps above have succeeded.
 */
#include "login.h"

struct trial {
    struct recipe recipe;
    struct ck_assertion assertion;
    struct ck_credential credential;
    struct ck_bytes challenge;
    const char *origin, *rp_id;
    bool user_verification_required;
};

static void other_id(struct trial *trial)
{
    trial->assertion.credential_id.data[0] ^= 1;
}

static void right_user(struct trial *trial)
{
    trial->assertion.user_handle = bytes_of_text("alice");
}

static void other_user(struct trial *trial)
{
    trial->assertion.user_handle = bytes_of_text("mallory");
}

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

static void type_of_registration(struct recipe *recipe)
{
    recipe->type = "webauthn.create";
}

static void other_challenge(struct trial *trial)
{
    trial->challenge.data[31] ^= 1;
}

static void other_origin(struct recipe *recipe)
{
    recipe->origin = "https://mail.example.org.evil.example";
}

static void origin_with_port(struct recipe *recipe)
{
    recipe->origin = "https://mail.example.org:8443";
}

static void port_is_expected(struct trial *trial)
{
    trial->origin = "https://mail.example.org:8443";
}

/* A duplicate would be another fault, so crossOrigin is patched in where "false" stands. */
static void in_a_frame(struct trial *trial)
{
    struct ck_bytes *json = &trial->assertion.client_data_json;
    uint8_t *place = memmem(json->data, json->size, "false", 5);

    assert_non_null(place);
    memcpy(place, "true ", 5);
}

static void with_top_origin(struct recipe *recipe)
{
    recipe->more_client_data = ",\"topOrigin\":\"https://example.com\"";
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

static void other_signer(struct recipe *recipe)
{
    recipe->signing_key = 1;
}

static void count_of_record(struct recipe *recipe)
{
    recipe->sign_count = 7;
}

static void no_count(struct recipe *recipe)
{
    recipe->sign_count = 0;
}

static void never_counted(struct trial *trial)
{
    trial->credential.sign_count = 0;
}

static const struct step {
    const char *step;
    void (*recipe)(struct recipe *recipe); /* changes what the response is made of */
    void (*trial)(struct trial *trial);    /* changes it, or what it is judged by */
    const char *reason;                    /* NULL: passes */
} steps[] = {
    {"5: the credential is one that was asked for", NULL, NULL, NULL},
    {"5", NULL, other_id, "credential-id"},
    {"6: the user handle is that of the credential's owner", NULL, right_user, NULL},
    {"6", NULL, other_user, "user-handle"},
    {"8: UTF-8", text_beyond_ascii, NULL, NULL},
    {"8", bytes_that_are_no_text, NULL, "client-data"},
    {"9: JSON", more_members, NULL, NULL},
    {"9", no_json, NULL, "client-data"},
    {"10: type", NULL, NULL, NULL},
    {"10", type_of_registration, NULL, "type"},
    {"11: challenge", NULL, NULL, NULL},
    {"11", NULL, other_challenge, "challenge"},
    {"12: origin", origin_with_port, port_is_expected, NULL},
    {"12", origin_with_port, NULL, "origin"},
    {"12", NULL, port_is_expected, "origin"},
    {"12", other_origin, NULL, "origin"},
    {"13: crossOrigin", NULL, NULL, NULL},
    {"13", NULL, in_a_frame, "cross-origin"},
    {"14: topOrigin", NULL, NULL, NULL},
    {"14", with_top_origin, NULL, "cross-origin"},
    {"15: the hash of the RP ID", NULL, NULL, NULL},
    {"15", other_party, NULL, "rp-id"},
    {"16: UP", NULL, NULL, NULL},
    {"16", not_touched, NULL, "user-present"},
    {"17: UV, where it is required", not_verified, verification_is_not_required, NULL},
    {"17", not_verified, NULL, "user-verified"},
    {"18: BS needs BE", backed_up, NULL, NULL},
    {"18", backed_up_but_not_eligible, NULL, "backup-state"},
    {"21: the signature", NULL, NULL, NULL},
    {"21", other_signer, NULL, "signature"},
    {"22: the sign count", NULL, NULL, NULL},
    {"22", count_of_record, NULL, "sign-count"},
    {"22", no_count, NULL, "sign-count"},
    {"22: of a key that does not count", no_count, never_counted, NULL},
};

static void test_steps(void **state)
{
    static const int algorithms[] = {CK_COSE_ES256, CK_COSE_ES384, CK_COSE_EDDSA, CK_COSE_RS256};

    (void)state;
    for (size_t i = 0; i < 4 * (sizeof(steps) / sizeof(steps)[0]); i++) {
        const struct step *step = &steps[i / 4];
        struct ck_creation_options options = usual_options();
        struct trial trial = {.recipe = login(algorithms[i % 4]),
                              .credential = credential_of(algorithms[i % 4]),
                              .challenge = options.challenge,
                              .origin = ORIGIN,
                              .rp_id = RP_ID,
                              .user_verification_required = true};
        const char *reason = (const char *)UNTOUCHED;
        struct ck_error err;

        options.challenge = (struct ck_bytes){0};
        if (step->recipe != NULL)
            step->recipe(&trial.recipe);
        trial.assertion = assertion_of(&trial.recipe);
        if (step->trial != NULL)
            step->trial(&trial);
        const struct ck_assertion_terms terms = {&trial.challenge, trial.rp_id, trial.origin,
                                                 trial.user_verification_required};
        assert_int_equal(
            ck_assertion_verify(&trial.assertion, &trial.credential, &terms, &reason, &err), CK_OK);
        if (step->reason == NULL ? reason != NULL
                                 : reason == NULL || strcmp(reason, step->reason) != 0)
            fail_msg("step %s: %s where %s was expected", step->step,
                     reason != NULL ? reason : "accepted",
                     step->reason != NULL ? step->reason : "nothing");
        /* What can't be read is told apart from what is not right. */
        assert_int_equal(err.text[0] != '\0', reason != NULL && strcmp(reason, "client-data") == 0);
        ck_bytes_clear(&trial.challenge);
        ck_assertion_clear(&trial.assertion);
        ck_credential_clear(&trial.credential);
        ck_creation_options_clear(&options);
    }
}

/* Without a challenge to compare with, only that step is left out. */
static void test_any_challenge(void **state)
{
    const struct ck_assertion_terms terms = {NULL, RP_ID, ORIGIN, true};
    struct recipe recipe = login(CK_COSE_ES256);
    struct ck_assertion assertion = assertion_of(&recipe);
    struct ck_credential credential = credential_of(CK_COSE_ES256);
    const char *reason = (const char *)UNTOUCHED;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_assertion_verify(&assertion, &credential, &terms, &reason, &err), CK_OK);
    assert_null(reason);
    assertion.signature.data[10] ^= 1;
    assert_int_equal(ck_assertion_verify(&assertion, &credential, &terms, &reason, &err), CK_OK);
    assert_string_equal(reason, "signature");
    ck_assertion_clear(&assertion);
    ck_credential_clear(&credential);
}

/* One key for many assertions judges each anew, also after a wrong one. */
static void test_by_one_key(void **state)
{
    static const int algorithms[] = {CK_COSE_ES256, CK_COSE_ES384, CK_COSE_EDDSA, CK_COSE_RS256};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        const struct ck_assertion_terms terms = {NULL, RP_ID, ORIGIN, true};
        struct recipe recipe = login(algorithms[i]);
        struct ck_assertion assertion = assertion_of(&recipe);
        struct ck_credential credential = credential_of(algorithms[i]);
        struct ck_cose_key *key = NULL;
        const char *reason;
        struct ck_error err;

        assert_int_equal(ck_credential_key(&credential, &key, &err), CK_OK);
        for (unsigned round = 0; round < 6; round++) {
            assertion.signature.data[assertion.signature.size / 2] ^= 1;
            assert_int_equal(
                ck_assertion_verify_by(key, &assertion, &credential, &terms, &reason, &err), CK_OK);
            if (round % 2 == 0)
                assert_string_equal(reason, "signature");
            else
                assert_null(reason);
        }
        ck_cose_key_free(&key);
        ck_assertion_clear(&assertion);
        ck_credential_clear(&credential);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_any_challenge),
        cmocka_unit_test(test_by_one_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
