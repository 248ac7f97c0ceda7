#include "attest.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "key.h"
#include "must.h"

enum {
    X509_V3 = 2,
    DAYS = 30 * 365,
};

/* --- authenticator data --- */

/* Attested credential data (WebAuthn section 6.5.2). */
static void put_credential(struct message *to, const struct credential *made,
                           const uint8_t aaguid[AAGUID_SIZE])
{
    put_raw(to, aaguid, AAGUID_SIZE);
    put_u16(to, (unsigned)made->id_size);
    put_raw(to, made->id, made->id_size);
    put_cose_key(to, made->key, made->algorithm);
}

void put_authenticator_data(struct message *to, const struct authenticator_data *data,
                            enum fault_kind fault, const uint8_t aaguid[AAGUID_SIZE])
{
    uint8_t hash[HASH_SIZE];
    uint8_t flags = data->flags;

    memcpy(hash, data->rp_id_hash, HASH_SIZE);
    if (fault == FAULT_WRONG_RP_ID_HASH)
        hash[HASH_SIZE - 1] ^= 1;
    if (fault == FAULT_NO_UP)
        flags &= (uint8_t)~FLAG_UP;
    if (fault == FAULT_NO_UV)
        flags &= (uint8_t)~FLAG_UV;
    if (data->made != NULL)
        flags |= FLAG_AT;
    if (data->protection != 0)
        flags |= FLAG_ED;
    put_raw(to, hash, sizeof(hash));
    put_byte(to, flags);
    put_u32(to, data->counter);
    if (data->made != NULL)
        put_credential(to, data->made, aaguid);
    if (data->protection != 0) {
        put_map(to, 1);
        put_text(to, "credProtect");
        put_int(to, data->protection);
    }
}

/* --- certificates --- */

static void add_name(X509_NAME *name, const char *field, const char *text)
{
    MUST(X509_NAME_add_entry_by_txt(name, field, MBSTRING_ASC, (const unsigned char *)text, -1, -1,
                                    0) == 1);
}

static void set_subject(X509 *certificate, const char *common_name)
{
    X509_NAME *name = X509_get_subject_name(certificate);

    add_name(name, "C", "DE");
    add_name(name, "O", "Softkey Works (made up)");
    add_name(name, "OU", "Authenticator Attestation"); /* as WebAuthn section 8.2.1 wants it */
    add_name(name, "CN", common_name);
}

