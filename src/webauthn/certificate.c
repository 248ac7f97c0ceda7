#include "certificate.h"

#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "attempt.h"
#include "cowkey/base/cleanup.h"
#include "signature.h"

struct parsing {
    const struct ck_bytes *der;
    X509 *certificate;
};

static bool parse(void *data)
{
    struct parsing *parsing = data;
    const struct ck_bytes *der = parsing->der;
    const unsigned char *at = der->data;
    CK_CLEANUP(ck_certificate_free) X509 *certificate = d2i_X509(NULL, &at, (long)der->size);

    if (certificate == NULL || at != der->data + der->size || X509_get0_pubkey(certificate) == NULL)
        return false;
    parsing->certificate = CK_TAKE(certificate);
    return true;
}

enum ck_err ck_certificate_parse(const struct ck_bytes *der, X509 **ret_certificate,
                                 struct ck_error *err)
{
    struct parsing parsing = {der, NULL};
    bool parsed;

    if (ck_openssl_attempt(parse, &parsing, &parsed, err) != CK_OK)
        return err->code;
    if (!parsed)
        return ck_error_set(err, CK_ERR_USAGE, "an attestation certificate can't be read");
    *ret_certificate = parsing.certificate;
    return CK_OK;
}

void ck_certificate_free(X509 **certificate)
{
    X509_free(*certificate);
    *certificate = NULL;
}

/* --- section 8.2.1 --- */

/* The first entry of that kind as text; false when there is none, or it holds a NUL. */
static bool read_entry(X509 *certificate, int nid, char *to, int size_max)
{
    int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), nid, to, size_max);

    return size > 0 && strlen(to) == (size_t)size;
}

static bool is_subject_right(X509 *certificate)
{
    char text[256];

    return read_entry(certificate, NID_countryName, text, sizeof(text)) && strlen(text) == 2 &&
           read_entry(certificate, NID_organizationName, text, sizeof(text)) &&
           read_entry(certificate, NID_commonName, text, sizeof(text)) &&
           read_entry(certificate, NID_organizationalUnitName, text, sizeof(text)) &&
           strcmp(text, "Authenticator Attestation") == 0;
}

/* The extension has to be there, once, and to say that this is not a CA. */
static bool is_end_entity(X509 *certificate)
{
    BASIC_CONSTRAINTS *constraints =
        X509_get_ext_d2i(certificate, NID_basic_constraints, NULL, NULL);
    bool is_it = constraints != NULL && constraints->ca == 0;

    BASIC_CONSTRAINTS_free(constraints);
    return is_it;
}

static bool is_for_packed(void *certificate)
{
    return X509_get_version(certificate) == X509_VERSION_3 && is_subject_right(certificate) &&
           is_end_entity(certificate);
}

enum ck_err ck_certificate_is_for_packed(X509 *certificate, bool *ret_is_it, struct ck_error *err)
{
    return ck_openssl_attempt(is_for_packed, certificate, ret_is_it, err);
}

static bool is_aaguid_extension(const ASN1_OBJECT *object)
{
    static const char oid[] = "1.3.6.1.4.1.45724.1.1.4"; /* id-fido-gen-ce-aaguid */
    char text[sizeof(oid) + 1];

    return OBJ_obj2txt(text, sizeof(text), object, 1) == (int)strlen(oid) && strcmp(text, oid) == 0;
}

/* An octet string of 16 bytes in the extension's octet string; it must not be critical. */
static bool holds_aaguid(X509_EXTENSION *extension, const uint8_t aaguid[CK_AAGUID_SIZE])
{
    static const uint8_t head[] = {V_ASN1_OCTET_STRING, CK_AAGUID_SIZE};
    const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(extension);
    const uint8_t *bytes = ASN1_STRING_get0_data(value);

    return ASN1_STRING_length(value) == (int)sizeof(head) + CK_AAGUID_SIZE &&
           memcmp(bytes, head, sizeof(head)) == 0 &&
           memcmp(bytes + sizeof(head), aaguid, CK_AAGUID_SIZE) == 0 &&
           X509_EXTENSION_get_critical(extension) == 0;
}

bool ck_certificate_has_aaguid(X509 *certificate, const uint8_t aaguid[CK_AAGUID_SIZE])
{
    for (int i = 0; i < X509_get_ext_count(certificate); i++) {
        X509_EXTENSION *extension = X509_get_ext(certificate, i);

        if (is_aaguid_extension(X509_EXTENSION_get_object(extension)) &&
            !holds_aaguid(extension, aaguid))
            return false;
    }
    return true;
}

static bool is_on_p256(void *certificate)
{
    return ck_signature_key_is_on(X509_get0_pubkey(certificate), SN_X9_62_prime256v1);
}

enum ck_err ck_certificate_is_on_p256(X509 *certificate, bool *ret_is_it, struct ck_error *err)
{
    return ck_openssl_attempt(is_on_p256, certificate, ret_is_it, err);
}
