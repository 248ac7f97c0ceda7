/* Client data that is read is written again with the same members; so is any text as an origin. */
#include "cowkey/webauthn/client_data.h"

#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/utf8.h"
#include "target.h"

static void require_round_trip(const struct ck_bytes *challenge, const char *origin)
{
    CK_CLEANUP(ck_bytes_clear) struct ck_bytes json = {0};
    CK_CLEANUP(ck_client_data_clear) struct ck_client_data data = {0};
    struct ck_error err;

    /* It can be refused for its size only. */
    if (ck_client_data_make(CK_CEREMONY_GET, challenge, origin, &json, &err) != CK_OK) {
        require(6 * strlen(origin) + 2 * challenge->size + 100 > CK_CLIENT_DATA_MAX);
        return;
    }
    require(json.size <= CK_CLIENT_DATA_MAX);
    if (ck_client_data_parse(&json, &data, &err) != CK_OK) {
        require(strlen(origin) >= CK_CLIENT_ORIGIN_MAX);
        return;
    }
    require(strcmp(data.type, "webauthn.get") == 0 && strcmp(data.origin, origin) == 0);
    require(ck_bytes_equal(&data.challenge, challenge) && !data.cross_origin);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    CK_CLEANUP(ck_client_data_clear) struct ck_client_data data = {0};
    CK_CLEANUP(ck_bytes_clear) struct ck_bytes json = {0};
    CK_CLEANUP(ck_free_p) char *origin = strndup((const char *)bytes, size);
    struct ck_error err;

    if (origin == NULL || ck_bytes_copy(bytes, size, &json, &err) != CK_OK)
        return 0;
    if (ck_client_data_parse(&json, &data, &err) == CK_OK)
        require_round_trip(&data.challenge, data.origin);
    else
        require(err.code == CK_ERR_USAGE && data.challenge.data == NULL);
    if (ck_utf8_valid(origin, strlen(origin)))
        require_round_trip(&json, origin);
    return 0;
}
