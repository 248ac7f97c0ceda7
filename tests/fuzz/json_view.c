/* What is read in place is what the other parser reads, member for member. */
#include "cowkey/base/json_view.h"

#include <jansson.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/json.h"
#include "target.h"

static void compare(const struct ck_json_item *item, const json_t *value);

static void compare_string(const struct ck_json_item *item, const char *text, size_t text_size)
{
    char *copy = malloc(item->size + 1);
    size_t size;

    require(copy != NULL);
    require(ck_json_item_copy(item, copy, item->size + 1, &size));
    require(size == text_size && memcmp(copy, text, size) == 0 && ck_json_item_is(item, text));
    free(copy);
}

static void compare_members(const struct ck_json_item *item, const json_t *value)
{
    const char *key;
    json_t *member;
    size_t count = 0;

    for (unsigned i = 1; i < item->span; i += 1 + item[i + 1].span)
        count++;
    require(count == json_object_size(value));
    json_object_foreach((json_t *)value, key, member)
    {
        const struct ck_json_item *found = NULL;
        ck_json_view_find_all(item, &key, 1, &found);
        require(found != NULL && ck_json_view_find(item, key) == found);
        compare(ck_json_view_find(item, key), member);
    }
}

static void compare_values(const struct ck_json_item *item, const json_t *value)
{
    size_t count = 0;

    for (unsigned i = 1; i < item->span; i += item[i].span)
        compare(&item[i], json_array_get(value, count++));
    require(count == json_array_size(value));
}

static void compare(const struct ck_json_item *item, const json_t *value)
{
    switch (item->kind) {
    case CK_JSON_OBJECT:
        require(json_is_object(value));
        compare_members(item, value);
        break;
    case CK_JSON_ARRAY:
        require(json_is_array(value));
        compare_values(item, value);
        break;
    case CK_JSON_STRING:
        require(json_is_string(value));
        compare_string(item, json_string_value(value), json_string_length(value));
        break;
    case CK_JSON_INTEGER:
        require(json_is_integer(value));
        require(ck_json_item_integer(item) == json_integer_value(value));
        break;
    case CK_JSON_REAL:
        require(json_is_real(value));
        break;
    default:
        require(item->kind == CK_JSON_TRUE    ? json_is_true(value)
                : item->kind == CK_JSON_FALSE ? json_is_false(value)
                                              : json_is_null(value));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    CK_CLEANUP(ck_json_view_clear) struct ck_json_view view = {0};
    CK_CLEANUP(ck_json_free) json_t *value = NULL;
    struct ck_error err;
    const char *text = size > 0 ? (const char *)bytes : "";
    bool is_read = ck_json_view_parse(&view, text, size, "it", CK_ERR_USAGE, &err) == CK_OK;

    if (is_read) {
        require(ck_json_parse(text, size, "it", CK_ERR_USAGE, &value, &err) == CK_OK);
        compare(view.items, value);
    } else {
        /* It is the stricter only in what its own words say. */
        require(err.code == CK_ERR_USAGE);
        if (strstr(err.text, "NUL byte") == NULL && strstr(err.text, "more than 4096") == NULL)
            require(ck_json_parse(text, size, "it", CK_ERR_USAGE, &value, &err) == CK_ERR_USAGE);
    }
    return 0;
}
