/* Reading certificates, by OpenSSL. */
#include "cowkey/mailcow/server_certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cowkey/base/cleanup.h"

static void x509_free(X509 **x509)
{
    X509_free(*x509);
}

static void bio_free(BIO **bio)
{
    BIO_free(*bio);
}

static void names_free(GENERAL_NAMES **names)
{
    GENERAL_NAMES_free(*names);
}

static enum ck_err unreadable(struct ck_error *err)
{
    ERR_clear_error();
    return ck_error_set(err, CK_ERR_UNREACHABLE, "the server's certificate can't be read");
}

static enum ck_err read_end(const X509 *x509, int64_t *ret_time_s, struct ck_error *err)
{
    struct tm end;

    if (!ASN1_TIME_to_tm(X509_get0_notAfter(x509), &end))
        return unreadable(err);
    *ret_time_s = timegm(&end);
    return CK_OK;
}

static void read_issuer(const X509 *x509, char *ret_issuer, size_t size)
{
    static const int fields[] = {NID_organizationName, NID_commonName};

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (X509_NAME_get_text_by_NID(X509_get_issuer_name(x509), fields[i], ret_issuer,
                                      (int)size) > 0)
            return;
    }
    ret_issuer[0] = '\0';
}

static void read_names(const X509 *x509, struct ck_server_certificate *certificate)
{
    CK_CLEANUP(names_free)
    GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS)
            continue;
        const char *text = (const char *)ASN1_STRING_get0_data(name->d.dNSName);
        int length = ASN1_STRING_length(name->d.dNSName);
        if (certificate->names_count < CK_SERVER_CERTIFICATE_NAMES_MAX)
            snprintf(certificate->names[certificate->names_count], CK_HOST_MAX, "%.*s", length,
                     text);
        certificate->names_count++;
    }
}

static enum ck_err read_one(const char *pem, bool is_first,
                            struct ck_server_certificate *certificate, struct ck_error *err)
{
    CK_CLEANUP(bio_free) BIO *bio = BIO_new_mem_buf(pem, -1);
    CK_CLEANUP(x509_free)
    X509 *x509 = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    int64_t end_s = 0;

    if (x509 == NULL)
        return unreadable(err);
    enum ck_err r = read_end(x509, &end_s, err);
    if (r != CK_OK)
        return r;
    if (is_first || end_s < certificate->expires_s)
        certificate->expires_s = end_s;
    if (is_first) {
        read_issuer(x509, certificate->issuer, sizeof(certificate->issuer));
        read_names(x509, certificate);
    }
    return CK_OK;
}

enum ck_err ck_server_certificate_parse(const char *const *pems, size_t count,
                                        struct ck_server_certificate *ret_certificate,
                                        struct ck_error *err)
{
    CK_CLEANUP(ck_free_p)
    struct ck_server_certificate *certificate = calloc(1, sizeof(*certificate));

    if (certificate == NULL)
        return ck_error_no_memory(err);
    if (count == 0)
        return unreadable(err);
    for (size_t i = 0; i < count; i++) {
        enum ck_err r = read_one(pems[i], i == 0, certificate, err);
        if (r != CK_OK)
            return r;
    }
    certificate->chain_count = count;
    *ret_certificate = *certificate;
    return CK_OK;
}
