/* What ck_creation_options_parse accepts keeps its bounds, and is complete. */
#include "cowkey/webauthn/options.h"

#include <jansson.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/json.h"
#include "target.h"

static bool is_attestation(const char *word)
{
    return strcmp(word, "none") == 0 || strcmp(word, "indirect") == 0 ||
           strcmp(word, "direct") == 0 || strcmp(word, "enterprise") == 0;
}

static void check(const struct ck_creation_options *options)
{
    require(options->rp_id[0] != '\0' && strlen(options->rp_id) < CK_HOST_MAX);
    require(strlen(options->rp_name) < CK_NAME_MAX && strlen(options->user_name) < CK_NAME_MAX);
    require(strlen(options->user_display_name) < CK_NAME_MAX);
    require(options->user_id.size >= 1 && options->user_id.size <= CK_USER_ID_MAX);
    require(options->challenge.size >= CK_CHALLENGE_MIN);
    require(options->challenge.size <= CK_CHALLENGE_MAX);
    require(options->algorithms_count >= 1 && options->algorithms_count <= CK_ALGORITHMS_MAX);
    require(options->exclude_count <= CK_CREDENTIALS_MAX);
    for (size_t i = 0; i < options->exclude_count; i++)
        require(options->exclude[i].size >= 1 && options->exclude[i].size <= CK_CREDENTIAL_ID_MAX);
    require(is_attestation(options->attestation));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    CK_CLEANUP(ck_json_free) json_t *json = NULL;
    CK_CLEANUP(ck_creation_options_clear) struct ck_creation_options options = {0};
    struct ck_error err;

    if (ck_json_parse((const char *)bytes, size, "it", CK_ERR_USAGE, &json, &err) != CK_OK)
        return 0;
    if (ck_creation_options_parse(json, CK_ERR_UNREACHABLE, &options, &err) == CK_OK)
        check(&options);
    else
        require(err.code == CK_ERR_UNREACHABLE && options.user_id.data == NULL);
    return 0;
}
