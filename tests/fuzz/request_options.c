/* What ck_request_options_parse accepts keeps its bounds, and no list of credentials gets lost. */
#include "cowkey/webauthn/options.h"

#include <jansson.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/json.h"
#include "target.h"

static void check(const struct ck_request_options *options, const json_t *json)
{
    size_t listed = json_array_size(json_object_get(json, "allowCredentials"));

    require(options->rp_id[0] != '\0' && strlen(options->rp_id) < CK_HOST_MAX);
    require(options->challenge.size >= CK_CHALLENGE_MIN);
    require(options->challenge.size <= CK_CHALLENGE_MAX);
    require(options->allow_count <= listed && (options->allow_count > 0) == (listed > 0));
    require(options->allow_count <= CK_CREDENTIALS_MAX);
    for (size_t i = 0; i < options->allow_count; i++)
        require(options->allow[i].size >= 1 && options->allow[i].size <= CK_CREDENTIAL_ID_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    CK_CLEANUP(ck_json_free) json_t *json = NULL;
    CK_CLEANUP(ck_request_options_clear) struct ck_request_options options = {0};
    struct ck_error err;

    if (ck_json_parse((const char *)bytes, size, "it", CK_ERR_USAGE, &json, &err) != CK_OK)
        return 0;
    if (ck_request_options_parse(json, CK_ERR_UNREACHABLE, &options, &err) == CK_OK)
        check(&options, json);
    else
        require(err.code == CK_ERR_UNREACHABLE && options.allow == NULL);
    return 0;
}
