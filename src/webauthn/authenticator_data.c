#include "cowkey/webauthn/authenticator_data.h"

#include <string.h>

#include "canonical_cbor.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/webauthn/options.h"

enum {
    HEADER_SIZE = CK_SHA256_SIZE + 1 + 4,      /* rpIdHash, flags, signCount */
    ATTESTED_HEADER_SIZE = CK_AAGUID_SIZE + 2, /* aaguid, credentialIdLength */
};

static enum ck_err refuse(struct ck_error *err, const char *reason)
{
    return ck_error_set(err, CK_ERR_USAGE, "the authenticator data %s", reason);
}

static const uint8_t *skip(struct ck_cbor_reader *rest, size_t size)
{
    const uint8_t *start = rest->at;

    rest->at += size;
    rest->left -= size;
    return start;
}

static enum ck_err parse_attested(struct ck_cbor_reader *rest, struct ck_authenticator_data *data,
                                  struct ck_error *err)
{
    struct ck_cbor_item key;

    if (rest->left < ATTESTED_HEADER_SIZE)
        return refuse(err, "ends within the attested credential");
    memcpy(data->aaguid, skip(rest, CK_AAGUID_SIZE), CK_AAGUID_SIZE);
    const uint8_t *length = skip(rest, 2);
    size_t id_size = (size_t)length[0] << 8 | length[1];
    if (id_size == 0 || id_size > CK_CREDENTIAL_ID_MAX)
        return ck_error_set(err, CK_ERR_USAGE,
                            "the credential ID in the authenticator data has %zu bytes", id_size);
    if (rest->left < id_size)
        return refuse(err, "ends within the credential ID");
    if (ck_bytes_copy(skip(rest, id_size), id_size, &data->credential_id, err) != CK_OK)
        return err->code;
    if (!ck_cbor_next(rest, &key) || key.type != CK_CBOR_MAP)
        return refuse(err, "holds no public key in canonical CBOR");
    return ck_bytes_copy(key.whole.at, key.whole.left, &data->public_key, err);
}

enum ck_err ck_authenticator_data_parse(const void *bytes, size_t size,
                                        struct ck_authenticator_data *ret_data,
                                        struct ck_error *err)
{
    CK_CLEANUP(ck_authenticator_data_clear) struct ck_authenticator_data data = {0};
    struct ck_cbor_reader rest = {bytes, size};
    struct ck_cbor_item extensions;

    if (size > CK_AUTHENTICATOR_DATA_MAX)
        return ck_error_set(err, CK_ERR_USAGE, "the authenticator data has more than %d bytes",
                            CK_AUTHENTICATOR_DATA_MAX);
    if (size < HEADER_SIZE)
        return refuse(err, "is too short");
    memcpy(data.rp_id_hash, skip(&rest, CK_SHA256_SIZE), CK_SHA256_SIZE);
    data.flags = *skip(&rest, 1);
    const uint8_t *count = skip(&rest, 4);
    data.sign_count =
        (uint32_t)count[0] << 24 | (uint32_t)count[1] << 16 | (uint32_t)count[2] << 8 | count[3];
    if ((data.flags & CK_FLAG_ATTESTED) != 0 && parse_attested(&rest, &data, err) != CK_OK)
        return err->code;
    if ((data.flags & CK_FLAG_EXTENSIONS) != 0 &&
        (!ck_cbor_next(&rest, &extensions) || extensions.type != CK_CBOR_MAP))
        return refuse(err, "announces extensions and holds none in canonical CBOR");
    if (rest.left > 0)
        return refuse(err, "goes on after its end");
    *ret_data = data;
    data = (struct ck_authenticator_data){0};
    return CK_OK;
}

void ck_authenticator_data_clear(struct ck_authenticator_data *data)
{
    ck_bytes_clear(&data->credential_id);
    ck_bytes_clear(&data->public_key);
}
