/* A COSE key that is read is for a known algorithm, has a PEM form, and can be asked to verify. */
#include "cowkey/webauthn/cose.h"

#include <string.h>

#include "cowkey/base/cleanup.h"
#include "target.h"

static bool is_known(int algorithm)
{
    return algorithm == CK_COSE_ES256 || algorithm == CK_COSE_EDDSA || algorithm == CK_COSE_ES384 ||
           algorithm == CK_COSE_RS256;
}

/* Whatever is taken for a signature: a third of the input. */
static void check(const struct ck_cose_key *key, const struct ck_bytes *cbor)
{
    const struct ck_bytes signature = {cbor->data, cbor->size / 3};
    CK_CLEANUP(ck_free_p) char *pem = NULL;
    struct ck_error err;
    bool valid;

    require(is_known(ck_cose_key_algorithm(key)));
    require(ck_cose_key_pem(key, &pem, &err) == CK_OK);
    require(strncmp(pem, "-----BEGIN PUBLIC KEY-----\n", 27) == 0);
    require(ck_cose_key_verify(key, "m", 1, &signature, &valid, &err) == CK_OK && !valid);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    CK_CLEANUP(ck_cose_key_free) struct ck_cose_key *key = NULL;
    CK_CLEANUP(ck_bytes_clear) struct ck_bytes cbor = {0};
    struct ck_error err;

    if (ck_bytes_copy(bytes, size, &cbor, &err) != CK_OK)
        return 0;
    if (ck_cose_key_parse(&cbor, &key, &err) == CK_OK)
        check(key, &cbor);
    else
        require(err.code == CK_ERR_USAGE && key == NULL);
    return 0;
}
