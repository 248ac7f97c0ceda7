/*
 * JSON read in place, for lines that come by the million: no copies, and memory that is used again
 * for the next text. ck_json_parse is for everything else.
 *
 * What is accepted is what ck_json_parse accepts (RFC 8259, no key twice, no NUL, depth and size
 * within the same bounds), up to CK_JSON_VIEW_ITEMS_MAX items.
 */
#ifndef COWKEY_BASE_JSON_VIEW_H
#define COWKEY_BASE_JSON_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cowkey/base/error.h"

enum { CK_JSON_VIEW_ITEMS_MAX = 4096 }; /* values and keys of one text */

enum ck_json_kind {
    CK_JSON_OBJECT,
    CK_JSON_ARRAY,
    CK_JSON_STRING,
    CK_JSON_INTEGER,
    CK_JSON_REAL,
    CK_JSON_TRUE,
    CK_JSON_FALSE,
    CK_JSON_NULL,
};

/*
 * A value, or the key of one, in the text that was parsed. An object is followed by its keys, each
 * with its value behind it; an array by its values.
 */
struct ck_json_item {
    enum ck_json_kind kind;
    bool is_escaped;  /* a string with backslashes */
    unsigned span;    /* items from this one on to the next that is not in it */
    const char *text; /* as it is written, of a string what is between its quotes; borrowed */
    size_t size;
};

/* All zero at first; the items of the last text that was parsed. */
struct ck_json_view {
    struct ck_json_item *items;
    size_t count, capacity;
};

/*
 * Reads size bytes of UTF-8; the first item is the value. Other text is refused with code; what
 * names it in the error's text. The items are valid as long as text and until the next call.
 */
enum ck_err ck_json_view_parse(struct ck_json_view *view, const char *text, size_t size,
                               const char *what, enum ck_err code, struct ck_error *err);
void ck_json_view_clear(struct ck_json_view *view);

/* The value behind an object's key; NULL when there is none, or object is NULL or no object. */
const struct ck_json_item *ck_json_view_find(const struct ck_json_item *object, const char *key);

/*
 * The same for count keys at once, in one pass over the object: ret_values gets as many, in the
 * keys' order. No two keys are the same.
 */
void ck_json_view_find_all(const struct ck_json_item *object, const char *const *keys, size_t count,
                           const struct ck_json_item **ret_values);

/* Whether item is that string; false for NULL. */
bool ck_json_item_is(const struct ck_json_item *item, const char *text);

/*
 * A string without its escapes, NUL-terminated; false when it has size_max bytes or more. Its
 * length goes to *ret_size unless that is NULL.
 */
bool ck_json_item_copy(const struct ck_json_item *string, char *to, size_t size_max,
                       size_t *ret_size);

/* Of an integer, which was found to fit when it was parsed. */
int64_t ck_json_item_integer(const struct ck_json_item *integer);

#endif
