/*
 * A software authenticator for tests: keys, COSE keys, authenticator data, signatures and
 * certificates by OpenSSL and a CBOR writer of its own, so that none of the room's code makes what
 * the room is tested with. Everything can be made wrong, too.
 */
#ifndef COWKEY_TESTS_AUTHENTICATOR_H
#define COWKEY_TESTS_AUTHENTICATOR_H

#include <jansson.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "../base/allocation.h"
#include "cowkey/webauthn/authenticator_data.h"
#include "cowkey/webauthn/options.h"

#define UNUSED __attribute__((unused))

struct buffer {
    uint8_t bytes[72 * 1024];
    size_t size;
};

/* --- CBOR --- */

UNUSED static void put(struct buffer *to, const void *bytes, size_t size)
{
    assert_true(size <= sizeof to->bytes - to->size);
    if (size > 0)
        memcpy(to->bytes + to->size, bytes, size);
    to->size += size;
}

UNUSED static void put_byte(struct buffer *to, unsigned byte)
{
    uint8_t one = (uint8_t)byte;

    put(to, &one, 1);
}

/* The low size bytes of a number, highest first. */
UNUSED static void put_number(struct buffer *to, uint64_t number, unsigned size)
{
    while (size-- > 0)
        put_byte(to, number >> (8 * size) & 0xff);
}

UNUSED static void put_head(struct buffer *to, unsigned major, uint64_t argument)
{
    unsigned size = argument < 24            ? 0
                    : argument <= 0xff       ? 1
                    : argument <= 0xffff     ? 2
                    : argument <= 0xffffffff ? 4
                                             : 8;
    unsigned code = size == 0 ? (unsigned)argument
                              : (size == 1   ? 24
                                 : size == 2 ? 25
                                 : size == 4 ? 26
                                             : 27);

    put_byte(to, major << 5 | code);
    put_number(to, argument, size);
}

UNUSED static void put_integer(struct buffer *to, int64_t integer)
{
    if (integer < 0)
        put_head(to, 1, (uint64_t)(-1 - integer));
    else
        put_head(to, 0, (uint64_t)integer);
}

UNUSED static void put_string(struct buffer *to, const void *bytes, size_t size)
{
    put_head(to, 2, size);
    put(to, bytes, size);
}

UNUSED static void put_text(struct buffer *to, const char *text)
{
    put_head(to, 3, strlen(text));
    put(to, text, strlen(text));
}

/* --- keys --- */

/*
 * An RSA key of two Mersenne primes (2^1279 - 1, 2^2203 - 1, 2^2281 - 1), which a memory checker
 * has not to wait for. which: 0 to 2.
 */
UNUSED static EVP_PKEY *rsa_key(unsigned which)
{
    static const int exponents[] = {1279, 2203, 2281};
    BN_CTX *context = BN_CTX_new();
    BIGNUM *numbers[5]; /* p, q, n, e, d; p and q become p - 1 and q - 1 */
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *making = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *key = NULL;

    for (unsigned i = 0; i < 5; i++)
        numbers[i] = BN_new();
    for (unsigned i = 0; i < 2; i++) {
        BN_set_bit(numbers[i], exponents[(which + i) % 3]);
        BN_sub_word(numbers[i], 1);
    }
    BN_mul(numbers[2], numbers[0], numbers[1], context);
    BN_set_word(numbers[3], 65537);
    BN_sub_word(numbers[0], 1);
    BN_sub_word(numbers[1], 1);
    BN_mul(numbers[1], numbers[0], numbers[1], context);
    assert_non_null(BN_mod_inverse(numbers[4], numbers[3], numbers[1], context));
    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, numbers[2]);
    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, numbers[3]);
    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_D, numbers[4]);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_fromdata_init(making);
    assert_int_equal(EVP_PKEY_fromdata(making, &key, EVP_PKEY_KEYPAIR, params), 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(making);
    for (unsigned i = 0; i < 5; i++)
        BN_free(numbers[i]);
    BN_CTX_free(context);
    return key;
}

