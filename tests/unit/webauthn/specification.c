/* The specification's own test vectors, all of them: those of other formats and algorithms are refused. */
#include "specification.h"

#include <openssl/pem.h>

#include "ceremony.h"
#include "cowkey/webauthn/trust.h"

static const char rp_id[] = "example.org", origin[] = "https://example.org";

enum { NOW_S = 1785400000 }; /* July 2026, when the text was written */

static struct ck_registration registration_by(const struct specified *vector)
{
    return (struct ck_registration){.credential_id = bytes_of_hex(vector->credential_id),
                                    .client_data_json = bytes_of_hex(vector->client_data),
                                    .attestation_object = bytes_of_hex(vector->attestation_object)};
}

/* Why the registration is refused; NULL, with the credential, when it is not. */
static const char *register_it(const struct specified *vector, const char *challenge,
                               struct ck_credential *ret_credential)
{
    struct ck_registration registration = registration_by(vector);
    struct ck_creation_options options = usual_options();
    const struct ck_registration_terms terms = {&options, false, origin, false};
    const char *reason = (const char *)UNTOUCHED;
    struct ck_error err;

    strcpy(options.rp_id, rp_id);
    ck_bytes_clear(&options.challenge);
    options.challenge = bytes_of_hex(challenge);
    if (ck_registration_verify(&registration, &terms, &reason, ret_credential, &err) != CK_OK)
        fail_msg("%s: %s", vector->name, err.text);
    ck_registration_clear(&registration);
    ck_creation_options_clear(&options);
    return reason;
}

static const char *log_in(const struct specified *vector, const struct ck_credential *credential,
                          bool is_changed)
{
    struct ck_assertion assertion = {.credential_id = bytes_of_hex(vector->credential_id),
                                     .client_data_json = bytes_of_hex(vector->login_client_data),
                                     .authenticator_data = bytes_of_hex(vector->login_data),
                                     .signature = bytes_of_hex(vector->signature)};
    struct ck_bytes challenge = bytes_of_hex(vector->login_challenge);
    const struct ck_assertion_terms terms = {&challenge, rp_id, origin, false};
    const char *reason = (const char *)UNTOUCHED;
    struct ck_error err;

    if (is_changed)
        assertion.signature.data[assertion.signature.size - 1] ^= 1;
    assert_int_equal(ck_assertion_verify(&assertion, credential, &terms, &reason, &err), CK_OK);
    ck_bytes_clear(&challenge);
    ck_assertion_clear(&assertion);
    return reason;
}

static void test_registrations(void **state)
{
    (void)state;
    for (size_t i = 0; i < SPECIFIED; i++) {
        const struct specified *vector = &specified[i];
        struct ck_credential credential = {0};
        const char *reason = register_it(vector, vector->challenge, &credential);

        print_message("%s\n", vector->name);
        if (vector->reason == NULL && reason != NULL)
            fail_msg("refused for %s", reason);
        if (vector->reason != NULL)
            assert_string_equal(reason, vector->reason);
        ck_credential_clear(&credential);
        assert_string_equal(register_it(vector, vector->login_challenge, &credential), "challenge");
    }
}

static void test_logins(void **state)
{
    unsigned count = 0;

    (void)state;
    for (size_t i = 0; i < SPECIFIED; i++) {
        struct ck_credential credential = {0};

        if (register_it(&specified[i], specified[i].challenge, &credential) != NULL)
            continue;
        const char *reason = log_in(&specified[i], &credential, false);
        if (reason != NULL)
            fail_msg("%s: refused for %s", specified[i].name, reason);
        assert_string_equal(log_in(&specified[i], &credential, true), "signature");
        ck_credential_clear(&credential);
        count++;
    }
    assert_int_equal(count, 8);
}

static struct ck_trust *trust_in(const struct ck_bytes *der)
{
    const unsigned char *at = der->data;
    X509 *root = d2i_X509(NULL, &at, (long)der->size);
    BIO *bio = BIO_new(BIO_s_mem());
    struct ck_trust *trust = NULL;
    struct ck_error err;
    char *pem;

    assert_non_null(root);
    PEM_write_bio_X509(bio, root);
    long size = BIO_get_mem_data(bio, &pem);
    assert_int_equal(ck_trust_parse(pem, (size_t)size, &trust, &err), CK_OK);
    BIO_free(bio);
    X509_free(root);
    return trust;
}

/* What is certified leads to the one root; to another one it does not. */
static void test_trust(void **state)
{
    struct ck_bytes right = bytes_of_hex(specified_root);
    struct certificate from = usual_certificate(key_of(CK_COSE_ES256, 3));
    struct ck_bytes wrong = certificate_of(&from);
    struct ck_trust *const trusts[] = {trust_in(&right), trust_in(&wrong)};
    unsigned count = 0;

    (void)state;
    for (size_t i = 0; i < SPECIFIED; i++) {
        struct ck_credential credential = {0};

        if (register_it(&specified[i], specified[i].challenge, &credential) != NULL ||
            credential.chain_count == 0) {
            ck_credential_clear(&credential);
            continue;
        }
        for (size_t j = 0; j < 2; j++) {
            const char *cause = NULL;
            struct ck_error err;
            bool is_trusted;

            assert_int_equal(ck_trust_check(trusts[j], credential.chain, credential.chain_count,
                                            NOW_S, &is_trusted, &cause, &err),
                             CK_OK);
            if (is_trusted != (j == 0))
                fail_msg("%s: %s", specified[i].name, cause != NULL ? cause : "trusted");
        }
        ck_credential_clear(&credential);
        count++;
    }
    assert_int_equal(count, 5);
    for (size_t j = 0; j < 2; j++) {
        struct ck_trust *trust = trusts[j];
        ck_trust_free(&trust);
    }
    ck_bytes_clear(&right);
    ck_bytes_clear(&wrong);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registrations),
        cmocka_unit_test(test_logins),
        cmocka_unit_test(test_trust),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
