#include "cowkey/webauthn/trust.h"

#include <openssl/pem.h>

#include "authenticator.h"

enum {
    DAY_S = 86400,
    NOW_S = 1785400000, /* some day; the certificates' times are around it */
};

/* A certificate and its key. The kinds differ in what section 7.1 step 24 has to notice. */
struct signed_one {
    X509 *x509;
    EVP_PKEY *key;
};

struct wanted {
    const char *name;
    bool is_ca;
    const char *usage; /* keyUsage, NULL: none */
    long from_days, to_days;
    const EVP_MD *digest;
};

static void add_extension(X509 *x509, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    assert_non_null(extension);
    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

/* Signed by issuer, by itself where that is NULL. */
static struct signed_one make(const struct wanted *wanted, unsigned which,
                              const struct signed_one *issuer)
{
    struct signed_one made = {X509_new(), key_of(CK_COSE_ES256, which)};
    const struct signed_one *by = issuer != NULL ? issuer : &made;

    X509_set_version(made.x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.x509), 1 + (long)which);
    ASN1_TIME_set(X509_getm_notBefore(made.x509), NOW_S + wanted->from_days * DAY_S);
    ASN1_TIME_set(X509_getm_notAfter(made.x509), NOW_S + wanted->to_days * DAY_S);
    X509_set_pubkey(made.x509, made.key);
    add_entry(X509_get_subject_name(made.x509), "CN", wanted->name);
    X509_set_issuer_name(made.x509, X509_get_subject_name(by->x509));
    add_extension(made.x509, NID_basic_constraints,
                  wanted->is_ca ? "critical,CA:TRUE" : "CA:FALSE");
    if (wanted->usage != NULL)
        add_extension(made.x509, NID_key_usage, wanted->usage);
    assert_true(
        X509_sign(made.x509, by->key, wanted->digest != NULL ? wanted->digest : EVP_sha256()) > 0);
    return made;
}

static struct ck_bytes der_of(const struct signed_one *certificate)
{
    struct ck_bytes der = {NULL, 0};

    der.size = (size_t)i2d_X509(certificate->x509, &der.data);
    return der;
}

static char *pem_of(const struct signed_one *certificates, size_t count)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data;

    for (size_t i = 0; i < count; i++)
        PEM_write_bio_X509(bio, certificates[i].x509);
    long size = BIO_get_mem_data(bio, &data);
    char *pem = strndup(data, (size_t)size);
    BIO_free(bio);
    return pem;
}

static struct ck_trust *parse(const char *pem)
{
    struct ck_trust *trust = NULL;
    struct ck_error err;

    if (ck_trust_parse(pem, strlen(pem), &trust, &err) != CK_OK)
        fail_msg("%s", err.text);
    return trust;
}

/* --- the usual three: a root, a CA below it, a leaf --- */

static const struct wanted usual_root = {"Root", true, "keyCertSign", -100, 100, NULL};
static const struct wanted usual_ca = {"CA", true, "keyCertSign", -50, 50, NULL};
static const struct wanted usual_leaf = {"Leaf", false, "digitalSignature", -10, 10, NULL};

struct family {
    struct signed_one root, ca, leaf;
};

static struct family family_of(const struct wanted *root, const struct wanted *ca,
                               const struct wanted *leaf)
{
    struct family family = {.root = make(root, 0, NULL)};

    family.ca = make(ca, 1, &family.root);
    family.leaf = make(leaf, 2, &family.ca);
    return family;
}

static void family_clear(struct family *family)
{
    X509_free(family->root.x509);
    X509_free(family->ca.x509);
    X509_free(family->leaf.x509);
}

/* NULL when the chain of count certificates is trusted by the roots, else the cause. */
static const char *cause_of(const struct signed_one *roots, size_t roots_count,
                            const struct signed_one *const *chain, size_t count, int64_t now_s)
{
    char *pem = pem_of(roots, roots_count);
    struct ck_trust *trust = parse(pem);
    struct ck_bytes ders[4];
    const char *cause = NULL;
    bool is_trusted = false;
    struct ck_error err;

    for (size_t i = 0; i < count; i++)
        ders[i] = der_of(chain[i]);
    if (ck_trust_check(trust, ders, count, now_s, &is_trusted, &cause, &err) != CK_OK)
        fail_msg("%s", err.text);
    assert_true(is_trusted == (cause == NULL));
    for (size_t i = 0; i < count; i++)
        ck_bytes_clear(&ders[i]);
    ck_trust_free(&trust);
    free(pem);
    return cause;
}

