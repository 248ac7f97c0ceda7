/* The members of a result, written as JSON text: a value each would cost more than the checks. */
#include <jansson.h>
#include <string.h>

#include "batch.h"
#include "output.h"

/* Where the next size bytes go; NULL where they have no room, nor has then what follows. */
static char *reserve(struct batch_answer *answer, size_t size)
{
    size_t start = answer->more_size;

    answer->more_size += size; /* beyond the end: the member is dropped */
    return answer->more_size <= sizeof(answer->more) ? answer->more + start : NULL;
}

static void put(struct batch_answer *answer, const char *text, size_t size)
{
    char *to = reserve(answer, size);

    if (to != NULL)
        memcpy(to, text, size);
}

static void put_literal(struct batch_answer *answer, const char *text)
{
    put(answer, text, strlen(text));
}

static void put_key(struct batch_answer *answer, const char *key)
{
    size_t size = strlen(key);
    char *to = reserve(answer, size + strlen(",\"\":"));

    if (to == NULL)
        return;
    memcpy(to, ",\"", 2);
    memcpy(to + 2, key, size);
    memcpy(to + 2 + size, "\":", 2);
}

/* Takes a member back that had no room. */
static void end_member(struct batch_answer *answer, size_t start)
{
    if (answer->more_size > sizeof(answer->more))
        answer->more_size = start;
}

static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < 0x20 || *text > 0x7e || *text == '"' || *text == '\\')
            return false;
    }
    return true;
}

static void put_json(struct batch_answer *answer, struct json_t *value)
{
    char *dump = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
    json_free_t free_json;

    put_literal(answer, dump != NULL ? dump : "null");
    json_get_alloc_funcs(NULL, &free_json);
    free_json(dump);
    json_decref(value);
}

void batch_put_text(struct batch_answer *answer, const char *key, const char *text)
{
    size_t start = answer->more_size;

    put_key(answer, key);
    if (text == NULL) {
        put_literal(answer, "null");
    } else if (is_plain(text)) {
        put_literal(answer, "\"");
        put_literal(answer, text);
        put_literal(answer, "\"");
    } else {
        put_json(answer, text_json(text));
    }
    end_member(answer, start);
}

void batch_put_number(struct batch_answer *answer, const char *key, int64_t number)
{
    char text[24], *at = text + sizeof(text);
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    size_t start = answer->more_size;

    do
        *--at = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (number < 0)
        *--at = '-';
    put_key(answer, key);
    put(answer, at, (size_t)(text + sizeof(text) - at));
    end_member(answer, start);
}

static void put_word(struct batch_answer *answer, const char *key, const char *word)
{
    size_t start = answer->more_size;

    put_key(answer, key);
    put_literal(answer, word);
    end_member(answer, start);
}

void batch_put_bool(struct batch_answer *answer, const char *key, bool value)
{
    put_word(answer, key, value ? "true" : "false");
}

void batch_put_null(struct batch_answer *answer, const char *key)
{
    put_word(answer, key, "null");
}

void batch_put_error(struct batch_answer *answer, const struct ck_error *err)
{
    size_t start = answer->more_size;

    put_key(answer, "error");
    put_json(answer, error_json(err));
    end_member(answer, start);
}
