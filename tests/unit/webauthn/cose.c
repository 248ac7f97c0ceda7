#include "cowkey/webauthn/cose.h"

#include <openssl/pem.h>

#include "authenticator.h"

static const int algorithms[] = {CK_COSE_ES256, CK_COSE_ES384, CK_COSE_EDDSA, CK_COSE_RS256};
enum { ALGORITHMS = 4 };

static struct buffer buffer;

static void make(int algorithm)
{
    buffer.size = 0;
    put_cose(&buffer, key_of(algorithm, 0), algorithm);
}

static struct ck_cose_key *parsed(void)
{
    struct ck_bytes cbor = bytes_of(&buffer);
    struct ck_cose_key *key = NULL;
    struct ck_error err;

    if (ck_cose_key_parse(&cbor, &key, &err) != CK_OK)
        fail_msg("%s", err.text);
    ck_bytes_clear(&cbor);
    return key;
}

static void assert_refused(const char *part)
{
    struct ck_bytes cbor = bytes_of(&buffer);
    struct ck_cose_key *key = (struct ck_cose_key *)UNTOUCHED;
    struct ck_error err;

    if (ck_cose_key_parse(&cbor, &key, &err) == CK_OK)
        fail_msg("a key was read where \"%s\" was expected", part);
    assert_error(&err, CK_ERR_USAGE, part);
    assert_ptr_equal(key, UNTOUCHED);
    ck_bytes_clear(&cbor);
}

static bool verifies(const struct ck_cose_key *key, const void *message, size_t size,
                     const struct ck_bytes *signature)
{
    bool valid;
    struct ck_error err;

    if (ck_cose_key_verify(key, message, size, signature, &valid, &err) != CK_OK)
        fail_msg("%s", err.text);
    return valid;
}

static void test_verify(void **state)
{
    char message[] = "abc";

    (void)state;
    for (size_t i = 0; i < ALGORITHMS; i++) {
        struct ck_bytes signature =
            sign(key_of(algorithms[i], 0), algorithms[i], message, sizeof message);
        struct ck_bytes other =
            sign(key_of(algorithms[i], 1), algorithms[i], message, sizeof message);
        make(algorithms[i]);
        struct ck_cose_key *key = parsed();

        assert_int_equal(ck_cose_key_algorithm(key), algorithms[i]);
        assert_true(verifies(key, message, sizeof message, &signature));
        assert_false(verifies(key, message, sizeof message, &other));
        assert_false(verifies(key, message, sizeof message - 1, &signature));
        assert_false(verifies(key, NULL, 0, &signature));
        for (size_t bit = 0; bit < 8 * sizeof message; bit++) {
            message[bit / 8] = (char)(message[bit / 8] ^ 1 << bit % 8);
            assert_false(verifies(key, message, sizeof message, &signature));
            message[bit / 8] = (char)(message[bit / 8] ^ 1 << bit % 8);
        }
        assert_true(verifies(key, message, sizeof message, &signature));
        ck_bytes_clear(&signature);
        ck_bytes_clear(&other);
        ck_cose_key_free(&key);
        assert_null(key);
        ck_cose_key_free(&key);
    }
}

/* P-384 and RSA take their time: there it is every eleventh bit. */
static size_t bit_step(int algorithm)
{
    return algorithm == CK_COSE_ES256 || algorithm == CK_COSE_EDDSA ? 1 : 11;
}

/* Each bit, each prefix, and bytes behind it. */
static void test_damaged_signatures(void **state)
{
    (void)state;
    for (size_t i = 0; i < ALGORITHMS; i++) {
        struct ck_bytes signature = sign(key_of(algorithms[i], 0), algorithms[i], "m", 1);
        struct ck_bytes longer = {malloc(signature.size + 1), signature.size + 1};
        make(algorithms[i]);
        struct ck_cose_key *key = parsed();

        for (size_t bit = 0; bit < 8 * signature.size; bit += bit_step(algorithms[i])) {
            signature.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_false(verifies(key, "m", 1, &signature));
            signature.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        for (size_t size = 0; size < signature.size; size += 7) {
            struct ck_bytes prefix = exactly(signature.data, size);
            assert_false(verifies(key, "m", 1, &prefix));
            ck_bytes_clear(&prefix);
        }
        memcpy(longer.data, signature.data, signature.size);
        longer.data[signature.size] = 0;
        assert_false(verifies(key, "m", 1, &longer));
        ck_bytes_clear(&signature);
        ck_bytes_clear(&longer);
        ck_cose_key_free(&key);
    }
}

static void test_every_truncation_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ALGORITHMS; i++) {
        make(algorithms[i]);
        for (size_t size = buffer.size; size-- > 0;) {
            buffer.size = size;
            assert_refused("canonical CBOR");
        }
    }
}

