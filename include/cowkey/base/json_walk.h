/*
 * A large JSON array, one element after the other: so that only one of them takes memory as values,
 * which are many times larger than their text.
 */
#ifndef COWKEY_BASE_JSON_WALK_H
#define COWKEY_BASE_JSON_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "cowkey/base/error.h"

struct json_t;

/* Where the walk is; the text is borrowed. */
struct ck_json_walk {
    const char *at, *end;
    const char *what; /* names the text in errors, as for ck_json_parse */
    enum ck_err code; /* of bad JSON */
    bool begun, ended;
};

/* Begins to walk size bytes of text; what is not an array is refused with code. */
enum ck_err ck_json_walk_begin(struct ck_json_walk *walk, const char *text, size_t size,
                               const char *what, enum ck_err code, struct ck_error *err);

/*
 * The next element, as ck_json_parse reads it and within its bounds (json_decref it); NULL at the
 * end, where the whole text was found to be one array.
 */
enum ck_err ck_json_walk_next(struct ck_json_walk *walk, struct json_t **ret_element,
                              struct ck_error *err);

#endif