/* Made once for each algorithm and which (0 to 3, RSA: 0 to 2), and kept. */
UNUSED static EVP_PKEY *key_of(int algorithm, unsigned which)
{
    static EVP_PKEY *keys[4][4];
    static const int algorithms[] = {CK_COSE_ES256, CK_COSE_ES384, CK_COSE_EDDSA, CK_COSE_RS256};
    unsigned kind = 0;

    while (algorithms[kind] != algorithm)
        kind++;
    if (keys[kind][which] == NULL) {
        keys[kind][which] = algorithm == CK_COSE_ES256   ? EVP_EC_gen("P-256")
                            : algorithm == CK_COSE_ES384 ? EVP_EC_gen("P-384")
                            : algorithm == CK_COSE_RS256 ? rsa_key(which)
                                                         : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    }
    assert_non_null(keys[kind][which]);
    return keys[kind][which];
}

UNUSED static void put_number_parameter(struct buffer *to, EVP_PKEY *key, const char *name)
{
    BIGNUM *number = NULL;
    uint8_t bytes[1024];

    assert_int_equal(EVP_PKEY_get_bn_param(key, name, &number), 1);
    put_string(to, bytes, (size_t)BN_bn2bin(number, bytes));
    BN_free(number);
}

UNUSED static void put_cose(struct buffer *to, EVP_PKEY *key, int algorithm)
{
    uint8_t point[128];
    size_t size = sizeof point;

    if (algorithm == CK_COSE_RS256) {
        put_head(to, 5, 4);
        put(to, "\x01\x03\x03\x39\x01\x00\x20", 7);
        put_number_parameter(to, key, OSSL_PKEY_PARAM_RSA_N);
        put_byte(to, 0x21);
        put_number_parameter(to, key, OSSL_PKEY_PARAM_RSA_E);
        return;
    }
    if (algorithm == CK_COSE_EDDSA) {
        assert_int_equal(EVP_PKEY_get_raw_public_key(key, point, &size), 1);
        put(to, "\xa4\x01\x01\x03\x27\x20\x06\x21", 8);
        put_string(to, point, size);
        return;
    }
    assert_int_equal(
        EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &size),
        1);
    size /= 2;
    put_byte(to, 0xa5);
    put(to, "\x01\x02\x03", 3);
    put_integer(to, algorithm);
    put(to, algorithm == CK_COSE_ES256 ? "\x20\x01\x21" : "\x20\x02\x21", 3);
    put_string(to, point + 1, size);
    put_byte(to, 0x22);
    put_string(to, point + 1 + size, size);
}

UNUSED static struct ck_bytes sign(EVP_PKEY *key, int algorithm, const void *message, size_t size)
{
    const char *digest = algorithm == CK_COSE_EDDSA   ? NULL
                         : algorithm == CK_COSE_ES384 ? "SHA384"
                                                      : "SHA256";
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    struct ck_bytes signature = {malloc(1024), 1024};

    assert_int_equal(EVP_DigestSignInit_ex(context, NULL, digest, NULL, NULL, key, NULL), 1);
    assert_int_equal(EVP_DigestSign(context, signature.data, &signature.size, message, size), 1);
    EVP_MD_CTX_free(context);
    return signature;
}

/* --- certificates --- */

struct certificate {
    EVP_PKEY *key;
    long version;                                     /* as encoded: 2 is version 3 */
    const char *country, *organization, *unit, *name; /* NULL: none */
    enum { NO_CONSTRAINTS, NOT_CA, CA } constraints;
    const uint8_t *aaguid; /* NULL: no extension */
    size_t aaguid_size;
    bool aaguid_is_critical;
};

UNUSED static struct certificate usual_certificate(EVP_PKEY *key)
{
    return (struct certificate){.key = key,
                                .version = 2,
                                .country = "SE",
                                .organization = "Example AB",
                                .unit = "Authenticator Attestation",
                                .name = "Example Key Batch 1",
                                .constraints = NOT_CA,
                                .aaguid_size = CK_AAGUID_SIZE};
}

UNUSED static void add_entry(X509_NAME *name, const char *field, const char *value)
{
    if (value != NULL)
        assert_int_equal(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                                    (const unsigned char *)value, -1, -1, 0),
                         1);
}

