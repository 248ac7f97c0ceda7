/* Certificates of recipients, and CMS for them, by OpenSSL. */
#include "seal.h"

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/file.h"

enum {
    CERTIFICATE_FILE_MAX = 64 * 1024, /* bytes */
    RSA_BITS_MIN = 2048,
};

struct ck_seal {
    X509 *certificate;
};

static void free_bio(BIO **bio)
{
    BIO_free(*bio);
}

static void free_certificate(X509 **certificate)
{
    X509_free(*certificate);
}

static void free_certificates(STACK_OF(X509) * *certificates)
{
    sk_X509_free(*certificates);
}

static void free_message(CMS_ContentInfo **message)
{
    CMS_ContentInfo_free(*message);
}

void ck_seal_free(struct ck_seal **seal)
{
    if (*seal == NULL)
        return;
    X509_free((*seal)->certificate);
    free(*seal);
    *seal = NULL;
}

/* --- sealing --- */

static enum ck_err seal_failed(struct ck_error *err)
{
    unsigned long why = ERR_peek_last_error();
    const char *reason = why != 0 ? ERR_reason_error_string(why) : NULL;

    ERR_clear_error();
    return ck_error_set(err, CK_ERR_UNCHANGED, "it could not be sealed: %s",
                        reason != NULL ? reason : "OpenSSL does not say why");
}

enum ck_err seal_bytes(const struct ck_seal *seal, const struct ck_secret *plain,
                       struct ck_bytes *ret_sealed, struct ck_error *err)
{
    CK_CLEANUP(free_bio)
    BIO *from = BIO_new_mem_buf(ck_secret_bytes(plain), (int)ck_secret_size(plain));
    CK_CLEANUP(free_bio) BIO *to = BIO_new(BIO_s_mem());
    CK_CLEANUP(free_certificates) STACK_OF(X509) *recipients = sk_X509_new_null();
    CK_CLEANUP(free_message) CMS_ContentInfo *message = NULL;
    char *bytes;

    if (from == NULL || to == NULL || recipients == NULL ||
        sk_X509_push(recipients, seal->certificate) == 0)
        return ck_error_no_memory(err);
    message = CMS_encrypt(recipients, from, EVP_aes_256_gcm(), CMS_BINARY);
    if (message == NULL || i2d_CMS_bio(to, message) != 1)
        return seal_failed(err);
    long size = BIO_get_mem_data(to, &bytes);
    return ck_bytes_copy(bytes, (size_t)size, ret_sealed, err);
}

/* --- a recipient's certificate --- */

static enum ck_err refuse(const char *path, const char *why, const char *hint, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_USAGE, "the certificate '%.200s' %s", path, why);
    return ck_error_hint(err, "%s", hint);
}

static const char hint_certificate[] =
    "Give the recipient's certificate in PEM; one in DER is made "
    "that by openssl x509 -inform DER.";
static const char hint_private[] =
    "Who has the private key can open what is sealed: keep it away from here, and give the "
    "certificate alone.";

/* Takes the certificate of one block of the file; others make it no file to seal to. */
static enum ck_err take_block(const char *path, const char *name, const unsigned char *data,
                              long size, X509 **certificate, struct ck_error *err)
{
    if (strstr(name, "PRIVATE KEY") != NULL)
        return refuse(path, "holds a private key", hint_private, err);
    if (strcmp(name, PEM_STRING_X509) != 0 && strcmp(name, PEM_STRING_X509_OLD) != 0)
        return refuse(path, "holds something else, too", hint_certificate, err);
    if (*certificate != NULL)
        return refuse(path, "holds more than one",
                      "Leave the one of the recipient in the file, and none of who issued it.",
                      err);
    *certificate = d2i_X509(NULL, &data, size);
    ERR_clear_error();
    return *certificate != NULL
               ? CK_OK
               : refuse(path, "is broken", "Have the recipient send it again.", err);
}

/* A private key that stands there by mistake goes through the secure heap. */
static enum ck_err read_blocks(BIO *from, const char *path, X509 **certificate,
                               struct ck_error *err)
{
    enum ck_err r = CK_OK;
    unsigned char *data;
    char *name, *header;
    long size;

