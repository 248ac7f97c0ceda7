/* Binary members of JSON objects that are read in place. */
#ifndef COWKEY_WEBAUTHN_MEMBER_H
#define COWKEY_WEBAUTHN_MEMBER_H

#include "cowkey/base/bytes.h"
#include "cowkey/base/json_view.h"

/* Whose members are read, and what stands before their names in error texts: "response.". */
struct ck_member_owner {
    const struct ck_json_item *object;
    const char *path;
    enum ck_base64 alphabet;
};

/* Base64 of size_min to size_max bytes; where size_min is 0 it may also be missing, or null. */
enum ck_err ck_member_bytes(const struct ck_member_owner *owner, const char *key, size_t size_min,
                            size_t size_max, struct ck_bytes *ret_bytes, struct ck_error *err);

/* An item that is base64, such as that of a list. */
enum ck_err ck_member_item_bytes(const struct ck_member_owner *owner, const char *key,
                                 const struct ck_json_item *item, size_t size_min, size_t size_max,
                                 struct ck_bytes *ret_bytes, struct ck_error *err);

#endif
