/* A JSON reader that points into its text. */
#include "cowkey/base/json_view.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/escape.h"
#include "cowkey/base/json.h"

enum { NUMBER_MAX = 64, ITEMS_FIRST = 16 };

/* What is still to be read, and where the items go. */
struct reader {
    const char *at, *end;
    struct ck_json_view *view;
    bool memory_was_short;
};

/* --- tokens --- */

static void skip_space(struct reader *reader)
{
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\n' ||
                                        *reader->at == '\r' || *reader->at == '\t'))
        reader->at++;
}

static bool take(struct reader *reader, char expected)
{
    skip_space(reader);
    if (reader->at == reader->end || *reader->at != expected)
        return false;
    reader->at++;
    return true;
}

static bool take_word(struct reader *reader, const char *word)
{
    size_t size = strlen(word);

    if ((size_t)(reader->end - reader->at) < size || memcmp(reader->at, word, size) != 0)
        return false;
    reader->at += size;
    return true;
}

/* The new item's place; NULL when there is no room. Items move when they grow in number. */
static struct ck_json_item *add(struct reader *reader, enum ck_json_kind kind)
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
    view->items[view->count] = (struct ck_json_item){.kind = kind, .span = 1, .text = reader->at};
    return &view->items[view->count++];
}

/* --- strings --- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The four digits behind \u; -1 when they are not. */
static int32_t read_unit(const char *at, const char *end)
{
    int32_t unit = 0;

    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int value = hex_value(at[i]);
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

/* Moves over the plain characters of a string; eight at a time where they are ASCII. */
static const char *skip_plain(const char *at, const char *end, bool *has_others)
{
    static const uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;

    while (end - at >= 8) {
        uint64_t eight;
        memcpy(&eight, at, sizeof(eight));
        uint64_t quote = eight ^ (ones * '"'), backslash = eight ^ (ones * '\\');
        /* A high bit for each byte that is a quote, a backslash, a control character or not ASCII,
         * and perhaps for some behind such a one. */
        if ((((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) |
             ((eight - ones * 0x20) & ~eight) | eight) &
            highs)
            break;
        at += 8;
    }
    for (; at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= 0x20; at++)
        *has_others |= (unsigned char)*at >= 0x80;
    return at;
}

static bool read_string(struct reader *reader)
{
    if (!take(reader, '"'))
        return false;
    struct ck_json_item *item = add(reader, CK_JSON_STRING);
    const char *at = reader->at;
    bool has_others = false;

    if (item == NULL)
        return false;
    while ((at = skip_plain(at, reader->end, &has_others)) < reader->end && *at == '\\') {
        item->is_escaped = true;
        if (read_escape(&at, reader->end) < 0)
            return false;
    }
    if (at == reader->end || *at != '"')
        return false;
    item->size = (size_t)(at - item->text);
    reader->at = at + 1;
    return !has_others || ck_utf8_valid(item->text, item->size);
}

/* UTF-8 of a character; returns its size. */
static size_t encode(int32_t character, char bytes[4])
{
    uint32_t c = (uint32_t)character;

    if (c < 0x80) {
        bytes[0] = (char)c;
        return 1;
    }
    size_t size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, c >>= 6)
        bytes[i] = (char)(0x80 | (c & 0x3f));
    bytes[0] = (char)((0xf00 >> size & 0xf0) | c);
    return size;
}

/* A string's bytes one after the other, without its escapes. */
struct bytes {
    const char *at, *end;
    char escaped[4];
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
        bytes->size = bytes->left = encode(read_escape(&bytes->at, bytes->end), bytes->escaped);
    }
    return bytes->escaped[bytes->size - bytes->left--];
}

static bool is_same(const struct ck_json_item *a, const struct ck_json_item *b)
{
    if (!a->is_escaped && !b->is_escaped)
        return a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
    struct bytes of_a = bytes_of(a), of_b = bytes_of(b);
    char c;
    while ((c = next(&of_a)) == next(&of_b)) {
        if (c == '\0')
            return true;
    }
    return false;
}

/* --- numbers --- */

static size_t skip_digits(struct reader *reader)
{
    const char *start = reader->at;

    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9')
        reader->at++;
    return (size_t)(reader->at - start);
}

