#include "src/rollout/seal.h"

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "cowkey/base/cleanup.h"
#include "tests/unit/base/file.h"

#define LINE "<p>Not-A-Secret \xc3\xbc <a href=\"x\">y</a> and so on, for more than a block or two"
#define LINES LINE LINE LINE LINE LINE LINE LINE LINE
static const char page[] = LINES LINES;
enum { NOW = 1795860000 }; /* 2026-11-28 */

static EVP_PKEY *rsa, *other_rsa, *ec, *other_ec, *ed25519;

/* --- certificates --- */

struct wanted {
    const char *usage;  /* NULL: it says nothing of it */
    int begin_s, end_s; /* from NOW */
};
static const struct wanted usual = {NULL, -60, 60};

static X509 *new_certificate(EVP_PKEY *key, const struct wanted *wanted)
{
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);

    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    ASN1_TIME_set(X509_getm_notBefore(certificate), NOW + wanted->begin_s);
    ASN1_TIME_set(X509_getm_notAfter(certificate), NOW + wanted->end_s);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"x", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_set_pubkey(certificate, key);
    if (wanted->usage != NULL) {
        X509_EXTENSION *usage = X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, wanted->usage);
        assert_non_null(usage);
        X509_add_ext(certificate, usage, -1);
        X509_EXTENSION_free(usage);
    }
    assert_true(X509_sign(certificate, key, key == ed25519 ? NULL : EVP_sha256()) > 0);
    return certificate;
}

static void write_certificate(const char *mode, EVP_PKEY *key, const struct wanted *wanted)
{
    X509 *certificate = new_certificate(key, wanted);
    FILE *to = fopen("cert.pem", mode);

    assert_non_null(to);
    assert_int_equal(PEM_write_X509(to, certificate), 1);
    fclose(to);
    X509_free(certificate);
}

static struct ck_seal *loaded(void)
{
    struct ck_seal *seal = NULL;
    struct ck_error err;

    if (ck_seal_load("cert.pem", NOW, &seal, &err) != CK_OK)
        fail_msg("%s", err.text);
    return seal;
}

static void assert_not_loaded(const char *part)
{
    struct ck_seal *seal = (struct ck_seal *)&untouched_;
    struct ck_error err;

    assert_int_equal(ck_seal_load("cert.pem", NOW, &seal, &err), CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, part);
    assert_ptr_equal(seal, &untouched_);
}

/* Whether key opens it, to this text. */
static bool opens(const struct ck_bytes *sealed, EVP_PKEY *key, const char *text)
{
    BIO *from = BIO_new_mem_buf(sealed->data, (int)sealed->size), *to = BIO_new(BIO_s_mem());
    CMS_ContentInfo *message = d2i_CMS_bio(from, NULL);
    bool opened = message != NULL && CMS_decrypt(message, key, NULL, NULL, to, CMS_BINARY) == 1;
    char *bytes;
    long size = BIO_get_mem_data(to, &bytes);

    if (opened)
        assert_true(size == (long)strlen(text) && memcmp(bytes, text, (size_t)size) == 0);
    CMS_ContentInfo_free(message);
    BIO_free(from);
    BIO_free(to);
    return opened;
}

static struct ck_bytes sealed_to(EVP_PKEY *key)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *plain = secret_of(page);
    struct ck_bytes sealed = {0};
    struct ck_error err;

    write_certificate("w", key, &usual);
    CK_CLEANUP(ck_seal_free) struct ck_seal *seal = loaded();
    if (seal_bytes(seal, plain, &sealed, &err) != CK_OK)
        fail_msg("%s", err.text);
    return sealed;
}

/* --- tests --- */

static void check_sealing(EVP_PKEY *key, EVP_PKEY *other)
{
    CK_CLEANUP(ck_bytes_clear) struct ck_bytes sealed = sealed_to(key);

    assert_null(memmem(sealed.data, sealed.size, "Not-A-Secret", 12));
    assert_true(opens(&sealed, key, page));
    assert_false(opens(&sealed, other, page));
    /* In the middle of the text, too, where a cipher alone would not notice. */
    for (size_t back = 1; back < strlen(page); back += 97) {
        sealed.data[sealed.size - back] ^= 1;
        assert_false(opens(&sealed, key, page));
        sealed.data[sealed.size - back] ^= 1;
    }
    assert_true(opens(&sealed, key, page));
}

static void test_rsa(void **state)
{
    (void)state;
    check_sealing(rsa, other_rsa);
}

static void test_ec(void **state)
{
    (void)state;
    check_sealing(ec, other_ec);
}

