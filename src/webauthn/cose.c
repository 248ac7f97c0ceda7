#include "cowkey/webauthn/cose.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <string.h>

#include "attempt.h"
#include "canonical_cbor.h"
#include "cose_label.h"
#include "cose_point.h"
#include "cowkey/base/cleanup.h"
#include "signature.h"

struct ck_cose_key {
    int algorithm;
    EVP_PKEY *key;
    struct ck_verifier *verifier;
};

/* WebAuthn binds each elliptic algorithm to one curve (section 5.8.5). */
struct curve {
    int algorithm;
    int64_t type, id;
    size_t coordinate_size;
    const char *group;
};

static const struct curve curves[] = {
    {CK_COSE_ES256, TYPE_EC2, 1, 32, "P-256"},
    {CK_COSE_ES384, TYPE_EC2, 2, 48, "P-384"},
    {CK_COSE_EDDSA, TYPE_OKP, 6, ED25519_SIZE, NULL},
};

static enum ck_err refuse(struct ck_error *err, const char *reason)
{
    return ck_error_set(err, CK_ERR_USAGE, "the public key %s", reason);
}

static void free_params(OSSL_PARAM **params)
{
    OSSL_PARAM_free(*params);
}

static void free_builder(OSSL_PARAM_BLD **builder)
{
    OSSL_PARAM_BLD_free(*builder);
}

static void free_context(EVP_PKEY_CTX **context)
{
    EVP_PKEY_CTX_free(*context);
}

static void free_number(BIGNUM **number)
{
    BN_free(*number);
}

static void free_numbers(BN_CTX **context)
{
    BN_CTX_free(*context);
}

static void free_bio(BIO **bio)
{
    BIO_free(*bio);
}

/* --- making OpenSSL's key --- */

struct making {
    const char *type;
    OSSL_PARAM *params;
    EVP_PKEY *key;
};

static bool try_making(void *data)
{
    struct making *making = data;
    CK_CLEANUP(free_context)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, making->type, NULL);

    return context != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
           EVP_PKEY_fromdata(context, &making->key, EVP_PKEY_PUBLIC_KEY, making->params) == 1;
}

/* OpenSSL refuses points off the curve and coordinates that are not below its prime. */
static enum ck_err make_key(const char *type, OSSL_PARAM *params, EVP_PKEY **ret_key,
                            struct ck_error *err)
{
    struct making making = {type, params, NULL};
    bool made;

    if (ck_openssl_attempt(try_making, &making, &made, err) != CK_OK)
        return err->code;
    if (!made)
        return refuse(err, "is not a point on its curve");
    *ret_key = making.key;
    return CK_OK;
}

static enum ck_err make_ec(const struct curve *curve, const uint8_t *x, const uint8_t *y,
                           EVP_PKEY **ret_key, struct ck_error *err)
{
    uint8_t point[1 + 2 * COORDINATE_MAX] = {POINT_CONVERSION_UNCOMPRESSED};
    char group[8];
    OSSL_PARAM params[3];

    strcpy(group, curve->group);
    memcpy(point + 1, x, curve->coordinate_size);
    memcpy(point + 1 + curve->coordinate_size, y, curve->coordinate_size);
    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
    params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point,
                                                  1 + 2 * curve->coordinate_size);
    params[2] = OSSL_PARAM_construct_end();
    return make_key("EC", params, ret_key, err);
}

/*
 * y is on the curve -x^2 + y^2 = 1 + d x^2 y^2 (RFC 8032 section 5.1) when it is below p and
 * x^2 = (y^2 - 1) / (d y^2 + 1) is a square, which it is when the product of the two sides of the
 * fraction is one, or 0.
 */
static bool is_on_edwards25519(const uint8_t *encoded)
{
    static const char p_hex[] = "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed";
    static const char d_hex[] = "52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3";
    CK_CLEANUP(free_numbers) BN_CTX *context = BN_CTX_new();
    CK_CLEANUP(free_number) BIGNUM *p = NULL;
    CK_CLEANUP(free_number) BIGNUM *d = NULL;
    CK_CLEANUP(free_number) BIGNUM *y = NULL;
    CK_CLEANUP(free_number) BIGNUM *above = BN_new();
    CK_CLEANUP(free_number) BIGNUM *below = BN_new();
    uint8_t little_endian[ED25519_SIZE];

    memcpy(little_endian, encoded, sizeof(little_endian));
    little_endian[ED25519_SIZE - 1] &= 0x7f; /* the sign of x */
    y = BN_lebin2bn(little_endian, sizeof(little_endian), NULL);
    if (context == NULL || y == NULL || above == NULL || below == NULL ||
        BN_hex2bn(&p, p_hex) == 0 || BN_hex2bn(&d, d_hex) == 0 || BN_cmp(y, p) >= 0 ||
        BN_mod_sqr(above, y, p, context) != 1 || BN_mod_mul(below, above, d, p, context) != 1 ||
        BN_sub_word(above, 1) != 1 || BN_add_word(below, 1) != 1 ||
        BN_mod_mul(above, above, below, p, context) != 1)
        return false;
    int symbol = BN_kronecker(above, p, context);
    return symbol == 0 || symbol == 1;
}

