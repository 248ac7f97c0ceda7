/*
 * A large JSON array, one element after the other: so that only one of them takes memory as values,
 * which are many times larger than their text. The text may come in pieces, and need not be held
 * as a whole either.
 */
#ifndef COWKEY_BASE_JSON_STREAM_H
#define COWKEY_BASE_JSON_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "cowkey/base/error.h"

struct json_t;

enum { CK_JSON_ELEMENT_MAX = 256 * 1024 }; /* bytes of one element */

/* Gets each element, which is borrowed; its error ends the reading. */
typedef enum ck_err ck_json_taker(void *data, const struct json_t *element, struct ck_error *err);

enum ck_json_stream_place {
    CK_JSON_BEFORE,  /* the array */
    CK_JSON_AT_HEAD, /* behind its bracket */
    CK_JSON_AT_ELEMENT,
    CK_JSON_BEHIND_ELEMENT,
    CK_JSON_ENDED,
};

struct ck_json_stream {
    const char *what; /* names the text in errors, as for ck_json_parse */
    enum ck_err code; /* of bad JSON */
    ck_json_taker *take;
    void *data;                      /* the taker's */
    enum ck_json_stream_place place; /* CK_JSON_BEFORE at first */
};

/*
 * Takes what is whole in the size bytes that are at hand: *ret_used of them are done with, and the
 * others are to be given again with what follows. An error is of the whole text.
 */
enum ck_err ck_json_stream_take(struct ck_json_stream *stream, const char *text, size_t size,
                                size_t *ret_used, struct ck_error *err);

/* After the last piece: whether that was one array, and nothing else. rest: what was not used. */
enum ck_err ck_json_stream_end(const struct ck_json_stream *stream, const char *rest, size_t size,
                               struct ck_error *err);

#endif
