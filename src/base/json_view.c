/* A JSON reader that points into its text. */
#include "cowkey/base/json_view.h"

#include <endian.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/ascii.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/json.h"
#include "cowkey/base/utf8.h"

enum { NUMBER_MAX = 64, ITEMS_FIRST = 16 };

/*
 * Where the text ends and the items go. Where the reading is, the functions take and return by value:
 * NULL when what is there is not what they read.
 */
struct reader {
    const char *end;
    struct ck_json_view *view;
    bool memory_was_short;
};

/* --- tokens --- */

static inline const char *skip_space(const struct reader *reader, const char *at)
{
    return at + ck_ascii_space_size(at, (size_t)(reader->end - at));
}

static inline const char *take(const struct reader *reader, const char *at, char expected)
{
    at = skip_space(reader, at);
    return at < reader->end && *at == expected ? at + 1 : NULL;
}

/* The new item's place; NULL when there is no room. Items move when they grow in number. */
static struct ck_json_item *add(struct reader *reader, enum ck_json_kind kind, const char *text)
{
    struct ck_json_view *view = reader->view;

    if (view->count == CK_JSON_VIEW_ITEMS_MAX)
        return NULL;
    if (view->count == view->capacity) {
        size_t capacity = view->capacity > 0 ? 2 * view->capacity : ITEMS_FIRST;
        struct ck_json_item *items = reallocarray(view->items, capacity, sizeof(*items));
        if (items == NULL) {
            reader->memory_was_short = true;
            return NULL;
        }
        view->items = items;
        view->capacity = capacity;
    }
    view->items[view->count] = (struct ck_json_item){.kind = kind, .span = 1, .text = text};
    return &view->items[view->count++];
}

/* --- strings --- */

/* The four digits behind \u; -1 when they are not. */
static int32_t read_unit(const char *at, const char *end)
{
    int32_t unit = 0;

    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int value = ck_ascii_hex_value(at[i]);
        if (value < 0)
            return -1;
        unit = unit << 4 | value;
    }
    return unit;
}

/*
 * The character of the escape whose backslash is at *at, which moves behind it; -1 when it is none.
 * A NUL and half a pair of surrogates are none, either, as jansson has it.
 */
static int32_t read_escape(const char **at, const char *end)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char *from = *at + 1;

    if (from == end)
        return -1;
    if (*from != 'u') {
        const char *letter = *from != '\0' ? strchr(letters, *from) : NULL;
        *at = from + 1;
        return letter != NULL ? meant[letter - letters] : -1;
    }
    int32_t unit = read_unit(from + 1, end);
    *at = from + 5;
    if (unit < 0xd800 || unit > 0xdfff)
        return unit > 0 ? unit : -1;
    if (unit > 0xdbff || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u')
        return -1;
    int32_t low = read_unit(*at + 2, end);
    *at += 6;
    return low >= 0xdc00 && low <= 0xdfff ? 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00) : -1;
}

/*
 * Moves over the plain characters of a string, eight at a time. *has_others also for what is not
 * ASCII close behind it.
 */
