/* What ck_json_parse accepts keeps its limits, and its text form is accepted again as equal. */
#include "cowkey/base/json.h"

#include <jansson.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "target.h"

static unsigned depth_of(json_t *value)
{
    unsigned deepest = 0;
    size_t index;
    const char *key;
    json_t *item;

    json_array_foreach(value, index, item)
    {
        unsigned depth = depth_of(item);
        deepest = depth > deepest ? depth : deepest;
    }
    json_object_foreach(value, key, item)
    {
        unsigned depth = depth_of(item);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + (json_is_array(value) || json_is_object(value));
}

static void require_round_trip(json_t *value)
{
    CK_CLEANUP(ck_free_p) char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    CK_CLEANUP(ck_json_free) json_t *again = NULL;
    struct ck_error err;

    require(text != NULL);
    require(ck_json_parse(text, strlen(text), "it", CK_ERR_USAGE, &again, &err) == CK_OK);
    require(json_equal(value, again) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    CK_CLEANUP(ck_json_free) json_t *value = NULL;
    struct ck_error err;

    if (ck_json_parse((const char *)bytes, size, "it", CK_ERR_UNREACHABLE, &value, &err) != CK_OK) {
        require(value == NULL && err.code == CK_ERR_UNREACHABLE);
        return 0;
    }
    require(depth_of(value) <= CK_JSON_DEPTH_MAX);
    require_round_trip(value);
    return 0;
}
