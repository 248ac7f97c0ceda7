/* There is one encoding of an attestation object: what is read is written as the same bytes. */
#include "cowkey/webauthn/attestation.h"

#include <string.h>

#include "cowkey/base/cleanup.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    CK_CLEANUP(ck_attestation_clear) struct ck_attestation attestation = {0};
    CK_CLEANUP(ck_bytes_clear) struct ck_bytes object = {0};
    CK_CLEANUP(ck_bytes_clear) struct ck_bytes again = {0};
    struct ck_error err;

    if (ck_bytes_copy(bytes, size, &object, &err) != CK_OK)
        return 0;
    if (ck_attestation_parse(&object, &attestation, &err) != CK_OK) {
        require(err.code == CK_ERR_USAGE && attestation.authenticator_data.data == NULL);
        return 0;
    }
    require(size <= CK_ATTESTATION_MAX && attestation.chain_count <= CK_CHAIN_MAX);
    require(strlen(attestation.format) > 0);
    require(ck_attestation_format(&attestation, &again, &err) == CK_OK);
    require(ck_bytes_equal(&object, &again));
    return 0;
}