static void assert_cause(const char *cause, const char *part)
{
    if (cause == NULL || strstr(cause, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", cause != NULL ? cause : "trusted", part);
}

static void test_chains(void **state)
{
    struct family family = family_of(&usual_root, &usual_ca, &usual_leaf);
    static const struct wanted other_root = {"Other", true, "keyCertSign", -100, 100, NULL};
    struct signed_one stranger = make(&other_root, 3, NULL);
    const struct signed_one *const whole[] = {&family.leaf, &family.ca, &family.root};
    const struct signed_one *const gap[] = {&family.leaf, &family.root};
    const struct signed_one bundle[] = {stranger, family.root};

    (void)state;
    assert_null(cause_of(&family.root, 1, whole, 2, NOW_S));
    assert_null(cause_of(&family.root, 1, whole, 3, NOW_S));
    assert_null(cause_of(bundle, 2, whole, 2, NOW_S));
    /* A root may be any certificate of the chain. */
    assert_null(cause_of(&family.ca, 1, whole, 1, NOW_S));
    assert_null(cause_of(&family.leaf, 1, whole, 1, NOW_S));
    /* The CA between is missing: nothing is fetched. */
    assert_cause(cause_of(&family.root, 1, whole, 1, NOW_S), "local issuer");
    assert_cause(cause_of(&family.root, 1, gap, 2, NOW_S), "local issuer");
    /* That the chain brings its own root does not help. */
    assert_non_null(cause_of(&stranger, 1, whole, 3, NOW_S));
    assert_cause(cause_of(&family.root, 1, whole, 0, NOW_S), "no certificate");
    X509_free(stranger.x509);
    family_clear(&family);
}

static void test_times(void **state)
{
    static const struct {
        long days;
        const char *part; /* NULL: trusted */
    } cases[] = {
        {0, NULL}, {9, NULL}, {-9, NULL}, {11, "expired"}, {-11, "not yet valid"}, {60, "expired"},
    };
    struct family family = family_of(&usual_root, &usual_ca, &usual_leaf);
    const struct signed_one *const chain[] = {&family.leaf, &family.ca};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases)[0]; i++) {
        const char *cause = cause_of(&family.root, 1, chain, 2, NOW_S + cases[i].days * DAY_S);
        if (cases[i].part == NULL)
            assert_null(cause);
        else
            assert_cause(cause, cases[i].part);
    }
    family_clear(&family);
}

/* Each rule has a family that keeps it (test_chains) and one that does not. */
static void test_rules(void **state)
{
    static const struct wanted no_ca = {"CA", false, NULL, -50, 50, NULL};
    static const struct wanted ca_for_data = {"CA", true, "digitalSignature", -50, 50, NULL};
    static const struct wanted expired_ca = {"CA", true, "keyCertSign", -50, -1, NULL};
    struct wanted weak_leaf = usual_leaf;
    const struct {
        const struct wanted *ca, *leaf;
        const char *part;
    } cases[] = {
        {&no_ca, &usual_leaf, "invalid CA"},
        {&ca_for_data, &usual_leaf, "invalid CA"},
        {&expired_ca, &usual_leaf, "expired"},
        {&usual_ca, &weak_leaf, "weak"},
    };

    (void)state;
    weak_leaf.digest = EVP_sha1();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases)[0]; i++) {
        struct family family = family_of(&usual_root, cases[i].ca, cases[i].leaf);
        const struct signed_one *const chain[] = {&family.leaf, &family.ca};

        const char *cause = cause_of(&family.root, 1, chain, 2, NOW_S);
        assert_cause(cause, cases[i].part);
        family_clear(&family);
    }
}

/* The leaf's signature, changed in its last byte. */
static void test_wrong_signature(void **state)
{
    struct family family = family_of(&usual_root, &usual_ca, &usual_leaf);
    struct ck_bytes chain[] = {der_of(&family.leaf), der_of(&family.ca)};
    char *pem = pem_of(&family.root, 1);
    struct ck_trust *trust = parse(pem);
    const char *cause = NULL;
    struct ck_error err;
    bool is_trusted;

    (void)state;
    assert_int_equal(ck_trust_check(trust, chain, 2, NOW_S, &is_trusted, &cause, &err), CK_OK);
    assert_true(is_trusted);
    chain[0].data[chain[0].size - 1] ^= 1;
    assert_int_equal(ck_trust_check(trust, chain, 2, NOW_S, &is_trusted, &cause, &err), CK_OK);
    assert_false(is_trusted);
    assert_cause(cause, "signature");
    chain[1].size--;
    assert_int_equal(ck_trust_check(trust, chain, 2, NOW_S, &is_trusted, &cause, &err),
                     CK_ERR_USAGE);
    ck_bytes_clear(&chain[0]);
    ck_bytes_clear(&chain[1]);
    ck_trust_free(&trust);
    free(pem);
    family_clear(&family);
}