struct making_ed25519 {
    const uint8_t *x;
    EVP_PKEY *key;
};

/* OpenSSL looks for the point only when it verifies. */
static bool try_making_ed25519(void *data)
{
    struct making_ed25519 *making = data;

    if (!is_on_edwards25519(making->x))
        return false;
    making->key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, making->x, ED25519_SIZE);
    return making->key != NULL;
}

static enum ck_err make_ed25519(const uint8_t *x, EVP_PKEY **ret_key, struct ck_error *err)
{
    struct making_ed25519 making = {x, NULL};
    bool made;

    if (ck_openssl_attempt(try_making_ed25519, &making, &made, err) != CK_OK)
        return err->code;
    if (!made)
        return refuse(err, "is not a point on its curve");
    *ret_key = making.key;
    return CK_OK;
}

static enum ck_err make_rsa(const struct ck_cbor_reader *modulus,
                            const struct ck_cbor_reader *exponent, EVP_PKEY **ret_key,
                            struct ck_error *err)
{
    CK_CLEANUP(free_number) BIGNUM *n = BN_bin2bn(modulus->at, (int)modulus->left, NULL);
    CK_CLEANUP(free_number) BIGNUM *e = BN_bin2bn(exponent->at, (int)exponent->left, NULL);
    CK_CLEANUP(free_builder) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    CK_CLEANUP(free_params) OSSL_PARAM *params = NULL;

    if (n != NULL && e != NULL && builder != NULL &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        params = OSSL_PARAM_BLD_to_param(builder);
    if (params == NULL) {
        ERR_clear_error();
        return ck_error_no_memory(err);
    }
    return make_key("RSA", params, ret_key, err);
}

/* --- reading --- */

static const struct curve *curve_of(int64_t algorithm)
{
    for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
        if (curves[i].algorithm == algorithm)
            return &curves[i];
    }
    return NULL;
}

/* Exactly the members that the type needs: section 6.5.1.1 allows no optional one. */
static enum ck_err parse_elliptic(const struct ck_cbor_item *map, const struct curve *curve,
                                  int64_t type, EVP_PKEY **ret_key, struct ck_error *err)
{
    size_t members = curve->type == TYPE_EC2 ? 5 : 4;
    struct ck_cbor_item id, x, y = {0};

    if (type != curve->type || !ck_cbor_find_integer(map, LABEL_CURVE, CK_CBOR_INTEGER, &id) ||
        id.integer != curve->id)
        return refuse(err, "is of another type or curve than its algorithm");
    if (map->count != members || !ck_cbor_find_integer(map, LABEL_X, CK_CBOR_BYTES, &x) ||
        (curve->type == TYPE_EC2 && !ck_cbor_find_integer(map, LABEL_Y, CK_CBOR_BYTES, &y)))
        return refuse(err, "has other members than its type needs");
    if (x.content.left != curve->coordinate_size ||
        (curve->type == TYPE_EC2 && y.content.left != curve->coordinate_size))
        return refuse(err, "has coordinates of a wrong size");
    return curve->type == TYPE_EC2 ? make_ec(curve, x.content.at, y.content.at, ret_key, err)
                                   : make_ed25519(x.content.at, ret_key, err);
}

/* RFC 8230 section 4: numbers are written in as few bytes as they need. */
static bool is_odd_number(const struct ck_cbor_reader *number, size_t size_min, size_t size_max)
{
    return number->left >= size_min && number->left <= size_max && number->at[0] != 0 &&
           (number->at[number->left - 1] & 1) != 0;
}

static enum ck_err parse_rsa(const struct ck_cbor_item *map, int64_t type, EVP_PKEY **ret_key,
                             struct ck_error *err)
{
    struct ck_cbor_item n, e;