static const char *skip_plain(const char *at, const char *end, bool *has_others)
{
    static const uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;

    for (; end - at >= 8; at += 8) {
        uint64_t eight;
        memcpy(&eight, at, sizeof(eight));
        eight = le64toh(eight);
        uint64_t quote = eight ^ (ones * '"'), backslash = eight ^ (ones * '\\');
        /* The lowest bit is of the first quote, backslash or control character. */
        uint64_t stops = (((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) |
                          ((eight - ones * 0x20) & ~eight)) &
                         highs;
        *has_others |= (eight & highs) != 0;
        if (stops != 0)
            return at + __builtin_ctzll(stops) / 8;
    }
    for (; at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= 0x20; at++)
        *has_others |= (unsigned char)*at >= 0x80;
    return at;
}

static const char *read_string(struct reader *reader, const char *at)
{
    bool has_others = false;

    at = take(reader, at, '"');
    struct ck_json_item *item = at != NULL ? add(reader, CK_JSON_STRING, at) : NULL;
    if (item == NULL)
        return NULL;
    while ((at = skip_plain(at, reader->end, &has_others)) < reader->end && *at == '\\') {
        item->is_escaped = true;
        if (read_escape(&at, reader->end) < 0)
            return NULL;
    }
    if (at == reader->end || *at != '"')
        return NULL;
    item->size = (size_t)(at - item->text);
    return !has_others || ck_utf8_valid(item->text, item->size) ? at + 1 : NULL;
}

/* A string's bytes one after the other, without its escapes. */
struct bytes {
    const char *at, *end;
    char escaped[CK_UTF8_MAX];
    size_t left; /* of escaped, at its end */
    size_t size; /* of escaped */
};

static struct bytes bytes_of(const struct ck_json_item *string)
{
    return (struct bytes){.at = string->text, .end = string->text + string->size};
}

/* The next byte, which is never NUL; 0 at the end. */
static char next(struct bytes *bytes)
{
    if (bytes->left == 0) {
        if (bytes->at == bytes->end)
            return '\0';
        if (*bytes->at != '\\')
            return *bytes->at++;
        uint32_t character = (uint32_t)read_escape(&bytes->at, bytes->end);
        char *end = ck_utf8_write(bytes->escaped, character);
        bytes->size = bytes->left = (size_t)(end - bytes->escaped);
    }
    return bytes->escaped[bytes->size - bytes->left--];
}

static bool is_same(const struct ck_json_item *a, const struct ck_json_item *b)
{
    /* Most differ in their size or their first character, which is a quote for none. */
    if (!a->is_escaped && !b->is_escaped)
        return a->size == b->size && *a->text == *b->text && memcmp(a->text, b->text, a->size) == 0;
    struct bytes of_a = bytes_of(a), of_b = bytes_of(b);
    char c;
    while ((c = next(&of_a)) == next(&of_b)) {
        if (c == '\0')
            return true;
    }
    return false;
}

/* --- numbers --- */

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

/* Whether it is a number that its type can hold. */
static bool fits(const struct ck_json_item *item)
{
    char text[NUMBER_MAX];

    if (item->size >= sizeof(text))
        return false;
    memcpy(text, item->text, item->size);
    text[item->size] = '\0';
    errno = 0;
    if (item->kind == CK_JSON_REAL)
        return isfinite(strtod(text, NULL));
    strtoll(text, NULL, 10);
    return errno == 0;
}

static const char *read_number(struct reader *reader, const char *at)
{
    struct ck_json_item *item = add(reader, CK_JSON_INTEGER, at);
    const char *end = reader->end, *first;

    if (item == NULL)
        return NULL;
    if (at < end && *at == '-')
        at++;
    first = at;
    at = skip_digits(first, end);
    size_t digits = (size_t)(at - first);
    if (digits == 0 || (digits > 1 && *first == '0'))
        return NULL;
    if (at < end && *at == '.') {
        item->kind = CK_JSON_REAL;
        first = ++at;
        if ((at = skip_digits(first, end)) == first)
            return NULL;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        item->kind = CK_JSON_REAL;
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        first = at;
        if ((at = skip_digits(first, end)) == first)
            return NULL;
    }
    item->size = (size_t)(at - item->text);
    return (item->kind == CK_JSON_INTEGER && digits < 19) || fits(item) ? at : NULL;
}

int64_t ck_json_item_integer(const struct ck_json_item *integer)
{
    const char *at = integer->text, *end = at + integer->size;
    bool is_negative = *at == '-';
    uint64_t number = 0;

    for (at += is_negative; at < end; at++)
        number = 10 * number + (uint64_t)(*at - '0');
    return (int64_t)(is_negative ? -number : number);
}

/* --- values --- */

static const char *read_value(struct reader *reader, const char *at, unsigned depth_max);

static const char *read_array(struct reader *reader, const char *at, unsigned depth_max)
{
    const char *behind = take(reader, at, ']');

    while (behind == NULL) {
        if ((at = read_value(reader, at, depth_max)) == NULL)
            return NULL;
        const char *comma = take(reader, at, ',');
        if (comma == NULL)
            return take(reader, at, ']');
        at = comma;
    }
    return behind;
}

/* Whether the object's last key, at index key, has come before. */
static bool is_repeated(const struct ck_json_view *view, size_t object, size_t key)
{
    for (size_t i = object + 1; i < key; i += 1 + view->items[i + 1].span) {
        if (is_same(&view->items[i], &view->items[key]))
            return true;
    }
    return false;
}

static const char *read_object(struct reader *reader, const char *at, size_t object,
                               unsigned depth_max)
{
    const char *behind = take(reader, at, '}');

    while (behind == NULL) {
        size_t key = reader->view->count;
        if ((at = read_string(reader, at)) == NULL || is_repeated(reader->view, object, key) ||
            (at = take(reader, at, ':')) == NULL ||
            (at = read_value(reader, at, depth_max)) == NULL)
            return NULL;
        const char *comma = take(reader, at, ',');
        if (comma == NULL)
            return take(reader, at, '}');
        at = comma;
    }
    return behind;
}

static const char *read_container(struct reader *reader, const char *at, enum ck_json_kind kind,
                                  unsigned depth_max)
{
    struct ck_json_view *view = reader->view;
    size_t index = view->count;

    if (depth_max == 0 || add(reader, kind, at) == NULL)
        return NULL;
    const char *behind = kind == CK_JSON_ARRAY ? read_array(reader, at + 1, depth_max - 1)
                                               : read_object(reader, at + 1, index, depth_max - 1);
    if (behind == NULL)
        return NULL;
    struct ck_json_item *item = &view->items[index];
    item->size = (size_t)(behind - item->text);
    item->span = (unsigned)(view->count - index);
    return behind;
}

static const char *read_word(struct reader *reader, const char *at, enum ck_json_kind kind,
                             const char *word)
{
    size_t size = strlen(word);
    struct ck_json_item *item = add(reader, kind, at);

    if (item == NULL || (size_t)(reader->end - at) < size || memcmp(at, word, size) != 0)
        return NULL;
    item->size = size;
    return at + size;
}

static const char *read_value(struct reader *reader, const char *at, unsigned depth_max)
{
    at = skip_space(reader, at);
    if (at == reader->end)
        return NULL;
    switch (*at) {
    case '{':
        return read_container(reader, at, CK_JSON_OBJECT, depth_max);
    case '[':
        return read_container(reader, at, CK_JSON_ARRAY, depth_max);
    case '"':
        return read_string(reader, at);
    case 't':
        return read_word(reader, at, CK_JSON_TRUE, "true");
    case 'f':
        return read_word(reader, at, CK_JSON_FALSE, "false");
    case 'n':
        return read_word(reader, at, CK_JSON_NULL, "null");
    default:
        return read_number(reader, at);
    }
}

/* Words what was refused by the parser that knows lines and columns. */
static enum ck_err explain(const struct reader *reader, const char *text, size_t size,
                           const char *what, enum ck_err code, struct ck_error *err)
{
    CK_CLEANUP(ck_json_free) struct json_t *value = NULL;

    if (reader->memory_was_short)
        return ck_error_no_memory(err);
    if (ck_json_parse(text, size, what, code, &value, err) != CK_OK)
        return err->code;
    /* jansson takes a NUL for the end. */
    if (memchr(text, '\0', size) != NULL)
        return ck_error_set(err, code, "%s is not usable: its JSON has a NUL byte", what);
    return ck_error_set(err, code,
                        "%s is not usable: its JSON has more than %d values, or a number of more "
                        "than %d characters",
                        what, CK_JSON_VIEW_ITEMS_MAX, NUMBER_MAX - 1);
}

enum ck_err ck_json_view_parse(struct ck_json_view *view, const char *text, size_t size,
                               const char *what, enum ck_err code, struct ck_error *err)
{
    struct reader reader = {.end = text + size, .view = view};

    view->count = 0;
    if (size > CK_JSON_SIZE_MAX)
        return ck_error_set(err, code, "%s is larger than %d bytes", what, CK_JSON_SIZE_MAX);
    const char *behind = read_value(&reader, text, CK_JSON_DEPTH_MAX);
    return behind != NULL && skip_space(&reader, behind) == reader.end
               ? CK_OK
               : explain(&reader, text, size, what, code, err);
}

void ck_json_view_clear(struct ck_json_view *view)
{
    free(view->items);
    *view = (struct ck_json_view){0};
}

/* text is of size bytes. */
static bool is_text(const struct ck_json_item *string, const char *text, size_t size)
{
    if (!string->is_escaped)
        return string->size == size && memcmp(string->text, text, size) == 0;
    struct bytes bytes = bytes_of(string);
    for (; *text != '\0'; text++) {
        if (next(&bytes) != *text)
            return false;
    }
    return next(&bytes) == '\0';
}

const struct ck_json_item *ck_json_view_find(const struct ck_json_item *object, const char *key)
{
    size_t size = strlen(key);

    if (object == NULL || object->kind != CK_JSON_OBJECT)
        return NULL;
    for (unsigned i = 1; i < object->span; i += 1 + object[i + 1].span) {
        if (is_text(&object[i], key, size))
            return &object[i + 1];
    }
    return NULL;
}

void ck_json_view_find_all(const struct ck_json_item *object, const char *const *keys, size_t count,
                           const struct ck_json_item **ret_values)
{
    for (size_t k = 0; k < count; k++)
        ret_values[k] = NULL;
    if (object == NULL || object->kind != CK_JSON_OBJECT)
        return;
    for (unsigned i = 1; i < object->span; i += 1 + object[i + 1].span) {
        const struct ck_json_item *key = &object[i];
        /* Most keys differ in their first character. */
        char first = key->is_escaped || key->size == 0 ? '\0' : *key->text;
        for (size_t k = 0; k < count; k++) {
            if ((first == *keys[k] || first == '\0') && is_text(key, keys[k], strlen(keys[k]))) {
                ret_values[k] = &object[i + 1];
                break;
            }
        }
    }
}

bool ck_json_item_is(const struct ck_json_item *item, const char *text)
{
    return item != NULL && item->kind == CK_JSON_STRING && is_text(item, text, strlen(text));
}

bool ck_json_item_copy(const struct ck_json_item *string, char *to, size_t size_max,
                       size_t *ret_size)
{
    struct bytes bytes = bytes_of(string);
    size_t size = 0;
    char c;

    if (!string->is_escaped) {
        if (string->size >= size_max)
            return false;
        memcpy(to, string->text, string->size);
        size = string->size;
    }
    while (string->is_escaped && (c = next(&bytes)) != '\0') {
        if (size + 1 >= size_max)
            return false;
        to[size++] = c;
    }
    to[size] = '\0';
    if (ret_size != NULL)
        *ret_size = size;
    return true;
}
