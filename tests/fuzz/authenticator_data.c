/* What is read of authenticator data is what its flags announce, and nothing of it is left over. */
#include "cowkey/webauthn/authenticator_data.h"

#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/webauthn/options.h"
#include "target.h"

static void check(const struct ck_authenticator_data *data, const uint8_t *bytes, size_t size)
{
    bool is_attested = (data->flags & CK_FLAG_ATTESTED) != 0;
    size_t read = 37;

    require(size <= CK_AUTHENTICATOR_DATA_MAX && data->flags == bytes[32]);
    require(memcmp(data->rp_id_hash, bytes, CK_SHA256_SIZE) == 0);
    require(is_attested == (data->credential_id.size > 0));
    require(is_attested == (data->public_key.size > 0));
    require(data->credential_id.size <= CK_CREDENTIAL_ID_MAX);
    if (is_attested) {
        read += CK_AAGUID_SIZE + 2;
        require(memcmp(data->credential_id.data, bytes + read, data->credential_id.size) == 0);
        read += data->credential_id.size;
        require(memcmp(data->public_key.data, bytes + read, data->public_key.size) == 0);
        read += data->public_key.size;
    }
    require((read < size) == ((data->flags & CK_FLAG_EXTENSIONS) != 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    CK_CLEANUP(ck_authenticator_data_clear) struct ck_authenticator_data data = {0};
    struct ck_error err;

    if (ck_authenticator_data_parse(bytes, size, &data, &err) == CK_OK)
        check(&data, bytes, size);
    else
        require(err.code == CK_ERR_USAGE && data.credential_id.data == NULL);
    return 0;
}
