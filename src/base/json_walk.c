/*
 * Only finds where elements end; whether they are JSON is left to ck_json_parse. A bracket of the
 * wrong kind, say, ends an element that is then refused.
 */
#include "cowkey/base/json_walk.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "cowkey/base/json.h"

static void skip_space(struct ck_json_walk *walk)
{
    while (walk->at < walk->end && memchr(" \t\r\n", *walk->at, 4) != NULL)
        walk->at++;
}

static bool take(struct ck_json_walk *walk, char expected)
{
    skip_space(walk);
    if (walk->at == walk->end || *walk->at != expected)
        return false;
    walk->at++;
    return true;
}

static enum ck_err not_an_array(const struct ck_json_walk *walk, struct ck_error *err)
{
    return ck_error_set(err, walk->code, "%s is not a valid JSON array", walk->what);
}

/* Behind the quote that ends the string which begins at at. */
static const char *skip_string(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++) {
        if (*at == '\\')
            at++;
    }
    return at < end ? at + 1 : end;
}

/* The comma or bracket behind the element that begins at at, or end. */
static const char *skip_element(const char *at, const char *end)
{
    size_t depth = 0;

    while (at < end) {
        if (*at == '"') {
            at = skip_string(at, end);
            continue;
        }
        bool closes = *at == ']' || *at == '}';
        if (depth == 0 && (closes || *at == ','))
            return at;
        if (*at == '[' || *at == '{')
            depth++;
        else if (closes)
            depth--;
        at++;
    }
    return end;
}

enum ck_err ck_json_walk_begin(struct ck_json_walk *walk, const char *text, size_t size,
                               const char *what, enum ck_err code, struct ck_error *err)
{
    *walk = (struct ck_json_walk){.at = text, .end = text + size, .what = what, .code = code};
    return take(walk, '[') ? CK_OK : not_an_array(walk, err);
}

static enum ck_err finish(struct ck_json_walk *walk, struct ck_error *err)
{
    skip_space(walk);
    walk->ended = true;
    return walk->at == walk->end ? CK_OK : not_an_array(walk, err);
}

enum ck_err ck_json_walk_next(struct ck_json_walk *walk, struct json_t **ret_element,
                              struct ck_error *err)
{
    bool first = !walk->begun;
    struct json_t *element = NULL;
    enum ck_err r = CK_OK;

    walk->begun = true;
    if (!walk->ended && take(walk, ']')) {
        r = finish(walk, err);
    } else if (!walk->ended) {
        if (!first && !take(walk, ','))
            return not_an_array(walk, err);
        const char *from = walk->at;
        walk->at = skip_element(from, walk->end);
        if (walk->at == walk->end)
            return not_an_array(walk, err);
        r = ck_json_parse(from, (size_t)(walk->at - from), walk->what, walk->code, &element, err);
    }
    if (r == CK_OK)
        *ret_element = element;
    return r;
}
