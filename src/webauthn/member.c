#include "member.h"

#include <assert.h>
#include <string.h>

static enum ck_err refuse(const struct ck_member_owner *owner, const char *key, const char *problem,
                          struct ck_error *err)
{
    return ck_error_set(err, CK_ERR_USAGE, "'%s%s' %s", owner->path, key, problem);
}

enum ck_err ck_member_item_bytes(const struct ck_member_owner *owner, const char *key,
                                 const struct ck_json_item *item, size_t size_min, size_t size_max,
                                 struct ck_bytes *ret_bytes, struct ck_error *err)
{
    struct ck_bytes bytes;
    char what[64];

    if (item->kind != CK_JSON_STRING)
        return refuse(owner, key, "is not text", err);
    /* Not by snprintf: this is done for each member of each line, and hardly ever needed. */
    assert(strlen(owner->path) + strlen(key) + sizeof "''" <= sizeof(what));
    stpcpy(stpcpy(stpcpy(stpcpy(what, "'"), owner->path), key), "'");
    /* Base64 has no backslashes, so an escaped text is refused with its first one. */
    if (ck_base64_decode(owner->alphabet, item->text, item->size, what, CK_ERR_USAGE, &bytes,
                         err) != CK_OK)
        return err->code;
    if (bytes.size < size_min || bytes.size > size_max) {
        ck_error_set(err, CK_ERR_USAGE, "%s has %zu bytes and not %zu to %zu", what, bytes.size,
                     size_min, size_max);
        ck_bytes_clear(&bytes);
        return err->code;
    }
    *ret_bytes = bytes;
    return CK_OK;
}

enum ck_err ck_member_bytes(const struct ck_member_owner *owner, const char *key, size_t size_min,
                            size_t size_max, struct ck_bytes *ret_bytes, struct ck_error *err)
{
    const struct ck_json_item *item = ck_json_view_find(owner->object, key);

    if (item == NULL || item->kind == CK_JSON_NULL) {
        if (size_min > 0)
            return refuse(owner, key, item == NULL ? "is missing" : "is null", err);
        *ret_bytes = (struct ck_bytes){0};
        return CK_OK;
    }
    return ck_member_item_bytes(owner, key, item, size_min, size_max, ret_bytes, err);
}
