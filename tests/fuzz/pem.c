/* Public keys and roots in PEM: what is read is a key that is known, or roots that can be asked. */
#include "cowkey/base/cleanup.h"
#include "cowkey/webauthn/cose.h"
#include "cowkey/webauthn/trust.h"
#include "target.h"

static void try_key(const char *text, size_t size)
{
    CK_CLEANUP(ck_bytes_clear) struct ck_bytes cbor = {0};
    CK_CLEANUP(ck_cose_key_free) struct ck_cose_key *key = NULL;
    struct ck_error err;

    if (ck_cose_from_pem(text, size, &cbor, &err) == CK_OK)
        require(ck_cose_key_parse(&cbor, &key, &err) == CK_OK);
    else
        require(err.code == CK_ERR_USAGE && cbor.data == NULL);
}

/* The input itself is also taken for a certificate: its chain leads nowhere, or to itself. */
static void try_roots(const char *text, size_t size)
{
    CK_CLEANUP(ck_trust_free) struct ck_trust *trust = NULL;
    const struct ck_bytes chain[] = {{(uint8_t *)text, size}};
    const char *cause = NULL;
    struct ck_error err;
    bool is_trusted;

    if (ck_trust_parse(text, size, &trust, &err) != CK_OK) {
        require(err.code == CK_ERR_USAGE && trust == NULL);
        return;
    }
    if (ck_trust_check(trust, chain, 1, 1785400000, &is_trusted, &cause, &err) == CK_OK)
        require(is_trusted == (cause == NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *text = size > 0 ? (const char *)bytes : "";

    try_key(text, size);
    try_roots(text, size);
    return 0;
}
