/* COSE keys from PEM. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <string.h>

#include "attempt.h"
#include "canonical_cbor.h"
#include "cose_label.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/webauthn/cose.h"
#include "signature.h"

/* How a key on a curve is written. */
struct curve {
    const char *group;
    int algorithm;
    int64_t type, id;
    size_t coordinate_size;
};

static const struct curve curves[] = {
    {SN_X9_62_prime256v1, CK_COSE_ES256, TYPE_EC2, 1, 32},
    {SN_secp384r1, CK_COSE_ES384, TYPE_EC2, 2, 48},
    {NULL, 0, 0, 0, 0},
};

static const struct curve ed25519 = {NULL, CK_COSE_EDDSA, TYPE_OKP, 6, ED25519_SIZE};

static void free_number(BIGNUM **number)
{
    BN_free(*number);
}

static void free_bio(BIO **bio)
{
    BIO_free(*bio);
}

static int no_pass_phrase(char *to, int size_max, int is_writing, void *data)
{
    (void)to;
    (void)size_max;
    (void)is_writing;
    (void)data;
    return -1;
}

static bool put_number(struct ck_cbor_writer *writer, EVP_PKEY *key, const char *name)
{
    CK_CLEANUP(free_number) BIGNUM *number = NULL;
    uint8_t bytes[RSA_BYTES_MAX + 1];

    if (EVP_PKEY_get_bn_param(key, name, &number) != 1 || BN_num_bytes(number) > (int)sizeof(bytes))
        return false;
    const struct ck_bytes written = {bytes, (size_t)BN_bn2bin(number, bytes)};
    ck_cbor_write_bytes(writer, &written);
    return true;
}

static bool write_rsa(struct ck_cbor_writer *writer, EVP_PKEY *key)
{
    ck_cbor_write_map(writer, 4);
    ck_cbor_write_integer(writer, LABEL_TYPE);
    ck_cbor_write_integer(writer, TYPE_RSA);
    ck_cbor_write_integer(writer, LABEL_ALGORITHM);
    ck_cbor_write_integer(writer, CK_COSE_RS256);
    ck_cbor_write_integer(writer, LABEL_N);
    if (!put_number(writer, key, OSSL_PKEY_PARAM_RSA_N))
        return false;
    ck_cbor_write_integer(writer, LABEL_E);
    return put_number(writer, key, OSSL_PKEY_PARAM_RSA_E);
}

/* The coordinates one behind the other: y follows x, and there is none for Ed25519. */
static void write_elliptic(struct ck_cbor_writer *writer, const struct curve *curve,
                           uint8_t *coordinates)
{
    const struct ck_bytes x = {coordinates, curve->coordinate_size};
    const struct ck_bytes y = {coordinates + curve->coordinate_size, curve->coordinate_size};

    ck_cbor_write_map(writer, curve->type == TYPE_EC2 ? 5 : 4);
    ck_cbor_write_integer(writer, LABEL_TYPE);
    ck_cbor_write_integer(writer, curve->type);
    ck_cbor_write_integer(writer, LABEL_ALGORITHM);
    ck_cbor_write_integer(writer, curve->algorithm);
    ck_cbor_write_integer(writer, LABEL_CURVE);
    ck_cbor_write_integer(writer, curve->id);
    ck_cbor_write_integer(writer, LABEL_X);
    ck_cbor_write_bytes(writer, &x);
    if (curve->type == TYPE_EC2) {
        ck_cbor_write_integer(writer, LABEL_Y);
        ck_cbor_write_bytes(writer, &y);
    }
}

static bool write_ec(struct ck_cbor_writer *writer, EVP_PKEY *key, const struct curve *curve)
{
    uint8_t point[1 + 2 * COORDINATE_MAX];
    size_t size;

    if (EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                       OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) != 1 ||
        EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point,
                                        sizeof(point), &size) != 1 ||
        size != 1 + 2 * curve->coordinate_size)
        return false;
    write_elliptic(writer, curve, point + 1);
    return true;
}

static bool write_ed25519(struct ck_cbor_writer *writer, EVP_PKEY *key)
{
    uint8_t x[ED25519_SIZE];
    size_t size = sizeof(x);

    if (EVP_PKEY_get_raw_public_key(key, x, &size) != 1 || size != sizeof(x))
        return false;
    write_elliptic(writer, &ed25519, x);
    return true;
}

/* false also for a key of another kind. */
static bool write_key(struct ck_cbor_writer *writer, EVP_PKEY *key)
{
    if (EVP_PKEY_is_a(key, "RSA"))
        return write_rsa(writer, key);
    if (EVP_PKEY_is_a(key, "ED25519"))
        return write_ed25519(writer, key);
    for (size_t i = 0; EVP_PKEY_is_a(key, "EC") && curves[i].group != NULL; i++) {
        if (ck_signature_key_is_on(key, curves[i].group))
            return write_ec(writer, key, &curves[i]);
    }
    return false;
}

static void free_key(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

struct translation {
    const char *pem;
    size_t size;
    uint8_t cbor[CK_COSE_KEY_MAX];
    size_t cbor_size;
    bool is_key; /* whether it is a public key at all */
};

static bool translate(void *data)
{
    struct translation *translation = data;
    CK_CLEANUP(free_bio) BIO *bio = BIO_new_mem_buf(translation->pem, (int)translation->size);
    CK_CLEANUP(free_key) EVP_PKEY *key = NULL;
    struct ck_cbor_writer writer = {.at = translation->cbor, .left = sizeof(translation->cbor)};

    /* A NULL callback would ask for a pass phrase on the terminal; a public key has none. */
    if (bio != NULL)
        key = PEM_read_bio_PUBKEY(bio, NULL, no_pass_phrase, NULL);
    translation->is_key = key != NULL;
    if (key == NULL || !write_key(&writer, key) || writer.is_full)
        return false;
    translation->cbor_size = sizeof(translation->cbor) - writer.left;
    return true;
}

enum ck_err ck_cose_from_pem(const char *pem, size_t size, struct ck_bytes *ret_cbor,
                             struct ck_error *err)
{
    CK_CLEANUP(ck_cose_key_free) struct ck_cose_key *key = NULL;
    struct translation translation = {.pem = pem, .size = size};
    bool is_translated;

    if (size > CK_PEM_MAX)
        return ck_error_set(err, CK_ERR_USAGE, "the public key has more than %d bytes of PEM",
                            CK_PEM_MAX);
    if (ck_openssl_attempt(translate, &translation, &is_translated, err) != CK_OK)
        return err->code;
    if (!translation.is_key)
        return ck_error_set(err, CK_ERR_USAGE, "the public key is no PEM text with a PUBLIC KEY");
    if (!is_translated)
        return ck_error_set(err, CK_ERR_USAGE,
                            "the public key is of another kind than P-256, P-384, Ed25519 and RSA");
    const struct ck_bytes cbor = {translation.cbor, translation.cbor_size};
    if (ck_cose_key_parse(&cbor, &key, err) != CK_OK)
        return err->code;
    return ck_bytes_copy(cbor.data, cbor.size, ret_cbor, err);
}
