#include "src/rollout/attested.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "cowkey/base/cleanup.h"
#include "tests/unit/base/expect.h"

#define MODEL "12345678-9abc-def0-0123-456789abcdef"
#define OTHER_MODEL "c03ce450-f7ce-4a11-9e57-000102030405"

enum {
    NOW_S = 1785400000, /* some day; the certificates' times are around it */
    DAY_S = 86400,
};

/* A maker whose root vouches for itself: what leads to a root is trust.h's. */
struct maker {
    struct ck_bytes certificate;
    struct ck_trust *roots;
};
static struct maker ours, others;

static char models[1][CK_AAGUID_TEXT_SIZE + 1] = {MODEL};
static struct ck_policy_group group;
static struct ck_credential credential;

static struct maker make_maker(const char *name)
{
    struct maker maker = {.roots = NULL};
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x509 = X509_new();
    BIO *bio = BIO_new(BIO_s_mem());
    struct ck_error err;
    char *pem;

    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    ASN1_TIME_set(X509_getm_notBefore(x509), NOW_S - DAY_S);
    ASN1_TIME_set(X509_getm_notAfter(x509), NOW_S + DAY_S);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_UTF8,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(x509, X509_get_subject_name(x509));
    X509_set_pubkey(x509, key);
    assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
    maker.certificate.size = (size_t)i2d_X509(x509, &maker.certificate.data);
    PEM_write_bio_X509(bio, x509);
    size_t size = (size_t)BIO_get_mem_data(bio, &pem);
    assert_int_equal(ck_trust_parse(pem, size, &maker.roots, &err), CK_OK);
    BIO_free(bio);
    X509_free(x509);
    EVP_PKEY_free(key);
    return maker;
}

static int make_makers(void **state)
{
    (void)state;
    ours = make_maker("Made-up maker");
    others = make_maker("Another maker");
    return 0;
}

static int clear_makers(void **state)
{
    struct maker *makers[] = {&ours, &others};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        ck_bytes_clear(&makers[i]->certificate);
        ck_trust_free(&makers[i]->roots);
    }
    return 0;
}

/* A key of our maker, and a policy that wants just that. */
static int set_up(void **state)
{
    static const uint8_t aaguid[CK_AAGUID_SIZE] = {0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0,
                                                   0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};

    (void)state;
    strcpy(models[0], MODEL);
    group = (struct ck_policy_group){.name = "staff",
                                     .aaguids = models,
                                     .aaguids_count = 1,
                                     .attestation = true,
                                     .roots_path = "makers.pem",
                                     .roots = ours.roots};
    credential = (struct ck_credential){
        .format = "packed", .chain = {ours.certificate}, .chain_count = 1, .resident = false};
    memcpy(credential.aaguid, aaguid, sizeof(aaguid));
    return 0;
}

static void expect_fine(void)
{
    struct ck_error err = {.code = CK_OK};

    if (attested_check(&group, &credential, "4711", NOW_S, &err) != CK_OK)
        fail_msg("refused: %s", err.text);
}

static struct ck_error expect_refused(const char *says, int64_t now_s)
{
    struct ck_error err = {.code = CK_OK};

    assert_int_equal(attested_check(&group, &credential, "4711", now_s, &err), CK_ERR_KEY);
    assert_error(&err, CK_ERR_KEY, says);
    assert_non_null(strstr(err.text, MODEL));
    assert_non_null(strstr(err.text, "serial 4711"));
    assert_non_null(strstr(err.hint, "The server was not told"));
    return err;
}

static void test_our_maker(void **state)
{
    (void)state;
    expect_fine();
}

static void test_another_maker(void **state)
{
    (void)state;
    credential.chain[0] = others.certificate;
    struct ck_error err = expect_refused("leads to none of the roots in 'makers.pem'", NOW_S);
    assert_null(strstr(err.hint, "passkey"));
    credential.resident = true;
    err = expect_refused("leads to none", NOW_S);
    assert_non_null(strstr(err.hint, "keeps a passkey"));
}

static void test_any_maker_without_roots(void **state)
{
    (void)state;
    credential.chain[0] = others.certificate;
    group.roots_path[0] = '\0';
    group.roots = NULL;
    expect_fine();
}

static void test_roots_that_were_not_read(void **state)
{
    struct ck_error err;

    (void)state;
    group.roots = NULL;
    assert_int_equal(attested_check(&group, &credential, NULL, NOW_S, &err), CK_ERR_USAGE);
}

static void test_at_another_time(void **state)
{
    (void)state;
    expect_refused("expired", NOW_S + 2 * DAY_S);
    expect_refused("not yet valid", NOW_S - 2 * DAY_S);
}

static void test_no_certificate(void **state)
{
    (void)state;
    credential.chain_count = 0;
    expect_refused("no maker vouches", NOW_S);
}

static void test_no_certificate_that_can_be_read(void **state)
{
    static uint8_t nonsense[] = {0x30, 0x03, 0x01};

    (void)state;
    credential.chain[0] = (struct ck_bytes){nonsense, sizeof(nonsense)};
    expect_refused("can't be read", NOW_S);
}

static void test_model_that_is_vouched_for(void **state)
{
    (void)state;
    strcpy(models[0], OTHER_MODEL);
    expect_refused("another model", NOW_S);
    group.aaguids_count = 0;
    expect_fine();
}

static void test_optional(void **state)
{
    (void)state;
    group.attestation = false;
    credential.chain_count = 0;
    expect_fine();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_our_maker, set_up),
        cmocka_unit_test_setup(test_another_maker, set_up),
        cmocka_unit_test_setup(test_any_maker_without_roots, set_up),
        cmocka_unit_test_setup(test_roots_that_were_not_read, set_up),
        cmocka_unit_test_setup(test_at_another_time, set_up),
        cmocka_unit_test_setup(test_no_certificate, set_up),
        cmocka_unit_test_setup(test_no_certificate_that_can_be_read, set_up),
        cmocka_unit_test_setup(test_model_that_is_vouched_for, set_up),
        cmocka_unit_test_setup(test_optional, set_up),
    };

    return cmocka_run_group_tests(tests, make_makers, clear_makers);
}