static void test_times(void **state)
{
    (void)state;
    write_certificate("w", ec, &(struct wanted){NULL, -60, -1});
    assert_not_loaded("has expired");
    write_certificate("w", ec, &(struct wanted){NULL, 60, 120});
    assert_not_loaded("not valid yet");
    write_certificate("w", ec, &(struct wanted){NULL, -1, 1});
    struct ck_seal *seal = loaded();
    ck_seal_free(&seal);
    assert_null(seal);
}

static void test_key_usage(void **state)
{
    const struct {
        EVP_PKEY *key;
        const char *usage;
        bool good;
    } rows[] = {
        {rsa, "keyEncipherment", true},   {rsa, "digitalSignature,keyEncipherment", true},
        {rsa, "digitalSignature", false}, {rsa, "keyAgreement", false},
        {ec, "keyAgreement", true},       {ec, "digitalSignature", false},
        {ec, "keyEncipherment", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        write_certificate("w", rows[i].key, &(struct wanted){rows[i].usage, -60, 60});
        if (!rows[i].good) {
            assert_not_loaded("key usage");
            continue;
        }
        struct ck_seal *seal = loaded();
        ck_seal_free(&seal);
    }
}

static void test_keys_that_nothing_is_sealed_to(void **state)
{
    EVP_PKEY *small = EVP_RSA_gen(1024);

    (void)state;
    write_certificate("w", ed25519, &usual);
    assert_not_loaded("nothing can be sealed to");
    write_certificate("w", small, &usual);
    assert_not_loaded("too short");
    EVP_PKEY_free(small);
}

static void test_what_is_no_certificate(void **state)
{
    struct ck_error err;
    struct ck_seal *seal = (struct ck_seal *)&untouched_;

    (void)state;
    assert_int_equal(ck_seal_load("missing.pem", NOW, &seal, &err), CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, "could not be opened");
    put("cert.pem", "");
    assert_not_loaded("none in PEM");
    put("cert.pem", "\x30\x82\x01\x01 garbage");
    assert_not_loaded("none in PEM");
    put("cert.pem", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
    assert_not_loaded("is broken");
    put("cert.pem", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n");
    assert_not_loaded("none in PEM");
    put("cert.pem",
        "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n");
    assert_not_loaded("something else");
    char *large = malloc(65 * 1024 + 1);
    memset(large, '\n', 65 * 1024);
    large[65 * 1024] = '\0';
    put("cert.pem", large);
    free(large);
    assert_not_loaded("more than 65536 bytes");
}

static void test_private_keys(void **state)
{
    FILE *to = fopen("cert.pem", "w");

    (void)state;
    assert_int_equal(PEM_write_PKCS8PrivateKey(to, ec, NULL, NULL, 0, NULL, NULL), 1);
    fclose(to);
    assert_not_loaded("private key");
    to = fopen("cert.pem", "w");
    assert_int_equal(PEM_write_PrivateKey_ex(to, ec, EVP_aes_128_cbc(), (unsigned char *)"x", 1,
                                             NULL, NULL, NULL, NULL),
                     1);
    fclose(to);
    assert_not_loaded("private key");
    write_certificate("w", ec, &usual);
    to = fopen("cert.pem", "a");
    assert_int_equal(PEM_write_PrivateKey(to, ec, NULL, NULL, 0, NULL, NULL), 1);
    fclose(to);
    assert_not_loaded("private key");
}

static void test_more_than_one(void **state)
{
    (void)state;
    write_certificate("w", ec, &usual);
    write_certificate("a", rsa, &usual);
    assert_not_loaded("more than one");
}

static int make_keys(void **state)
{
    (void)state;
    rsa = EVP_RSA_gen(2048);
    other_rsa = EVP_RSA_gen(2048);
    ec = EVP_EC_gen("P-256");
    other_ec = EVP_EC_gen("P-256");
    ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    return ed25519 != NULL ? 0 : -1;
}

static int free_keys(void **state)
{
    (void)state;
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(other_rsa);
    EVP_PKEY_free(ec);
    EVP_PKEY_free(other_ec);
    EVP_PKEY_free(ed25519);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST(test_rsa),
        FILE_TEST(test_ec),
        FILE_TEST(test_times),
        FILE_TEST(test_key_usage),
        FILE_TEST(test_keys_that_nothing_is_sealed_to),
        FILE_TEST(test_what_is_no_certificate),
        FILE_TEST(test_private_keys),
        FILE_TEST(test_more_than_one),
    };

    setlinebuf(stdout);
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
