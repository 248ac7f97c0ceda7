#include "cowkey/mailcow/server_certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "../base/expect.h"

static const int64_t now_s = 1795440000;

static EVP_PKEY *key;

static int make_key(void **state)
{
    (void)state;
    key = EVP_EC_gen("P-256");
    return key == NULL;
}

static int free_key(void **state)
{
    (void)state;
    EVP_PKEY_free(key);
    return 0;
}

/* A certificate as PEM: free it. names is OpenSSL's "DNS:a,DNS:b", or NULL. */
static char *pem_of(int64_t end_s, const char *organization, const char *common, const char *names)
{
    X509 *x509 = X509_new();
    X509_NAME *issuer = X509_NAME_new();
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;

    X509_set_version(x509, 2);
    ASN1_TIME_set(X509_getm_notBefore(x509), now_s - 3600);
    ASN1_TIME_set(X509_getm_notAfter(x509), end_s);
    if (organization != NULL)
        X509_NAME_add_entry_by_txt(issuer, "O", MBSTRING_UTF8, (const unsigned char *)organization,
                                   -1, -1, 0);
    if (common != NULL)
        X509_NAME_add_entry_by_txt(issuer, "CN", MBSTRING_UTF8, (const unsigned char *)common, -1,
                                   -1, 0);
    X509_set_issuer_name(x509, issuer);
    X509_set_pubkey(x509, key);
    if (names != NULL) {
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
        assert_non_null(extension);
        X509_add_ext(x509, extension, -1);
        X509_EXTENSION_free(extension);
    }
    assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_bio_X509(bio, x509), 1);
    long size = BIO_get_mem_data(bio, &text);
    char *pem = strndup(text, (size_t)size);
    BIO_free(bio);
    X509_NAME_free(issuer);
    X509_free(x509);
    return pem;
}

static struct ck_server_certificate *parsed(char *first, char *second)
{
    static struct ck_server_certificate certificate;
    const char *const pems[] = {first, second};
    struct ck_error err;

    if (ck_server_certificate_parse(pems, second != NULL ? 2 : 1, &certificate, &err) != CK_OK)
        fail_msg("%s", err.text);
    free(first);
    free(second);
    return &certificate;
}

static void test_one(void **state)
{
    struct ck_server_certificate *certificate =
        parsed(pem_of(now_s, "Made-Up Organization", "CA 1",
                      "DNS:mail.example.test,IP:192.0.2.1,DNS:*.example.test"),
               NULL);

    (void)state;
    assert_int_equal(certificate->chain_count, 1);
    assert_true(certificate->expires_s == now_s);
    assert_string_equal(certificate->issuer, "Made-Up Organization");
    assert_int_equal(certificate->names_count, 2);
    assert_string_equal(certificate->names[0], "mail.example.test");
    assert_string_equal(certificate->names[1], "*.example.test");
}

static void test_chain_ends_with_its_first_end(void **state)
{
    struct ck_server_certificate *certificate =
        parsed(pem_of(now_s + 1000, NULL, "CA 1", "DNS:mail.example.test"),
               pem_of(now_s + 10, NULL, "CA 2", "DNS:other.example.test"));

    (void)state;
    assert_int_equal(certificate->chain_count, 2);
    assert_true(certificate->expires_s == now_s + 10);
    assert_string_equal(certificate->issuer, "CA 1");
    assert_int_equal(certificate->names_count, 1);

    certificate =
        parsed(pem_of(now_s + 10, NULL, NULL, NULL), pem_of(now_s + 1000, NULL, NULL, NULL));
    assert_true(certificate->expires_s == now_s + 10);
    assert_string_equal(certificate->issuer, "");
    assert_int_equal(certificate->names_count, 0);
}

static void test_many_names_are_counted(void **state)
{
    char names[8192] = "DNS:n";
    size_t used = strlen(names);

    (void)state;
    for (int i = 1; i < CK_SERVER_CERTIFICATE_NAMES_MAX + 5; i++)
        used += (size_t)snprintf(names + used, sizeof(names) - used, ",DNS:n%d.example.test", i);
    struct ck_server_certificate *certificate = parsed(pem_of(now_s, NULL, NULL, names), NULL);
    assert_int_equal(certificate->names_count, CK_SERVER_CERTIFICATE_NAMES_MAX + 5);
    assert_string_equal(certificate->names[CK_SERVER_CERTIFICATE_NAMES_MAX - 1],
                        "n99.example.test");
}

static void assert_refused(const char *const *pems, size_t count)
{
    static struct ck_server_certificate certificate;
    struct ck_error err;

    certificate.names_count = 77;
    assert_int_equal(ck_server_certificate_parse(pems, count, &certificate, &err),
                     CK_ERR_UNREACHABLE);
    assert_error(&err, CK_ERR_UNREACHABLE, "certificate");
    assert_int_equal(certificate.names_count, 77);
}

static void test_what_is_none(void **state)
{
    char *good = pem_of(now_s, NULL, NULL, NULL);
    const char *const bad[] = {"", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n"};

    (void)state;
    assert_refused(NULL, 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *const pair[] = {good, bad[i]};
        assert_refused(&bad[i], 1);
        assert_refused(pair, 2);
    }
    good[strlen(good) / 2] = '!';
    assert_refused((const char *const *)&good, 1);
    free(good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one),
        cmocka_unit_test(test_chain_ends_with_its_first_end),
        cmocka_unit_test(test_many_names_are_counted),
        cmocka_unit_test(test_what_is_none),
    };

    return cmocka_run_group_tests(tests, make_key, free_key);
}