    while (r == CK_OK &&
           PEM_read_bio_ex(from, &name, &header, &data, &size, PEM_FLAG_SECURE) == 1) {
        r = take_block(path, name, data, size, certificate, err);
        OPENSSL_secure_free(name);
        OPENSSL_secure_free(header);
        OPENSSL_secure_clear_free(data, (size_t)size);
    }
    bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (r != CK_OK)
        return r;
    return at_end && *certificate != NULL ? CK_OK
                                          : refuse(path, "is none in PEM", hint_certificate, err);
}

static enum ck_err read_certificate(const char *path, X509 **ret_certificate, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *text = NULL;
    CK_CLEANUP(free_certificate) X509 *certificate = NULL;
    enum ck_err r = ck_file_read(path, CERTIFICATE_FILE_MAX, "the certificate", &text, err);

    if (r != CK_OK)
        return r;
    CK_CLEANUP(free_bio)
    BIO *from = BIO_new_mem_buf(ck_secret_bytes(text), (int)ck_secret_size(text));
    if (from == NULL)
        return ck_error_no_memory(err);
    r = read_blocks(from, path, &certificate, err);
    if (r == CK_OK)
        *ret_certificate = CK_TAKE(certificate);
    return r;
}

static enum ck_err check_time(const char *path, const X509 *certificate, int64_t now_s,
                              struct ck_error *err)
{
    time_t now = (time_t)now_s;
    int begin = X509_cmp_time(X509_get0_notBefore(certificate), &now);
    int end = X509_cmp_time(X509_get0_notAfter(certificate), &now);

    if (begin == 0 || end == 0)
        return refuse(path, "does not say how long it is valid",
                      "Have the recipient send another one.", err);
    if (begin > 0)
        return refuse(path, "is not valid yet", "Is the clock of this computer right?", err);
    if (end < 0)
        return refuse(path, "has expired", "Have the recipient send the one that is in use now.",
                      err);
    return CK_OK;
}

static enum ck_err check_key(const char *path, X509 *certificate, struct ck_error *err)
{
    static const char other[] = "Have the recipient send one for encryption, with an RSA key of at "
                                "least 2048 bits or an EC key.";
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    int type = key != NULL ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE;
    uint32_t usage = X509_get_key_usage(certificate); /* all bits where it says nothing */
    uint32_t needed = type == EVP_PKEY_EC ? KU_KEY_AGREEMENT : KU_KEY_ENCIPHERMENT;

    ERR_clear_error();
    if (type != EVP_PKEY_RSA && type != EVP_PKEY_EC)
        return refuse(path, "has a key that nothing can be sealed to", other, err);
    if (type == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) < RSA_BITS_MIN)
        return refuse(path, "has a key that is too short", other, err);
    if ((usage & needed) == 0)
        return refuse(path, "is not meant for encryption (its key usage)", other, err);
    return CK_OK;
}

/* What can't be sealed to is found out here, and not in the middle of a run. */
static enum ck_err try_out(const char *path, const struct ck_seal *seal, struct ck_error *err)
{
    CK_CLEANUP(ck_bytes_clear) struct ck_bytes sealed = {0};
    CK_CLEANUP(ck_secret_free) struct ck_secret *plain = NULL;
    enum ck_err r = ck_secret_new("x", 1, &plain, err);

    if (r != CK_OK)
        return r;
    return seal_bytes(seal, plain, &sealed, err) == CK_OK
               ? CK_OK
               : refuse(path, "is one that OpenSSL can't seal to", hint_certificate, err);
}

enum ck_err ck_seal_load(const char *path, int64_t now_s, struct ck_seal **ret_seal,
                         struct ck_error *err)
{
    CK_CLEANUP(ck_seal_free) struct ck_seal *seal = calloc(1, sizeof(*seal));

    if (seal == NULL)
        return ck_error_no_memory(err);
    enum ck_err r = read_certificate(path, &seal->certificate, err);
    if (r == CK_OK)
        r = check_time(path, seal->certificate, now_s, err);
    if (r == CK_OK)
        r = check_key(path, seal->certificate, err);
    if (r == CK_OK)
        r = try_out(path, seal, err);
    if (r == CK_OK)
        *ret_seal = CK_TAKE(seal);
    return r;
}
