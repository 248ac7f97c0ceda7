/*
 * Only finds where elements end; whether they are JSON is left to ck_json_parse. A bracket of the
 * wrong kind, say, ends an element that is then refused.
 */
#include "cowkey/base/json_stream.h"

#include <jansson.h>

#include "cowkey/base/ascii.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/json.h"

static enum ck_err not_an_array(const struct ck_json_stream *stream, struct ck_error *err)
{
    return ck_error_set(err, stream->code, "%s is not a valid JSON array", stream->what);
}

/* The comma or bracket behind the element that text begins with; size: it is not at hand yet. */
static size_t element_size(const char *text, size_t size)
{
    size_t depth = 0;
    bool in_string = false;

    for (size_t at = 0; at < size; at++) {
        char c = text[at];
        if (in_string) {
            at += c == '\\';
            in_string = c != '"';
            continue;
        }
        bool closes = c == ']' || c == '}';
        if (depth == 0 && (closes || c == ','))
            return at;
        in_string = c == '"';
        depth += c == '[' || c == '{';
        depth -= closes;
    }
    return size;
}

/* *ret_size is 0 while the element is not whole. */
static enum ck_err take_element(struct ck_json_stream *stream, const char *text, size_t size,
                                size_t *ret_size, struct ck_error *err)
{
    CK_CLEANUP(ck_json_free) json_t *element = NULL;
    size_t whole = element_size(text, size);

    *ret_size = 0;
    if (whole > CK_JSON_ELEMENT_MAX)
        return ck_error_set(err, stream->code, "an element of %s is too large", stream->what);
    if (whole == size)
        return CK_OK;
    enum ck_err r = ck_json_parse(text, whole, stream->what, stream->code, &element, err);
    if (r != CK_OK)
        return r;
    *ret_size = whole;
    stream->place = CK_JSON_BEHIND_ELEMENT;
    return stream->take(stream->data, element, err);
}

/* One character between elements; *ret_size is 0 where an element begins. */
static enum ck_err take_mark(struct ck_json_stream *stream, char mark, size_t *ret_size,
                             struct ck_error *err)
{
    enum ck_json_stream_place place = stream->place;

    *ret_size = 1;
    if (place == CK_JSON_BEFORE && mark == '[')
        stream->place = CK_JSON_AT_HEAD;
    else if (place == CK_JSON_BEHIND_ELEMENT && mark == ',')
        stream->place = CK_JSON_AT_ELEMENT;
    else if ((place == CK_JSON_BEHIND_ELEMENT || place == CK_JSON_AT_HEAD) && mark == ']')
        stream->place = CK_JSON_ENDED;
    else if (place == CK_JSON_AT_HEAD || place == CK_JSON_AT_ELEMENT)
        *ret_size = 0;
    else
        return not_an_array(stream, err);
    return CK_OK;
}

enum ck_err ck_json_stream_take(struct ck_json_stream *stream, const char *text, size_t size,
                                size_t *ret_used, struct ck_error *err)
{
    size_t at = 0, step = 1;
    enum ck_err r = CK_OK;

    while (r == CK_OK && at < size && step > 0) {
        step = ck_ascii_space_size(text + at, size - at);
        if (step == 0)
            r = take_mark(stream, text[at], &step, err);
        if (r == CK_OK && step == 0)
            r = take_element(stream, text + at, size - at, &step, err);
        at += step;
    }
    if (r == CK_OK)
        *ret_used = at;
    return r;
}

enum ck_err ck_json_stream_end(const struct ck_json_stream *stream, const char *rest, size_t size,
                               struct ck_error *err)
{
    bool is_all = stream->place == CK_JSON_ENDED && ck_ascii_space_size(rest, size) == size;

    return is_all ? CK_OK : not_an_array(stream, err);
}