static void add_constraints(X509 *certificate, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, value);

    MUST(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

/* id-fido-gen-ce-aaguid: an octet string in the extension's octet string. */
static void add_aaguid(X509 *certificate, const uint8_t aaguid[AAGUID_SIZE])
{
    uint8_t wrapped[2 + AAGUID_SIZE] = {V_ASN1_OCTET_STRING, AAGUID_SIZE};
    ASN1_OBJECT *type = OBJ_txt2obj("1.3.6.1.4.1.45724.1.1.4", 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();

    memcpy(wrapped + 2, aaguid, AAGUID_SIZE);
    MUST(value != NULL && ASN1_OCTET_STRING_set(value, wrapped, sizeof(wrapped)) == 1);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, type, 0, value);
    MUST(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(type);
}

/* Without issuer: self-signed. */
static X509 *new_certificate(const char *common_name, EVP_PKEY *public_key, X509 *issuer)
{
    X509 *certificate = X509_new();

    MUST(certificate != NULL && X509_set_version(certificate, X509_V3) == 1);
    MUST(ASN1_INTEGER_set(X509_get_serialNumber(certificate), issuer == NULL ? 1 : 2) == 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -24L * 3600);
    X509_time_adj_ex(X509_getm_notAfter(certificate), DAYS, 0, NULL);
    set_subject(certificate, common_name);
    MUST(X509_set_issuer_name(certificate,
                              X509_get_subject_name(issuer == NULL ? certificate : issuer)) == 1);
    MUST(X509_set_pubkey(certificate, public_key) == 1);
    add_constraints(certificate, issuer == NULL ? "critical,CA:TRUE" : "critical,CA:FALSE");
    return certificate;
}

static void make_ca(struct attestation *attestation)
{
    BIO *pem = BIO_new(BIO_s_mem());
    char *text;

    attestation->ca_key = key_new(ALG_ES256);
    attestation->key = key_new(ALG_ES256);
    X509 *ca = new_certificate("Softkey CA", attestation->ca_key, NULL);
    MUST(X509_sign(ca, attestation->ca_key, EVP_sha256()) > 0);
    MUST(pem != NULL && PEM_write_bio_X509(pem, ca) == 1);
    long size = BIO_get_mem_data(pem, &text);
    attestation->ca_pem = strndup(text, (size_t)size);
    MUST(attestation->ca_pem != NULL);
    BIO_free(pem);
    X509_free(ca);
}

static X509 *read_ca(const struct attestation *attestation)
{
    BIO *pem = BIO_new_mem_buf(attestation->ca_pem, -1);
    X509 *ca = pem == NULL ? NULL : PEM_read_bio_X509(pem, NULL, NULL, NULL);

    MUST(ca != NULL);
    BIO_free(pem);
    return ca;
}

static void make_batch(struct attestation *attestation, const uint8_t aaguid[AAGUID_SIZE])
{
    X509 *ca = read_ca(attestation);
    X509 *batch = new_certificate("Softkey batch 1", attestation->key, ca);
    unsigned char *der = NULL;

    add_aaguid(batch, aaguid);
    MUST(X509_sign(batch, attestation->ca_key, EVP_sha256()) > 0);
    int size = i2d_X509(batch, &der);
    MUST(size > 0);
    free(attestation->certificate);
    attestation->certificate = malloc((size_t)size);
    MUST(attestation->certificate != NULL);
    memcpy(attestation->certificate, der, (size_t)size);
    attestation->certificate_size = (size_t)size;
    memcpy(attestation->aaguid, aaguid, AAGUID_SIZE);
    OPENSSL_free(der);
    X509_free(batch);
    X509_free(ca);
}

const struct attestation *attest_batch(struct key *key)
{
    struct attestation *attestation = &key->store.attestation;
    bool fresh = attestation->key == NULL;

    if (fresh)
        make_ca(attestation);
    if (fresh || memcmp(attestation->aaguid, key->script.aaguid, AAGUID_SIZE) != 0) {
        make_batch(attestation, key->script.aaguid);
        store_save(&key->store);
    }
    return attestation;
}

/* --- statements --- */

const char *attest_format(const struct key *key)
{
    return key->script.attestation == ATTEST_NONE ? "none" : "packed";
}

/* The wrong signature is well formed: DER says where its last number ends, not what it is. */
size_t attest_sign(const struct key *key, EVP_PKEY *with, enum algorithm algorithm,
                   struct slice data, uint8_t ret[SIGNATURE_MAX])
{
    size_t size = key_sign(with, algorithm, data.data, data.size, ret);

    if (key->fault.kind == FAULT_WRONG_SIGNATURE)
        ret[size - 1] ^= 1;
    return size;
}

void put_statement(struct key *key, struct message *reply, const struct credential *made,
                   struct slice signed_data)
{
    bool batch = key->script.attestation == ATTEST_BATCH;
    const struct attestation *attestation = batch ? attest_batch(key) : NULL;
    enum algorithm algorithm = batch ? ALG_ES256 : made->algorithm;
    uint8_t signature[SIGNATURE_MAX];

    if (key->script.attestation == ATTEST_NONE) {
        put_map(reply, 0);
        return;
    }
    size_t size =
        attest_sign(key, batch ? attestation->key : made->key, algorithm, signed_data, signature);
    put_map(reply, batch ? 3 : 2);
    put_text(reply, "alg");
    put_int(reply, algorithm);
    put_text(reply, "sig");
    put_bytes(reply, signature, size);
    if (batch) {
        put_text(reply, "x5c");
        put_array(reply, 1);
        put_bytes(reply, attestation->certificate, attestation->certificate_size);
    }
}
