#include "cowkey/webauthn/trust.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "attempt.h"
#include "certificate.h"
#include "cowkey/base/cleanup.h"

enum { SECURITY_LEVEL = 1 };

struct ck_trust {
    X509_STORE *store;
};

void ck_trust_free(struct ck_trust **trust)
{
    if (*trust != NULL)
        X509_STORE_free((*trust)->store);
    free(*trust);
    *trust = NULL;
}

static void free_bio(BIO **bio)
{
    BIO_free(*bio);
}

static void free_stack(STACK_OF(X509) * *stack)
{
    sk_X509_pop_free(*stack, X509_free);
}

static void free_context(X509_STORE_CTX **context)
{
    X509_STORE_CTX_free(*context);
}

/* --- roots --- */

static int no_pass_phrase(char *to, int size_max, int is_writing, void *data)
{
    (void)to;
    (void)size_max;
    (void)is_writing;
    (void)data;
    return -1;
}

struct reading {
    const char *pem;
    size_t size;
    X509_STORE *store;
    unsigned count; /* certificates that were read */
    bool is_whole;  /* there was nothing behind them that looks like one */
};

static bool read_roots(void *data)
{
    struct reading *reading = data;
    CK_CLEANUP(free_bio) BIO *bio = BIO_new_mem_buf(reading->pem, (int)reading->size);
    X509_STORE *store = X509_STORE_new();

    reading->count = 0;
    reading->is_whole = false;
    while (bio != NULL && store != NULL && reading->count <= CK_ROOTS_MAX) {
        /* A NULL callback would ask for a pass phrase on the terminal; a certificate has none. */
        CK_CLEANUP(ck_certificate_free)
        X509 *root = PEM_read_bio_X509(bio, NULL, no_pass_phrase, NULL);

        if (root == NULL) {
            reading->is_whole = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
            break;
        }
        /* Its extensions are read now: what short memory hides then would stay hidden. */
        if (X509_check_purpose(root, -1, 0) != 1 || X509_STORE_add_cert(store, root) != 1)
            break;
        reading->count++;
    }
    if (!reading->is_whole || reading->count == 0) {
        X509_STORE_free(store);
        return false;
    }
    reading->store = store;
    return true;
}

enum ck_err ck_trust_parse(const char *pem, size_t size, struct ck_trust **ret_trust,
                           struct ck_error *err)
{
    struct reading reading = {.pem = pem, .size = size};
    CK_CLEANUP(ck_trust_free) struct ck_trust *trust = calloc(1, sizeof(*trust));
    bool is_read;

    if (trust == NULL)
        return ck_error_no_memory(err);
    if (size > CK_ROOTS_SIZE_MAX)
        return ck_error_set(err, CK_ERR_USAGE, "the roots have more than %d bytes",
                            CK_ROOTS_SIZE_MAX);
    if (ck_openssl_attempt(read_roots, &reading, &is_read, err) != CK_OK)
        return err->code;
    if (!is_read && reading.is_whole)
        return ck_error_set(err, CK_ERR_USAGE, "the roots hold no certificate in PEM");
    if (!is_read && reading.count > CK_ROOTS_MAX)
        return ck_error_set(err, CK_ERR_USAGE, "the roots are more than %d certificates",
                            CK_ROOTS_MAX);
    if (!is_read)
        return ck_error_set(err, CK_ERR_USAGE, "the roots' certificate %u can't be read",
                            reading.count + 1);
    trust->store = reading.store;
    *ret_trust = CK_TAKE(trust);
    return CK_OK;
}

/* --- chains --- */

struct checking {
    X509_STORE *store;
    const struct ck_bytes *chain;
    size_t count;
    int64_t now_s;
    bool is_read;
    int cause;
};

/* The certificate, anew for each attempt: OpenSSL keeps what it found out, also without memory. */
static X509 *read_certificate(const struct ck_bytes *der)
{
    const unsigned char *at = der->data;
    CK_CLEANUP(ck_certificate_free) X509 *certificate = d2i_X509(NULL, &at, (long)der->size);

    return certificate != NULL && at == der->data + der->size ? CK_TAKE(certificate) : NULL;
}

static bool read_others(const struct checking *checking, STACK_OF(X509) * others)
{
    for (size_t i = 1; i < checking->count; i++) {
        CK_CLEANUP(ck_certificate_free) X509 *certificate = read_certificate(&checking->chain[i]);

        if (certificate == NULL || sk_X509_push(others, certificate) == 0)
            return false;
        certificate = NULL;
    }
    return true;
}

static bool check(void *data)
{
    struct checking *checking = data;
    CK_CLEANUP(free_context) X509_STORE_CTX *context = X509_STORE_CTX_new();
    CK_CLEANUP(free_stack) STACK_OF(X509) *others = sk_X509_new_null();
    CK_CLEANUP(ck_certificate_free) X509 *leaf = read_certificate(&checking->chain[0]);

    checking->cause = X509_V_ERR_OUT_OF_MEM;
    checking->is_read = leaf != NULL && others != NULL && read_others(checking, others);
    if (!checking->is_read || context == NULL ||
        X509_STORE_CTX_init(context, checking->store, leaf, others) != 1)
        return false;
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_time(param, (time_t)checking->now_s);
    X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
    if (X509_verify_cert(context) == 1)
        return true;
    checking->cause = X509_STORE_CTX_get_error(context);
    return false;
}

enum ck_err ck_trust_check(const struct ck_trust *trust, const struct ck_bytes *chain, size_t count,
                           int64_t now_s, bool *ret_trusted, const char **ret_cause,
                           struct ck_error *err)
{
    struct checking checking = {
        .store = trust->store, .chain = chain, .count = count, .now_s = now_s};
    bool is_trusted = false;

    if (count == 0) {
        *ret_trusted = false;
        *ret_cause = "there is no certificate";
        return CK_OK;
    }
    if (ck_openssl_attempt(check, &checking, &is_trusted, err) != CK_OK)
        return err->code;
    if (!checking.is_read)
        return ck_error_set(err, CK_ERR_USAGE, "an attestation certificate can't be read");
    *ret_trusted = is_trusted;
    if (!is_trusted)
        *ret_cause = X509_verify_cert_error_string(checking.cause);
    return CK_OK;
}