/* A key with a bit changed is refused, or is another key, for which the signature is not valid. */
static void test_damaged_keys(void **state)
{
    unsigned refused = 0, others = 0;

    (void)state;
    for (size_t i = 0; i < ALGORITHMS; i++) {
        struct ck_bytes signature = sign(key_of(algorithms[i], 0), algorithms[i], "m", 1);
        make(algorithms[i]);

        for (size_t bit = 0; bit < 8 * buffer.size; bit += bit_step(algorithms[i])) {
            buffer.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            struct ck_bytes cbor = bytes_of(&buffer);
            struct ck_cose_key *key = NULL;
            struct ck_error err;

            if (ck_cose_key_parse(&cbor, &key, &err) == CK_OK) {
                others++;
                assert_false(verifies(key, "m", 1, &signature));
            } else {
                refused++;
                assert_error(&err, CK_ERR_USAGE, "the public key");
            }
            ck_cose_key_free(&key);
            ck_bytes_clear(&cbor);
            buffer.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        ck_bytes_clear(&signature);
    }
    assert_true(refused > 500);
    assert_true(others > 300); /* moduli, and half of the points of Ed25519 */
}

static void test_refuses_trailing_and_optional(void **state)
{
    (void)state;
    make(CK_COSE_ES256);
    put_byte(&buffer, 0);
    assert_refused("canonical CBOR");
    /* kid (2) and a private part (-4) have no place here. */
    make(CK_COSE_ES256);
    buffer.bytes[0]++;
    struct ck_bytes rest = exactly(buffer.bytes + 3, buffer.size - 3);
    buffer.size = 3;
    put(&buffer, "\x02\x40", 2);
    put(&buffer, rest.data, rest.size);
    ck_bytes_clear(&rest);
    assert_refused("other members");
    make(CK_COSE_EDDSA);
    buffer.bytes[0]++;
    put_byte(&buffer, 0x23);
    put_string(&buffer, usual_id, 32);
    assert_refused("other members");
    make(CK_COSE_RS256);
    buffer.bytes[0]++;
    put(&buffer, "\x22\x40", 2);
    assert_refused("other members");
}

static void put_ec(int64_t type, int64_t algorithm, int64_t curve, const void *x, size_t x_size,
                   const void *y, size_t y_size)
{
    buffer.size = 0;
    put_head(&buffer, 5, y == NULL ? 4 : 5);
    put_byte(&buffer, 0x01);
    put_integer(&buffer, type);
    put_byte(&buffer, 0x03);
    put_integer(&buffer, algorithm);
    put_byte(&buffer, 0x20);
    put_integer(&buffer, curve);
    put_byte(&buffer, 0x21);
    put_string(&buffer, x, x_size);
    if (y != NULL) {
        put_byte(&buffer, 0x22);
        put_string(&buffer, y, y_size);
    }
}

static void test_refuses_kinds(void **state)
{
    uint8_t point[128] = {0};
    uint8_t *x = point + 1, *y = point + 33;
    size_t size;

    (void)state;
    EVP_PKEY_get_octet_string_param(key_of(CK_COSE_ES256, 0), OSSL_PKEY_PARAM_PUB_KEY, point,
                                    sizeof point, &size);
    put_ec(2, -7, 1, x, 32, y, 32);
    struct ck_cose_key *key = parsed();
    ck_cose_key_free(&key);

    put_ec(2, -36, 1, x, 32, y, 32);
    assert_refused("unknown algorithm (-36)");
    put_ec(2, 7, 1, x, 32, y, 32);
    assert_refused("unknown algorithm (7)");
    put_ec(2, INT64_MIN, 1, x, 32, y, 32);
    assert_refused("unknown algorithm (-9223372036854775808)");
    put_ec(2, -7 - (1L << 32), 1, x, 32, y, 32);
    assert_refused("unknown algorithm (-4294967303)");
    put_ec(2, -257, 1, x, 32, y, 32);
    assert_refused("another type or curve");
    put_ec(3, -7, 1, x, 32, y, 32);
    assert_refused("another type or curve");
    put_ec(1, -7, 1, x, 32, y, 32);
    assert_refused("another type or curve");
    put_ec(2, -7, 2, x, 32, y, 32);
    assert_refused("another type or curve");
    put_ec(2, -7, 8, x, 32, y, 32);
    assert_refused("another type or curve");
    put_ec(2, -35, 1, x, 32, y, 32);
    assert_refused("another type or curve");
    put_ec(2, -35, 2, x, 32, y, 32);
    assert_refused("wrong size");
    put_ec(2, -8, 6, x, 32, y, 32);
    assert_refused("another type or curve");
    put_ec(1, -8, 6, x, 32, y, 32);
    assert_refused("other members");
    put_ec(1, -8, 4, x, 32, NULL, 0); /* X25519 */
    assert_refused("another type or curve");
    put_ec(2, -7, 1, x, 32, NULL, 0);
    assert_refused("other members");
    put_ec(2, -7, 1, x, 31, y, 32);
    assert_refused("wrong size");
    put_ec(2, -7, 1, x, 32, y, 31);
    assert_refused("wrong size");
    put_ec(2, -7, 1, x, 33, y, 32);
    assert_refused("wrong size");
    put_ec(2, -7, 1, point, 33, y, 32);
    assert_refused("wrong size");
    put_ec(1, -8, 6, x, 31, NULL, 0);
    assert_refused("wrong size");

    /* A compressed point: y is true or false. */
    put_ec(2, -7, 1, x, 32, NULL, 0);
    buffer.bytes[0]++;
    put(&buffer, "\x22\xf5", 2);
    assert_refused("other members");
    /* Members of other types, and missing ones. */
    buffer.size = 0;
    put(&buffer, "\xa1\x01\x02", 3);
    assert_refused("type and algorithm");
    buffer.size = 0;
    put(&buffer,
        "\xa2\x01\x61"
        "2\x03\x26",
        6);
    assert_refused("type and algorithm");
    buffer.size = 0;
    put(&buffer, "\xa2\x01\x02\x03\x26", 5);
    assert_refused("another type or curve");
    buffer.size = 0;
    put(&buffer, "\x80", 1);
    assert_refused("not a map");
}

static void test_refuses_points_off_the_curve(void **state)
{
    static const char p256_p[] = "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF";
    uint8_t point[128] = {0}, x[48] = {0}, y[48] = {0};
    size_t size;
    BIGNUM *number = NULL;

    (void)state;
    /* Neither zero, nor one coordinate of each of two keys, nor beyond the field. */
    put_ec(2, -7, 1, x, 32, y, 32);
    assert_refused("not a point");
    put_ec(2, -35, 2, x, 48, y, 48);
    assert_refused("not a point");
    EVP_PKEY_get_octet_string_param(key_of(CK_COSE_ES256, 0), OSSL_PKEY_PARAM_PUB_KEY, point,
                                    sizeof point, &size);
    memcpy(x, point + 1, 32);
    EVP_PKEY_get_octet_string_param(key_of(CK_COSE_ES256, 1), OSSL_PKEY_PARAM_PUB_KEY, point,
                                    sizeof point, &size);
    put_ec(2, -7, 1, x, 32, point + 33, 32);
    assert_refused("not a point");
    BN_hex2bn(&number, p256_p);
    BN_bn2binpad(number, x, 32);
    put_ec(2, -7, 1, x, 32, point + 33, 32);
    assert_refused("not a point");
    put_ec(2, -7, 1, point + 1, 32, x, 32);
    assert_refused("not a point");
    BN_free(number);
}

/*
 * y of points that exist (0, 1, the base point's 4/5) and of some that don't (2, p - 2, p and up).
 */
static void test_points_of_ed25519(void **state)
{
    static const struct {
        uint8_t low, fill, high;
        bool is_point;
    } points[] = {
        {0x00, 0x00, 0x00, true},  {0x01, 0x00, 0x00, true},  {0x58, 0x66, 0x66, true},
        {0x58, 0x66, 0xe6, true},  {0x02, 0x00, 0x00, false}, {0xeb, 0xff, 0x7f, false},
        {0xec, 0xff, 0x7f, true},  {0xed, 0xff, 0x7f, false}, {0xee, 0xff, 0x7f, false},
        {0xff, 0xff, 0xff, false}, {0x02, 0x00, 0x80, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        uint8_t y[32];

        memset(y, points[i].fill, sizeof y);
        y[0] = points[i].low;
        y[31] = points[i].high;
        put_ec(1, -8, 6, y, sizeof y, NULL, 0);
        if (points[i].is_point) {
            struct ck_cose_key *key = parsed();
            ck_cose_key_free(&key);
        } else {
            assert_refused("not a point");
        }
    }
}

static void put_rsa(const void *n, size_t n_size, const void *e, size_t e_size)
{
    buffer.size = 0;
    put(&buffer, "\xa4\x01\x03\x03\x39\x01\x00\x20", 8);
    put_string(&buffer, n, n_size);
    put_byte(&buffer, 0x21);
    put_string(&buffer, e, e_size);
}

static void test_rsa_bounds(void **state)
{
    static uint8_t n[1026];
    struct ck_cose_key *key;

    (void)state;
    memset(n, 0xff, sizeof n);
    put_rsa(n, 256, "\x01\x00\x01", 3);
    key = parsed();
    ck_cose_key_free(&key);
    put_rsa(n, 1024, "\x03", 1);
    key = parsed();
    ck_cose_key_free(&key);
    put_rsa(n, 256, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
    key = parsed();
    ck_cose_key_free(&key);

    put_rsa(n, 1025, "\x03", 1);
    assert_refused("2048 to 8192 bits");
    put_rsa(n, 255, "\x03", 1);
    assert_refused("2048 to 8192 bits");
    put_rsa(n, 128, "\x03", 1);
    assert_refused("2048 to 8192 bits");
    put_rsa(n, 0, "\x03", 1);
    assert_refused("2048 to 8192 bits");
    put_rsa(n, 256, "\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9);
    assert_refused("exponent");
    put_rsa(n, 256, "", 0);
    assert_refused("exponent");
    put_rsa(n, 256, "\x01", 1);
    assert_refused("exponent");
    put_rsa(n, 256, "\x02", 1);
    assert_refused("exponent");
    put_rsa(n, 256, "\x00\x03", 2);
    assert_refused("exponent");
    n[0] = 0x7f;
    put_rsa(n, 256, "\x03", 1);
    assert_refused("fewer than 2048 bits");
    n[0] = 0;
    put_rsa(n, 257, "\x03", 1);
    assert_refused("2048 to 8192 bits");
    n[0] = 0xff;
    n[255] = 0xfe;
    put_rsa(n, 256, "\x03", 1);
    assert_refused("odd");
}

static void test_size_bound(void **state)
{
    (void)state;
    buffer.size = 0;
    put(&buffer, "\xa1\x01\x59\x07\xfb", 5);
    memset(buffer.bytes + buffer.size, 'x', CK_COSE_KEY_MAX);
    buffer.size = CK_COSE_KEY_MAX;
    assert_refused("type and algorithm");
    buffer.bytes[4]++;
    buffer.size++;
    assert_refused("more than 2048");
}

/* The PEM is the key that OpenSSL knows. */
static void test_pem(void **state)
{
    (void)state;
    for (size_t i = 0; i < ALGORITHMS; i++) {
        BIO *bio = BIO_new(BIO_s_mem());
        char *expected, *pem = NULL;
        struct ck_error err;

        make(algorithms[i]);
        struct ck_cose_key *key = parsed();
        assert_int_equal(ck_cose_key_pem(key, &pem, &err), CK_OK);
        PEM_write_bio_PUBKEY(bio, key_of(algorithms[i], 0));
        long size = BIO_get_mem_data(bio, &expected);
        assert_int_equal(strlen(pem), size);
        assert_memory_equal(pem, expected, (size_t)size);
        BIO_free(bio);
        free(pem);
        ck_cose_key_free(&key);
    }
}

static struct ck_bytes failing_signature;

static enum ck_err parse_and_use(struct ck_error *err)
{
    struct ck_bytes cbor = {buffer.bytes, buffer.size};
    struct ck_cose_key *key = (struct ck_cose_key *)UNTOUCHED;
    char *pem = (char *)UNTOUCHED;
    bool valid = false;
    enum ck_err rc = ck_cose_key_parse(&cbor, &key, err);

    if (rc != CK_OK) {
        assert_ptr_equal(key, UNTOUCHED);
        return rc;
    }
    rc = ck_cose_key_verify(key, "m", 1, &failing_signature, &valid, err);
    if (rc == CK_OK) {
        assert_true(valid);
        rc = ck_cose_key_pem(key, &pem, err);
    }
    if (rc == CK_OK)
        free(pem);
    else
        assert_ptr_equal(pem, UNTOUCHED);
    ck_cose_key_free(&key);
    return rc;
}

static void test_allocations_fail(void **state)
{
    struct ck_error err;

    (void)state;
    for (size_t i = 0; i < ALGORITHMS; i++) {
        failing_signature = sign(key_of(algorithms[i], 0), algorithms[i], "m", 1);
        make(algorithms[i]);
        /* What OpenSSL keeps from its first use on is not what is tested. */
        assert_int_equal(parse_and_use(&err), CK_OK);
        fail_each_allocation(parse_and_use, 10);
        ck_bytes_clear(&failing_signature);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verify),
        cmocka_unit_test(test_damaged_signatures),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_damaged_keys),
        cmocka_unit_test(test_refuses_trailing_and_optional),
        cmocka_unit_test(test_refuses_kinds),
        cmocka_unit_test(test_refuses_points_off_the_curve),
        cmocka_unit_test(test_points_of_ed25519),
        cmocka_unit_test(test_rsa_bounds),
        cmocka_unit_test(test_size_bound),
        cmocka_unit_test(test_pem),
        cmocka_unit_test(test_allocations_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
