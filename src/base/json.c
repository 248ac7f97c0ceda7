/* Parsing foreign JSON within bounds, and writing our own. */
#include "cowkey/base/json.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/secret.h"

/* jansson itself often takes short memory for bad input ("invalid token"), so it is noted here. */
static _Thread_local bool memory_was_short;

static void *allocate(size_t size)
{
    void *p = malloc(size);

    if (p == NULL)
        memory_was_short = true;
    return p;
}

void ck_json_init(void)
{
    json_set_alloc_funcs(allocate, ck_secret_erase_and_free);
}

void ck_json_free(struct json_t **value)
{
    json_decref(*value);
    *value = NULL;
}

static bool fits_depth(json_t *value, unsigned depth_max);

static bool array_fits_depth(json_t *array, unsigned depth_max)
{
    size_t index;
    json_t *item;

    json_array_foreach(array, index, item)
    {
        if (!fits_depth(item, depth_max))
            return false;
    }
    return true;
}

static bool object_fits_depth(json_t *object, unsigned depth_max)
{
    const char *key;
    json_t *item;

    json_object_foreach(object, key, item)
    {
        if (!fits_depth(item, depth_max))
            return false;
    }
    return true;
}

/* Whether value holds no more than depth_max arrays and objects inside each other. */
static bool fits_depth(json_t *value, unsigned depth_max)
{
    if (!json_is_array(value) && !json_is_object(value))
        return true;
    if (depth_max == 0)
        return false;
    return json_is_array(value) ? array_fits_depth(value, depth_max - 1)
                                : object_fits_depth(value, depth_max - 1);
}

static enum ck_err too_deep(const char *what, enum ck_err code, struct ck_error *err)
{
    return ck_error_set(err, code, "%s is not usable: its JSON nests more than %d levels", what,
                        CK_JSON_DEPTH_MAX);
}

/* Says where, but not what is there: jansson's own text quotes the input, which may be a secret. */
static enum ck_err explain(const json_error_t *cause, const char *what, enum ck_err code,
                           struct ck_error *err)
{
    if (memory_was_short || cause->text[0] == '\0')
        return ck_error_no_memory(err);
    switch (json_error_code(cause)) {
    case json_error_stack_overflow:
        return too_deep(what, code, err);
    case json_error_duplicate_key:
        return ck_error_set(err, code, "%s is not usable: its JSON has a key twice (line %d)", what,
                            cause->line);
    default:
        return ck_error_set(err, code, "%s is not valid JSON (line %d, column %d)", what,
                            cause->line, cause->column);
    }
}

enum ck_err ck_json_parse(const char *bytes, size_t size, const char *what, enum ck_err code,
                          struct json_t **ret_value, struct ck_error *err)
{
    json_error_t cause = {0};
    CK_CLEANUP(ck_json_free) json_t *value = NULL;

    if (size > CK_JSON_SIZE_MAX)
        return ck_error_set(err, code, "%s is larger than %d bytes", what, CK_JSON_SIZE_MAX);
    memory_was_short = false;
    value = json_loadb(bytes, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &cause);
    if (value == NULL)
        return explain(&cause, what, code, err);
    /* Short of memory, jansson may drop characters of a text and go on. */
    if (memory_was_short)
        return ck_error_no_memory(err);
    if (!fits_depth(value, CK_JSON_DEPTH_MAX))
        return too_deep(what, code, err);
    /* jansson passes over one that follows a number or a word. */
    if (memchr(bytes, '\0', size) != NULL)
        return ck_error_set(err, code, "%s is not usable: its JSON has a NUL byte", what);
    *ret_value = CK_TAKE(value);
    return CK_OK;
}

static void dump_free(char **text)
{
    if (*text != NULL)
        ck_secret_erase_and_free(*text);
    *text = NULL;
}

enum ck_err ck_json_dump(const struct json_t *value, size_t flags, struct ck_secret **ret_text,
                         struct ck_error *err)
{
    CK_CLEANUP(dump_free) char *text = json_dumps(value, flags);

    return text != NULL ? ck_secret_new(text, strlen(text), ret_text, err)
                        : ck_error_no_memory(err);
}
