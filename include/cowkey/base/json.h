/*
 * JSON by jansson: from outside with bounds on size and depth and without duplicate keys, and
 * written without leaving secrets in ordinary memory.
 */
#ifndef COWKEY_BASE_JSON_H
#define COWKEY_BASE_JSON_H

#include <stddef.h>

#include "cowkey/base/error.h"

struct ck_secret;
struct json_t; /* jansson's, see its json_* functions */

enum {
    CK_JSON_SIZE_MAX = 4 * 1024 * 1024, /* bytes of one document */
    CK_JSON_DEPTH_MAX = 32,             /* nested arrays and objects */
};

/*
 * Parses size bytes of UTF-8 into a new value (json_decref it). Anything else than exactly one
 * document within the limits, whose objects hold no key twice, is refused with code (the caller
 * knows what bad JSON means); what names it in the error's text ("the server's answer").
 */
enum ck_err ck_json_parse(const char *bytes, size_t size, const char *what, enum ck_err code,
                          struct json_t **ret_value, struct ck_error *err);

/*
 * Writes an array or object as a new text; flags are those of jansson's json_dumps.
 * CK_ERR_UNCHANGED when memory is short.
 */
enum ck_err ck_json_dump(const struct json_t *value, size_t flags, struct ck_secret **ret_text,
                         struct ck_error *err);

/* Gives jansson an allocator that erases what it frees; once, before the first value. */
void ck_json_init(void);

void ck_json_free(struct json_t **value);

#endif