static bool skip_one_of(struct reader *reader, const char *characters)
{
    if (reader->at == reader->end || *reader->at == '\0' || strchr(characters, *reader->at) == NULL)
        return false;
    reader->at++;
    return true;
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

static bool read_number(struct reader *reader)
{
    struct ck_json_item *item = add(reader, CK_JSON_INTEGER);

    if (item == NULL)
        return false;
    skip_one_of(reader, "-");
    const char *first = reader->at;
    size_t digits = skip_digits(reader);
    if (digits == 0 || (digits > 1 && *first == '0'))
        return false;
    if (skip_one_of(reader, ".")) {
        item->kind = CK_JSON_REAL;
        if (skip_digits(reader) == 0)
            return false;
    }
    if (skip_one_of(reader, "eE")) {
        item->kind = CK_JSON_REAL;
        skip_one_of(reader, "+-");
        if (skip_digits(reader) == 0)
            return false;
    }
    item->size = (size_t)(reader->at - item->text);
    return (item->kind == CK_JSON_INTEGER && digits < 19) || fits(item);
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

static bool read_value(struct reader *reader, unsigned depth_max);

static bool read_array(struct reader *reader, unsigned depth_max)
{
    bool goes_on = !take(reader, ']');

    while (goes_on) {
        if (!read_value(reader, depth_max))
            return false;
        goes_on = take(reader, ',');
        if (!goes_on && !take(reader, ']'))
            return false;
    }
    return true;
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

static bool read_object(struct reader *reader, size_t object, unsigned depth_max)
{
    bool goes_on = !take(reader, '}');

    while (goes_on) {
        size_t key = reader->view->count;
        if (!read_string(reader) || is_repeated(reader->view, object, key) || !take(reader, ':') ||
            !read_value(reader, depth_max))
            return false;
        goes_on = take(reader, ',');
        if (!goes_on && !take(reader, '}'))
            return false;
    }
    return true;
}

static bool read_container(struct reader *reader, enum ck_json_kind kind, unsigned depth_max)
{
    struct ck_json_view *view = reader->view;
    size_t index = view->count;

    if (depth_max == 0 || add(reader, kind) == NULL)
        return false;
    reader->at++;
    if (!(kind == CK_JSON_ARRAY ? read_array(reader, depth_max - 1)
                                : read_object(reader, index, depth_max - 1)))
        return false;
    struct ck_json_item *item = &view->items[index];
    item->size = (size_t)(reader->at - item->text);
    item->span = (unsigned)(view->count - index);
    return true;
}

static bool read_literal(struct reader *reader, enum ck_json_kind kind, const char *word)
{
    struct ck_json_item *item = add(reader, kind);

    if (item == NULL || !take_word(reader, word))
        return false;
    item->size = strlen(word);
    return true;
}

static bool read_value(struct reader *reader, unsigned depth_max)
{
    skip_space(reader);
    if (reader->at == reader->end)
        return false;
    switch (*reader->at) {
    case '{':
        return read_container(reader, CK_JSON_OBJECT, depth_max);
    case '[':
        return read_container(reader, CK_JSON_ARRAY, depth_max);
    case '"':
        return read_string(reader);
    case 't':
        return read_literal(reader, CK_JSON_TRUE, "true");
    case 'f':
        return read_literal(reader, CK_JSON_FALSE, "false");
    case 'n':
        return read_literal(reader, CK_JSON_NULL, "null");
    default:
        return read_number(reader);
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
    struct reader reader = {.at = text, .end = text + size, .view = view};

    view->count = 0;
    if (size > CK_JSON_SIZE_MAX)
        return ck_error_set(err, code, "%s is larger than %d bytes", what, CK_JSON_SIZE_MAX);
    bool is_read = read_value(&reader, CK_JSON_DEPTH_MAX);
    skip_space(&reader);
    return is_read && reader.at == reader.end ? CK_OK
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
        for (size_t k = 0; k < count; k++) {
            /* Most keys differ in their first character. */
            if ((key->is_escaped || key->size == 0 || *key->text == *keys[k]) &&
                is_text(key, keys[k], strlen(keys[k]))) {
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