UNUSED static void add_aaguid(X509 *x509, const struct certificate *from)
{
    ASN1_OBJECT *id = OBJ_txt2obj("1.3.6.1.4.1.45724.1.1.4", 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    uint8_t der[2 + 64] = {4, (uint8_t)from->aaguid_size};

    memcpy(der + 2, from->aaguid, from->aaguid_size);
    ASN1_OCTET_STRING_set(value, der, (int)from->aaguid_size + 2);
    X509_EXTENSION *extension =
        X509_EXTENSION_create_by_OBJ(NULL, id, from->aaguid_is_critical, value);
    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(id);
}

UNUSED static struct ck_bytes certificate_of(const struct certificate *from)
{
    X509 *x509 = X509_new();
    struct ck_bytes der = {NULL, 0};

    X509_set_version(x509, from->version);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), 0);
    X509_gmtime_adj(X509_getm_notAfter(x509), 86400);
    X509_set_pubkey(x509, from->key);
    add_entry(X509_get_subject_name(x509), "C", from->country);
    add_entry(X509_get_subject_name(x509), "O", from->organization);
    add_entry(X509_get_subject_name(x509), "OU", from->unit);
    add_entry(X509_get_subject_name(x509), "CN", from->name);
    X509_set_issuer_name(x509, X509_get_subject_name(x509));
    if (from->constraints != NO_CONSTRAINTS) {
        BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new();
        constraints->ca = from->constraints == CA ? 0xff : 0;
        X509_add1_ext_i2d(x509, NID_basic_constraints, constraints, 1, 0);
        BASIC_CONSTRAINTS_free(constraints);
    }
    if (from->aaguid != NULL)
        add_aaguid(x509, from);
    assert_true(
        X509_sign(x509, from->key, EVP_PKEY_is_a(from->key, "ED25519") ? NULL : EVP_sha256()) > 0);
    der.size = (size_t)i2d_X509(x509, &der.data);
    X509_free(x509);
    return der;
}

/* --- authenticator data --- */

static const uint8_t usual_aaguid[CK_AAGUID_SIZE] = {
    0xf8, 0xa0, 0x11, 0xf3, 0x8c, 0x0a, 0x4d, 0x15, 0x80, 0x06, 0x17, 0x11, 0x1f, 0x9e, 0xdc, 0x7d};
static const uint8_t usual_id[32] = "a credential of thirty-two bytes";

/* The part that every authenticator data starts with. */
UNUSED static void put_data_header(struct buffer *to, const char *rp_id, unsigned flags,
                                   uint32_t sign_count)
{
    uint8_t hash[SHA256_DIGEST_LENGTH];

    SHA256((const uint8_t *)rp_id, strlen(rp_id), hash);
    put(to, hash, sizeof hash);
    put_byte(to, flags);
    put_number(to, sign_count, 4);
}

UNUSED static void put_attested(struct buffer *to, const uint8_t *aaguid, const void *id,
                                size_t id_size, EVP_PKEY *key, int algorithm)
{
    put(to, aaguid, CK_AAGUID_SIZE);
    put_number(to, id_size, 2);
    put(to, id, id_size);
    put_cose(to, key, algorithm);
}

/*
 * jansson takes short memory in a long string for a character that is not there, which is
 * ck_json_parse's to see (tests/unit/base/json.c): here its allocations do not fail.
 */
UNUSED static void *allocate_for_json(size_t size)
{
    bool armed = allocation_.armed;

    allocation_.armed = false;
    void *p = malloc(size);
    allocation_.armed = armed;
    return p;
}

/* A copy of exactly that size on the heap, so that a checker sees a byte too much being read. */
UNUSED static struct ck_bytes exactly(const void *bytes, size_t size)
{
    struct ck_bytes copy;
    struct ck_error err;

    assert_int_equal(ck_bytes_copy(bytes, size, &copy, &err), CK_OK);
    return copy;
}

UNUSED static struct ck_bytes bytes_of(const struct buffer *buffer)
{
    return exactly(buffer->bytes, buffer->size);
}

UNUSED static struct ck_bytes bytes_of_text(const char *text)
{
    return exactly(text, strlen(text));
}

#endif
