#include <openssl/pem.h>

#include "authenticator.h"
#include "cowkey/webauthn/cose.h"

static const int algorithms[] = {CK_COSE_ES256, CK_COSE_ES384, CK_COSE_EDDSA, CK_COSE_RS256};
enum { ALGORITHMS = sizeof(algorithms) / sizeof(algorithms)[0] };

static char *text_in(BIO *bio)
{
    char *data;
    long size = BIO_get_mem_data(bio, &data);
    char *text = strndup(data, (size_t)size);

    BIO_free(bio);
    return text;
}

static char *public_pem(EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());

    assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
    return text_in(bio);
}

/* A PEM is the COSE key that the authenticator itself would have written. */
static void assert_read(const char *pem, const struct buffer *expected)
{
    struct ck_bytes cbor = {0};
    struct ck_error err;

    if (ck_cose_from_pem(pem, strlen(pem), &cbor, &err) != CK_OK)
        fail_msg("%s", err.text);
    assert_int_equal(cbor.size, expected->size);
    assert_memory_equal(cbor.data, expected->bytes, cbor.size);
    ck_bytes_clear(&cbor);
}

static void test_reads(void **state)
{
    static struct buffer cose;

    (void)state;
    for (size_t i = 0; i < ALGORITHMS; i++) {
        char *pem = public_pem(key_of(algorithms[i], 0)), *with_text = NULL;

        cose.size = 0;
        put_cose(&cose, key_of(algorithms[i], 0), algorithms[i]);
        assert_read(pem, &cose);
        assert_true(asprintf(&with_text, "Key of a test\n\n%s# end\n", pem) > 0);
        assert_read(with_text, &cose);
        free(with_text);
        free(pem);
    }
}

/* Certificates of old tools hold points in the other form. */
static void test_compressed_point(void **state)
{
    EVP_PKEY *key = EVP_PKEY_dup(key_of(CK_COSE_ES256, 0));
    static struct buffer cose;

    (void)state;
    assert_int_equal(
        EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                       OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_COMPRESSED),
        1);
    char *pem = public_pem(key);
    cose.size = 0;
    put_cose(&cose, key_of(CK_COSE_ES256, 0), CK_COSE_ES256);
    assert_read(pem, &cose);
    free(pem);
    EVP_PKEY_free(key);
}

static void assert_refused(const char *pem, size_t size, const char *part)
{
    struct ck_bytes cbor = {(uint8_t *)UNTOUCHED, 7};
    struct ck_error err;

    if (ck_cose_from_pem(pem, size, &cbor, &err) == CK_OK)
        fail_msg("a key was read where \"%s\" was expected", part);
    assert_error(&err, CK_ERR_USAGE, part);
    assert_ptr_equal(cbor.data, UNTOUCHED);
}

static void assert_key_refused(EVP_PKEY *key, const char *part)
{
    char *pem = public_pem(key);

    assert_refused(pem, strlen(pem), part);
    free(pem);
    EVP_PKEY_free(key);
}

static void test_other_kinds(void **state)
{
    static const char other[] = "of another kind";

    (void)state;
    assert_key_refused(EVP_EC_gen("P-521"), other);
    assert_key_refused(EVP_EC_gen("secp256k1"), other);
    assert_key_refused(EVP_PKEY_Q_keygen(NULL, NULL, "ED448"), other);
    assert_key_refused(EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), other);
    assert_key_refused(EVP_RSA_gen(1024), "not an odd number of 2048 to 8192 bits");
}

static void test_no_public_key(void **state)
{
    static const char head[] = "-----BEGIN PUBLIC KEY-----\n", none[] = "no PEM text";
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem = public_pem(key_of(CK_COSE_ES256, 0));

    (void)state;
    PEM_write_bio_PrivateKey(bio, key_of(CK_COSE_ES256, 0), NULL, NULL, 0, NULL, NULL);
    char *private = text_in(bio);
    assert_refused(private, strlen(private), none);
    assert_refused("", 0, none);
    assert_refused(head, strlen(head), none);
    for (size_t size = strlen(pem) - 2; size > 0; size--)
        assert_refused(pem, size, none);
    pem[strlen(head) + 4] ^= 1;
    assert_refused(pem, strlen(pem), none);
    free(pem);
    free(private);
}

static void test_size_bound(void **state)
{
    char *pem = public_pem(key_of(CK_COSE_ES256, 0)), text[CK_PEM_MAX + 1];
    struct ck_bytes cbor;
    struct ck_error err;

    (void)state;
    memset(text, '\n', sizeof(text));
    memcpy(text, pem, strlen(pem));
    assert_int_equal(ck_cose_from_pem(text, CK_PEM_MAX, &cbor, &err), CK_OK);
    ck_bytes_clear(&cbor);
    assert_refused(text, CK_PEM_MAX + 1, "more than 16384 bytes");
    free(pem);
}

static char *failing_pem;

static enum ck_err read_it(struct ck_error *err)
{
    struct ck_bytes cbor = {(uint8_t *)UNTOUCHED, 7};
    enum ck_err r = ck_cose_from_pem(failing_pem, strlen(failing_pem), &cbor, err);

    if (r == CK_OK)
        ck_bytes_clear(&cbor);
    else
        assert_ptr_equal(cbor.data, UNTOUCHED);
    return r;
}

static void test_allocations_fail(void **state)
{
    struct ck_error err;

    (void)state;
    /* One kind will do: they differ in few allocations, and OpenSSL's decoders have thousands. */
    failing_pem = public_pem(key_of(CK_COSE_ES256, 0));
    /* What OpenSSL keeps from its first use on is not what is tested. */
    assert_int_equal(read_it(&err), CK_OK);
    fail_each_allocation(read_it, 10);
    free(failing_pem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),       cmocka_unit_test(test_compressed_point),
        cmocka_unit_test(test_other_kinds), cmocka_unit_test(test_no_public_key),
        cmocka_unit_test(test_size_bound),  cmocka_unit_test(test_allocations_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