/* --- files --- */

static void assert_refused(const char *pem, size_t size, const char *part)
{
    struct ck_trust *trust = (struct ck_trust *)UNTOUCHED;
    struct ck_error err;

    if (ck_trust_parse(pem, size, &trust, &err) == CK_OK)
        fail_msg("roots were read where \"%s\" was expected", part);
    assert_error(&err, CK_ERR_USAGE, part);
    assert_ptr_equal(trust, UNTOUCHED);
}

static void test_files(void **state)
{
    static const char head[] = "-----BEGIN CERTIFICATE-----\n";
    struct family family = family_of(&usual_root, &usual_ca, &usual_leaf);
    const struct signed_one same[] = {family.root, family.root};
    char *pem = pem_of(&family.root, 1), *twice = pem_of(same, 2), *with_text;
    struct ck_trust *trust;

    (void)state;
    trust = parse(twice);
    ck_trust_free(&trust);
    ck_trust_free(&trust);
    assert_true(asprintf(&with_text, "# some\n%s\nmore text\n", pem) > 0);
    trust = parse(with_text);
    ck_trust_free(&trust);
    free(with_text);

    assert_refused("", 0, "no certificate in PEM");
    assert_refused("text\n", 5, "no certificate in PEM");
    assert_refused(head, strlen(head), "certificate 1 can't be read");
    assert_refused(pem, strlen(pem) - 10, "certificate 1 can't be read");
    char *second_is_cut = strndup(twice, strlen(twice) - 10);
    assert_refused(second_is_cut, strlen(second_is_cut), "certificate 2 can't be read");
    free(second_is_cut);
    pem[strlen(head) + 20] ^= 1;
    pem[strlen(head) + 21] ^= 1;
    assert_refused(pem, strlen(pem), "certificate 1 can't be read");
    free(pem);
    free(twice);
    family_clear(&family);
}

static void test_bounds(void **state)
{
    struct signed_one one = make(&usual_root, 0, NULL);
    char *pem = pem_of(&one, 1), *many = malloc((CK_ROOTS_MAX + 1) * strlen(pem) + 1), *to = many;
    struct ck_trust *trust;

    (void)state;
    for (unsigned i = 0; i < CK_ROOTS_MAX; i++)
        to = stpcpy(to, pem);
    trust = parse(many);
    ck_trust_free(&trust);
    stpcpy(to, pem);
    assert_refused(many, strlen(many), "more than 1000 certificates");
    assert_refused(many, CK_ROOTS_SIZE_MAX + 1, "more than 4194304 bytes");
    free(many);
    free(pem);
    X509_free(one.x509);
}

/* --- allocations --- */

static struct ck_trust *failing_trust;
static struct ck_bytes failing_chain[2];
static char *failing_pem;

static enum ck_err parse_it(struct ck_error *err)
{
    struct ck_trust *trust = (struct ck_trust *)UNTOUCHED;
    enum ck_err r = ck_trust_parse(failing_pem, strlen(failing_pem), &trust, err);

    if (r != CK_OK)
        assert_ptr_equal(trust, UNTOUCHED);
    else
        ck_trust_free(&trust);
    return r;
}

static enum ck_err check_it(struct ck_error *err)
{
    bool is_trusted = false;
    const char *cause;
    enum ck_err r =
        ck_trust_check(failing_trust, failing_chain, 2, NOW_S, &is_trusted, &cause, err);

    if (r == CK_OK)
        assert_true(is_trusted);
    return r;
}

static void test_allocations_fail(void **state)
{
    struct family family = family_of(&usual_root, &usual_ca, &usual_leaf);
    struct ck_error err;

    (void)state;
    failing_pem = pem_of(&family.root, 1);
    failing_trust = parse(failing_pem);
    failing_chain[0] = der_of(&family.leaf);
    failing_chain[1] = der_of(&family.ca);
    /* What OpenSSL keeps from its first use on is not what is tested. */
    assert_int_equal(parse_it(&err), CK_OK);
    assert_int_equal(check_it(&err), CK_OK);
    fail_each_allocation(parse_it, 10);
    fail_each_allocation(check_it, 10);
    ck_bytes_clear(&failing_chain[0]);
    ck_bytes_clear(&failing_chain[1]);
    ck_trust_free(&failing_trust);
    free(failing_pem);
    family_clear(&family);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chains),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_wrong_signature),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_allocations_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