    if (type != TYPE_RSA)
        return refuse(err, "is of another type or curve than its algorithm");
    if (map->count != 4 || !ck_cbor_find_integer(map, LABEL_N, CK_CBOR_BYTES, &n) ||
        !ck_cbor_find_integer(map, LABEL_E, CK_CBOR_BYTES, &e))
        return refuse(err, "has other members than its type needs");
    if (n.content.left == RSA_BYTES_MIN && n.content.at[0] < 0x80)
        return refuse(err, "has fewer than 2048 bits");
    if (!is_odd_number(&n.content, RSA_BYTES_MIN, RSA_BYTES_MAX))
        return refuse(err, "has a modulus that is not an odd number of 2048 to 8192 bits");
    if (!is_odd_number(&e.content, 1, EXPONENT_BYTES_MAX) ||
        (e.content.left == 1 && e.content.at[0] == 1))
        return refuse(err, "has an exponent that is not an odd number of up to 64 bits above 1");
    return make_rsa(&n.content, &e.content, ret_key, err);
}

enum ck_err ck_cose_key_parse(const struct ck_bytes *cbor, struct ck_cose_key **ret_key,
                              struct ck_error *err)
{
    CK_CLEANUP(ck_cose_key_free) struct ck_cose_key *key = NULL;
    struct ck_cbor_item map, type, algorithm;
    const struct curve *curve;

    if (cbor->size > CK_COSE_KEY_MAX)
        return ck_error_set(err, CK_ERR_USAGE, "the public key has more than %d bytes",
                            CK_COSE_KEY_MAX);
    if (!ck_cbor_read_whole(cbor->data, cbor->size, CK_CBOR_MAP, &map))
        return refuse(err, "is not a map in canonical CBOR");
    if (!ck_cbor_find_integer(&map, LABEL_TYPE, CK_CBOR_INTEGER, &type) ||
        !ck_cbor_find_integer(&map, LABEL_ALGORITHM, CK_CBOR_INTEGER, &algorithm))
        return refuse(err, "does not tell its type and algorithm");
    curve = curve_of(algorithm.integer);
    if (curve == NULL && algorithm.integer != CK_COSE_RS256)
        return ck_error_set(err, CK_ERR_USAGE, "the public key is for an unknown algorithm (%lld)",
                            (long long)algorithm.integer);
    key = calloc(1, sizeof(*key));
    if (key == NULL)
        return ck_error_no_memory(err);
    key->algorithm = (int)algorithm.integer;
    if ((curve != NULL ? parse_elliptic(&map, curve, type.integer, &key->key, err)
                       : parse_rsa(&map, type.integer, &key->key, err)) != CK_OK ||
        ck_verifier_new(key->key, key->algorithm, &key->verifier, err) != CK_OK)
        return err->code;
    *ret_key = CK_TAKE(key);
    return CK_OK;
}

void ck_cose_key_free(struct ck_cose_key **key)
{
    if (*key != NULL) {
        ck_verifier_free(&(*key)->verifier);
        EVP_PKEY_free((*key)->key);
    }
    free(*key);
    *key = NULL;
}

/* --- using --- */

int ck_cose_key_algorithm(const struct ck_cose_key *key)
{
    return key->algorithm;
}

enum ck_err ck_cose_key_verify(const struct ck_cose_key *key, const void *message, size_t size,
                               const struct ck_bytes *signature, bool *ret_valid,
                               struct ck_error *err)
{
    return ck_verifier_verify(key->verifier, message, size, signature, ret_valid, err);
}

bool ck_cose_point(const struct ck_bytes *cbor, uint8_t ret_point[CK_P256_POINT_SIZE])
{
    struct ck_cbor_item map, x, y;

    if (!ck_cbor_read_whole(cbor->data, cbor->size, CK_CBOR_MAP, &map) ||
        !ck_cbor_find_integer(&map, LABEL_X, CK_CBOR_BYTES, &x) ||
        !ck_cbor_find_integer(&map, LABEL_Y, CK_CBOR_BYTES, &y) || x.content.left != 32 ||
        y.content.left != 32)
        return false;
    ret_point[0] = POINT_CONVERSION_UNCOMPRESSED;
    memcpy(ret_point + 1, x.content.at, 32);
    memcpy(ret_point + 33, y.content.at, 32);
    return true;
}

enum ck_err ck_cose_key_pem(const struct ck_cose_key *key, char **ret_pem, struct ck_error *err)
{
    CK_CLEANUP(free_bio) BIO *bio = BIO_new(BIO_s_mem());
    char *data, *pem = NULL;

    if (bio != NULL && PEM_write_bio_PUBKEY(bio, key->key) == 1) {
        long size = BIO_get_mem_data(bio, &data);
        pem = strndup(data, (size_t)size);
    }
    if (pem == NULL) {
        ERR_clear_error();
        return ck_error_no_memory(err);
    }
    *ret_pem = pem;
    return CK_OK;
}
